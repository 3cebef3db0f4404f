//! Account of a user: identification and access rights.

use super::user::{Status, User};

/// Identification of the user that a request acts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKey<'k> {
    /// The id (case-sensitive).
    Id(&'k str),
    /// The subject of an access token (case-sensitive).
    Subject(&'k str),
}

/// Access rights of a user.
///
/// ```
/// use scieve_users::{Account, MemoryStore, AccountKey, NewUser, StoreError, UserStore};
///
/// # pollster::block_on(async {
/// let store = MemoryStore::new();
/// let new = NewUser { subject: "auth0|1".into(), ..NewUser::default() };
/// let user = store.create("tenant-1", new).await?;
/// let account = store.account("tenant-1", AccountKey::Subject("auth0|1")).await?;
/// assert_eq!(account, Account::of(&user));
/// assert!(!account.is_administrator);
/// # Ok::<(), StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Id of the user.
    pub id: String,
    /// Status of the user.
    pub status: Status,
    /// [`User::is_administrator`].
    pub is_administrator: bool,
}

impl Account {
    /// Returns the account of a user.
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self { id: user.id.clone(), status: user.status, is_administrator: user.is_administrator() }
    }
}
