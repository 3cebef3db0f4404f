//! Differential tests on tables that were not made for scieve: every storage and place of a
//! mapping, in each database.

mod case_fold;
mod employees;
mod index_use;
mod native_comparison;
mod tables;

use self::employees::{EmployeesModel, appoint_managers};
use crate::agreement::{Scale, scale};
use crate::connection::DbConnection;
use crate::generators::RecordModel;
use crate::generators::filters::Filters;
use crate::generators::random_values::{Cell, Random};
use scieve::sql::{Dialect, Direction, KeysetPosition, Select};
use scieve::{Attribute, AttributeType, CaseSensitivity, Record as _, fold_key};
use serde_json::Value;
use std::cmp::Ordering;
use std::time::Instant;

/// Number of filters that are evaluated on the same records.
const BATCH: usize = 250;

/// Time zones of sessions, which must not matter.
const ZONES: [&str; 3] = ["+00:00", "+05:30", "-11:00"];

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
    let scale = scale(750);
    let outcome = compare(dialect, &scale, None).await;
    let Outcome { compared, different, found } = outcome;
    assert_eq!(different, 0, "{dialect}: {different} of {compared} filters differ");
    let few = compared * scale.records / 30;
    assert!(found > few || scale.filter.is_some(), "{found} records, expected {few} or more");
}

/// A mistake of the compiler, which the comparison has to detect.
#[derive(Clone, Copy, Debug)]
enum Mutant {
    /// A part of the SQL is replaced.
    Sql(&'static str, &'static str),
    /// The conditions in brackets are about different elements.
    OtherElements,
}

impl Mutant {
    /// Literals that equal nothing, values that are absent, conditions of the mapping, brackets
    /// that are about one element, and in PostgreSQL a cast of a `citext` column.
    fn of(dialect: Dialect) -> Vec<Self> {
        let (deleted, owner) = match dialect {
            Dialect::Postgres => {
                ("\"u\".deleted_at IS NULL", "\"e\".\"employee_id\" = \"u\".\"id\"")
            }
            Dialect::MySql | Dialect::Sqlite => {
                ("`u`.deleted_at IS NULL", "`e`.`employee_id` = `u`.`id`")
            }
        };
        let mut mutants = vec![
            Self::Sql("(1=0)", "(1=1)"),
            Self::Sql(" IS NULL OR ", " IS NOT NULL AND "),
            Self::Sql(deleted, "1=1"),
            Self::Sql(owner, "1=1"),
            Self::OtherElements,
        ];
        if dialect == Dialect::Postgres {
            mutants.push(Self::Sql("\"u\".\"login\"", "\"u\".\"login\"::text"));
        }
        mutants
    }

    /// Returns the filter with brackets of their own for each condition of a conjunction in
    /// brackets.
    fn other_elements(filter: &str) -> String {
        let (mut mutated, mut rest) = (String::new(), filter);
        while let Some((before, inside)) = rest.split_once('[') {
            let Some((inside, after)) = inside.split_once(']') else { break };
            let path = before.rsplit([' ', '(']).next().unwrap_or_default();
            let split = inside.replace(" and ", &format!("] and {path}["));
            let (before, _) = before.split_at(before.len() - path.len());
            mutated.push_str(&format!("{before}({path}[{split}])"));
            rest = after;
        }
        mutated + rest
    }
}

/// Returns a filter with values of different elements of a list in brackets, which are about one
/// element.
fn of_two_elements(random: &mut Random, employees: &[Value]) -> Option<String> {
    let path = *random.pick(&["emails", "phones", "roles"]);
    let list = random.pick(employees).get(path)?.as_array()?;
    let (first, second) = (list.first()?.as_object()?, list.get(1)?.as_object()?);
    let (sub, value) = first.iter().next()?;
    let (other, other_value) = second.iter().find(|(name, _)| *name != sub)?;
    let operator = if random.chance(80) { "eq" } else { "ne" };
    let filter = format!("{path}[{sub} {operator} {value} and {other} eq {other_value}]");
    Some(if random.chance(20) { format!("not ({filter})") } else { filter })
}

/// Checks that the comparison detects each mutant of the dialect.
async fn detects_mutants(dialect: Dialect) {
    let scale = Scale { progress: false, batch: None, filter: None, ..scale(4_000) };
    for mutant in Mutant::of(dialect) {
        let Outcome { compared, different, .. } = compare(dialect, &scale, Some(mutant)).await;
        eprintln!("{dialect}, {mutant:?}: {different} of {compared} filters differ");
        assert!(different > 0, "{dialect}: {mutant:?} is not detected");
    }
}

#[test]
fn brackets_of_a_mutant_are_about_different_elements() {
    assert_eq!(
        Mutant::other_elements(r#"not (emails[type eq "work" and value pr]) or a pr"#),
        r#"not ((emails[type eq "work"] and emails[value pr])) or a pr"#
    );
}

#[tokio::test]
async fn mutants_of_existing_tables_are_detected_in_sqlite() {
    detects_mutants(Dialect::Sqlite).await;
}

#[tokio::test]
async fn mutants_of_existing_tables_are_detected_in_postgres() {
    crate::databases::require!(servers);
    detects_mutants(Dialect::Postgres).await;
}

#[tokio::test]
async fn mutants_of_existing_tables_are_detected_in_mariadb() {
    crate::databases::require!(servers);
    detects_mutants(Dialect::MySql).await;
}

/// Numbers of filters and records.
#[derive(Default)]
struct Outcome {
    /// Filters that were compared.
    compared: usize,
    /// Filters for which the database returns other records or an error.
    different: usize,
    /// Records selected in memory, over all filters.
    found: usize,
}

/// Sets the time zone of a session, and in PostgreSQL how it plans, which vary by batch.
async fn set_session(connection: &mut DbConnection, batch: usize) {
    let zone = ZONES[batch % ZONES.len()];
    match connection.dialect() {
        Dialect::Postgres => {
            let seqscan = if batch.is_multiple_of(2) { "on" } else { "off" };
            let plans = if batch.is_multiple_of(3) { "auto" } else { "force_generic_plan" };
            // Compiling the expressions takes longer than evaluating them.
            let set = format!(
                "SET TIME ZONE INTERVAL '{zone}' HOUR TO MINUTE; SET enable_seqscan = {seqscan}; \
                 SET plan_cache_mode = {plans}; SET jit = off"
            );
            connection.execute(&set).await;
        }
        Dialect::MySql => connection.execute(&format!("SET time_zone = '{zone}'")).await,
        Dialect::Sqlite => {}
    }
}

/// Compares random filters; those of a mutant until one differs.
async fn compare(dialect: Dialect, scale: &Scale, mutant: Option<Mutant>) -> Outcome {
    let model = EmployeesModel::new(dialect);
    let mut connection = DbConnection::new(dialect).await;
    for statement in tables::create(dialect) {
        connection.execute(&statement).await;
    }
    let (mut outcome, started) = (Outcome::default(), Instant::now());
    let batches = 0..scale.filters.div_ceil(BATCH);
    for batch in batches.filter(|batch| scale.batch.is_none_or(|only| *batch == only)) {
        let mut random = Random(scale.seed.wrapping_mul(1_000_003).wrapping_add(batch as u64));
        connection.reconnect().await;
        set_session(&mut connection, batch).await;
        let mut employees: Vec<Value> =
            (0..scale.records).map(|number| model.record(&mut random, number)).collect();
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
        for number in 0..BATCH.min(scale.filters - batch * BATCH) {
            let filter = match &scale.filter {
                Some(filter) if number == 0 => filter.clone(),
                Some(_) => break,
                None => {
                    let brackets = match random.chance(5) {
                        true => of_two_elements(&mut random, &employees),
                        false => None,
                    };
                    brackets.unwrap_or_else(|| generator.filter(&mut random))
                }
            };
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
            let compiled = match mutant {
                Some(Mutant::OtherElements) => policy.parse(&Mutant::other_elements(&filter)).ok(),
                _ => None,
            };
            let compiled = compiled.as_ref().unwrap_or(&plan);
            let mut statement = compiled.to_sql(model.mapping(), dialect, &select).unwrap();
            as_text(dialect, &mut statement);
            if let Some(Mutant::Sql(part, wrong)) = mutant {
                statement.sql = statement.sql.replace(part, wrong);
            }
            let got = connection.ids(&statement).await;
            outcome.compared += 1;
            outcome.found += expected.len();
            if got.as_ref().map(|got| got.iter().map(String::as_str).collect::<Vec<_>>())
                != Ok(expected.clone())
            {
                outcome.different += 1;
                if outcome.different <= 5 && mutant.is_none() {
                    let wrong = employees.iter().find(|employee| {
                        let id = model.id(employee);
                        got.iter().flatten().any(|got| got == id) != expected.contains(&id)
                    });
                    let (name, Scale { records, seed, .. }) =
                        (crate::agreement::name(dialect), scale);
                    eprintln!(
                        "scripts/agreement --only {name}_existing --records {records} --seed {seed} \
                         --batch {batch} --filter '{}'\n  {}\n  {:?}\n  {wrong:?} {:?}",
                        filter.replace('\'', "'\\''"),
                        statement.sql,
                        statement.params,
                        got.as_ref().err()
                    );
                }
            }
        }
        if mutant.is_some() && outcome.different > 0 {
            break;
        }
    }
    if scale.progress {
        let Outcome { compared, different, .. } = outcome;
        let rate = compared as f64 / started.elapsed().as_secs_f64() * 60.0;
        let (name, records) = (crate::agreement::name(dialect), scale.records);
        eprintln!(
            "{name} existing: {compared} filters x {records} records, {different} differ, \
             {rate:.0} filters a minute"
        );
    }
    outcome
}

#[tokio::test]
async fn sqlite_existing() {
    agrees(Dialect::Sqlite).await;
}

#[tokio::test]
async fn postgres_existing() {
    crate::databases::require!(servers);
    agrees(Dialect::Postgres).await;
}

#[tokio::test]
async fn mariadb_existing() {
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
