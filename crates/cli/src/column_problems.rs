//! Compares the columns of a mapping with those of a live database.

use crate::catalogue::{Catalogue, LiveColumn};
use crate::column_types::{Expectation, string_types, types};
use scieve::sql::{
    ArrayElements, Column, Dialect, Mapping, NativeComparison, Storage, StringComparison,
    case_fold_agrees,
};
use scieve::{AttributeType, Schema};
use serde::Serialize;
use std::collections::BTreeMap;

/// A column that is not as the mapping declares.
#[derive(Serialize)]
pub(crate) struct ColumnProblem {
    pub(crate) table: String,
    /// Empty if the problem is about the table.
    pub(crate) column: String,
    pub(crate) problem: String,
}

/// The columns that a table has to have.
struct Table<'m> {
    schema: Option<&'m str>,
    name: &'m str,
    columns: Vec<Expected<'m>>,
}

/// Returns everything in which the tables of the database differ from the mapping.
pub(crate) async fn column_problems(
    mapping: &Mapping,
    attributes: &Schema,
    catalogue: &mut Catalogue,
) -> Result<Vec<ColumnProblem>, String> {
    let mut problems: Vec<ColumnProblem> = Vec::new();
    let mut report = |table: &str, column: &str, problem: String| {
        let is_known = problems.iter().any(|known| {
            known.table == table && known.column == column && known.problem == problem
        });
        if !is_known {
            problems.push(ColumnProblem { table: table.into(), column: column.into(), problem });
        }
    };
    for Table { schema, name, columns } in tables(mapping, attributes) {
        let live = catalogue.columns(schema, name).await?;
        if live.is_empty() {
            report(name, "", "the table does not exist".to_owned());
            continue;
        }
        for expected in columns {
            let Some(found) = live.iter().find(|column| column.name == expected.name) else {
                report(name, expected.name, "the column does not exist".to_owned());
                continue;
            };
            let mut found = expected.problems(found, catalogue.dialect());
            if found.is_empty()
                && let Some(stored) = catalogue.stored_types(name, expected.name).await?
            {
                found.extend(expected.stored_problem(&stored));
            }
            for problem in found {
                report(name, expected.name, problem);
            }
        }
    }
    if folds(mapping)
        && !catalogue.unicode_version().await.is_some_and(|version| case_fold_agrees(&version))
    {
        let version = scieve::FOLD_VERSION;
        let problem =
            format!("`case_fold` needs PostgreSQL 18 with the Unicode version of {version}");
        report(&mapping.table, "", problem);
    }
    Ok(problems)
}

/// Returns the tables of a mapping, first that of the resource.
fn tables<'m>(mapping: &'m Mapping, attributes: &Schema) -> Vec<Table<'m>> {
    let schema = mapping.database_schema.as_deref();
    let text = &mapping.text;
    let tenant = mapping.tenant_column.as_deref().map(|column| Expected {
        kind: Kind::Stored(mapping.tenant_stored.clone().unwrap_or(Storage::Text)),
        ..Expected::name(column)
    });
    let key = match (&mapping.key_stored, mapping.key_type) {
        (Some(storage), _) => storage.clone(),
        (None, AttributeType::Integer) => Storage::Integer,
        (None, _) => Storage::Text,
    };
    let key = Expected { kind: Kind::Stored(key), ..Expected::name(&mapping.key) };
    let type_of = |path: &str| attributes.find_path(path).map(scieve::Attribute::attribute_type);
    let parts = |path: &str, columns: &'m BTreeMap<String, Column>| {
        let of = |(name, column): (&String, &'m Column)| {
            Expected::of(column, type_of(&format!("{path}.{name}")), text)
        };
        columns.iter().flat_map(of).collect::<Vec<_>>()
    };
    let document = |column| Expected { kind: Kind::Json, ..Expected::name(column) };
    let mut own: Vec<Expected<'m>> = vec![key];
    own.extend(tenant.clone());
    own.extend(mapping.document.as_deref().map(document));
    for (path, column) in &mapping.attributes {
        own.extend(Expected::of(column, type_of(path), text));
    }
    let mut others = Vec::new();
    for (path, child) in &mapping.children {
        if let Some(column) = &child.column {
            own.push(document(column));
            continue;
        }
        own.extend(child.references.as_deref().map(Expected::name));
        let mut columns = vec![Expected::name(&child.owner)];
        columns.extend(tenant.clone());
        columns.extend(child.value.iter().flat_map(|it| Expected::of(it, type_of(path), text)));
        columns.extend(parts(path, &child.columns));
        let schema = child.database_schema.as_deref().or(schema);
        others.push(Table { schema, name: &child.table, columns });
    }
    for (path, join) in &mapping.joins {
        own.extend(join.on.keys().map(|column| Expected::name(column)));
        let mut columns: Vec<_> = join.on.values().map(|column| Expected::name(column)).collect();
        columns.extend(parts(path, &join.columns));
        let schema = join.database_schema.as_deref().or(schema);
        others.push(Table { schema, name: &join.table, columns });
    }
    others.insert(0, Table { schema, name: &mapping.table, columns: own });
    others
}

/// Returns true if the mapping relies on the case folding of PostgreSQL.
fn folds(mapping: &Mapping) -> bool {
    let case_fold = StringComparison::Native(NativeComparison::CaseFold);
    let children = mapping.children.values().flat_map(|child| child.columns.values());
    let joins = mapping.joins.values().flat_map(|join| join.columns.values());
    let columns = mapping.attributes.values().chain(children).chain(joins);
    mapping.text == case_fold || columns.into_iter().any(|column| column.text == case_fold)
}

/// A column as the mapping declares it.
#[derive(Clone)]
struct Expected<'m> {
    name: &'m str,
    nullable: bool,
    kind: Kind,
    comparison: Comparison,
}

/// What a column contains.
#[derive(Clone)]
enum Kind {
    Any,
    Stored(Storage),
    /// Values of an attribute without `stored`.
    Default(AttributeType),
    Json,
    Array(Option<Storage>),
}

/// The way in which the strings of a column are compared.
#[derive(Clone, Copy, PartialEq)]
enum Comparison {
    /// An expression that the collation does not change.
    Expression,
    /// The bytes.
    Bytes,
    /// The collation, which ignores case.
    Collation,
}

impl<'m> Expected<'m> {
    fn name(name: &'m str) -> Self {
        Self { name, nullable: true, kind: Kind::Any, comparison: Comparison::Expression }
    }

    /// The columns of an attribute: that of its value, its key and its sort key.
    fn of(
        column: &'m Column,
        attribute_type: Option<AttributeType>,
        default: &StringComparison,
    ) -> Vec<Self> {
        if column.column.is_empty() {
            return Vec::new();
        }
        let is_default = column.text == StringComparison::Default;
        let text = if is_default { default } else { &column.text };
        let is_string =
            matches!(attribute_type, Some(AttributeType::String | AttributeType::Reference));
        let kind = match (&column.json, &column.array, &column.stored, attribute_type) {
            (Some(_), ..) => Kind::Json,
            (None, Some(ArrayElements::OfStorage(_)), stored, _) => Kind::Array(stored.clone()),
            (None, Some(_), ..) => Kind::Any,
            (None, None, Some(storage), _) => Kind::Stored(storage.clone()),
            (None, None, None, Some(attribute_type)) => Kind::Default(attribute_type),
            (None, None, None, None) => Kind::Any,
        };
        let is_plain =
            matches!(kind, Kind::Default(_) | Kind::Stored(Storage::Text | Storage::Citext));
        let comparison = match text {
            StringComparison::Native(NativeComparison::CaseInsensitive)
                if is_string && is_plain =>
            {
                Comparison::Collation
            }
            StringComparison::Exact if !is_default && is_string && column.stored.is_none() => {
                Comparison::Bytes
            }
            _ => Comparison::Expression,
        };
        let mut expected =
            vec![Self { name: &column.column, nullable: column.nullable, kind, comparison }];
        match &column.text {
            StringComparison::FoldKey(name) => {
                expected.push(Self { comparison: Comparison::Bytes, ..Self::name(name) });
            }
            StringComparison::Native(NativeComparison::LowerColumn(name)) => {
                expected.push(Self::name(name));
            }
            _ => {}
        }
        expected.extend(column.sort.as_deref().map(Self::name));
        expected
    }

    /// Returns what is wrong with the column.
    fn problems(&self, live: &LiveColumn, dialect: Dialect) -> Vec<String> {
        let mut problems = Vec::new();
        if live.nullable && !self.nullable {
            problems.push("the mapping declares it not to be NULL, but it can be".to_owned());
        }
        let expectation = self.expectation(dialect);
        if !expectation.accepts(&live.type_name) {
            problems.push(format!("it has type `{}`: expected {expectation}", live.type_name));
        } else if let Kind::Stored(Storage::Enum { type_name, labels }) = &self.kind {
            problems.extend(label_problems(live, dialect, type_name, labels));
        }
        problems.extend(self.collation_problem(live, dialect));
        problems
    }

    fn expectation(&self, dialect: Dialect) -> Expectation {
        match &self.kind {
            Kind::Any => Expectation::any(),
            Kind::Stored(storage) => types(storage, dialect),
            Kind::Default(AttributeType::String | AttributeType::Reference) => {
                string_types(dialect)
            }
            Kind::Default(AttributeType::Boolean) => types(&Storage::Boolean, dialect),
            Kind::Default(AttributeType::Integer) => types(&Storage::Integer, dialect),
            Kind::Default(AttributeType::Decimal) => Expectation::decimal(dialect),
            Kind::Default(AttributeType::DateTime) => types(&Storage::UnixMicros, dialect),
            Kind::Default(AttributeType::Binary) => types(&Storage::Bytes, dialect),
            Kind::Default(_) => Expectation::any(),
            Kind::Json => Expectation::json(dialect),
            Kind::Array(storage) => Expectation::array(storage.as_ref(), dialect),
        }
    }

    fn collation_problem(&self, live: &LiveColumn, dialect: Dialect) -> Option<String> {
        match (dialect, self.comparison) {
            (Dialect::Postgres, Comparison::Collation) => {
                let ignores_case = live.type_name == "citext" || live.nondeterministic;
                (!ignores_case).then(|| {
                    "its collation does not ignore case: expected `citext` or a nondeterministic \
                     collation"
                        .to_owned()
                })
            }
            (Dialect::Postgres, _) => live.nondeterministic.then(|| {
                "its collation is nondeterministic, and `LIKE` of PostgreSQL before 18 rejects it: \
                 set `stored = \"text\"` and `text = { native = \"case_insensitive\" }`"
                    .to_owned()
            }),
            (Dialect::MySql, Comparison::Collation) => {
                let collation = live.collation.as_deref()?;
                let ignores_case = collation.contains("_ci") || collation.ends_with("_general1400");
                (!ignores_case).then(|| {
                    format!(
                        "its collation `{collation}` does not ignore case: expected one with `_ci`"
                    )
                })
            }
            (Dialect::MySql, Comparison::Bytes) => {
                let collation = live.collation.as_deref()?;
                let is_exact = collation.ends_with("nopad_bin") || collation.ends_with("0900_bin");
                (!is_exact).then(|| {
                    format!(
                        "its collation `{collation}` does not compare bytes: expected `varbinary`"
                    )
                })
            }
            (Dialect::Sqlite, Comparison::Collation) => {
                let is_nocase = live.collation.as_deref() == Some("nocase");
                (!is_nocase).then(|| "its collation is not `NOCASE`".to_owned())
            }
            (Dialect::Sqlite, Comparison::Bytes) => {
                let collation = live.collation.as_deref()?;
                (collation != "binary")
                    .then(|| format!("its collation `{collation}` does not compare bytes"))
            }
            _ => None,
        }
    }

    /// Compares the types of stored values of SQLite, which can differ from that of the column.
    fn stored_problem(&self, stored: &[String]) -> Option<String> {
        let expected = self.expectation(Dialect::Sqlite);
        let wrong = stored.iter().find(|name| !expected.stores(name))?;
        Some(format!("it contains values of type `{wrong}`: expected {expected}"))
    }
}

/// Compares the labels of an enumerated type with those of the mapping.
fn label_problems(
    live: &LiveColumn,
    dialect: Dialect,
    type_name: &str,
    labels: &[String],
) -> Vec<String> {
    let mut problems = Vec::new();
    if dialect == Dialect::Postgres {
        let (schema, name) = match type_name.rsplit_once('.') {
            Some((schema, name)) => (Some(schema), name),
            None => (None, type_name),
        };
        if name != live.type_name || schema.is_some_and(|schema| schema != live.type_schema) {
            let live_name = format!("{}.{}", live.type_schema, live.type_name);
            return vec![format!("it has type `{live_name}`: the mapping declares `{type_name}`")];
        }
    }
    if live.labels.is_empty() {
        return problems;
    }
    let missing = |from: &[String], of: &[String]| {
        let names: Vec<String> =
            of.iter().filter(|it| !from.contains(it)).map(|it| format!("`{it}`")).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = missing(&live.labels, labels) {
        problems.push(format!("its type has no label {names}, which the mapping lists"));
    }
    if let Some(names) = missing(labels, &live.labels) {
        problems.push(format!("the mapping lacks the label {names} of its type"));
    }
    problems
}
