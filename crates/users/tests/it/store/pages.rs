//! Pages of lists, compared with a full scan of all users.

use super::contract::{TENANT, TestStore, body, invitee};
use super::random_queries::{Random, query, scan};
use scieve_users::{
    Fixture, InviteResult, NewUser, Position, Query, SilentMailer, Sort, SortKey, Status,
    Timestamp, User, UserStore, Window,
};

pub(super) fn ids(users: &[impl std::ops::Deref<Target = User>]) -> Vec<String> {
    users.iter().map(|user| user.id.clone()).collect()
}

/// Returns sample users of the tenant.
pub(crate) fn sample_users(count: usize, seed: u64) -> Vec<User> {
    let users = scieve_users::sample_with_seed(count, seed);
    users.map(|user| User { tenant_id: TENANT.into(), ..user }).collect()
}

/// Checks for random filters, orders and limits that the pages in either direction concatenate to
/// the whole list.
pub(crate) async fn concatenated_pages<S: UserStore>(store: &S, seed: u64) {
    let mut random = Random(seed);
    let users = sample_users([0, 1, 30, 700, 1500][random.below(5)].max(1), seed);
    store.load(TENANT, vec![], vec![], users.clone()).await.unwrap();
    for _ in 0..30 {
        let (plan, text, without_deleted) = random.plan(&users);
        let sort = random.sort();
        let mut base = query(plan.as_ref(), without_deleted, sort, 1 + random.below(100));
        let mut all = scan(&users, plan.as_ref(), without_deleted, sort);
        if random.chance(4) {
            base.id_above = Some(random.pick(&users).id.clone());
            all.retain(|user| user.id > *base.id_above.as_ref().unwrap());
        }
        if random.chance(4) {
            base.id_below = Some(random.pick(&users).id.clone());
            all.retain(|user| user.id < *base.id_below.as_ref().unwrap());
        }
        let expected: Vec<String> = all.iter().map(|user| user.id.clone()).collect();
        for (forwards, total) in [(true, true), (true, false), (false, true), (false, false)] {
            base.total = total;
            let joined = concatenate(store, &base, forwards, all.len()).await;
            assert_eq!(joined, expected, "{text} {sort:?} forwards {forwards} total {total}");
        }
    }
}

/// Checks lists by id with more matches than the in-memory store sorts on demand. Imported ids may
/// have uppercase letters, so that the order of their fold keys is not that of the ids.
pub(crate) async fn pages_by_id<S: UserStore>(store: &S, count: usize, lowercase: bool) {
    let mut random = Random(5);
    let mut users = sample_users(count, 5);
    if !lowercase {
        users
            .iter_mut()
            .filter(|_| random.chance(5))
            .for_each(|user| user.id = user.id.to_uppercase());
    }
    store.load(TENANT, vec![], vec![], users.clone()).await.unwrap();
    let plans = [
        None,
        Some(
            scieve_users::policy()
                .parse(r#"name co "a" or email co "e" or assignedScopes eq "x""#)
                .unwrap(),
        ),
    ];
    for (bounded, plan) in [(false, &plans[0]), (true, &plans[0]), (false, &plans[1])] {
        // In the order of tenant ids, the users of a tenant differ in their ids alone.
        for (key, descending) in [
            (SortKey::Id, false),
            (SortKey::Id, true),
            (SortKey::TenantId, false),
            (SortKey::TenantId, true),
        ] {
            let sort = Sort { key, descending };
            let mut base = Query { total: true, ..query(plan.as_ref(), true, sort, 97) };
            let mut all = scan(&users, plan.as_ref(), true, sort);
            if bounded {
                base.id_above = Some(users[count / 20].id.clone());
                base.id_below = Some(users[count - count / 30].id.to_lowercase());
                all.retain(|user| {
                    Some(&user.id) > base.id_above.as_ref()
                        && Some(&user.id) < base.id_below.as_ref()
                });
            }
            assert!(!lowercase || all.len() > count * 2 / 3);
            let expected: Vec<String> = all.iter().map(|user| user.id.clone()).collect();
            for forwards in [true, false] {
                assert_eq!(concatenate(store, &base, forwards, all.len()).await, expected);
            }
        }
    }
}

/// Reads all pages from one end, and checks `total`, if it is counted, `has_next` and `has_previous`.
pub(super) async fn concatenate<S: UserStore>(
    store: &S,
    base: &Query<'_>,
    forwards: bool,
    total: usize,
) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut window = if forwards { Window::First } else { Window::Last };
    loop {
        let page =
            store.list(TENANT, &Query { window: window.clone(), ..base.clone() }).await.unwrap();
        assert_eq!(page.total, base.total.then_some(total as u64));
        assert!(page.users.len() <= base.limit);
        let (more_ahead, any_behind) = if forwards {
            (page.has_next, page.has_previous)
        } else {
            (page.has_previous, page.has_next)
        };
        assert_eq!(any_behind, !joined.is_empty(), "{window:?}");
        match forwards {
            true => joined.extend(ids(&page.users)),
            false => joined.splice(0..0, ids(&page.users)).for_each(drop),
        }
        assert_eq!(more_ahead, joined.len() < total);
        if !more_ahead {
            return joined;
        }
        let edge = if forwards { page.users.last() } else { page.users.first() };
        let position = Position::of(edge.unwrap(), base.sort);
        window = if forwards { Window::After(position) } else { Window::Before(position) };
    }
}

/// Checks that creating and deleting users while the pages of a list are read neither repeats nor
/// hides a user that stays the same.
pub(crate) async fn writes_between_pages<S: UserStore>(store: &S, seed: u64) {
    let mut random = Random(seed);
    let users = sample_users(600, seed);
    store.load(TENANT, vec![], vec![], users.clone()).await.unwrap();
    let mut created = 0;
    for _ in 0..10 {
        let (plan, text, without_deleted) = random.plan(&users);
        let sort = random.sort();
        let base = query(plan.as_ref(), without_deleted, sort, 1 + random.below(20));
        let forwards = random.chance(2);
        let before = snapshot(store).await;
        let (mut seen, mut touched): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let mut window = if forwards { Window::First } else { Window::Last };
        loop {
            let page = store.list(TENANT, &Query { window, ..base.clone() }).await.unwrap();
            seen.extend(ids(&page.users));
            let edge = if forwards { page.users.last() } else { page.users.first() };
            let more_ahead = if forwards { page.has_next } else { page.has_previous };
            let (true, Some(edge)) = (more_ahead, edge) else { break };
            let position = Position::of(edge, sort);
            window = if forwards { Window::After(position) } else { Window::Before(position) };
            for _ in 0..random.below(4) {
                created += 1;
                let subject = format!("new-{created}");
                let name = Some(random.pick(&users).name.clone());
                let new = NewUser { subject: subject.clone(), name, ..NewUser::default() };
                if store.create(TENANT, new).await.is_err() {
                    // The name is one that only a load accepts.
                    let new = NewUser { subject, ..NewUser::default() };
                    store.create(TENANT, new).await.unwrap();
                }
                // Sometimes the user at the cursor.
                let id =
                    if random.chance(3) { edge.id.clone() } else { random.pick(&users).id.clone() };
                if store.delete(TENANT, &id).await.is_ok() {
                    touched.push(id);
                }
            }
        }
        for user in scan(&before, plan.as_ref(), without_deleted, sort) {
            if !touched.contains(&user.id) {
                assert_eq!(
                    seen.iter().filter(|id| **id == user.id).count(),
                    1,
                    "{text} {sort:?}: {}",
                    user.name
                );
            }
        }
        // A deletion changes the status and the expiry, and so moves the user in these orders.
        if matches!(sort.key, SortKey::Status | SortKey::InviteExpiry) {
            seen.retain(|id| !touched.contains(id));
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{text} {sort:?}: a user occurs twice");
    }
}

/// Returns all users, including deleted ones.
pub(crate) async fn snapshot<S: UserStore>(store: &S) -> Vec<User> {
    let all = Query {
        without_deleted: false,
        limit: usize::MAX - 1,
        ..query(None, false, Default::default(), 1)
    };
    store.list(TENANT, &all).await.unwrap().users.iter().map(|user| (**user).clone()).collect()
}

/// Checks that lists equal a full scan after random writes, for random filters and for substrings
/// of the strings just written.
pub(crate) async fn lists_equal_scans<S: UserStore>(
    test_store: &TestStore<S>,
    count: usize,
    seed: u64,
) {
    let store = &test_store.store;
    let mut random = Random(seed);
    let users = sample_users(count, seed);
    let rows = serde_json::json!([{"id": "r1", "name": "Developer", "type": "default", "level": "user"}, {"id": "r2", "name": "Rare", "type": "custom", "level": "user"}]);
    store.load(TENANT, serde_json::from_value(rows).unwrap(), vec![], users.clone()).await.unwrap();
    for round in 0..10 {
        let mut written = Vec::new();
        for step in 0..40 {
            (test_store.advance)(1);
            let id = &random.pick(&users).id;
            written.push(id.clone());
            // Half of the names have trigrams that no other user has.
            let (other, unique) = (random.pick(&users).name.clone(), random.below(1 << 30));
            let text = if random.chance(2) { format!("{other}{unique:x}") } else { other };
            let operations = match random.below(6) {
                0 => body(serde_json::json!([{"op": "replace", "path": "/name", "value": text}])),
                1 => body(
                    serde_json::json!([{"op": "replace", "path": "/email", "value": format!("{step}.{unique:o}@corp.example")}]),
                ),
                2 => body(
                    serde_json::json!([{"op": "unset", "path": "/email"}, {"op": "replace", "path": "/status", "value": "invited"}]),
                ),
                3 => body(
                    serde_json::json!([{"op": "add", "path": "/assignedRoles/-", "value": {"name": "Rare"}}]),
                ),
                4 => body(
                    serde_json::json!([{"op": "unset", "path": "/assignedRoles"}, {"op": "replace", "path": "/status", "value": "disabled"}]),
                ),
                _ => {
                    let _ = store.delete(TENANT, id).await;
                    let email = format!("{round}{unique:x}.{step}@new.example");
                    let invited = store
                        .invite(TENANT, &[invitee(&email, false)], &SilentMailer)
                        .await
                        .unwrap();
                    if let InviteResult::Ok { user_id, .. } = &invited[0] {
                        written.push(user_id.clone());
                    }
                    continue;
                }
            };
            let _ = store.patch(TENANT, id, &operations).await;
        }
        let now = snapshot(store).await;
        let live = now.iter().filter(|user| user.status != Status::Deleted).count();
        assert_eq!(store.count(TENANT).await.unwrap(), live as u64);
        let written: Vec<&User> = now.iter().filter(|user| written.contains(&user.id)).collect();
        let mut plans: Vec<_> = (0..12).map(|_| random.plan(&now)).collect();
        plans.extend(written.into_iter().step_by(4).map(|user| random.substring_plan(user)));
        for (plan, text, without_deleted) in plans {
            let sort = random.sort();
            let expected = scan(&now, plan.as_ref(), without_deleted, sort);
            let mut all = query(plan.as_ref(), without_deleted, sort, usize::MAX - 1);
            all.total = true;
            let page = store.list(TENANT, &all).await.unwrap();
            assert_eq!(
                page.users.iter().map(|user| (**user).clone()).collect::<Vec<_>>(),
                expected,
                "{text} {sort:?}"
            );
            assert_eq!(page.total, Some(expected.len() as u64), "{text}");
        }
        for user in &now {
            let got = store.get(TENANT, &user.id).await;
            assert_eq!(got.is_ok(), user.status != Status::Deleted);
        }
    }
}

#[test]
fn sort_keys_of_numbers_are_in_numeric_order() {
    let fixture = Fixture::from_json(include_str!("../../../../../examples/fixture.json")).unwrap();
    let mut user = fixture.users.first().unwrap().clone();
    let numbers =
        [i64::MIN, -10_000_000_000_000, -11, -10, -1, 0, 1, 9, 10, 11, 1_650_000_000_000, i64::MAX];
    let mut keys: Vec<String> = Vec::new();
    for number in numbers {
        user.invite_expiry = Some(number);
        keys.push(SortKey::InviteExpiry.of(&user));
    }
    user.invite_expiry = None;
    keys.push(SortKey::InviteExpiry.of(&user));
    assert!(keys.is_sorted_by(|left, right| left < right), "{keys:?}");
    user.created_at = Timestamp::from_millis(1);
    assert_eq!(SortKey::CreatedAt.of(&user), keys[6]);
}

#[test]
fn sort_keys_are_truncated_at_character_boundaries() {
    let fixture = Fixture::from_json(include_str!("../../../../../examples/fixture.json")).unwrap();
    let mut user = fixture.users.first().unwrap().clone();
    for (length, end, kept) in [
        (1019, "a", 1020),
        (1019, "ab", 1020),
        (1019, "é", 1019),
        (1018, "é", 1020),
        (1018, "😀", 1018),
    ] {
        user.name = format!("{}{end}", "x".repeat(length));
        assert_eq!(SortKey::Name.of(&user).len(), 1 + kept, "{length} {end}");
    }
}

#[test]
fn sort_keys_parse_from_their_names() {
    for key in SortKey::ALL {
        assert_eq!(SortKey::from_name(key.name()), Some(key));
    }
    assert_eq!(SortKey::from_name("_id"), Some(SortKey::Id));
    assert_eq!(SortKey::from_name("Name"), None);
}
