//! A filter on a custom table, embedded in a custom statement: the application adds its own
//! conditions, which a filter cannot change.
//!
//! `cargo run --example own_table --features sql -- 'owner eq "BOB" and not (tags eq "spare")'`

use rusqlite::{Connection, params_from_iter, types::Value as Bound};
use scieve::sql::{CheckedMapping, ChildTable, Column, Dialect, Mapping};
use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef, fold_key};
use sea_query::{Expr, ExprTrait, Query, SqliteQueryBuilder, Value};
use std::error::Error;

/// Devices are stored in the database only, so there are no values in memory.
struct Device;

impl Record for Device {
    fn any_value(&self, _: &Attribute, _: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        false
    }
}

fn policy() -> Result<Policy<Device>, Box<dyn Error>> {
    let attributes = [
        Attribute::new("serial", AttributeType::String).case_exact(true),
        Attribute::new("owner", AttributeType::String),
        Attribute::new("ports", AttributeType::Integer),
        Attribute::new("tags", AttributeType::String).multi_valued(),
    ];
    Ok(Policy::new(Schema::new(None, attributes)?)?)
}

/// `owner_f` contains `scieve::fold_key(owner)`, so that the database compares exactly as the
/// in-memory evaluator does and can use an index.
fn columns() -> Result<CheckedMapping, Box<dyn Error>> {
    let mapping = Mapping::new("devices", "id")
        .attribute("serial", Column::new("serial").not_null())
        .attribute("owner", Column::keyed("owner", "owner_f"))
        .attribute("ports", Column::new("ports").not_null())
        .child(
            "tags",
            ChildTable::new("device_tags", "device_id")
                .value(Column::keyed("tag", "tag_f").not_null()),
        );
    Ok(mapping.check()?)
}

fn database() -> Result<Connection, Box<dyn Error>> {
    let database = Connection::open_in_memory()?;
    database.execute_batch(
        "CREATE TABLE devices (id TEXT PRIMARY KEY, site INTEGER NOT NULL, serial TEXT NOT NULL, owner TEXT, owner_f TEXT, ports INTEGER NOT NULL);
         CREATE TABLE device_tags (device_id TEXT NOT NULL, tag TEXT NOT NULL, tag_f TEXT NOT NULL);
         CREATE INDEX devices_owner ON devices (owner_f);
         CREATE INDEX device_tags_tag ON device_tags (tag_f, device_id);",
    )?;
    type Row =
        (&'static str, i64, &'static str, Option<&'static str>, i64, &'static [&'static str]);
    let devices: [Row; 4] = [
        ("1", 7, "A-1", Some("Bob"), 4, &["lab"]),
        ("2", 7, "A-2", Some("Straße"), 48, &["rack", "spare"]),
        ("3", 7, "B-7", None, 24, &[]),
        ("4", 8, "C-1", Some("Bob"), 4, &[]),
    ];
    for (id, site, serial, owner, ports, tags) in devices {
        let folded = owner.map(|owner| fold_key(owner).into_owned());
        database.execute(
            "INSERT INTO devices VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (id, site, serial, owner, folded, ports),
        )?;
        for tag in tags {
            database
                .execute("INSERT INTO device_tags VALUES (?1, ?2, ?3)", (id, tag, fold_key(tag)))?;
        }
    }
    Ok(database)
}

fn main() -> Result<(), Box<dyn Error>> {
    let text = std::env::args()
        .nth(1)
        .unwrap_or_else(|| r#"owner eq "BOB" or owner eq "STRASSE" or ports gt 20.5"#.into());
    let (policy, columns) = (policy()?, columns()?);
    let plan = match policy.parse(&text) {
        Ok(plan) => plan,
        Err(findings) => {
            eprint!("{}", findings.render());
            return Ok(());
        }
    };

    // The condition on the site is the application's; no filter can widen it.
    let (sql, values) = Query::select()
        .column(("u", "serial"))
        .from_as("devices", "u")
        .and_where(Expr::col(("u", "site")).eq(7))
        .cond_where(plan.to_condition(&columns, Dialect::Sqlite)?)
        .order_by(("u", "serial"), sea_query::Order::Asc)
        .build(SqliteQueryBuilder);
    println!("{sql}\n");

    let bound = values.into_iter().map(|value| match value {
        Value::String(Some(string)) => Ok(Bound::Text(string.to_string())),
        Value::BigInt(Some(number)) => Ok(Bound::Integer(number)),
        Value::Int(Some(number)) => Ok(Bound::Integer(number.into())),
        other => Err(format!("unsupported parameter: {other:?}")),
    });
    let bound: Vec<Bound> = bound.collect::<Result<_, _>>()?;
    let database = database()?;
    let mut statement = database.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(bound))?;
    while let Some(row) = rows.next()? {
        println!("{}", row.get::<_, String>(0)?);
    }
    Ok(())
}
