//! Policies: which attributes and operators a caller can filter by, as data.

#[cfg(feature = "serde")]
mod error;
#[cfg(feature = "serde")]
mod file;
#[cfg(feature = "serde")]
mod keyed;
#[cfg(feature = "serde")]
mod lines;
#[cfg(feature = "serde")]
mod restriction;
mod rule;
mod self_test;
#[cfg(feature = "serde")]
mod source;
#[cfg(feature = "serde")]
mod syntax_file;
mod weights;

#[cfg(feature = "serde")]
pub use error::{PolicyError, PolicyFault, PolicyFaultKind};
pub use rule::FieldRule;
pub use rule::GroupRule;
pub use rule::MultiNe;
pub use rule::UnknownAttributes;
pub use rule::UnknownValues;
pub use self_test::Mismatch;
pub use self_test::MismatchKind;
pub use weights::Weights;

use crate::limits::Limits;
use crate::operator::Operators;
use crate::schema::{Attribute, AttributeId, Record, Schema, SchemaError, StoredValues};
use crate::syntax::Syntax;
use crate::value::CaseSensitivity;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// The filters that a caller can use on records of type `R`.
///
/// A policy consists of a [`Schema`], a [`FieldRule`] for each attribute, rules for the filter as a
/// whole, [`Limits`] and a dialect ([`Syntax`]). [`Policy::parse`] and [`Policy::check`] turn a
/// filter into a [`Plan`](crate::Plan), or return an error for everything that the policy does not
/// allow.
///
/// A policy is built in code, as below, or loaded from JSON or TOML (`Policy::from_json` and
/// `Policy::from_toml`, feature `serde`).
///
/// ```
/// use scieve::{
///     Attribute, AttributeType, Code, Operator, Operators, Policy, Record, Schema, ValueRef,
/// };
///
/// struct Employee {
///     name: String,
///     salary: i64,
/// }
///
/// impl Record for Employee {
///     fn any_value(
///         &self,
///         attribute: &Attribute,
///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
///     ) -> bool {
///         match attribute.path() {
///             "name" => test(ValueRef::text(&self.name)),
///             "salary" => test(ValueRef::Integer(self.salary)),
///             _ => false,
///         }
///     }
/// }
///
/// let schema = Schema::new(
///     None,
///     [
///         Attribute::new("name", AttributeType::String),
///         Attribute::new("salary", AttributeType::Integer),
///     ],
/// )?;
/// let policy: Policy<Employee> = Policy::new(schema)?
///     .with_rule("name", |rule| rule.operators = Operators::of(&[Operator::Eq, Operator::Sw]))?
///     .hiding(["salary"])?
///     .allow_not(false);
///
/// let ada = Employee { name: "Ada".into(), salary: 100 };
/// assert!(policy.parse(r#"name sw "a""#)?.matches(&ada));
///
/// let error = |filter| policy.parse(filter).unwrap_err().first().map(|error| error.code());
/// assert_eq!(error(r#"name co "d""#), Some(Code::OperatorNotAllowed));
/// assert_eq!(error("salary gt 50"), Some(Code::UnknownAttribute));
/// assert_eq!(error(r#"not (name eq "Bob")"#), Some(Code::NotNotAllowed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Policy<R: ?Sized> {
    pub(crate) schema: Arc<Schema>,
    pub(crate) rules: Vec<FieldRule>,
    pub(crate) groups: Vec<GroupRule>,
    pub(crate) limits: Limits,
    pub(crate) syntax: Syntax,
    pub(crate) not: bool,
    pub(crate) value_paths: bool,
    pub(crate) urns: bool,
    pub(crate) null: bool,
    pub(crate) multi_ne: MultiNe,
    pub(crate) unknown_attributes: UnknownAttributes,
    pub(crate) stored_values: StoredValues,
    pub(crate) schemaless: Option<CaseSensitivity>,
    /// The maximum of all weights, and at least 1.
    pub(crate) max_weight: usize,
    record: PhantomData<fn(&R)>,
}

impl<R> Policy<R> {
    /// Creates a policy with the rule of [`FieldRule::of`] for each attribute: all operators of its
    /// type, unless it is never returned.
    ///
    /// # Errors
    /// Returns an error if the record type `R` does not have an attribute of the schema
    /// ([`Record::slot`]).
    pub fn new(schema: Schema) -> Result<Self, SchemaError>
    where
        R: Record,
    {
        let schema = schema.for_record::<R>()?;
        let rules = schema.attributes().map(FieldRule::of).collect();
        Ok(Self { schema: Arc::new(schema), rules, ..Self::empty() })
    }

    /// Creates a policy for records without a schema.
    ///
    /// Filters can name any attribute. A comparison matches values of the literal's type, whatever
    /// types the record contains; strings are compared with the given case sensitivity. Plans of
    /// this policy cannot be converted to SQL.
    #[must_use]
    pub fn schemaless(case: CaseSensitivity) -> Self
    where
        R: Record,
    {
        Self { schemaless: Some(case), ..Self::empty() }
    }

    /// Creates a policy without attributes, which rejects every filter.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            schema: Arc::new(Schema::default()),
            rules: Vec::new(),
            groups: Vec::new(),
            limits: Limits::default(),
            syntax: Syntax::rfc(),
            not: true,
            value_paths: true,
            urns: true,
            null: true,
            multi_ne: MultiNe::default(),
            unknown_attributes: UnknownAttributes::default(),
            stored_values: StoredValues::default(),
            schemaless: None,
            max_weight: 1,
            record: PhantomData,
        }
    }
}

impl<R: ?Sized> Policy<R> {
    /// Returns the schema, whose [slots](Attribute::slot) are those of the record type.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the rule for an attribute of the policy's schema.
    #[must_use]
    pub fn rule(&self, attribute: AttributeId) -> Option<&FieldRule> {
        self.rules.get(attribute.index())
    }

    /// Returns whether the policy hides the attribute or its complex attribute. A schemaless policy
    /// hides none.
    pub(crate) fn hides(&self, attribute: &Attribute) -> bool {
        let hidden = |id| self.rule(id).is_none_or(|rule| rule.hidden);
        self.schemaless.is_none()
            && (hidden(attribute.id()) || attribute.parent().is_some_and(hidden))
    }

    /// Returns the group rules.
    pub fn groups(&self) -> std::slice::Iter<'_, GroupRule> {
        self.groups.iter()
    }

    /// Returns the limits on one filter.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the dialect in which [`Policy::parse`] parses filters.
    #[must_use]
    pub fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// Changes the rule for the attribute of a path.
    ///
    /// # Errors
    /// Returns an error if the schema has no attribute of this path.
    pub fn with_rule(
        mut self,
        path: &str,
        change: impl FnOnce(&mut FieldRule),
    ) -> Result<Self, SchemaError> {
        let id = self.attribute_id(path)?;
        if let Some(rule) = self.rules.get_mut(id.index()) {
            change(rule);
        }
        self.update_max_weight();
        Ok(self)
    }

    /// Allows no operator on any attribute. Call [`Policy::with_rule`] afterwards to allow some.
    #[must_use]
    pub fn closed(mut self) -> Self {
        for rule in &mut self.rules {
            rule.operators = Operators::NONE;
        }
        self
    }

    /// Adds a [`GroupRule`] for the attribute of a path.
    ///
    /// # Errors
    /// Returns an error if the schema has no attribute of this path.
    pub fn with_group(mut self, path: &str) -> Result<Self, SchemaError> {
        let attribute = self.attribute_id(path)?;
        self.groups.push(GroupRule { attribute });
        Ok(self)
    }

    /// Hides attributes and their sub-attributes: a filter that names one gets the diagnostic of an
    /// unknown attribute.
    ///
    /// # Errors
    /// Returns an error if the schema has no attribute of one of the paths.
    pub fn hiding<'a>(
        mut self,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, SchemaError> {
        for path in paths {
            let id = self.attribute_id(path)?;
            self.hide(id);
        }
        Ok(self)
    }

    /// Sets the treatment of values that are not canonical values of the attribute of a path.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Code, Policy, Schema, UnknownValues};
    ///
    /// let status = Attribute::new("status", AttributeType::String)
    ///     .with_canonical_values(["active", "disabled"]);
    /// let policy = Policy::<serde_json::Value>::new(Schema::new(None, [status])?)?
    ///     .with_unknown_values("status", UnknownValues::Refuse)?;
    /// let errors = policy.parse("status eq \"enabled\"").unwrap_err();
    /// assert_eq!(errors.iter().next().map(|error| error.code()), Some(Code::UnknownValue));
    /// # Ok::<(), scieve::SchemaError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the schema has no attribute of this path.
    pub fn with_unknown_values(
        mut self,
        path: &str,
        treatment: UnknownValues,
    ) -> Result<Self, SchemaError> {
        let id = self.attribute_id(path)?;
        if let Some(rule) = self.rules.get_mut(id.index()) {
            rule.unknown_values = treatment;
        }
        Ok(self)
    }

    fn hide(&mut self, id: AttributeId) {
        for attribute in self.schema.attributes() {
            if (attribute.id() == id || attribute.parent() == Some(id))
                && let Some(rule) = self.rules.get_mut(attribute.id().index())
            {
                rule.hidden = true;
            }
        }
    }

    /// Sets the limits, reduced to their upper bounds ([`Limits::clamped`]).
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits.clamped();
        self
    }

    /// Sets the dialect.
    #[must_use]
    pub fn with_syntax(mut self, syntax: Syntax) -> Self {
        self.syntax = syntax;
        self
    }

    /// Sets the meaning of `ne` on attributes with several values.
    #[must_use]
    pub fn with_multi_ne(mut self, multi_ne: MultiNe) -> Self {
        self.multi_ne = multi_ne;
        self
    }

    /// Sets the meaning of attributes that the schema does not have.
    #[must_use]
    pub fn with_unknown_attributes(mut self, unknown: UnknownAttributes) -> Self {
        self.unknown_attributes = unknown;
        self
    }

    /// Sets how records read a stored value of another type than its attribute's.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Policy, Schema, StoredValues};
    /// # #[cfg(feature = "serde")] {
    /// use serde_json::{Value, json};
    ///
    /// let schema = Schema::new(None, [Attribute::new("active", AttributeType::Boolean)])?;
    /// let typed: Policy<Value> = Policy::new(schema)?;
    /// let coerced = typed.clone().with_stored_values(StoredValues::Coerced);
    ///
    /// let user = json!({"active": "True"});
    /// assert!(typed.parse("active pr and not (active eq true)")?.matches(&user));
    /// assert!(coerced.parse("active eq true")?.matches(&user));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_stored_values(mut self, stored_values: StoredValues) -> Self {
        self.stored_values = stored_values;
        Arc::make_mut(&mut self.schema).set_stored_values(stored_values);
        self
    }

    /// Allows or rejects `not (...)`.
    #[must_use]
    pub fn allow_not(mut self, allow: bool) -> Self {
        self.not = allow;
        self
    }

    /// Allows or rejects value paths, `attribute[...]`.
    #[must_use]
    pub fn allow_value_paths(mut self, allow: bool) -> Self {
        self.value_paths = allow;
        self
    }

    /// Allows or rejects schema URNs before attributes.
    #[must_use]
    pub fn allow_urns(mut self, allow: bool) -> Self {
        self.urns = allow;
        self
    }

    /// Allows or rejects `null` as a comparison value.
    #[must_use]
    pub fn allow_null(mut self, allow: bool) -> Self {
        self.null = allow;
        self
    }

    /// Returns the same policy for records of type `S`.
    ///
    /// The [slots](Attribute::slot) of the attributes become those of `S`, as in
    /// [`Schema::for_record`]. Everything else is copied.
    ///
    /// # Errors
    /// Returns an error if `S` does not have an attribute of the schema.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef};
    ///
    /// struct Employee {
    ///     name: String,
    /// }
    ///
    /// impl Record for Employee {
    ///     fn slot(attribute: &Attribute) -> Option<u32> {
    ///         attribute.path().eq_ignore_ascii_case("name").then_some(0)
    ///     }
    ///
    ///     fn any_value(
    ///         &self,
    ///         _: &Attribute,
    ///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
    ///     ) -> bool {
    ///         test(ValueRef::text(&self.name))
    ///     }
    /// }
    ///
    /// /// A manager has a name too, in a struct of another layout.
    /// struct Manager(Employee);
    ///
    /// impl Record for Manager {
    ///     fn slot(attribute: &Attribute) -> Option<u32> {
    ///         Employee::slot(attribute)
    ///     }
    ///
    ///     fn any_value(
    ///         &self,
    ///         attribute: &Attribute,
    ///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
    ///     ) -> bool {
    ///         self.0.any_value(attribute, test)
    ///     }
    /// }
    ///
    /// let schema = Schema::new(None, [Attribute::new("name", AttributeType::String)])?;
    /// let employees: Policy<Employee> = Policy::new(schema)?.allow_not(false);
    /// let managers = employees.for_record::<Manager>()?;
    ///
    /// let ada = Manager(Employee { name: "Ada".into() });
    /// assert!(managers.parse(r#"name eq "ada""#)?.matches(&ada));
    /// assert!(managers.parse(r#"not (name eq "ada")"#).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_record<S: Record>(&self) -> Result<Policy<S>, SchemaError> {
        let schema = Schema::clone(&self.schema).for_record::<S>()?;
        Ok(self.with_schema(Arc::new(schema)))
    }

    /// Copies the policy. `schema` has the same attributes, with the slots of `S`.
    fn with_schema<S: ?Sized>(&self, schema: Arc<Schema>) -> Policy<S> {
        Policy {
            schema,
            rules: self.rules.clone(),
            groups: self.groups.clone(),
            limits: self.limits,
            syntax: self.syntax,
            not: self.not,
            value_paths: self.value_paths,
            urns: self.urns,
            null: self.null,
            multi_ne: self.multi_ne,
            unknown_attributes: self.unknown_attributes,
            stored_values: self.stored_values,
            schemaless: self.schemaless,
            max_weight: self.max_weight,
            record: PhantomData,
        }
    }

    fn update_max_weight(&mut self) {
        let max = self.rules.iter().map(|rule| rule.weights.max()).max();
        self.max_weight = max.unwrap_or_default().max(1) as usize;
    }

    fn attribute_id(&self, path: &str) -> Result<AttributeId, SchemaError> {
        let found = self.schema.find_path(path).map(Attribute::id);
        found.ok_or_else(|| SchemaError::new(format!("attribute `{path}`: not in the schema")))
    }
}

impl<R: ?Sized> Clone for Policy<R> {
    fn clone(&self) -> Self {
        self.with_schema(Arc::clone(&self.schema))
    }
}

impl<R: ?Sized> PartialEq for Policy<R> {
    fn eq(&self, other: &Self) -> bool {
        let switches = |policy: &Self| [policy.not, policy.value_paths, policy.urns, policy.null];
        (&self.schema, &self.rules, &self.groups) == (&other.schema, &other.rules, &other.groups)
            && (self.limits, self.syntax, self.multi_ne, self.schemaless)
                == (other.limits, other.syntax, other.multi_ne, other.schemaless)
            && (self.unknown_attributes, self.stored_values)
                == (other.unknown_attributes, other.stored_values)
            && switches(self) == switches(other)
    }
}

impl<R: ?Sized> Eq for Policy<R> {}

impl<R: ?Sized> fmt::Debug for Policy<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("rules", &self.rules)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}
