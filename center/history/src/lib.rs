//! bongsu-center-history
