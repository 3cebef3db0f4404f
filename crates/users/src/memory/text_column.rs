//! The columns that segments store as strings.

/// A string column of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextColumn {
    /// Ids, as they are.
    Id,
    /// Fold keys of names.
    Name,
    /// Fold keys of e-mail addresses.
    Email,
    /// Fold keys of subjects.
    Subject,
}

/// Source of the strings of one or more rows.
pub(super) trait ColumnStrings {
    /// Returns the strings of a column, without the rows that have none.
    fn strings(&self, column: TextColumn) -> impl Iterator<Item = &[u8]> + Clone;
}
