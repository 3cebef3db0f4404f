//! Errors of statements, classified by how the store reacts to them.

use crate::error::StoreError;
use thiserror::Error;

/// A failed statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DbError {
    /// The database is unreachable, overloaded or too slow. The outcome of a write is unknown.
    Unavailable(String),
    /// The connection broke, or the server ended it. Otherwise as `Unavailable`.
    Broken(String),
    /// The database rolled the transaction back because of a concurrent one; it can be retried.
    Conflict(String),
    /// A unique constraint was violated.
    UniqueViolation(String),
    /// A foreign key was violated: the number of the tenant, which was cached, is not in the database.
    LostTenant(String),
    /// Any other error of the database.
    Internal(String),
    /// An error that the store itself found.
    Store(StoreError),
}

impl From<StoreError> for DbError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Store(error) => error,
            DbError::Unavailable(_) | DbError::Broken(_) | DbError::Conflict(_) => {
                Self::Unavailable
            }
            DbError::UniqueViolation(cause)
            | DbError::LostTenant(cause)
            | DbError::Internal(cause) => Self::Internal(cause),
        }
    }
}

impl std::fmt::Display for DbError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unavailable(cause)
            | Self::Broken(cause)
            | Self::Conflict(cause)
            | Self::UniqueViolation(cause)
            | Self::LostTenant(cause)
            | Self::Internal(cause) => f.write_str(cause),
            Self::Store(error) => error.fmt(f),
        }
    }
}

/// The class of a database's error code.
pub(super) enum ErrorClass {
    Unavailable,
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    Broken,
    Conflict,
    Internal,
}

impl DbError {
    /// Lets an operation be retried whose statement cannot have changed anything.
    pub(super) fn retry_if_broken(self) -> Self {
        match self {
            Self::Broken(cause) => Self::Conflict(cause),
            error => error,
        }
    }

    /// Treats a unique violation as a conflict: the value did not exist when it was checked.
    pub(super) fn unique_as_conflict(self) -> Self {
        match self {
            Self::UniqueViolation(cause) => Self::Conflict(cause),
            error => error,
        }
    }

    /// Converts a driver's error; `classify` interprets the codes of the database.
    pub(super) fn new(
        error: &sqlx::Error,
        classify: fn(&dyn sqlx::error::DatabaseError) -> ErrorClass,
    ) -> Self {
        let cause = error.to_string();
        match error {
            sqlx::Error::Database(error) if error.is_unique_violation() => {
                Self::UniqueViolation(cause)
            }
            sqlx::Error::Database(error) if error.is_foreign_key_violation() => {
                Self::LostTenant(cause)
            }
            sqlx::Error::Database(error) => match classify(&**error) {
                ErrorClass::Unavailable => Self::Unavailable(cause),
                #[cfg(any(feature = "postgres", feature = "mysql"))]
                ErrorClass::Broken => Self::Broken(cause),
                ErrorClass::Conflict => Self::Conflict(cause),
                ErrorClass::Internal => Self::Internal(cause),
            },
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => Self::Broken(cause),
            sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(cause),
            _ => Self::Internal(cause),
        }
    }
}

/// A database that the store cannot use: the reason and, if there is one, the remedy. Contains no
/// password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ConnectError {
    message: String,
    /// True if a concurrent transaction caused it, so that a retry may succeed.
    pub(super) conflict: bool,
}

impl ConnectError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), conflict: false }
    }
}

impl From<DbError> for ConnectError {
    fn from(error: DbError) -> Self {
        let conflict = matches!(error, DbError::Conflict(_));
        let message = match error {
            DbError::Unavailable(cause) | DbError::Broken(cause) => {
                format!("cannot be reached: {cause}")
            }
            error => error.to_string(),
        };
        Self { message, conflict }
    }
}
