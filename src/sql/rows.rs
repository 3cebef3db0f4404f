//! Conditions on the elements of a multi-valued attribute, and on related rows.

use super::condition::{Compiler, row_condition};
use super::dialect::Dialect;
use super::expr::{Connective, SqlExpr};
use super::json::JsonValue;
use super::literal::array_contains;
use super::place::{Cell, Rows};
use super::values::Param;
use crate::plan::{Predicate, Test};
use crate::schema::Attribute;
use crate::value::{AttributeType, CaseSensitivity, Value};
use sea_query::{BinOper, DynIden, Expr, ExprTrait, Func, Query, SelectStatement};

impl<'a> Compiler<'a> {
    /// True if a row satisfies `inner`; unless `positive`, if none does.
    pub(super) fn has_row(
        &mut self,
        rows: &Rows<'a>,
        inner: SqlExpr,
        positive: bool,
        in_or: bool,
    ) -> SqlExpr {
        if !positive {
            // `NOT IN` is never true if the subquery returns a NULL.
            return SqlExpr::leaf(self.exists(rows, Some(inner), false));
        }
        let names = self.mapping.names();
        let (outer, column) = match rows {
            Rows::Child(child) => (&names.key, &child.owner),
            Rows::Related(join) => match &join.on[..] {
                [(own, related)] => (own, related),
                _ => return SqlExpr::leaf(self.exists(rows, Some(inner), true)),
            },
            Rows::Array(_) | Rows::Json { .. } => {
                return SqlExpr::leaf(self.exists(rows, Some(inner), true));
            }
        };
        // SQLite would run EXISTS once per row. A join repeats rows and cannot be negated.
        let key = Expr::col((names.alias.clone(), outer.clone()));
        let mut select = self.select(rows);
        select.column((self.row_alias(rows), column.clone())).and_where(inner.into_expr());
        // In an OR, PostgreSQL uses an index only if the list is computed beforehand, as an array
        // is. Outside of it an array is worse than IN: it is not hashed, so every row that the
        // other conditions find would be compared with its elements one by one.
        let array = in_or
            && matches!(rows, Rows::Child(_))
            && self.dialect == Dialect::Postgres
            && self.may_list(&self.mapping.mapping().key);
        SqlExpr::leaf(match array {
            true => Expr::cust_with_exprs(
                "$1 = ANY (ARRAY $2)",
                [key, Expr::SubQuery(None, Box::new(select.into()))],
            ),
            false => key.in_subquery(select),
        })
    }

    /// True if a row satisfies `inner`, or if there is one; unless `positive`, if not.
    pub(super) fn exists(
        &mut self,
        rows: &Rows<'a>,
        inner: Option<SqlExpr>,
        positive: bool,
    ) -> Expr {
        let names = self.mapping.names();
        let mut select = self.select(rows);
        select.expr(Expr::Constant(1.into()));
        let alias = self.row_alias(rows);
        let pairs = match rows {
            Rows::Child(child) => std::slice::from_ref(&child.link),
            Rows::Related(join) => &join.on[..],
            Rows::Array(_) | Rows::Json { .. } => &[],
        };
        for (own, column) in pairs {
            select.and_where(
                Expr::col((alias.clone(), column.clone()))
                    .equals((names.alias.clone(), own.clone())),
            );
        }
        if let Some(inner) = inner {
            select.and_where(inner.into_expr());
        }
        let exists = Expr::exists(select);
        if positive { exists } else { exists.not() }
    }

    /// The value in the related row, as a scalar subquery.
    pub(super) fn related_value(&mut self, rows: &Rows<'a>, value: Expr) -> Expr {
        let (alias, names) = (self.row_alias(rows), self.mapping.names());
        let mut select = self.select(rows);
        if let Rows::Related(join) = rows {
            for (own, related) in &join.on {
                select.and_where(
                    Expr::col((alias.clone(), related.clone()))
                        .equals((names.alias.clone(), own.clone())),
                );
            }
        }
        select.expr(value).limit(1);
        Expr::SubQuery(None, Box::new(select.into()))
    }

    /// The alias of rows in their subquery.
    pub(super) fn row_alias(&self, rows: &Rows<'_>) -> DynIden {
        match rows {
            Rows::Related(_) => self.mapping.join_alias(),
            Rows::Child(_) | Rows::Array(_) | Rows::Json { .. } => self.mapping.child_alias(),
        }
    }

    /// Selects the tenant's rows, without columns yet.
    fn select(&mut self, rows: &Rows<'a>) -> SelectStatement {
        let (alias, names) = (self.row_alias(rows), self.mapping.names());
        let mut select = Query::select();
        let (table, condition) = match rows {
            Rows::Child(child) => (&child.name, &child.condition),
            Rows::Related(join) => (&join.name, &join.condition),
            Rows::Array(column) => {
                let array = Expr::col((names.alias.clone(), column.own.clone()));
                select.from_function(Func::cust("unnest").arg(array), alias.clone());
                select.and_where(Expr::col((alias.clone(), alias)).is_not_null());
                return select;
            }
            Rows::Json { list, .. } => {
                let column = Expr::col((names.alias.clone(), list.column.clone()));
                let list = JsonValue::in_column(self.dialect, column, &list.path);
                select.from_function(list.elements(), alias.clone());
                let element = JsonValue::element(self.dialect, &alias, &[]);
                select.and_where(element.present(true).into_expr());
                return select;
            }
        };
        select.from_as(table.clone(), alias.clone());
        if let Some(tenant) = self.tenant_condition(&alias) {
            select.and_where(tenant);
        }
        if let Some(condition) = condition {
            select.and_where(row_condition(condition, &alias, self.dialect));
        }
        select
    }

    /// Equality with a value of an array, which a GIN index supports.
    pub(super) fn contains(
        &mut self,
        rows: &Rows<'a>,
        cell: &Cell<'a>,
        attribute: &Attribute,
        test: &Test,
    ) -> Option<SqlExpr> {
        let list = match &test.predicate {
            Predicate::Equal(value) => std::slice::from_ref(value),
            Predicate::In(list) => list,
            _ => return None,
        };
        let alias = &self.mapping.names().alias;
        match (rows, cell) {
            (Rows::Array(column), _) => {
                let array = Expr::col((alias.clone(), column.own.clone()));
                array_contains(column, array, attribute, test.case, list, self.values)
            }
            (Rows::Json { list: place, .. }, Cell::Json(path, entry))
                if self.dialect == Dialect::Postgres
                    && test.case == CaseSensitivity::Exact
                    && entry.is_none_or(|entry| entry.column.stored.is_none())
                    && matches!(
                        attribute.attribute_type(),
                        AttributeType::String | AttributeType::Reference
                    ) =>
            {
                let column = Expr::col((alias.clone(), place.column.clone()));
                let documents = list.iter().filter_map(|value| match value {
                    Value::Text(text) => Some(documents(&place.path, path, text)),
                    _ => None,
                });
                let operands = documents
                    .flatten()
                    .map(|document| {
                        let bound = self.values.bind(Param::Text(document));
                        let json = Func::cast_as(Func::cast_as(bound, "text"), "jsonb");
                        SqlExpr::leaf(column.clone().binary(BinOper::Custom("@>"), json))
                    })
                    .collect();
                Some(SqlExpr::chain(self.dialect, Connective::Or, operands))
            }
            _ => None,
        }
    }
}

/// The documents that contain a string in a list at that path, or in a single value instead.
fn documents(list: &[&str], member: &[&str], text: &str) -> [String; 2] {
    let within = |path: &[&str], inner: String| {
        path.iter().rev().fold(inner, |inner, name| format!("{{{}:{inner}}}", json_string(name)))
    };
    let element = within(member, json_string(text));
    [within(list, format!("[{element}]")), within(list, element)]
}

fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            control if control < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => json.push(other),
        }
    }
    json.push('"');
    json
}
