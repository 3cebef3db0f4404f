//! A filter engine and query compiler for SCIM 2.0 filters (RFC 7644 section 3.4.2.2).
//!
//! scieve parses filters, checks them against a policy that limits what a caller can query, and
//! evaluates them on records in memory or compiles them to SQL for PostgreSQL, MySQL, MariaDB and
//! SQLite. All back ends implement one specified meaning of each operator, including for missing
//! values. Depth, length and number of clauses of a filter are limited before it is evaluated.
//!
//! | stage | from | to | API |
//! |---|---|---|---|
//! | parse | `&str` | [`Filter`] | [`Filter::parse`] |
//! | check | [`Filter`] | [`Plan`] | [`Policy::check`], [`Policy::parse`] |
//! | match | [`Plan`], a [`Record`] | `bool` | [`Plan::matches`] |
#![cfg_attr(
    feature = "sql",
    doc = "| compile | [`Plan`], a [`Mapping`](sql::Mapping) | SQL and parameters | [`Plan::to_sql`] |"
)]
#![cfg_attr(
    not(feature = "sql"),
    doc = "| compile | [`Plan`], a mapping | SQL and parameters | feature `sql` |"
)]
//! | report | [`Diagnostics`] | text or JSON | [`Diagnostics::render`] |
//! | lint | [`Filter`] | warnings with fixes | [`Policy::lint`], [`Policy::diagnose`] |
//! | decide | two [`Plan`]s | a proof or a counterexample | [`Plan::implies`] |
//! | patch | a PATCH request, JSON | JSON | feature `patch` |
//! | search | parameters, records | a list response | feature `search` |
//!
//! # Parse
//!
//! A [`Filter`] is a syntax tree with source spans. [`attr`] builds filters in code.
//!
//! ```
//! use scieve::{Filter, attr};
//!
//! let filter = Filter::parse(r#"userName sw "j" AND (active eq true)"#)?;
//! assert_eq!(filter.to_string(), r#"userName sw "j" and active eq true"#);
//!
//! let built = attr("userName").sw("j").and(attr("active").eq(true)).build()?;
//! assert_eq!(built, filter);
//! # Ok::<(), scieve::Diagnostics>(())
//! ```
//!
//! # Check and match
//!
//! A [`Policy`] contains the attributes and operators that filters can use. Checking a filter
//! returns a [`Plan`], which is the only thing that can be evaluated. Records implement [`Record`];
//! with feature `serde`, JSON values do.
//!
//! ```
//! use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef};
//!
//! struct Employee {
//!     name: String,
//!     desk: i64,
//! }
//!
//! impl Record for Employee {
//!     fn any_value(
//!         &self,
//!         attribute: &Attribute,
//!         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
//!     ) -> bool {
//!         match attribute.path() {
//!             "name" => test(ValueRef::text(&self.name)),
//!             "desk" => test(ValueRef::Integer(self.desk)),
//!             _ => false,
//!         }
//!     }
//! }
//!
//! let schema = Schema::new(
//!     None,
//!     [
//!         Attribute::new("name", AttributeType::String),
//!         Attribute::new("desk", AttributeType::Integer),
//!     ],
//! )?;
//! let policy: Policy<Employee> = Policy::new(schema)?;
//! let plan = policy.parse(r#"name sw "a" and desk gt 10"#)?;
//!
//! assert!(plan.matches(&Employee { name: "Ada".into(), desk: 12 }));
//! assert!(!plan.matches(&Employee { name: "Bob".into(), desk: 12 }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Compile to SQL
//!
//! With feature `sql`, a mapping assigns columns to attributes. Values become parameters.
#![cfg_attr(
    feature = "sql",
    doc = r##"
```
use scieve::sql::{Column, Dialect, Mapping, Param, Select};
# use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef};
# struct Employee;
# impl Record for Employee {
#     fn any_value(&self, _: &Attribute, _: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
#         false
#     }
# }
# let schema = Schema::new(
#     None,
#     [
#         Attribute::new("name", AttributeType::String),
#         Attribute::new("desk", AttributeType::Integer),
#     ],
# )?;
# let policy: Policy<Employee> = Policy::new(schema)?;

let mapping = Mapping::new("employees", "id")
    .attribute("name", Column::keyed("name", "name_key"))
    .attribute("desk", Column::new("desk"))
    .check()?;
let plan = policy.parse(r#"name eq "Ada" or desk gt 10"#)?;
let statement = plan.to_sql(&mapping, Dialect::Sqlite, &Select::default())?;
assert_eq!(
    statement.sql,
    "SELECT `u`.`id` FROM `employees` AS `u` WHERE `u`.`name_key` = ? OR `u`.`desk` > ? \
     ORDER BY `u`.`id` ASC",
);
assert_eq!(statement.params, [Param::Text("ada".into()), Param::Integer(10)]);
# Ok::<(), Box<dyn std::error::Error>>(())
```
"##
)]
//!
//! # Report errors
//!
//! [`Diagnostics`] contains every error of a filter, with a stable [`Code`], the span in the source
//! and, if possible, the correction.
//!
//! ```
//! use scieve::{Code, Filter};
//!
//! let errors = Filter::parse(r#"name eq "Ada" and desk > 10"#).unwrap_err();
//! assert_eq!(errors.first().map(|error| error.code()), Some(Code::UnknownOperator));
//! assert_eq!(
//!     errors.render(),
//!     r#"error[unknown-operator]: unknown operator `>`
//!  --> 1:24
//! 1 | name eq "Ada" and desk > 10
//!   |                        ^
//!   = expected: `eq`, `ne`, `co`, `sw`, `ew`, `gt`, `ge`, `lt`, `le`, `pr`
//!   = help: did you mean `gt`?
//! "#
//! );
//! ```
//!
//! # Lint
//!
//! [`Policy::lint`] warns about valid filters that hardly mean what was intended;
//! [`Policy::diagnose`] finds every error of a string, with fixes.
//!
//! ```
//! use scieve::{Attribute, AttributeType, Code, Filter, Policy, Safety, Schema};
//! # struct User;
//! # impl scieve::Record for User {
//! #     fn any_value(
//! #         &self,
//! #         _: &Attribute,
//! #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
//! #     ) -> bool {
//! #         false
//! #     }
//! # }
//!
//! let schema = Schema::new(None, [Attribute::new("userName", AttributeType::String)])?;
//! let policy: Policy<User> = Policy::new(schema)?;
//! let warnings = policy.lint(&Filter::parse(r#"userName eq "b*""#)?);
//! assert_eq!(warnings.first().map(|first| first.code()), Some(Code::WildcardInValue));
//!
//! let errors = policy.diagnose("userNme = 'bob'");
//! assert_eq!(errors.fixed(Safety::Unsafe).as_deref(), Some(r#"userName eq "bob""#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Decide
//!
//! Plans are compared without records: does one match everything that the other matches?
//!
//! ```
//! use scieve::{Attribute, AttributeType, Policy, Schema};
//! # struct User;
//! # impl scieve::Record for User {
//! #     fn any_value(
//! #         &self,
//! #         _: &Attribute,
//! #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
//! #     ) -> bool {
//! #         false
//! #     }
//! # }
//!
//! let schema = Schema::new(None, [Attribute::new("desk", AttributeType::Integer)])?;
//! let policy: Policy<User> = Policy::new(schema)?;
//! let (narrow, wide) = (policy.parse("desk gt 5 and desk lt 8")?, policy.parse("desk ge 6")?);
//! assert!(narrow.implies(&wide).is_yes());
//! assert!(!wide.implies(&narrow).is_yes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Patch
//!
//! With feature `patch`, PATCH requests are checked against a schema and applied to JSON.
#![cfg_attr(
    feature = "patch",
    doc = r##"
```
use scieve::patch::PatchRequest;
use scieve::scim;
use serde_json::json;

let mut user = json!({"userName": "bob", "emails": [{"type": "work", "value": "b@x"}]});
let request = PatchRequest::parse(
    r#"{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "bob@x"}"#,
)?;
request.check(scim::user_policy())?.apply(&mut user)?;
assert_eq!(user["emails"][0]["value"], "bob@x");
# Ok::<(), scieve::patch::PatchErrors>(())
```
"##
)]
//!
//! # Search
//!
//! With feature `search`, the parameters and the answer of a SCIM search.
#![cfg_attr(
    feature = "search",
    doc = r#"
```
use scieve::scim;
use scieve::search::{ListResponse, SearchRequest, project, sort};
use serde_json::json;

let request = SearchRequest::from_query("sortBy=userName&count=1&attributes=userName")?;
let mut users = vec![json!({"id": "1", "userName": "carol"}), json!({"id": "2", "userName": "Bob"})];
sort(&mut users, scim::user_schema(), "userName", request.sort_order)?;
let page = request.page(&users, 100).iter();
let page = page.map(|user| project(user, scim::user_schema(), &request)).collect();
let answer = ListResponse::new(page, users.len(), request.start_index);
assert_eq!(answer.to_json()["Resources"], json!([{"id": "2", "userName": "Bob"}]));
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]
//!
//! # Features
//!
//! Features are additive: none changes the behaviour of another. The default is none of them.
//!
//! | feature | content | dependencies |
//! |---|---|---|
//! | `serde` | JSON values as records, policies and mappings from JSON and TOML, diagnostics as JSON, `scim`: the schemas of RFC 7643 | `serde`, `serde_json`, `toml` |
//! | `derive` | `#[derive(Record)]`: `derive` | `scieve-derive` |
//! | `chrono`, `jiff`, `time`, `uuid` | fields of the types of these crates | the crates |
//! | `patch` | `patch`: PATCH requests on JSON resources; enables `serde` | |
//! | `search` | `search`: search parameters, order, projection and list responses; enables `serde` | `form_urlencoded` |
//! | `sql` | `sql`: SQL for PostgreSQL, MySQL, MariaDB and SQLite | `sea-query` |
//! | `arbitrary` | `arbitrary`: generators of filters and records for fuzzing; enables `serde` | `arbitrary` |
//!
//! # Further reading
//!
//! - [The grammar and the meaning of every operator](https://docs.rs/crate/scieve/latest/source/grammar.md)
//! - [Embed in ten minutes](https://docs.rs/crate/scieve/latest/source/docs/embed.md)
//! - [Examples](https://docs.rs/crate/scieve/latest/source/examples/)
//! - [Changes between versions](https://docs.rs/crate/scieve/latest/source/CHANGELOG.md)

/// The examples of the page.
#[cfg(all(doctest, feature = "derive", feature = "patch", feature = "search", feature = "sql"))]
#[doc = include_str!("../docs/embed.md")]
struct EmbedPage;

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod check;
mod decide;
#[cfg(feature = "derive")]
pub mod derive;
mod diagnostic;
mod eval;
mod filter;
mod filter_set;
mod limits;
mod lint;
mod operator;
#[cfg(feature = "patch")]
pub mod patch;
mod plan;
mod policy;
mod schema;
#[cfg(feature = "serde")]
pub mod scim;
#[cfg(feature = "search")]
pub mod search;
mod snippet;
mod span;
#[cfg(feature = "sql")]
pub mod sql;
mod suggest;
mod syntax;
mod value;

pub use decide::Decision;
pub use decide::Domain;
pub use decide::ScopedPolicy;
pub use decide::Witness;
pub use diagnostic::Arguments;
pub use diagnostic::Code;
pub use diagnostic::Diagnostic;
pub use diagnostic::Diagnostics;
pub use diagnostic::Fix;
#[cfg(feature = "serde")]
pub use diagnostic::Located;
pub use diagnostic::Safety;
pub use diagnostic::Severity;
pub use diagnostic::render::Renderer;
pub use diagnostic::render::Styles;
pub use eval::MatchExplanation;
pub use filter::Attr;
pub use filter::Builder;
pub use filter::Clause;
pub use filter::Expr;
pub use filter::ExprKind;
pub use filter::Filter;
pub use filter::Literal;
pub use filter::Operand;
pub use filter::Operands;
pub use filter::PatchPath;
pub use filter::Path;
pub use filter::Rewrite;
pub use filter::all;
pub use filter::any;
pub use filter::attr;
pub use filter::quote;
pub use filter_set::FilterSet;
pub use limits::Limits;
pub use lint::Provider;
pub use operator::Operator;
pub use operator::Operators;
pub use plan::Node;
pub use plan::Plan;
pub use plan::Predicate;
pub use plan::Test;
pub use plan::Untyped;
pub use policy::FieldRule;
pub use policy::GroupRule;
pub use policy::Mismatch;
pub use policy::MismatchKind;
pub use policy::MultiNe;
pub use policy::Policy;
pub use policy::UnknownAttributes;
pub use policy::UnknownValues;
pub use policy::Weights;
#[cfg(feature = "serde")]
pub use policy::{PolicyError, PolicyFault, PolicyFaultKind};
pub use schema::Attribute;
pub use schema::AttributeId;
pub use schema::Mutability;
pub use schema::Record;
pub use schema::Returned;
pub use schema::Schema;
pub use schema::SchemaError;
pub use schema::StoredValues;
#[cfg(feature = "serde")]
pub use schema::json_record;
#[cfg(feature = "serde")]
pub use schema::json_text;
#[cfg(feature = "derive")]
pub use scieve_derive::Record;
pub use snippet::Position;
pub use span::Span;
pub use syntax::Syntax;
pub use value::AttributeType;
pub use value::CaseSensitivity;
pub use value::DateTime;
pub use value::FOLD_VERSION;
pub use value::Substring;
pub use value::Text;
pub use value::USERNAME_KEY_VERSION;
pub use value::Value;
pub use value::ValueRef;
pub use value::fold_key;
pub use value::username_key;
