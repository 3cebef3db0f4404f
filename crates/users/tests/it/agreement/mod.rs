//! Differential tests: random filters select the same random records in SQLite, PostgreSQL, MariaDB
//! and memory.
//!
//! `scripts/agreement` runs them for longer.

mod compare;
mod mutants;
mod stores;

pub(crate) use self::compare::Scale;
use self::compare::compare;
use self::mutants::Mutant;
use crate::connection::DbConnection;
use crate::databases::Database;
use crate::edge_case_users::UsersModel;
use crate::generators::RecordModel;
use crate::generators::filters::Filters;
use crate::generators::people::{PeopleModel, Person};
use crate::generators::random_values::Random;
use scieve::Value;
use scieve::sql::{Dialect, Direction, KeysetPosition, Select};
use scieve_users::{SqlOptions, SqlStore, UserStore as _};

/// Returns the scale that `scripts/agreement` sets in the environment, or a small one.
pub(crate) fn scale(filters: usize) -> Scale {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse().unwrap_or_else(|_| panic!("`{name}` is not a number")))
    };
    let requested = number("SCIEVE_AGREEMENT_FILTERS");
    Scale {
        filters: requested.map_or(filters, |filters| filters as usize),
        records: number("SCIEVE_AGREEMENT_RECORDS").unwrap_or(100) as usize,
        seed: number("SCIEVE_AGREEMENT_SEED").unwrap_or(1),
        progress: requested.is_some(),
        batch: number("SCIEVE_AGREEMENT_BATCH").map(|batch| batch as usize),
        filter: std::env::var("SCIEVE_AGREEMENT_FILTER").ok(),
    }
}

/// Returns the name of the database as it occurs in test names.
pub(crate) fn name(dialect: Dialect) -> &'static str {
    if dialect == Dialect::MySql { "mariadb" } else { dialect.name() }
}

async fn agrees<W: RecordModel>(model: &W, dialect: Dialect, filters: usize) {
    let scale = scale(filters);
    let outcome = compare(model, &mut DbConnection::new(dialect).await, &scale, None).await;
    assert!(
        outcome.different == 0,
        "{} of {} filters differ; the first is above",
        outcome.different,
        outcome.filters
    );
    if scale.batch.is_some() {
        return;
    }
    // The filters must select some records and not others.
    let (compared, found) = (outcome.filters * scale.records, outcome.found);
    assert!(
        found > compared / 25 && found < compared * 4 / 5,
        "{found} of {compared} is too few or too many"
    );
    assert!(
        outcome.constant < outcome.filters * 3 / 4,
        "{} of {} filters select all or no records",
        outcome.constant,
        outcome.filters
    );
}

/// Checks that the comparison detects each mutant of the dialect.
async fn detects_mutants(dialect: Dialect) {
    for mutant in Mutant::of(dialect) {
        detects_mutant(&PeopleModel::new(), dialect, mutant).await;
    }
    detects_mutant(&UsersModel::with_every_operator(), dialect, Mutant::OF_TENANTS).await;
}

async fn detects_mutant<W: RecordModel>(model: &W, dialect: Dialect, mutant: Mutant) {
    let scale =
        Scale { filters: 2_000, records: 60, seed: 7, progress: false, batch: None, filter: None };
    let outcome = compare(model, &mut DbConnection::new(dialect).await, &scale, Some(mutant)).await;
    eprintln!(
        "{}, {mutant:?}: {} of {} filters differ",
        name(dialect),
        outcome.different,
        outcome.filters
    );
    assert!(outcome.different > 0, "{dialect}: {mutant:?} is not detected");
}

/// Checks that pages in both directions, sorted or by key, concatenate to the whole list.
async fn pages(dialect: Dialect) {
    let (model, mut random, mut connection) =
        (PeopleModel::new(), Random(7), DbConnection::new(dialect).await);
    let people: Vec<Person> = (0..60).map(|number| model.record(&mut random, number)).collect();
    compare::create_tables(&model, &mut connection, None).await;
    connection.fill(&model, &people).await;
    let filters = Filters::new(&model, &people);
    for _ in 0..40 {
        let filter = filters.filter(&mut random);
        let plan = model.policies()[0].parse(&filter).unwrap();
        for (sorted, direction) in [
            (true, Direction::Ascending),
            (true, Direction::Descending),
            (false, Direction::Ascending),
        ] {
            let mut whole: Vec<&Person> =
                people.iter().filter(|person| plan.matches(person)).collect();
            whole.sort_by_key(|person| {
                (if sorted { person.title_sort() } else { String::new() }, person.id())
            });
            if direction == Direction::Descending {
                whole.reverse();
            }
            let whole: Vec<&str> = whole.into_iter().map(Person::id).collect();
            let select = || {
                if sorted { Select::default().sort("title", direction) } else { Select::default() }
            };
            let seek = |id: &str| {
                let person = people.iter().find(|person| person.id() == id).unwrap();
                KeysetPosition { sort: person.title_sort(), key: Value::Text(id.into()) }
            };
            let mut page = async |select: Select| {
                let statement = plan.to_sql(model.mapping(), dialect, &select.limit(7)).unwrap();
                connection
                    .ids(&statement)
                    .await
                    .unwrap_or_else(|error| panic!("{error}: {statement:?}"))
            };

            let mut forward = page(select()).await;
            while let Some(last) =
                forward.last().filter(|_| forward.len().is_multiple_of(7)).cloned()
            {
                let next = page(select().after(seek(&last))).await;
                if next.is_empty() {
                    break;
                }
                forward.extend(next);
            }
            assert_eq!(forward, whole, "{dialect}: {filter} {direction:?}");

            let mut backward: Vec<String> =
                whole.last().map(|last| (*last).to_owned()).into_iter().collect();
            while let Some(first) = backward.last().cloned() {
                let next = page(select().before(seek(&first))).await;
                if next.is_empty() {
                    break;
                }
                backward.extend(next);
            }
            backward.reverse();
            assert_eq!(backward, whole, "{dialect}: {filter} {direction:?}");
        }
    }
}

#[tokio::test]
async fn sqlite_people() {
    agrees(&PeopleModel::new(), Dialect::Sqlite, 2_000).await;
}

#[tokio::test]
async fn sqlite_users() {
    agrees(&UsersModel::new(), Dialect::Sqlite, 1_000).await;
}

#[tokio::test]
async fn sqlite_tenants() {
    agrees(&UsersModel::with_every_operator(), Dialect::Sqlite, 1_000).await;
}

#[tokio::test]
async fn postgres_people() {
    crate::databases::require!(servers);
    agrees(&PeopleModel::new(), Dialect::Postgres, 2_000).await;
}

#[tokio::test]
async fn postgres_users() {
    crate::databases::require!(servers);
    agrees(&UsersModel::new(), Dialect::Postgres, 1_000).await;
}

#[tokio::test]
async fn postgres_tenants() {
    crate::databases::require!(servers);
    agrees(&UsersModel::with_every_operator(), Dialect::Postgres, 1_000).await;
}

#[tokio::test]
async fn mariadb_people() {
    crate::databases::require!(servers);
    agrees(&PeopleModel::new(), Dialect::MySql, 2_000).await;
}

#[tokio::test]
async fn mariadb_users() {
    crate::databases::require!(servers);
    agrees(&UsersModel::new(), Dialect::MySql, 1_000).await;
}

#[tokio::test]
async fn mariadb_tenants() {
    crate::databases::require!(servers);
    agrees(&UsersModel::with_every_operator(), Dialect::MySql, 1_000).await;
}

#[tokio::test]
async fn mutants_are_detected_in_sqlite() {
    detects_mutants(Dialect::Sqlite).await;
}

#[tokio::test]
async fn mutants_are_detected_in_postgres() {
    crate::databases::require!(servers);
    detects_mutants(Dialect::Postgres).await;
}

#[tokio::test]
async fn mutants_are_detected_in_mariadb() {
    crate::databases::require!(servers);
    detects_mutants(Dialect::MySql).await;
}

#[tokio::test]
async fn pages_concatenate_to_the_whole_list_in_sqlite() {
    pages(Dialect::Sqlite).await;
}

#[tokio::test]
async fn pages_concatenate_to_the_whole_list_in_postgres() {
    crate::databases::require!(servers);
    pages(Dialect::Postgres).await;
}

#[tokio::test]
async fn pages_concatenate_to_the_whole_list_in_mariadb() {
    crate::databases::require!(servers);
    pages(Dialect::MySql).await;
}

/// Checks that a store returns the same results as the in-memory store, after random writes.
async fn agrees_with_memory(dialect: Dialect) {
    let scale = scale(0);
    for seed in 0..2 {
        let database = Database::of(dialect).await;
        let clock = stores::Clock::new();
        let reader = clock.clone();
        let store =
            SqlStore::connect(&database.url, SqlOptions::default().clock(move || reader.now()))
                .await
                .unwrap();
        let rounds = if scale.progress { 40 } else { 4 };
        stores::compare_stores(&store, clock, scale.seed * 1_000 + seed, rounds).await;
        store.close().await;
    }
}

#[tokio::test]
async fn sqlite_store() {
    agrees_with_memory(Dialect::Sqlite).await;
}

#[tokio::test]
async fn postgres_store() {
    crate::databases::require!(servers);
    agrees_with_memory(Dialect::Postgres).await;
}

#[tokio::test]
async fn mariadb_store() {
    crate::databases::require!(servers);
    agrees_with_memory(Dialect::MySql).await;
}
