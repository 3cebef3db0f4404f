//! Accepted deviations from the grammar, with the fixes that undo them.

use super::ast::PathRange;
use super::parser::{Parser, to_u32};
use super::token::is_uri;
use crate::diagnostic::{Code, Diagnostic, Fix, Safety};
use crate::schema::is_name;
use crate::span::Span;

/// The expression in the brackets of a value path, which a clause after them is joined to.
#[derive(Clone, Copy)]
pub(super) struct MovedClause {
    pub(super) start: u32,
    pub(super) end: u32,
    /// True if the expression is a disjunction, which needs parentheses inside a conjunction.
    pub(super) is_or: bool,
}

impl MovedClause {
    /// Moves the clause from `clause` to `end` into the brackets, without changing its text.
    pub(super) fn fix(self, clause: u32, end: u32, has_name: bool, message: String) -> Fix {
        let insert = |at: u32, text: &str| (Span::new(at as usize, at as usize), text.to_owned());
        let name = if has_name { "" } else { "value " };
        let (open, close) = if self.is_or { ("(", ")") } else { ("", "") };
        let joint = Span::new(self.end as usize, clause as usize);
        let mut edits = vec![(joint, format!("{close} and {name}")), insert(end, "]")];
        if !open.is_empty() {
            edits.insert(0, insert(self.start, open));
        }
        Fix::new(Safety::Safe, message, edits)
    }
}

/// Returns the offset of the dot that stands where the colon after the URN belongs. `name_at` is
/// the offset after the last colon.
///
/// Two dots, or one after a standard URN up to its version (`urn:ietf:params:scim:schemas:core:2.0`)
/// show that the URN continues up to the first dot.
pub(in crate::filter) fn dot_after_urn(text: &str, name_at: usize) -> Option<usize> {
    const STANDARD: &str = "urn:ietf:params:scim:schemas:";
    let urn = text.get(..name_at)?;
    let names: Vec<&str> = text.get(name_at..)?.splitn(4, '.').collect();
    let version = urn.strip_suffix(':').and_then(|urn| urn.rsplit(':').next()).unwrap_or("");
    let ends_with_version = version.contains('.')
        && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && urn.get(..STANDARD.len()).is_some_and(|start| start.eq_ignore_ascii_case(STANDARD));
    let is_urn_with_dot = match names.len() {
        2 => ends_with_version,
        3 => true,
        _ => false,
    };
    let first = names.first()?;
    (is_urn_with_dot && is_uri(urn) && names.iter().all(|name| is_name(name)))
        .then_some(name_at + first.len())
}

/// Reports the dot after the URN of a path, and returns the position of the path. `start` is the
/// offset of the path, `dot` that of the dot in it, and `len` its length.
pub(super) fn urn_with_dot(parser: &mut Parser, start: usize, dot: usize, len: usize) -> PathRange {
    let (name, end) = (start + dot + 1, start + len);
    let sub = parser.filter.slice(to_u32(name), to_u32(end)).find('.');
    let warning = Diagnostic::new(
        Code::AcceptedUrnDot,
        Span::new(start, end),
        "a dot instead of the colon after the URN",
    );
    let fix = Fix::new(
        Safety::Safe,
        "write `:` after the URN",
        vec![(Span::new(name - 1, name), ":".to_owned())],
    );
    parser.filter.warnings.push(warning.with_fix(fix));
    PathRange {
        start: to_u32(start),
        name: to_u32(name),
        dot: sub.map_or(0, |sub| to_u32(name + sub)),
        end: to_u32(end),
    }
}
