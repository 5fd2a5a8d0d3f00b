//! bongsu-sdk-sketch
