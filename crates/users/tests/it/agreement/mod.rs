//! One meaning: SQLite, PostgreSQL and MariaDB find what memory finds, for filters and records made at random.
//!
//! `scripts/agreement` runs the same for longer.

mod mutants;
mod run;
mod stores;

use self::mutants::Mutant;
use self::run::{Length, run};
use crate::databases::Database;
use crate::engine::Engine;
use crate::generators::World;
use crate::generators::filters::Filters;
use crate::generators::people::{People, Person};
use crate::generators::random::Random;
use crate::hard_users::Users;
use scieve::Value;
use scieve::sql::{Dialect, Direction, KeysetPosition, Select};
use scieve_users::{SqlOptions, SqlStore};

/// As long as the environment says, which is what `scripts/agreement` sets; else short.
fn length(filters: usize) -> Length {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: no number")))
    };
    let asked = number("SCIEVE_AGREEMENT_FILTERS");
    Length {
        filters: asked.map_or(filters, |asked| asked as usize),
        records: number("SCIEVE_AGREEMENT_RECORDS").unwrap_or(100) as usize,
        seed: number("SCIEVE_AGREEMENT_SEED").unwrap_or(1),
        progress: asked.is_some(),
        batch: number("SCIEVE_AGREEMENT_BATCH").map(|batch| batch as usize),
        filter: std::env::var("SCIEVE_AGREEMENT_FILTER").ok(),
    }
}

/// What the tests call it.
fn name(dialect: Dialect) -> &'static str {
    if dialect == Dialect::MySql { "mariadb" } else { dialect.name() }
}

async fn agrees<W: World>(world: &W, dialect: Dialect, filters: usize) {
    let length = length(filters);
    let outcome = run(world, &mut Engine::new(dialect).await, &length, None).await;
    assert!(
        outcome.wrong == 0,
        "{} of {} filters differ; the first is above",
        outcome.wrong,
        outcome.filters
    );
    if length.batch.is_some() {
        return;
    }
    // Filters that say something.
    let (compared, found) = (outcome.filters * length.records, outcome.found);
    assert!(found > compared / 25 && found < compared * 4 / 5, "{found} of {compared} is lopsided");
    assert!(
        outcome.constant < outcome.filters * 3 / 4,
        "{} of {} filters decide nothing",
        outcome.constant,
        outcome.filters
    );
}

/// Each mutant of the dialect is wrong somewhere.
async fn notices(dialect: Dialect) {
    for mutant in Mutant::of(dialect) {
        notices_one(&People::new(), dialect, mutant).await;
    }
    notices_one(&Users::asked_anything(), dialect, Mutant::OF_TENANTS).await;
}

async fn notices_one<W: World>(world: &W, dialect: Dialect, mutant: Mutant) {
    let length =
        Length { filters: 2_000, records: 60, seed: 7, progress: false, batch: None, filter: None };
    let outcome = run(world, &mut Engine::new(dialect).await, &length, Some(mutant)).await;
    eprintln!(
        "{}, {mutant:?}: {} of {} filters are wrong",
        name(dialect),
        outcome.wrong,
        outcome.filters
    );
    assert!(outcome.wrong > 0, "{dialect}: {mutant:?} is not noticed");
}

/// Pages forward and backward, sorted or by key, of a few filters.
async fn pages(dialect: Dialect) {
    let (world, mut random, mut engine) = (People::new(), Random(7), Engine::new(dialect).await);
    let people: Vec<Person> = (0..60).map(|number| world.record(&mut random, number)).collect();
    run::make_tables(&world, &mut engine, None).await;
    engine.fill(&world, &people).await;
    let filters = Filters::new(&world, &people);
    for _ in 0..40 {
        let filter = filters.filter(&mut random);
        let plan = world.policies()[0].parse(&filter).unwrap();
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
            let mut ask = async |select: Select| {
                let statement = plan.to_sql(world.columns(), dialect, &select.limit(7)).unwrap();
                engine
                    .ids(&statement)
                    .await
                    .unwrap_or_else(|error| panic!("{error}: {statement:?}"))
            };

            let mut forward = ask(select()).await;
            while let Some(last) =
                forward.last().filter(|_| forward.len().is_multiple_of(7)).cloned()
            {
                let page = ask(select().after(seek(&last))).await;
                if page.is_empty() {
                    break;
                }
                forward.extend(page);
            }
            assert_eq!(forward, whole, "{dialect}: {filter} {direction:?}");

            let mut backward: Vec<String> =
                whole.last().map(|last| (*last).to_owned()).into_iter().collect();
            while let Some(first) = backward.last().cloned() {
                let page = ask(select().before(seek(&first))).await;
                if page.is_empty() {
                    break;
                }
                backward.extend(page);
            }
            backward.reverse();
            assert_eq!(backward, whole, "{dialect}: {filter} {direction:?}");
        }
    }
}

#[tokio::test]
async fn sqlite_people() {
    agrees(&People::new(), Dialect::Sqlite, 2_000).await;
}

#[tokio::test]
async fn sqlite_users() {
    agrees(&Users::new(), Dialect::Sqlite, 1_000).await;
}

#[tokio::test]
async fn sqlite_tenants() {
    agrees(&Users::asked_anything(), Dialect::Sqlite, 1_000).await;
}

#[tokio::test]
async fn postgres_people() {
    crate::databases::require!(servers);
    agrees(&People::new(), Dialect::Postgres, 2_000).await;
}

#[tokio::test]
async fn postgres_users() {
    crate::databases::require!(servers);
    agrees(&Users::new(), Dialect::Postgres, 1_000).await;
}

#[tokio::test]
async fn postgres_tenants() {
    crate::databases::require!(servers);
    agrees(&Users::asked_anything(), Dialect::Postgres, 1_000).await;
}

#[tokio::test]
async fn mariadb_people() {
    crate::databases::require!(servers);
    agrees(&People::new(), Dialect::MySql, 2_000).await;
}

#[tokio::test]
async fn mariadb_users() {
    crate::databases::require!(servers);
    agrees(&Users::new(), Dialect::MySql, 1_000).await;
}

#[tokio::test]
async fn mariadb_tenants() {
    crate::databases::require!(servers);
    agrees(&Users::asked_anything(), Dialect::MySql, 1_000).await;
}

#[tokio::test]
async fn what_is_dropped_is_noticed_in_sqlite() {
    notices(Dialect::Sqlite).await;
}

#[tokio::test]
async fn what_is_dropped_is_noticed_in_postgres() {
    crate::databases::require!(servers);
    notices(Dialect::Postgres).await;
}

#[tokio::test]
async fn what_is_dropped_is_noticed_in_mariadb() {
    crate::databases::require!(servers);
    notices(Dialect::MySql).await;
}

#[tokio::test]
async fn pages_joined_are_the_whole_list_in_sqlite() {
    pages(Dialect::Sqlite).await;
}

#[tokio::test]
async fn pages_joined_are_the_whole_list_in_postgres() {
    crate::databases::require!(servers);
    pages(Dialect::Postgres).await;
}

#[tokio::test]
async fn pages_joined_are_the_whole_list_in_mariadb() {
    crate::databases::require!(servers);
    pages(Dialect::MySql).await;
}

/// The whole store, through changes.
async fn answers_alike(dialect: Dialect) {
    let asked = length(0);
    for seed in 0..2 {
        let database = Database::of(dialect).await;
        let clock = stores::Clock::new();
        let told = clock.clone();
        let store =
            SqlStore::connect(&database.url, SqlOptions::default().clock(move || told.now()))
                .await
                .unwrap();
        let rounds = if asked.progress { 40 } else { 4 };
        stores::same_answers(&store, clock, asked.seed * 1_000 + seed, rounds).await;
        store.close().await;
    }
}

#[tokio::test]
async fn sqlite_store() {
    answers_alike(Dialect::Sqlite).await;
}

#[tokio::test]
async fn postgres_store() {
    crate::databases::require!(servers);
    answers_alike(Dialect::Postgres).await;
}

#[tokio::test]
async fn mariadb_store() {
    crate::databases::require!(servers);
    answers_alike(Dialect::MySql).await;
}
