//! The canonical form: lowercase keywords, single spaces and no redundant parentheses.

use super::ast::{Clause, Expr, ExprKind, Filter, Literal};
use std::fmt::{self, Write};

/// Prints the canonical form. Parsing it returns an equal filter, which prints the same string.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self.root(), f)
    }
}

/// Prints the canonical form of this expression.
impl fmt::Display for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(*self, f)
    }
}

/// An item of the work stack of [`print()`], which is on the heap so that deep filters use no more
/// of the call stack than flat ones.
enum Pending<'f> {
    Expr {
        expr: Expr<'f>,
        inside_and: bool,
    },
    /// The remaining operands of a conjunction or disjunction, each preceded by the connective.
    Operands {
        next: Option<Expr<'f>>,
        connective: &'static str,
        inside_and: bool,
    },
    Text(&'static str),
}

fn print(root: Expr<'_>, out: &mut impl Write) -> fmt::Result {
    let mut pending = vec![Pending::Expr { expr: root, inside_and: false }];
    while let Some(item) = pending.pop() {
        match item {
            Pending::Text(text) => out.write_str(text)?,
            Pending::Operands { next: None, .. } => {}
            Pending::Operands { next: Some(expr), connective, inside_and } => {
                out.write_str(connective)?;
                pending.push(Pending::Operands { next: expr.next(), connective, inside_and });
                pending.push(Pending::Expr { expr, inside_and });
            }
            Pending::Expr { expr, inside_and } => match expr.kind() {
                ExprKind::And(mut operands) | ExprKind::Or(mut operands) => {
                    let and = matches!(expr.kind(), ExprKind::And(_));
                    if inside_and && !and {
                        out.write_str("(")?;
                        pending.push(Pending::Text(")"));
                    }
                    if let Some(first) = operands.next() {
                        let connective = if and { " and " } else { " or " };
                        pending.push(Pending::Operands {
                            next: first.next(),
                            connective,
                            inside_and: and,
                        });
                        pending.push(Pending::Expr { expr: first, inside_and: and });
                    }
                }
                ExprKind::Not(child) => {
                    out.write_str("not (")?;
                    pending.push(Pending::Text(")"));
                    pending.push(Pending::Expr { expr: child, inside_and: false });
                }
                ExprKind::ValuePath(path, child) => {
                    write!(out, "{}[", path.as_str())?;
                    pending.push(Pending::Text("]"));
                    pending.push(Pending::Expr { expr: child, inside_and: false });
                }
                ExprKind::Clause(clause) => write_clause(&clause, out)?,
            },
        }
    }
    Ok(())
}

fn write_clause(clause: &Clause<'_>, out: &mut impl Write) -> fmt::Result {
    write!(out, "{} {}", clause.path().as_str(), clause.operator())?;
    match clause.literal() {
        None => Ok(()),
        Some(literal) => write!(out, " {literal}"),
    }
}

/// Prints the value as JSON. Characters that could disguise a string in a terminal are escaped too.
impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write_string(text, f),
            Self::Number(text) => f.write_str(text),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// Writes a JSON string (RFC 8259 section 7).
pub(crate) fn write_string(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    let mut plain_from = 0;
    for (at, char) in text.char_indices() {
        if !needs_escape(char) {
            continue;
        }
        out.write_str(text.get(plain_from..at).unwrap_or(""))?;
        plain_from = at + char.len_utf8();
        match char {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
    }
    out.write_str(text.get(plain_from..).unwrap_or(""))?;
    out.write_char('"')
}

/// Returns whether to escape a character: those that JSON requires, and those that make a string
/// look like another one, which are control, bidirectional formatting and zero-width characters and
/// line separators.
fn needs_escape(char: char) -> bool {
    matches!(char,
        '"' | '\\' | '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
