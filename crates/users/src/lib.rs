//! The users resource: its type, what can be filtered by, and users to try things on.

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod attributes;
mod columns;
mod cursor;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod database;
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
mod texts;
mod timestamp;
mod user;

pub use attributes::add_group_roles;
pub use attributes::policy;
pub use attributes::schema;
pub use columns::columns;
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
pub use store::NewUser;
pub use store::UserStore;
pub use texts::ID_BYTES;
pub use texts::KEY_BYTES;
pub use texts::TEXT_BYTES;
pub use timestamp::Timestamp;
pub use timestamp::TimestampError;
pub use user::Status;
pub use user::User;
pub use user::is_address;
