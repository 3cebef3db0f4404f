//! Errors of stores.

use thiserror::Error;

/// Error of a [`UserStore`](super::UserStore).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The tenant has no such user, or the user was deleted.
    #[error("no such user")]
    NotFound,
    /// Another user of the tenant has the subject.
    #[error("the subject `{subject}` is taken")]
    SubjectTaken {
        /// The subject.
        subject: String,
    },
    /// The version of the user is none of those that the [`Precondition`](super::Precondition)
    /// names.
    #[error("the user has changed")]
    Changed,
    /// The write would leave the tenant without an administrator.
    #[error("the user is the last administrator of the tenant")]
    LastAdministrator,
    /// The input has a value that the store cannot accept.
    #[error("{message}")]
    Invalid {
        /// JSON pointer (RFC 6901) to the value in the input.
        pointer: String,
        /// Message of one line.
        message: String,
    },
    /// The query took longer than its [`Deadline`](super::Deadline).
    #[error("the query took too long")]
    TooSlow,
    /// The store is temporarily unavailable; the operation may succeed if retried.
    #[error("the store is unavailable")]
    Unavailable,
    /// An internal error of the store.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Message for strings with U+0000: PostgreSQL cannot store them, and all stores accept the same
/// strings.
pub(super) const NUL: &str = "U+0000 is not allowed";

impl StoreError {
    /// Creates a [`StoreError::Invalid`].
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), message: message.into() }
    }
}
