//! Tests on attributes with several values, and on complex attributes.

use super::condition::{Compiler, Scope};
use super::dialect::Dialect;
use super::error::SqlError;
use super::expr::{Connective, SqlExpr};
use super::names::MappedJoin;
use super::place::{Cell, Rows};
use super::rows::Contained;
use crate::plan::{Node, Predicate, Test};
use crate::schema::Attribute;

impl<'a> Compiler<'a> {
    /// `attribute[...]` on a multi-valued attribute: one row of its table has to satisfy all of it.
    pub(super) fn element(
        &mut self,
        attribute: &Attribute,
        inner: &Node,
        positive: bool,
        in_or: bool,
    ) -> Result<SqlExpr, SqlError> {
        let rows = self.rows(attribute)?;
        let contained = if positive { self.contains_element(&rows, inner) } else { None };
        if let Some(Contained::Exactly(contained)) = contained {
            return Ok(contained);
        }
        let scope = Scope { element: Some((attribute.id(), &rows)), in_or: false };
        let outer = std::mem::take(&mut self.listed);
        let inner = self.node(inner, true, scope)?;
        self.listed = outer;
        let has_row = self.has_row(&rows, inner, positive, in_or);
        Ok(self.with(contained, has_row))
    }

    /// Adds the condition that an index supports.
    fn with(&self, contained: Option<Contained>, has_row: SqlExpr) -> SqlExpr {
        match contained {
            Some(Contained::AtLeast(contained)) => {
                SqlExpr::chain(self.dialect, Connective::And, vec![contained, has_row])
            }
            _ => has_row,
        }
    }

    /// The elements of a multi-valued attribute.
    fn rows(&self, attribute: &Attribute) -> Result<Rows<'a>, SqlError> {
        let rows = self.mapping.rows(self.own(attribute)?);
        let rows = rows.ok_or_else(|| SqlError::about(SqlError::NoTable, attribute))?;
        self.check_rows(&rows, attribute)?;
        Ok(rows)
    }

    fn check_rows(&self, rows: &Rows<'_>, attribute: &Attribute) -> Result<(), SqlError> {
        match rows {
            Rows::Array(_) if self.dialect != Dialect::Postgres => Err(SqlError::Storage(
                format!(
                    "`{attribute}` is stored as an array, which {} does not have",
                    self.dialect
                )
                .into(),
            )),
            _ => Ok(()),
        }
    }

    /// `pr` on a complex attribute: it has a row, or one of its sub-attributes has a value.
    pub(super) fn complex(
        &mut self,
        attribute: &Attribute,
        positive: bool,
        scope: Scope<'_, 'a>,
    ) -> Result<SqlExpr, SqlError> {
        if attribute.yields_many() {
            let rows = self.rows(attribute)?;
            return Ok(SqlExpr::leaf(self.exists(&rows, None, positive)));
        }
        if let Some(join) = self.mapping.join(attribute) {
            return self.related(join, attribute, positive);
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

    /// `pr` on a complex attribute of a related row: one of the columns has a value.
    fn related(
        &mut self,
        join: &'a MappedJoin,
        attribute: &Attribute,
        positive: bool,
    ) -> Result<SqlExpr, SqlError> {
        let (rows, alias, schema) = (Rows::Related(join), self.mapping.join_alias(), self.schema);
        let mut operands = Vec::new();
        for part in schema.attributes().filter(|part| part.parent() == Some(attribute.id())) {
            let Some(column) = part.sub_attribute().and_then(|sub| join.sub_attribute(sub)) else {
                continue;
            };
            let test = Test::new(part.id(), part.case(), Predicate::Present);
            operands.push(self.value_test(alias.clone(), column, part, &test, true)?);
        }
        let any = SqlExpr::chain(self.dialect, Connective::Or, operands);
        Ok(SqlExpr::leaf(self.exists(&rows, Some(any), positive)))
    }

    /// A test on an attribute whose values are rows: of a child table or elements of a list.
    pub(super) fn multi_valued(
        &mut self,
        test: &Test,
        attribute: &Attribute,
        positive: bool,
        scope: Scope<'_, 'a>,
    ) -> Result<SqlExpr, SqlError> {
        let (attribute, schema) = (self.own(attribute)?, self.schema);
        let parent = attribute.parent().and_then(|parent| schema.attribute(parent));
        let Some((rows, cell)) = self.mapping.value_rows(attribute, parent) else {
            return Err(SqlError::about(SqlError::NoTable, attribute));
        };
        self.check_rows(&rows, attribute)?;
        let nullable = match &cell {
            Cell::Column(column) => column.column.nullable,
            // `rows` has no elements without a value.
            Cell::Json(path, _) => !path.is_empty(),
        };
        match &test.predicate {
            Predicate::Never => Ok(SqlExpr::constant(!positive)),
            Predicate::Present => {
                let value = self.cell_test(&rows, &cell, attribute, test, true)?;
                let present = nullable.then_some(value);
                Ok(SqlExpr::leaf(self.exists(&rows, present, positive)))
            }
            // True if some value differs or there is no value.
            Predicate::Differs(_) => {
                let differs = self.differs(&rows, &cell, attribute, test)?;
                let present = Test::new(test.attribute, test.case, Predicate::Present);
                let present = match nullable {
                    true => Some(self.cell_test(&rows, &cell, attribute, &present, true)?),
                    false => None,
                };
                let listed = self.listed.len();
                let some = self.has_row(&rows, differs, positive, scope.in_or || positive);
                self.listed.truncate(listed);
                let none = SqlExpr::leaf(self.exists(&rows, present, !positive));
                let (connective, operands) = match positive {
                    true => (Connective::Or, [some, none]),
                    false => (Connective::And, [none, some]),
                };
                Ok(SqlExpr::chain(self.dialect, connective, operands.into()))
            }
            _ => {
                let contained =
                    if positive { self.contains(&rows, &cell, attribute, test) } else { None };
                if let Some(Contained::Exactly(contained)) = contained {
                    return Ok(contained);
                }
                let inner = self.cell_test(&rows, &cell, attribute, test, true)?;
                let has_row = self.has_row(&rows, inner, positive, scope.in_or);
                Ok(self.with(contained, has_row))
            }
        }
    }

    /// True for values of rows that differ from the operand.
    fn differs(
        &mut self,
        rows: &Rows<'a>,
        cell: &Cell<'a>,
        attribute: &Attribute,
        test: &Test,
    ) -> Result<SqlExpr, SqlError> {
        match cell {
            Cell::Column(column) => {
                let alias = self.row_alias(rows);
                self.nullable_test(alias, column, attribute, test, true, false)
            }
            Cell::Json(..) => {
                let present = Test::new(test.attribute, test.case, Predicate::Present);
                let present = self.cell_test(rows, cell, attribute, &present, true)?;
                let differs = self.cell_test(rows, cell, attribute, test, true)?;
                Ok(SqlExpr::chain(self.dialect, Connective::And, vec![present, differs]))
            }
        }
    }
}
