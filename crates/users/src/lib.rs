//! The users resource: its type, what can be filtered by, and users to try things on.

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod attributes;
mod cursor;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod database;
mod error;
mod fixture;
mod id;
mod invite;
mod load;
mod mapping;
mod memory;
mod new_user;
mod page;
mod patch;
mod role;
mod sample;
mod sort;
mod store;
mod string_limits;
mod timestamp;
mod user;

pub use attributes::add_group_roles;
pub use attributes::policy;
pub use attributes::schema;
pub use cursor::Cursor;
pub use cursor::CursorError;
pub use cursor::CursorKey;
pub use cursor::Direction;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use database::ConnectError;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use database::SqlOptions;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use database::SqlStore;
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
pub use mapping::mapping;
pub use memory::MemoryStore;
pub use new_user::NewUser;
pub use page::Page;
pub use page::Position;
pub use page::Query;
pub use page::Window;
pub use patch::Failure;
pub use patch::Operation;
pub use patch::Patched;
pub use patch::Target;
pub use role::ADMINISTRATOR_ROLE;
pub use role::Group;
pub use role::Named;
pub use role::ProviderType;
pub use role::Reference;
pub use role::Role;
pub use role::RoleKind;
pub use role::RoleLevel;
pub use role::SYSTEM_ROLES;
pub use role::SystemRole;
pub use sample::sample;
pub use sample::sample_with_seed;
pub use sort::Sort;
pub use sort::SortKey;
pub use store::UserStore;
pub use string_limits::MAX_ID_BYTES;
pub use string_limits::MAX_KEY_BYTES;
pub use string_limits::MAX_STRING_BYTES;
pub use timestamp::Timestamp;
pub use timestamp::TimestampError;
pub use user::Status;
pub use user::User;
pub use user::is_email_address;
