//! A user as the store keeps it: one allocation for its strings, and interned membership lists.
//!
//! ```text
//! strings  "62716ab4...auth0|01...Bobbob@example.comen-US..."    one allocation
//! ends     [ id | subject | name | email | clientId | ... ]      end of each string
//! present  0b0000101111                                          bit i: string i is not absent
//! roles, groups, scopes                                          shared with other users
//! ```
//!
//! A user therefore takes a few cache lines and, indexes included, about 400 bytes
//! (`benches/README.md`).

use super::bloom::BloomHash;
use super::interner::{Interned, Interner};
use crate::attributes;
use crate::role::{Group, Role};
use crate::timestamp::Timestamp;
use crate::user::{Members, Status, User};
use scieve::{Attribute, Record, ValueRef};
use std::sync::Arc;

/// Number of string attributes.
const STRINGS: usize = 10;

// Indexes of the string attributes.
const ID: usize = 0;
const SUBJECT: usize = 1;
const NAME: usize = 2;
const EMAIL: usize = 3;
const CLIENT_ID: usize = 4;
const PICTURE: usize = 5;
const LOCALE: usize = 6;
const ZONEINFO: usize = 7;
const PREFERRED_LOCALE: usize = 8;
const PREFERRED_ZONEINFO: usize = 9;

/// A user in compact form.
#[derive(Clone)]
pub(super) struct StoredUser {
    /// The concatenated strings.
    strings: Box<str>,
    ends: [u32; STRINGS],
    /// One bit per string: 0 if the attribute is absent.
    present: u16,
    status: Status,
    tenant_id: Arc<str>,
    roles: Arc<Interned<Role>>,
    groups: Arc<Interned<Group>>,
    scopes: Arc<Interned<String>>,
    created_at: Timestamp,
    last_updated_at: Timestamp,
    /// `i64::MIN` if absent.
    invite_expiry: i64,
}

/// The interners for the membership lists of a tenant's users.
#[derive(Default)]
pub(super) struct Interners {
    roles: Interner<Role>,
    groups: Interner<Group>,
    scopes: Interner<String>,
}

impl StoredUser {
    /// Converts a user of the tenant with this id.
    pub(super) fn new(user: &User, tenant_id: Arc<str>, interners: &mut Interners) -> Self {
        // In the order of the index constants.
        let strings: [Option<&str>; STRINGS] = [
            Some(&user.id),
            Some(&user.subject),
            Some(&user.name),
            user.email.as_deref(),
            user.client_id.as_deref(),
            user.picture.as_deref(),
            user.locale.as_deref(),
            user.zoneinfo.as_deref(),
            user.preferred_locale.as_deref(),
            user.preferred_zoneinfo.as_deref(),
        ];
        let length = strings.iter().flatten().map(|string| string.len()).sum();
        let mut joined = String::with_capacity(length);
        let mut ends = [0; STRINGS];
        let mut present = 0;
        for (index, (string, end)) in strings.iter().zip(&mut ends).enumerate() {
            joined.push_str(string.unwrap_or_default());
            *end = u32::try_from(joined.len()).unwrap_or(u32::MAX);
            present |= u16::from(string.is_some()) << index;
        }
        Self {
            strings: joined.into_boxed_str(),
            ends,
            present,
            status: user.status,
            tenant_id,
            roles: interners.roles.intern(&user.assigned_roles),
            groups: interners.groups.intern(&user.assigned_groups),
            scopes: interners.scopes.intern(&user.assigned_scopes),
            created_at: user.created_at,
            last_updated_at: user.last_updated_at,
            invite_expiry: user.invite_expiry.unwrap_or(i64::MIN),
        }
    }

    /// Returns the interner codes of the roles, groups and scopes.
    pub(super) fn membership_codes(&self) -> [u16; 3] {
        [self.roles.code, self.groups.code, self.scopes.code]
    }

    /// Returns the Bloom filter hashes of all memberships.
    pub(super) fn bloom_hashes(&self) -> impl Iterator<Item = BloomHash> {
        let roles_and_groups = self.roles.bloom_hashes.iter().chain(&self.groups.bloom_hashes);
        roles_and_groups.chain(&self.scopes.bloom_hashes).copied()
    }

    fn string(&self, index: usize) -> Option<&str> {
        let start = index
            .checked_sub(1)
            .map_or(0, |previous| self.ends.get(previous).copied().unwrap_or_default());
        let string = self.strings.get(start as usize..*self.ends.get(index)? as usize)?;
        (self.present >> index & 1 == 1).then_some(string)
    }

    /// Loads the strings into the cache.
    // PERF: reads one byte per cache line, so that the cache misses of all users of a page overlap
    // instead of following one another (`benches/store.rs`, `page`).
    pub(super) fn prefetch(&self) {
        let lines = self.strings.as_bytes().iter().step_by(64);
        std::hint::black_box(lines.fold(0, |all, byte| all ^ byte));
    }

    /// Converts back to a user.
    pub(super) fn to_user(&self) -> User {
        let string = |index| self.string(index).map(str::to_owned);
        User {
            id: self.id().to_owned(),
            tenant_id: self.tenant_id.to_string(),
            subject: self.subject().to_owned(),
            name: self.name().to_owned(),
            email: string(EMAIL),
            status: self.status,
            assigned_roles: self.roles.list.to_vec(),
            assigned_groups: self.groups.list.to_vec(),
            assigned_scopes: self.scopes.list.to_vec(),
            client_id: string(CLIENT_ID),
            picture: string(PICTURE),
            locale: string(LOCALE),
            zoneinfo: string(ZONEINFO),
            preferred_locale: string(PREFERRED_LOCALE),
            preferred_zoneinfo: string(PREFERRED_ZONEINFO),
            created_at: self.created_at,
            last_updated_at: self.last_updated_at,
            invite_expiry: self.invite_expiry(),
        }
    }
}

impl Members for StoredUser {
    fn id(&self) -> &str {
        self.string(ID).unwrap_or_default()
    }

    fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    fn subject(&self) -> &str {
        self.string(SUBJECT).unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.string(NAME).unwrap_or_default()
    }

    fn email(&self) -> Option<&str> {
        self.string(EMAIL)
    }

    fn status(&self) -> Status {
        self.status
    }

    fn client_id(&self) -> Option<&str> {
        self.string(CLIENT_ID)
    }

    fn assigned_roles(&self) -> &[Role] {
        &self.roles.list
    }

    fn assigned_groups(&self) -> &[Group] {
        &self.groups.list
    }

    fn assigned_scopes(&self) -> &[String] {
        &self.scopes.list
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn invite_expiry(&self) -> Option<i64> {
        (self.invite_expiry != i64::MIN).then_some(self.invite_expiry)
    }
}

impl Record for StoredUser {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        attributes::any_value(self, attribute, test)
    }

    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        attributes::any_element(self, attribute, test)
    }
}

#[cfg(test)]
mod tests {
    use super::{Interners, StoredUser};
    use crate::{User, sample};

    #[test]
    fn stored_users_convert_back_to_equal_users() {
        let mut interners = Interners::default();
        let sample = sample(200).enumerate().map(|(number, user)| User {
            // The sample leaves most optional strings out; here each is present in some users.
            picture: (number % 2 == 0).then(|| format!("picture {number}")),
            locale: (number % 3 == 0).then(|| format!("locale {number}")),
            zoneinfo: (number % 5 == 0).then(|| format!("zoneinfo {number}")),
            preferred_locale: (number % 7 == 0).then(|| format!("preferred locale {number}")),
            preferred_zoneinfo: (number % 11 == 0).then(|| format!("preferred zone {number}")),
            ..user
        });
        for user in sample {
            let stored = StoredUser::new(&user, user.tenant_id.as_str().into(), &mut interners);
            assert_eq!(stored.to_user(), user);
        }
    }
}
