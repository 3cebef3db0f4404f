//! scieve
mod limits;
#[allow(dead_code)]
mod snippet;
mod span;

pub use limits::Limits;
pub use span::Span;
