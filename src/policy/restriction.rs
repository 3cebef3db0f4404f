//! Files that restrict a policy from code.

use super::error::{PolicyError, PolicyFaultKind};
use super::keyed::Keyed;
use super::source::{self, Fault, Format, Part, unknown_group, zero_count, zero_limit};
use super::{Policy, UnknownValues, Weights};
use crate::operator::{Operator, Operators};
use serde::Deserialize;

impl<R> Policy<R> {
    /// Restricts the policy by a file in TOML: rules as data over a schema from code.
    ///
    /// The keys are those of [`Policy::from_toml`] that restrict: `limits`, `not`, `value_paths`,
    /// `urn_prefixes`, `null`, `groups` and `attributes` with `name`, `operators`, `max_count`,
    /// `weights`, `hidden` and `unknown_values`. Names can have a URN. What the file does not
    /// mention stays as it is. Of two limits, maxima or weights, the stricter one applies.
    ///
    /// # Errors
    /// Returns every error of the file: those of [`Policy::from_toml`], an attribute that the schema
    /// does not have, and an operator that the policy does not allow.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Policy, Schema};
    /// use serde_json::Value;
    ///
    /// let schema = Schema::new(
    ///     None,
    ///     [
    ///         Attribute::new("name", AttributeType::String),
    ///         Attribute::new("active", AttributeType::Boolean),
    ///     ],
    /// )?;
    /// let policy: Policy<Value> = Policy::new(schema)?.restricted_by_toml(
    ///     r#"
    ///         not = false
    ///
    ///         [[attributes]]
    ///         name = "name"
    ///         operators = ["eq", "sw"]
    ///     "#,
    /// )?;
    /// assert!(policy.parse(r#"name sw "a" and active eq true"#).is_ok());
    /// assert!(policy.parse(r#"name co "a""#).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restricted_by_toml(self, toml: &str) -> Result<Self, PolicyError> {
        self.restricted_by(toml, Format::Toml)
    }

    /// Restricts the policy by a file in JSON, with the keys of [`Policy::restricted_by_toml`].
    ///
    /// # Errors
    /// Returns every error of the file.
    pub fn restricted_by_json(self, json: &str) -> Result<Self, PolicyError> {
        self.restricted_by(json, Format::Json)
    }

    fn restricted_by(self, text: &str, format: Format) -> Result<Self, PolicyError> {
        source::parse::<Keyed<Restriction>, Keyed<Rule>, _>(text, format, |Keyed(file)| {
            file.restrict(self)
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "the restriction of a policy")]
struct Restriction {
    limits: Keyed<SomeLimits>,
    not: bool,
    value_paths: bool,
    urn_prefixes: bool,
    null: bool,
    attributes: Vec<Keyed<Rule>>,
    groups: Vec<String>,
}

impl Default for Restriction {
    fn default() -> Self {
        Self {
            limits: Keyed::default(),
            not: true,
            value_paths: true,
            urn_prefixes: true,
            null: true,
            attributes: Vec::new(),
            groups: Vec::new(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object or table of limits")]
struct SomeLimits {
    bytes: Option<usize>,
    depth: Option<usize>,
    clauses: Option<usize>,
    connective_levels: Option<usize>,
    cost: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "the rule of an attribute")]
struct Rule {
    name: String,
    #[serde(default)]
    operators: Option<Operators>,
    #[serde(default)]
    max_count: Option<usize>,
    #[serde(default)]
    weights: Keyed<Weights>,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    unknown_values: Option<UnknownValues>,
}

impl Restriction {
    fn restrict<R>(self, mut policy: Policy<R>) -> Result<Policy<R>, Vec<Fault>> {
        let mut faults = Vec::new();
        let stricter = |own: &mut usize, other: Option<usize>| {
            *own = other.map_or(*own, |other| other.min(*own));
        };
        let (mut limits, Keyed(file)) = (policy.limits, self.limits);
        stricter(&mut limits.bytes, file.bytes);
        stricter(&mut limits.depth, file.depth);
        stricter(&mut limits.clauses, file.clauses);
        stricter(&mut limits.connective_levels, file.connective_levels);
        stricter(&mut limits.cost, file.cost);
        let set = [("bytes", file.bytes), ("clauses", file.clauses), ("cost", file.cost)];
        faults.extend(set.into_iter().filter_map(|(name, limit)| zero_limit(name, limit?)));
        policy.limits = limits;
        policy.not &= self.not;
        policy.value_paths &= self.value_paths;
        policy.urns &= self.urn_prefixes;
        policy.null &= self.null;
        for (index, Keyed(rule)) in self.attributes.into_iter().enumerate() {
            faults.extend(rule.restrict(index, &mut policy));
        }
        policy.update_max_weight();
        for (index, path) in self.groups.iter().enumerate() {
            match policy.attribute_id(path) {
                Ok(attribute) => policy.groups.push(super::GroupRule { attribute }),
                Err(_) => faults.push(unknown_group(index, path)),
            }
        }
        if faults.is_empty() { Ok(policy) } else { Err(faults) }
    }
}

impl Rule {
    fn restrict<R>(self, index: usize, policy: &mut Policy<R>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let Ok(id) = policy.attribute_id(&self.name) else {
            let message = format!("attribute `{}`: not in the schema", self.name);
            let part = Part::OfAttribute(index, "name");
            return vec![Fault { part, kind: PolicyFaultKind::Schema, message }];
        };
        faults.extend(zero_count(index, self.max_count));
        let Some(rule) = policy.rules.get_mut(id.index()) else { return faults };
        if let Some(operators) = self.operators {
            let wider: Vec<Operator> =
                operators.iter().filter(|operator| !rule.operators.contains(*operator)).collect();
            if !wider.is_empty() {
                let wider: Operators = wider.into_iter().collect();
                let message =
                    format!("attribute `{}`: the policy does not allow {wider}", self.name);
                let part = Part::OfAttribute(index, "operators");
                faults.push(Fault { part, kind: PolicyFaultKind::Wider, message });
            }
            rule.operators = operators;
        }
        rule.max_count = match (rule.max_count, self.max_count) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        rule.weights = rule.weights.stricter(&self.weights.0);
        rule.unknown_values = match self.unknown_values {
            Some(UnknownValues::Refuse) => UnknownValues::Refuse,
            Some(UnknownValues::Warn) if rule.unknown_values == UnknownValues::Accept => {
                UnknownValues::Warn
            }
            _ => rule.unknown_values,
        };
        if self.hidden {
            policy.hide(id);
        }
        faults
    }
}
