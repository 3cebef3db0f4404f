//! Sort order of lists.

use super::user::{Members, User};
use scieve::fold_key;

/// Member that a list is sorted by.
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
    /// All sort keys.
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

    /// Returns the sort key for the name of a member (case-sensitive). `_id` is an alias of `id`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = if name == "_id" { "id" } else { name };
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Maximum length in bytes of the part of a [`fold_key`] that counts for the order. A character
    /// that crosses this limit is excluded as a whole.
    pub const MAX_BYTES: usize = 1020;

    /// Returns the name of the member.
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

    /// Returns the sort key of a user: a string whose order by code point is the order of users.
    ///
    /// It consists of `1` and the [`fold_key`] of the value, or is `2` if the user has no value, so
    /// that such users are last (RFC 7644 section 3.4.2.3). Only the first [`SortKey::MAX_BYTES`]
    /// bytes of the fold key count, so that cursors stay short and every database can maintain the
    /// same order.
    #[must_use]
    pub fn of(self, user: &User) -> String {
        let mut key = String::new();
        self.write(user, &mut key);
        key
    }

    /// Appends the result of [`SortKey::of`].
    pub(super) fn write(self, user: &impl Members, to: &mut String) {
        let number;
        let value = match self {
            Self::Name => Some(user.name()),
            Self::Id => Some(user.id()),
            Self::TenantId => Some(user.tenant_id()),
            Self::ClientId => user.client_id(),
            Self::Status => Some(user.status().name()),
            Self::Subject => Some(user.subject()),
            Self::Email => user.email(),
            Self::InviteExpiry | Self::CreatedAt => {
                let instant = if self == Self::CreatedAt {
                    Some(user.created_at().millis())
                } else {
                    user.invite_expiry()
                };
                // Flipping the sign bit maps the order of i64 to that of u64; a fixed width maps it
                // to the order of strings.
                number = instant.map(|instant| digits(instant.cast_unsigned() ^ 1 << 63));
                number.as_ref().and_then(|number| std::str::from_utf8(number).ok())
            }
        };
        match value {
            Some(value) => {
                to.push('1');
                to.push_str(truncate(&fold_key(value)));
            }
            None => to.push('2'),
        }
    }
}

/// Formats a number with leading zeros to the width of `u64::MAX`.
fn digits(mut number: u64) -> [u8; 20] {
    let mut digits = [b'0'; 20];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    digits
}

/// Position of a string among the sort keys of instants, without their leading `1`.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InstantPosition {
    /// The key of this instant, in milliseconds.
    At(i64),
    /// Before the key of this instant and behind that of the previous one.
    Before(i64),
    /// Behind every key.
    Behind,
}

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
impl InstantPosition {
    pub(super) fn of(string: &str) -> Self {
        const DIGITS: usize = 20;
        let count = string.bytes().take(DIGITS).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = string.split_at(count);
        // The least key that is not less than the string is that of the next number if the string is
        // behind all keys that start with its digits.
        let behind = match rest.bytes().next() {
            None => false,
            Some(next) => count == DIGITS || next > b'9',
        };
        let padded: Result<u128, _> = format!("{digits:0<DIGITS$}").parse();
        let unit = 10_u128.pow(u32::try_from(DIGITS - count).unwrap_or_default());
        let least = padded.map(|number| number + if behind { unit } else { 0 });
        let instant = least.ok().and_then(|number| u64::try_from(number).ok());
        match instant.map(|number| (number ^ 1 << 63).cast_signed()) {
            Some(instant) if count == DIGITS && rest.is_empty() => Self::At(instant),
            Some(instant) => Self::Before(instant),
            None => Self::Behind,
        }
    }
}

/// Returns the part of a fold key that counts for the order.
pub(super) fn truncate(key: &str) -> &str {
    match key.len() <= SortKey::MAX_BYTES {
        true => key,
        false => (0..=SortKey::MAX_BYTES).rev().find_map(|end| key.get(..end)).unwrap_or_default(),
    }
}

/// A sort key and a direction. Users with equal keys are ordered by id; descending order is the
/// exact reverse of ascending order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sort {
    /// Member to sort by.
    pub key: SortKey,
    /// Sorts in descending order.
    pub descending: bool,
}

#[cfg(all(test, any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
mod tests {
    use super::{InstantPosition, digits};

    #[test]
    fn positions_keep_the_order_of_strings() {
        let key = |instant: i64| {
            String::from_utf8(digits(instant.cast_unsigned() ^ 1 << 63).to_vec()).unwrap()
        };
        let instants = [i64::MIN, -1, 0, 1, 1_700_000_000_000, i64::MAX];
        let mut strings: Vec<String> =
            ["", "0", "00", "9", "92", "a", "0a", "+1", " ", "é"].map(str::to_owned).to_vec();
        for key in instants.map(key) {
            strings.extend([
                format!("{key}0"),
                format!("{key}a"),
                key.chars().take(19).collect(),
                key,
            ]);
        }
        for string in strings {
            for instant in instants {
                let expected = key(instant).cmp(&string);
                let found = match InstantPosition::of(&string) {
                    InstantPosition::At(at) => instant.cmp(&at),
                    InstantPosition::Before(at) if instant >= at => std::cmp::Ordering::Greater,
                    InstantPosition::Before(_) | InstantPosition::Behind => {
                        std::cmp::Ordering::Less
                    }
                };
                assert_eq!(found, expected, "{string:?} {instant}");
            }
        }
    }
}
