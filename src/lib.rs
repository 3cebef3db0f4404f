//! scieve
mod limits;
#[allow(dead_code)]
mod snippet;
mod span;
#[allow(dead_code, unused_imports, reason = "the stages that use the rest of it build on this one")]
mod value;

pub use limits::Limits;
pub use span::Span;
pub use value::FOLD_VERSION;
pub use value::Kind;
pub use value::Value;
pub use value::ValueRef;
pub use value::key;
