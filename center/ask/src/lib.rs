//! bongsu-center-ask
