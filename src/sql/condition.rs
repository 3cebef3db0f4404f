//! A plan as a condition.
//!
//! SQL knows a third truth value, and its NOT keeps it: `NOT (c = 'x')` drops the rows where `c` is NULL. So negation is pushed down to
//! the tests, where [`super::leaf`] adds what NULL wants; above them stand AND and OR alone, and there NULL counts as false. Wrapping
//! (`COALESCE`, `IS TRUE`) would be right too, but no index serves it.

use super::chain::{Join, Part};
use super::columns::CheckedMapping;
use super::dialect::Dialect;
use super::error::SqlError;
use super::leaf::Leaf;
use super::names::{Field, Table};
use super::values::Values;
use crate::plan::{Node, Plan, Predicate, Test};
use crate::schema::{Attribute, AttributeId, Schema};
use crate::value::{AttributeType, CaseSensitivity};
use sea_query::{Condition, DynIden, Expr, ExprTrait, Query, SelectStatement};

impl<R: ?Sized> Plan<R> {
    /// The plan as a condition on the table of the mapping, which the statement has to call by the mapping's alias. Every literal is
    /// bound. Where it is true is where [`Plan::matches`] is, given the columns hold what [`super::Column`] says.
    ///
    /// Build the statement with the sea-query builder of the same dialect.
    ///
    /// # Errors
    /// The mapping lacks a column that the plan asks for, or has one that cannot answer it; no tenant is named where the mapping tells them
    /// apart, or one is where it does not; more than [`Dialect::MAX_PARAMETERS`] values.
    pub fn to_condition(
        &self,
        columns: &CheckedMapping,
        dialect: Dialect,
    ) -> Result<Condition, SqlError> {
        self.condition(columns, dialect, &mut Values::in_place())
    }

    /// The same with its values where `values` puts them.
    pub(super) fn condition(
        &self,
        columns: &CheckedMapping,
        dialect: Dialect,
        values: &mut Values,
    ) -> Result<Condition, SqlError> {
        let tenant = columns.tenant()?;
        let mut compiler = Compiler {
            schema: self.schema(),
            columns,
            dialect,
            tenant,
            values,
            listed: Vec::new(),
        };
        let part = compiler.node(self.root(), true, Scope { element: None, in_or: false })?;
        let part = match compiler.of_tenant(&columns.names().alias) {
            Some(tenant) => part.for_tenant(dialect, tenant),
            None => part,
        };
        match compiler.values.count {
            0..=Dialect::MAX_PARAMETERS => Ok(part.into_condition()),
            _ => Err(SqlError::TooManyParameters),
        }
    }
}

struct Compiler<'a> {
    schema: &'a Schema,
    columns: &'a CheckedMapping,
    dialect: Dialect,
    /// The column that tells tenants apart, and the tenant.
    tenant: Option<(&'a DynIden, &'a str)>,
    values: &'a mut Values,
    /// The columns that have to be in a list already, by a condition beside or above this one. PostgreSQL (before 17) asks an index for
    /// every value of one list with every value of the other, so that what comes next has to be written so that no index serves it.
    listed: Vec<&'a str>,
}

/// Where a test stands.
#[derive(Clone, Copy)]
struct Scope<'a> {
    /// Inside the brackets of this attribute, about one row of its table.
    element: Option<(AttributeId, &'a Table)>,
    /// An alternative by itself.
    in_or: bool,
}

/// The operands of the chain of AND that the node is, those of a chain within it among them: PostgreSQL sees one chain.
fn operands<'n>(node: &'n Node, positive: bool, found: &mut Vec<(&'n Node, bool)>) {
    match (node, positive) {
        (Node::Not(child), _) => operands(child, !positive, found),
        (Node::All(children), true) | (Node::Any(children), false) => {
            children.iter().for_each(|child| operands(child, positive, found));
        }
        _ => found.push((node, positive)),
    }
}

/// Whether the operand of an AND is a list of values: looked at before those whose alternatives may ask for the same column.
fn is_list(node: &Node) -> bool {
    matches!(node, Node::Test(Test { predicate: Predicate::In(_), .. }))
}

impl<'a> Compiler<'a> {
    // The depth of a plan is that of its filter, which `Limits` bounds.
    fn node(&mut self, node: &Node, positive: bool, scope: Scope<'a>) -> Result<Part, SqlError> {
        let (children, join) = match (node, positive) {
            (Node::Not(child), _) => return self.node(child, !positive, scope),
            (Node::Test(test), _) => return self.test(test, positive, scope),
            (Node::All(children), true) | (Node::Any(children), false) => (children, Join::And),
            (Node::All(children), false) | (Node::Any(children), true) => (children, Join::Or),
        };
        if join == Join::And {
            return self.all(node, positive, scope);
        }
        let (scope, listed) = (Scope { in_or: true, ..scope }, self.listed.len());
        let mut parts = Vec::with_capacity(children.len());
        for child in children {
            parts.push(self.node(child, positive, scope)?);
            self.listed.truncate(listed);
        }
        Ok(Part::chain(self.dialect, join, parts))
    }

    /// What has to be true at the same time. What stands deeper has to know which columns the others list.
    fn all(&mut self, node: &Node, positive: bool, scope: Scope<'a>) -> Result<Part, SqlError> {
        let scope = Scope { in_or: false, ..scope };
        let mut children = Vec::new();
        operands(node, positive, &mut children);
        let mut parts: Vec<Option<Part>> = children.iter().map(|_| None).collect();
        for lists in [true, false] {
            for (part, (child, positive)) in
                parts.iter_mut().zip(&children).filter(|(_, (child, _))| is_list(child) == lists)
            {
                *part = Some(self.node(child, *positive, scope)?);
            }
        }
        Ok(Part::chain(self.dialect, Join::And, parts.into_iter().flatten().collect()))
    }

    fn test(&mut self, test: &Test, positive: bool, scope: Scope<'a>) -> Result<Part, SqlError> {
        self.values.count += 1;
        let unknown = || SqlError::NoColumn(format!("#{}", test.attribute.index()).into());
        let attribute = self.schema.attribute(test.attribute).ok_or_else(unknown)?;
        if let Some((owner, child)) = scope.element {
            let column = match attribute.sub_attribute() {
                Some(sub) if attribute.parent() == Some(owner) => child.sub_attribute(sub),
                _ if attribute.id() == owner => child.value.as_ref(),
                _ => None,
            };
            let column = column.ok_or_else(|| SqlError::about(SqlError::NoColumn, attribute))?;
            let part = self
                .leaf(self.columns.child_alias(), column, attribute, test.case)?
                .test(test, positive);
            return Ok(self.list_once(part, column.column.compared(attribute), test, positive));
        }
        match (&test.predicate, attribute.kind()) {
            (Predicate::Element(inner), _) => self.element(attribute, inner, positive, scope.in_or),
            (_, AttributeType::Complex) => self.complex(attribute, positive, scope),
            _ if attribute.yields_many() => self.many(test, attribute, positive, scope),
            _ => {
                let column = self
                    .columns
                    .column(attribute)
                    .ok_or_else(|| SqlError::about(SqlError::NoColumn, attribute))?;
                let part = self
                    .leaf(self.columns.names().alias.clone(), column, attribute, test.case)?
                    .test(test, positive);
                Ok(self.list_once(part, column.column.compared(attribute), test, positive))
            }
        }
    }

    /// That a row of the table is the tenant's. Every table is asked so by a constant of its own, and not by a join: keys mean nothing
    /// outside a tenant, and a database that spreads tenants over machines needs to ask one alone.
    fn of_tenant(&mut self, table: &DynIden) -> Option<Expr> {
        let (column, value) = self.tenant?;
        Some(
            Expr::col((table.clone(), column.clone()))
                .eq(self.values.bind(self.dialect.bytewise(value))),
        )
    }

    fn leaf(
        &mut self,
        table: DynIden,
        field: &Field,
        attribute: &Attribute,
        case: CaseSensitivity,
    ) -> Result<Leaf<'_>, SqlError> {
        Leaf::new(self.dialect, table, field, attribute, case, self.values)
    }

    /// Whether an index may be asked for this column by a list.
    fn may_list(&mut self, column: &'a str) -> bool {
        let first = !self.listed.contains(&column);
        if first {
            self.listed.push(column);
        }
        first
    }

    fn list_once(&mut self, part: Part, column: &'a str, test: &Test, positive: bool) -> Part {
        let list = positive
            && self.dialect == Dialect::Postgres
            && matches!(test.predicate, Predicate::In(_));
        match list && !self.may_list(column) {
            true => Part::leaf(Expr::cust_with_exprs("($1) IS TRUE", [part.into_expr()])),
            false => part,
        }
    }

    /// `attribute[...]` on an attribute with several values: one row of its table answers all of it.
    fn element(
        &mut self,
        attribute: &Attribute,
        inner: &Node,
        positive: bool,
        in_or: bool,
    ) -> Result<Part, SqlError> {
        let columns = self.columns;
        let Some(child) = columns.element_table(attribute) else {
            return Err(SqlError::about(SqlError::NoTable, attribute));
        };
        let within = Scope { element: Some((attribute.id(), child)), in_or: false };
        let outside = std::mem::take(&mut self.listed);
        let inner = self.node(inner, true, within)?;
        self.listed = outside;
        Ok(self.rows(child, inner, positive, in_or))
    }

    /// Whether a complex attribute is there: it has a row, or one of its sub-attributes has a value.
    fn complex(
        &mut self,
        attribute: &Attribute,
        positive: bool,
        scope: Scope<'a>,
    ) -> Result<Part, SqlError> {
        if let Some(child) = self.columns.element_table(attribute) {
            return Ok(Part::leaf(self.exists(child, None, positive)));
        }
        if attribute.yields_many() {
            return Err(SqlError::about(SqlError::NoTable, attribute));
        }
        let mut parts = Vec::new();
        for part in self.schema.attributes().filter(|part| part.parent() == Some(attribute.id())) {
            let test = Test::new(part.id(), part.case(), Predicate::Present);
            parts.push(self.test(&test, positive, scope)?);
        }
        if parts.is_empty() {
            return Err(SqlError::about(SqlError::NoColumn, attribute));
        }
        Ok(Part::chain(self.dialect, if positive { Join::Or } else { Join::And }, parts))
    }

    /// A test on the values of an attribute that has a row for each.
    fn many(
        &mut self,
        test: &Test,
        attribute: &Attribute,
        positive: bool,
        scope: Scope<'a>,
    ) -> Result<Part, SqlError> {
        let columns = self.columns;
        let Some((child, column)) = columns.value_table(attribute) else {
            return Err(SqlError::about(SqlError::NoTable, attribute));
        };
        let table = columns.child_alias();
        let leaf = self.leaf(table.clone(), column, attribute, test.case)?;
        match &test.predicate {
            Predicate::Never => Ok(Part::constant(!positive)),
            Predicate::Present => {
                let value = column.column.nullable.then(|| leaf.test(test, true));
                Ok(Part::leaf(self.exists(child, value, positive)))
            }
            // Some value differs, or there is none; and its opposite.
            Predicate::Differs(_) => {
                let differs = leaf.not_null().test(test, true);
                let present = Test::new(test.attribute, test.case, Predicate::Present);
                let value = match column.column.nullable {
                    true => {
                        Some(self.leaf(table, column, attribute, test.case)?.test(&present, true))
                    }
                    false => None,
                };
                let listed = self.listed.len();
                let some = self.rows(child, differs, positive, scope.in_or || positive);
                self.listed.truncate(listed);
                let none = Part::leaf(self.exists(child, value, !positive));
                let (join, parts) =
                    if positive { (Join::Or, [some, none]) } else { (Join::And, [none, some]) };
                Ok(Part::chain(self.dialect, join, parts.into()))
            }
            _ => {
                let inner = leaf.test(test, true);
                Ok(self.rows(child, inner, positive, scope.in_or))
            }
        }
    }

    /// Whether a row of the child table makes `inner` true (or none does, unless `positive`).
    fn rows(&mut self, child: &Table, inner: Part, positive: bool, in_or: bool) -> Part {
        if !positive {
            // Not `NOT IN`, for which one NULL is enough to be never true.
            return Part::leaf(self.exists(child, Some(inner), false));
        }
        // Not EXISTS: SQLite would run it once a row. Not a join: that repeats rows, and cannot be negated.
        let names = self.columns.names();
        let key = Expr::col((names.alias.clone(), names.key.clone()));
        let mut select = self.select(child);
        select
            .column((self.columns.child_alias(), child.owner.clone()))
            .and_where(inner.into_expr());
        // PostgreSQL asks an index for an alternative only where the list is there before: it is an array that is made once. It is no set,
        // though: beside other conditions every row found would be looked for from its start.
        let array = in_or
            && self.dialect == Dialect::Postgres
            && self.may_list(&self.columns.mapping().key);
        Part::leaf(match array {
            true => Expr::cust_with_exprs(
                "$1 = ANY (ARRAY $2)",
                [key, Expr::SubQuery(None, Box::new(select.into()))],
            ),
            false => key.in_subquery(select),
        })
    }

    fn exists(&mut self, child: &Table, inner: Option<Part>, positive: bool) -> Expr {
        let names = self.columns.names();
        let mut select = self.select(child);
        select.expr(Expr::Constant(1.into())).and_where(
            Expr::col((self.columns.child_alias(), child.owner.clone()))
                .equals((names.alias.clone(), names.key.clone())),
        );
        if let Some(inner) = inner {
            select.and_where(inner.into_expr());
        }
        let exists = Expr::exists(select);
        if positive { exists } else { exists.not() }
    }

    fn select(&mut self, child: &Table) -> SelectStatement {
        let alias = self.columns.child_alias();
        let mut select = Query::select();
        select.from_as(child.name.clone(), alias.clone());
        if let Some(tenant) = self.of_tenant(&alias) {
            select.and_where(tenant);
        }
        select
    }
}
