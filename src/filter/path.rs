//! Paths of PATCH operations.

use super::ast::{Expr, Filter, Path, PathRange};
use super::error::{ONE_PATH, bad_path, no_operand, unexpected};
use super::parse::{attr_exp, attr_name, attr_path, implied_name, value_path};
use super::parser::{Parser, check_length};
use super::token::{Input, ParseResult, fail, operator, skip_whitespace, starts_name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Fix, Safety};
use crate::limits::Limits;
use crate::schema::is_name;
use crate::snippet::escape;
use crate::span::Span;
use crate::syntax::Syntax;
use std::fmt;

/// The `path` of a PATCH operation (RFC 7644 section 3.5.2, figure 7).
///
/// It selects an attribute, such as `name.familyName`, or the elements of a multi-valued attribute
/// that match a filter, with or without one of their sub-attributes.
///
/// ```
/// use scieve::PatchPath;
///
/// let path = PatchPath::parse(r#"emails[type eq "work"].value"#)?;
/// assert_eq!(path.attribute().name(), "emails");
/// let filter = path.filter().map(|filter| filter.to_string());
/// assert_eq!(filter.as_deref(), Some(r#"type eq "work""#));
/// assert_eq!(path.sub_attribute(), Some("value"));
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[derive(Clone)]
pub struct PatchPath {
    /// The source and the expression in the brackets. Without brackets it has no entries.
    tree: Filter,
    path: PathRange,
    sub_attribute: Option<(u32, u32)>,
}

impl PatchPath {
    /// Parses a path by RFC 7644 with the default [`Limits`].
    ///
    /// # Errors
    ///
    /// Returns one diagnostic if `text` is not a valid path or exceeds a limit.
    /// [`Diagnostics::scim_type`] is `invalidFilter` for an error in the brackets and `invalidPath`
    /// for any other.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        Self::parse_with(text, &Syntax::rfc(), &Limits::default())
    }

    /// Parses a path with a dialect for its filter, and with limits.
    ///
    /// # Errors
    ///
    /// See [`PatchPath::parse`].
    pub fn parse_with(text: &str, syntax: &Syntax, limits: &Limits) -> Result<Self, Diagnostics> {
        let limits = limits.clamped();
        check_length(text, &limits).map_err(Diagnostics::about_path)?;
        let mut parser = Parser::new(text, syntax, limits);
        match patch_path(&mut parser, text.as_bytes()) {
            Ok((_, (path, sub_attribute))) => Ok(Self { tree: parser.filter, path, sub_attribute }),
            Err(error) if parser.in_brackets => Err(parser.into_diagnostics(error)),
            Err(error) => Err(parser.into_diagnostics(error).about_path()),
        }
    }

    /// Returns the attribute before the brackets, or the whole path if there are no brackets.
    #[must_use]
    pub fn attribute(&self) -> Path<'_> {
        Path::new(&self.tree, self.path)
    }

    /// Returns the filter in the brackets.
    #[must_use]
    pub fn filter(&self) -> Option<Expr<'_>> {
        (!self.tree.entries.is_empty()).then(|| self.tree.root())
    }

    /// Returns the source with the expression in the brackets.
    pub(super) fn tree(&self) -> &Filter {
        &self.tree
    }

    /// Returns the sub-attribute: after the brackets or, if there are none, after the dot.
    #[must_use]
    pub fn sub_attribute(&self) -> Option<&str> {
        match self.sub_attribute {
            Some((start, end)) => Some(self.tree.slice(start, end)),
            None => self.attribute().sub_attribute(),
        }
    }

    /// Returns the warnings with the source.
    #[must_use]
    pub fn diagnostics(&self) -> Diagnostics {
        Diagnostics::new(self.tree.source_text(), self.warnings().to_vec())
    }

    /// Returns a warning for each accepted deviation from RFC 7644.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        self.tree.warnings()
    }
}

/// Prints the canonical form.
impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.attribute())?;
        if let Some(filter) = self.filter() {
            write!(f, "[{filter}]")?;
        }
        match self.sub_attribute {
            Some((start, end)) => write!(f, ".{}", self.tree.slice(start, end)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PatchPath({self})")
    }
}

impl PartialEq for PatchPath {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
            && self.attribute().to_string() == other.attribute().to_string()
            && self.sub_attribute() == other.sub_attribute()
    }
}

impl Eq for PatchPath {}

impl std::str::FromStr for PatchPath {
    type Err = Diagnostics;

    fn from_str(text: &str) -> Result<Self, Diagnostics> {
        Self::parse(text)
    }
}

/// ```text
/// patchPath = attrPath / valuePath [ "." ATTRNAME ]
/// ```
/// Returns the attribute and the range of the sub-attribute after the brackets. The expression in
/// the brackets becomes the tree of the parser.
fn patch_path<'s>(
    parser: &mut Parser,
    input: Input<'s>,
) -> ParseResult<'s, (PathRange, Option<(u32, u32)>)> {
    let input = skip_whitespace(input);
    if !starts_name(input) {
        return fail(no_operand(parser, input).expecting(&["an attribute"]));
    }
    let (rest, path) = attr_path(parser, input)?;
    let after = skip_whitespace(rest);
    if parser.filter.syntax.comparison_as_path && operator(after).is_some() {
        return comparison_as_path(parser, path, after);
    }
    let (rest, sub_attribute) = if after.first() == Some(&b'[') {
        let (rest, _) = value_path(parser, after)?;
        match rest.split_first() {
            Some((b'.', name)) => {
                let (rest, range) = attr_name(parser, name)?;
                let text = parser.filter.slice(range.start, range.end);
                if !is_name(text) {
                    let span = Span::new(range.start as usize, range.end as usize);
                    return fail(bad_path(span, text, "", text, None));
                }
                (rest, Some((range.start, range.end)))
            }
            _ => (rest, None),
        }
    } else {
        (after, None)
    };
    let rest = skip_whitespace(rest);
    match rest {
        [] => Ok((rest, (path, sub_attribute))),
        _ => fail(unexpected(parser, rest).expecting(&["the end"]).with_help(ONE_PATH)),
    }
}

/// Parses a comparison as the path of a PATCH operation (erratum 7122), from the operator on:
/// `emails.type eq "x"` becomes `emails[type eq "x"]`, and `schemas eq "x"` becomes
/// `schemas[value eq "x"]`.
#[cold]
fn comparison_as_path<'s>(
    parser: &mut Parser,
    path: PathRange,
    input: Input<'s>,
) -> ParseResult<'s, (PathRange, Option<(u32, u32)>)> {
    // An error in the comparison is one in a filter.
    parser.in_brackets = true;
    let operator_start = parser.offset_u32(input) as usize;
    let (outer, inner, open) = match path.dot {
        0 => {
            let open = (Span::new(path.end as usize, operator_start), "[value ".to_owned());
            (path, implied_name(parser, "value"), open)
        }
        dot => {
            let inner = PathRange { start: dot + 1, name: dot + 1, dot: 0, end: path.end };
            let open = (Span::new(dot as usize, dot as usize + 1), "[".to_owned());
            (PathRange { dot: 0, end: dot, ..path }, inner, open)
        }
    };
    let (rest, parsed) = attr_exp(parser, inner, input)?;
    let end = parsed.end as usize;
    let rest = skip_whitespace(rest);
    if !rest.is_empty() {
        return fail(unexpected(parser, rest).expecting(&["the end"]).with_help(ONE_PATH));
    }
    let corrected =
        format!("{}[{}]", parser.filter.slice(outer.start, outer.end), parser.filter.root());
    let span = Span::new(path.start as usize, end);
    let fix = Fix::new(
        Safety::Safe,
        format!("write `{}`", escape(&corrected)),
        vec![open, (Span::new(end, end), "]".to_owned())],
    );
    let diagnostic =
        Diagnostic::new(Code::AcceptedComparisonPath, span, "a comparison as the path");
    parser.filter.warnings.push(diagnostic.with_fix(fix));
    Ok((rest, (outer, None)))
}
