//! bongsu-edge-history
