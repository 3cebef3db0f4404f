//! SCIM 2.0 filters (RFC 7644) parsed, checked against a policy, and run in memory or as SQL with the same answer everywhere.

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod check;
mod diagnostic;
mod eval;
mod filter;
mod limits;
mod operator;
mod plan;
mod policy;
mod schema;
#[cfg(feature = "serde")]
pub mod scim;
mod snippet;
mod span;
#[cfg(feature = "sql")]
pub mod sql;
mod suggest;
mod syntax;
mod value;

pub use diagnostic::Code;
pub use diagnostic::Diagnostic;
pub use diagnostic::Diagnostics;
pub use diagnostic::Severity;
pub use diagnostic::render::Renderer;
pub use diagnostic::render::Styles;
pub use filter::Attr;
pub use filter::Builder;
pub use filter::Clause;
pub use filter::Expr;
pub use filter::ExprKind;
pub use filter::Filter;
pub use filter::Literal;
pub use filter::Operand;
pub use filter::Operands;
pub use filter::PatchPath;
pub use filter::Path;
pub use filter::attr;
pub use limits::Limits;
pub use operator::Operator;
pub use operator::Operators;
pub use plan::Node;
pub use plan::Plan;
pub use plan::Predicate;
pub use plan::Test;
pub use plan::Untyped;
pub use policy::FieldRule;
pub use policy::GroupRule;
pub use policy::MultiNe;
pub use policy::Policy;
#[cfg(feature = "serde")]
pub use policy::PolicyError;
pub use schema::Attribute;
pub use schema::AttributeId;
pub use schema::Record;
pub use schema::Schema;
pub use schema::SchemaError;
pub use span::Span;
pub use syntax::Syntax;
pub use value::AttributeType;
pub use value::CaseSensitivity;
pub use value::DateTime;
pub use value::FOLD_VERSION;
pub use value::Substring;
pub use value::Text;
pub use value::Value;
pub use value::ValueRef;
pub use value::fold_key;
