//! bongsu-sdk-host
