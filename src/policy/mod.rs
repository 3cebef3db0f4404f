//! What a caller may ask: data, not code.

#[cfg(feature = "serde")]
mod file;
#[cfg(feature = "serde")]
mod lines;

#[cfg(feature = "serde")]
pub use file::PolicyError;

use crate::limits::Limits;
use crate::operator::Operators;
use crate::schema::{Attribute, AttributeId, Record, Schema, SchemaError};
use crate::syntax::Syntax;
use crate::value::CaseSensitivity;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// What may be asked of one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldRule {
    /// The operators allowed; none at all makes the attribute one that exists but cannot be filtered by.
    pub operators: Operators,
    /// Treated as if the resource did not have it, also in messages and suggestions.
    pub hidden: bool,
    /// How many comparisons of it one filter may hold.
    pub max_count: Option<usize>,
}

impl FieldRule {
    /// Every operator that the attribute's type takes; hidden where it is never returned.
    #[must_use]
    pub fn of(attribute: &Attribute) -> Self {
        Self {
            operators: Operators::of_kind(attribute.kind()),
            hidden: attribute.is_never_returned(),
            max_count: None,
        }
    }
}

/// An attribute whose clauses must be grouped together and apply to the whole query.
///
/// Take the filter as a list of conditions joined by `and`, parentheses around `and` removed. Then a condition that holds a
/// clause on the attribute must hold no other, and such conditions must follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRule {
    pub(crate) attribute: AttributeId,
}

impl GroupRule {
    /// The attribute that the rule is on.
    #[must_use]
    pub fn attribute(&self) -> AttributeId {
        self.attribute
    }
}

/// Which values `ne` looks at where an attribute has several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum MultiNe {
    /// RFC 7644 section 3.4.2.2: some value differs, or there is none.
    #[default]
    AnyValueDiffers,
    /// No value equals: `a ne v` is `not (a eq v)`.
    NoValueEquals,
}

/// What a caller may ask of resources of type `R`: the attributes with the operators of each, rules for the whole filter,
/// and limits. See `Policy::check`.
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
    pub(crate) open: Option<CaseSensitivity>,
    record: PhantomData<fn(&R)>,
}

impl<R> Policy<R> {
    /// A policy that allows every operator that an attribute's type takes, for every attribute that may be returned.
    ///
    /// # Errors
    /// The record type `R` does not know an attribute of the schema.
    pub fn new(schema: Schema) -> Result<Self, SchemaError>
    where
        R: Record,
    {
        let schema = schema.for_record::<R>()?;
        let rules = schema.attributes().map(FieldRule::of).collect();
        Ok(Self { schema: Arc::new(schema), rules, ..Self::empty() })
    }

    /// A policy for records without a schema: every attribute is allowed, its type is what the record holds, and only values
    /// of a literal's own type can match it. Texts compare as `case` says. Plans of it have no SQL.
    #[must_use]
    pub fn schemaless(case: CaseSensitivity) -> Self
    where
        R: Record,
    {
        Self { open: Some(case), ..Self::empty() }
    }

    /// A policy without attributes, which refuses every filter.
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
            open: None,
            record: PhantomData,
        }
    }
}

impl<R: ?Sized> Policy<R> {
    /// The attributes.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The rule for the attribute at that position.
    #[must_use]
    pub fn rule(&self, attribute: AttributeId) -> Option<&FieldRule> {
        self.rules.get(attribute.index())
    }

    /// The attributes that must be grouped.
    pub fn groups(&self) -> std::slice::Iter<'_, GroupRule> {
        self.groups.iter()
    }

    /// The limits on one filter.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The dialect that callers of this policy may write.
    #[must_use]
    pub fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// The same policy with another rule for the attribute of that path.
    ///
    /// # Errors
    /// The schema has no such attribute.
    pub fn with_rule(
        mut self,
        path: &str,
        change: impl FnOnce(&mut FieldRule),
    ) -> Result<Self, SchemaError> {
        let id = self.known(path)?;
        if let Some(rule) = self.rules.get_mut(id.index()) {
            change(rule);
        }
        Ok(self)
    }

    /// The same policy with nothing allowed that no [`Policy::with_rule`] allows later.
    #[must_use]
    pub fn closed(mut self) -> Self {
        for rule in &mut self.rules {
            rule.operators = Operators::NONE;
        }
        self
    }

    /// The same policy, with the clauses on the attribute of that path in a group of their own.
    ///
    /// # Errors
    /// The schema has no such attribute.
    pub fn with_group(mut self, path: &str) -> Result<Self, SchemaError> {
        let attribute = self.known(path)?;
        self.groups.push(GroupRule { attribute });
        Ok(self)
    }

    /// The same policy with these attributes, and their sub-attributes, hidden: a filter that names one gets the very
    /// diagnostic that an unknown name gets.
    ///
    /// # Errors
    /// The schema has no such attribute.
    pub fn hiding<'a>(
        mut self,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, SchemaError> {
        for path in paths {
            let id = self.known(path)?;
            for attribute in self.schema.attributes() {
                if (attribute.id() == id || attribute.parent() == Some(id))
                    && let Some(rule) = self.rules.get_mut(attribute.id().index())
                {
                    rule.hidden = true;
                }
            }
        }
        Ok(self)
    }

    /// The same policy with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits.clamped();
        self
    }

    /// The same policy with another dialect.
    #[must_use]
    pub fn with_syntax(mut self, syntax: Syntax) -> Self {
        self.syntax = syntax;
        self
    }

    /// The same policy with another meaning of `ne` on attributes with several values.
    #[must_use]
    pub fn with_multi_ne(mut self, multi_ne: MultiNe) -> Self {
        self.multi_ne = multi_ne;
        self
    }

    /// The same policy with `not (...)` allowed or refused.
    #[must_use]
    pub fn allow_not(mut self, allow: bool) -> Self {
        self.not = allow;
        self
    }

    /// The same policy with `attribute[...]` allowed or refused.
    #[must_use]
    pub fn allow_value_paths(mut self, allow: bool) -> Self {
        self.value_paths = allow;
        self
    }

    /// The same policy with schema URNs before attributes allowed or refused.
    #[must_use]
    pub fn allow_urns(mut self, allow: bool) -> Self {
        self.urns = allow;
        self
    }

    /// The same policy with `null` as a comparison value allowed or refused.
    #[must_use]
    pub fn allow_null(mut self, allow: bool) -> Self {
        self.null = allow;
        self
    }

    /// Returns the same policy for records of type `S`, such as one loaded for JSON applied to a
    /// struct.
    ///
    /// Only the [slots](Attribute::slot) change: they are those that `S` assigns, as in
    /// [`Schema::for_record`].
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
        Ok(Policy {
            schema: Arc::new(Schema::clone(&self.schema).for_record::<S>()?),
            rules: self.rules.clone(),
            groups: self.groups.clone(),
            limits: self.limits,
            syntax: self.syntax,
            not: self.not,
            value_paths: self.value_paths,
            urns: self.urns,
            null: self.null,
            multi_ne: self.multi_ne,
            open: self.open,
            record: PhantomData,
        })
    }

    fn known(&self, path: &str) -> Result<AttributeId, SchemaError> {
        let found = self.schema.find_path(path).map(Attribute::id);
        found.ok_or_else(|| SchemaError::new(format!("attribute `{path}`: not in the schema")))
    }
}

impl<R: ?Sized> Clone for Policy<R> {
    fn clone(&self) -> Self {
        Self {
            schema: Arc::clone(&self.schema),
            rules: self.rules.clone(),
            groups: self.groups.clone(),
            limits: self.limits,
            syntax: self.syntax,
            not: self.not,
            value_paths: self.value_paths,
            urns: self.urns,
            null: self.null,
            multi_ne: self.multi_ne,
            open: self.open,
            record: PhantomData,
        }
    }
}

impl<R: ?Sized> PartialEq for Policy<R> {
    fn eq(&self, other: &Self) -> bool {
        let switches = |policy: &Self| [policy.not, policy.value_paths, policy.urns, policy.null];
        (&self.schema, &self.rules, &self.groups) == (&other.schema, &other.rules, &other.groups)
            && (self.limits, self.syntax, self.multi_ne, self.open)
                == (other.limits, other.syntax, other.multi_ne, other.open)
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
