//! Plans with different schemas: without a schema, each filter has the attributes that it names.

use super::{Node, Plan, Predicate, Test, all};
use crate::schema::{AttributeId, Schema, SchemaError};
use std::borrow::Cow;
use std::sync::Arc;

impl<R: ?Sized> Plan<R> {
    /// Returns the plan of the records that match both plans.
    ///
    /// # Errors
    /// Returns an error if the schemas of the plans differ in an attribute. The schemas of plans of
    /// one policy never do.
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
    /// let schema = Schema::new(None, ["a", "b"].map(|name| Attribute::new(name, AttributeType::String)))?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    /// let both = policy.parse(r#"a eq "x""#)?.and(&policy.parse("b pr")?)?;
    /// assert_eq!(both, policy.parse(r#"a eq "x" and b pr"#)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn and(&self, other: &Self) -> Result<Self, SchemaError> {
        let (schema, other_root) = other.merged_into(&self.schema)?;
        let warnings = self.warnings.iter().chain(&other.warnings).cloned().collect();
        let root = all(vec![self.root.clone(), other_root.into_owned()]);
        Ok(Self::new(root.unwrap_or_else(|| self.root.clone()), schema, warnings))
    }

    /// Returns this plan with another tree, whose attributes are those of this plan's schema.
    pub(crate) fn with_root(&self, root: Node) -> Self {
        Self::new(root, Arc::clone(&self.schema), self.warnings.to_vec())
    }

    pub(crate) fn shared_schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Returns a schema with the attributes of `schema`, under the same identifiers, and those of
    /// this plan, and the root of this plan with the identifiers of that schema.
    pub(crate) fn merged_into(
        &self,
        schema: &Arc<Schema>,
    ) -> Result<(Arc<Schema>, Cow<'_, Node>), SchemaError> {
        if Arc::ptr_eq(schema, &self.schema) || *schema == self.schema {
            return Ok((Arc::clone(schema), Cow::Borrowed(&self.root)));
        }
        if schema.urn() != self.schema.urn() {
            return Err(SchemaError::new("the plans have different schemas"));
        }
        let mut merged = Schema::clone(schema);
        let (mut ids, mut is_new) = (Vec::new(), false);
        for attribute in self.schema.attributes() {
            let id = match merged.find_in(attribute.urn(), attribute.path()) {
                None => {
                    is_new = true;
                    merged.add(attribute.clone())?
                }
                Some(known) if known.has_same_values(attribute) => known.id(),
                Some(known) => {
                    let message = format!("attribute `{known}` differs between two schemas");
                    return Err(SchemaError::new(message));
                }
            };
            ids.push(id);
        }
        let mut root = self.root.clone();
        rename(&mut root, &ids);
        let merged = if is_new { Arc::new(merged) } else { Arc::clone(schema) };
        Ok((merged, Cow::Owned(root)))
    }
}

/// Replaces the identifiers of attributes.
// The recursion is bounded by the depth of the plan, which `Limits` bounds.
fn rename(node: &mut Node, ids: &[AttributeId]) {
    match node {
        Node::All(children) | Node::Any(children) => {
            children.iter_mut().for_each(|child| rename(child, ids));
        }
        Node::Not(child) => rename(child, ids),
        Node::Test(Test { attribute, predicate, .. }) => {
            if let Some(id) = ids.get(attribute.index()) {
                *attribute = *id;
            }
            if let Predicate::Element(inner) = predicate {
                rename(inner, ids);
            }
        }
    }
}
