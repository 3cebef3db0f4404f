//! Concurrent reads and writes of one tenant.

use super::block_on;
use super::contract::{TENANT, body, invitee};
use super::random_queries::query;
use scieve_users::{InviteResult, NewUser, Query, SilentMailer, StoreError, UserStore};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Creates users with the same subject in eight threads: one of them must succeed.
pub(crate) fn create_subject_concurrently<S: UserStore>(store: S) {
    let store = Arc::new(store);
    for round in 0..50 {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let store = Arc::clone(&store);
                let new = NewUser { subject: format!("subject-{round}"), ..NewUser::default() };
                std::thread::spawn(move || block_on(store.create(TENANT, new)))
            })
            .collect();
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let taken = |result: &&Result<_, _>| matches!(result, Err(StoreError::SubjectTaken { .. }));
        assert_eq!(results.iter().filter(taken).count(), 7);
    }
    assert_eq!(block_on(store.count(TENANT)).unwrap(), 50);
}

/// Renames users, which moves them in the order of names, while a reader lists all users: each list
/// must be sorted and contain every user once.
pub(crate) fn read_during_writes<S: UserStore>(store: S) {
    let store = Arc::new(store);
    let users = super::pages::sample_users(1500, 3);
    block_on(store.load(TENANT, vec![], vec![], users.clone())).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let (store, users, done) = (Arc::clone(&store), users.clone(), Arc::clone(&done));
            std::thread::spawn(move || {
                for turn in 0.. {
                    if done.load(Ordering::Relaxed) {
                        return turn;
                    }
                    let user = &users[(turn * 7 + writer * 3) % users.len()];
                    let name = ["Aaron", "Zylo"][turn % 2];
                    let operations = body(
                        serde_json::json!([{"op": "replace", "path": "/name", "value": name}]),
                    );
                    let _ = block_on(store.patch(TENANT, &user.id, &operations));
                }
                0
            })
        })
        .collect();
    for _ in 0..60 {
        let mut all = query(None, false, Default::default(), usize::MAX - 1);
        all.total = true;
        let page = block_on(store.list(TENANT, &all)).unwrap();
        let mut ids: Vec<_> = page.users.iter().map(|user| user.id.clone()).collect();
        let sorted = page
            .users
            .windows(2)
            .all(|pair| scieve::fold_key(&pair[0].name) <= scieve::fold_key(&pair[1].name));
        assert!(sorted);
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), page.total), (users.len(), Some(users.len() as u64)));
    }
    done.store(true, Ordering::Relaxed);
    for writer in writers {
        assert!(writer.join().unwrap() > 0);
    }
}

/// Adds roles to one user, invites one address and loads roles into one tenant in eight threads:
/// all additions must remain, and one invitation must create a user.
pub(crate) fn write_concurrently<S: UserStore>(store: S) {
    let store = Arc::new(store);
    let role = |at: usize| serde_json::json!({"id": format!("r{at}"), "name": format!("R{at}"), "type": "custom", "level": "user"});
    let roles: Vec<serde_json::Value> = (0..8).map(role).collect();
    block_on(store.load(TENANT, serde_json::from_value(roles.into()).unwrap(), vec![], vec![]))
        .unwrap();
    let user =
        block_on(store.create(TENANT, NewUser { subject: "one".into(), ..NewUser::default() }))
            .unwrap();
    let threads: Vec<_> = (0..8)
        .map(|at| {
            let (store, id) = (Arc::clone(&store), user.id.clone());
            std::thread::spawn(move || {
                let add = body(serde_json::json!([{"op": "add", "path": "/assignedRoles/-", "value": {"id": format!("r{at}")}}]));
                assert!(block_on(store.patch(TENANT, &id, &add)).unwrap().changed);
                let invited = block_on(store.invite(TENANT, &[invitee("new@corp.example", false)], &SilentMailer)).unwrap().remove(0);
                let role: Vec<scieve_users::Role> =
                    serde_json::from_value(serde_json::json!([{"id": format!("x{at}"), "name": "X", "type": "custom", "level": "user"}]))
                        .unwrap();
                block_on(store.load(TENANT, role, vec![], vec![])).unwrap();
                matches!(invited, InviteResult::Ok { .. })
            })
        })
        .collect();
    let invited = threads.into_iter().map(|thread| thread.join().unwrap()).filter(|ok| *ok).count();
    assert_eq!(invited, 1, "{invited} invitations of one address created a user");
    let mut ids: Vec<_> = block_on(store.get(TENANT, &user.id))
        .unwrap()
        .assigned_roles
        .iter()
        .map(|role| role.id.clone())
        .collect();
    ids.sort();
    assert_eq!(ids, (0..8).map(|at| format!("r{at}")).collect::<Vec<_>>());
    assert_eq!(block_on(store.count(TENANT)), Ok(2));
    let query = Query { limit: 1000, total: true, ..Query::default() };
    let all = block_on(store.list(TENANT, &query)).unwrap();
    assert_eq!(all.total, Some(all.users.len() as u64));
    assert_eq!(block_on(store.roles(TENANT)).unwrap().len(), 16);
}
