//! Conditions on the elements of a multi-valued attribute, and on related rows.

use super::condition::{Compiler, conjuncts, row_condition};
use super::dialect::Dialect;
use super::expr::{Connective, SqlExpr};
use super::json_value::JsonValue;
use super::literal::array_contains;
use super::place::{Cell, Rows};
use super::values::Param;
use crate::plan::{Node, Predicate, Test};
use crate::schema::Attribute;
use crate::value::{AttributeType, CaseSensitivity, Value};
use sea_query::{
    BinOper, DynIden, Expr, ExprTrait, Func, LogicalChainOper, Query, SelectStatement,
};

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
        if self.mapping.has_few_rows() {
            return SqlExpr::leaf(self.exists(rows, Some(inner), true));
        }
        let names = self.mapping.names();
        let (outer, column) = match rows {
            Rows::Child(child) => (&child.link.0, &child.link.1),
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
        let (mut select, own) = self.select(rows);
        select.column((self.row_alias(rows), column.clone()));
        restrict(&mut select, both(own, Some(inner.into_expr())));
        // In an OR, PostgreSQL uses an index only if the list is computed beforehand, as an array
        // is. Outside of it an array is worse than IN: it is not hashed, so every row that the
        // other conditions find would be compared with its elements one by one.
        let array = match rows {
            Rows::Child(child) if in_or && self.dialect == Dialect::Postgres => {
                self.may_list(&child.referenced)
            }
            _ => false,
        };
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
        let (mut select, own) = self.select(rows);
        select.expr(Expr::Constant(1.into()));
        let linked = both(own, self.linked(rows));
        restrict(&mut select, both(linked, inner.map(SqlExpr::into_expr)));
        if self.mapping.has_few_rows() && self.dialect == Dialect::Postgres {
            // Without OFFSET, PostgreSQL may search for all rows at once.
            select.offset(0);
        }
        let exists = Expr::exists(select);
        if positive { exists } else { exists.not() }
    }

    /// The condition that a row belongs to the resource.
    fn linked(&self, rows: &Rows<'a>) -> Option<Expr> {
        let (alias, names) = (self.row_alias(rows), self.mapping.names());
        let pairs = match rows {
            Rows::Child(child) => std::slice::from_ref(&child.link),
            Rows::Related(join) => &join.on[..],
            Rows::Array(_) | Rows::Json { .. } => &[],
        };
        let equal = |(own, column): &(DynIden, DynIden)| {
            Expr::col((alias.clone(), column.clone())).equals((names.alias.clone(), own.clone()))
        };
        pairs.iter().map(equal).reduce(Expr::and)
    }

    /// The value in the related row, as a scalar subquery.
    pub(super) fn related_value(&mut self, rows: &Rows<'a>, value: Expr) -> Expr {
        let (mut select, own) = self.select(rows);
        restrict(&mut select, both(own, self.linked(rows)));
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

    /// A selection without columns yet, and the condition of the tenant's rows.
    fn select(&mut self, rows: &Rows<'a>) -> (SelectStatement, Option<Expr>) {
        let (alias, names) = (self.row_alias(rows), self.mapping.names());
        let mut select = Query::select();
        let (table, condition) = match rows {
            Rows::Child(child) => (&child.name, &child.condition),
            Rows::Related(join) => (&join.name, &join.condition),
            Rows::Array(column) => {
                let array = Expr::col((names.alias.clone(), column.own.clone()));
                select.from_function(Func::cust("unnest").arg(array), alias.clone());
                return (select, Some(Expr::col((alias.clone(), alias)).is_not_null()));
            }
            Rows::Json { list, .. } => {
                let list = self.mapping.json_value(self.dialect, list);
                select.from_function(list.elements(), alias.clone());
                let element = JsonValue::element(self.dialect, &alias.inner(), &[]);
                return (select, Some(element.present(true).into_expr()));
            }
        };
        select.from_as(table.clone(), alias.clone());
        let tenant = self.tenant_condition(&alias);
        let condition =
            condition.as_deref().map(|condition| row_condition(condition, &alias, self.dialect));
        (select, both(tenant, condition))
    }

    /// Equality with a value of a list in a column, which a GIN index supports.
    pub(super) fn contains(
        &mut self,
        rows: &Rows<'a>,
        cell: &Cell<'a>,
        attribute: &Attribute,
        test: &Test,
    ) -> Option<Contained> {
        let list = match &test.predicate {
            Predicate::Equal(value) => std::slice::from_ref(value),
            Predicate::In(list) => list,
            _ => return None,
        };
        if let Rows::Array(column) = rows {
            let alias = &self.mapping.names().alias;
            let array = Expr::col((alias.clone(), column.own.clone()));
            return array_contains(column, array, attribute, test.case, list, self.values)
                .map(Contained::Exactly);
        }
        let exact = test.case == CaseSensitivity::Exact;
        if !exact && list.len() > MAX_FOLDED {
            return None;
        }
        let value = |value| ElementTest::new(cell, attribute, test.case, value);
        let tests: Option<Vec<ElementTest<'_>>> = list.iter().map(value).collect();
        let contained = self.contains_elements(rows, tests?.into_iter().map(|test| vec![test]))?;
        Some(if exact { Contained::Exactly(contained) } else { Contained::AtLeast(contained) })
    }

    /// An element with equal values of several of its members, as [`Compiler::contains`].
    pub(super) fn contains_element(&mut self, rows: &Rows<'a>, inner: &Node) -> Option<Contained> {
        if !matches!(rows, Rows::Json { .. }) {
            return None;
        }
        let mut nodes = Vec::new();
        conjuncts(inner, true, &mut nodes);
        let mut tests: Vec<ElementTest<'_>> = Vec::new();
        let mut exactly = true;
        for (node, positive) in nodes {
            let test = match node {
                Node::Test(test) if positive => self.element_test(rows, test),
                _ => None,
            };
            // A member occurs once in a document.
            match test.filter(|test| !tests.iter().any(|other| other.member() == test.member())) {
                Some(test) => {
                    exactly &= test.case == CaseSensitivity::Exact;
                    tests.push(test);
                }
                None => exactly = false,
            }
        }
        if tests.is_empty() {
            return None;
        }
        let contained = self.contains_elements(rows, std::iter::once(tests))?;
        Some(if exactly { Contained::Exactly(contained) } else { Contained::AtLeast(contained) })
    }

    fn element_test(&self, rows: &Rows<'a>, test: &Test) -> Option<ElementTest<'a>> {
        let Predicate::Equal(value) = &test.predicate else { return None };
        let attribute = self.schema.attribute(test.attribute)?;
        let cell = rows.cell(attribute.sub_attribute())?;
        ElementTest::new(&cell, attribute, test.case, value)
    }

    /// True if the list contains an element with these values, for one of the alternatives.
    fn contains_elements(
        &mut self,
        rows: &Rows<'a>,
        alternatives: impl Iterator<Item = Vec<ElementTest<'a>>>,
    ) -> Option<SqlExpr> {
        let Rows::Json { list, .. } = rows else { return None };
        if self.dialect != Dialect::Postgres {
            return None;
        }
        let mut operands = Vec::new();
        for tests in alternatives {
            // Most lists contain one of two Booleans.
            if !tests.iter().any(|test| test.selective) {
                return None;
            }
            let exact = tests.iter().all(|test| test.case == CaseSensitivity::Exact);
            // The lists themselves are folded, not the documents, whose other members are longer.
            let path = if exact { &list.path[..] } else { &[] };
            for document in documents(path, &tests) {
                let bound = Func::cast_as(self.values.bind(Param::Text(document)), "text");
                let (list, document) = match exact {
                    true => {
                        let alias = self.mapping.names().alias.clone();
                        let list = Expr::col((alias, list.column.to_owned()));
                        (list, Expr::from(Func::cast_as(bound, "jsonb")))
                    }
                    false => {
                        let list = self.mapping.json_value(self.dialect, list);
                        let lower = |expr: Expr| Func::cast_as(Func::lower(expr), "jsonb").into();
                        let text = Func::cast_as(list.json(), "text").into();
                        (lower(text), lower(bound.into()))
                    }
                };
                operands.push(SqlExpr::leaf(list.binary(BinOper::Custom("@>"), document)));
            }
        }
        Some(SqlExpr::chain(self.dialect, Connective::Or, operands))
    }
}

/// Adds the WHERE clause.
pub(super) fn restrict(select: &mut SelectStatement, condition: Option<Expr>) {
    // PERF: `and_where` would clone the condition. Bench items: SQL F7 and text to SQL, own tables
    // (`cargo bench --manifest-path benches/peers/Cargo.toml -- --only sql`).
    if let Some(condition) = condition {
        select.and_or_where(LogicalChainOper::And(condition));
    }
}

/// The conjunction of the conditions that there are.
fn both(first: Option<Expr>, second: Option<Expr>) -> Option<Expr> {
    match (first, second) {
        (Some(first), Some(second)) => Some(first.and(second)),
        (first, second) => first.or(second),
    }
}

/// Maximum number of operands that are sought in a folded list.
const MAX_FOLDED: usize = 16;

/// A condition on a whole list, which a GIN index supports.
pub(super) enum Contained {
    /// True for the same rows as the conditions on an element.
    Exactly(SqlExpr),
    /// True for these rows and possibly for others.
    AtLeast(SqlExpr),
}

/// An equality of a value in an element of a JSON array.
struct ElementTest<'a> {
    path: Vec<&'a str>,
    case: CaseSensitivity,
    /// The value in JSON.
    json: String,
    /// True if few elements have the value.
    selective: bool,
}

impl<'a> ElementTest<'a> {
    fn member(&self) -> Option<&'a str> {
        self.path.first().copied()
    }

    /// Returns `None` for values that are stored in another form.
    fn new(
        cell: &Cell<'a>,
        attribute: &Attribute,
        case: CaseSensitivity,
        value: &Value,
    ) -> Option<Self> {
        let Cell::Json(path, entry) = cell else { return None };
        if entry.is_some_and(|entry| entry.column.stored.is_some()) {
            return None;
        }
        let (case, json, selective) = match (value, attribute.attribute_type()) {
            (Value::Text(text), AttributeType::String | AttributeType::Reference) => {
                (case, json_string(text), true)
            }
            (Value::Boolean(boolean), AttributeType::Boolean) => {
                (CaseSensitivity::Exact, boolean.to_string(), false)
            }
            _ => return None,
        };
        Some(Self { path: path.clone(), case, json, selective })
    }
}

/// The documents that contain an element in a list at that path, or as a single value instead.
fn documents(list: &[&str], tests: &[ElementTest<'_>]) -> [String; 2] {
    let within = |path: &[&str], inner: String| {
        path.iter().rev().fold(inner, |inner, name| format!("{{{}:{inner}}}", json_string(name)))
    };
    let members = tests.iter().filter_map(|test| {
        let (name, path) = test.path.split_first()?;
        Some(format!("{}:{}", json_string(name), within(path, test.json.clone())))
    });
    let members = members.collect::<Vec<_>>().join(",");
    let element = match tests {
        // The element itself is the value.
        [test] if test.path.is_empty() => test.json.clone(),
        _ => format!("{{{members}}}"),
    };
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
