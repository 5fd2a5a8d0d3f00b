//! bongsu-demo
fn main() {}
