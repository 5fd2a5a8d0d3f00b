//! bongsu-sdk-plan
