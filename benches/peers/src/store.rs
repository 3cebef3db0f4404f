//! A million users in [`MemoryStore`] and in an in-memory SQLite with every index that helps it.

use crate::corpus;
use crate::measure::{Comparison, Goal, OURS};
use crate::report::thousands;
use rusqlite::Connection;
use rusqlite::types::Value;
use scieve::Plan;
use scieve::sql::{CheckedMapping, Dialect, Direction, KeysetPosition, Param, Select, sort_text};
use scieve_users::{MemoryStore, Position, Query, Sort, User, UserStore, Window};
use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;

/// Number of random keys that look-ups and cursors cycle through.
const KEYS: usize = 4_096;
const PAGE: usize = 20;

/// The loaded stores.
struct Fixture {
    tenant: String,
    store: MemoryStore,
    sqlite: Connection,
    /// Random users.
    sampled: Vec<User>,
}

pub(crate) fn comparisons() -> Vec<Comparison> {
    let count = std::env::var("SCIEVE_USERS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_000_000);
    let (fixture, mut comparisons) = Fixture::load(count);
    let fixture = Rc::new(fixture);
    let page = |item: &str, filter: &str, within: f64| fixture.clone().page(item, filter, within);
    comparisons.extend([
        page("F2", corpus::F2, 50e3),
        page("F4", corpus::F4, 50e3),
        page("name co \"ann\"", "name co \"ann\"", 50e3),
        page("name co, no match", "name co \"zzzzq\"", 3e6),
        page("name eq, no match", "name eq \"Nobody Of That Name\"", 20e3),
        fixture.clone().page_at_cursor("name co \"ann\"", "name co \"ann\""),
        fixture.clone().page_at_cursor("F4", corpus::F4),
        fixture.clone().lookup("id", |user| Some(&user.id)),
        fixture.clone().lookup("subject", |user| Some(&user.subject)),
        fixture.clone().lookup("email", |user| user.email.as_deref()),
        fixture.clone().total("F3", corpus::F3),
        fixture.write(),
    ]);
    comparisons
}

impl Fixture {
    fn load(count: usize) -> (Self, Vec<Comparison>) {
        let people: Vec<User> = scieve_users::sample(count).collect();
        let tenant = people[0].tenant_id.clone();
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let sampled = (0..KEYS).map(|_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            people[(random % count as u64) as usize].clone()
        });
        let sampled = sampled.collect();
        let start = Instant::now();
        let sqlite = database(&people);
        let theirs = start.elapsed();
        let store = MemoryStore::new();
        let copies = people.clone();
        let start = Instant::now();
        pollster::block_on(store.load(&tenant, Vec::new(), Vec::new(), copies)).unwrap();
        let ours = start.elapsed();
        let loading = Comparison::new(GROUP, format!("load {} users", thousands(count)))
            .measured(OURS, ours)
            .measured("SQLite", theirs)
            .goal(Goal::Within(5e9));
        (Self { tenant, store, sqlite, sampled }, vec![loading])
    }

    fn list(&self, query: &Query<'_>) -> scieve_users::Page {
        pollster::block_on(self.store.list(&self.tenant, query)).unwrap()
    }

    /// The first page by name.
    fn page(self: Rc<Self>, item: &str, filter: &str, within: f64) -> Comparison {
        let plan = plan(filter);
        let statement = Statement::of(&plan, &select());
        let theirs = self.clone();
        self.assert_same_page(&plan, None);
        Comparison::new(GROUP, format!("first page: {item}"))
            .competitor(OURS, move || {
                self.list(&Query { plan: Some(black_box(&plan)), limit: PAGE, ..Query::default() })
                    .users
                    .len()
            })
            .competitor("SQLite", move || statement.run(&theirs.sqlite, &[]))
            .goal(Goal::Faster(1.0, "SQLite"))
            .goal(Goal::Within(within))
    }

    /// The page after a random user.
    fn page_at_cursor(self: Rc<Self>, item: &str, filter: &str) -> Comparison {
        let plan = plan(filter);
        let seek = |user: &User| KeysetPosition {
            sort: sort_text(Some(&user.name)),
            key: scieve::Value::Text(user.id.as_str().into()),
        };
        let statement = Statement::of(&plan, &select().after(seek(&self.sampled[0])));
        let positions: Vec<Position> =
            self.sampled.iter().map(|user| Position::of(user, Sort::default())).collect();
        let keys: Vec<[Value; 3]> = self
            .sampled
            .iter()
            .map(|user| {
                let sort = sort_text(Some(&user.name));
                [sort.clone().into(), sort.into(), user.id.clone().into()]
            })
            .collect();
        self.assert_same_page(&plan, Some(&self.sampled[0]));
        let theirs = self.clone();
        let (mut turn, mut their_turn) = (0, 0);
        Comparison::new(GROUP, format!("page at a random cursor: {item}"))
            .competitor(OURS, move || {
                turn = (turn + 1) % KEYS;
                let window = Window::After(positions[turn].clone());
                self.list(&Query {
                    plan: Some(black_box(&plan)),
                    window,
                    limit: PAGE,
                    ..Query::default()
                })
                .users
                .len()
            })
            .competitor("SQLite", move || {
                their_turn = (their_turn + 1) % KEYS;
                statement.run(&theirs.sqlite, &keys[their_turn])
            })
            .goal(Goal::Faster(1.0, "SQLite"))
            .goal(Goal::Within(50e3))
    }

    /// The look-up of a random user by one attribute, without parsing and checking the filter.
    fn lookup(
        self: Rc<Self>,
        attribute: &'static str,
        of: fn(&User) -> Option<&str>,
    ) -> Comparison {
        let values: Vec<String> = self.sampled.iter().filter_map(of).map(str::to_owned).collect();
        let plans: Vec<Plan<User>> = values
            .iter()
            .map(|value| {
                plan(&scieve::attr(attribute).eq(value.as_str()).build().unwrap().to_string())
            })
            .collect();
        let keys: Vec<Value> =
            values.iter().map(|value| scieve::fold_key(value).into_owned().into()).collect();
        let statement = Statement::of(&plans[0], &select());
        let theirs = self.clone();
        let (mut turn, mut their_turn) = (0, 0);
        Comparison::new(GROUP, format!("{attribute} eq, random keys"))
            .competitor(OURS, move || {
                turn = (turn + 1) % plans.len();
                self.list(&Query { plan: Some(&plans[turn]), limit: PAGE, ..Query::default() })
                    .users
                    .len()
            })
            .competitor("SQLite", move || {
                their_turn = (their_turn + 1) % keys.len();
                statement.run_with(&theirs.sqlite, std::slice::from_ref(&keys[their_turn]))
            })
            .goal(Goal::Within(3e3))
    }

    fn total(self: Rc<Self>, item: &str, filter: &str) -> Comparison {
        let plan = plan(filter);
        let condition = plan.to_where(&columns(), Dialect::Sqlite).unwrap();
        let sql = format!("SELECT count(*) FROM users AS u WHERE {}", condition.sql);
        let params: Vec<Value> = condition.params.into_iter().map(value).collect();
        let theirs = self.clone();
        Comparison::new(GROUP, format!("total count of {item}"))
            .competitor(OURS, move || {
                self.list(&Query {
                    plan: Some(black_box(&plan)),
                    limit: 1,
                    total: true,
                    ..Query::default()
                })
                .total
            })
            .competitor("SQLite", move || {
                let mut statement = theirs.sqlite.prepare_cached(&sql).unwrap();
                statement
                    .query_row(rusqlite::params_from_iter(&params), |row| row.get::<_, i64>(0))
                    .unwrap()
            })
            .goal(Goal::Within(15e6))
    }

    /// Creates and deletes a user, including index maintenance; the figure is for one of the two.
    fn write(self: Rc<Self>) -> Comparison {
        let mut number = 0;
        Comparison::new(GROUP, "create or delete one user")
            .competitor_of(OURS, 2.0, move || {
                number += 1;
                let user = scieve_users::NewUser {
                    subject: format!("bench|{number}"),
                    name: Some(format!("Ann {number}")),
                    ..scieve_users::NewUser::default()
                };
                let user = pollster::block_on(self.store.create(&self.tenant, user)).unwrap();
                pollster::block_on(self.store.delete(&self.tenant, &user.id)).unwrap();
            })
            .goal(Goal::Within(20e3))
    }

    /// Asserts that both stores return the same page.
    fn assert_same_page(&self, plan: &Plan<User>, behind: Option<&User>) {
        let window =
            behind.map_or(Window::First, |user| Window::After(Position::of(user, Sort::default())));
        let ours: Vec<String> = self
            .list(&Query { plan: Some(plan), window, limit: PAGE, ..Query::default() })
            .users
            .iter()
            .map(|user| user.id.clone())
            .collect();
        let seek = behind.map(|user| KeysetPosition {
            sort: sort_text(Some(&user.name)),
            key: scieve::Value::Text(user.id.as_str().into()),
        });
        let select = seek.map_or_else(select, |seek| select().after(seek));
        let statement = Statement::of(plan, &select);
        let mut prepared = self.sqlite.prepare(&statement.sql).unwrap();
        let rows = prepared
            .query_map(rusqlite::params_from_iter(&statement.params), |row| row.get(0))
            .unwrap();
        let theirs: Vec<String> = rows.map(Result::unwrap).take(PAGE).collect();
        assert_eq!(ours, theirs);
    }
}

const GROUP: &str = "in-memory store";
/// The number of the tenant of the sample users in the tables of SQLite.
const TENANT: i64 = 42;

/// The mapping for the tenant of the sample users.
fn columns() -> CheckedMapping {
    scieve_users::mapping().for_tenant(&TENANT.to_string())
}

fn plan(filter: &str) -> Plan<User> {
    scieve_users::policy().parse(filter).unwrap()
}

/// Selects one row more than a page has, to determine whether another page follows.
fn select() -> Select {
    Select::default()
        .sort("name", Direction::Ascending)
        .limit(PAGE as u64 + 1)
        .columns(["id", "data"])
}

struct Statement {
    sql: String,
    params: Vec<Value>,
}

impl Statement {
    fn of(plan: &Plan<User>, select: &Select) -> Self {
        let statement = plan.to_sql(&columns(), Dialect::Sqlite, select).unwrap();
        Self { sql: statement.sql, params: statement.params.into_iter().map(value).collect() }
    }

    /// Fetches the rows. `last` replaces the keyset parameters, which precede the limit.
    fn run(&self, sqlite: &Connection, last: &[Value]) -> usize {
        let kept = self.params.len() - last.len() - usize::from(!last.is_empty());
        match last {
            [] => self.read(sqlite, self.params.iter().collect()),
            _ => self.read(
                sqlite,
                self.params[..kept].iter().chain(last).chain(self.params.last()).collect(),
            ),
        }
    }

    /// Fetches the rows with other values for the filter.
    fn run_with(&self, sqlite: &Connection, first: &[Value]) -> usize {
        // The first parameter is the tenant.
        let (tenant, rest) = self.params.split_at(1);
        self.read(sqlite, tenant.iter().chain(first).chain(&rest[first.len()..]).collect())
    }

    fn read(&self, sqlite: &Connection, params: Vec<&Value>) -> usize {
        let mut statement = sqlite.prepare_cached(&self.sql).unwrap();
        let mut rows = statement.query(rusqlite::params_from_iter(params)).unwrap();
        let mut read = 0;
        while let Some(row) = rows.next().unwrap() {
            black_box(row.get_ref(1).unwrap());
            read += 1;
        }
        read
    }
}

fn value(param: Param) -> Value {
    match param {
        Param::Integer(number) => number.into(),
        Param::Text(text) => text.into(),
        other => unreachable!("no filter of users binds {other:?}"),
    }
}

/// Creates the tables with fold keys, sort columns, the indexes of `scieve_users::mapping`, and a
/// column with the whole user as JSON.
fn database(people: &[User]) -> Connection {
    let mut sqlite = Connection::open_in_memory().unwrap();
    sqlite.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -4000000;
         CREATE TABLE users (number INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, id TEXT NOT NULL, id_f TEXT NOT NULL, subject_f TEXT NOT NULL, name_f TEXT NOT NULL, name_sort TEXT NOT NULL,
             email_f TEXT, status TEXT NOT NULL, client_id_f TEXT, data TEXT NOT NULL, UNIQUE (tenant, id));
         CREATE TABLE user_roles (user_number INTEGER NOT NULL, tenant INTEGER NOT NULL, idx INTEGER NOT NULL, role_id_f TEXT NOT NULL, name_f TEXT NOT NULL,
             PRIMARY KEY (user_number, idx)) WITHOUT ROWID;",
    ).unwrap();
    let all = sqlite.transaction().unwrap();
    {
        let mut insert =
            all.prepare("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").unwrap();
        let mut role = all.prepare("INSERT INTO user_roles VALUES (?, ?, ?, ?, ?)").unwrap();
        for (number, user) in (1_i64..).zip(people) {
            let fold_key = |string: &str| scieve::fold_key(string).into_owned();
            insert
                .execute((
                    number,
                    TENANT,
                    &user.id,
                    fold_key(&user.id),
                    fold_key(&user.subject),
                    fold_key(&user.name),
                    sort_text(Some(&user.name)),
                    user.email.as_deref().map(fold_key),
                    user.status.name(),
                    user.client_id.as_deref().map(fold_key),
                    serde_json::to_string(user).unwrap(),
                ))
                .unwrap();
            for (at, given) in user.assigned_roles.iter().enumerate() {
                role.execute((
                    number,
                    TENANT,
                    at as i64,
                    fold_key(&given.id),
                    fold_key(&given.name),
                ))
                .unwrap();
            }
        }
    }
    all.commit().unwrap();
    sqlite.execute_batch(
        "CREATE INDEX u_id ON users (tenant, id_f); CREATE INDEX u_subject ON users (tenant, subject_f); CREATE INDEX u_name ON users (tenant, name_f);
         CREATE INDEX u_email ON users (tenant, email_f); CREATE INDEX u_status ON users (tenant, status);
         CREATE INDEX u_sort ON users (tenant, name_sort, id, name_f, email_f, subject_f); CREATE INDEX r_name ON user_roles (tenant, name_f, user_number); ANALYZE;",
    ).unwrap();
    sqlite
}
