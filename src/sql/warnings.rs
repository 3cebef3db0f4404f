//! Warnings about comparisons that agree with memory only in part.

use super::checked_mapping::CheckedMapping;
use super::column::{NativeComparison, StringComparison};
use super::place::{Cell, Place};
use super::storage::Storage;
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::plan::{Node, Plan, Predicate};
use crate::schema::{Attribute, AttributeId, Schema};
use crate::span::Span;
use crate::value::{AttributeType, CaseSensitivity};
use std::collections::BTreeSet;

impl<R: ?Sized> Plan<R> {
    /// Returns a warning for each attribute of the plan that the mapping compares by a
    /// [`NativeComparison`], as all strings inside JSON that ignore case. The warnings do not concern
    /// a position in the filter: their spans are empty.
    #[must_use]
    pub fn sql_warnings(&self, mapping: &CheckedMapping) -> Vec<Diagnostic> {
        let mut compared = BTreeSet::new();
        collect(self.root(), &mut compared);
        compared
            .into_iter()
            .filter_map(|(id, exact)| warning(self.schema(), mapping, id, exact))
            .collect()
    }
}

/// Collects the attributes that a node compares, each with whether it is compared exactly.
fn collect(node: &Node, compared: &mut BTreeSet<(AttributeId, bool)>) {
    match node {
        Node::All(children) | Node::Any(children) => {
            children.iter().for_each(|child| collect(child, compared))
        }
        Node::Not(child) => collect(child, compared),
        Node::Test(test) => match &test.predicate {
            Predicate::Element(inner) => collect(inner, compared),
            Predicate::Present | Predicate::Never => {}
            _ => drop(compared.insert((test.attribute, test.case == CaseSensitivity::Exact))),
        },
    }
}

fn warning(
    schema: &Schema,
    mapping: &CheckedMapping,
    id: AttributeId,
    exact: bool,
) -> Option<Diagnostic> {
    let attribute = schema.attribute(id).filter(|_| !exact)?;
    if !matches!(attribute.attribute_type(), AttributeType::String | AttributeType::Reference) {
        return None;
    }
    let StringComparison::Native(native) = comparison(schema, mapping, attribute)? else {
        return None;
    };
    let comparison = match native {
        NativeComparison::Lower => "`lower()`",
        NativeComparison::LowerColumn(_) => "a lowercase column",
        // Agrees on all strings.
        NativeComparison::CaseFold if attribute.case() == CaseSensitivity::Ignore => return None,
        NativeComparison::CaseFold => "`casefold()`",
        NativeComparison::CaseInsensitive => "the collation of its column",
    };
    let message = format!(
        "{} is compared by {comparison}, which agrees with in-memory evaluation only on ASCII \
         strings",
        quoted(&attribute.to_string())
    );
    let help = "store `scieve::fold_key` of the value in a separate column, and set it as the \
                `fold_key` of the attribute in the mapping";
    Some(Diagnostic::new(Code::NativeComparison, Span::default(), message).with_help(help))
}

/// The comparison of strings inside JSON.
static IN_JSON: StringComparison = StringComparison::Native(NativeComparison::Lower);

fn comparison<'a>(
    schema: &Schema,
    mapping: &'a CheckedMapping,
    attribute: &Attribute,
) -> Option<&'a StringComparison> {
    let parent = attribute.parent().and_then(|parent| schema.attribute(parent));
    let in_json = match attribute.yields_many() {
        true => matches!(mapping.value_rows(attribute, parent), Some((_, Cell::Json(..)))),
        false => matches!(mapping.place(attribute), Some(Place::Json(_))),
    };
    if in_json {
        return Some(&IN_JSON);
    }
    let column = mapping.column(attribute).or_else(|| mapping.value_column(attribute));
    // Values of other storages are compared exactly.
    column
        .filter(|column| column.column.stored.as_ref().is_none_or(Storage::is_text))
        .map(|column| &column.column.text)
}
