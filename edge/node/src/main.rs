//! bongsu-edge
fn main() {}
