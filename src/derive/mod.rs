//! `#[derive(Record)]`: records, schemas and policies from structs.
//!
//! ```
//! use scieve::Record;
//!
//! #[derive(Record)]
//! #[scieve(schema = "urn:example:Employee")]
//! struct Employee {
//!     #[scieve(case_exact, operators(eq, pr))]
//!     id: String,
//!     user_name: String,
//!     status: Status,
//!     desk: Option<i64>,
//!     name: Name,
//!     phones: Vec<Phone>,
//!     #[scieve(skip)]
//!     cache: Vec<u64>,
//! }
//!
//! #[derive(Record)]
//! enum Status {
//!     Active,
//!     OnLeave,
//! }
//!
//! #[derive(Record)]
//! struct Name {
//!     family_name: String,
//! }
//!
//! #[derive(Record)]
//! struct Phone {
//!     #[scieve(rename = "type", canonical("work", "home"))]
//!     kind: String,
//!     value: String,
//! }
//!
//! let policy = Employee::policy()?;
//! let plan = policy.parse(
//!     r#"userName sw "a" and status eq "onLeave" and phones[type eq "work" and value co "555"]"#,
//! )?;
//! let ada = Employee {
//!     id: "1".into(),
//!     user_name: "ada".into(),
//!     status: Status::OnLeave,
//!     desk: Some(7),
//!     name: Name { family_name: "Lovelace".into() },
//!     phones: vec![Phone { kind: "work".into(), value: "555-0100".into() }],
//!     cache: Vec::new(),
//! };
//! assert!(plan.matches(&ada));
//! assert!(policy.self_test(&ada).is_empty());
//! assert!(policy.parse(r#"id co "1""#).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Types of fields
//!
//! | type | attribute |
//! |---|---|
//! | `String`, `str` behind `&`, `Box`, `Arc`, `Rc` or `Cow` | `string` |
//! | `bool` | `boolean` |
//! | integers | `integer` |
//! | `f32`, `f64` | `decimal` |
//! | `Vec<u8>` | `binary` |
//! | [`DateTime`](crate::DateTime), `std::time::SystemTime`; `time`, `chrono` and `jiff` types behind the features of these names | `dateTime` |
//! | `uuid::Uuid` (feature `uuid`) | `string` |
//! | a struct with `#[derive(Record)]` | `complex`, with its fields as sub-attributes |
//! | an enum of unit variants with `#[derive(Record)]` | `string` with canonical values |
//! | `Vec<T>`, `[T; N]`, `BTreeSet<T>`, `HashSet<T>` | a multi-valued attribute of the type of `T` |
//! | `Option<T>`, and `T` behind `&`, `Box`, `Arc` or `Rc` | as `T` |
//! | `serde_json::Value` (feature `serde`) | `any` |
//! | another type | implement [`Field`], or name a [`FieldAdapter`] with `with` |
//!
//! # Attributes
//!
//! | on | attribute | meaning |
//! |---|---|---|
//! | a struct | `schema = "urn:..."` | URN of the core schema |
//! | a struct or enum | `rename_all = "..."` | how names are converted; the default is `camelCase` |
//! | a field or variant | `rename = "..."` | the name |
//! | a field | `case_exact` | strings are compared with case |
//! | | `operators(eq, co)` | the operators that filters can use |
//! | | `canonical("work", "home")` | the canonical values |
//! | | `max_count = 100` | maximum number of comparisons in one filter |
//! | | `hidden` | filters get the diagnostic of an unknown attribute |
//! | | `flatten` | the fields of a struct become attributes of this one |
//! | | `extension = "urn:..."` | the same, as the extension schema of this URN |
//! | | `skip` | the field is no attribute |
//! | | `with = path` | a [`FieldAdapter`] that reads the field |

mod collections;
mod derived;
mod description;
mod field;
mod simple;
mod times;

pub use derived::{policy, schema, slot};
pub use description::{Described, Description, FieldOptions};
pub use field::{Field, FieldAdapter, Fields, complex_value};
