//! A plan as a condition.
//!
//! SQL has three truth values, and its NOT keeps the third: `NOT (c = 'x')` excludes the rows whose
//! `c` is NULL. So negation is pushed down to the tests, and [`super::column_test`] handles NULL
//! there. Above them are only AND and OR, for which NULL counts as false. Wrapping with `COALESCE`
//! or `IS TRUE` would be correct too, but no index supports it.

use super::checked_mapping::{CheckedMapping, Tenant, TenantValue};
use super::column_range::within_range;
use super::column_test::ColumnTest;
use super::dialect::Dialect;
use super::error::SqlError;
use super::expr::{Connective, SqlExpr};
use super::json_value::JsonValue;
use super::literal::operand;
use super::names::MappedColumn;
use super::place::{Cell, JsonPlace, Place, Rows};
use super::stored_value::StoredValue;
use super::values::Values;
use crate::plan::{Node, Plan, Predicate, Test};
use crate::schema::{Attribute, AttributeId, Schema};
use crate::value::AttributeType;
use sea_query::{Condition, DynIden, Expr, ExprTrait};

impl<R: ?Sized> Plan<R> {
    /// Compiles the plan to a condition on the table of the mapping, for a statement that you build
    /// with sea-query. The condition is true for exactly the rows whose records [`Plan::matches`],
    /// provided that the columns are filled as [`super::Column`] describes. Every literal is bound.
    ///
    /// The statement has to name the table by the mapping's alias, and has to be rendered by the
    /// query builder of the same dialect. [`Plan::to_sql`] renders a whole query.
    ///
    /// ```
    /// use scieve::sql::{Column, Dialect, Mapping};
    /// use scieve::{Attribute, AttributeType, Policy, Schema};
    /// use sea_query::{PostgresQueryBuilder, Query};
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
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let schema = Schema::new(None, [Attribute::new("userName", AttributeType::String)])?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    /// let mapping = Mapping::new("users", "id")
    ///     .attribute("userName", Column::keyed("user_name", "user_name_f").not_null())
    ///     .check()?;
    ///
    /// let plan = policy.parse(r#"userName sw "b""#)?;
    /// let (sql, values) = Query::select()
    ///     .columns([("u", "id"), ("u", "created_at")])
    ///     .from_as("users", "u")
    ///     .cond_where(plan.to_condition(&mapping, Dialect::Postgres)?)
    ///     .build(PostgresQueryBuilder);
    /// assert_eq!(
    ///     sql,
    ///     concat!(
    ///         r#"SELECT "u"."id", "u"."created_at" FROM "users" AS "u" WHERE "#,
    ///         r#"("u"."user_name_f" COLLATE "C") >= $1 AND ("u"."user_name_f" COLLATE "C") < $2"#
    ///     )
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The mapping has no column for an attribute of the plan, or one that compares in another way;
    /// a tenant is missing although the mapping has a tenant column, given although it has none, or
    /// not representable in the storage of the column;
    /// more than [`Dialect::MAX_PARAMETERS`] values.
    pub fn to_condition(
        &self,
        mapping: &CheckedMapping,
        dialect: Dialect,
    ) -> Result<Condition, SqlError> {
        self.condition(mapping, dialect, &mut Values::in_place())
    }

    /// [`Plan::to_condition`] for values in the condition or in a separate list.
    pub(super) fn condition(
        &self,
        mapping: &CheckedMapping,
        dialect: Dialect,
        values: &mut Values,
    ) -> Result<Condition, SqlError> {
        let mut compiler = Compiler::new(self.schema(), mapping, dialect, values)?;
        let expr = compiler.whole(self.root())?;
        let expr = match compiler.tenant_condition(&mapping.names().alias) {
            Some(tenant) => expr.for_tenant(dialect, tenant),
            None => expr,
        };
        let expr = match &mapping.names().condition {
            Some(condition) => {
                let condition = row_condition(condition, &mapping.names().alias, dialect);
                SqlExpr::chain(dialect, Connective::And, vec![SqlExpr::leaf(condition), expr])
            }
            None => expr,
        };
        match compiler.values.count {
            0..=Dialect::MAX_PARAMETERS => Ok(expr.into_condition()),
            _ => Err(SqlError::TooManyParameters),
        }
    }
}

/// The condition of a mapping on the rows of a table, with the alias of the table.
pub(super) fn row_condition(template: &str, alias: &DynIden, dialect: Dialect) -> Expr {
    Expr::cust(format!("({})", template.replace("{}", &dialect.quoted(&alias.to_string()))))
}

pub(super) struct Compiler<'a> {
    pub(super) schema: &'a Schema,
    pub(super) mapping: &'a CheckedMapping,
    pub(super) dialect: Dialect,
    tenant: Option<Tenant<'a>>,
    pub(super) values: &'a mut Values,
    /// The columns that another conjunct already restricts to a list of values. PostgreSQL before
    /// 17 searches an index once for every combination of two lists, so a second list has to be
    /// written in a form that no index supports.
    pub(super) listed: Vec<&'a str>,
}

/// The context of a node.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'a> {
    /// The attribute and the elements of the enclosing `attribute[...]`, which is about one row.
    pub(super) element: Option<(AttributeId, &'s Rows<'a>)>,
    /// True if the node is an operand of OR.
    pub(super) in_or: bool,
}

/// Flattens nested ANDs into one list of conjuncts.
pub(super) fn conjuncts<'n>(node: &'n Node, positive: bool, found: &mut Vec<(&'n Node, bool)>) {
    match (node, positive) {
        (Node::Not(child), _) => conjuncts(child, !positive, found),
        (Node::All(children), true) | (Node::Any(children), false) => {
            children.iter().for_each(|child| conjuncts(child, positive, found));
        }
        _ => found.push((node, positive)),
    }
}

/// Returns true if the node compares an attribute with a list of values.
fn is_list(node: &Node) -> bool {
    matches!(node, Node::Test(Test { predicate: Predicate::In(_), .. }))
}

impl<'a> Compiler<'a> {
    pub(super) fn new(
        schema: &'a Schema,
        mapping: &'a CheckedMapping,
        dialect: Dialect,
        values: &'a mut Values,
    ) -> Result<Self, SqlError> {
        let tenant = mapping.tenant(dialect)?;
        Ok(Self { schema, mapping, dialect, tenant, values, listed: Vec::new() })
    }

    /// A node that is not inside brackets.
    pub(super) fn whole(&mut self, node: &Node) -> Result<SqlExpr, SqlError> {
        self.node(node, true, Scope { element: None, in_or: false })
    }

    // The recursion is bounded: a plan is at most as deep as its filter, which `Limits` bounds.
    pub(super) fn node(
        &mut self,
        node: &Node,
        positive: bool,
        scope: Scope<'_, 'a>,
    ) -> Result<SqlExpr, SqlError> {
        let (children, connective) = match (node, positive) {
            (Node::Not(child), _) => return self.node(child, !positive, scope),
            (Node::Test(test), _) => return self.test(test, positive, scope),
            (Node::All(children), true) | (Node::Any(children), false) => {
                (children, Connective::And)
            }
            (Node::All(children), false) | (Node::Any(children), true) => {
                (children, Connective::Or)
            }
        };
        if connective == Connective::And {
            return self.all(node, positive, scope);
        }
        let (scope, listed) = (Scope { in_or: true, ..scope }, self.listed.len());
        let mut operands = Vec::with_capacity(children.len());
        for child in children {
            operands.push(self.node(child, positive, scope)?);
            self.listed.truncate(listed);
        }
        Ok(SqlExpr::chain(self.dialect, connective, operands))
    }

    /// A conjunction. Its lists are compiled first, because the other conjuncts need to know which
    /// columns are listed.
    fn all(
        &mut self,
        node: &Node,
        positive: bool,
        scope: Scope<'_, 'a>,
    ) -> Result<SqlExpr, SqlError> {
        let scope = Scope { in_or: false, ..scope };
        let mut children = Vec::new();
        conjuncts(node, positive, &mut children);
        let mut operands: Vec<Option<SqlExpr>> = children.iter().map(|_| None).collect();
        for lists in [true, false] {
            for (operand, (child, positive)) in
                operands.iter_mut().zip(&children).filter(|(_, (child, _))| is_list(child) == lists)
            {
                *operand = Some(self.node(child, *positive, scope)?);
            }
        }
        let operands = operands.into_iter().flatten().collect();
        Ok(SqlExpr::chain(self.dialect, Connective::And, operands))
    }

    pub(super) fn test(
        &mut self,
        test: &Test,
        positive: bool,
        scope: Scope<'_, 'a>,
    ) -> Result<SqlExpr, SqlError> {
        if let Some((test, negated)) = within_range(test) {
            return self.test(&test, positive != negated, scope);
        }
        self.values.count += 1;
        if test.attribute == AttributeId::ABSENT {
            return Ok(SqlExpr::constant(!positive));
        }
        let unknown = || SqlError::NoColumn(format!("#{}", test.attribute.index()).into());
        let attribute = self.schema.attribute(test.attribute).ok_or_else(unknown)?;
        if let Some((owner, rows)) = scope.element {
            let cell = match attribute.sub_attribute() {
                Some(sub) if attribute.parent() == Some(owner) => rows.cell(Some(sub)),
                _ if attribute.id() == owner => rows.cell(None),
                _ => None,
            };
            let cell = cell.ok_or_else(|| SqlError::about(SqlError::NoColumn, attribute))?;
            return self.cell_test(rows, &cell, attribute, test, positive);
        }
        match (&test.predicate, attribute.attribute_type()) {
            (Predicate::Element(inner), _) => self.element(attribute, inner, positive, scope.in_or),
            (_, AttributeType::Complex) => self.complex(attribute, positive, scope),
            _ if attribute.yields_many() => self.multi_valued(test, attribute, positive, scope),
            _ => {
                // PERF: most attributes have a column, which is found without a `Place`.
                let plain = self.mapping.column(attribute).filter(|column| column.is_plain());
                let place = match plain {
                    Some(column) => Place::Column(column),
                    None => self
                        .mapping
                        .place(attribute)
                        .ok_or_else(|| SqlError::about(SqlError::NoColumn, attribute))?,
                };
                match place {
                    Place::Column(column) if column.element.is_some() => Err(SqlError::Storage(
                        format!("`{attribute}` has one value, but its column is an array").into(),
                    )),
                    Place::Column(column) => {
                        let alias = self.mapping.names().alias.clone();
                        let expr = self.value_test(alias, column, attribute, test, positive)?;
                        Ok(self.list_once(expr, column.column.compared(attribute), test, positive))
                    }
                    Place::Json(place) => self.json_test(&place, attribute, test, positive),
                    Place::Related(join, column) => {
                        let (rows, alias) = (Rows::Related(join), self.mapping.join_alias());
                        let inner = self.value_test(alias, column, attribute, test, true)?;
                        Ok(self.has_row(&rows, inner, positive, scope.in_or))
                    }
                }
            }
        }
    }

    /// Tests a value inside a JSON column.
    fn json_test(
        &mut self,
        place: &JsonPlace<'_>,
        attribute: &Attribute,
        test: &Test,
        positive: bool,
    ) -> Result<SqlExpr, SqlError> {
        let stored = place.entry.and_then(|entry| entry.column.stored.as_ref());
        let value = self.mapping.json_value(self.dialect, place);
        value.test(attribute, stored, test, self.values, positive)
    }

    /// Tests a value in a row of a subquery.
    pub(super) fn cell_test(
        &mut self,
        rows: &Rows<'a>,
        cell: &Cell<'a>,
        attribute: &Attribute,
        test: &Test,
        positive: bool,
    ) -> Result<SqlExpr, SqlError> {
        let alias = self.row_alias(rows);
        match cell {
            Cell::Column(column) => {
                let expr = self.value_test(alias, column, attribute, test, positive)?;
                Ok(self.list_once(expr, column.column.compared(attribute), test, positive))
            }
            Cell::Json(path, entry) => {
                let stored = entry.and_then(|entry| entry.column.stored.as_ref());
                JsonValue::element(self.dialect, &alias.inner(), path).test(
                    attribute,
                    stored,
                    test,
                    self.values,
                    positive,
                )
            }
        }
    }

    /// The condition that a row of the table belongs to the tenant. It compares with a constant in
    /// every table instead of joining by the tenant: a database that distributes tenants over nodes
    /// then contacts only one.
    pub(super) fn tenant_condition(&mut self, table: &DynIden) -> Option<Expr> {
        let Tenant { column, value } = self.tenant.as_ref()?;
        let value: Expr = match value {
            TenantValue::String(tenant) => self.values.bind(self.dialect.bytewise(tenant)).into(),
            TenantValue::Stored(storage, param) => {
                operand(self.dialect, storage, self.values.bind(param.clone()).into(), false)
            }
        };
        Some(Expr::col((table.clone(), (*column).clone())).eq(value))
    }

    /// Tests the value in a column.
    pub(super) fn value_test(
        &mut self,
        table: DynIden,
        column: &MappedColumn,
        attribute: &Attribute,
        test: &Test,
        positive: bool,
    ) -> Result<SqlExpr, SqlError> {
        let nullable = column.column.nullable;
        self.nullable_test(table, column, attribute, test, positive, nullable)
    }

    /// Tests the value in a column that may be declared, or is known, not to be NULL.
    pub(super) fn nullable_test(
        &mut self,
        table: DynIden,
        column: &MappedColumn,
        attribute: &Attribute,
        test: &Test,
        positive: bool,
        nullable: bool,
    ) -> Result<SqlExpr, SqlError> {
        if let Some(storage) = &column.column.stored {
            storage.check(attribute, self.dialect)?;
            if !storage.is_text() {
                let expr = Expr::col((table, column.own.clone()));
                let (dialect, values) = (self.dialect, &mut *self.values);
                let value = StoredValue { dialect, expr, nullable, storage, values };
                return Ok(value.test(test, positive));
            }
        }
        let value =
            ColumnTest::new(self.dialect, table, column, attribute, test.case, self.values)?;
        Ok(if nullable { value } else { value.not_null() }.test(test, positive))
    }

    /// Marks the column as listed. Returns true if it was not yet, so that it may still use an
    /// index-friendly list.
    pub(super) fn may_list(&mut self, column: &'a str) -> bool {
        let first = !self.listed.contains(&column);
        if first {
            self.listed.push(column);
        }
        first
    }

    /// Hides a second list of the same column from the index, in PostgreSQL.
    fn list_once(
        &mut self,
        expr: SqlExpr,
        column: &'a str,
        test: &Test,
        positive: bool,
    ) -> SqlExpr {
        let list = positive
            && self.dialect == Dialect::Postgres
            && matches!(test.predicate, Predicate::In(_));
        match list && !self.may_list(column) {
            true => SqlExpr::leaf(Expr::cust_with_exprs("($1) IS TRUE", [expr.into_expr()])),
            false => expr,
        }
    }

    /// The attribute, for as long as the schema exists.
    pub(super) fn own(&self, attribute: &Attribute) -> Result<&'a Attribute, SqlError> {
        let unknown = || SqlError::about(SqlError::NoColumn, attribute);
        self.schema.attribute(attribute.id()).ok_or_else(unknown)
    }
}
