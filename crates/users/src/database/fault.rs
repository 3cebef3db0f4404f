//! Why a statement failed, as far as it matters what to do about it.

use crate::error::StoreError;
use thiserror::Error;

/// A failed statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The database cannot be reached, or not now: nothing came of it, or nobody knows.
    Away(String),
    /// Another transaction was in the way, and the database has undone this one: it can be tried again.
    Conflict(String),
    /// What has to be unique is there already.
    Taken(String),
    /// Anything else.
    Broken(String),
    /// What the store itself found.
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// For the caller of a store; what the database said goes to the log.
impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => error,
            Fault::Away(_) | Fault::Conflict(_) => Self::Unavailable,
            Fault::Taken(cause) | Fault::Broken(cause) => Self::Internal(cause),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Away(cause)
            | Self::Conflict(cause)
            | Self::Taken(cause)
            | Self::Broken(cause) => f.write_str(cause),
            Self::Store(error) => error.fmt(f),
        }
    }
}

/// How a database tells what it will not do.
pub(super) enum Verdict {
    Away,
    Conflict,
    Broken,
}

impl Fault {
    /// The fault that a driver's error is; `verdict` knows the codes of the database.
    pub(super) fn of(
        error: &sqlx::Error,
        verdict: fn(&dyn sqlx::error::DatabaseError) -> Verdict,
    ) -> Self {
        let cause = error.to_string();
        match error {
            sqlx::Error::Database(error) if error.is_unique_violation() => Self::Taken(cause),
            sqlx::Error::Database(error) => match verdict(&**error) {
                Verdict::Away => Self::Away(cause),
                Verdict::Conflict => Self::Conflict(cause),
                Verdict::Broken => Self::Broken(cause),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Away(cause),
            _ => Self::Broken(cause),
        }
    }
}

/// A database that cannot be used, with the reason and what to do about it. Passwords are not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ConnectError {
    message: String,
    /// Whether another server was in the way.
    pub(super) conflict: bool,
}

impl ConnectError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), conflict: false }
    }
}

impl From<Fault> for ConnectError {
    fn from(fault: Fault) -> Self {
        let conflict = matches!(fault, Fault::Conflict(_));
        let message = match fault {
            Fault::Away(cause) => format!("cannot be reached: {cause}"),
            fault => fault.to_string(),
        };
        Self { message, conflict }
    }
}
