//! bongsu-edge-rollup
