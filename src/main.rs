//! scieve
fn main() {}
