//! Where a mapping agrees with memory only in part.

use super::columns::CheckedMapping;
use super::mapping::{NativeComparison, StringComparison};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::plan::{Node, Plan, Predicate};
use crate::schema::{Attribute, AttributeId, Schema};
use crate::span::Span;
use crate::value::{AttributeType, CaseSensitivity};
use std::collections::BTreeSet;

impl<R: ?Sized> Plan<R> {
    /// A warning for each attribute of the plan that the mapping compares in the database's own way. They are about no place in the
    /// filter: their spans are empty.
    #[must_use]
    pub fn sql_warnings(&self, columns: &CheckedMapping) -> Vec<Diagnostic> {
        let mut asked = BTreeSet::new();
        collect(self.root(), &mut asked);
        asked
            .into_iter()
            .filter_map(|(id, exact)| warning(self.schema(), columns, id, exact))
            .collect()
    }
}

fn collect(node: &Node, asked: &mut BTreeSet<(AttributeId, bool)>) {
    match node {
        Node::All(children) | Node::Any(children) => {
            children.iter().for_each(|child| collect(child, asked))
        }
        Node::Not(child) => collect(child, asked),
        Node::Test(test) => match &test.predicate {
            Predicate::Element(inner) => collect(inner, asked),
            Predicate::Present | Predicate::Never => {}
            _ => drop(asked.insert((test.attribute, test.case == CaseSensitivity::Exact))),
        },
    }
}

fn warning(
    schema: &Schema,
    columns: &CheckedMapping,
    id: AttributeId,
    exact: bool,
) -> Option<Diagnostic> {
    let attribute = schema.attribute(id).filter(|_| !exact)?;
    if !matches!(attribute.kind(), AttributeType::String | AttributeType::Reference) {
        return None;
    }
    let StringComparison::Native(native) = text(columns, attribute)? else { return None };
    let (way, agreement) = match native {
        NativeComparison::Lower => ("by `lower()`", "agrees with memory on ASCII text at most"),
        NativeComparison::LowerColumn(_) => {
            ("by a column in small letters", "agrees with memory on ASCII text at most")
        }
        NativeComparison::CaseInsensitive => (
            "by the column's collation",
            "agrees with memory on ASCII text without trailing blanks at most",
        ),
    };
    let message =
        format!("{} is compared {way}, which {agreement}", quoted(&attribute.to_string()));
    let help = "store `scieve::fold_key` of the text in a column of its own, and name it as the `key` of the attribute";
    Some(Diagnostic::new(Code::NativeComparison, Span::default(), message).with_help(help))
}

fn text<'a>(columns: &'a CheckedMapping, attribute: &Attribute) -> Option<&'a StringComparison> {
    let column = columns
        .column(attribute)
        .or_else(|| columns.value_table(attribute).map(|(_, field)| field));
    column.map(|field| &field.column.text)
}
