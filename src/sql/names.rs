//! The names of a mapping as sea-query takes them, and found by path.

use super::mapping::{ChildTable, Column, Mapping, NativeComparison, StringComparison};
use sea_query::DynIden;

/// The names of a mapping.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) table: DynIden,
    pub(super) alias: DynIden,
    pub(super) key: DynIden,
    pub(super) tenant_column: Option<DynIden>,
    /// By path, in the mapping's order.
    pub(super) attributes: Vec<(Box<str>, Field)>,
    /// By path, in the mapping's order.
    pub(super) children: Vec<(Box<str>, Table)>,
}

/// A column with its names.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) column: Column,
    /// The column of the value.
    pub(super) own: DynIden,
    /// The column that is compared where case does not count.
    pub(super) folded: DynIden,
    /// The column that rows are sorted by.
    pub(super) sort: Option<DynIden>,
}

/// The table of an attribute with several values.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: DynIden,
    pub(super) owner: DynIden,
    pub(super) value: Option<Field>,
    columns: Vec<(Box<str>, Field)>,
}

impl Names {
    pub(super) fn of(mapping: &Mapping) -> Self {
        Self {
            table: name(&mapping.table),
            alias: name(&mapping.alias),
            key: name(&mapping.key),
            tenant_column: mapping.tenant_column.as_deref().map(name),
            attributes: mapping
                .attributes
                .iter()
                .map(|(path, column)| (path.as_str().into(), Field::of(column)))
                .collect(),
            children: mapping
                .children
                .iter()
                .map(|(path, child)| (path.as_str().into(), Table::of(child)))
                .collect(),
        }
    }
}

impl Field {
    fn of(column: &Column) -> Self {
        let folded = match &column.text {
            StringComparison::FoldKey(key)
            | StringComparison::Native(NativeComparison::LowerColumn(key)) => key,
            StringComparison::Exact
            | StringComparison::Native(
                NativeComparison::Lower | NativeComparison::CaseInsensitive,
            ) => &column.column,
        };
        Self {
            own: name(&column.column),
            folded: name(folded),
            sort: column.sort.as_deref().map(name),
            column: column.clone(),
        }
    }
}

impl Table {
    fn of(child: &ChildTable) -> Self {
        Self {
            name: name(&child.table),
            owner: name(&child.owner),
            value: child.value.as_ref().map(Field::of),
            columns: child
                .columns
                .iter()
                .map(|(path, column)| (path.as_str().into(), Field::of(column)))
                .collect(),
        }
    }

    /// The column of the sub-attribute of that name.
    pub(super) fn sub_attribute(&self, name: &str) -> Option<&Field> {
        self.columns
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, field)| field)
    }
}

fn name(name: &str) -> DynIden {
    name.to_owned().into()
}
