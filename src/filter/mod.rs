//! The filter as written: reading, printing, building.

mod ast;
mod builder;
mod parse;
mod path;
mod print;
mod string;

pub use ast::{Clause, Expr, ExprKind, Filter, Literal, Operands, Path};
pub use builder::{Attr, Builder, Operand, attr};
pub use path::PatchPath;
