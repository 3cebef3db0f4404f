//! The reference users resource of [scieve](https://docs.rs/scieve), the SCIM 2.0 filter engine
//! (RFC 7644 section 3.4.2.2): a [`User`] type, its filter [`policy`], its [`mapping`] to SQL
//! tables, and stores.
//!
//! | item | content |
//! |---|---|
//! | [`policy`] | the attributes and operators that filters may use |
//! | [`mapping`] | tables and columns, for SQL of your own |
//! | [`UserStore`] | the interface of the stores: list, get, create, patch, delete, invite |
//! | [`MemoryStore`] | users in memory, with indexes |
//! | `SqlStore` | users in SQLite, PostgreSQL, MySQL or MariaDB (features below) |
//! | [`Query`], [`Cursor`] | pages of a list by keyset pagination |
//! | [`sample`] | generated users, the same in every run |
//!
//! All stores return the same users for the same query; the test suite compares them.
//!
//! # Example
//!
//! ```
//! use scieve::sql::{Dialect, Select};
//! use scieve_users::{MemoryStore, Query, UserStore};
//!
//! # pollster::block_on(async {
//! // Check a filter against the policy. Every error is reported at once.
//! let policy = scieve_users::policy();
//! let plan = policy.parse(r#"name eq "BOB" and status eq "active""#)?;
//! assert!(policy.parse(r#"picture pr or not (name eq "Bob")"#).is_err());
//!
//! // Evaluate it in a store.
//! let store = MemoryStore::new();
//! let users: Vec<_> = scieve_users::sample(200).collect();
//! let tenant = users[0].tenant_id.clone();
//! store.load(&tenant, vec![], vec![], users).await?;
//! let query = Query { limit: 20, ..Query::matching(Some(&plan)) };
//! let page = store.list(&tenant, &query).await?;
//! assert!(page.users.iter().all(|user| user.name == "Bob"));
//!
//! // Or compile it to SQL for the same tables in a database.
//! let mapping = scieve_users::mapping().for_tenant("42");
//! let statement = plan.to_where(&mapping, Dialect::Postgres)?;
//! assert_eq!(
//!     statement.sql,
//!     r#""u"."tenant" = (CAST($1 AS "int8")) AND "u"."name_f" = $2 AND "u"."status" = $3"#
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `sqlite`, `postgres`, `mysql` | `SqlStore` for that database (`mysql` includes MariaDB) |
//! | `arbitrary` | the module `arbitrary`: generators of users for fuzzing and property tests |

mod account;
#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod attributes;
mod cursor;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod database;
mod deadline;
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
mod precondition;
mod role;
mod sample;
mod sort;
mod store;
mod string_limits;
mod timestamp;
mod user;

pub use account::Account;
pub use account::AccountKey;
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
pub use deadline::Deadline;
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
pub use invite::MAX_INVITEES;
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
pub use precondition::Precondition;
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
pub use store::Connections;
pub use store::UserStore;
pub use string_limits::MAX_ID_BYTES;
pub use string_limits::MAX_KEY_BYTES;
pub use string_limits::MAX_STRING_BYTES;
pub use timestamp::Timestamp;
pub use timestamp::TimestampError;
pub use user::Status;
pub use user::User;
pub use user::is_displayable;
pub use user::is_email_address;

/// Tests the Rust examples of the READMEs of the repository and of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../README.md")]
struct Readme;
