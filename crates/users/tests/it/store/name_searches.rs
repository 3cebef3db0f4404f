//! Substring searches by name in PostgreSQL, which reads the first users of each name if there are few
//! names, compared with a scan.

use super::block_on;
use super::contract::TENANT;
use super::pages::{concatenate, ids, sample_users};
use super::random_queries::{query, scan};
use crate::connection::DbConnection;
use crate::databases::Database;
use scieve::{Plan, Policy};
use scieve_users::{Query, Sort, SortKey, SqlOptions, SqlStore, User, UserStore as _};

/// Names in the order of their fold keys; some differ only in case.
const NAMES: [&str; 12] = [
    "Alice",
    "aLICE",
    "Frank",
    "frank",
    "Frank % Zhang",
    "Frank Zhang",
    "Straße",
    "STRASSE",
    "yuki",
    "Zane",
    "ZANE \u{10ffff}",
    "Ünal \\ _",
];

fn policy() -> Policy<User> {
    Policy::new(scieve_users::schema().clone()).unwrap()
}

/// Loads users, those of `TENANT` among others, and collects the statistics of the database.
async fn analyzed(users: &[User]) -> (SqlStore, DbConnection) {
    let database = Database::postgres().await;
    let store = SqlStore::connect(&database.url, SqlOptions::default()).await.unwrap();
    store.load(TENANT, vec![], vec![], users.to_vec()).await.unwrap();
    let others = users[..200].iter().map(|user| User {
        tenant_id: "other".into(),
        name: format!("{} frank", user.name),
        ..user.clone()
    });
    store.load("other", vec![], vec![], others.collect()).await.unwrap();
    let mut connection = DbConnection::open(database).await;
    connection.execute("ANALYZE").await;
    (store, connection)
}

/// Returns whether a list reads the values of the column.
async fn reads_values(store: &SqlStore, plan: &Plan<User>, key: SortKey) -> bool {
    let sort = Sort { key, descending: false };
    let query = Query { limit: 3, sort, ..Query::matching(Some(plan)) };
    let statements = store.statements(TENANT, &query).await.unwrap();
    statements.iter().any(|statement| statement.sql.contains("RECURSIVE"))
}

/// Checks the pages in both directions against a scan. Returns the number of users on the list.
async fn assert_pages(store: &SqlStore, users: &[User], base: &Query<'_>, filter: &str) -> usize {
    let mut all = scan(users, base.plan, base.without_deleted, base.sort);
    all.retain(|user| base.id_above.as_ref().is_none_or(|above| user.id > *above));
    let expected = ids(&all.iter().collect::<Vec<_>>());
    for forwards in [true, false] {
        let joined = concatenate(store, base, forwards, all.len()).await;
        assert_eq!(joined, expected, "{filter} {:?} {forwards}", base.sort);
    }
    all.len()
}

#[test]
fn first_users_of_each_name_are_found() {
    crate::databases::require!(servers);
    block_on(async {
        let users: Vec<User> = sample_users(1500, 3)
            .into_iter()
            .zip(NAMES.into_iter().cycle())
            .map(|(user, name)| User { name: name.into(), ..user })
            .collect();
        let (store, _connection) = analyzed(&users).await;
        let policy = policy();
        for (filter, expected) in [
            (r#"name co "zan""#, true),
            (r#"name co "ZH""#, true),
            (r#"name co "rank z" or name ew "SS" or name co "stras""#, true),
            (r#"name co "ank" and name co "% z""#, true),
            (r#"name co "\\ _""#, true),
            (r#"name co "no such name""#, true),
            (r#"name co "zan" and status eq "active""#, false),
            (r#"name co "zan" or email co "zan""#, false),
            (r#"not (name co "a")"#, false),
        ] {
            let plan = policy.parse(filter).unwrap();
            assert_eq!(reads_values(&store, &plan, SortKey::Name).await, expected, "{filter}");
            for (without_deleted, descending) in [(true, false), (false, true)] {
                let sort = Sort { key: SortKey::Name, descending };
                let mut base = query(Some(&plan), without_deleted, sort, 7);
                base.id_above = descending.then(|| users[100].id.clone());
                assert_pages(&store, &users, &base, filter).await;
            }
        }
    });
}

/// The other columns that a list can be sorted by, of which the statistics say that they have few
/// values.
#[test]
fn first_users_of_each_value_are_found() {
    crate::databases::require!(servers);
    block_on(async {
        let users = sample_users(300, 4);
        let (store, mut connection) = analyzed(&users).await;
        for column in ["id_f", "subject_f", "status"] {
            let sql = format!("ALTER TABLE users ALTER COLUMN {column} SET (n_distinct = 9)");
            connection.execute(&sql).await;
        }
        connection.execute("ANALYZE").await;
        let subject = &users[7].subject;
        for (key, filter) in [
            (SortKey::Id, format!("id co {:?} or id ew \"F\"", &users[200].id[4..9])),
            (SortKey::Subject, format!("subject co {:?}", subject[2..5].to_uppercase())),
            (SortKey::Status, r#"status co "ABLE" or status ew "ed""#.to_owned()),
        ] {
            let plan = policy().parse(&filter).unwrap();
            assert!(reads_values(&store, &plan, key).await, "{filter}");
            let sort = Sort { key, descending: false };
            let base = query(Some(&plan), false, sort, 2);
            assert_ne!(assert_pages(&store, &users, &base, &filter).await, 0, "{filter}");
        }
    });
}

#[test]
fn many_names_are_not_read() {
    crate::databases::require!(servers);
    block_on(async {
        let named = |(at, user): (usize, User)| User { name: format!("Frank {at}"), ..user };
        let users: Vec<User> = sample_users(1500, 3).into_iter().enumerate().map(named).collect();
        let (store, _connection) = analyzed(&users).await;
        let plan = policy().parse(r#"name co "1499""#).unwrap();
        assert!(!reads_values(&store, &plan, SortKey::Name).await);
        let query = Query { limit: 3, ..Query::matching(Some(&plan)) };
        let page = store.list(TENANT, &query).await.unwrap();
        assert_eq!(ids(&page.users), [users[1499].id.as_str()]);
    });
}
