//! (habits)
fn main() {}
