//! bongsu-center-dashboard
