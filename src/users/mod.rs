//! The users resource: its type, what can be filtered by, and users to try things on.

mod attributes;
#[cfg(feature = "sql")]
mod columns;
mod cursor;
mod error;
mod fixture;
mod id;
mod invite;
mod memory;
mod page;
mod patch;
mod role;
mod sample;
mod store;
mod timestamp;
mod user;

#[cfg(feature = "sql")]
pub use columns::columns;
pub use cursor::Cursor;
pub use cursor::CursorError;
pub use cursor::CursorKey;
pub use cursor::Direction;
pub use error::StoreError;
pub use fixture::ApiKey;
pub use fixture::Fixture;
pub use fixture::FixtureError;
pub use id::Ids;
pub use id::new_subject;
pub use invite::Decision;
pub use invite::INVITE_SECONDS;
pub use invite::Invitation;
pub use invite::InviteCode;
pub use invite::InviteResult;
pub use invite::Invitee;
pub use invite::MailError;
pub use invite::Mailer;
pub use invite::SilentMailer;
pub use invite::invite_expiry;
pub use memory::MemoryStore;
pub use page::Page;
pub use page::Position;
pub use page::Query;
pub use page::Sort;
pub use page::SortKey;
pub use page::Window;
pub use patch::Failure;
pub use patch::Operation;
pub use patch::Patched;
pub use patch::Target;
pub use role::Group;
pub use role::Named;
pub use role::ProviderType;
pub use role::Reference;
pub use role::Role;
pub use role::RoleKind;
pub use role::RoleLevel;
pub use sample::sample;
pub use sample::sample_with_seed;
pub use store::NewUser;
pub use store::UserStore;
pub use timestamp::Timestamp;
pub use timestamp::TimestampError;
pub use user::Status;
pub use user::User;
#[cfg(feature = "http")]
pub(crate) use user::is_address;

use crate::policy::Policy;
use crate::schema::Schema;
use std::sync::LazyLock;

// A test builds it, so it cannot fail; were it to fail, it would refuse every filter.
static POLICY: LazyLock<Policy<User>> = LazyLock::new(|| attributes::build().unwrap_or_else(|_| Policy::nothing()));

/// What callers of the users API may ask.
///
/// `eq` on `id`, `subject`, `name`, `email`, `status`, `clientId`, `assignedRoles.id`, `assignedRoles.name`,
/// `assignedGroups.id`, `assignedGroupsAssignedRoles.name` and `assignedScopes`, and `co` on `name`, `email` and `subject`, all
/// without regard to case; nothing else, no `not`, brackets, URNs or `null`. At most 100 comparisons of `id`. Comparisons of
/// `status` form one group that applies to the whole filter. Strings may stand in single quotes.
#[must_use]
pub fn policy() -> &'static Policy<User> {
    &POLICY
}

/// The attributes of a user that [`policy`] knows.
#[must_use]
pub fn schema() -> &'static Schema {
    policy().schema()
}
