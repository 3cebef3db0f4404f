//! The numbers of tenants, which keys and indexes contain instead of their ids.
//!
//! A tenant gets a number once, before its first user. It is random: a fail-over can lose the commit
//! that assigned it, and a number that another process still caches must then belong to no other
//! tenant. A foreign key makes a write with such a number fail, which is then retried.

use super::SqlStore;
use super::connection::Connection;
use super::error::DbError;
use super::memberships::insert_rows;
use super::tenant::Tenant;
use sea_query::{Expr, ExprTrait as _, SelectStatement};

impl SqlStore {
    /// Returns a tenant; `None` if it has no number, and thus no users, roles and groups.
    pub(super) async fn known_tenant<'t>(
        &self,
        id: &'t str,
    ) -> Result<Option<Tenant<'t>>, DbError> {
        if let Some(number) = self.tenants.get(id) {
            return Ok(Some(Tenant { id, number }));
        }
        let found = find(&mut *self.backend.connection().await?, id).await?;
        Ok(found.map(|number| {
            self.tenants.insert(id, number);
            Tenant { id, number }
        }))
    }

    /// Returns a tenant, and gives it a number if it has none.
    pub(super) async fn tenant<'t>(&self, id: &'t str) -> Result<Tenant<'t>, DbError> {
        if let Some(tenant) = self.known_tenant(id).await? {
            return Ok(tenant);
        }
        let number = random()?;
        // Fails if another process does the same, or if the number belongs to another tenant. The
        // operation is then retried.
        let inserted = insert(&mut *self.backend.connection().await?, id, number).await;
        inserted.map_err(DbError::unique_as_conflict)?;
        self.tenants.insert(id, number);
        Ok(Tenant { id, number })
    }
}

async fn find(connection: &mut dyn Connection, id: &str) -> Result<Option<i64>, DbError> {
    let mut select = SelectStatement::new();
    select.column("number").from("tenants").and_where(Expr::col("tenant_id").eq(id));
    connection.fetch(&select).await?.pop().map(|mut row| row.integer()).transpose()
}

/// Assigns a number to a tenant.
pub(super) async fn insert(
    connection: &mut dyn Connection,
    id: &str,
    number: i64,
) -> Result<(), DbError> {
    let row = vec![number.into(), id.into(), 0_i64.into()];
    insert_rows(connection, "tenants", &["number", "tenant_id", "version"], vec![row]).await
}

/// A random positive number of 31 bits.
pub(super) fn random() -> Result<i64, DbError> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes)
        .map_err(|error| DbError::Internal(format!("no random numbers: {error}")))?;
    Ok(Ord::max(i64::from(u32::from_be_bytes(bytes) >> 1), 1))
}

#[cfg(test)]
mod tests {
    use super::random;

    #[test]
    fn numbers_fit_into_31_bits() {
        for _ in 0..1000 {
            assert!((1..=i64::from(i32::MAX)).contains(&random().unwrap()));
        }
    }
}
