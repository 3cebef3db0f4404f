//! Why a store could not do what it was asked.

use thiserror::Error;

/// A failed operation of a [`UserStore`](super::UserStore).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The tenant has no such user, or it was deleted.
    #[error("no such user")]
    NotFound,
    /// Another user of the tenant has the subject already.
    #[error("the subject `{subject}` is taken")]
    SubjectTaken {
        /// The subject.
        subject: String,
    },
    /// A value that the store does not take.
    #[error("{message}")]
    Invalid {
        /// JSON pointer into what was sent.
        pointer: String,
        /// What is wrong, in one line.
        message: String,
    },
    /// The store cannot be reached now; asking again later may help.
    #[error("the store cannot be reached")]
    Unavailable,
    /// The store broke its own promise.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Why such a text is refused: PostgreSQL cannot hold it, and every store takes the same.
pub(super) const NUL: &str = "U+0000 is not allowed";

impl StoreError {
    /// An [`StoreError::Invalid`].
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), message: message.into() }
    }
}
