//! Values, their types, case folding and comparison.
//!
//! This is the only module that folds or compares values. All back ends use it, so that evaluation
//! in memory and in every database agrees.

mod attribute_type;
pub(crate) mod base64;
mod boolean;
mod case_sensitivity;
mod compare;
pub(crate) mod datetime;
mod fold;
pub(crate) mod instant;
pub(crate) mod number;
mod operand;
mod prefilter;
mod substring;
#[cfg(any(test, feature = "sql"))]
mod successor;
pub(crate) mod swar;
#[cfg(test)]
mod tests;
mod text;
mod username;
mod value_ref;

pub use attribute_type::AttributeType;
pub(crate) use boolean::parse_boolean;
pub use case_sensitivity::CaseSensitivity;
pub(crate) use compare::compare;
pub(crate) use compare::ends_with;
pub(crate) use compare::equals;
pub(crate) use compare::order;
pub(crate) use compare::starts_with;
#[cfg(feature = "sql")]
pub(crate) use datetime::CivilTime;
pub use datetime::DateTime;
pub(crate) use datetime::with_colon_in_offset;
pub use fold::FOLD_VERSION;
pub use fold::fold_key;
pub(crate) use number::IntegerLiteral;
pub(crate) use number::Number;
pub use operand::Value;
pub(crate) use prefilter::EqualityPrefilter;
pub use substring::Substring;
#[cfg(any(test, feature = "sql"))]
pub(crate) use successor::successor;
pub use text::Text;
pub use username::USERNAME_KEY_VERSION;
pub use username::username_key;
pub use value_ref::ValueRef;
