//! Checks of a mapping that need neither a schema nor a database.

use super::checked_mapping::CheckedMapping;
use super::column::{ArrayElements, Column, NativeComparison, StringComparison};
use super::mapping::{ChildTable, Mapping, MappingError, is_identifier};
use super::storage::Storage;
use crate::value::AttributeType;

impl Mapping {
    /// Checks the mapping. Statements are compiled with the result.
    ///
    /// ```
    /// use scieve::sql::{Column, Mapping};
    ///
    /// let mapping = Mapping::new("users", "id").attribute("userName", Column::new(""));
    /// assert_eq!(
    ///     mapping.check().unwrap_err().to_string(),
    ///     "`` is not a valid identifier: expected 1 to 63 bytes without U+0000",
    /// );
    /// ```
    ///
    /// # Errors
    /// An identifier that is empty, longer than 63 bytes or contains U+0000; an attribute that is
    /// mapped twice; a key that is neither a string nor an integer; a sort column in a child table;
    /// a storage whose labels are missing or equal, or with more than 9 fraction digits; a
    /// condition without `{}`; a child with both a table and a JSON column, or neither; a join
    /// without `on`.
    pub fn check(self) -> Result<CheckedMapping, MappingError> {
        let mut names = vec![&self.table, &self.alias, &self.key];
        names.extend(&self.database_schema);
        names.extend(&self.tenant_column);
        let mut conditions: Vec<&String> = self.condition.iter().collect();
        let mut columns: Vec<&Column> = self.attributes.values().collect();
        for (path, child) in &self.children {
            check_child(path, child)?;
            match &child.column {
                Some(column) => names.push(column),
                None => names.extend([&child.table, &child.owner, &child.position]),
            }
            names.extend(&child.database_schema);
            conditions.extend(&child.condition);
            let parts = child.value.iter().chain(child.columns.values());
            if let Some(sort) = parts.clone().find_map(|column| column.sort.as_ref()) {
                return Err(MappingError(format!(
                    "sort column `{}` is in a child table: rows can only be sorted by columns of \
                     the resource's own table",
                    sort.escape_debug()
                )));
            }
            // Members of a JSON array have no columns.
            let members = child.column.is_some();
            columns.extend(parts.filter(|column| !(members && column.column.is_empty())));
            check_distinct(child.columns.keys())?;
        }
        for (path, join) in &self.joins {
            if join.on.is_empty() {
                return Err(MappingError(format!(
                    "the join of `{}` has no `on`",
                    path.escape_debug()
                )));
            }
            names.push(&join.table);
            names.extend(&join.database_schema);
            names.extend(join.on.keys().chain(join.on.values()));
            conditions.extend(&join.condition);
            columns.extend(join.columns.values());
            check_distinct(join.columns.keys())?;
        }
        names.extend(&self.document);
        let lists = self.children.values().flat_map(|child| {
            let members = child.value.iter().chain(child.columns.values());
            child.json.iter().chain(members.filter_map(|column| column.json.as_ref()))
        });
        let paths = self.attributes.values().filter_map(|column| column.json.as_ref());
        paths.chain(lists).try_for_each(|path| check_path(path))?;
        for column in columns {
            names.push(&column.column);
            if let Some(ArrayElements::OfType(name)) = &column.array {
                names.push(name);
            }
            names.extend(&column.sort);
            column.stored.as_ref().map_or(Ok(()), check_storage)?;
            if let StringComparison::FoldKey(name)
            | StringComparison::Native(NativeComparison::LowerColumn(name)) = &column.text
            {
                names.push(name);
            }
        }
        if let Some(name) = names.into_iter().find(|name| !is_identifier(name)) {
            return Err(MappingError(format!(
                "`{}` is not a valid identifier: expected 1 to 63 bytes without U+0000",
                name.escape_debug()
            )));
        }
        if !matches!(self.key_type, AttributeType::String | AttributeType::Integer) {
            return Err(MappingError(format!(
                "the key is of type `{}`: expected `string` or `integer`",
                self.key_type
            )));
        }
        if let Some(condition) = conditions.into_iter().find(|condition| !condition.contains("{}"))
        {
            return Err(MappingError(format!(
                "the condition `{}` does not name its table: write `{{}}` for the table's alias",
                condition.escape_debug()
            )));
        }
        match &self.key_stored {
            None | Some(Storage::Text | Storage::Uuid | Storage::UuidBytes | Storage::Integer) => {}
            Some(storage) => {
                return Err(MappingError(format!(
                    "the key is stored as `{}`: expected `text`, `uuid` or `integer`",
                    storage.name()
                )));
            }
        }
        if matches!(
            &self.text,
            StringComparison::FoldKey(_)
                | StringComparison::Native(NativeComparison::LowerColumn(_))
        ) {
            return Err(MappingError(
                "`text` of the mapping names a column: set it for each attribute".to_owned(),
            ));
        }
        check_distinct(
            self.attributes.keys().chain(self.children.keys()).chain(self.joins.keys()),
        )?;
        Ok(CheckedMapping::new(self))
    }
}

fn check_child(path: &str, child: &ChildTable) -> Result<(), MappingError> {
    match (child.table.is_empty(), &child.column) {
        (false, None) | (true, Some(_)) => Ok(()),
        _ => Err(MappingError(format!(
            "the child `{}` needs either a `table` with its `owner`, or a `column`",
            path.escape_debug()
        ))),
    }
}

/// Rejects characters that the databases would quote differently in a path.
fn check_path(path: &[String]) -> Result<(), MappingError> {
    let invalid =
        |name: &&String| name.is_empty() || name.contains(['"', '\\', '\0']) || name.len() > 255;
    match path.iter().find(invalid) {
        None => Ok(()),
        Some(name) => Err(MappingError(format!(
            "`{}` is not a valid name of a JSON member: expected 1 to 255 bytes without `\"` and `\\`",
            name.escape_debug()
        ))),
    }
}

fn check_storage(storage: &Storage) -> Result<(), MappingError> {
    let error = |message: &str| Err(MappingError(message.to_owned()));
    match storage {
        Storage::Iso8601(digits) if *digits > 9 => {
            error("`iso8601` has more than 9 fraction digits")
        }
        Storage::BooleanText([yes, no]) if yes == no => {
            error("`boolean` has the same string for true and false")
        }
        Storage::Enum { labels, .. } if labels.is_empty() => error("`enum` has no labels"),
        Storage::Enum { type_name, labels } => {
            let mut seen = std::collections::HashSet::new();
            if let Some(label) = labels.iter().find(|label| !seen.insert(*label)) {
                return error(&format!("label `{}` occurs twice", label.escape_debug()));
            }
            match type_name.split('.').all(is_identifier) {
                true => Ok(()),
                false => error(&format!(
                    "`{}` is not the name of an enumerated type",
                    type_name.escape_debug()
                )),
            }
        }
        _ => Ok(()),
    }
}

fn check_distinct<'a>(paths: impl Iterator<Item = &'a String>) -> Result<(), MappingError> {
    let mut seen = std::collections::HashSet::new();
    for path in paths {
        if !seen.insert(path.to_ascii_lowercase()) {
            return Err(MappingError(format!(
                "attribute `{}` is mapped twice",
                path.escape_debug()
            )));
        }
    }
    Ok(())
}
