//! Compiles plans to LDAP search filters (RFC 4515): an example of a compiler to another query
//! language, which walks the tree of a plan.
//!
//! `cargo run --example ldap_filter -- 'userName sw "j" and not (active eq false)'`

use scieve::{
    Attribute, AttributeType, Node, Plan, Policy, Predicate, Record, Schema, Test, Value, ValueRef,
};
use std::fmt::Write;

/// The record type of the policy. Its records are in the directory, so it has none here.
struct Entry;

impl Record for Entry {
    fn any_value(&self, _: &Attribute, _: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        false
    }
}

/// The attribute of the directory for each attribute of the schema.
const NAMES: [(&str, &str); 4] = [
    ("userName", "uid"),
    ("name.familyName", "sn"),
    ("emails.value", "mail"),
    ("active", "accountEnabled"),
];

fn policy() -> Result<Policy<Entry>, Box<dyn std::error::Error>> {
    let schema = Schema::new(
        None,
        [
            Attribute::new("userName", AttributeType::String),
            Attribute::new("name", AttributeType::Complex),
            Attribute::new("name.familyName", AttributeType::String),
            Attribute::new("emails", AttributeType::Complex).multi_valued(),
            Attribute::new("emails.value", AttributeType::String),
            Attribute::new("active", AttributeType::Boolean),
        ],
    )?;
    Ok(Policy::new(schema)?)
}

/// Compiles a plan. The error names what the target cannot express: leaving it out would change
/// which entries match.
fn compile(plan: &Plan<Entry>) -> Result<String, String> {
    let mut out = String::new();
    node(plan.root(), plan.schema(), &mut out)?;
    Ok(out)
}

/// The depth of a plan is bounded by the limits of its policy, so the recursion is bounded too.
fn node(node_: &Node, schema: &Schema, out: &mut String) -> Result<(), String> {
    let (symbol, children) = match node_ {
        Node::All(children) => ("&", &**children),
        Node::Any(children) => ("|", &**children),
        Node::Not(child) => ("!", std::slice::from_ref(&**child)),
        Node::Test(one) => return test(one, schema, out),
    };
    out.push('(');
    out.push_str(symbol);
    for child in children {
        node(child, schema, out)?;
    }
    out.push(')');
    Ok(())
}

fn test(test: &Test, schema: &Schema, out: &mut String) -> Result<(), String> {
    let attribute = schema.attribute(test.attribute()).ok_or("unknown attribute")?;
    let name = NAMES
        .iter()
        .find(|(path, _)| *path == attribute.path())
        .map(|(_, name)| *name)
        .ok_or_else(|| format!("the directory has no attribute for `{attribute}`"))?;
    // Writing to a `String` never fails.
    let _ = match test.predicate() {
        Predicate::Present => write!(out, "({name}=*)"),
        // An empty disjunction (RFC 4526).
        Predicate::Never => write!(out, "(|)"),
        Predicate::Equal(value) => write!(out, "({name}={})", operand(value)?),
        Predicate::In(values) => {
            out.push_str("(|");
            for value in values {
                let _ = write!(out, "({name}={})", operand(value)?);
            }
            write!(out, ")")
        }
        Predicate::Contains(text) => write!(out, "({name}=*{}*)", escaped(text.as_str())),
        Predicate::StartsWith(text) => write!(out, "({name}={}*)", escaped(text)),
        Predicate::EndsWith(text) => write!(out, "({name}=*{})", escaped(text)),
        other => return Err(format!("LDAP cannot express {other:?} on `{attribute}`")),
    };
    Ok(())
}

fn operand(value: &Value) -> Result<String, String> {
    match value {
        Value::Text(text) => Ok(escaped(text)),
        Value::Boolean(boolean) => Ok(if *boolean { "TRUE" } else { "FALSE" }.to_owned()),
        Value::Integer(number) => Ok(number.to_string()),
        other => Err(format!("no LDAP syntax for {other:?}")),
    }
}

/// Escapes a value (RFC 4515 section 3), so that it cannot change the structure of the filter.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'*' | b'(' | b')' | b'\\' | 0 | 0x80.. => {
                let _ = write!(out, "\\{byte:02x}");
            }
            byte => out.push(char::from(byte)),
        }
        out
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = std::env::args().nth(1).unwrap_or_else(|| {
        r#"userName sw "J*" and (emails.value ew "@x.example" or not (active eq false))"#.into()
    });
    match policy()?.parse(&text) {
        Ok(plan) => println!("{}", compile(&plan)?),
        Err(errors) => eprint!("{}", errors.render()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{compile, policy};

    #[test]
    fn values_cannot_change_the_structure() {
        let compiled = |text: &str| compile(&policy().unwrap().parse(text).unwrap());
        assert_eq!(
            compiled(r#"userName sw "J*" and (emails.value ew ")" or not (active eq false))"#),
            Ok(r"(&(uid=j\2a*)(|(mail=*\29)(!(accountEnabled=FALSE))))".to_owned())
        );
        assert!(compiled(r#"userName gt "a""#).is_err());
        assert!(compiled("name pr").is_err());
    }
}
