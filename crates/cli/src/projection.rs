//! Parses only those members of a JSON object that plans need.

use scieve::{AttributeType, Node, Plan, Predicate};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// The names of the members that plans need, in lowercase.
#[derive(Default)]
pub(crate) struct Projection(BTreeSet<String>);

impl Projection {
    /// Adds the members that a plan needs.
    pub(crate) fn add(&mut self, plan: &Plan<Value>) {
        self.add_node(plan, plan.root());
    }

    /// Adds the member that another one is derived from, if that is needed.
    pub(crate) fn add_source(&mut self, derived: &str, source: &str) {
        if self.0.contains(&derived.to_ascii_lowercase()) {
            self.0.insert(source.to_ascii_lowercase());
        }
    }

    // The recursion is bounded by the depth of the plan.
    fn add_node(&mut self, plan: &Plan<Value>, node: &Node) {
        match node {
            Node::All(children) | Node::Any(children) => {
                children.iter().for_each(|child| self.add_node(plan, child));
            }
            Node::Not(child) => self.add_node(plan, child),
            Node::Test(test) => {
                if let Predicate::Element(inner) = test.predicate() {
                    self.add_node(plan, inner);
                }
                let Some(attribute) = plan.schema().attribute(test.attribute()) else { return };
                // Without a schema, a filter can write the URN of the core schema before a member.
                if attribute.urn().is_none() || attribute.attribute_type() == AttributeType::Any {
                    self.0.insert(attribute.name().to_ascii_lowercase());
                }
                self.0.extend(attribute.urn().map(str::to_ascii_lowercase));
            }
        }
    }

    /// Parses an object. Returns `None` if the text is not an object, or not JSON.
    pub(crate) fn parse(&self, json: &str) -> Option<Value> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let members = deserializer.deserialize_map(Members(self)).ok()?;
        deserializer.end().ok()?;
        Some(Value::Object(members))
    }

    fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| known.len() == name.len() && known.eq_ignore_ascii_case(name))
    }
}

struct Members<'p>(&'p Projection);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key_seed(Name(self.0))? {
            match name {
                Some(name) => {
                    let raw: &RawValue = map.next_value()?;
                    let value = scieve::json_record(raw.get()).map_err(serde::de::Error::custom)?;
                    members.insert(name, value);
                }
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(members)
    }
}

/// The name of a member, or `None` if it is not needed.
struct Name<'p>(&'p Projection);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.contains(name).then(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Projection;
    use scieve::{CaseSensitivity, Policy, scim};
    use serde_json::{Value, json};

    #[test]
    fn members_that_plans_need_are_parsed() {
        let mut projection = Projection::default();
        let open: Policy<Value> = Policy::schemaless(CaseSensitivity::Ignore);
        for filter in ["name pr or not (a.b eq 1)", "c[d eq 1]", "urn:x:User:e pr"] {
            projection.add(&open.parse(filter).unwrap());
        }
        projection.add(&scim::user_policy().parse("title pr").unwrap());
        let record = r#"{"NAME": 99999999999999999999, "a": {"b": 1}, "x": [1, {"a": 2}], "c": [], "urn:x:User": {"e": 1}, "title": "t\u00e9"}"#;
        let parsed = projection.parse(record).unwrap();
        let all = scieve::json_record(record).unwrap();
        let expected = ["NAME", "a", "c", "urn:x:User", "title"].map(|name| all[name].clone());
        assert_eq!(parsed.as_object().unwrap().len(), expected.len());
        assert_eq!(
            ["NAME", "a", "c", "urn:x:User", "title"].map(|name| parsed[name].clone()),
            expected
        );
        for invalid in ["[]", "1", r#"{"a": }"#, r#"{"a": 1} x"#, r#"{"x": tru}"#] {
            assert_eq!(projection.parse(invalid), None, "{invalid}");
        }
        assert_eq!(projection.parse("{}"), Some(json!({})));
    }
}
