//! Checks of a mapping that need neither a schema nor a database.

use super::checked_mapping::CheckedMapping;
use super::column::{ArrayElements, Column, NativeComparison, StringComparison};
use super::mapping::{ChildTable, Join, Mapping, MappingError, is_identifier};
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
    ///     "attributes.userName.column: `` is not a valid identifier: expected 1 to 63 bytes \
    ///      without U+0000",
    /// );
    /// ```
    ///
    /// # Errors
    /// An identifier that is empty, longer than 63 bytes or contains U+0000; an attribute that is
    /// mapped twice; a key that is neither a string nor an integer; a storage of the tenant that is
    /// neither `integer` nor `uuid`, or without a tenant column; a sort column in a child table; a
    /// storage whose labels are missing or equal, or with more than 9 fraction digits; a condition
    /// without `{}`; a child with both a table and a JSON column, or neither; a join without `on`.
    pub fn check(self) -> Result<CheckedMapping, MappingError> {
        check_identifier(&["table"], &self.table)?;
        check_identifier(&["alias"], &self.alias)?;
        check_identifier(&["key"], &self.key)?;
        let optional = [
            ("database_schema", &self.database_schema),
            ("tenant_column", &self.tenant_column),
            ("document", &self.document),
        ];
        for (key, name) in optional {
            name.as_ref().map_or(Ok(()), |name| check_identifier(&[key], name))?;
        }
        check_condition(&["where"], self.condition.as_deref())?;
        self.check_key()?;
        self.check_tenant()?;
        if matches!(
            &self.text,
            StringComparison::FoldKey(_)
                | StringComparison::Native(NativeComparison::LowerColumn(_))
        ) {
            return Err(MappingError::at(
                &["text"],
                "it names a column, which differs by attribute: set it for each of them",
            ));
        }
        for (path, column) in &self.attributes {
            check_column(&["attributes", path], column, false)?;
        }
        for (path, child) in &self.children {
            check_child(path, child)?;
        }
        for (path, join) in &self.joins {
            check_join(path, join)?;
        }
        let sections = [
            ("attributes", self.attributes.keys().collect::<Vec<_>>()),
            ("children", self.children.keys().collect()),
            ("joins", self.joins.keys().collect()),
        ];
        let paths = sections.iter().flat_map(|(section, paths)| {
            paths.iter().map(|path| (vec![*section, path.as_str()], path.as_str()))
        });
        check_distinct(paths)?;
        Ok(CheckedMapping::new(self))
    }

    fn check_tenant(&self) -> Result<(), MappingError> {
        let Some(storage) = &self.tenant_stored else { return Ok(()) };
        let message = match (storage, &self.tenant_column) {
            (_, None) => "the mapping has no `tenant_column`".to_owned(),
            (Storage::Integer | Storage::Uuid | Storage::UuidBytes, Some(_)) => return Ok(()),
            _ => format!("it is `{}`: expected `integer` or `uuid`", storage.name()),
        };
        Err(MappingError::at(&["tenant_stored"], message))
    }

    fn check_key(&self) -> Result<(), MappingError> {
        if !matches!(self.key_type, AttributeType::String | AttributeType::Integer) {
            return Err(MappingError::at(
                &["key_type"],
                format!("it is `{}`: expected `string` or `integer`", self.key_type),
            ));
        }
        match &self.key_stored {
            None | Some(Storage::Text | Storage::Uuid | Storage::UuidBytes | Storage::Integer) => {
                Ok(())
            }
            Some(storage) => Err(MappingError::at(
                &["key_stored"],
                format!("it is `{}`: expected `text`, `uuid` or `integer`", storage.name()),
            )),
        }
    }
}

fn check_identifier(keys: &[&str], name: &str) -> Result<(), MappingError> {
    if is_identifier(name) {
        return Ok(());
    }
    Err(MappingError::at(
        keys,
        format!(
            "`{}` is not a valid identifier: expected 1 to 63 bytes without U+0000",
            name.escape_debug()
        ),
    ))
}

fn check_condition(keys: &[&str], condition: Option<&str>) -> Result<(), MappingError> {
    match condition.filter(|condition| !condition.contains("{}")) {
        None => Ok(()),
        Some(condition) => Err(MappingError::at(
            keys,
            format!(
                "the condition `{}` does not name its table: write `{{}}` for the table's alias",
                condition.escape_debug()
            ),
        )),
    }
}

/// Checks a column. `member` is true for a member of the elements of a JSON array, which is no
/// column.
fn check_column(keys: &[&str], column: &Column, member: bool) -> Result<(), MappingError> {
    let within = |name| [keys, &[name][..]].concat();
    if !(member && column.column.is_empty()) {
        check_identifier(&within("column"), &column.column)?;
    }
    if let Some(ArrayElements::OfType(name)) = &column.array {
        check_identifier(&within("array"), name)?;
    }
    if let Some(sort) = &column.sort {
        check_identifier(&within("sort"), sort)?;
    }
    if let StringComparison::FoldKey(name)
    | StringComparison::Native(NativeComparison::LowerColumn(name)) = &column.text
    {
        check_identifier(&within("text"), name)?;
    }
    if let Some(path) = &column.json {
        check_path(&within("json"), path)?;
    }
    if let Some(storage) = &column.stored {
        check_storage(storage).map_err(|message| MappingError::at(&within("stored"), message))?;
    }
    Ok(())
}

fn check_child(path: &str, child: &ChildTable) -> Result<(), MappingError> {
    let keys = ["children", path];
    let within = |name| [keys[0], keys[1], name];
    match (&child.column, child.table.is_empty()) {
        (Some(_), true) if child.references.is_some() => {
            return Err(MappingError::at(
                &within("references"),
                "elements in a column of the resource's own table refer to no other column",
            ));
        }
        (Some(column), true) => check_identifier(&within("column"), column)?,
        (None, false) => {
            if child.owner.is_empty() {
                return Err(MappingError::at(
                    &keys,
                    "it has no `owner`: the column with the key of the resource",
                ));
            }
            check_identifier(&within("table"), &child.table)?;
            check_identifier(&within("owner"), &child.owner)?;
            check_identifier(&within("position"), &child.position)?;
            let references = child.references.as_deref();
            references.map_or(Ok(()), |column| check_identifier(&within("references"), column))?;
        }
        _ => {
            return Err(MappingError::at(
                &keys,
                "it needs either a `table` with its `owner`, or a `column`",
            ));
        }
    }
    if let Some(schema) = &child.database_schema {
        check_identifier(&within("database_schema"), schema)?;
    }
    if let Some(path) = &child.json {
        check_path(&within("json"), path)?;
    }
    check_condition(&within("where"), child.condition.as_deref())?;
    let columns = child.columns.iter();
    let columns = columns.map(|(sub, column)| (vec![keys[0], keys[1], "columns", sub], column));
    let value = child.value.iter().map(|column| (within("value").to_vec(), column));
    for (keys, column) in value.chain(columns) {
        if column.sort.is_some() {
            return Err(MappingError::at(
                &[&keys[..], &["sort"][..]].concat(),
                "rows can only be sorted by columns of the resource's own table",
            ));
        }
        check_column(&keys, column, child.column.is_some())?;
    }
    let subs = child.columns.keys();
    check_distinct(subs.map(|sub| (vec![keys[0], keys[1], "columns", sub], sub.as_str())))
}

fn check_join(path: &str, join: &Join) -> Result<(), MappingError> {
    let keys = ["joins", path];
    let within = |name| [keys[0], keys[1], name];
    check_identifier(&within("table"), &join.table)?;
    if join.on.is_empty() {
        return Err(MappingError::at(
            &within("on"),
            "it names no columns: expected `{ own_column = \"related_column\" }`",
        ));
    }
    if let Some(schema) = &join.database_schema {
        check_identifier(&within("database_schema"), schema)?;
    }
    for name in join.on.keys().chain(join.on.values()) {
        check_identifier(&within("on"), name)?;
    }
    check_condition(&within("where"), join.condition.as_deref())?;
    for (sub, column) in &join.columns {
        check_column(&[keys[0], keys[1], "columns", sub], column, false)?;
    }
    let subs = join.columns.keys();
    check_distinct(subs.map(|sub| (vec![keys[0], keys[1], "columns", sub], sub.as_str())))
}

/// Rejects names of members that the databases quote differently, and those that some do not find:
/// MariaDB with `-` at the start, MariaDB and SQLite before 3.45 with an escape.
fn check_path(keys: &[&str], path: &[String]) -> Result<(), MappingError> {
    let invalid = |name: &&String| {
        name.is_empty()
            || name.starts_with('-')
            || name.contains(|char: char| matches!(char, '"' | '\\') || char.is_control())
            || name.len() > 255
    };
    match path.iter().find(invalid) {
        None => Ok(()),
        Some(name) => Err(MappingError::at(
            keys,
            format!(
                "`{}` is not a valid name of a JSON member: expected 1 to 255 bytes without `\"`, \
                 `\\` and control characters, and no `-` at the start",
                name.escape_debug()
            ),
        )),
    }
}

fn check_storage(storage: &Storage) -> Result<(), String> {
    match storage {
        Storage::Iso8601(digits) if *digits > 9 => {
            Err("`iso8601` has more than 9 fraction digits".to_owned())
        }
        Storage::BooleanText([yes, no]) if yes == no => {
            Err("`boolean` has the same string for true and false".to_owned())
        }
        Storage::Enum { labels, .. } if labels.is_empty() => Err("`enum` has no labels".to_owned()),
        Storage::Enum { type_name, labels } => {
            let mut seen = std::collections::HashSet::new();
            if let Some(label) = labels.iter().find(|label| !seen.insert(*label)) {
                return Err(format!("label `{}` occurs twice", label.escape_debug()));
            }
            match type_name.split('.').all(is_identifier) {
                true => Ok(()),
                false => Err(format!(
                    "`{}` is not the name of an enumerated type",
                    type_name.escape_debug()
                )),
            }
        }
        _ => Ok(()),
    }
}

fn check_distinct<'a>(
    paths: impl Iterator<Item = (Vec<&'a str>, &'a str)>,
) -> Result<(), MappingError> {
    let mut seen = std::collections::HashSet::new();
    for (keys, path) in paths {
        if !seen.insert(path.to_ascii_lowercase()) {
            return Err(MappingError::at(&keys, "the attribute is mapped twice"));
        }
    }
    Ok(())
}
