//! Paths of PATCH operations.

use super::ast::{Expr, Filter, Path, PathRange};
use super::parse;
use super::parser::{Parser, check_length};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::limits::Limits;
use crate::syntax::Syntax;
use std::fmt;

/// The `path` of a PATCH operation (RFC 7644 figure 7): an attribute, or elements of a multi-valued attribute, with or
/// without a sub-attribute of them.
#[derive(Clone)]
pub struct PatchPath {
    tree: Filter,
    path: PathRange,
    sub_attribute: Option<(u32, u32)>,
}

impl PatchPath {
    /// Reads a path by RFC 7644 within the default [`Limits`].
    ///
    /// # Errors
    /// Text that is no path; [`Diagnostics::scim_type`] tells a error in the path from one in the filter inside it.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        Self::parse_with(text, &Syntax::rfc(), &Limits::default())
    }

    /// Reads a path, whose filter is in a dialect, within limits.
    ///
    /// # Errors
    /// As [`PatchPath::parse`].
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

    /// The attribute before the brackets; its sub-attribute where the path is plain, such as `name.familyName`.
    #[must_use]
    pub fn attribute(&self) -> Path<'_> {
        Path::new(&self.tree, self.path)
    }

    /// The filter in the brackets.
    #[must_use]
    pub fn filter(&self) -> Option<Expr<'_>> {
        (!self.tree.entries.is_empty()).then(|| self.tree.root())
    }

    /// The sub-attribute after the brackets, or after the dot of a plain path.
    #[must_use]
    pub fn sub_attribute(&self) -> Option<&str> {
        match self.sub_attribute {
            Some((start, end)) => Some(self.tree.slice(start, end)),
            None => self.attribute().sub_attribute(),
        }
    }

    /// The deviations from RFC 7644 that were accepted.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        self.tree.warnings()
    }
}

/// The canonical text.
impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.attribute().as_str())?;
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
            && self.attribute().as_str() == other.attribute().as_str()
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
