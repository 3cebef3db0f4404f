//! Substring searches in SQLite, whose trigram index must lead to every user, compared with memory.

use super::block_on;
use crate::databases::Database;
use scieve::Policy;
use scieve_users::{
    MemoryStore, Operation, Query, SqlOptions, SqlStore, Status, User, UserStore, sample,
};
use std::collections::BTreeSet;

const TENANT: &str = "t";

/// Names with characters that the tokenizer, the query language or case folding treat specially.
const NAMES: [&str; 22] = [
    "İstanbul Iıi",
    "Straße STRASSE ﬀﬁ",
    "ΣΊΣΥΦΟΣ σίσυφος",
    "Åsa K Ω ohm",
    "e\u{301}le\u{300}ve \u{301}\u{302}\u{303}",
    "éléve Éléve",
    "日本語の名前",
    "👩‍👩‍👧 family 👍🏽",
    "\u{fffe}\u{ffff}\u{fffd}a\u{fffe}b",
    "a\"b\"\"c\"",
    "foo* ^bar NEAR(x y) AND OR NOT",
    "name:value {a b} - + ()",
    "tab\tnew\nline\u{b}\u{85}\u{2028}",
    "\u{feff}bom\u{200b}zero",
    "ááá aaaa áááá",
    "'quote' `back` \\slash %per_cent",
    "\u{10ffff}\u{10fffe}\u{e000}\u{d7ff}",
    "ǅ ǆ Ǆ ŉ ΐ",
    "ꭰᏸᎠ ჩ Ⴉ",
    "\u{1}\u{2}\u{7f}\u{80}\u{9f}",
    "MiXeD cAsE Ünï",
    "aa",
];

fn users() -> Vec<User> {
    let name = |(user, name): (User, &str)| User {
        tenant_id: TENANT.into(),
        name: name.into(),
        status: Status::Active,
        ..user
    };
    sample(NAMES.len()).zip(NAMES).map(name).collect()
}

/// Substrings of 1 to 7 characters of the names, and the same in other cases.
fn needles() -> BTreeSet<String> {
    let mut needles = BTreeSet::new();
    for name in NAMES.into_iter().chain(["no such name"]) {
        let characters: Vec<char> = name.chars().collect();
        for length in [1, 2, 3, 4, 7] {
            for window in characters.windows(length) {
                let needle: String = window.iter().collect();
                needles.extend([needle.to_lowercase(), needle.to_uppercase(), needle]);
            }
        }
        needles.insert(name.to_owned());
    }
    needles
}

async fn assert_same(memory: &MemoryStore, store: &SqlStore, tenant: &str, filter: &str) -> usize {
    let plan = policy().parse(filter).unwrap();
    let query = Query { limit: 5, total: true, ..Query::matching(Some(&plan)) };
    let page = store.list(tenant, &query).await.unwrap();
    assert_eq!(page, memory.list(tenant, &query).await.unwrap(), "{filter}");
    page.users.len()
}

/// A policy that allows every operator.
fn policy() -> Policy<User> {
    Policy::new(scieve_users::schema().clone()).unwrap()
}

fn quoted(needle: &str) -> String {
    serde_json::to_string(needle).unwrap()
}

#[test]
fn every_part_of_a_name_is_found() {
    block_on(async {
        let database = Database::sqlite();
        let store = SqlStore::connect(&database.url, SqlOptions::default()).await.unwrap();
        let memory = MemoryStore::new();
        store.load(TENANT, vec![], vec![], users()).await.unwrap();
        memory.load(TENANT, vec![], vec![], users()).await.unwrap();
        let mut found = 0;
        for needle in needles() {
            let filter = format!("name co {}", quoted(&needle));
            found += assert_same(&memory, &store, TENANT, &filter).await;
        }
        assert!(found > 1000, "{found}");

        // The index follows changes: of a name, of the email address, and the end of a user.
        for (at, user) in users().iter().enumerate() {
            let operations = serde_json::json!([
                {"op": "replace", "path": "/name", "value": NAMES[(at + 1) % NAMES.len()]},
            ]);
            // Some names can only be loaded.
            let operations = Operation::parse_all(&operations).unwrap_or_default();
            store.patch(TENANT, &user.id, &operations).await.unwrap();
            memory.patch(TENANT, &user.id, &operations).await.unwrap();
            if at % 3 == 0 {
                store.delete(TENANT, &user.id).await.unwrap();
                memory.delete(TENANT, &user.id).await.unwrap();
            }
        }
        for needle in needles().iter().filter(|needle| needle.chars().count() > 2) {
            let filter = format!("name co {0} or email co {0}", quoted(needle));
            let plan = policy().parse(&filter).unwrap();
            let query = Query { limit: 50, total: true, ..Query::matching(Some(&plan)) };
            let ids = |users: &[std::sync::Arc<User>]| -> Vec<String> {
                users.iter().map(|user| user.id.clone()).collect()
            };
            let page = store.list(TENANT, &query).await.unwrap();
            let expected = memory.list(TENANT, &query).await.unwrap();
            assert_eq!(ids(&page.users), ids(&expected.users), "{filter}");
            assert_eq!(page.total, expected.total, "{filter}");
        }
    });
}

/// Filters of several attributes, of which one is a substring search.
#[test]
fn compound_searches_are_found() {
    block_on(async {
        let database = Database::sqlite();
        let store = SqlStore::connect(&database.url, SqlOptions::default()).await.unwrap();
        let memory = MemoryStore::new();
        let users: Vec<User> =
            sample(3000).map(|user| User { tenant_id: TENANT.into(), ..user }).collect();
        store.load(TENANT, vec![], vec![], users.clone()).await.unwrap();
        memory.load(TENANT, vec![], vec![], users.clone()).await.unwrap();
        let (id, email) = (&users[2900].id, users[2800].email.as_deref().unwrap_or("x@y"));
        let mut found = 0;
        for filter in [
            "name co \"ank\"".to_owned(),
            "name co \"query\" or email co \"query\" or subject co \"query\" or id eq \"query\" or assignedRoles.name eq \"query\"".to_owned(),
            format!("name co \"zzz\" or id eq \"{}\"", id.to_uppercase()),
            format!("email co \"{}\" and status eq \"active\"", &email[1..5]),
            format!("status eq \"active\" and (subject co \"{}\" or clientId eq \"x\")", &users[9].subject[2..9]),
            "assignedScopes eq \"user_default\" and (name co \"bob\" or email co \"alice1\")".to_owned(),
            "assignedGroupsAssignedRoles.name eq \"TenantAdmin\" or name co \"qqq\"".to_owned(),
            "not (name co \"bob\") and email co \"bob1\"".to_owned(),
            "(name co \"a\" or email co \"bob\") and email co \"ob1\"".to_owned(),
        ] {
            found += assert_same(&memory, &store, TENANT, &filter).await;
        }
        assert!(found > 10, "{found}");
    });
}

/// Users of another tenant do not hide those of a small one, and cost a bounded number of statements.
#[test]
fn candidates_of_other_tenants_are_limited() {
    block_on(async {
        let database = Database::sqlite();
        let store = SqlStore::connect(&database.url, SqlOptions::default()).await.unwrap();
        let memory = MemoryStore::new();
        let named = |tenant: &'static str, count| -> Vec<User> {
            let user = |user: User| User {
                tenant_id: tenant.into(),
                name: format!("needle {}", user.name),
                ..user
            };
            sample(count).map(user).collect()
        };
        store.load("large", vec![], vec![], named("large", 6000)).await.unwrap();
        store.load("small", vec![], vec![], named("small", 3)).await.unwrap();
        memory.load("small", vec![], vec![], named("small", 3)).await.unwrap();
        let plan = policy().parse("name co \"needle\"").unwrap();
        let query = Query { limit: 20, ..Query::matching(Some(&plan)) };
        let before = store.statements_run();
        let page = store.list("small", &query).await.unwrap();
        let run = store.statements_run() - before;
        assert_eq!(page, memory.list("small", &query).await.unwrap());
        assert_eq!(page.users.len(), 3);
        // The next rows, the candidates, all rows.
        assert_eq!(run, 3);
    });
}
