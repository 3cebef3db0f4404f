//! Differential tests on tables that were not made for scieve: every storage and place of a
//! mapping, in each database.

mod case_fold;
mod employees;
mod index_use;
mod native_comparison;
mod tables;

use self::employees::{EmployeesModel, appoint_managers};
use crate::connection::DbConnection;
use crate::generators::RecordModel;
use crate::generators::filters::Filters;
use crate::generators::random_values::{Cell, Random};
use scieve::sql::{Dialect, Direction, KeysetPosition, Select};
use scieve::{Attribute, AttributeType, CaseSensitivity, Record as _, fold_key};
use serde_json::Value;
use std::cmp::Ordering;

/// Number of filters that are evaluated on the same records.
const BATCH: usize = 250;

/// Time zones of sessions, which must not matter.
const ZONES: [&str; 3] = ["+00:00", "+05:30", "-11:00"];

fn number(name: &str, default: usize) -> usize {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("`{name}` is no number")))
}

/// Selects the key as text, as the other databases return it.
fn as_text(dialect: Dialect, statement: &mut scieve::sql::Statement) {
    if dialect == Dialect::Postgres {
        statement.sql = statement.sql.replacen("\"u\".\"id\"", "\"u\".\"id\"::text", 1);
    }
}

fn direction(ascending: bool) -> Direction {
    if ascending { Direction::Ascending } else { Direction::Descending }
}

fn sortable(model: &EmployeesModel) -> Vec<&Attribute> {
    let attributes = model.policies()[0].schema().attributes();
    let simple = |attribute: &&Attribute| {
        !attribute.yields_many() && attribute.attribute_type() != AttributeType::Complex
    };
    attributes.filter(simple).collect()
}

fn value(employee: &Value, attribute: &Attribute) -> Option<Cell> {
    let mut found = None;
    employee.any_value(attribute, &mut |value| {
        found = Cell::new(value);
        false
    });
    match (found, attribute.case()) {
        (Some(Cell::Text(text)), CaseSensitivity::Ignore) => {
            Some(Cell::Text(fold_key(&text).into_owned()))
        }
        (found, _) => found,
    }
}

/// Sorts ids by an attribute: absent values last, or first if descending (RFC 7644 section
/// 3.4.2.3).
fn sort(ids: &mut [&str], employees: &[Value], attribute: &Attribute, direction: Direction) {
    let of = |id: &str| employees.iter().find(|employee| employee["id"] == id).unwrap();
    let compare = |one: &Option<Cell>, other: &Option<Cell>| match (one, other) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(one), Some(other)) => match (one, other) {
            (Cell::Text(one), Cell::Text(other)) => one.cmp(other),
            (Cell::Boolean(one), Cell::Boolean(other)) => one.cmp(other),
            (Cell::Integer(one), Cell::Integer(other)) => one.cmp(other),
            (Cell::DateTime(one), Cell::DateTime(other)) => one.cmp(other),
            (Cell::Decimal(one), Cell::Decimal(other)) => one.partial_cmp(other).unwrap(),
            (Cell::Binary(one), Cell::Binary(other)) => one.cmp(other),
            (one, other) => panic!("{one:?} {other:?}"),
        },
    };
    ids.sort_by(|one, other| {
        compare(&value(of(one), attribute), &value(of(other), attribute)).then(one.cmp(other))
    });
    if direction == Direction::Descending {
        ids.reverse();
    }
}

/// Checks that the pages of every order concatenate to the whole list.
async fn pages(dialect: Dialect) {
    let model = EmployeesModel::new(dialect);
    let mut connection = DbConnection::new(dialect).await;
    for statement in tables::create(dialect) {
        connection.execute(&statement).await;
    }
    let mut random = Random(5);
    let mut employees: Vec<Value> =
        (0..40).map(|number| model.record(&mut random, number)).collect();
    let managers = appoint_managers(&mut random, &mut employees);
    for statement in tables::fill(dialect, &employees, &managers) {
        connection.execute(&statement).await;
    }
    let plan = model.policies()[0].parse("userName pr").unwrap();
    for attribute in sortable(&model) {
        for direction in [direction(true), direction(false)] {
            let mut expected: Vec<&str> =
                employees.iter().map(|employee| model.id(employee)).collect();
            sort(&mut expected, &employees, attribute, direction);
            let mut got: Vec<String> = Vec::new();
            loop {
                let mut select = Select::default().sort(attribute.to_string(), direction).limit(9);
                if let Some(last) = got.last() {
                    let employee = employees.iter().find(|employee| employee["id"] == **last);
                    let sort = match json_value(employee.unwrap(), attribute) {
                        Some(Value::String(text)) => format!("1{text}"),
                        Some(value) => format!("1{value}"),
                        None => "2".to_owned(),
                    };
                    let key = scieve::Value::Text(last.as_str().into());
                    select = select.after(KeysetPosition { sort, key });
                }
                let mut statement = plan.to_sql(model.mapping(), dialect, &select).unwrap();
                as_text(dialect, &mut statement);
                let page = connection.ids(&statement).await;
                let page = page.unwrap_or_else(|error| panic!("{error}: {statement:?}"));
                let end = page.len() < 9;
                got.extend(page);
                if end || got.len() > employees.len() {
                    break;
                }
            }
            assert_eq!(got, expected, "{dialect}: {attribute} {direction:?}");
        }
    }
}

fn json_value<'e>(employee: &'e Value, attribute: &Attribute) -> Option<&'e Value> {
    let outer = attribute.urn().map_or(Some(employee), |urn| employee.get(urn))?;
    let own = outer.get(attribute.name())?;
    attribute.sub_attribute().map_or(Some(own), |sub| own.get(sub))
}

/// Evaluates random filters in memory and in the database.
async fn agrees(dialect: Dialect) {
    let (compared, different) = compare(dialect, None).await;
    assert_eq!(different, 0, "{dialect}: {different} of {compared} filters differ");
}

/// A part of the SQL, with what makes it wrong.
type Mutant = (&'static str, &'static str);

/// Mutants that the comparison has to detect: literals that equal nothing, values that are absent,
/// conditions of the mapping, and brackets that are about one element.
const MUTANTS: [Mutant; 4] = [
    ("(1=0)", "(1=1)"),
    (" IS NULL OR ", " IS NOT NULL AND "),
    ("`u`.deleted_at IS NULL", "1=1"),
    ("`e`.`employee_id` = `u`.`id`", "1=1"),
];

#[tokio::test]
async fn mutants_of_existing_tables_are_detected() {
    for mutant in MUTANTS {
        let (_, different) = compare(Dialect::Sqlite, Some(mutant)).await;
        assert!(different > 0, "{mutant:?} is not detected");
    }
}

/// Returns the numbers of filters that were compared, and for which the result is different.
async fn compare(dialect: Dialect, mutant: Option<Mutant>) -> (usize, usize) {
    let (filters, records, seed) = (
        number("SCIEVE_AGREEMENT_FILTERS", 750),
        number("SCIEVE_AGREEMENT_RECORDS", 100),
        number("SCIEVE_AGREEMENT_SEED", 1),
    );
    let model = EmployeesModel::new(dialect);
    let mut connection = DbConnection::new(dialect).await;
    for statement in tables::create(dialect) {
        connection.execute(&statement).await;
    }
    let (mut compared, mut different, mut found) = (0, 0, 0);
    let started = std::time::Instant::now();
    for batch in 0..filters.div_ceil(BATCH) {
        let mut random = Random((seed as u64).wrapping_mul(1_000_003).wrapping_add(batch as u64));
        connection.reconnect().await;
        let zone = ZONES[batch % ZONES.len()];
        match dialect {
            Dialect::Postgres => {
                connection
                    .execute(&format!("SET TIME ZONE INTERVAL '{zone}' HOUR TO MINUTE"))
                    .await;
                let seqscan = if batch % 2 == 0 { "on" } else { "off" };
                connection.execute(&format!("SET enable_seqscan = {seqscan}")).await;
                // Compiling the expressions takes longer than evaluating them.
                connection.execute("SET jit = off").await;
                let plans = if batch % 3 == 0 { "auto" } else { "force_generic_plan" };
                connection.execute(&format!("SET plan_cache_mode = {plans}")).await;
            }
            Dialect::MySql => connection.execute(&format!("SET time_zone = '{zone}'")).await,
            Dialect::Sqlite => {}
        }
        let mut employees: Vec<Value> =
            (0..records).map(|number| model.record(&mut random, number)).collect();
        let managers = appoint_managers(&mut random, &mut employees);
        for statement in tables::fill(dialect, &employees, &managers) {
            connection.execute(&statement).await;
        }
        if dialect == Dialect::Postgres {
            connection.execute("ANALYZE").await;
        }
        let sortable = sortable(&model);
        let generator = Filters::new(&model, &employees);
        let policy = &model.policies()[batch % 2];
        for _ in 0..BATCH.min(filters - batch * BATCH) {
            let filter = generator.filter(&mut random);
            let Ok(plan) = policy.parse(&filter) else { panic!("{filter}") };
            let mut expected: Vec<&str> = employees
                .iter()
                .filter(|employee| plan.matches(employee))
                .map(|employee| model.id(employee))
                .collect();
            expected.sort_unstable();
            let mut select = Select::default();
            if random.chance(40) {
                let attribute = *random.pick(&sortable);
                let direction = direction(random.chance(50));
                sort(&mut expected, &employees, attribute, direction);
                select = select.sort(attribute.to_string(), direction);
            }
            let mut statement = plan.to_sql(model.mapping(), dialect, &select).unwrap();
            as_text(dialect, &mut statement);
            if let Some((part, wrong)) = mutant {
                statement.sql = statement.sql.replace(part, wrong);
            }
            let got = connection.ids(&statement).await;
            compared += 1;
            found += expected.len();
            if got.as_ref().map(|got| got.iter().map(String::as_str).collect::<Vec<_>>())
                != Ok(expected.clone())
            {
                different += 1;
                if different <= 5 && mutant.is_none() {
                    let wrong: Vec<&Value> = employees
                        .iter()
                        .filter(|employee| {
                            let id = model.id(employee);
                            let got = got.iter().flatten().any(|got| got == id);
                            got != expected.contains(&id)
                        })
                        .take(1)
                        .collect();
                    eprintln!(
                        "{dialect}, batch {batch}, zone {zone}: {filter}\n  {}\n  {:?}\n  {wrong:?} {:?}",
                        statement.sql,
                        statement.params,
                        got.as_ref().err()
                    );
                }
            }
        }
        if mutant.is_some() && different > 0 {
            break;
        }
    }
    let rate = compared as f64 / started.elapsed().as_secs_f64() * 60.0;
    eprintln!("{dialect}: {different} of {compared} filters differ, {rate:.0} filters a minute");
    assert!(found > compared * records / 30, "{found} of {compared} x {records} is too few");
    (compared, different)
}

#[tokio::test]
async fn existing_tables_in_sqlite() {
    agrees(Dialect::Sqlite).await;
}

#[tokio::test]
async fn existing_tables_in_postgres() {
    crate::databases::require!(servers);
    agrees(Dialect::Postgres).await;
}

#[tokio::test]
async fn existing_tables_in_mariadb() {
    crate::databases::require!(servers);
    agrees(Dialect::MySql).await;
}

#[tokio::test]
async fn existing_tables_have_pages_in_sqlite() {
    pages(Dialect::Sqlite).await;
}

#[tokio::test]
async fn existing_tables_have_pages_in_postgres() {
    crate::databases::require!(servers);
    pages(Dialect::Postgres).await;
}

#[tokio::test]
async fn existing_tables_have_pages_in_mariadb() {
    crate::databases::require!(servers);
    pages(Dialect::MySql).await;
}
