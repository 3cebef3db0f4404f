//! The request that turns one resource into another.

use super::members::{get, prune, spelling};
use super::request::PatchRequest;
use crate::filter::Literal;
use crate::schema::is_assigned;
use crate::value::fold_key;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Returns the request that turns `old` into `new`, without operations on what is equal in both.
///
/// Applying the request to `old` results in `new`, except that unassigned members (`null`, `[]`,
/// `{}`) are removed. Attributes that the schema does not let clients change, such as `id` and
/// `meta`, are best removed from both before. Values that are not objects are treated as empty
/// objects.
///
/// ```
/// use scieve::patch::diff;
/// use serde_json::json;
///
/// let old = json!({"title": "Guide", "emails": [{"value": "a@x.example"}, {"value": "b@x.example"}]});
/// let new = json!({"title": "Chief", "emails": [{"value": "b@x.example"}]});
/// let request = diff(&old, &new);
/// let paths: Vec<_> = request
///     .operations()
///     .iter()
///     .map(|operation| (operation.op.as_str(), operation.path.as_deref().unwrap_or_default()))
///     .collect();
/// assert_eq!(paths, [("remove", r#"emails[value eq "a@x.example"]"#), ("replace", "title")]);
/// ```
#[must_use]
pub fn diff(old: &Value, new: &Value) -> PatchRequest {
    let empty = Map::new();
    let object = |value: &Value| value.as_object().unwrap_or(&empty).clone();
    let (old, new) = (object(old), object(new));
    let mut request = PatchRequest::new();
    // The effect of the other operations on `schemas`.
    let mut schemas = get(&old, "schemas").cloned();
    for name in names(&old, &new) {
        let (before, after) = (assigned(&old, &name), assigned(&new, &name));
        if name.eq_ignore_ascii_case("schemas") || before == after {
            continue;
        }
        if !name.contains(':') {
            request = attribute(request, &name, before, after);
            continue;
        }
        if before.is_some() != after.is_some()
            && let Some(Value::Array(listed)) = &mut schemas
        {
            let is_this =
                |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(&name));
            if after.is_none() {
                listed.retain(|urn| !is_this(urn));
            } else if !listed.iter().any(is_this) {
                listed.push(name.as_str().into());
            }
        }
        request = match after {
            None => request.remove(&name),
            Some(after) => extension(request, &name, before, after),
        };
    }
    let schemas = schemas.filter(is_assigned);
    match get(&new, "schemas").filter(|value| is_assigned(value)) {
        after if after == schemas.as_ref() => request,
        Some(after) => request.replace("schemas", after.clone()),
        None => request.remove("schemas"),
    }
}

/// Returns the names of the members of both, without duplicates.
fn names(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<String> = old.keys().cloned().collect();
    names.extend(new.keys().filter(|name| spelling(old, name).is_none()).cloned());
    names
}

/// Returns a member without its unassigned parts, or `None` if it is unassigned.
fn assigned(object: &Map<String, Value>, name: &str) -> Option<Value> {
    let mut value = get(object, name)?.clone();
    prune(&mut value);
    Some(value).filter(is_assigned)
}

fn extension(
    mut request: PatchRequest,
    urn: &str,
    before: Option<Value>,
    after: Value,
) -> PatchRequest {
    let (Some(Value::Object(before)), Value::Object(after)) = (before, &after) else {
        return request.add(urn, after);
    };
    // Removals last: an extension that is empty for a moment would leave `schemas`.
    let mut names = names(&before, after);
    names.sort_by_key(|name| assigned(after, name).is_none());
    for name in names {
        let (before, after) = (assigned(&before, &name), assigned(after, &name));
        if before != after {
            request = attribute(request, &format!("{urn}:{name}"), before, after);
        }
    }
    request
}

/// Adds the operations for one attribute, whose values differ.
fn attribute(
    request: PatchRequest,
    path: &str,
    before: Option<Value>,
    after: Option<Value>,
) -> PatchRequest {
    match (before, after) {
        (_, None) => request.remove(path),
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            complex(request, path, &before, &after)
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            match elements(path, &before, &after) {
                Some((removed, added)) => {
                    let request =
                        removed.into_iter().fold(request, |request, path| request.remove(path));
                    match added.is_empty() {
                        true => request,
                        false => request.add(path, added),
                    }
                }
                None => request.replace(path, after),
            }
        }
        (_, Some(after)) => request.replace(path, after),
    }
}

/// Adds the operations for the sub-attributes of a complex attribute.
fn complex(
    mut request: PatchRequest,
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> PatchRequest {
    let mut changed = Map::new();
    for name in names(before, after) {
        match (get(before, &name), get(after, &name)) {
            (_, None) => request = request.remove(format!("{path}.{name}")),
            (before, Some(after)) if before != Some(after) => {
                changed.insert(name, after.clone());
            }
            _ => {}
        }
    }
    let mut members = changed.iter();
    match (members.next(), members.next()) {
        (None, _) => request,
        (Some((name, value)), None) => request.replace(format!("{path}.{name}"), value.clone()),
        _ => request.replace(path, changed),
    }
}

/// Returns the paths of removed elements and the added ones, if these operations result in exactly
/// `after` and are no longer than it.
fn elements(path: &str, before: &[Value], after: &[Value]) -> Option<(Vec<String>, Vec<Value>)> {
    // Unique values select the same elements, whatever the case rule of the schema is.
    let keys = |elements: &[Value]| -> Option<HashSet<String>> {
        let values = elements.iter().map(|element| Some(fold_key(value_of(element)?).into_owned()));
        let keys: HashSet<String> = values.collect::<Option<_>>()?;
        (keys.len() == elements.len()).then_some(keys)
    };
    let (old, new) = (keys(before)?, keys(after)?);
    let is_in = |keys: &HashSet<String>, element: &Value| {
        value_of(element).is_some_and(|value| keys.contains(&*fold_key(value)))
    };
    let (kept, removed): (Vec<&Value>, Vec<&Value>) =
        before.iter().partition(|element| is_in(&new, element));
    let added: Vec<&Value> = after.iter().filter(|element| !is_in(&old, element)).collect();
    let is_exact = kept.iter().chain(&added).copied().eq(after);
    let moves_primary = added.iter().any(|element| element.get("primary") == Some(&true.into()));
    let is_no_longer = removed.len() + added.len() <= after.len();
    if !is_exact || moves_primary || !is_no_longer {
        return None;
    }
    let select = |element: &Value| {
        value_of(element).map(|value| format!("{path}[value eq {}]", Literal::String(value)))
    };
    let removed = removed.into_iter().map(select).collect::<Option<_>>()?;
    Some((removed, added.into_iter().cloned().collect()))
}

/// Returns the `value` of an element, if it is a string that a filter can contain.
fn value_of(element: &Value) -> Option<&str> {
    element.get("value")?.as_str().filter(|value| !value.contains('\0'))
}
