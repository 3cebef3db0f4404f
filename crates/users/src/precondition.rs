//! Optimistic concurrency control: versions of users, and conditions on them for writes.

use super::error::StoreError;
use super::user::User;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Length of a version in bytes, before it is printed as hexadecimal digits.
const VERSION_BYTES: usize = 16;

/// Condition on the stored user for a write to take place. It is checked in the transaction of the
/// write, so that no other write is lost.
///
/// ```
/// use scieve_users::{MemoryStore, NewUser, Operation, Precondition, StoreError, UserStore};
/// use serde_json::json;
///
/// # pollster::block_on(async {
/// let store = MemoryStore::new();
/// let new = NewUser { subject: "auth0|1".into(), ..NewUser::default() };
/// let user = store.create("tenant-1", new).await?;
///
/// let seen = Precondition::Version(vec![user.version()]);
/// let rename = |name| Operation::parse_all(&json!([{"op": "replace", "path": "/name", "value": name}]));
/// store.patch_if("tenant-1", &user.id, &rename("Bob")?, &seen).await?;
/// // The user has another version now.
/// let second = store.patch_if("tenant-1", &user.id, &rename("Robert")?, &seen).await;
/// assert_eq!(second.unwrap_err(), StoreError::Changed);
/// # Ok::<(), StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// No condition.
    #[default]
    None,
    /// [`User::version`] of the stored user is one of these.
    Version(Vec<String>),
}

impl Precondition {
    /// Checks the condition.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if it is not met.
    pub fn check(&self, user: &User) -> Result<(), StoreError> {
        match self {
            Self::Version(versions) if !versions.contains(&user.version()) => {
                Err(StoreError::Changed)
            }
            _ => Ok(()),
        }
    }
}

impl User {
    /// Returns a string that changes whenever a member of the user changes: a hash of its JSON form,
    /// as 32 hexadecimal digits.
    #[must_use]
    pub fn version(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut version = String::with_capacity(2 * VERSION_BYTES);
        for byte in Sha256::digest(json).iter().take(VERSION_BYTES) {
            let _ = write!(version, "{byte:02x}");
        }
        version
    }
}
