//! A custom resource type with its schema and policy, and filters evaluated in memory.
//!
//! `cargo run --example own_resource -- 'owner eq "bob" and tags co "lab"'`

use scieve::{
    Attribute, AttributeType, Operator, Operators, Policy, Record, Schema, SchemaError, ValueRef,
};

struct Device {
    serial: &'static str,
    owner: Option<&'static str>,
    ports: i64,
    tags: &'static [&'static str],
}

impl Record for Device {
    /// Passes each assigned value to `test` until one returns true. A missing owner has no value.
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match attribute.path() {
            "serial" => test(self.serial.into()),
            "owner" => self.owner.is_some_and(|owner| test(owner.into())),
            "ports" => test(self.ports.into()),
            "tags" => self.tags.iter().any(|tag| test((*tag).into())),
            _ => false,
        }
    }
}

fn policy() -> Result<Policy<Device>, SchemaError> {
    let schema = Schema::new(
        Some("urn:example:params:scim:schemas:core:1.0:Device"),
        [
            Attribute::new("serial", AttributeType::String).case_exact(true),
            Attribute::new("owner", AttributeType::String),
            Attribute::new("ports", AttributeType::Integer),
            Attribute::new("tags", AttributeType::String).multi_valued(),
        ],
    )?;
    // Every operator that the types support, except that serial numbers support only `eq`.
    Policy::new(schema)?.with_rule("serial", |rule| rule.operators = Operators::of(&[Operator::Eq]))
}

fn main() -> Result<(), SchemaError> {
    let devices = [
        Device { serial: "A-1", owner: Some("Bob"), ports: 4, tags: &["lab", "spare"] },
        Device { serial: "A-2", owner: Some("Ålice"), ports: 48, tags: &["rack"] },
        Device { serial: "B-7", owner: None, ports: 24, tags: &[] },
    ];
    let policy = policy()?;
    let text = std::env::args()
        .nth(1)
        .unwrap_or_else(|| r#"owner eq "bob" or ports gt 40 and not (tags pr)"#.into());
    match policy.parse(&text) {
        Ok(plan) => {
            println!("{}\n", plan.explain());
            for device in devices.iter().filter(|device| plan.matches(device)) {
                println!("{}", device.serial);
            }
        }
        Err(findings) => eprint!("{}", findings.render()),
    }
    Ok(())
}
