//! What costs little because it does little: the least that each stage could take.

pub(crate) mod check;
pub(crate) mod compact;
pub(crate) mod lexer;
pub(crate) mod walk;
