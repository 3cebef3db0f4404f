//! scieve
mod limits;
mod span;

pub use limits::Limits;
pub use span::Span;
