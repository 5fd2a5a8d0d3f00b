//! bongsu-center
fn main() {}
