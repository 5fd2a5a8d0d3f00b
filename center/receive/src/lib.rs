//! bongsu-center-receive
