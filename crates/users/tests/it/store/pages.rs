//! Pages against a scan of all users.

use super::contract::{Stage, TENANT, body, invitee};
use super::random::{Random, query, scan};
use scieve_users::{
    Fixture, InviteResult, NewUser, Position, Query, SilentMailer, Sort, SortKey, Status,
    Timestamp, User, UserStore, Window,
};

fn ids(users: &[impl std::ops::Deref<Target = User>]) -> Vec<String> {
    users.iter().map(|user| user.id.clone()).collect()
}

pub(crate) fn people(count: usize, seed: u64) -> Vec<User> {
    let users = scieve_users::sample_with_seed(count, seed);
    users.map(|user| User { tenant_id: TENANT.into(), ..user }).collect()
}

/// Any filter, sort and limit, both ways: what the pages hold one after the other is the whole list.
pub(crate) async fn joined_pages<S: UserStore>(store: &S, seed: u64) {
    let mut random = Random(seed);
    let users = people([0, 1, 30, 700, 1500][random.below(5)].max(1), seed);
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
        for forwards in [true, false] {
            let joined = join(store, &base, forwards, all.len()).await;
            assert_eq!(joined, expected, "{text} {sort:?} forwards {forwards}");
        }
    }
}

/// The order of ids, where more match than are sorted on demand; ids of other servers need not be lower case.
pub(crate) async fn many_by_id<S: UserStore>(store: &S, count: usize, plain: bool) {
    let mut random = Random(5);
    let mut users = people(count, 5);
    if !plain {
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
        // Users of a tenant differ in their ids alone.
        for (key, descending) in [
            (SortKey::Id, false),
            (SortKey::Id, true),
            (SortKey::TenantId, false),
            (SortKey::TenantId, true),
        ] {
            let sort = Sort { key, descending };
            let mut base = query(plan.as_ref(), true, sort, 97);
            let mut all = scan(&users, plan.as_ref(), true, sort);
            if bounded {
                base.id_above = Some(users[count / 20].id.clone());
                base.id_below = Some(users[count - count / 30].id.to_lowercase());
                all.retain(|user| {
                    Some(&user.id) > base.id_above.as_ref()
                        && Some(&user.id) < base.id_below.as_ref()
                });
            }
            assert!(!plain || all.len() > count * 2 / 3);
            let expected: Vec<String> = all.iter().map(|user| user.id.clone()).collect();
            for forwards in [true, false] {
                assert_eq!(join(store, &base, forwards, all.len()).await, expected);
            }
        }
    }
}

async fn join<S: UserStore>(
    store: &S,
    base: &Query<'_>,
    forwards: bool,
    total: usize,
) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut window = if forwards { Window::First } else { Window::Last };
    loop {
        let page = store
            .list(TENANT, &Query { window: window.clone(), total: true, ..base.clone() })
            .await
            .unwrap();
        assert_eq!(page.total, Some(total as u64));
        assert!(page.users.len() <= base.limit);
        let (further, behind) = if forwards {
            (page.has_next, page.has_previous)
        } else {
            (page.has_previous, page.has_next)
        };
        assert_eq!(behind, !joined.is_empty(), "{window:?}");
        match forwards {
            true => joined.extend(ids(&page.users)),
            false => joined.splice(0..0, ids(&page.users)).for_each(drop),
        }
        assert_eq!(further, joined.len() < total);
        if !further {
            return joined;
        }
        let edge = if forwards { page.users.last() } else { page.users.first() };
        let position = Position::of(edge.unwrap(), base.sort);
        window = if forwards { Window::After(position) } else { Window::Before(position) };
    }
}

/// Users who come and go while a list is read neither repeat nor hide one who stays as he is.
pub(crate) async fn interleaved_writes<S: UserStore>(store: &S, seed: u64) {
    let mut random = Random(seed);
    let users = people(600, seed);
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
            let further = if forwards { page.has_next } else { page.has_previous };
            let (true, Some(edge)) = (further, edge) else { break };
            let position = Position::of(edge, sort);
            window = if forwards { Window::After(position) } else { Window::Before(position) };
            for _ in 0..random.below(4) {
                created += 1;
                let name = Some(random.pick(&users).name.clone());
                let new = NewUser { subject: format!("new-{created}"), name, ..NewUser::default() };
                store.create(TENANT, new).await.unwrap();
                // At times the very user that the place was taken from.
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
        // A deletion moves its user where the order is by what it changes.
        if matches!(sort.key, SortKey::Status | SortKey::InviteExpiry) {
            seen.retain(|id| !touched.contains(id));
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{text} {sort:?}: somebody came twice");
    }
}

/// All users, the deleted among them.
pub(crate) async fn snapshot<S: UserStore>(store: &S) -> Vec<User> {
    let all = Query {
        without_deleted: false,
        limit: usize::MAX - 1,
        ..query(None, false, Default::default(), 1)
    };
    store.list(TENANT, &all).await.unwrap().users.iter().map(|user| (**user).clone()).collect()
}

/// After any writes, the indexes give what a scan gives: for filters of all sorts, and for pieces of the texts just written.
pub(crate) async fn index_equals_scan<S: UserStore>(stage: &Stage<S>, count: usize, seed: u64) {
    let store = &stage.store;
    let mut random = Random(seed);
    let users = people(count, seed);
    let rows = serde_json::json!([{"id": "r1", "name": "Developer", "type": "default", "level": "user"}, {"id": "r2", "name": "Rare", "type": "custom", "level": "user"}]);
    store.load(TENANT, serde_json::from_value(rows).unwrap(), vec![], users.clone()).await.unwrap();
    for round in 0..10 {
        let mut written = Vec::new();
        for step in 0..40 {
            (stage.pass)(1);
            let id = &random.pick(&users).id;
            written.push(id.clone());
            // Often with letters that nobody has beside one another.
            let (other, strange) = (random.pick(&users).name.clone(), random.below(1 << 30));
            let text = if random.chance(2) { format!("{other}{strange:x}") } else { other };
            let operations = match random.below(6) {
                0 => body(serde_json::json!([{"op": "replace", "path": "/name", "value": text}])),
                1 => body(
                    serde_json::json!([{"op": "replace", "path": "/email", "value": format!("{step}.{strange:o}@corp.example")}]),
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
                    let email = format!("{round}{strange:x}.{step}@new.example");
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
        plans.extend(written.into_iter().step_by(4).map(|user| random.plan_of_piece(user)));
        for (plan, text, without_deleted) in plans {
            let sort = random.sort();
            let expected = scan(&now, plan.as_ref(), without_deleted, sort);
            let mut asked = query(plan.as_ref(), without_deleted, sort, usize::MAX - 1);
            asked.total = true;
            let page = store.list(TENANT, &asked).await.unwrap();
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
fn keys_of_numbers_stand_as_the_numbers_do() {
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
fn only_the_first_bytes_of_a_key_count() {
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
fn keys_are_found_by_their_names() {
    for key in SortKey::ALL {
        assert_eq!(SortKey::from_name(key.name()), Some(key));
    }
    assert_eq!(SortKey::from_name("_id"), Some(SortKey::Id));
    assert_eq!(SortKey::from_name("Name"), None);
}
