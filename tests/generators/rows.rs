//! The database rows of a record by a mapping.

use super::random_values::Cell;
use scieve::sql::{CheckedMapping, ChildTable, Column, StringComparison, sort_text};
use scieve::{Attribute, AttributeType, CaseSensitivity, Record, Schema, fold_key};

/// A row. All rows of a table have the same columns.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) table: String,
    pub(crate) columns: Vec<Value>,
}

/// The value of a column, or NULL.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) column: String,
    pub(crate) kind: AttributeType,
    pub(crate) cell: Option<Cell>,
}

/// Returns the rows of a record, its own before those of its multi-valued attributes. The tenant is
/// ignored if the mapping has no tenant column.
pub(crate) fn rows(
    columns: &CheckedMapping,
    schema: &Schema,
    tenant: &str,
    id: &str,
    record: &dyn Record,
) -> Vec<Row> {
    let mapping = columns.mapping();
    let find = |path: &str| schema.find_path(path).unwrap();
    let tenant_column = || {
        mapping.tenant_column.iter().map(|column| match &mapping.tenant_stored {
            Some(_) => number(column, tenant.parse().unwrap()),
            None => text(column, tenant),
        })
    };
    let mut own: Vec<Value> = tenant_column().chain([text(&mapping.key, id)]).collect();
    // The columns that children refer to are surrogate keys.
    let references = mapping.children.values().filter_map(|child| child.references.as_ref());
    own.extend(references.map(|column| number(column, surrogate_key(id))));
    for (path, column) in &mapping.attributes {
        own.extend(values(column, find(path), record));
    }
    own.sort_by(|a, b| a.column.cmp(&b.column));
    own.dedup_by(|a, b| a.column == b.column);
    let mut rows = vec![Row { table: mapping.table.clone(), columns: own }];
    for (path, child) in &mapping.children {
        let outer = find(path);
        let part = |sub: &str| schema.find(outer.urn(), outer.name(), Some(sub)).unwrap();
        let mut add = |position: usize, values: Vec<Value>| {
            let mut row: Vec<Value> = tenant_column()
                .chain([owner(child, id), number(&child.position, position as i64)])
                .collect();
            row.extend(values);
            rows.push(Row { table: child.table.clone(), columns: row });
        };
        if let Some(column) = &child.value {
            for (position, cell) in cells(outer, record).into_iter().enumerate() {
                add(position, of_cell(column, outer, Some(cell)));
            }
            continue;
        }
        let mut position = 0;
        record.any_element(outer, &mut |element| {
            add(
                position,
                child
                    .columns
                    .iter()
                    .flat_map(|(sub, column)| values(column, part(sub), element))
                    .collect(),
            );
            position += 1;
            false
        });
    }
    rows
}

fn owner(child: &ChildTable, id: &str) -> Value {
    match &child.references {
        Some(_) => number(&child.owner, surrogate_key(id)),
        None => text(&child.owner, id),
    }
}

/// A number that is unique within a tenant: a hash of the key (FNV-1a).
fn surrogate_key(id: &str) -> i64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    i64::try_from(hash >> 1).unwrap_or_default()
}

fn cells(attribute: &Attribute, record: &dyn Record) -> Vec<Cell> {
    let mut cells = Vec::new();
    record.any_value(attribute, &mut |value| {
        cells.extend(Cell::new(value));
        false
    });
    cells
}

fn values(column: &Column, attribute: &Attribute, record: &dyn Record) -> Vec<Value> {
    of_cell(column, attribute, cells(attribute, record).pop())
}

fn of_cell(column: &Column, attribute: &Attribute, cell: Option<Cell>) -> Vec<Value> {
    let kind = attribute.attribute_type();
    // The key of an attribute that is compared exactly is not used.
    let key = |text: &str| match attribute.case() {
        CaseSensitivity::Exact => fold_key(text).into_owned(),
        case => case.key(text).into_owned(),
    };
    let own = match &cell {
        Some(Cell::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let derived = |name: &str, text: Option<String>| Value {
        column: name.to_owned(),
        kind: AttributeType::String,
        cell: text.map(Cell::Text),
    };
    let mut values = vec![Value { column: column.column.clone(), kind, cell }];
    if let StringComparison::FoldKey(name) = &column.text {
        // A column may hold the fold key alone.
        values.retain(|value| value.column != *name);
        values.push(derived(name, own.as_deref().map(key)));
    }
    if let Some(name) = &column.sort {
        values.push(derived(name, Some(sort_text(own.as_deref()))));
    }
    values
}

fn text(column: &str, text: &str) -> Value {
    Value {
        column: column.to_owned(),
        kind: AttributeType::String,
        cell: Some(Cell::Text(text.to_owned())),
    }
}

fn number(column: &str, number: i64) -> Value {
    Value {
        column: column.to_owned(),
        kind: AttributeType::Integer,
        cell: Some(Cell::Integer(number)),
    }
}
