//! Random filters that a policy accepts. Their literals are equal or similar to values of the
//! records, so that filters match some records and not others.

use super::RecordModel;
use super::random_values::{BINARIES, Cell, DECIMALS, INSTANTS, INTEGERS, Random, STRINGS};
use scieve::{Attribute, AttributeId, AttributeType, Operator, Operators, Record as _};
use std::collections::BTreeMap;

/// The parts from which filters are generated.
pub(crate) struct Filters {
    attributes: Vec<(Attribute, Operators)>,
    /// Attributes with a group rule.
    grouped: Vec<(Attribute, Operators)>,
    /// Stored values.
    values: BTreeMap<AttributeId, Vec<Cell>>,
    whole_grammar: bool,
}

impl Filters {
    pub(crate) fn new<W: RecordModel>(model: &W, records: &[W::Record]) -> Self {
        let policy = &model.policies()[0];
        let mut values: BTreeMap<AttributeId, Vec<Cell>> = BTreeMap::new();
        let (mut attributes, mut grouped) = (Vec::new(), Vec::new());
        for attribute in policy.schema().attributes() {
            let known = values.entry(attribute.id()).or_default();
            for record in records {
                record.any_value(attribute, &mut |value| {
                    known.extend(Cell::new(value));
                    false
                });
            }
            let operators = policy.rule(attribute.id()).unwrap().operators;
            if !operators.is_empty() {
                let alone = policy.groups().any(|group| group.attribute() == attribute.id());
                if alone { &mut grouped } else { &mut attributes }
                    .push((attribute.clone(), operators));
            }
        }
        Self { attributes, grouped, values, whole_grammar: model.whole_grammar() }
    }

    pub(crate) fn filter(&self, random: &mut Random) -> String {
        let depth = random.below(5);
        let all: Vec<_> = self.attributes.iter().collect();
        if self.grouped.is_empty() {
            return self.tree(random, &all, depth, false);
        }
        let group: Vec<_> = self.grouped.iter().collect();
        match random.below(10) {
            0..=4 => self.tree(random, &all, depth, false),
            5..=6 => self.tree(random, &group, depth.min(2), false),
            7 => format!(
                "({}) and ({})",
                self.tree(random, &group, depth.min(2), false),
                self.tree(random, &all, depth, false)
            ),
            _ => format!(
                "({}) and ({})",
                self.tree(random, &all, depth, false),
                self.tree(random, &group, depth.min(2), false)
            ),
        }
    }

    fn tree(
        &self,
        random: &mut Random,
        from: &[&(Attribute, Operators)],
        depth: usize,
        inside: bool,
    ) -> String {
        match random.below(20) {
            0..=7 if depth > 0 => {
                let word = if random.chance(50) { " and " } else { " or " };
                let parts: Vec<String> = (0..2 + random.below(3))
                    .map(|_| self.tree(random, from, depth - 1, inside))
                    .collect();
                format!("({})", parts.join(word))
            }
            8..=12 if depth > 0 && self.whole_grammar => {
                format!("not ({})", self.tree(random, from, depth - 1, inside))
            }
            13 | 14 if !inside && self.whole_grammar => self.value_path(random, from, depth.min(2)),
            15 if depth > 0 => self.list(random, from, inside),
            _ => {
                let (attribute, operators) = *random.pick(from);
                self.clause(random, attribute, *operators, inside)
            }
        }
    }

    fn value_path(
        &self,
        random: &mut Random,
        from: &[&(Attribute, Operators)],
        depth: usize,
    ) -> String {
        let outer = |attribute: &Attribute| {
            attribute.attribute_type() == AttributeType::Complex
                || attribute.is_multi_valued() && attribute.parent().is_none()
        };
        let outers: Vec<&Attribute> = from
            .iter()
            .map(|(attribute, _)| attribute)
            .filter(|attribute| outer(attribute))
            .collect();
        let outer = *random.pick(&outers);
        let complex = outer.attribute_type() == AttributeType::Complex;
        let part = |attribute: &Attribute| {
            if complex {
                attribute.parent() == Some(outer.id())
            } else {
                attribute.id() == outer.id()
            }
        };
        let parts: Vec<_> = from.iter().copied().filter(|(attribute, _)| part(attribute)).collect();
        format!("{}[{}]", outer.path(), self.tree(random, &parts, depth, true))
    }

    /// Generates an or-chain of one attribute and many literals.
    fn list(&self, random: &mut Random, from: &[&(Attribute, Operators)], inside: bool) -> String {
        let (attribute, operators) = *random.pick(from);
        let (word, operator) =
            if random.chance(70) { (" or ", Operator::Eq) } else { (" and ", Operator::Ne) };
        if !operators.contains(operator) || attribute.attribute_type() == AttributeType::Complex {
            return self.clause(random, attribute, *operators, inside);
        }
        let clause = |random: &mut Random| self.comparison(random, attribute, operator, inside);
        let clauses: Vec<String> = (0..2 + random.below(12)).map(|_| clause(random)).collect();
        format!("({})", clauses.join(word))
    }

    fn clause(
        &self,
        random: &mut Random,
        attribute: &Attribute,
        operators: Operators,
        inside: bool,
    ) -> String {
        if attribute.attribute_type() == AttributeType::Complex
            || self.whole_grammar && random.chance(12)
        {
            return format!(
                "{} {}",
                path(attribute, inside),
                random.pick(&["pr", "eq null", "ne null"])
            );
        }
        let operators: Vec<Operator> = Operator::ALL
            .into_iter()
            .filter(|operator| operators.contains(*operator) && *operator != Operator::Pr)
            .collect();
        let operator = *random.pick(&operators);
        self.comparison(random, attribute, operator, inside)
    }

    fn comparison(
        &self,
        random: &mut Random,
        attribute: &Attribute,
        operator: Operator,
        inside: bool,
    ) -> String {
        format!(
            "{} {} {}",
            path(attribute, inside),
            operator.name(),
            self.literal(random, attribute)
        )
    }

    fn literal(&self, random: &mut Random, attribute: &Attribute) -> String {
        let known = self.values.get(&attribute.id()).filter(|known| !known.is_empty());
        match attribute.attribute_type() {
            AttributeType::Boolean => (*random.pick(&["true", "false"])).to_owned(),
            AttributeType::Integer => (*random.pick(INTEGERS)).to_owned(),
            AttributeType::Decimal => (*random.pick(DECIMALS)).to_owned(),
            AttributeType::DateTime => json(random.pick(INSTANTS).0),
            AttributeType::Binary => json(random.pick(BINARIES).0),
            _ => match known {
                Some(known) if random.chance(60) => match random.pick(known) {
                    Cell::Text(stored) => json(&random.variant(stored)),
                    other => panic!("{other:?}"),
                },
                _ => {
                    let string = *random.pick(STRINGS);
                    // Longer than any stored value.
                    if random.chance(2) {
                        json(&string.repeat(500))
                    } else {
                        json(&random.variant(string))
                    }
                }
            },
        }
    }
}

fn path(attribute: &Attribute, inside: bool) -> String {
    if inside {
        attribute.sub_attribute().unwrap_or("value").to_owned()
    } else {
        attribute.to_string()
    }
}

/// Quotes a string as JSON.
pub(crate) fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
