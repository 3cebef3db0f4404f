//! Paths of PATCH operations.

use super::ast::{Expr, Filter, Path, PathRange};
use super::parse;
use super::parser::{Parser, check_length};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::limits::Limits;
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
        match parse::patch_path(&mut parser, text.as_bytes()) {
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
