//! The strings of tests/corpus/hostile_strings.jsonl, with their encodings.
//!
//! A line has a `group` and one of: `text`, the string itself; `unit` and `times`, a string that is
//! repeated; `raw`, the octets to put into a URL unchanged; `json`, the characters to put between
//! the quotes of a JSON string unchanged. In other contexts, `raw` and `json` are ordinary strings.

use scieve_users::User;
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Text,
    Raw,
    Json,
}

#[derive(Clone, Debug)]
pub(crate) struct Hostile {
    form: Form,
    written: String,
}

pub(crate) fn corpus() -> Vec<Hostile> {
    let lines = include_str!("../../../../../tests/corpus/hostile_strings.jsonl").lines();
    let all: Vec<Hostile> =
        lines.map(|line| Hostile::of(&serde_json::from_str(line).unwrap())).collect();
    assert!(all.len() >= 300, "{}", all.len());
    assert_eq!(
        all.iter().map(|one| (one.form as u8, &one.written)).collect::<BTreeSet<_>>().len(),
        all.len()
    );
    all
}

impl Hostile {
    fn of(line: &Value) -> Self {
        let member = |name: &str| line.get(name).and_then(Value::as_str);
        let (form, written) = match (member("text"), member("raw"), member("json"), member("unit"))
        {
            (Some(text), None, None, None) => (Form::Text, text.to_owned()),
            (None, Some(raw), None, None) => (Form::Raw, raw.to_owned()),
            (None, None, Some(json), None) => (Form::Json, json.to_owned()),
            (None, None, None, Some(unit)) => {
                (Form::Text, unit.repeat(line["times"].as_u64().unwrap() as usize))
            }
            _ => panic!("{line}"),
        };
        assert!(line["group"].is_string() && !written.is_empty(), "{line}");
        Self { form, written }
    }

    /// Returns the string without escaping.
    pub(crate) fn plain(&self) -> &str {
        &self.written
    }

    /// Encodes the string as the value of a query parameter.
    pub(crate) fn in_query(&self) -> String {
        if self.form == Form::Raw { self.written.clone() } else { encoded(&self.written) }
    }

    /// Decodes the result of `in_query`; `None` if it is malformed or contains U+0000.
    pub(crate) fn of_query(&self) -> Option<String> {
        let text = match self.form {
            Form::Raw => octets(&self.written.replace('+', " "), true)
                .and_then(|octets| String::from_utf8(octets).ok()),
            Form::Text | Form::Json => Some(self.written.clone()),
        };
        text.filter(|text| !text.contains('\0'))
    }

    /// Encodes the string as a path segment, and decodes it again.
    pub(crate) fn in_path(&self) -> (String, Option<String>) {
        match self.form {
            Form::Raw => (
                self.written.clone(),
                octets(&self.written, false).and_then(|octets| String::from_utf8(octets).ok()),
            ),
            Form::Text | Form::Json => (encoded(&self.written), Some(self.written.clone())),
        }
    }

    /// Encodes the string as JSON.
    pub(crate) fn in_json(&self) -> String {
        match self.form {
            Form::Json => format!("\"{}\"", self.written),
            Form::Text | Form::Raw => Value::from(self.written.as_str()).to_string(),
        }
    }

    /// Decodes the result of `in_json`; `None` if it is not valid JSON.
    pub(crate) fn of_json(&self) -> Option<String> {
        serde_json::from_str(&self.in_json()).ok()
    }
}

/// Percent-encodes all octets except letters and digits.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Decodes percent-encoding. A `%` without two hexadecimal digits is an error if `strict`, else
/// literal.
fn octets(text: &str, strict: bool) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |place: usize| after.get(place).and_then(|byte| char::from(*byte).to_digit(16));
        let escaped = digit(0).zip(digit(1)).filter(|_| *first == b'%');
        if strict && *first == b'%' && escaped.is_none() {
            return None;
        }
        octets.push(escaped.map_or(*first, |(high, low)| (high * 16 + low) as u8));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    Some(octets)
}

/// Returns users with hostile strings in every member. Each string occurs once in each member, so
/// that a confusion of two columns shows. Another `shift` yields the same ids and strings, but
/// another user for each id.
pub(crate) fn population(tenant: &str, corpus: &[Hostile], shift: usize) -> Vec<User> {
    let texts: Vec<&str> =
        corpus.iter().map(Hostile::plain).filter(|text| storable(text)).collect();
    let texts: Vec<&str> = texts.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let text = |place: usize| texts[place % texts.len()];
    let user = |number: usize| {
        let place = number + shift;
        let role = |id: usize, name: usize| serde_json::json!({"id": text(id), "name": text(name), "type": "custom", "level": "user"});
        let status = ["active", "invited", "disabled", "deleted", "provisioned"][number % 5];
        serde_json::from_value(serde_json::json!({
            "id": text(number), "tenantId": tenant, "subject": text(place + 1), "name": text(place + 2), "email": text(place + 3),
            "status": status, "clientId": text(place + 4), "assignedRoles": [role(place + 5, place + 6)],
            "assignedGroups": [{"id": text(place + 7), "name": text(place + 8), "assignedRoles": [role(place + 9, place + 10)]}],
            "assignedScopes": [text(place + 11)], "createdAt": "2026-01-01T00:00:00Z", "lastUpdatedAt": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    };
    (0..texts.len()).map(user).collect()
}

/// Returns whether the string is within the limits of every member of a user.
pub(crate) fn storable(string: &str) -> bool {
    string.len() <= 240 && scieve::fold_key(string).len() <= 240 && !string.contains('\0')
}
