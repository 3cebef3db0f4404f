//! Random filters over random records: a real SQLite finds the records that memory finds, in tables that the mapping made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use scieve::sql::{Child, Column, Columns, Dialect, Direction, Mapping, Native, Param, Seek, Select, Statement, sort_text};
use scieve::{Attribute, Kind, MultiNe, Plan, Policy, Record, Schema, Value, ValueRef, key};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const RECORDS: usize = 60;
const FILTERS: usize = 1_500;

/// Texts that databases and programs like to see differently.
const TEXTS: &[&str] = &[
    "Bob",
    "bob",
    "BOB",
    "bob ",
    " bob",
    "Bobby",
    "alice",
    "straße",
    "STRASSE",
    "strasse",
    "ΟΔΟΣ",
    "οδος",
    "οδοσ",
    "ΟΔΟΣΑ",
    "\u{212A}",
    "k",
    "K",
    "é",
    "e\u{301}",
    "É",
    "E\u{301}cole",
    "école",
    "e",
    "Å",
    "\u{212B}",
    "ﬁn",
    "FIN",
    "İ",
    "i\u{307}",
    "I",
    "ı",
    "ǰ",
    "😀",
    "🍣",
    "😀🍣x",
    "a%b",
    "a_b",
    "axb",
    "a!b",
    "a\\b",
    "%",
    "_",
    "!",
    "\\",
    "it's",
    "\"quoted\"",
    "`tick`",
    "x'; drop table users; --",
    "' or 1=1 --",
    "a\tb",
    "a\nb",
    "",
    "\u{10FFFF}",
    "z\u{10FFFF}",
    "\u{D7FF}a",
    "\u{E000}",
    "\u{FFFF}",
    "µ",
    "μ",
    "ſ",
    "s",
    "ａ",
    "а",
    "佐藤 鈴木",
    "NULL",
    "0",
    "5",
    "true",
    "\u{AD}ab",
    "ab",
];
const TYPES: &[&str] = &["work", "home", "Work"];
const INSTANTS: &[(&str, i64)] = &[
    ("2011-05-13T04:42:34Z", 1_305_261_754_000_000),
    ("2011-05-13T06:42:34+02:00", 1_305_261_754_000_000),
    ("2011-05-13T04:42:34.5Z", 1_305_261_754_500_000),
    ("2011-05-13T04:42:34.1234567Z", 1_305_261_754_123_456),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("1970-01-01T00:00:00", 0),
];
const INTEGERS: &[&str] = &[
    "0",
    "-1",
    "5",
    "5.0",
    "5.5",
    "-5.5",
    "9007199254740993",
    "9007199254740992.0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-1e30",
    "1e2",
];
const DECIMALS: &[&str] = &["0", "-0.0", "1.5", "0.1", "1e300", "-2.5e-3", "9007199254740993", "100"];
const BINARIES: &[(&str, &[u8])] = &[("", b""), ("AA==", b"\0"), ("/+8=", b"\xff\xef"), ("YWJj", b"abc")];

fn main_attributes() -> [(&'static str, Kind, bool); 11] {
    [
        ("id", Kind::String, true),
        ("login", Kind::String, false),
        ("title", Kind::String, false),
        ("code", Kind::String, true),
        ("link", Kind::Reference, true),
        ("active", Kind::Boolean, false),
        ("level", Kind::Integer, false),
        ("score", Kind::Decimal, false),
        ("born", Kind::DateTime, false),
        ("cert", Kind::Binary, true),
        ("sure", Kind::Boolean, false),
    ]
}

fn schema() -> Schema {
    let of = |(path, kind, exact): &(&str, Kind, bool)| Attribute::new(path, *kind).case_exact(*exact);
    let mut attributes: Vec<Attribute> = main_attributes().iter().map(of).collect();
    attributes.extend([
        Attribute::new("name", Kind::Complex),
        Attribute::new("name.family", Kind::String),
        Attribute::new("name.given", Kind::String).case_exact(true),
        Attribute::new("emails", Kind::Complex).multi_valued(),
        Attribute::new("emails.value", Kind::String),
        Attribute::new("emails.type", Kind::String).case_exact(true),
        Attribute::new("emails.primary", Kind::Boolean),
        Attribute::new("emails.rank", Kind::Integer),
        Attribute::new("tags", Kind::String).multi_valued(),
        Attribute::new("lucky", Kind::Integer).multi_valued(),
    ]);
    Schema::new(None, attributes).unwrap()
}

fn columns() -> Columns {
    Mapping::new("people", "id")
        .attribute("id", Column::new("id").not_null())
        .attribute("login", Column::keyed("login", "login_f").not_null())
        .attribute("title", Column::keyed("title", "title_f").sorted_by("title_sort"))
        .attribute("code", Column::new("code"))
        .attribute("link", Column::keyed("link", "link_f"))
        .attribute("active", Column::new("active"))
        .attribute("level", Column::new("level"))
        .attribute("score", Column::new("score"))
        .attribute("born", Column::new("born"))
        .attribute("cert", Column::new("cert"))
        .attribute("sure", Column::new("sure").not_null())
        .attribute("name.family", Column::keyed("family", "family_f"))
        .attribute("name.given", Column::new("given"))
        .child(
            "Emails",
            Child::new("person_emails", "person_id")
                .column("value", Column::keyed("value", "value_f"))
                .column("type", Column::new("type"))
                .column("primary", Column::new("primary"))
                .column("rank", Column::new("rank")),
        )
        .child("tags", Child::new("person_tags", "person_id").value(Column::keyed("tag", "tag_f").not_null()))
        .child("lucky", Child::new("person_lucky", "person_id").value(Column::new("number")))
        .check()
        .unwrap()
}

/// A stored value.
#[derive(Clone, Debug)]
enum Cell {
    Text(String),
    Boolean(bool),
    Integer(i64),
    Decimal(f64),
    DateTime(i64),
    Binary(Vec<u8>),
}

impl Cell {
    fn show(&self, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        test(match self {
            Self::Text(text) => ValueRef::text(text),
            Self::Boolean(boolean) => ValueRef::Boolean(*boolean),
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Decimal(number) => ValueRef::Decimal(*number),
            Self::DateTime(micros) => ValueRef::DateTime(*micros),
            Self::Binary(bytes) => ValueRef::Binary(bytes),
        })
    }

    fn stored(&self) -> Stored {
        match self {
            Self::Text(text) => Stored::Text(text.clone()),
            Self::Boolean(boolean) => Stored::Integer(i64::from(*boolean)),
            Self::Integer(number) | Self::DateTime(number) => Stored::Integer(*number),
            Self::Decimal(number) => Stored::Real(*number),
            Self::Binary(bytes) => Stored::Blob(bytes.clone()),
        }
    }
}

/// Values by path; the elements of complex attributes hold theirs by path too.
#[derive(Clone, Debug, Default)]
struct Person {
    values: BTreeMap<&'static str, Vec<Cell>>,
    elements: BTreeMap<&'static str, Vec<Person>>,
}

impl Record for Person {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        if let Some(elements) = self.elements.get(attribute.name()) {
            return match attribute.sub_attribute() {
                None => elements.iter().any(|_| test(ValueRef::Complex)),
                Some(_) => elements.iter().any(|element| element.any_value(attribute, test)),
            };
        }
        self.values.get(attribute.path()).is_some_and(|cells| cells.iter().any(|cell| cell.show(test)))
    }

    fn any_element(&self, attribute: &Attribute, test: &mut dyn FnMut(&dyn Record) -> bool) -> bool {
        if let Some(elements) = self.elements.get(attribute.name()) {
            return elements.iter().any(|element| test(element));
        }
        self.values.iter().filter(|(path, _)| **path == attribute.path()).any(|(path, cells)| {
            cells.iter().any(|cell| test(&Person { values: BTreeMap::from([(*path, vec![cell.clone()])]), ..Person::default() }))
        })
    }
}

/// SplitMix64, so that a failure comes back with its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn text(&mut self) -> String {
        match self.below(12) {
            0 => format!("{}{}", self.pick(TEXTS), self.pick(TEXTS)),
            1 => self.pick(TEXTS).repeat(100),
            _ => (*self.pick(TEXTS)).to_owned(),
        }
    }

    /// A text, or a part of one.
    fn part(&mut self) -> String {
        let text: Vec<char> = self.text().chars().collect();
        let from = self.below(text.len() + 1);
        let to = from + self.below(text.len() - from + 1);
        if self.chance(50) { text.iter().collect() } else { text[from..to].iter().collect() }
    }

    fn cell(&mut self, kind: Kind) -> Cell {
        match kind {
            Kind::Boolean => Cell::Boolean(self.chance(50)),
            Kind::Integer => match self.pick(INTEGERS).parse() {
                Ok(number) => Cell::Integer(number),
                Err(_) => Cell::Integer(*self.pick(&[5, 6, -6, 100, 9_007_199_254_740_992])),
            },
            Kind::Decimal => Cell::Decimal(self.pick(DECIMALS).parse().unwrap()),
            Kind::DateTime => Cell::DateTime(self.pick(INSTANTS).1 + *self.pick(&[0, 0, 0, 1])),
            Kind::Binary => Cell::Binary(self.pick(BINARIES).1.to_vec()),
            _ => Cell::Text(self.text()),
        }
    }

    fn person(&mut self, number: usize) -> Person {
        let mut person = Person::default();
        for (path, kind, _) in main_attributes() {
            let always = matches!(path, "id" | "login" | "sure");
            if always || self.chance(70) {
                let cell = if path == "id" { Cell::Text(format!("{number:03}-{}", self.pick(TEXTS))) } else { self.cell(kind) };
                person.values.insert(path, vec![cell]);
            }
        }
        for (attribute, most, parts) in [
            ("name", 1, &[("name.family", Kind::String), ("name.given", Kind::String)][..]),
            (
                "emails",
                3,
                &[
                    ("emails.value", Kind::String),
                    ("emails.type", Kind::String),
                    ("emails.primary", Kind::Boolean),
                    ("emails.rank", Kind::Integer),
                ],
            ),
        ] {
            let mut elements = Vec::new();
            for _ in 0..self.below(most + 1) {
                let mut element = Person::default();
                for (path, kind) in parts {
                    if self.chance(65) {
                        let cell = if *path == "emails.type" { Cell::Text((*self.pick(TYPES)).into()) } else { self.cell(*kind) };
                        element.values.insert(path, vec![cell]);
                    }
                }
                if !element.values.is_empty() {
                    elements.push(element);
                }
            }
            person.elements.insert(attribute, elements);
        }
        let tags = (0..self.below(4)).map(|_| self.cell(Kind::String)).collect();
        let lucky = (0..self.below(3)).map(|_| self.cell(Kind::Integer)).collect();
        person.values.extend([("tags", tags), ("lucky", lucky)]);
        person
    }

    fn filter(&mut self, schema: &Schema, depth: usize, within: Option<&str>) -> String {
        match self.below(10) {
            0..=4 if depth > 0 => {
                let word = if self.chance(50) { "and" } else { "or" };
                let mut filter = String::from("(");
                for at in 0..2 + self.below(3) {
                    let _ = write!(
                        filter,
                        "{}{}",
                        if at == 0 { String::new() } else { format!(" {word} ") },
                        self.filter(schema, depth - 1, within)
                    );
                }
                filter + ")"
            }
            5 | 6 if depth > 0 => format!("not ({})", self.filter(schema, depth - 1, within)),
            7 if within.is_none() => {
                let outer = *self.pick(&["emails", "name", "tags", "lucky"]);
                format!("{outer}[{}]", self.filter(schema, depth.min(2), Some(outer)))
            }
            _ => self.clause(schema, within),
        }
    }

    fn clause(&mut self, schema: &Schema, within: Option<&str>) -> String {
        let (path, kind) = loop {
            let attributes: Vec<&Attribute> = schema.attributes().collect();
            let attribute = *self.pick(&attributes);
            match within {
                None => break (attribute.path(), attribute.kind()),
                Some(outer) if attribute.name() != outer => {}
                Some(_) if attribute.kind() == Kind::Complex => {}
                Some(_) => break (attribute.sub_attribute().unwrap_or("value"), attribute.kind()),
            }
        };
        let ordering = ["eq", "ne", "gt", "ge", "lt", "le"];
        let equality = ["eq", "ne"];
        if kind == Kind::Complex || self.chance(12) {
            return format!("{path} {}", self.pick(&["pr", "eq null", "ne null"]));
        }
        match kind {
            Kind::Boolean => format!("{path} {} {}", self.pick(&equality), self.pick(&[true, false])),
            Kind::Integer => format!("{path} {} {}", self.pick(&ordering), self.pick(INTEGERS)),
            Kind::Decimal => format!("{path} {} {}", self.pick(&ordering), self.pick(DECIMALS)),
            Kind::DateTime => format!("{path} {} \"{}\"", self.pick(&ordering), self.pick(INSTANTS).0),
            Kind::Binary => format!("{path} {} \"{}\"", self.pick(&equality), self.pick(BINARIES).0),
            _ if path.ends_with("type") => format!("{path} {} \"{}\"", self.pick(&ordering), self.pick(TYPES)),
            _ => {
                let operator = *self.pick(&["eq", "eq", "ne", "co", "co", "sw", "sw", "ew", "ew", "gt", "ge", "lt", "le"]);
                format!("{path} {operator} {}", json(&self.part()))
            }
        }
    }
}

fn json(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn insert(db: &Connection, table: &str, row: &[(&str, Option<Stored>)]) {
    let names: Vec<String> = row.iter().map(|(name, _)| format!("`{name}`")).collect();
    let marks = vec!["?"; row.len()].join(", ");
    let values = row.iter().map(|(_, value)| value.clone().unwrap_or(Stored::Null));
    let sql = format!("INSERT INTO {table} ({}) VALUES ({marks})", names.join(", "));
    db.prepare_cached(&sql).unwrap().execute(rusqlite::params_from_iter(values)).unwrap();
}

fn folded(value: &Option<Stored>) -> Option<Stored> {
    match value {
        Some(Stored::Text(text)) => Some(Stored::Text(key(text).into_owned())),
        _ => None,
    }
}

fn id(person: &Person) -> String {
    match &person.values["id"][0] {
        Cell::Text(id) => id.clone(),
        other => panic!("{other:?}"),
    }
}

fn title_sort(person: &Person) -> String {
    sort_text(person.values.get("title").map(|cells| match &cells[0] {
        Cell::Text(text) => text.as_str(),
        other => panic!("{other:?}"),
    }))
}

fn store(people: &[Person]) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    for statement in columns().create(Dialect::Sqlite, &schema()).unwrap() {
        db.execute_batch(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    for person in people {
        let value = |path: &str| person.values.get(path).map(|cells| cells[0].stored());
        let name = |path: &str| person.elements["name"].first().and_then(|name| name.values.get(path)).map(|cells| cells[0].stored());
        let mut row: Vec<(&str, Option<Stored>)> = main_attributes().iter().map(|(path, ..)| (*path, value(path))).collect();
        row.extend([("family", name("name.family")), ("given", name("name.given"))]);
        for (key, of) in [("login_f", "login"), ("title_f", "title"), ("link_f", "link")] {
            row.push((key, folded(&value(of))));
        }
        row.push(("family_f", folded(&name("name.family"))));
        row.push(("title_sort", Some(Stored::Text(title_sort(person)))));
        insert(&db, "people", &row);
        let owner = Some(Stored::Text(id(person)));
        for (at, email) in person.elements["emails"].iter().enumerate() {
            let part = |path: &str| email.values.get(path).map(|cells| cells[0].stored());
            insert(
                &db,
                "person_emails",
                &[
                    ("person_id", owner.clone()),
                    ("idx", Some(Stored::Integer(at as i64))),
                    ("value", part("emails.value")),
                    ("value_f", folded(&part("emails.value"))),
                    ("type", part("emails.type")),
                    ("primary", part("emails.primary")),
                    ("rank", part("emails.rank")),
                ],
            );
        }
        for (at, tag) in person.values["tags"].iter().enumerate() {
            let (tag, at) = (Some(tag.stored()), Some(Stored::Integer(at as i64)));
            insert(&db, "person_tags", &[("person_id", owner.clone()), ("idx", at), ("tag", tag.clone()), ("tag_f", folded(&tag))]);
        }
        for (at, number) in person.values["lucky"].iter().enumerate() {
            let at = Some(Stored::Integer(at as i64));
            insert(&db, "person_lucky", &[("person_id", owner.clone()), ("idx", at), ("number", Some(number.stored()))]);
        }
    }
    db
}

fn bound(param: &Param) -> Stored {
    match param {
        Param::Boolean(boolean) => Stored::Integer(i64::from(*boolean)),
        Param::Integer(number) => Stored::Integer(*number),
        Param::Decimal(number) => Stored::Real(*number),
        Param::Text(text) => Stored::Text(text.clone()),
        Param::Bytes(bytes) => Stored::Blob(bytes.clone()),
        other => panic!("SQLite has no {other:?}"),
    }
}

fn ids(db: &Connection, statement: &Statement) -> Vec<String> {
    let mut prepared = db.prepare(&statement.sql).unwrap_or_else(|error| panic!("{}: {error}", statement.sql));
    let rows = prepared.query_map(rusqlite::params_from_iter(statement.params.iter().map(bound)), |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn people(random: &mut Random) -> Vec<Person> {
    (0..RECORDS).map(|number| random.person(number)).collect()
}

fn expected(plan: &Plan<Person>, people: &[Person]) -> Vec<String> {
    let mut ids: Vec<String> = people.iter().filter(|person| plan.matches(person)).map(id).collect();
    ids.sort();
    ids
}

#[test]
fn sqlite_finds_what_memory_finds() {
    let mut found = 0;
    let mut empty = 0;
    for (seed, multi_ne) in [(1, MultiNe::AnyValueDiffers), (2, MultiNe::NoValueEquals), (3, MultiNe::AnyValueDiffers)] {
        let mut random = Random(seed);
        let people = people(&mut random);
        let db = store(&people);
        let (schema, columns) = (schema(), columns());
        let policy: Policy<Person> = Policy::new(schema.clone()).unwrap().with_multi_ne(multi_ne);
        for number in 0..FILTERS {
            let depth = random.below(5);
            let filter = random.filter(&schema, depth, None);
            let plan = policy.parse(&filter).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()));
            let statement = plan.to_sql(&columns, Dialect::Sqlite, &Select::default()).unwrap();
            let expected = expected(&plan, &people);
            assert_eq!(ids(&db, &statement), expected, "seed {seed}, filter {number}: {filter}\n{plan:?}\n{statement:?}");
            found += expected.len();
            empty += usize::from(expected.is_empty() || expected.len() == RECORDS);
            // The other dialects at least have an answer.
            plan.to_sql(&columns, Dialect::Postgres, &Select::default()).unwrap();
            plan.to_sql(&columns, Dialect::MySql, &Select::default()).unwrap();
        }
    }
    let comparisons = 3 * FILTERS * RECORDS;
    assert!(found > comparisons / 5 && found < comparisons * 4 / 5, "{found} of {comparisons} is lopsided");
    assert!(empty * 5 < 3 * FILTERS * 2, "{empty} of {} filters decide nothing", 3 * FILTERS);
}

#[test]
fn pages_joined_are_the_whole_list() {
    let mut random = Random(7);
    let people = people(&mut random);
    let db = store(&people);
    let (schema, columns) = (schema(), columns());
    let policy: Policy<Person> = Policy::new(schema.clone()).unwrap();
    let seek = |id: &String| {
        let person = people.iter().find(|person| self::id(person) == *id).unwrap();
        Seek { sort: title_sort(person), key: Value::Text(id.as_str().into()) }
    };
    for number in 0..200 {
        let filter = random.filter(&schema, 2, None);
        let plan = policy.parse(&filter).unwrap();
        for (sorted, direction) in [(true, Direction::Ascending), (true, Direction::Descending), (false, Direction::Ascending)] {
            let select = || if sorted { Select::default().sort("title", direction) } else { Select::default() };
            let mut whole: Vec<&Person> = people.iter().filter(|person| plan.matches(person)).collect();
            whole.sort_by_key(|person| (if sorted { title_sort(person) } else { String::new() }, id(person)));
            if direction == Direction::Descending {
                whole.reverse();
            }
            let whole: Vec<String> = whole.into_iter().map(id).collect();
            let ask = |select: Select| ids(&db, &plan.to_sql(&columns, Dialect::Sqlite, &select.limit(7)).unwrap());

            let mut forward = ask(select());
            while let Some(last) = forward.last().filter(|_| forward.len().is_multiple_of(7)).cloned() {
                let page = ask(select().after(seek(&last)));
                if page.is_empty() {
                    break;
                }
                forward.extend(page);
            }
            assert_eq!(forward, whole, "{number}: {filter} {direction:?}");

            let mut backward: Vec<String> = whole.last().cloned().into_iter().collect();
            while let Some(first) = backward.last().cloned() {
                let page = ask(select().before(seek(&first)));
                if page.is_empty() {
                    break;
                }
                backward.extend(page);
            }
            backward.reverse();
            assert_eq!(backward, whole, "{number}: {filter} {direction:?}");
        }
    }
}

/// The harness can see what it is here to see: a NOT around a condition is wrong where a column is NULL.
#[test]
fn a_naive_not_is_noticed() {
    let mut random = Random(11);
    let people = people(&mut random);
    let db = store(&people);
    let (schema, columns) = (schema(), columns());
    let policy: Policy<Person> = Policy::new(schema.clone()).unwrap();
    let mut wrong = 0;
    for _ in 0..300 {
        let filter = random.filter(&schema, 1, None);
        let negation = policy.parse(&format!("not ({filter})")).unwrap();
        let inner = policy.parse(&filter).unwrap().to_where(&columns, Dialect::Sqlite).unwrap();
        let sql = format!("SELECT `u`.`id` FROM `people` AS `u` WHERE NOT ({}) ORDER BY 1", inner.sql);
        let mut naive = inner.clone();
        naive.sql = sql;
        wrong += usize::from(ids(&db, &naive) != expected(&negation, &people));
    }
    assert!(wrong > 30, "{wrong}");
}

/// `"x"` alone is a text to SQLite where no column is called so; with a table before it, it is an error. So a condition is safe in
/// sea-query's double quotes as well.
#[test]
fn a_missing_column_is_an_error_in_either_quotes() {
    let db = store(&[]);
    let columns = Mapping::new("people", "id").attribute("title", Column::new("nope")).check().unwrap();
    let policy: Policy<Person> = Policy::new(Schema::new(None, [Attribute::new("title", Kind::String).case_exact(true)]).unwrap()).unwrap();
    let plan = policy.parse("title pr").unwrap();
    let select = plan.to_select(&columns, Dialect::Sqlite, &Select::default()).unwrap();
    for sql in [select.to_string(sea_query::SqliteQueryBuilder), plan.to_sql(&columns, Dialect::Sqlite, &Select::default()).unwrap().sql] {
        let error = db.prepare(&sql).expect_err(&sql).to_string();
        assert!(error.contains("no such column: u.nope"), "{error}");
    }
}

#[test]
fn condition_runs_under_the_own_builder_of_sea_query() {
    let mut random = Random(13);
    let people = people(&mut random);
    let db = store(&people);
    let (schema, columns) = (schema(), columns());
    let policy: Policy<Person> = Policy::new(schema.clone()).unwrap();
    for _ in 0..200 {
        let filter = random.filter(&schema, 3, None);
        let plan = policy.parse(&filter).unwrap();
        let select = plan.to_select(&columns, Dialect::Sqlite, &Select::default()).unwrap();
        let (sql, values) = select.build(sea_query::SqliteQueryBuilder);
        let mut statement = plan.to_sql(&columns, Dialect::Sqlite, &Select::default()).unwrap();
        statement.sql = sql;
        statement.params = values.into_iter().map(Param::from).collect();
        assert_eq!(ids(&db, &statement), expected(&plan, &people), "{filter}");
    }
}

#[test]
fn shadow_columns_are_added_to_tables_that_are_there() {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE people (id TEXT PRIMARY KEY, title TEXT); INSERT INTO people VALUES ('1', 'Bob')").unwrap();
    let columns =
        Mapping::new("people", "id").attribute("title", Column::keyed("title", "title_f").sorted_by("title_sort")).check().unwrap();
    for statement in columns.ddl(Dialect::Sqlite) {
        db.execute_batch(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let sort: String = db.query_row("SELECT title_sort FROM people", [], |row| row.get(0)).unwrap();
    assert_eq!(sort, "2");
}

/// SQLite refuses expressions that are too deep; chains of any length that the limits allow stay clear of it, on a small stack.
#[test]
fn long_filters_prepare() {
    let run = || {
        let db = store(&[]);
        let mut limits = scieve::Limits::default();
        (limits.clauses, limits.bytes) = (20_000, 1 << 20);
        let policy: Policy<Person> = Policy::new(schema()).unwrap().with_limits(limits);
        for count in [500, 5_000] {
            for (word, clause) in [("or", "title co"), ("and", "emails.value ne"), ("or", "level eq")] {
                let literal = |at: usize| if clause.starts_with("level") { at.to_string() } else { format!("\"v{at}\"") };
                let clauses: Vec<String> = (0..count).map(|at| format!("{clause} {}", literal(at))).collect();
                let filter = clauses.join(&format!(" {word} "));
                let plan = policy.parse(&filter).unwrap();
                let statement = plan.to_sql(&columns(), Dialect::Sqlite, &Select::default()).unwrap();
                assert!(ids(&db, &statement).is_empty());
            }
        }
        let mut nested = String::from("level eq 1");
        for at in 0..20 {
            nested = format!("(title co \"x\" or emails.rank eq {at} or {nested}) and code sw \"y\"");
            if policy.parse(&nested).is_err() {
                break;
            }
            let plan = policy.parse(&nested).unwrap();
            ids(&db, &plan.to_sql(&columns(), Dialect::Sqlite, &Select::default()).unwrap());
        }
    };
    std::thread::Builder::new().stack_size(512 * 1024).spawn(run).unwrap().join().unwrap();
}

/// Puts the users into their tables.
#[cfg(feature = "users")]
fn fill(db: &Connection, tenant: &str, users: &[scieve::users::User]) {
    let text = |text: &str| Some(Stored::Text(text.to_owned()));
    let keyed = |text: Option<&str>| (text.map(|text| Stored::Text(text.into())), text.map(|text| Stored::Text(key(text).into())));
    for user in users {
        let mut row = vec![("tenant_id", text(tenant))];
        for (column, key, sort, value) in [
            ("id", "id_f", "id_sort", Some(user.id.as_str())),
            ("subject", "subject_f", "subject_sort", Some(&user.subject)),
            ("name", "name_f", "name_sort", Some(&user.name)),
            ("email", "email_f", "email_sort", user.email.as_deref()),
            ("status", "status_f", "status_sort", Some(user.status.name())),
            ("client_id", "client_id_f", "client_id_sort", user.client_id.as_deref()),
        ] {
            let (own, folded) = keyed(value);
            row.extend([(column, own), (key, folded), (sort, text(&sort_text(value)))]);
        }
        insert(db, "users", &row);
        let element = |at: usize| vec![("tenant_id", text(tenant)), ("user_id", text(&user.id)), ("idx", Some(Stored::Integer(at as i64)))];
        let groups = || user.assigned_groups.iter();
        let rows = |table: &str, names: [&'static str; 2], values: Vec<&str>| {
            for (at, value) in values.into_iter().enumerate() {
                let (own, folded) = keyed(Some(value));
                insert(db, table, &[element(at), vec![(names[0], own), (names[1], folded)]].concat());
            }
        };
        rows("user_groups", ["group_id", "group_id_f"], groups().map(|group| group.id.as_str()).collect());
        let roles = groups().flat_map(|group| group.assigned_roles.iter().map(|role| role.name.as_str()));
        rows("user_group_roles", ["name", "name_f"], roles.collect());
        rows("user_scopes", ["scope", "scope_f"], user.assigned_scopes.iter().map(String::as_str).collect());
        for (at, role) in user.assigned_roles.iter().enumerate() {
            let ((id, id_f), (name, name_f)) = (keyed(Some(&role.id)), keyed(Some(&role.name)));
            insert(
                db,
                "user_roles",
                &[element(at), vec![("role_id", id), ("role_id_f", id_f), ("name", name), ("name_f", name_f)]].concat(),
            );
        }
    }
}

#[cfg(feature = "users")]
fn users_tables() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    for statement in scieve::users::columns().create(Dialect::Sqlite, scieve::users::schema()).unwrap() {
        db.execute_batch(&statement).unwrap();
    }
    db
}

/// Two tenants whose users have the same ids: a filter finds those of the one that was named, whatever it asks of the lists.
#[cfg(feature = "users")]
#[test]
fn tenants_do_not_see_one_another() {
    use scieve::users::{self, User};

    let db = users_tables();
    let one: Vec<User> = users::sample(150).collect();
    let ids_of = one.iter().map(|user| user.id.clone());
    let other: Vec<User> = users::sample_with_seed(150, 9).zip(ids_of).map(|(user, id)| User { id, ..user }).collect();
    fill(&db, "one", &one);
    fill(&db, "other", &other);
    // Every operator, which the users policy does not take.
    let policy: Policy<User> = Policy::new(users::schema().clone()).unwrap();
    let (mut differ, mut asked) = (0, 0);
    for test in [
        "name co \"a\"",
        "assignedRoles.name eq \"Developer\"",
        "assignedRoles.name ne \"Developer\"",
        "assignedRoles pr",
        "assignedRoles[name sw \"D\" and id pr]",
        "assignedGroups.id pr",
        "assignedGroupsAssignedRoles.name co \"a\"",
        "assignedScopes pr",
        "assignedScopes ne \"user_default\"",
    ] {
        for filter in [test.to_owned(), format!("not ({test})"), format!("{test} or name sw \"b\""), format!("not ({test}) and email pr")] {
            let plan = policy.parse(&filter).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()));
            let found = [("one", &one), ("other", &other)].map(|(tenant, users)| {
                let mut expected: Vec<&str> = users.iter().filter(|user| plan.matches(*user)).map(|user| user.id.as_str()).collect();
                expected.sort_unstable();
                let statement = plan.to_sql(&users::columns().within(tenant), Dialect::Sqlite, &Select::default()).unwrap();
                let found = ids(&db, &statement);
                assert_eq!(found, expected, "{tenant}: {filter}");
                found
            });
            differ += usize::from(found[0] != found[1]);
            asked += 1;
            let nobody = plan.to_sql(&users::columns().within("nobody"), Dialect::Sqlite, &Select::default()).unwrap();
            assert_eq!(ids(&db, &nobody), [""; 0], "{filter}");
        }
    }
    // Were the tenants alike the test could not fail.
    assert!(differ * 4 > asked * 3, "{differ} of {asked}");
}

/// The mapping of the users, over the sample users, with the filters that the users policy takes.
#[cfg(feature = "users")]
#[test]
fn users_are_found_in_their_tables() {
    use scieve::users::{self, User};

    let db = users_tables();
    let sample: Vec<User> = users::sample(300).collect();
    fill(&db, "t", &sample);

    let mut filters: Vec<String> = Vec::new();
    for user in sample.iter().step_by(7) {
        let upper = user.name.to_uppercase();
        let part: String = user.name.chars().skip(1).take(3).collect();
        filters.push(format!("name eq {} or id eq {}", json(&upper), json(&user.id)));
        filters.push(format!("name co {} and (status eq \"active\" or status eq \"INVITED\")", json(&part)));
        filters.push(format!("subject eq {} or email co {}", json(&user.subject), json(&part)));
        for role in &user.assigned_roles {
            filters.push(format!("assignedRoles.name eq {} or assignedRoles.id eq {}", json(&role.name), json(&role.id)));
        }
        for group in &user.assigned_groups {
            filters.push(format!("assignedGroups.id eq {}", json(&group.id)));
            for role in &group.assigned_roles {
                filters.push(format!("assignedGroupsAssignedRoles.name eq {} and name co \"a\"", json(&role.name)));
            }
        }
        filters.extend(user.assigned_scopes.iter().map(|scope| format!("assignedScopes eq {}", json(scope))));
        filters.extend(user.client_id.iter().map(|client| format!("clientId eq {}", json(client))));
    }
    for filter in &filters {
        let plan = users::policy().parse(filter).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()));
        let mut expected: Vec<&str> = sample.iter().filter(|user| plan.matches(user)).map(|user| user.id.as_str()).collect();
        expected.sort_unstable();
        let select = Select::default();
        assert_eq!(ids(&db, &plan.to_sql(&users::columns().within("t"), Dialect::Sqlite, &select).unwrap()), expected, "{filter}");
    }
    assert!(filters.len() > 150, "{}", filters.len());
}

/// On ASCII texts the database's own ways agree with memory, as their documentation says.
#[test]
fn native_comparisons_agree_on_ascii() {
    struct Nick(Option<String>);
    impl Record for Nick {
        fn any_value(&self, _: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
            self.0.as_ref().is_some_and(|text| test(ValueRef::text(text)))
        }
    }
    let schema = Schema::new(None, [Attribute::new("nick", Kind::String)]).unwrap();
    let policy: Policy<Nick> = Policy::new(schema.clone()).unwrap();
    let texts = ["Bob", "bob", "BOBBY", "bobb ", "[bob]", "_", "%", "a!b", "", "Z", "a", "^"];
    for native in [Native::Lower, Native::LowerColumn("nick_lower".into()), Native::CaseInsensitive] {
        let columns = Mapping::new("people", "id").attribute("nick", Column::native("nick", native.clone())).check().unwrap();
        let db = Connection::open_in_memory().unwrap();
        for statement in columns.create(Dialect::Sqlite, &schema).unwrap() {
            db.execute_batch(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        let people: Vec<Nick> = texts.iter().map(|text| Nick(Some((*text).into()))).chain([Nick(None)]).collect();
        for (at, person) in people.iter().enumerate() {
            let text = person.0.clone().map(Stored::Text);
            insert(&db, "people", &[("id", Some(Stored::Text(format!("{at:02}")))), ("nick", text)]);
        }
        for operator in ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
            for text in texts {
                for (open, close) in [("", ""), ("not (", ")")] {
                    let filter = format!("{open}nick {operator} {}{close}", json(text));
                    let plan = policy.parse(&filter).unwrap();
                    let expected: Vec<String> =
                        people.iter().enumerate().filter(|(_, person)| plan.matches(person)).map(|(at, _)| format!("{at:02}")).collect();
                    let statement = plan.to_sql(&columns, Dialect::Sqlite, &Select::default()).unwrap();
                    assert_eq!(ids(&db, &statement), expected, "{native:?}: {filter}: {}", statement.sql);
                }
            }
        }
    }
}
