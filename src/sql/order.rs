//! The order of stored values.

use super::dialect::Dialect;
use super::literal::text_form;
use super::storage::Storage;
use super::values::{Param, Values};
use crate::schema::Attribute;
use crate::value::{AttributeType, Text};
use sea_query::{CaseStatement, Expr, ExprTrait};

/// A stored value in the order of values.
pub(super) fn sort_order(
    dialect: Dialect,
    storage: &Storage,
    attribute: &Attribute,
    column: Expr,
    values: &mut Values,
) -> Expr {
    let ranked = |ranked: Vec<(&String, i32)>, values: &mut Values| {
        let mut case = CaseStatement::new();
        // As text, because the type of the database may have another order.
        let text = match dialect {
            Dialect::Postgres => sea_query::Func::cast_as(column.clone(), "text").into(),
            Dialect::MySql | Dialect::Sqlite => column.clone(),
        };
        for (label, rank) in ranked {
            let label = values.put(Param::Text(label.clone()));
            case = case.case(text.clone().eq(label), Expr::Constant(rank.into()));
        }
        Expr::Case(Box::new(case))
    };
    match (storage, attribute.attribute_type()) {
        (Storage::Enum { labels, .. }, _) => {
            let mut sorted: Vec<(Text, &String)> = labels
                .iter()
                .map(|label| (Text::operand(label, attribute.case()), label))
                .collect();
            sorted.sort();
            let (mut ranks, mut last): (Vec<(&String, i32)>, Option<&Text>) = (Vec::new(), None);
            for (key, label) in &sorted {
                let before = ranks.last().map_or(0, |(_, rank)| *rank);
                // Labels with the same key are equal.
                ranks.push((label, before + i32::from(last != Some(key))));
                last = Some(key);
            }
            ranked(ranks, values)
        }
        (Storage::BooleanText([yes, no]), _) => ranked(vec![(no, 0), (yes, 1)], values),
        (Storage::Boolean, _) if dialect != Dialect::Postgres => {
            column.ne(Expr::Constant(0.into()))
        }
        (Storage::Uuid, _) if dialect == Dialect::MySql => text_form(dialect, storage, column),
        (Storage::Integer, AttributeType::String | AttributeType::Reference) => {
            dialect.byte_ordered(text_form(dialect, storage, column))
        }
        _ => column,
    }
}
