//! Checks of the database with rows of a tenant that no request can name.
//!
//! At start, the columns must compare strings byte by byte, as memory does: with another encoding,
//! another collation or a session that truncates strings, the database would return wrong results
//! without an error. While the server runs, [`readiness`] checks that the database can be written.

use super::connection::{Backend, Connection, TxMode};
use super::error::{ConnectError, DbError};
use super::memberships;
use super::statement::{Statement, one, select_from};
use super::tenant::Tenant;
use super::tenant_number;
use super::user_row::COLUMNS;
use scieve::sql::Dialect;
use sea_query::{Condition, DeleteStatement, Expr, ExprTrait as _, Order, SelectStatement};

/// The strings of the inserted rows, in the order of their bytes.
const STRINGS: [&str; 4] = ["B", "a", "a\t", "é"];
/// Strings that equal one of [`STRINGS`] in some collation, but not byte by byte.
const UNEQUAL: [&str; 5] = ["b", "A", "a ", "É", "e"];
/// The prefix of the tenant that owns the rows. A random suffix prevents conflicts between
/// servers that start at the same time.
const TENANT: &str = "scieve probes this Database";
const ALIAS: &str = "t";
/// The string in every column of the row of [`readiness`].
const PROBED: &str = "readiness";

/// The columns that are compared or sorted by.
const COMPARED: [(&str, &[&str]); 5] = [
    (
        "users",
        &[
            "id",
            "id_f",
            "subject_f",
            "subject",
            "name_f",
            "email_f",
            "email_sort",
            "status",
            "client_id_f",
            "client_id_sort",
            "invite_expiry_sort",
        ],
    ),
    ("user_roles", &["role_id_f", "name_f"]),
    ("user_groups", &["group_id_f"]),
    ("user_group_roles", &["name_f"]),
    ("user_scopes", &["scope_f"]),
];

/// Checks the encoding of the database and the mode of the session, before there are tables.
pub(super) async fn encoding(backend: &dyn Backend) -> Result<(), ConnectError> {
    let mut connection = backend.connection().await?;
    let (query, is_right): (_, fn(&str) -> bool) = match backend.dialect() {
        Dialect::Sqlite => ("PRAGMA encoding", |encoding| encoding == "UTF-8"),
        Dialect::Postgres => ("SHOW server_encoding", |encoding| encoding == "UTF8"),
        Dialect::MySql => ("SELECT @@SESSION.sql_mode", |modes| {
            let is_strict = |mode| matches!(mode, "STRICT_TRANS_TABLES" | "STRICT_ALL_TABLES");
            modes.split(',').any(is_strict)
        }),
    };
    let row = connection.fetch_statement(Statement::constant(query)).await?.pop();
    let found = row.map(|mut row| row.string()).transpose()?.unwrap_or_default();
    if is_right(&found) {
        return Ok(());
    }
    Err(ConnectError::new(match backend.dialect() {
        Dialect::Sqlite => {
            format!("the encoding of the database is {found}: create one with encoding UTF-8")
        }
        Dialect::Postgres => format!(
            "the encoding of the database is {found}: create one with ENCODING 'UTF8' TEMPLATE \
             template0"
        ),
        Dialect::MySql => format!(
            "the session is not in strict mode and would truncate strings: sql_mode is `{found}`"
        ),
    }))
}

/// A tenant that no request can name and no other server uses.
fn random_tenant() -> String {
    let mut bytes = [0; 8];
    let _ = getrandom::fill(&mut bytes);
    format!("{TENANT} {:x}", u64::from_be_bytes(bytes))
}

/// Checks that the database can be read and written, by one transaction that inserts, reads and
/// deletes a user.
///
/// It is committed: SQLite keeps the changes of a transaction in memory until then, so a write that
/// is rolled back succeeds on a full disk.
pub(super) async fn readiness(backend: &dyn Backend) -> Result<(), DbError> {
    let id = random_tenant();
    let mut transaction = backend.begin(TxMode::Write).await?;
    let connection: &mut dyn Connection = &mut *transaction;
    let tenant = insert_tenant(connection, &id).await?;
    insert(connection, tenant, PROBED).await?;
    let mut select = select_from("users", ALIAS, tenant);
    select.column((ALIAS, "id"));
    if strings(connection, &select).await? != [PROBED] {
        return Err(DbError::Unavailable("an inserted user cannot be read".into()));
    }
    let children = memberships::TABLES.iter().map(|(table, _)| (*table, "tenant"));
    for (table, column) in children.chain([("users", "tenant"), ("tenants", "number")]) {
        let mut delete = DeleteStatement::new();
        delete.from_table(table).and_where(Expr::col(column).eq(tenant.number));
        connection.execute(&delete).await?;
    }
    transaction.commit().await
}

/// Checks that every column of [`COMPARED`], and the ids of tenants, compare strings byte by byte.
pub(super) async fn columns(backend: &dyn Backend) -> Result<(), ConnectError> {
    let id = random_tenant();
    // Dropped without a commit.
    let mut transaction = backend.begin(TxMode::Write).await?;
    let tenant = insert_tenant(&mut *transaction, &id).await?;
    check_tenant(&mut *transaction, &id).await?;
    for string in STRINGS {
        insert(&mut *transaction, tenant, string).await?;
    }
    for (table, columns) in COMPARED {
        for column in columns {
            check_column(&mut *transaction, table, column, tenant).await?;
        }
    }
    Ok(())
}

async fn insert_tenant<'t>(
    connection: &mut dyn Connection,
    id: &'t str,
) -> Result<Tenant<'t>, DbError> {
    let number = tenant_number::random()?;
    tenant_number::insert(connection, id, number).await.map_err(DbError::unique_as_conflict)?;
    Ok(Tenant { id, number })
}

/// Inserts a row with this string in every string column of the tables of users.
async fn insert(
    connection: &mut dyn Connection,
    tenant: Tenant<'_>,
    string: &str,
) -> Result<(), DbError> {
    let mut user = select_from("users", ALIAS, tenant);
    user.column((ALIAS, "number")).and_where(Expr::col((ALIAS, "id")).eq(string));
    let user = Expr::SubQuery(None, Box::new(user.into()));
    let value = |column: &&str| match *column {
        "tenant" => tenant.number.into(),
        "user_number" => user.clone(),
        "created_at" | "last_updated_at" | "invite_expiry" | "idx" => 0_i64.into(),
        _ => string.into(),
    };
    for (table, columns) in [("users", &COLUMNS[..])].into_iter().chain(memberships::TABLES) {
        let row = columns.iter().map(value).collect();
        memberships::insert_rows(connection, table, columns, vec![row]).await?;
    }
    Ok(())
}

async fn check_tenant(connection: &mut dyn Connection, id: &str) -> Result<(), ConnectError> {
    for unequal in [id.to_lowercase(), format!("{id} ")] {
        let mut select = SelectStatement::new();
        select.expr(one()).from("tenants").and_where(Expr::col("tenant_id").eq(unequal));
        if !connection.fetch(&select).await?.is_empty() {
            return Err(wrong(connection.dialect(), "tenants", "tenant_id"));
        }
    }
    Ok(())
}

async fn check_column(
    connection: &mut dyn Connection,
    table: &'static str,
    column: &'static str,
    tenant: Tenant<'_>,
) -> Result<(), ConnectError> {
    let mut select = select_from(table, ALIAS, tenant);
    select.column((ALIAS, column));
    let mut sorted = select.clone();
    sorted.order_by((ALIAS, column), Order::Asc);
    let mut unequal = Condition::any().add(Expr::col((ALIAS, column)).lt("a"));
    for string in UNEQUAL {
        unequal = unequal.add(Expr::col((ALIAS, column)).eq(string));
    }
    select.cond_where(unequal);
    let is_right = strings(connection, &sorted).await? == STRINGS
        && strings(connection, &select).await? == ["B"];
    if is_right { Ok(()) } else { Err(wrong(connection.dialect(), table, column)) }
}

async fn strings(
    connection: &mut dyn Connection,
    select: &SelectStatement,
) -> Result<Vec<String>, DbError> {
    let rows = connection.fetch(select).await?;
    rows.into_iter().map(|mut row| row.string()).collect()
}

fn wrong(dialect: Dialect, table: &str, column: &str) -> ConnectError {
    let right = match dialect {
        Dialect::Postgres => "text COLLATE \"C\"",
        Dialect::MySql => "VARBINARY",
        Dialect::Sqlite => "TEXT without COLLATE",
    };
    ConnectError::new(format!(
        "column `{column}` of `{table}` does not compare strings byte by byte, so filters and \
         pages would be wrong: change its type to {right}"
    ))
}
