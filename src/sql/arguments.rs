//! Bound values as arguments of sqlx.

use super::statement::Statement;
use super::values::Param;
use sqlx::error::BoxDynError;
use sqlx::{Arguments as _, Database, MySql, Postgres, Sqlite};

/// A database of sqlx that the values of a [`Statement`] can be bound in.
pub trait BindDatabase: Database {
    /// Adds a value to the arguments.
    ///
    /// # Errors
    /// A list in a database other than PostgreSQL; the errors of sqlx.
    fn bind(arguments: &mut Self::Arguments, param: &Param) -> Result<(), BoxDynError>;
}

impl Statement {
    /// Returns the values as arguments of sqlx, for `sqlx::query_with`.
    ///
    /// ```
    /// use scieve::sql::{Column, Dialect, Mapping, Select};
    /// use scieve::{Attribute, AttributeType, Policy, Schema};
    /// use sqlx::{AssertSqlSafe, Row, Sqlite};
    ///
    /// # struct User;
    /// # impl scieve::Record for User {
    /// #     fn any_value(
    /// #         &self,
    /// #         _: &Attribute,
    /// #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
    /// #     ) -> bool {
    /// #         false
    /// #     }
    /// # }
    /// # async fn names(connection: &mut sqlx::SqliteConnection) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let schema = Schema::new(None, [Attribute::new("userName", AttributeType::String)])?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    /// let mapping = Mapping::new("employees", "id")
    ///     .attribute("userName", Column::new("user_name"))
    ///     .check()?;
    ///
    /// let plan = policy.parse(r#"userName eq "Bob""#)?;
    /// let statement = plan.to_sql(&mapping, Dialect::Sqlite, &Select::default())?;
    /// let arguments = statement.arguments::<Sqlite>()?;
    /// let rows = sqlx::query_with(AssertSqlSafe(statement.sql), arguments)
    ///     .fetch_all(connection)
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`BindDatabase::bind`].
    pub fn arguments<D: BindDatabase>(&self) -> Result<D::Arguments, BoxDynError> {
        let mut arguments = D::Arguments::default();
        self.params.iter().try_for_each(|param| D::bind(&mut arguments, param))?;
        Ok(arguments)
    }
}

/// Adds a value that every database has.
macro_rules! scalar {
    ($arguments:expr, $param:expr, $list:expr) => {
        match $param {
            Param::Null => $arguments.add(None::<String>),
            Param::Boolean(boolean) => $arguments.add(*boolean),
            Param::Integer(number) => $arguments.add(*number),
            Param::Decimal(number) => $arguments.add(*number),
            Param::Text(text) => $arguments.add(text.clone()),
            Param::TextBytes(text) => $arguments.add(text.clone().into_bytes()),
            Param::Bytes(bytes) => $arguments.add(bytes.clone()),
            Param::List(list) => $list(list),
        }
    };
}

impl BindDatabase for Postgres {
    fn bind(arguments: &mut Self::Arguments, param: &Param) -> Result<(), BoxDynError> {
        scalar!(arguments, param, |list: &[Param]| match list.first() {
            Some(Param::Boolean(_)) => arguments.add(elements(list, |param| match param {
                Param::Boolean(boolean) => Some(*boolean),
                _ => None,
            })?),
            Some(Param::Integer(_)) => arguments.add(elements(list, |param| match param {
                Param::Integer(number) => Some(*number),
                _ => None,
            })?),
            Some(Param::Decimal(_)) => arguments.add(elements(list, |param| match param {
                Param::Decimal(number) => Some(*number),
                _ => None,
            })?),
            Some(Param::Bytes(_)) => arguments.add(elements(list, |param| match param {
                Param::Bytes(bytes) => Some(bytes.clone()),
                _ => None,
            })?),
            _ => arguments.add(elements(list, |param| match param {
                Param::Text(text) => Some(text.clone()),
                _ => None,
            })?),
        })
    }
}

impl BindDatabase for MySql {
    fn bind(arguments: &mut Self::Arguments, param: &Param) -> Result<(), BoxDynError> {
        scalar!(arguments, param, |_: &[Param]| Err("MySQL has no arrays".into()))
    }
}

impl BindDatabase for Sqlite {
    fn bind(arguments: &mut Self::Arguments, param: &Param) -> Result<(), BoxDynError> {
        scalar!(arguments, param, |_: &[Param]| Err("SQLite has no arrays".into()))
    }
}

/// The elements of a list, which have one type.
fn elements<T>(list: &[Param], of: impl Fn(&Param) -> Option<T>) -> Result<Vec<T>, BoxDynError> {
    list.iter().map(of).collect::<Option<_>>().ok_or_else(|| "a list of several types".into())
}
