//! Members of JSON objects by attribute name, which ignores ASCII case.

use crate::schema::is_assigned;
use serde_json::{Map, Value};

/// Returns the name of a member as the object spells it.
pub(super) fn spelling(object: &Map<String, Value>, name: &str) -> Option<String> {
    if object.contains_key(name) {
        return Some(name.to_owned());
    }
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()
}

pub(super) fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

pub(super) fn remove(object: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = spelling(object, name)?;
    object.remove(&key)
}

/// Sets a member, in the spelling of the object if it exists.
pub(super) fn set(object: &mut Map<String, Value>, name: &str, value: Value) {
    let key = spelling(object, name).unwrap_or_else(|| name.to_owned());
    object.insert(key, value);
}

/// Removes the members and elements that are not assigned, down to the sub-attributes.
pub(super) fn prune(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            elements.iter_mut().for_each(prune_object);
            elements.retain(is_assigned);
        }
        value => prune_object(value),
    }
}

fn prune_object(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| is_assigned(member));
    }
}
