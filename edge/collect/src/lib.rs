//! bongsu-edge-collect
