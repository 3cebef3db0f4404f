//! SQL conditions on a real SQLite, in addition to the results that `agreement` compares.

use crate::connection::DbConnection;
use crate::generators::RecordModel as _;
use crate::generators::filters::{Filters, json};
use crate::generators::people::{PeopleModel, Person};
use crate::generators::random_values::{Cell, Random};
use crate::generators::rows::{Row, Value};
use rusqlite::Connection;
use scieve::sql::{Column, Dialect, Mapping, NativeComparison, Param, Select};
use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef};

/// Creates the tables of people and inserts `count` of them.
async fn people(random: &mut Random, count: usize) -> (PeopleModel, Vec<Person>, DbConnection) {
    let model = PeopleModel::new();
    let people: Vec<Person> = (0..count).map(|number| model.record(random, number)).collect();
    let mut connection = DbConnection::new(Dialect::Sqlite).await;
    for statement in model.mapping().create(Dialect::Sqlite, model.policies()[0].schema()).unwrap()
    {
        connection.execute(&statement).await;
    }
    connection.fill(&model, &people).await;
    (model, people, connection)
}

/// SQLite takes `"x"` for a string if there is no such column, but rejects `u."x"`. Qualified names
/// are therefore safe in double quotes, which sea-query uses, as well as in backticks.
#[tokio::test]
async fn missing_columns_are_errors_in_double_quotes_and_backticks() {
    let (_, _, connection) = people(&mut Random(0), 0).await;
    let DbConnection::Sqlite(db, _) = connection else { panic!("not SQLite") };
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

#[tokio::test]
async fn conditions_run_as_built_by_sea_query() {
    let mut random = Random(13);
    let (model, people, mut connection) = people(&mut random, 60).await;
    let filters = Filters::new(&model, &people);
    for _ in 0..200 {
        let filter = filters.filter(&mut random);
        let plan = model.policies()[0].parse(&filter).unwrap();
        let select = plan.to_select(model.mapping(), Dialect::Sqlite, &Select::default()).unwrap();
        let (sql, values) = select.build(sea_query::SqliteQueryBuilder);
        let mut statement =
            plan.to_sql(model.mapping(), Dialect::Sqlite, &Select::default()).unwrap();
        statement.sql = sql;
        statement.params = values.into_iter().map(Param::from).collect();
        let mut expected: Vec<&str> =
            people.iter().filter(|person| plan.matches(person)).map(Person::id).collect();
        expected.sort_unstable();
        assert_eq!(connection.ids(&statement).await.unwrap(), expected, "{filter}");
    }
}

#[test]
fn shadow_columns_can_be_added_to_existing_tables() {
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

/// SQLite limits the depth of expressions. Chains of any length that [`scieve::Limits`] can allow
/// stay below it, and compile on a stack of 512 KiB.
#[test]
fn long_and_deep_filters_can_be_prepared() {
    let run = async || {
        let (model, _, mut connection) = people(&mut Random(0), 0).await;
        let mut limits = scieve::Limits::default();
        (limits.clauses, limits.bytes) = (20_000, 1 << 20);
        let policy: Policy<Person> =
            Policy::new(model.policies()[0].schema().clone()).unwrap().with_limits(limits);
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
                    plan.to_sql(model.mapping(), Dialect::Sqlite, &Select::default()).unwrap();
                connection.ids(&statement).await.unwrap();
            }
        }
        let mut nested = String::from("level eq 1");
        for at in 0..20 {
            nested =
                format!("(title co \"x\" or emails.rank eq {at} or {nested}) and code sw \"y\"");
            let Ok(plan) = policy.parse(&nested) else { break };
            connection
                .ids(&plan.to_sql(model.mapping(), Dialect::Sqlite, &Select::default()).unwrap())
                .await
                .unwrap();
        }
    };
    let run = move || pollster::block_on(run());
    std::thread::Builder::new().stack_size(512 * 1024).spawn(run).unwrap().join().unwrap();
}

/// The documentation of [`NativeComparison`] promises the results of memory for ASCII strings.
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
    let strings = ["Bob", "bob", "BOBBY", "bobb ", "[bob]", "_", "%", "a!b", "", "Z", "a", "^"];
    for native in [
        NativeComparison::Lower,
        NativeComparison::LowerColumn("nick_lower".into()),
        NativeComparison::CaseInsensitive,
    ] {
        let columns = Mapping::new("people", "id")
            .attribute("nick", Column::native("nick", native.clone()))
            .check()
            .unwrap();
        let mut connection = DbConnection::new(Dialect::Sqlite).await;
        for statement in columns.create(Dialect::Sqlite, &schema).unwrap() {
            connection.execute(&statement).await;
        }
        let people: Vec<Nick> =
            strings.iter().map(|text| Nick(Some((*text).into()))).chain([Nick(None)]).collect();
        let value = |column: &str, text: Option<String>| Value {
            column: column.into(),
            kind: AttributeType::String,
            cell: text.map(Cell::Text),
        };
        for (at, person) in people.iter().enumerate() {
            let columns =
                vec![value("id", Some(format!("{at:02}"))), value("nick", person.0.clone())];
            connection.insert(&[Row { table: "people".into(), columns }]).await;
        }
        for operator in ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
            for text in strings {
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
                        connection.ids(&statement).await.unwrap(),
                        expected,
                        "{native:?}: {filter}: {}",
                        statement.sql
                    );
                }
            }
        }
    }
}
