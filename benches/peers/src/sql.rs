//! A plan compiled to SQL, compared with the same statement built by hand with sea-query.

use crate::corpus;
use crate::measure::{Comparison, Goal, OURS};
use scieve::sql::{Dialect, Select};
use sea_query::{
    ArrayType, Expr, ExprTrait, Func, Order, PostgresQueryBuilder, Query, SelectStatement,
    SqliteQueryBuilder, Value,
};
use std::hint::black_box;

const TENANT: i64 = 42;

pub(crate) fn comparisons() -> Vec<Comparison> {
    let filters = corpus::filters_of_users()
        .into_iter()
        .filter(|(name, _)| matches!(*name, "F2" | "F4" | "F7"));
    filters
        .flat_map(|(name, text)| {
            [Dialect::Postgres, Dialect::Sqlite].map(|dialect| comparison(name, &text, dialect))
        })
        .collect()
}

fn comparison(name: &'static str, text: &str, dialect: Dialect) -> Comparison {
    let plan = scieve_users::policy().parse(text).unwrap();
    let parts = parts(name);
    let columns = scieve_users::mapping().for_tenant(&TENANT.to_string());
    let statement = || plan.to_sql(&columns, dialect, &Select::default()).unwrap().sql;
    assert_eq!(statement().replace('`', "\""), by_hand(&parts, dialect).0, "the statements differ");
    let chain = parts.clone();
    let comparison = Comparison::new("SQL", format!("{name}, {dialect}"))
        .competitor(OURS, move || black_box(&plan).to_sql(&columns, dialect, &Select::default()))
        .competitor("sea-query by hand", move || by_hand(black_box(&parts), dialect))
        .competitor("sea-query, or-chain", move || or_chain(black_box(&chain), dialect))
        .goal(Goal::AtMost(1.15, "sea-query by hand"));
    if name == "F7" {
        comparison.goal(Goal::Faster(5.0, "sea-query, or-chain"))
    } else {
        comparison
    }
}

type Parts = Vec<(&'static str, Vec<String>)>;

/// The columns with their accepted values.
fn parts(name: &str) -> Parts {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let status = ("status", owned(&["active", "disabled"]));
    vec![
        match name {
            "F2" => ("id_f", owned(&["62716ab404a7bd8626af9bd6", "62716ac4c7e500e13ff5fa22"])),
            "F4" => ("name_f", owned(&["alice", "bob"])),
            _ => (
                "id_f",
                (0..100).map(|number| format!("62716ab404a7bd8626af{number:04x}")).collect(),
            ),
        },
        status,
    ]
}

fn build(select: &SelectStatement, dialect: Dialect) -> (String, Vec<Value>) {
    let (sql, values) = match dialect {
        Dialect::Postgres => select.build(PostgresQueryBuilder),
        _ => select.build(SqliteQueryBuilder),
    };
    (sql, values.0)
}

fn select(dialect: Dialect) -> SelectStatement {
    let mut select = Query::select();
    select.column(("u", "id")).from_as("users", "u");
    let id = Expr::col(("u", "id"));
    let id = match dialect {
        Dialect::Postgres => {
            id.binary(sea_query::BinOper::Custom("COLLATE"), Expr::custom_keyword("\"C\""))
        }
        _ => id,
    };
    let tenant = match dialect {
        Dialect::Postgres => Expr::val(TENANT).as_enum("int8"),
        _ => Expr::val(TENANT),
    };
    select.order_by_expr(id, Order::Asc).and_where(Expr::col(("u", "tenant")).eq(tenant));
    select
}

fn by_hand(parts: &Parts, dialect: Dialect) -> (String, Vec<Value>) {
    let mut select = select(dialect);
    for (column, values) in parts {
        let column = Expr::col(("u", *column));
        let values = values.iter().map(|value| Value::from(value.as_str()));
        select.and_where(match dialect {
            Dialect::Postgres => column.eq(Func::cust("ANY")
                .arg(Value::Array(ArrayType::String, Some(Box::new(values.collect()))))),
            _ => column.is_in(values),
        });
    }
    build(&select, dialect)
}

/// Translates the filter literally, with one comparison per operand.
fn or_chain(parts: &Parts, dialect: Dialect) -> (String, Vec<Value>) {
    let mut select = select(dialect);
    for (column, values) in parts {
        let any = values.iter().fold(sea_query::Cond::any(), |any, value| {
            any.add(Expr::col(("u", *column)).eq(value.as_str()))
        });
        select.cond_where(any);
    }
    build(&select, dialect)
}
