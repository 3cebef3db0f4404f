//! Decisions about plans: whether a filter can match, whether one filter implies another.
//!
//! # How it works
//!
//! Every question is whether a formula has a model, that is, a record that makes it true:
//!
//! | question | formula without a model |
//! |---|---|
//! | `a` is empty | `a` |
//! | `a` is universal | `not a` |
//! | `a` implies `b` | `a and not b` |
//! | `a` and `b` are disjoint | `a and b` |
//! | `a` and `b` are equivalent | `a and not b`, `b and not a` |
//!
//! ```text
//! plan --formula--> negation normal form --search--> atoms of one attribute --theory--> value
//!                                                                                          |
//! Yes: no combination of atoms has a model      No(witness) <--evaluator confirms-- record
//! ```
//!
//! 1. [`formula`] moves `not` to the atoms, which are tests of one attribute.
//! 2. [`search`] chooses a part of each `or` (DPLL modulo theories). A choice that contradicts the
//!    atoms so far is not followed.
//! 3. [`theory`] decides the atoms of one attribute. Attributes are independent of each other,
//!    except a complex attribute and its sub-attributes.
//! 4. [`candidates`] and [`strings`] find one value that passes tests, or prove that there is none:
//!    by representatives of all points and gaps of an ordered type, and by a finite automaton for
//!    strings.
//! 5. The evaluator confirms every record that is found.
//!
//! # Small models
//!
//! A multi-valued attribute needs at most one element for each positive atom on it. A positive atom
//! is true if *one* element passes, and a negative atom if *all* elements pass. If a record makes
//! the atoms true, keep for each positive atom one element that passes it and remove the others:
//! the positive atoms stay true, and the negative ones have fewer elements to be true for. The same
//! holds for the values of a multi-valued sub-attribute inside each element. So it suffices to
//! decide each element alone, with one positive atom and all negative ones, and the number of
//! elements is bounded by the number of clauses.
//!
//! # Budget
//!
//! Satisfiability is NP-hard, so a decision takes [`BUDGET`] steps at most and is
//! [`Decision::Unknown`] beyond. A step is a part of an `or` that is tried, a value that is tested,
//! or a transition of the automaton.
//!
//! # What is not decided
//!
//! [`Decision::Unknown`] is also the result if
//!
//! - the operands of one value have more than 4,096 bytes, or more than 16 substrings are required
//! - strings satisfy the tests, but those found are not fold keys; this takes operands in which
//!   characters outside ASCII combine
//! - without a schema, strings are compared as date-times and by `co`, `sw` or `ew`
//! - without a schema, an attribute is named with and without the URN of a core schema, which JSON
//!   resources treat as one; `Yes` is then decided, `No` is not
//! - the plans have different schemas in which an attribute differs

mod candidates;
mod formula;
mod model;
mod search;
mod simplify;
mod strings;
mod theory;
mod value_tests;
mod within;
mod witness;
#[cfg(feature = "serde")]
mod witness_json;

pub use within::ScopedPolicy;
pub use witness::Witness;

use crate::eval;
use crate::plan::{Node, Plan};
use crate::schema::{Schema, is_core_urn};
use crate::value::AttributeType;
use formula::{Formula, Goal};
use search::{Budget, Verdict, solve};
use std::sync::Arc;
use theory::{Context, WholeRecord};

/// Maximum number of steps of a decision; 200,000 take some 20 ms.
pub(crate) const BUDGET: u32 = 200_000;

/// The answer to a question about plans.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Proven for all records of the domain.
    Yes,
    /// Not true: the record shows it.
    No(Box<Witness>),
    /// Not decided within the budget.
    Unknown,
}

impl Decision {
    /// Returns whether this is [`Decision::Yes`].
    #[must_use]
    pub fn is_yes(&self) -> bool {
        matches!(self, Self::Yes)
    }

    /// Returns whether this is [`Decision::No`].
    #[must_use]
    pub fn is_no(&self) -> bool {
        matches!(self, Self::No(_))
    }

    /// Returns the record that shows a `No`.
    #[must_use]
    pub fn witness(&self) -> Option<&Witness> {
        match self {
            Self::No(witness) => Some(witness),
            Self::Yes | Self::Unknown => None,
        }
    }

    /// Returns this decision if it is `No`, otherwise the weaker one of the two.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No(_) => self,
            Self::Yes => other(),
            Self::Unknown => match other() {
                Self::No(witness) => Self::No(witness),
                _ => Self::Unknown,
            },
        }
    }
}

/// The records that a decision is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Domain {
    /// Records that conform to the schema: values have the type of their attribute, and a
    /// single-valued attribute has no more than one value.
    #[default]
    Conforming,
    /// Every record that the evaluator accepts: an attribute can have several values, and values of
    /// another type, which are present and equal nothing. JSON documents can contain both.
    AnyRecord,
}

impl<R: ?Sized> Plan<R> {
    /// Decides whether no record matches.
    ///
    /// This and the other decisions are about records that conform to the schema
    /// ([`Domain::Conforming`]); [`Plan::implies_in`] takes the domain. Most decisions take some
    /// microseconds; the number of steps is bounded, see the
    /// [module documentation](https://docs.rs/scieve/latest/src/scieve/decide/mod.rs.html).
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Policy, Schema};
    /// # struct User;
    /// # impl scieve::Record for User {
    /// #     fn any_value(
    /// #         &self,
    /// #         _: &Attribute,
    /// #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
    /// #     ) -> bool {
    /// #         false
    /// #     }
    /// # }
    ///
    /// let schema = Schema::new(
    ///     None,
    ///     [
    ///         Attribute::new("userName", AttributeType::String),
    ///         Attribute::new("logins", AttributeType::Integer),
    ///     ],
    /// )?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    /// let plan = |filter| policy.parse(filter);
    ///
    /// assert!(plan(r#"userName sw "b" and userName lt "a""#)?.is_empty().is_yes());
    /// assert!(plan("logins gt 5")?.implies(&plan("logins ge 6")?).is_yes());
    /// assert!(plan("logins pr or not (logins pr)")?.is_universal().is_yes());
    ///
    /// let decision = plan(r#"userName co "b""#)?.implies(&plan(r#"userName sw "b""#)?);
    /// assert_eq!(decision.witness().map(ToString::to_string).as_deref(), Some(r#"userName = "xb""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> Decision {
        self.is_empty_in(Domain::Conforming)
    }

    /// Decides whether every record matches.
    #[must_use]
    pub fn is_universal(&self) -> Decision {
        self.is_universal_in(Domain::Conforming)
    }

    /// Decides whether every record that matches this plan matches the other one too.
    #[must_use]
    pub fn implies(&self, other: &Self) -> Decision {
        self.implies_in(other, Domain::Conforming)
    }

    /// Decides whether the same records match both plans.
    #[must_use]
    pub fn is_equivalent(&self, other: &Self) -> Decision {
        self.implies(other).and(|| other.implies(self))
    }

    /// Decides whether no record matches both plans.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> Decision {
        self.is_disjoint_in(other, Domain::Conforming)
    }

    /// [`Plan::is_empty`] on the records of a domain.
    #[must_use]
    pub fn is_empty_in(&self, domain: Domain) -> Decision {
        no_model(self.shared_schema(), &[(self.root(), true)], domain)
    }

    /// [`Plan::is_universal`] on the records of a domain.
    #[must_use]
    pub fn is_universal_in(&self, domain: Domain) -> Decision {
        no_model(self.shared_schema(), &[(self.root(), false)], domain)
    }

    /// [`Plan::implies`] on the records of a domain.
    #[must_use]
    pub fn implies_in(&self, other: &Self, domain: Domain) -> Decision {
        self.decide_with(other, false, domain)
    }

    /// [`Plan::is_disjoint`] on the records of a domain.
    #[must_use]
    pub fn is_disjoint_in(&self, other: &Self, domain: Domain) -> Decision {
        self.decide_with(other, true, domain)
    }

    /// Decides whether no record matches this plan and, depending on `positive`, matches or does
    /// not match the other one.
    fn decide_with(&self, other: &Self, positive: bool, domain: Domain) -> Decision {
        match other.merged_into(self.shared_schema()) {
            Ok((schema, other)) => {
                no_model(&schema, &[(self.root(), true), (&other, positive)], domain)
            }
            Err(_) => Decision::Unknown,
        }
    }

    /// Returns whether a witness matches.
    #[must_use]
    pub fn matches_witness(&self, witness: &Witness) -> bool {
        match self.schema() == witness.schema() {
            true => eval::matches(self.root(), self.schema(), witness),
            // Without a schema, plans that name other attributes have other identifiers for them.
            false => self
                .merged_into(witness.shared_schema())
                .is_ok_and(|(schema, root)| eval::matches(&root, &schema, witness)),
        }
    }
}

/// Decides whether no record makes each node true or, if `false`, not true.
pub(crate) fn no_model(schema: &Arc<Schema>, nodes: &[(&Node, bool)], domain: Domain) -> Decision {
    no_model_within(schema, nodes, domain, &mut Budget::new(BUDGET))
}

fn no_model_within(
    schema: &Arc<Schema>,
    nodes: &[(&Node, bool)],
    domain: Domain,
    budget: &mut Budget,
) -> Decision {
    let context = Context::new(schema, domain);
    let formulas: Vec<Formula<'_>> =
        nodes.iter().map(|(node, positive)| Formula::new(node, *positive)).collect();
    let goals: Vec<Goal<'_, '_>> = formulas.iter().map(Goal::Formula).collect();
    match solve(&WholeRecord(&context), &goals, budget) {
        Verdict::Satisfiable(models) => {
            let elements = models.into_iter().filter_map(|(family, elements)| {
                Some((schema.attributes().nth(family)?.id(), elements))
            });
            let mut witness = Witness::new(Arc::clone(schema), elements);
            let shows = |witness: &Witness| {
                nodes
                    .iter()
                    .all(|(node, positive)| eval::matches(node, schema, witness) == *positive)
            };
            if !shows(&witness) || has_aliases(schema) {
                return Decision::Unknown;
            }
            witness.reduce(shows);
            Decision::No(Box::new(witness))
        }
        Verdict::Unsatisfiable => Decision::Yes,
        Verdict::Unknown => Decision::Unknown,
    }
}

/// Returns whether two attributes can be the same member of a JSON resource. Without a schema, an
/// attribute with the URN of a core schema is found without the URN too, so that a witness in which
/// the two differ is no resource.
fn has_aliases(schema: &Schema) -> bool {
    let mut members: Vec<(String, Option<String>)> = schema
        .attributes()
        .filter(|attribute| attribute.attribute_type() == AttributeType::Any)
        .filter(|attribute| attribute.urn().is_none_or(is_core_urn))
        .map(|attribute| {
            let urn = attribute.urn().map(str::to_ascii_lowercase);
            (attribute.name().to_ascii_lowercase(), urn)
        })
        .collect();
    members.sort_unstable();
    members.dedup();
    members.windows(2).any(|pair| matches!(pair, [one, next] if one.0 == next.0))
}
