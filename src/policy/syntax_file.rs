//! [`Syntax`] in a policy file: the name of a preset, or a map of the enabled fields.

use crate::syntax::Syntax;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
use serde_json::Value;
use std::fmt;

const PRESETS: [&str; 3] = ["rfc", "entra", "lenient"];

pub(super) fn serialize<S: Serializer>(syntax: &Syntax, serializer: S) -> Result<S::Ok, S::Error> {
    match PRESETS.into_iter().find(|name| Syntax::from_name(name) == Some(*syntax)) {
        Some(name) => serializer.serialize_str(name),
        None => {
            let mut fields = serde_json::to_value(syntax).map_err(S::Error::custom)?;
            if let Value::Object(fields) = &mut fields {
                fields.retain(|_, on| *on == Value::Bool(true));
            }
            fields.serialize(serializer)
        }
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Syntax, D::Error> {
    deserializer.deserialize_any(PresetOrFields)
}

struct PresetOrFields;

impl<'de> Visitor<'de> for PresetOrFields {
    type Value = Syntax;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a preset, or an object or table")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Syntax, E> {
        Syntax::from_name(name).ok_or_else(|| E::unknown_variant(name, &PRESETS))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Syntax, A::Error> {
        Syntax::deserialize(MapAccessDeserializer::new(fields))
    }
}
