//! What a real SQLite makes of conditions, beside the answers that `tests/agreement.rs` compares.

use crate::engine::Engine;
use crate::generators::World as _;
use crate::generators::filters::{Filters, json};
use crate::generators::people::{People, Person};
use crate::generators::random::{Cell, Random};
use crate::generators::rows::{Row, Value};
use rusqlite::Connection;
use scieve::sql::{Column, Dialect, Mapping, NativeComparison, Param, Select};
use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef};

/// The tables of people, with so many of them.
async fn people(random: &mut Random, count: usize) -> (People, Vec<Person>, Engine) {
    let world = People::new();
    let people: Vec<Person> = (0..count).map(|number| world.record(random, number)).collect();
    let mut engine = Engine::new(Dialect::Sqlite).await;
    for statement in world.columns().create(Dialect::Sqlite, world.policies()[0].schema()).unwrap()
    {
        engine.execute(&statement).await;
    }
    engine.fill(&world, &people).await;
    (world, people, engine)
}

/// `"x"` alone is a text to SQLite where no column is called so; with a table before it, it is an error. So a condition is safe in
/// sea-query's double quotes as well.
#[tokio::test]
async fn a_missing_column_is_an_error_in_either_quotes() {
    let (_, _, engine) = people(&mut Random(0), 0).await;
    let Engine::Sqlite(db, _) = engine else { panic!("not SQLite") };
    let columns =
        Mapping::new("people", "id").attribute("title", Column::new("nope")).check().unwrap();
    let policy: Policy<Person> = Policy::new(
        Schema::new(None, [Attribute::new("title", AttributeType::String).case_exact(true)])
            .unwrap(),
    )
    .unwrap();
    let plan = policy.parse("title pr").unwrap();
    let select = plan.to_select(&columns, Dialect::Sqlite, &Select::default()).unwrap();
    for sql in [
        select.to_string(sea_query::SqliteQueryBuilder),
        plan.to_sql(&columns, Dialect::Sqlite, &Select::default()).unwrap().sql,
    ] {
        let error = db.prepare(&sql).expect_err(&sql).to_string();
        assert!(error.contains("no such column: u.nope"), "{error}");
    }
}

/// Conditions run as sea-query writes them, too.
#[tokio::test]
async fn condition_runs_under_the_own_builder_of_sea_query() {
    let mut random = Random(13);
    let (world, people, mut engine) = people(&mut random, 60).await;
    let filters = Filters::new(&world, &people);
    for _ in 0..200 {
        let filter = filters.filter(&mut random);
        let plan = world.policies()[0].parse(&filter).unwrap();
        let select = plan.to_select(world.columns(), Dialect::Sqlite, &Select::default()).unwrap();
        let (sql, values) = select.build(sea_query::SqliteQueryBuilder);
        let mut statement =
            plan.to_sql(world.columns(), Dialect::Sqlite, &Select::default()).unwrap();
        statement.sql = sql;
        statement.params = values.into_iter().map(Param::from).collect();
        let mut expected: Vec<&str> =
            people.iter().filter(|person| plan.matches(person)).map(Person::id).collect();
        expected.sort_unstable();
        assert_eq!(engine.ids(&statement).await.unwrap(), expected, "{filter}");
    }
}

#[test]
fn shadow_columns_are_added_to_tables_that_are_there() {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE people (id TEXT PRIMARY KEY, title TEXT); INSERT INTO people VALUES ('1', 'Bob')").unwrap();
    let columns = Mapping::new("people", "id")
        .attribute("title", Column::keyed("title", "title_f").sorted_by("title_sort"))
        .check()
        .unwrap();
    for statement in columns.ddl(Dialect::Sqlite) {
        db.execute_batch(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let sort: String = db.query_row("SELECT title_sort FROM people", [], |row| row.get(0)).unwrap();
    assert_eq!(sort, "2");
}

/// SQLite refuses expressions that are too deep; chains of any length that the limits allow stay clear of it, on a small stack.
#[test]
fn long_filters_prepare() {
    let run = async || {
        let (world, _, mut engine) = people(&mut Random(0), 0).await;
        let mut limits = scieve::Limits::default();
        (limits.clauses, limits.bytes) = (20_000, 1 << 20);
        let policy: Policy<Person> =
            Policy::new(world.policies()[0].schema().clone()).unwrap().with_limits(limits);
        for count in [500, 5_000] {
            for (word, clause) in
                [("or", "title co"), ("and", "emails.value ne"), ("or", "level eq")]
            {
                let literal = |at: usize| {
                    if clause.starts_with("level") {
                        (at + 1_000).to_string()
                    } else {
                        format!("\"v{at}\"")
                    }
                };
                let clauses: Vec<String> =
                    (0..count).map(|at| format!("{clause} {}", literal(at))).collect();
                let filter = clauses.join(&format!(" {word} "));
                let plan = policy.parse(&filter).unwrap();
                let statement =
                    plan.to_sql(world.columns(), Dialect::Sqlite, &Select::default()).unwrap();
                engine.ids(&statement).await.unwrap();
            }
        }
        let mut nested = String::from("level eq 1");
        for at in 0..20 {
            nested =
                format!("(title co \"x\" or emails.rank eq {at} or {nested}) and code sw \"y\"");
            let Ok(plan) = policy.parse(&nested) else { break };
            engine
                .ids(&plan.to_sql(world.columns(), Dialect::Sqlite, &Select::default()).unwrap())
                .await
                .unwrap();
        }
    };
    let run = move || pollster::block_on(run());
    std::thread::Builder::new().stack_size(512 * 1024).spawn(run).unwrap().join().unwrap();
}

/// On ASCII texts the database's own ways agree with memory, as their documentation says.
#[tokio::test]
async fn native_comparisons_agree_on_ascii() {
    struct Nick(Option<String>);
    impl Record for Nick {
        fn any_value(&self, _: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
            self.0.as_ref().is_some_and(|text| test(ValueRef::text(text)))
        }
    }
    let schema = Schema::new(None, [Attribute::new("nick", AttributeType::String)]).unwrap();
    let policy: Policy<Nick> = Policy::new(schema.clone()).unwrap();
    let texts = ["Bob", "bob", "BOBBY", "bobb ", "[bob]", "_", "%", "a!b", "", "Z", "a", "^"];
    for native in [
        NativeComparison::Lower,
        NativeComparison::LowerColumn("nick_lower".into()),
        NativeComparison::CaseInsensitive,
    ] {
        let columns = Mapping::new("people", "id")
            .attribute("nick", Column::native("nick", native.clone()))
            .check()
            .unwrap();
        let mut engine = Engine::new(Dialect::Sqlite).await;
        for statement in columns.create(Dialect::Sqlite, &schema).unwrap() {
            engine.execute(&statement).await;
        }
        let people: Vec<Nick> =
            texts.iter().map(|text| Nick(Some((*text).into()))).chain([Nick(None)]).collect();
        let value = |column: &str, text: Option<String>| Value {
            column: column.into(),
            kind: AttributeType::String,
            cell: text.map(Cell::Text),
        };
        for (at, person) in people.iter().enumerate() {
            let columns =
                vec![value("id", Some(format!("{at:02}"))), value("nick", person.0.clone())];
            engine.insert(&[Row { table: "people".into(), columns }]).await;
        }
        for operator in ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
            for text in texts {
                for (open, close) in [("", ""), ("not (", ")")] {
                    let filter = format!("{open}nick {operator} {}{close}", json(text));
                    let plan = policy.parse(&filter).unwrap();
                    let expected: Vec<String> = people
                        .iter()
                        .enumerate()
                        .filter(|(_, person)| plan.matches(person))
                        .map(|(at, _)| format!("{at:02}"))
                        .collect();
                    let statement =
                        plan.to_sql(&columns, Dialect::Sqlite, &Select::default()).unwrap();
                    assert_eq!(
                        engine.ids(&statement).await.unwrap(),
                        expected,
                        "{native:?}: {filter}: {}",
                        statement.sql
                    );
                }
            }
        }
    }
}
