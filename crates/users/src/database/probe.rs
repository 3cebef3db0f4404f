//! Whether a database compares texts as memory does: tried on the columns themselves, with rows that are not kept.
//!
//! A database of another encoding, a column of another collation or a session that cuts texts short would answer, and answer wrongly.

use super::fault::ConnectError;
use super::link::{Engine, Link, Purpose};
use super::lists;
use super::record::COLUMNS;
use super::statement::{Statement, Value};
use scieve::sql::Dialect;

/// What the rows hold, in the order of its bytes.
const TEXTS: [&str; 4] = ["B", "a", "a\t", "é"];
/// What equals none of them, but in some collations does.
const OTHERS: [&str; 5] = ["b", "A", "a ", "É", "e"];
/// No tenant of anybody's; each start adds something of its own, so as not to meet another.
const TENANT: &str = "scieve probes this Database";

/// The columns that are compared or sorted by.
const COMPARED: [(&str, &[&str]); 5] = [
    (
        "users",
        &[
            "id",
            "id_f",
            "id_sort",
            "subject_f",
            "subject_sort",
            "live_subject",
            "name_f",
            "name_sort",
            "email_f",
            "email_sort",
            "status_f",
            "status_sort",
            "client_id_f",
            "client_id_sort",
            "created_at_sort",
            "invite_expiry_sort",
        ],
    ),
    ("user_roles", &["user_id", "role_id_f", "name_f"]),
    ("user_groups", &["user_id", "group_id_f"]),
    ("user_group_roles", &["user_id", "name_f"]),
    ("user_scopes", &["user_id", "scope_f"]),
];

/// What has to be so before there are tables.
pub(super) async fn encoding(engine: &dyn Engine) -> Result<(), ConnectError> {
    let (dialect, mut link) = (engine.dialect(), engine.connection().await?);
    match dialect {
        Dialect::Sqlite => {
            let encoding = text(&mut *link, dialect, "PRAGMA encoding").await?;
            let right = encoding == "UTF-8";
            refuse(right, || {
                format!(
                    "the encoding of the database is {encoding}: make one whose encoding is UTF-8"
                )
            })
        }
        Dialect::Postgres => {
            let encoding = text(&mut *link, dialect, "SHOW server_encoding").await?;
            let right = encoding == "UTF8";
            refuse(right, || {
                format!(
                    "the encoding of the database is {encoding}: make one with ENCODING 'UTF8' TEMPLATE template0"
                )
            })
        }
        Dialect::MySql => {
            let mode = text(&mut *link, dialect, "SELECT @@SESSION.sql_mode").await?;
            let right = mode
                .split(',')
                .any(|mode| matches!(mode, "STRICT_TRANS_TABLES" | "STRICT_ALL_TABLES"));
            refuse(right, || {
                format!(
                    "the session is not strict, so that texts would be cut off: sql_mode is `{mode}`"
                )
            })
        }
    }
}

fn refuse(right: bool, why: impl FnOnce() -> String) -> Result<(), ConnectError> {
    if right { Ok(()) } else { Err(ConnectError::new(why())) }
}

async fn text(link: &mut dyn Link, dialect: Dialect, select: &str) -> Result<String, ConnectError> {
    let row = link.rows(&Statement::new(dialect, select)).await?.pop();
    Ok(row.map(|mut row| row.text()).transpose()?.unwrap_or_default())
}

/// Whether every column that is compared is compared byte by byte.
pub(super) async fn columns(engine: &dyn Engine) -> Result<(), ConnectError> {
    let dialect = engine.dialect();
    let mut bytes = [0; 8];
    let _ = getrandom::fill(&mut bytes);
    let own = format!("{TENANT} {:x}", u64::from_be_bytes(bytes));
    let mut link = engine.begin(Purpose::Write).await?;
    for text in TEXTS {
        fill(&mut *link, dialect, &own, text).await?;
    }
    for (table, columns) in COMPARED {
        tenant(&mut *link, dialect, table, &own).await?;
        for column in columns {
            compared(&mut *link, dialect, table, column, &own).await?;
        }
    }
    // The transaction ends without a commit.
    Ok(())
}

async fn fill(
    link: &mut dyn Link,
    dialect: Dialect,
    tenant: &str,
    text: &str,
) -> Result<(), ConnectError> {
    let user = COLUMNS.iter().map(|column| match *column {
        "tenant_id" => tenant.into(),
        "created_at" | "last_updated_at" | "invite_expiry" => Value::Integer(Some(0)),
        _ => text.into(),
    });
    lists::insert_rows(link, dialect, "users", &COLUMNS, vec![user.collect()]).await?;
    for (table, columns) in lists::TABLES {
        let row = columns.iter().map(|column| match *column {
            "tenant_id" => tenant.into(),
            "idx" | "group_idx" => Value::Integer(Some(0)),
            _ => text.into(),
        });
        lists::insert_rows(link, dialect, table, columns, vec![row.collect()]).await?;
    }
    Ok(())
}

async fn tenant(
    link: &mut dyn Link,
    dialect: Dialect,
    table: &str,
    own: &str,
) -> Result<(), ConnectError> {
    for other in [own.to_lowercase(), format!("{own} ")] {
        let select =
            Statement::new(dialect, &format!("SELECT 1 FROM {table} AS t WHERE t.tenant_id = "))
                .bind(other.as_str());
        if !link.rows(&select).await?.is_empty() {
            return Err(wrong(dialect, table, "tenant_id"));
        }
    }
    Ok(())
}

async fn compared(
    link: &mut dyn Link,
    dialect: Dialect,
    table: &str,
    column: &str,
    tenant: &str,
) -> Result<(), ConnectError> {
    let select = || {
        Statement::new(
            dialect,
            &format!("SELECT t.{column} FROM {table} AS t WHERE t.tenant_id = "),
        )
        .bind(tenant)
    };
    let sorted = texts(link, &select().push(&format!(" ORDER BY t.{column}"))).await?;
    let mut found = select().push(&format!(" AND (t.{column} < ")).bind("a");
    for other in OTHERS {
        found = found.push(&format!(" OR t.{column} = ")).bind(other);
    }
    let found = texts(link, &found.push(")")).await?;
    if sorted == TEXTS && found == ["B"] { Ok(()) } else { Err(wrong(dialect, table, column)) }
}

async fn texts(link: &mut dyn Link, statement: &Statement) -> Result<Vec<String>, ConnectError> {
    let rows = link.rows(statement).await?;
    rows.into_iter().map(|mut row| row.text().map_err(ConnectError::from)).collect()
}

fn wrong(dialect: Dialect, table: &str, column: &str) -> ConnectError {
    let right = match dialect {
        Dialect::Postgres => "text COLLATE \"C\"",
        Dialect::MySql => "VARBINARY",
        Dialect::Sqlite => "TEXT without a COLLATE",
    };
    ConnectError::new(format!(
        "the column `{column}` of `{table}` does not compare texts by their bytes, so that filters and pages would be wrong: make it {right}"
    ))
}
