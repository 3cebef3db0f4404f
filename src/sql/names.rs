//! The identifiers of a mapping, prepared for sea-query once per mapping instead of once per
//! statement.

use super::mapping::{ChildTable, Column, Mapping, NativeComparison, StringComparison};
use sea_query::DynIden;

/// The identifiers of a mapping.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) table: DynIden,
    pub(super) alias: DynIden,
    pub(super) key: DynIden,
    pub(super) tenant_column: Option<DynIden>,
    /// By attribute path.
    pub(super) attributes: Vec<(Box<str>, MappedColumn)>,
    /// By attribute path.
    pub(super) children: Vec<(Box<str>, MappedTable)>,
}

/// A column with its identifiers.
#[derive(Debug)]
pub(super) struct MappedColumn {
    pub(super) column: Column,
    /// The column of the value.
    pub(super) own: DynIden,
    /// The column to compare without regard to case.
    pub(super) folded: DynIden,
    /// The column that rows are sorted by.
    pub(super) sort: Option<DynIden>,
}

/// The child table of a multi-valued attribute.
#[derive(Debug)]
pub(super) struct MappedTable {
    pub(super) name: DynIden,
    pub(super) owner: DynIden,
    pub(super) value: Option<MappedColumn>,
    columns: Vec<(Box<str>, MappedColumn)>,
}

impl Names {
    pub(super) fn new(mapping: &Mapping) -> Self {
        Self {
            table: name(&mapping.table),
            alias: name(&mapping.alias),
            key: name(&mapping.key),
            tenant_column: mapping.tenant_column.as_deref().map(name),
            attributes: mapping
                .attributes
                .iter()
                .map(|(path, column)| (path.as_str().into(), MappedColumn::new(column)))
                .collect(),
            children: mapping
                .children
                .iter()
                .map(|(path, child)| (path.as_str().into(), MappedTable::new(child)))
                .collect(),
        }
    }
}

impl MappedColumn {
    fn new(column: &Column) -> Self {
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

impl MappedTable {
    fn new(child: &ChildTable) -> Self {
        Self {
            name: name(&child.table),
            owner: name(&child.owner),
            value: child.value.as_ref().map(MappedColumn::new),
            columns: child
                .columns
                .iter()
                .map(|(path, column)| (path.as_str().into(), MappedColumn::new(column)))
                .collect(),
        }
    }

    /// The column of the sub-attribute of that name.
    pub(super) fn sub_attribute(&self, name: &str) -> Option<&MappedColumn> {
        self.columns
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, column)| column)
    }
}

fn name(name: &str) -> DynIden {
    name.to_owned().into()
}
