//! bongsu-sdk-analysis
