//! The order of lists.

use super::user::{Members, User};
use scieve::fold_key;

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortKey {
    /// `name`, the default.
    #[default]
    Name,
    /// `id`.
    Id,
    /// `tenantId`.
    TenantId,
    /// `clientId`.
    ClientId,
    /// `status`.
    Status,
    /// `subject`.
    Subject,
    /// `email`.
    Email,
    /// `inviteExpiry`.
    InviteExpiry,
    /// `createdAt`.
    CreatedAt,
}

impl SortKey {
    /// Every key.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Id,
        Self::TenantId,
        Self::ClientId,
        Self::Status,
        Self::Subject,
        Self::Email,
        Self::InviteExpiry,
        Self::CreatedAt,
    ];

    /// The name of a member, by which a caller asks for it; `None` for another. `_id` is `id`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = if name == "_id" { "id" } else { name };
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Bytes of a key that the order heeds, at most; what a character begins below is left out with it.
    pub const MAX_BYTES: usize = 1020;

    /// The member of a user that it goes by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Id => "id",
            Self::TenantId => "tenantId",
            Self::ClientId => "clientId",
            Self::Status => "status",
            Self::Subject => "subject",
            Self::Email => "email",
            Self::InviteExpiry => "inviteExpiry",
            Self::CreatedAt => "createdAt",
        }
    }

    /// Where a user stands: texts of users compare as the users do, by code point. `1` and the key of the value, or `2` where
    /// the user has none, so that those stand last (RFC 7644 section 3.4.2.3).
    ///
    /// Of a long key only the first [`SortKey::MAX_BYTES`] bytes count, so that cursors stay short and every database can keep the
    /// same order.
    #[must_use]
    pub fn of(self, user: &User) -> String {
        let mut key = String::new();
        self.write(user, &mut key);
        key
    }

    /// Appends what [`SortKey::of`] gives.
    pub(super) fn write(self, user: &impl Members, to: &mut String) {
        let number;
        let text = match self {
            Self::Name => Some(user.name()),
            Self::Id => Some(user.id()),
            Self::TenantId => Some(user.tenant_id()),
            Self::ClientId => user.client_id(),
            Self::Status => Some(user.status().name()),
            Self::Subject => Some(user.subject()),
            Self::Email => user.email(),
            Self::InviteExpiry | Self::CreatedAt => {
                let value = if self == Self::CreatedAt {
                    Some(user.created_at().millis())
                } else {
                    user.invite_expiry()
                };
                // Shifted so that it is never negative, and of one width.
                number = value.map(|value| digits(value.cast_unsigned() ^ 1 << 63));
                number.as_ref().and_then(|number| std::str::from_utf8(number).ok())
            }
        };
        match text {
            Some(text) => {
                to.push('1');
                to.push_str(truncate(&fold_key(text)));
            }
            None => to.push('2'),
        }
    }
}

/// The number with all the digits that any has.
fn digits(mut number: u64) -> [u8; 20] {
    let mut digits = [b'0'; 20];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    digits
}

/// The part of a key that the order heeds.
pub(super) fn truncate(key: &str) -> &str {
    match key.len() <= SortKey::MAX_BYTES {
        true => key,
        false => (0..=SortKey::MAX_BYTES).rev().find_map(|end| key.get(..end)).unwrap_or_default(),
    }
}

/// A sort key and a direction; users with one key stand in the order of their ids. Descending is the exact reverse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sort {
    /// What is compared.
    pub key: SortKey,
    /// Whether the last comes first.
    pub descending: bool,
}
