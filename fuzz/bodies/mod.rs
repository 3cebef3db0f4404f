//! The bodies of the fuzz targets. `crates/server/tests/it/fuzz_replay.rs` runs them on stored
//! inputs, which needs no nightly compiler.
#![forbid(unsafe_code)]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod agreement;
mod check;
mod cursor;
mod filter_set;
mod http;
mod parse;
mod patch;
mod patch_request;
mod policy;
#[path = "../../tests/generators/random.rs"]
mod random;
#[path = "../../tests/generators/random_values.rs"]
mod random_values;
mod roundtrip;
#[path = "../../tests/generators/rows.rs"]
mod rows;

pub(crate) use agreement::agreement;
pub(crate) use check::check;
pub(crate) use cursor::cursor;
pub(crate) use filter_set::filter_set;
pub(crate) use http::http;
pub(crate) use parse::parse;
pub(crate) use patch::patch;
pub(crate) use patch_request::patch_request;
pub(crate) use policy::policy;
pub(crate) use roundtrip::roundtrip;

/// The name of a target, which is also the name of its folders, and its body.
pub(crate) type Body = (&'static str, fn(&[u8]));

/// All targets.
pub(crate) const BODIES: [Body; 10] = [
    ("agreement", agreement),
    ("check", check),
    ("cursor", cursor),
    ("filter_set", filter_set),
    ("http", http),
    ("parse", parse),
    ("patch", patch),
    ("patch_request", patch_request),
    ("policy", policy),
    ("roundtrip", roundtrip),
];

use arbitrary::Unstructured;
use serde_json::Value;

/// Mutates JSON: replaces, duplicates or removes some of its values.
fn mutate(u: &mut Unstructured<'_>, value: &mut Value, others: &[Value]) -> arbitrary::Result<()> {
    for _ in 0..u.int_in_range(0..=6)? {
        let mut at = &mut *value;
        loop {
            let children = match at {
                Value::Array(items) => items.len(),
                Value::Object(members) => members.len(),
                _ => 0,
            };
            if children == 0 || u.ratio(1, 4)? {
                break;
            }
            let place = u.choose_index(children)?;
            at = match at {
                Value::Array(items) => &mut items[place],
                Value::Object(members) => members.values_mut().nth(place).unwrap(),
                _ => break,
            };
        }
        match (u.int_in_range(0..=3)?, at) {
            (0, Value::Array(items)) if !items.is_empty() => {
                let place = u.choose_index(items.len())?;
                items.push(items[place].clone());
            }
            (1, Value::Array(items)) => drop(items.pop()),
            (1, Value::Object(members)) => {
                let name = members.keys().next().cloned();
                name.map(|name| members.remove(&name));
            }
            (2, Value::Object(members)) => {
                let name = others
                    .iter()
                    .filter_map(Value::as_str)
                    .nth(u.choose_index(others.len())?)
                    .unwrap_or("x")
                    .to_owned();
                members.insert(name, u.choose(others)?.clone());
            }
            (_, at) => *at = u.choose(others)?.clone(),
        }
    }
    Ok(())
}
