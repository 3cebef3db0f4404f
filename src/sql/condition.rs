//! A plan as a condition.
//!
//! SQL has three truth values, and its NOT keeps the third: `NOT (c = 'x')` excludes the rows whose
//! `c` is NULL. So negation is pushed down to the tests, and [`super::column_test`] handles NULL
//! there. Above them are only AND and OR, for which NULL counts as false. Wrapping with `COALESCE`
//! or `IS TRUE` would be correct too, but no index supports it.

use super::checked_mapping::CheckedMapping;
use super::column_range::within_range;
use super::column_test::ColumnTest;
use super::dialect::Dialect;
use super::error::SqlError;
use super::expr::{Connective, SqlExpr};
use super::names::{MappedColumn, MappedTable};
use super::values::Values;
use crate::plan::{Node, Plan, Predicate, Test};
use crate::schema::{Attribute, AttributeId, Schema};
use crate::value::{AttributeType, CaseSensitivity};
use sea_query::{Condition, DynIden, Expr, ExprTrait, Query, SelectStatement};

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
    /// a tenant is missing although the mapping has a tenant column, or given although it has none;
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
        let tenant = mapping.tenant()?;
        let mut compiler = Compiler {
            schema: self.schema(),
            mapping,
            dialect,
            tenant,
            values,
            listed: Vec::new(),
        };
        let expr = compiler.node(self.root(), true, Scope { element: None, in_or: false })?;
        let expr = match compiler.tenant_condition(&mapping.names().alias) {
            Some(tenant) => expr.for_tenant(dialect, tenant),
            None => expr,
        };
        match compiler.values.count {
            0..=Dialect::MAX_PARAMETERS => Ok(expr.into_condition()),
            _ => Err(SqlError::TooManyParameters),
        }
    }
}

struct Compiler<'a> {
    schema: &'a Schema,
    mapping: &'a CheckedMapping,
    dialect: Dialect,
    /// The tenant column with the tenant.
    tenant: Option<(&'a DynIden, &'a str)>,
    values: &'a mut Values,
    /// The columns that another conjunct already restricts to a list of values. PostgreSQL before
    /// 17 searches an index once for every combination of two lists, so a second list has to be
    /// written in a form that no index supports.
    listed: Vec<&'a str>,
}

/// The context of a node.
#[derive(Clone, Copy)]
struct Scope<'a> {
    /// The attribute and the table of the enclosing `attribute[...]`, which is about one row.
    element: Option<(AttributeId, &'a MappedTable)>,
    /// True if the node is an operand of OR.
    in_or: bool,
}

/// Flattens nested ANDs into one list of conjuncts.
fn conjuncts<'n>(node: &'n Node, positive: bool, found: &mut Vec<(&'n Node, bool)>) {
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
    // The recursion is bounded: a plan is at most as deep as its filter, which `Limits` bounds.
    fn node(&mut self, node: &Node, positive: bool, scope: Scope<'a>) -> Result<SqlExpr, SqlError> {
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
    fn all(&mut self, node: &Node, positive: bool, scope: Scope<'a>) -> Result<SqlExpr, SqlError> {
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

    fn test(&mut self, test: &Test, positive: bool, scope: Scope<'a>) -> Result<SqlExpr, SqlError> {
        if let Some((test, negated)) = within_range(test) {
            return self.test(&test, positive != negated, scope);
        }
        self.values.count += 1;
        if test.attribute == AttributeId::ABSENT {
            return Ok(SqlExpr::constant(!positive));
        }
        let unknown = || SqlError::NoColumn(format!("#{}", test.attribute.index()).into());
        let attribute = self.schema.attribute(test.attribute).ok_or_else(unknown)?;
        if let Some((owner, child)) = scope.element {
            let column = match attribute.sub_attribute() {
                Some(sub) if attribute.parent() == Some(owner) => child.sub_attribute(sub),
                _ if attribute.id() == owner => child.value.as_ref(),
                _ => None,
            };
            let column = column.ok_or_else(|| SqlError::about(SqlError::NoColumn, attribute))?;
            let expr = self
                .column_test(self.mapping.child_alias(), column, attribute, test.case)?
                .test(test, positive);
            return Ok(self.list_once(expr, column.column.compared(attribute), test, positive));
        }
        match (&test.predicate, attribute.attribute_type()) {
            (Predicate::Element(inner), _) => self.element(attribute, inner, positive, scope.in_or),
            (_, AttributeType::Complex) => self.complex(attribute, positive, scope),
            _ if attribute.yields_many() => self.multi_valued(test, attribute, positive, scope),
            _ => {
                let column = self
                    .mapping
                    .column(attribute)
                    .ok_or_else(|| SqlError::about(SqlError::NoColumn, attribute))?;
                let alias = self.mapping.names().alias.clone();
                let expr =
                    self.column_test(alias, column, attribute, test.case)?.test(test, positive);
                Ok(self.list_once(expr, column.column.compared(attribute), test, positive))
            }
        }
    }

    /// The condition that a row of the table belongs to the tenant. It compares with a constant in
    /// every table instead of joining by the tenant: a database that distributes tenants over nodes
    /// then contacts only one.
    fn tenant_condition(&mut self, table: &DynIden) -> Option<Expr> {
        let (column, value) = self.tenant?;
        Some(
            Expr::col((table.clone(), column.clone()))
                .eq(self.values.bind(self.dialect.bytewise(value))),
        )
    }

    fn column_test(
        &mut self,
        table: DynIden,
        column: &MappedColumn,
        attribute: &Attribute,
        case: CaseSensitivity,
    ) -> Result<ColumnTest<'_>, SqlError> {
        ColumnTest::new(self.dialect, table, column, attribute, case, self.values)
    }

    /// Marks the column as listed. Returns true if it was not yet, so that it may still use an
    /// index-friendly list.
    fn may_list(&mut self, column: &'a str) -> bool {
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

    /// `attribute[...]` on a multi-valued attribute: one row of its table has to satisfy all of it.
    fn element(
        &mut self,
        attribute: &Attribute,
        inner: &Node,
        positive: bool,
        in_or: bool,
    ) -> Result<SqlExpr, SqlError> {
        let mapping = self.mapping;
        let Some(child) = mapping.element_table(attribute) else {
            return Err(SqlError::about(SqlError::NoTable, attribute));
        };
        let scope = Scope { element: Some((attribute.id(), child)), in_or: false };
        let outer = std::mem::take(&mut self.listed);
        let inner = self.node(inner, true, scope)?;
        self.listed = outer;
        Ok(self.has_row(child, inner, positive, in_or))
    }

    /// `pr` on a complex attribute: it has a row, or one of its sub-attributes has a value.
    fn complex(
        &mut self,
        attribute: &Attribute,
        positive: bool,
        scope: Scope<'a>,
    ) -> Result<SqlExpr, SqlError> {
        if let Some(child) = self.mapping.element_table(attribute) {
            return Ok(SqlExpr::leaf(self.exists(child, None, positive)));
        }
        if attribute.yields_many() {
            return Err(SqlError::about(SqlError::NoTable, attribute));
        }
        let mut operands = Vec::new();
        let is_part = |part: &&Attribute| part.parent() == Some(attribute.id());
        for part in self.schema.attributes().filter(is_part) {
            let test = Test::new(part.id(), part.case(), Predicate::Present);
            operands.push(self.test(&test, positive, scope)?);
        }
        if operands.is_empty() {
            return Err(SqlError::about(SqlError::NoColumn, attribute));
        }
        let connective = if positive { Connective::Or } else { Connective::And };
        Ok(SqlExpr::chain(self.dialect, connective, operands))
    }

    /// A test on an attribute whose values are rows of a child table.
    fn multi_valued(
        &mut self,
        test: &Test,
        attribute: &Attribute,
        positive: bool,
        scope: Scope<'a>,
    ) -> Result<SqlExpr, SqlError> {
        let mapping = self.mapping;
        let Some((child, column)) = mapping.value_table(attribute) else {
            return Err(SqlError::about(SqlError::NoTable, attribute));
        };
        let table = mapping.child_alias();
        let value = self.column_test(table.clone(), column, attribute, test.case)?;
        match &test.predicate {
            Predicate::Never => Ok(SqlExpr::constant(!positive)),
            Predicate::Present => {
                let present = column.column.nullable.then(|| value.test(test, true));
                Ok(SqlExpr::leaf(self.exists(child, present, positive)))
            }
            // True if some value differs or there is no value.
            Predicate::Differs(_) => {
                let differs = value.not_null().test(test, true);
                let present = Test::new(test.attribute, test.case, Predicate::Present);
                let present = match column.column.nullable {
                    true => {
                        let value = self.column_test(table, column, attribute, test.case)?;
                        Some(value.test(&present, true))
                    }
                    false => None,
                };
                let listed = self.listed.len();
                let some = self.has_row(child, differs, positive, scope.in_or || positive);
                self.listed.truncate(listed);
                let none = SqlExpr::leaf(self.exists(child, present, !positive));
                let (connective, operands) = match positive {
                    true => (Connective::Or, [some, none]),
                    false => (Connective::And, [none, some]),
                };
                Ok(SqlExpr::chain(self.dialect, connective, operands.into()))
            }
            _ => {
                let inner = value.test(test, true);
                Ok(self.has_row(child, inner, positive, scope.in_or))
            }
        }
    }

    /// True if a row of the child table satisfies `inner`; unless `positive`, if none does.
    fn has_row(
        &mut self,
        child: &MappedTable,
        inner: SqlExpr,
        positive: bool,
        in_or: bool,
    ) -> SqlExpr {
        if !positive {
            // `NOT IN` is never true if the subquery returns a NULL.
            return SqlExpr::leaf(self.exists(child, Some(inner), false));
        }
        // SQLite would run EXISTS once per row. A join repeats rows and cannot be negated.
        let names = self.mapping.names();
        let key = Expr::col((names.alias.clone(), names.key.clone()));
        let mut select = self.select(child);
        select
            .column((self.mapping.child_alias(), child.owner.clone()))
            .and_where(inner.into_expr());
        // In an OR, PostgreSQL uses an index only if the list is computed beforehand, as an array
        // is. Outside of it an array is worse than IN: it is not hashed, so every row that the
        // other conditions find would be compared with its elements one by one.
        let array = in_or
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

    fn exists(&mut self, child: &MappedTable, inner: Option<SqlExpr>, positive: bool) -> Expr {
        let names = self.mapping.names();
        let mut select = self.select(child);
        select.expr(Expr::Constant(1.into())).and_where(
            Expr::col((self.mapping.child_alias(), child.owner.clone()))
                .equals((names.alias.clone(), names.key.clone())),
        );
        if let Some(inner) = inner {
            select.and_where(inner.into_expr());
        }
        let exists = Expr::exists(select);
        if positive { exists } else { exists.not() }
    }

    /// Selects the tenant's rows of a child table, without columns yet.
    fn select(&mut self, child: &MappedTable) -> SelectStatement {
        let alias = self.mapping.child_alias();
        let mut select = Query::select();
        select.from_as(child.name.clone(), alias.clone());
        if let Some(tenant) = self.tenant_condition(&alias) {
            select.and_where(tenant);
        }
        select
    }
}
