//! bongsu-sdk-wire
