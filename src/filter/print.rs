//! The canonical form: lowercase keywords, single spaces and no redundant parentheses.

use super::ast::{Clause, Expr, ExprKind, Filter, Literal, Path};
use crate::snippet::write_json_string;
use std::fmt::{self, Write};

/// Prints the canonical form. Parsing it returns an equal filter, which prints the same string.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self.root(), Literals::Printed, f)
    }
}

impl Filter {
    /// Returns the canonical form with `?` instead of each comparison value except `null`.
    ///
    /// Filters of one shape differ only in the values, so it suits logs, metrics and caches.
    ///
    /// ```
    /// let filter = scieve::Filter::parse(r#"userName eq "bob" and (age gt 5 or title ne null)"#)?;
    /// assert_eq!(filter.shape(), "userName eq ? and (age gt ? or title ne null)");
    /// # Ok::<(), scieve::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn shape(&self) -> String {
        let mut shape = String::new();
        // Writing to a `String` never fails.
        let _ = print(self.root(), Literals::Hidden, &mut shape);
        shape
    }
}

/// True if comparison values are printed.
#[derive(Clone, Copy)]
enum Literals {
    Printed,
    Hidden,
}

/// Prints the canonical form of this expression.
impl fmt::Display for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(*self, Literals::Printed, f)
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

fn print(root: Expr<'_>, literals: Literals, out: &mut impl Write) -> fmt::Result {
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
                    write!(out, "{path}[")?;
                    pending.push(Pending::Text("]"));
                    pending.push(Pending::Expr { expr: child, inside_and: false });
                }
                ExprKind::Clause(clause) => write_clause(&clause, literals, out)?,
            },
        }
    }
    Ok(())
}

fn write_clause(clause: &Clause<'_>, literals: Literals, out: &mut impl Write) -> fmt::Result {
    write!(out, "{} {}", clause.path(), clause.operator())?;
    match (clause.literal(), literals) {
        (None, _) => Ok(()),
        (Some(Literal::String(_) | Literal::Number(_) | Literal::Boolean(_)), Literals::Hidden) => {
            out.write_str(" ?")
        }
        (Some(literal), _) => write!(out, " {literal}"),
    }
}

/// Prints the value as JSON. Characters that could disguise a string in a terminal are escaped too.
impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write_json_string(text, f),
            Self::Number(text) => f.write_str(text),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// Prints the path in the canonical form, with a colon after the URN.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.urn() {
            Some(urn) => write!(f, "{urn}:{}", self.without_urn()),
            None => f.write_str(self.as_str()),
        }
    }
}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({})", self.as_str())
    }
}
