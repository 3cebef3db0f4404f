//! Limits on the size and shape of a filter.

/// Limits on one filter.
///
/// The parser rejects a filter as soon as it exceeds one of them, with an error code specific to
/// that limit. The defaults keep the SQL of every accepted filter within what SQLite, MySQL,
/// MariaDB and PostgreSQL can prepare.
///
/// ```
/// use scieve::{Code, Filter, Limits, Syntax};
///
/// let mut limits = Limits::default();
/// limits.clauses = 1;
/// let error = Filter::parse_with("name pr or id pr", &Syntax::rfc(), &limits).unwrap_err();
/// assert_eq!(error.first().map(|error| error.code()), Some(Code::TooManyClauses));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Limits {
    /// Maximum length of the source in bytes. Default 65,536, upper bound [`Limits::MAX_BYTES`].
    pub bytes: usize,
    /// Maximum nesting depth of `(`, `not (` and `[` combined. Default 32, upper bound
    /// [`Limits::MAX_DEPTH`].
    pub depth: usize,
    /// Maximum number of comparisons and presence tests combined. Default 500.
    pub clauses: usize,
    /// Maximum number of levels on which `and` and `or` alternate once every `not` is pushed down
    /// to the clauses (negation normal form). Default 20.
    pub connective_levels: usize,
    /// Maximum cost: the sum of the weights ([`Weights`](crate::Weights)) of all tests. Enforced by
    /// [`Policy::check`](crate::Policy::check), since only a policy has weights. Default 10,000;
    /// without weights a filter costs its number of clauses.
    pub cost: usize,
}

impl Limits {
    /// Upper bound of [`Limits::bytes`] (16 MiB); larger settings are reduced to it.
    pub const MAX_BYTES: usize = 16 << 20;
    /// Upper bound of [`Limits::depth`]; larger settings are reduced to it, so that no setting can
    /// exhaust the stack of a thread.
    pub const MAX_DEPTH: usize = 64;

    /// The limits that no setting exceeds, for filters that were accepted before.
    pub(crate) const HIGHEST: Self = Self {
        bytes: Self::MAX_BYTES,
        depth: Self::MAX_DEPTH,
        clauses: usize::MAX,
        connective_levels: usize::MAX,
        cost: usize::MAX,
    };

    pub(crate) const DEFAULT: Self =
        Self { bytes: 65_536, depth: 32, clauses: 500, connective_levels: 20, cost: 10_000 };

    /// Returns these limits with `bytes` and `depth` reduced to their upper bounds.
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
