//! bongsu-edge-sessions
