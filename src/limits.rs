//! Every number that bounds a filter.

/// The bounds on one filter. A filter over any of them is refused while it is read, with a code of its own.
///
/// The defaults keep the SQL of every accepted filter within what SQLite, MySQL/MariaDB and PostgreSQL can prepare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Limits {
    /// Length of the text in bytes; 65,536 by default, at most [`Limits::MAX_BYTES`].
    pub bytes: usize,
    /// Nesting of `(`, `not (` and `[` together; 32 by default, at most [`Limits::MAX_DEPTH`].
    pub depth: usize,
    /// Comparisons and presence tests together; 500 by default.
    pub clauses: usize,
    /// Levels on which `and` and `or` take turns, once every `not` is pushed down to the clauses; 20 by default.
    pub connective_levels: usize,
}

impl Limits {
    /// A larger [`Limits::bytes`] counts as this: 16 MiB.
    pub const MAX_BYTES: usize = 16 << 20;
    /// A larger [`Limits::depth`] counts as this, so that no setting can exhaust a thread's stack.
    pub const MAX_DEPTH: usize = 64;

    pub(crate) const DEFAULT: Self =
        Self { bytes: 65_536, depth: 32, clauses: 500, connective_levels: 20 };

    /// The same limits, with those that have an upper bound cut down to it.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            bytes: self.bytes.min(Self::MAX_BYTES),
            depth: self.depth.min(Self::MAX_DEPTH),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
