//! DDL for the tables, columns and indexes of a mapping.

use super::checked_mapping::CheckedMapping;
use super::column::{Column, NativeComparison, StringComparison};
use super::column_type::{
    id_type, key_type, native_type, sort_type, storage_type, text_type, value_type,
};
use super::dialect::Dialect;
use super::error::SqlError;
use super::mapping::{ChildTable, Mapping};
use super::storage::Storage;
use crate::schema::{Attribute, Schema};
use crate::value::{AttributeType, CaseSensitivity, FOLD_VERSION};

impl CheckedMapping {
    /// Returns statements that add the key columns and sort columns of the mapping to existing
    /// tables, with their indexes. Entries that start with `--` are comments: how to fill the
    /// columns, and optional indexes.
    ///
    /// ```
    /// use scieve::sql::{Column, Dialect, Mapping};
    ///
    /// let mapping = Mapping::new("users", "id")
    ///     .attribute("userName", Column::keyed("user_name", "user_name_f"))
    ///     .check()?;
    /// assert_eq!(
    ///     mapping.ddl(Dialect::Postgres)[0],
    ///     r#"ALTER TABLE "users" ADD COLUMN "user_name_f" text COLLATE "C""#
    /// );
    /// # Ok::<(), scieve::sql::MappingError>(())
    /// ```
    #[must_use]
    pub fn ddl(&self, dialect: Dialect) -> Vec<String> {
        self.add_columns(dialect, false)
    }

    /// Returns the statements of [`CheckedMapping::ddl`] with key columns that PostgreSQL 18
    /// computes, so that applications write nothing. They agree with [`crate::fold_key`] if
    /// [`super::case_fold_agrees`], and are not for attributes that are compared as user names
    /// ([`crate::username_key`]).
    ///
    /// ```
    /// use scieve::sql::{Column, Mapping};
    ///
    /// let mapping = Mapping::new("users", "id")
    ///     .attribute("userName", Column::keyed("user_name", "user_name_f"))
    ///     .check()?;
    /// assert!(mapping.ddl_with_generated_keys()[0].ends_with("NFC)) STORED"));
    /// # Ok::<(), scieve::sql::MappingError>(())
    /// ```
    #[must_use]
    pub fn ddl_with_generated_keys(&self) -> Vec<String> {
        self.add_columns(Dialect::Postgres, true)
    }

    fn add_columns(&self, dialect: Dialect, generated: bool) -> Vec<String> {
        let mut ddl = Ddl::new(dialect);
        let quote = |name: &str| quoted(dialect, name);
        for (table, owner, column) in self.all() {
            let mut filled = column.sort.is_some();
            if let StringComparison::FoldKey(key) = &column.text {
                let expression = match generated {
                    true => format!(
                        " GENERATED ALWAYS AS (normalize(casefold(normalize({}, NFD) COLLATE \
                         pg_unicode_fast), NFC)) STORED",
                        quote(&column.column)
                    ),
                    false => String::new(),
                };
                filled |= !generated;
                ddl.statements.push(format!(
                    "ALTER TABLE {} ADD COLUMN {} {}{expression}",
                    quote(table),
                    quote(key),
                    key_type(dialect)
                ));
            }
            if let Some(sort) = &column.sort {
                let kind = sort_type(dialect);
                ddl.statements.push(format!(
                    "ALTER TABLE {} ADD COLUMN {} {kind} NOT NULL DEFAULT '2'",
                    quote(table),
                    quote(sort)
                ));
            }
            if filled {
                ddl.fill(table, column, generated);
            }
            let tenant_column = self.mapping().tenant_column.as_deref();
            match &column.text {
                StringComparison::FoldKey(key) => {
                    ddl.index(table, tenant_column, std::iter::once(key.as_str()).chain(owner));
                    ddl.trigrams(table, key);
                }
                StringComparison::Native(NativeComparison::Lower) => {
                    ddl.lower(table, &column.column)
                }
                _ => {}
            }
            if let Some(sort) = &column.sort {
                ddl.index(table, tenant_column, [sort.as_str(), &self.mapping().key]);
            }
        }
        ddl.statements
    }

    /// Returns statements that create the tables of the mapping with their indexes, for resources
    /// of that schema. Entries that start with `--` are comments.
    ///
    /// # Errors
    /// [`SqlError::NoColumn`] for an attribute of the mapping that the schema does not have;
    /// [`SqlError::Untyped`] for one without a type.
    pub fn create(&self, dialect: Dialect, schema: &Schema) -> Result<Vec<String>, SqlError> {
        let mapping = self.mapping();
        let mut ddl = Ddl::new(dialect);
        let unknown = |path: &str| SqlError::NoColumn(path.into());
        let quote = |name: &str| quoted(dialect, name);
        let key_type = match (&mapping.key_stored, mapping.key_type) {
            (Some(storage), _) if !storage.is_text() => storage_type(dialect, storage),
            (_, AttributeType::String) => id_type(dialect).to_owned(),
            (_, kind) => value_type(dialect, kind).to_owned(),
        };

        let tenant_column = mapping.tenant_column.as_deref();
        let mut columns: Vec<Definition> = tenant(dialect, mapping).into_iter().collect();
        let primary = if tenant_column.is_some() { "" } else { " PRIMARY KEY" };
        columns.push(Definition::new(&mapping.key, &key_type, &format!(" NOT NULL{primary}")));
        // The key and the tenant can also be attributes, and have their columns already.
        let known = columns.len();
        let mut indexes = Vec::new();
        for (path, column) in &mapping.attributes {
            let attribute = schema.find_path(path).ok_or_else(|| unknown(path))?;
            for definition in definitions(dialect, column, attribute)? {
                if !columns.iter().take(known).any(|other| other.name == definition.name) {
                    columns.push(definition);
                }
            }
            indexes.push((column, attribute));
        }
        // A column that is no attribute is an integer, such as a surrogate key.
        let within = tenant_column.map(|column| format!("{}, ", quote(column))).unwrap_or_default();
        let mut constraints = Vec::new();
        for column in mapping.children.values().filter_map(|child| child.references.as_ref()) {
            if !columns.iter().any(|known| known.name == *column) {
                let kind = value_type(dialect, AttributeType::Integer);
                columns.push(Definition::new(column, kind, " NOT NULL"));
            }
            constraints.push(format!("UNIQUE ({within}{})", quote(column)));
        }
        if let Some(tenant_column) = tenant_column {
            let key = quote(&mapping.key);
            constraints.push(format!("PRIMARY KEY ({}, {key})", quote(tenant_column)));
        }
        ddl.table(&mapping.table, &columns, &constraints);
        for (column, attribute) in indexes {
            if column.compared(attribute) != mapping.key {
                ddl.index(&mapping.table, tenant_column, [column.compared(attribute)]);
            }
            if let Some(sort) = &column.sort {
                ddl.index(&mapping.table, tenant_column, [sort.as_str(), &mapping.key]);
            }
            ddl.notes(&mapping.table, column, attribute);
        }
        for (path, child) in &mapping.children {
            let attribute = schema.find_path(path).ok_or_else(|| unknown(path))?;
            // The owner has the type of the column that it refers to.
            let referenced = child.referenced(mapping);
            let owner = columns.iter().find(|column| column.name == referenced);
            let owner_type = owner.map_or(&*key_type, |column| &column.kind);
            ddl.child(self, child, attribute, schema, owner_type)?;
        }
        Ok(ddl.statements)
    }

    /// All columns, with their table and, in a child table, its owner column.
    fn all(&self) -> impl Iterator<Item = (&str, Option<&str>, &Column)> {
        let mapping = self.mapping();
        let own = mapping.attributes.values().map(|column| (mapping.table.as_str(), None, column));
        own.chain(mapping.children.values().flat_map(|child| {
            let columns = child.value.iter().chain(child.columns.values());
            columns.map(|column| (child.table.as_str(), Some(child.owner.as_str()), column))
        }))
    }
}

struct Ddl {
    dialect: Dialect,
    statements: Vec<String>,
    indexes: usize,
}

impl Ddl {
    fn new(dialect: Dialect) -> Self {
        Self { dialect, statements: Vec::new(), indexes: 0 }
    }

    fn table(&mut self, table: &str, columns: &[Definition], constraints: &[String]) {
        // Two attributes can share a column, and two child tables a reference.
        let mut distinct: Vec<String> = Vec::new();
        let columns = columns.iter().map(|column| column.line(self.dialect));
        for line in columns.chain(constraints.iter().cloned()) {
            if !distinct.contains(&line) {
                distinct.push(line);
            }
        }
        self.statements.push(format!(
            "CREATE TABLE {} (\n  {}\n)",
            quoted(self.dialect, table),
            distinct.join(",\n  ")
        ));
    }

    fn child(
        &mut self,
        mapping: &CheckedMapping,
        child: &ChildTable,
        attribute: &Attribute,
        schema: &Schema,
        owner_type: &str,
    ) -> Result<(), SqlError> {
        let (mapping, dialect) = (mapping.mapping(), self.dialect);
        let quote = |name: &str| quoted(dialect, name);
        let (owner, position) = (quote(&child.owner), quote(&child.position));
        let tenant_column = mapping.tenant_column.as_deref();
        let mut columns: Vec<Definition> = tenant(dialect, mapping).into_iter().collect();
        columns.push(Definition::new(&child.owner, owner_type, " NOT NULL"));
        columns.push(Definition::new(&child.position, "INTEGER", " NOT NULL"));
        let mut parts: Vec<(&Column, &Attribute)> =
            child.value.iter().map(|column| (column, attribute)).collect();
        for (sub, column) in &child.columns {
            let part = schema.find(attribute.urn(), attribute.name(), Some(sub));
            parts.push((
                column,
                part.ok_or_else(|| SqlError::NoColumn(format!("{attribute}.{sub}").into()))?,
            ));
        }
        for (column, attribute) in &parts {
            columns.extend(definitions(dialect, column, attribute)?);
        }
        let within = tenant_column
            .map(|tenant_column| format!("{}, ", quote(tenant_column)))
            .unwrap_or_default();
        let (table, key) = (quote(&mapping.table), quote(child.referenced(mapping)));
        let constraints = [
            format!("PRIMARY KEY ({within}{owner}, {position})"),
            format!(
                "FOREIGN KEY ({within}{owner}) REFERENCES {table} ({within}{key}) ON DELETE CASCADE"
            ),
        ];
        self.table(&child.table, &columns, &constraints);
        for (column, attribute) in parts {
            self.index(&child.table, tenant_column, [column.compared(attribute), &child.owner]);
            self.notes(&child.table, column, attribute);
        }
        Ok(())
    }

    /// Adds an index, which starts with the tenant column if there is one. A long name is
    /// truncated, with a number that keeps it unique.
    fn index<'a>(
        &mut self,
        table: &str,
        tenant_column: Option<&'a str>,
        columns: impl IntoIterator<Item = &'a str>,
    ) {
        let columns: Vec<&str> = columns.into_iter().collect();
        let mut name = format!("{table}_{}", columns.first().unwrap_or(&""));
        self.indexes += 1;
        if name.len() > 55 {
            name.truncate(50);
            name = format!("{name}_{}", self.indexes);
        }
        let quote = |name: &str| quoted(self.dialect, name);
        let list: Vec<String> = tenant_column.into_iter().chain(columns).map(quote).collect();
        let create = format!(
            "CREATE INDEX {} ON {} ({})",
            quote(&format!("{name}_idx")),
            quote(table),
            list.join(", ")
        );
        if !self.statements.contains(&create) {
            self.statements.push(create);
        }
    }

    /// Adds an index on `lower(column)`, which MariaDB does not support.
    fn lower(&mut self, table: &str, column: &str) {
        let (name, table) = (format!("{table}_{column}"), quoted(self.dialect, table));
        let (name, column) = (
            quoted(self.dialect, &format!("{}_lower", name.get(..55).unwrap_or(&name))),
            quoted(self.dialect, column),
        );
        let create = format!("CREATE INDEX {name} ON {table} ((lower({column})))");
        self.statements.push(match self.dialect {
            Dialect::MySql => format!("-- only in MySQL 8, not in MariaDB: {create}"),
            Dialect::Postgres | Dialect::Sqlite => create,
        });
    }

    fn notes(&mut self, table: &str, column: &Column, attribute: &Attribute) {
        if matches!(attribute.attribute_type(), AttributeType::String | AttributeType::Reference) {
            self.trigrams(table, column.compared(attribute));
            if column.text == StringComparison::Native(NativeComparison::Lower) {
                self.lower(table, &column.column);
            }
        }
    }

    fn trigrams(&mut self, table: &str, column: &str) {
        if self.dialect == Dialect::Postgres {
            let (table, column) = (quoted(self.dialect, table), quoted(self.dialect, column));
            self.statements.push(format!(
                "-- optional for `co` and `ew`, with the extension pg_trgm: CREATE INDEX ON \
                 {table} USING gin ({column} gin_trgm_ops)"
            ));
        }
    }

    fn fill(&mut self, table: &str, column: &Column, generated: bool) {
        let (from, mut to) = (&column.column, Vec::new());
        if let (StringComparison::FoldKey(key), false) = (&column.text, generated) {
            to.push(format!("{key} = scieve::fold_key({from})"));
        }
        if let Some(sort) = &column.sort {
            to.push(format!("{sort} = scieve::sql::sort_text({from})"));
        }
        let (to, null) =
            (to.join(", "), if column.nullable { "" } else { ", then declare it NOT NULL" });
        self.statements.push(format!(
            "-- before the first query, fill {table} row by row, because SQL cannot compute it: \
             {to} ({FOLD_VERSION}){null}"
        ));
    }
}

/// A column in CREATE TABLE.
struct Definition {
    name: String,
    kind: String,
    /// The text behind the type, with a space before it, or nothing.
    constraint: String,
}

impl Definition {
    fn new(name: &str, kind: &str, constraint: &str) -> Self {
        let [name, kind, constraint] = [name, kind, constraint].map(str::to_owned);
        Self { name, kind, constraint }
    }

    fn line(&self, dialect: Dialect) -> String {
        format!("{} {}{}", quoted(dialect, &self.name), self.kind, self.constraint)
    }
}

/// The columns of an attribute.
fn definitions(
    dialect: Dialect,
    column: &Column,
    attribute: &Attribute,
) -> Result<Vec<Definition>, SqlError> {
    let null = if column.nullable { "" } else { " NOT NULL" };
    let text =
        matches!(attribute.attribute_type(), AttributeType::String | AttributeType::Reference);
    let definition = |name: &str, kind: &str| Definition::new(name, kind, null);
    if let Some(storage) = &column.stored {
        storage.check(attribute, dialect)?;
        if !storage.is_text() {
            return Ok(vec![definition(&column.column, &storage_type(dialect, storage))]);
        }
    }
    let mut columns = Vec::new();
    let own = match attribute.attribute_type() {
        AttributeType::Any | AttributeType::Complex => {
            return Err(SqlError::about(SqlError::Untyped, attribute));
        }
        _ if text && column.compared(attribute) == column.column => match &column.text {
            _ if column.stored == Some(Storage::Citext) => "citext",
            StringComparison::Native(native) => native_type(dialect, native),
            StringComparison::Default if attribute.case() != CaseSensitivity::Exact => {
                native_type(dialect, &NativeComparison::Lower)
            }
            StringComparison::Default | StringComparison::Exact | StringComparison::FoldKey(_) => {
                key_type(dialect)
            }
        },
        _ if text => text_type(dialect),
        kind => value_type(dialect, kind),
    };
    columns.push(definition(&column.column, own));
    match &column.text {
        StringComparison::FoldKey(key) if text && *key != column.column => {
            columns.push(definition(key, key_type(dialect)))
        }
        StringComparison::Native(NativeComparison::LowerColumn(lower)) if text => {
            let own = quoted(dialect, &column.column);
            let kind = native_type(dialect, &NativeComparison::Lower);
            let generated = format!(" GENERATED ALWAYS AS (lower({own})) STORED");
            columns.push(Definition::new(lower, kind, &generated));
        }
        _ => {}
    }
    if let Some(sort) = &column.sort {
        columns.push(Definition::new(sort, sort_type(dialect), " NOT NULL"));
    }
    Ok(columns)
}

/// The tenant column.
fn tenant(dialect: Dialect, mapping: &Mapping) -> Option<Definition> {
    let kind = match &mapping.tenant_stored {
        Some(storage) => storage_type(dialect, storage),
        None => id_type(dialect).to_owned(),
    };
    let column = mapping.tenant_column.as_ref()?;
    Some(Definition::new(column, &kind, " NOT NULL"))
}

fn quoted(dialect: Dialect, name: &str) -> String {
    dialect.quoted(name)
}
