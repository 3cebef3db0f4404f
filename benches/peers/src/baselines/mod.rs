//! Minimal hand-written implementations: lower bounds for the cost of each stage.

pub(crate) mod check;
pub(crate) mod compact;
pub(crate) mod lexer;
pub(crate) mod walk;
