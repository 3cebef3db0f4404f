//! The place of an attribute's values: a column, a member of a JSON column, a related row, or a
//! list of elements.

use super::checked_mapping::{CheckedMapping, find, is_path};
use super::dialect::Dialect;
use super::json_value::JsonValue;
use super::names::{MappedColumn, MappedJoin, MappedTable};
use crate::schema::Attribute;
use std::borrow::Cow;

/// The place of the value of a single-valued attribute.
pub(super) enum Place<'a> {
    Column(&'a MappedColumn),
    Json(JsonPlace<'a>),
    Related(&'a MappedJoin, &'a MappedColumn),
}

/// A path of members in a JSON column.
pub(super) struct JsonPlace<'a> {
    pub(super) column: &'a str,
    pub(super) path: Vec<&'a str>,
    /// The entry of the mapping with this path, if there is one.
    pub(super) entry: Option<&'a MappedColumn>,
}

/// The elements of a multi-valued attribute, or the related row of a complex one.
pub(super) enum Rows<'a> {
    Child(&'a MappedTable),
    Related(&'a MappedJoin),
    Array(&'a MappedColumn),
    Json {
        list: JsonPlace<'a>,
        /// The members of elements whose names differ from those of the sub-attributes.
        members: Option<&'a MappedTable>,
    },
}

/// The value of an attribute in one of [`Rows`].
pub(super) enum Cell<'a> {
    Column(&'a MappedColumn),
    /// A path of members within the element.
    Json(Vec<&'a str>, Option<&'a MappedColumn>),
}

impl CheckedMapping {
    /// The place of a single-valued attribute.
    pub(super) fn place<'a>(&'a self, attribute: &'a Attribute) -> Option<Place<'a>> {
        let names = self.names();
        if let Some(column) = find(&names.attributes, attribute) {
            return Some(match json_of(column) {
                Some(place) => Place::Json(place),
                None => Place::Column(column),
            });
        }
        if let Some(sub) = attribute.sub_attribute() {
            let is_parent = |path: &str| is_path(path, attribute.urn(), attribute.name());
            if let Some((_, join)) = names.joins.iter().find(|(path, _)| is_parent(path)) {
                return Some(Place::Related(join, join.sub_attribute(sub)?));
            }
            let parent = names.attributes.iter().find(|(path, _)| is_parent(path));
            if let Some(mut place) = parent.and_then(|(_, column)| json_of(column)) {
                place.path.push(sub);
                place.entry = None;
                return Some(Place::Json(place));
            }
        }
        self.document_place(attribute).map(Place::Json)
    }

    /// The elements of a multi-valued attribute.
    pub(super) fn rows<'a>(&'a self, attribute: &'a Attribute) -> Option<Rows<'a>> {
        let names = self.names();
        if let Some(table) = find(&names.children, attribute) {
            return Some(match &table.list {
                Some((column, path)) => Rows::Json {
                    list: JsonPlace {
                        column,
                        path: path.iter().map(String::as_str).collect(),
                        entry: None,
                    },
                    members: Some(table),
                },
                None => Rows::Child(table),
            });
        }
        if let Some(column) = find(&names.attributes, attribute) {
            return match (&column.element, json_of(column)) {
                (Some(_), _) => Some(Rows::Array(column)),
                (None, Some(list)) => Some(Rows::Json { list, members: None }),
                (None, None) => None,
            };
        }
        match self.place(attribute)? {
            Place::Json(list) => Some(Rows::Json { list, members: None }),
            Place::Column(_) | Place::Related(..) => None,
        }
    }

    /// The elements that have the values of an attribute, which is multi-valued itself or belongs
    /// to a multi-valued one, and the value in an element.
    pub(super) fn value_rows<'a>(
        &'a self,
        attribute: &'a Attribute,
        parent: Option<&'a Attribute>,
    ) -> Option<(Rows<'a>, Cell<'a>)> {
        if let Some(rows) = self.rows_of_element(attribute) {
            let cell = rows.cell(None)?;
            return Some((rows, cell));
        }
        let sub = attribute.sub_attribute()?;
        let rows = self.rows(parent?)?;
        let cell = rows.cell(Some(sub))?;
        Some((rows, cell))
    }

    /// The elements of an attribute that is multi-valued itself.
    fn rows_of_element<'a>(&'a self, attribute: &'a Attribute) -> Option<Rows<'a>> {
        if attribute.is_multi_valued() { self.rows(attribute) } else { None }
    }

    /// The value at a place in a row of the resource's table.
    pub(super) fn json_value<'a>(
        &self,
        dialect: Dialect,
        place: &JsonPlace<'a>,
    ) -> Cow<'a, JsonValue> {
        match place.entry.and_then(|entry| entry.json_value(dialect)) {
            Some(prepared) => Cow::Borrowed(prepared),
            None => {
                let alias = &self.mapping().alias;
                Cow::Owned(JsonValue::in_column(dialect, alias, place.column, &place.path))
            }
        }
    }

    fn document_place<'a>(&'a self, attribute: &'a Attribute) -> Option<JsonPlace<'a>> {
        let column = self.names().document.as_deref()?;
        let path = attribute.urn().into_iter().chain([attribute.name()]);
        let path = path.chain(attribute.sub_attribute()).collect();
        Some(JsonPlace { column, path, entry: None })
    }
}

/// The place in the JSON column of an entry.
fn json_of(column: &MappedColumn) -> Option<JsonPlace<'_>> {
    let path = column.column.json.as_ref()?.iter().map(String::as_str).collect();
    Some(JsonPlace { column: &column.column.column, path, entry: Some(column) })
}

impl<'a> Rows<'a> {
    /// The value of a sub-attribute, or of the element itself.
    pub(super) fn cell(&self, sub: Option<&'a str>) -> Option<Cell<'a>> {
        match (self, sub) {
            (Self::Child(table), Some(sub)) => table.sub_attribute(sub).map(Cell::Column),
            (Self::Child(table), None) => table.value.as_ref().map(Cell::Column),
            (Self::Related(join), sub) => join.sub_attribute(sub?).map(Cell::Column),
            (Self::Array(column), None) => column.element.as_deref().map(Cell::Column),
            (Self::Array(_), Some(_)) => None,
            (Self::Json { members, list }, sub) => {
                let entry = match sub {
                    Some(sub) => members.and_then(|members| members.sub_attribute(sub)),
                    None => members.and_then(|members| members.value.as_ref()).or(list.entry),
                };
                let path = match (entry.and_then(|entry| entry.column.json.as_ref()), sub) {
                    (_, None) if members.is_none() => Vec::new(),
                    (Some(path), _) => path.iter().map(String::as_str).collect(),
                    (None, sub) => sub.into_iter().collect(),
                };
                Some(Cell::Json(path, entry))
            }
        }
    }
}
