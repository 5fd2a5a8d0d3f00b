//! bongsu-edge-ship
