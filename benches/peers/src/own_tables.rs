//! From the text of a filter to SQL: for the tables of an application, with columns of many types,
//! beside columns that were made for scieve.

use crate::measure::{Comparison, Goal, OURS};
use scieve::sql::{CheckedMapping, Dialect, Select};
use scieve::{Attribute, AttributeType, Policy, Schema};
use serde_json::Value;
use std::hint::black_box;

const OWN_TABLES: &str = include_str!("../../../tests/corpus/employees.toml");

const FOLD_KEYS: &str = r#"
table = "employees"
key = "id"
[attributes]
id = { column = "id", nullable = false }
userName = { column = "user_name", text = { fold_key = "user_name_f" }, nullable = false }
active = { column = "active" }
age = { column = "age" }
hiredAt = { column = "hired_at" }
status = { column = "status", text = { fold_key = "status_f" } }
department = { column = "department", text = { fold_key = "department_f" } }
"manager.displayName" = { column = "manager_name", text = { fold_key = "manager_name_f" } }
[children.tags]
table = "employee_tags"
owner = "employee_id"
value = { column = "tag", text = { fold_key = "tag_f" } }
[children.emails]
table = "employee_emails"
owner = "employee_id"
columns.value = { column = "value", text = { fold_key = "value_f" } }
columns.type = { column = "kind", text = { fold_key = "kind_f" } }
"#;

const FILTERS: [(&str, &str); 5] = [
    ("uuid", r#"id eq "3f2a0000-0000-4000-8000-000000000001""#),
    ("strings", r#"(userName eq "bob" or userName eq "alice") and status eq "on_leave""#),
    ("scalars", r#"active eq true and age ge 30 and hiredAt ge "2020-01-01T00:00:00Z""#),
    ("json, array", r#"department eq "R&D" and tags eq "remote""#),
    ("child, join", r#"emails[type eq "work" and value co "@b"] and manager.displayName eq "Ann""#),
];

pub(crate) fn comparisons() -> Vec<Comparison> {
    FILTERS.into_iter().map(|(name, text)| comparison(name, text)).collect()
}

fn comparison(name: &str, text: &'static str) -> Comparison {
    let translate = |mapping: &str| {
        let (policy, mapping) = (policy(), CheckedMapping::from_toml(mapping).unwrap());
        move || {
            let plan = policy.parse(black_box(text)).unwrap();
            plan.to_sql(&mapping, Dialect::Postgres, &Select::default()).unwrap()
        }
    };
    Comparison::new("text to SQL, own tables", format!("{name}, PostgreSQL"))
        .competitor(OURS, translate(OWN_TABLES))
        .competitor("scieve, fold keys", translate(FOLD_KEYS))
        .goal(Goal::AtMost(1.3, "scieve, fold keys"))
}

fn policy() -> Policy<Value> {
    let string = |path: &str| Attribute::new(path, AttributeType::String);
    let schema = Schema::new(
        None,
        [
            string("id").case_exact(true),
            string("userName"),
            Attribute::new("active", AttributeType::Boolean),
            Attribute::new("age", AttributeType::Integer),
            Attribute::new("hiredAt", AttributeType::DateTime),
            string("status"),
            string("department"),
            string("tags").multi_valued(),
            Attribute::new("emails", AttributeType::Complex).multi_valued(),
            string("emails.value"),
            string("emails.type"),
            Attribute::new("manager", AttributeType::Complex),
            string("manager.displayName"),
        ],
    );
    Policy::new(schema.unwrap()).unwrap()
}
