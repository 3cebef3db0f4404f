//! SeaORM: the condition in a `Select`, between conditions of its own.

use crate::{Error, employees};
use scieve::sql::Dialect;
use sea_orm::entity::prelude::*;
use sea_orm::{ExprTrait as _, QueryOrder as _, QuerySelect as _};

/// A row of the table.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "employees")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The site.
    pub site: i64,
    /// The name.
    pub user_name: String,
    /// The age in years.
    pub age: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Returns the names of the employees of the site that satisfy the filter.
pub async fn names(
    database: &DatabaseConnection,
    site: i64,
    filter: &str,
    oldest: i64,
) -> Result<Vec<String>, Error> {
    let plan = employees::policy()?.parse(filter).map_err(|errors| errors.to_string())?;
    let condition = plan.to_condition(&employees::mapping(Dialect::Sqlite)?, Dialect::Sqlite)?;
    let names = Entity::find()
        .select_only()
        .column(Column::UserName)
        .filter(Column::Site.eq(site))
        .filter(condition)
        .filter(Column::Age.lte(oldest).or(Column::Age.is_null()))
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(database)
        .await?;
    Ok(names)
}
