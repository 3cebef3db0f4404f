//! The filters and users of the directory in the form of each competitor.

use super::directory::{Condition, ENTERPRISE, Field, User};
use a_tree::{ATree, AttributeDefinition, Event};
use mokaccino::prelude::{CNFQueryable, Document, Query};

impl Condition {
    pub(super) fn to_scim(&self) -> String {
        let path = |field: &Field| match field {
            Field::Department => format!("{ENTERPRISE}:department"),
            Field::Groups => "groups.value".into(),
            other => other.name().into(),
        };
        match self {
            Self::Equal(field, value) => format!("{} eq \"{value}\"", path(field)),
            Self::In(field, values) => {
                let path = path(field);
                let parts: Vec<String> =
                    values.iter().map(|value| format!("{path} eq \"{value}\"")).collect();
                format!("({})", parts.join(" or "))
            }
            Self::StartsWith(field, value) => format!("{} sw \"{value}\"", path(field)),
            Self::Active => "active eq true".into(),
            Self::All(parts) => parts.iter().map(Self::to_scim).collect::<Vec<_>>().join(" and "),
            Self::Scim(filter) => filter.clone(),
        }
    }

    /// Returns nothing if a-tree cannot express the condition: it has no prefixes.
    pub(super) fn to_a_tree(&self) -> Option<String> {
        let list = |values: &[String]| format!("[\"{}\"]", values.join("\", \""));
        Some(match self {
            Self::Equal(Field::Groups, value) => format!("groups one of [\"{value}\"]"),
            Self::Equal(field, value) => format!("{} = \"{value}\"", field.name()),
            Self::In(Field::Groups, values) => format!("groups one of {}", list(values)),
            Self::In(field, values) => format!("{} in {}", field.name(), list(values)),
            Self::Active => "active".into(),
            Self::All(parts) => {
                parts.iter().map(Self::to_a_tree).collect::<Option<Vec<_>>>()?.join(" and ")
            }
            Self::StartsWith(..) | Self::Scim(_) => return None,
        })
    }

    pub(super) fn to_mokaccino(&self) -> Option<Query> {
        Some(match self {
            Self::Equal(field, value) => field.name().has_value(value.as_str()),
            Self::In(field, values) => Query::from_or(
                values.iter().map(|value| field.name().has_value(value.as_str())).collect(),
            ),
            Self::StartsWith(field, value) => field.name().has_prefix(value.as_str()),
            Self::Active => "active".has_value("true"),
            Self::All(parts) => {
                Query::from_and(parts.iter().map(Self::to_mokaccino).collect::<Option<Vec<_>>>()?)
            }
            Self::Scim(_) => return None,
        })
    }
}

/// Creates the empty tree. The fields have one value, except the groups.
pub(super) fn a_tree() -> ATree<u32> {
    let definitions: Vec<AttributeDefinition> = Field::ALL
        .map(|field| match field {
            Field::Groups => AttributeDefinition::string_list(field.name()),
            other => AttributeDefinition::string(other.name()),
        })
        .into_iter()
        .chain([AttributeDefinition::boolean("active")])
        .collect();
    ATree::new(&definitions).unwrap()
}

impl User {
    pub(super) fn to_event(&self, tree: &ATree<u32>) -> Event {
        let mut event = tree.make_event();
        for field in Field::ALL {
            let values = self.values(field);
            match field {
                Field::Groups => event.with_string_list(field.name(), &values).unwrap(),
                other => event.with_string(other.name(), values[0]).unwrap(),
            }
        }
        event.with_boolean("active", self.active).unwrap();
        event.build().unwrap()
    }

    pub(super) fn to_document(&self) -> Document {
        let values = Field::ALL.into_iter().flat_map(|field| {
            self.values(field).into_iter().map(move |value| (field.name(), value))
        });
        values.fold(
            Document::new().with_value("active", self.active.to_string().as_str()),
            |document, (field, value)| document.with_value(field, value),
        )
    }
}
