//! The contract of a user store: every operation, with every way in which it can fail.

use super::random_queries::query;
use scieve_users::{
    CursorKey, Decision, Failure, Fixture, INVITE_SECONDS, Invitation, InviteCode, InviteResult,
    Invitee, MAX_ID_BYTES, MAX_KEY_BYTES, MAX_STRING_BYTES, MailError, Mailer, NewUser, Operation,
    Page, Query, Reference, SilentMailer, Sort, SortKey, Status, StoreError, User, UserStore,
    Window,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// A store without users and with a clock of its own.
pub(crate) struct TestStore<S> {
    pub(crate) store: S,
    /// Advances the clock by milliseconds.
    pub(crate) advance: Box<dyn Fn(i64)>,
    /// The database of the store, deleted on drop.
    pub(crate) guard: Option<Box<dyn std::any::Any>>,
}

pub(crate) const TENANT: &str = "q3VRZ4YMixRaLKEPhkZWM-XMIDN7cO8f";

const ALICE: &str = "62716ab404a7bd8626af9bd6";
const BOB: &str = "62716ac4c7e500e13ff5fa22";
const DMITRI: &str = "626949bf017b657805080bbe";
const GRACE: &str = "63a1f00c2b6de10011aa0007";
const YUKI: &str = "63a1f00c2b6de10011aa000d";

/// Parses PATCH operations.
pub(crate) fn body(operations: Value) -> Vec<Operation> {
    Operation::parse_all(&operations).unwrap()
}

pub(crate) fn invitee(email: &str, resend: bool) -> Invitee {
    Invitee { email: email.into(), name: None, resend, language: "en".into() }
}

/// Checks the whole contract.
pub(crate) async fn check_contract<S: UserStore>(make: impl AsyncFn() -> TestStore<S>) {
    tenants_are_isolated(make().await).await;
    tenants_with_the_same_ids_are_isolated(make().await).await;
    strings_have_limits(make().await).await;
    lists(loaded(&make).await).await;
    finds_users_by_subject(loaded(&make).await).await;
    creates(loaded(&make).await).await;
    patches(loaded(&make).await).await;
    deletes(loaded(&make).await).await;
    invites(loaded(&make).await).await;
    loads(loaded(&make).await).await;
    long_names(make().await).await;
}

/// Returns a store with the users of the example fixture.
async fn loaded<S: UserStore>(make: impl AsyncFn() -> TestStore<S>) -> TestStore<S> {
    let test_store = make().await;
    let fixture = Fixture::from_json(include_str!("../../../../../examples/fixture.json")).unwrap();
    test_store.store.load(TENANT, fixture.roles, fixture.groups, fixture.users).await.unwrap();
    test_store
}

fn new(subject: &str) -> NewUser {
    NewUser { subject: subject.into(), ..NewUser::default() }
}

/// Returns the names of the users that match a filter, in the order of names.
async fn names_matching<S: UserStore>(store: &S, filter: &str) -> Vec<String> {
    let plan = scieve_users::policy().parse(filter).unwrap();
    let page = store
        .list(TENANT, &query(Some(&plan), !filter.contains("status"), Sort::default(), 100))
        .await
        .unwrap();
    page.users.iter().map(|user| user.name.clone()).collect()
}

async fn tenants_are_isolated<S: UserStore>(TestStore { store, guard: _guard, .. }: TestStore<S>) {
    let everyone = query(None, false, Sort::default(), 100);
    assert_eq!(store.list("unknown", &everyone).await, Ok(Page::default()));
    assert_eq!(store.count("unknown").await, Ok(0));
    assert_eq!(store.get("unknown", "1").await, Err(StoreError::NotFound));
    assert_eq!(store.delete("unknown", "1").await, Err(StoreError::NotFound));
    assert_eq!(store.patch("unknown", "1", &[]).await, Err(StoreError::NotFound));
    assert_eq!(store.roles("unknown").await, Ok(vec![]));
    let mine = store.create("mine", new("s")).await.unwrap();
    let other = store.create("other", new("s")).await.unwrap();
    assert_eq!((mine.tenant_id.as_str(), other.tenant_id.as_str()), ("mine", "other"));
    assert_eq!(store.get("mine", &mine.id).await, Ok(Arc::clone(&mine)));
    assert_eq!(store.get("mine", &other.id).await, Err(StoreError::NotFound));
    assert_eq!(store.delete("mine", &other.id).await, Err(StoreError::NotFound));
    assert_eq!(store.patch("mine", &other.id, &[]).await, Err(StoreError::NotFound));
    store.invite("mine", &[invitee("x@y", false)], &SilentMailer).await.unwrap();
    for (tenant, count, own) in [("mine", 2, &mine), ("other", 1, &other)] {
        for filter in [
            "",
            r#"subject eq "s""#,
            r#"name co "s""#,
            r#"id eq "1" or name co "S""#,
            r#"status eq "invited""#,
        ] {
            let plan = (!filter.is_empty()).then(|| scieve_users::policy().parse(filter).unwrap());
            for key in SortKey::ALL {
                let list = Query {
                    total: true,
                    ..query(plan.as_ref(), false, Sort { key, descending: false }, 10)
                };
                let page = store.list(tenant, &list).await.unwrap();
                assert!(page.users.iter().all(|user| user.tenant_id == tenant));
                assert!(page.users.contains(own));
            }
        }
        assert_eq!(store.count(tenant).await, Ok(count));
    }
    let role = serde_json::from_value(
        json!([{"id": "r", "name": "R", "type": "custom", "level": "user"}]),
    )
    .unwrap();
    store.load("mine", role, vec![], vec![]).await.unwrap();
    assert_eq!(store.roles("other").await, Ok(vec![]));
}

/// Two tenants whose users have the same ids and subjects: writes to one do not change the other.
async fn tenants_with_the_same_ids_are_isolated<S: UserStore>(
    TestStore { store, guard: _guard, .. }: TestStore<S>,
) {
    let fixture =
        || Fixture::from_json(include_str!("../../../../../examples/fixture.json")).unwrap();
    let Fixture { roles, groups, mut users, .. } = fixture();
    store.load(TENANT, roles.clone(), groups.clone(), users.clone()).await.unwrap();
    for user in &mut users {
        user.tenant_id = "twin".into();
        user.name.insert_str(0, "Twin ");
        user.assigned_roles.clear();
    }
    users.retain(|user| user.id != GRACE);
    store.load("twin", roles, groups, users).await.unwrap();
    let everyone = query(None, false, Sort::default(), 100);
    let twins = store.list("twin", &everyone).await.unwrap();
    assert_eq!(
        (twins.users.len(), store.list(TENANT, &everyone).await.unwrap().users.len()),
        (12, 13)
    );
    assert!(
        twins.users.iter().all(|user| user.tenant_id == "twin" && user.name.starts_with("Twin "))
    );
    for filter in [
        r#"name co "twin""#,
        r#"assignedRoles.name eq "TenantAdmin""#,
        r#"subject eq "auth0|e5" or assignedRoles.name eq "developer""#,
    ] {
        let plan = scieve_users::policy().parse(filter).unwrap();
        for (tenant, twin) in [("twin", true), (TENANT, false)] {
            let found = store
                .list(tenant, &Query { plan: Some(&plan), total: true, ..everyone.clone() })
                .await
                .unwrap();
            assert!(
                found
                    .users
                    .iter()
                    .all(|user| user.name.starts_with("Twin ") == twin && user.tenant_id == tenant),
                "{filter}"
            );
            let mut all = store.list(tenant, &everyone).await.unwrap().users;
            all.retain(|user| plan.matches(user));
            assert_eq!(
                (found.total, found.users),
                (Some(all.len() as u64), all),
                "{tenant} {filter}"
            );
        }
    }
    assert_eq!(store.get("twin", GRACE).await, Err(StoreError::NotFound));
    assert_eq!(store.delete("twin", GRACE).await, Err(StoreError::NotFound));
    let rename = body(
        json!([{"op": "replace", "path": "/name", "value": "New"}, {"op": "replace", "path": "/assignedRoles", "value": [{"name": "Developer"}]}]),
    );
    store.patch(TENANT, GRACE, &rename).await.unwrap();
    store.delete(TENANT, BOB).await.unwrap();
    let bob = twins.users.iter().find(|user| user.id == BOB).unwrap();
    store.create(TENANT, new(&bob.subject)).await.unwrap();
    assert!(matches!(
        store.create("twin", new(&bob.subject)).await,
        Err(StoreError::SubjectTaken { .. })
    ));
    store
        .invite(
            TENANT,
            &[invitee("yuki@corp.example", true), invitee("new@corp.example", false)],
            &SilentMailer,
        )
        .await
        .unwrap();
    let roles = json!([{"id": "605a1c2151382ffc836af861", "name": "Renamed", "type": "custom", "level": "user"}]);
    store.load(TENANT, serde_json::from_value(roles).unwrap(), vec![], vec![]).await.unwrap();
    assert_eq!(store.list("twin", &everyone).await.unwrap(), twins);
    assert_eq!((store.count("twin").await, store.count(TENANT).await), (Ok(11), Ok(13)));
    assert!(store.roles("twin").await.unwrap().iter().all(|role| role.name != "Renamed"));
    assert_eq!(store.get_by_subject("twin", &bob.subject).await.as_ref(), Ok(bob));
    assert_ne!(store.get_by_subject(TENANT, &bob.subject).await.unwrap().id, BOB);
}

async fn lists<S: UserStore>(TestStore { store, guard: _guard, .. }: TestStore<S>) {
    let everyone = store
        .list(TENANT, &Query { total: true, ..query(None, true, Sort::default(), 5) })
        .await
        .unwrap();
    let names: Vec<_> = everyone.users.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["Alice", "alice", "Bob", "Carla Gómez", "Frank"]);
    assert_eq!((everyone.has_previous, everyone.has_next, everyone.total), (false, true, Some(12)));
    assert_eq!(
        names_matching(
            &store,
            r#"(name eq "Bob" or name eq "Alice") and (status eq "active" or status eq "disabled")"#
        )
        .await,
        ["Alice", "Bob"]
    );
    assert_eq!(names_matching(&store, r#"status eq "deleted""#).await, ["Dmitri Ivanov"]);
    assert_eq!(names_matching(&store, r#"name eq "dmitri ivanov""#).await, [""; 0]);
    assert_eq!(names_matching(&store, r#"assignedRoles.name eq "DEVELOPER" or assignedGroups.id eq "6425d62641d2b80a9a0f92c3""#).await.len(), 4);
    assert_eq!(
        names_matching(&store, r#"email co "CORP.EXAMPLE" and id eq "62716AB404A7BD8626AF9BD6""#)
            .await,
        ["Alice"]
    );
    assert_eq!(
        names_matching(&store, r#"name co "é" or subject eq "AUTH0|E5""#).await,
        ["José \"Pepe\" Núñez", "Élodie Lefèvre"]
    );
    let bounds = Query {
        id_above: Some(BOB.into()),
        id_below: Some(GRACE.into()),
        ..query(None, false, Sort { key: SortKey::Id, descending: false }, 9)
    };
    let page = store.list(TENANT, &bounds).await.unwrap();
    assert_eq!(
        page.users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(),
        ["Élodie Lefèvre", "Frank"]
    );
    let empty = store.list(TENANT, &query(None, true, Sort::default(), 0)).await.unwrap();
    assert!(empty.users.is_empty() && empty.has_next);
}

async fn finds_users_by_subject<S: UserStore>(
    TestStore { store, guard: _guard, .. }: TestStore<S>,
) {
    let carla = store.get_by_subject(TENANT, r"CORP\cgomez").await.unwrap();
    assert_eq!(carla.name, "Carla Gómez");
    // Subjects come from the identity provider and are compared exactly; filters ignore case.
    let upper = r"CORP\CGOMEZ";
    assert_eq!(store.get_by_subject(TENANT, upper).await, Err(StoreError::NotFound));
    assert_eq!(names_matching(&store, r#"subject eq "CORP\\CGOMEZ""#).await, ["Carla Gómez"]);
    store.create(TENANT, new(upper)).await.unwrap();
    assert_eq!(store.get_by_subject(TENANT, upper).await.unwrap().subject, upper);
    assert_eq!(store.get_by_subject(TENANT, r"CORP\cgomez").await, Ok(carla));
    for unknown in ["", "a\0b", r"CORP\divanov"] {
        assert_eq!(
            store.get_by_subject(TENANT, unknown).await,
            Err(StoreError::NotFound),
            "{unknown:?}"
        );
    }
    assert_eq!(store.get_by_subject("unknown", upper).await, Err(StoreError::NotFound));
    let plan = scieve_users::policy().parse(r#"name co "b""#).unwrap();
    let list = query(None, true, Sort::default(), 100);
    let filtered = store.list(TENANT, &Query { plan: Some(&plan), ..list.clone() }).await.unwrap();
    assert!(filtered.users.len() < store.list(TENANT, &list).await.unwrap().users.len());
    assert!(store.metadata(TENANT).await.unwrap().contains(&"TenantAdmin"));
}

async fn creates<S: UserStore>(TestStore { store, advance, guard: _guard }: TestStore<S>) {
    let role = Reference::Name("Developer".into());
    let new_user = NewUser {
        name: Some("John Smith".into()),
        email: Some("john.smith@corp.example".into()),
        picture: Some("https://corp.example/docs/jsmith.png".into()),
        assigned_roles: vec![role.clone(), Reference::Id("605a1c2151382ffc836af861".into()), role],
        ..new("1234asdasa6789")
    };
    let john = store.create(TENANT, new_user.clone()).await.unwrap();
    assert_eq!(
        (john.name.as_str(), john.status, john.subject.as_str()),
        ("John Smith", Status::Invited, "1234asdasa6789")
    );
    assert_eq!(
        john.assigned_roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(),
        ["Developer", "TenantAdmin"]
    );
    assert_eq!(john.created_at, john.last_updated_at);
    assert_eq!(john.invite_expiry, Some(john.created_at.millis() / 1000 + INVITE_SECONDS));
    assert!(
        john.id.len() == 24
            && john.id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        "{}",
        john.id
    );
    assert_eq!(store.get(TENANT, &john.id).await, Ok(Arc::clone(&john)));
    assert_eq!(names_matching(&store, r#"subject eq "1234ASDASA6789""#).await, ["John Smith"]);
    advance(1);
    let taken = StoreError::SubjectTaken { subject: new_user.subject.clone() };
    assert_eq!(store.create(TENANT, new_user).await, Err(taken));
    // Subjects are compared exactly, and e-mail addresses need not be unique.
    let uppercase = NewUser { email: john.email.clone(), ..new("1234ASDASA6789") };
    let second = store.create(TENANT, uppercase).await.unwrap();
    assert_eq!(second.name, "john.smith@corp.example");
    assert!(second.id > john.id && second.created_at > john.created_at);
    assert_eq!(names_matching(&store, r#"email eq "John.Smith@corp.example""#).await.len(), 2);
    let third = store
        .create(TENANT, NewUser { name: Some(String::new()), ..new("just a subject") })
        .await
        .unwrap();
    assert!(third.id > second.id);
    assert_eq!((third.name.as_str(), &third.email), ("just a subject", &None));
    let invalid = |user: NewUser| {
        let store = &store;
        async move {
            match store.create(TENANT, user).await {
                Err(StoreError::Invalid { pointer, .. }) => pointer,
                other => panic!("{other:?}"),
            }
        }
    };
    let roles =
        |name: &str| vec![Reference::Name("Developer".into()), Reference::Name(name.into())];
    assert_eq!(invalid(new("")).await, "/subject");
    assert_eq!(
        invalid(NewUser { email: Some("not an address".into()), ..new("a") }).await,
        "/email"
    );
    assert_eq!(
        invalid(NewUser { assigned_roles: roles("Nothing"), ..new("a") }).await,
        "/assignedRoles/1"
    );
    assert_eq!(
        invalid(NewUser { email: Some("@".into()), ..new("1234asdasa6789") }).await,
        "/email"
    );
    assert_eq!(store.count(TENANT).await, Ok(15));
    let mut last = third.id.clone();
    for subject in 0..50 {
        let next = store.create(TENANT, new(&format!("quick {subject}"))).await.unwrap().id.clone();
        assert!(next > last);
        last = next;
    }
}

async fn patches<S: UserStore>(TestStore { store, advance, guard: _guard }: TestStore<S>) {
    advance(5000);
    let before = store.get(TENANT, YUKI).await.unwrap();
    let nothing = store.patch(TENANT, YUKI, &[]).await.unwrap();
    assert_eq!((nothing.changed, &nothing.user), (false, &before));
    let operations = body(json!([
        {"op": "replace", "path": "/preferredLocale", "value": "ja"},
        {"op": "replace", "path": "/assignedRoles", "value": [{"name": "Developer"}, {"name": "Nothing"}]},
    ]));
    let patched = store.patch(TENANT, YUKI, &operations).await.unwrap();
    assert!(patched.changed);
    assert_eq!(
        patched.failures,
        [Failure { pointer: "/1/value/1".into(), message: "unknown role `Nothing`".into() }]
    );
    let after = store.get(TENANT, YUKI).await.unwrap();
    assert_eq!(after, patched.user);
    assert_eq!(
        (after.preferred_locale.as_deref(), &after.assigned_roles),
        (Some("ja"), &before.assigned_roles)
    );
    assert!(
        after.last_updated_at > before.last_updated_at && after.created_at == before.created_at
    );
    let nothing = store.patch(TENANT, YUKI, operations.get(1..).unwrap()).await;
    assert_eq!(nothing, Err(StoreError::invalid("/1/value/1", "unknown role `Nothing`")));
    assert_eq!(store.get(TENANT, YUKI).await, Ok(after));
    let renew = body(
        json!([{"op": "replace", "path": "/name", "value": "New"}, {"op": "renew", "path": "/inviteExpiry"}]),
    );
    assert!(
        matches!(store.patch(TENANT, YUKI, &renew).await, Err(StoreError::Invalid { pointer, .. }) if pointer == "/1/path")
    );
    assert_eq!(store.get(TENANT, YUKI).await.unwrap().name, "Yuki");
    assert!(
        store.patch(TENANT, GRACE, &renew).await.unwrap().user.invite_expiry < Some(4_102_444_800)
    );
    assert_eq!(names_matching(&store, r#"name eq "new""#).await, ["New"]);
    assert_eq!(names_matching(&store, r#"name eq "Grace Query""#).await, [""; 0]);
    for id in [DMITRI, "62716ab404a7bd8626af0000", "", &ALICE.to_uppercase()] {
        assert_eq!(store.patch(TENANT, id, &renew).await, Err(StoreError::NotFound));
    }
}

async fn deletes<S: UserStore>(TestStore { store, guard: _guard, .. }: TestStore<S>) {
    let bob = store.get(TENANT, BOB).await.unwrap();
    assert_eq!(store.delete(TENANT, BOB).await, Ok(()));
    assert_eq!(store.delete(TENANT, BOB).await, Err(StoreError::NotFound));
    assert_eq!(store.delete(TENANT, DMITRI).await, Err(StoreError::NotFound));
    assert_eq!(store.get(TENANT, BOB).await, Err(StoreError::NotFound));
    assert_eq!(store.count(TENANT).await, Ok(11));
    assert_eq!(names_matching(&store, r#"name eq "Bob""#).await, [""; 0]);
    assert_eq!(names_matching(&store, r#"status eq "deleted""#).await, ["Bob", "Dmitri Ivanov"]);
    // The subject is available again.
    let again = store.create(TENANT, new(&bob.subject)).await.unwrap();
    assert_ne!(again.id, BOB);
    assert_eq!(store.delete(TENANT, GRACE).await, Ok(()));
    let plan = scieve_users::policy()
        .parse(&format!("id eq \"{GRACE}\" and status eq \"deleted\""))
        .unwrap();
    let page = store.list(TENANT, &query(Some(&plan), false, Sort::default(), 1)).await.unwrap();
    assert_eq!(page.users[0].invite_expiry, None);
}

/// A mailer that records mails, or fails if it is `broken`.
#[derive(Default)]
struct RecordingMailer {
    sent: Mutex<Vec<(String, String)>>,
    broken: bool,
}

impl Mailer for RecordingMailer {
    fn send(&self, invitation: &Invitation<'_>) -> Result<(), MailError> {
        if self.broken {
            return Err(MailError("no route".into()));
        }
        assert_eq!(invitation.tenant, TENANT);
        self.sent.lock().unwrap().push((invitation.email.into(), invitation.user_id.into()));
        Ok(())
    }
}

async fn invites<S: UserStore>(TestStore { store, advance, guard: _guard }: TestStore<S>) {
    let mailer = RecordingMailer::default();
    let one = |email: &'static str, resend, mailer| {
        let store = &store;
        async move { store.invite(TENANT, &[invitee(email, resend)], mailer).await.unwrap().remove(0) }
    };
    let error = |result: &InviteResult| match result {
        InviteResult::Error { code, .. } => *code,
        other => panic!("{other:?}"),
    };
    assert_eq!(store.invite(TENANT, &[], &mailer).await, Ok(vec![]));
    let three = [
        invitee("new@corp.example", false),
        invitee("nowhere", false),
        invitee("NEW@corp.example", false),
    ];
    let answers = store.invite(TENANT, &three, &mailer).await.unwrap();
    let InviteResult::Ok { email, user_id, subject } = &answers[0] else { panic!("{answers:?}") };
    assert_eq!(email, "new@corp.example");
    assert_eq!(subject.len(), 36);
    assert_eq!(subject.as_bytes()[14], b'4');
    assert_eq!(error(&answers[1]), InviteCode::BadAddress);
    assert_eq!(
        answers[2],
        InviteResult::Exists {
            email: "NEW@corp.example".into(),
            user_id: user_id.clone(),
            subject: subject.clone()
        }
    );
    let user = store.get(TENANT, user_id).await.unwrap();
    assert_eq!(
        (user.name.as_str(), user.status, &user.subject),
        ("new@corp.example", Status::Invited, subject)
    );
    advance(60_000);
    assert!(matches!(one("new@corp.example", true, &mailer).await, InviteResult::Ok { .. }));
    let renewed = store.get(TENANT, user_id).await.unwrap();
    assert_eq!(renewed.invite_expiry, user.invite_expiry.map(|expiry| expiry + 60));
    assert!(renewed.last_updated_at > user.last_updated_at);
    // Provisioned users have no expiry, and renewing adds none.
    assert!(matches!(one("yuki@corp.example", false, &mailer).await, InviteResult::Exists { .. }));
    assert!(
        matches!(one("yuki@corp.example", true, &mailer).await, InviteResult::Ok { user_id, .. } if user_id == YUKI)
    );
    assert_eq!(store.get(TENANT, YUKI).await.unwrap().invite_expiry, None);
    assert!(
        matches!(one("alice@corp.example", false, &mailer).await, InviteResult::Exists { user_id, .. } if user_id == ALICE)
    );
    assert_eq!(error(&one("alice@corp.example", true, &mailer).await), InviteCode::ActiveUser);
    assert_eq!(error(&one("bob@corp.example", false, &mailer).await), InviteCode::DisabledUser);
    assert_eq!(error(&one("bob@corp.example", true, &mailer).await), InviteCode::DisabledUser);
    let InviteResult::Ok { user_id: second, .. } = one("dmitri@old.example", false, &mailer).await
    else {
        panic!()
    };
    assert_ne!(second, DMITRI);
    let sent = mailer.sent.lock().unwrap().clone();
    assert_eq!(
        sent.iter().map(|(email, _)| email.as_str()).collect::<Vec<_>>(),
        ["new@corp.example", "new@corp.example", "yuki@corp.example", "dmitri@old.example"]
    );
    assert_eq!(&sent[0].1, user_id);
    // An invitation whose mail cannot be sent has no effect.
    let broken = RecordingMailer { broken: true, ..RecordingMailer::default() };
    let count = store.count(TENANT).await;
    for (email, resend) in
        [("other@corp.example", false), ("other@corp.example", true), ("grace@corp.example", true)]
    {
        assert_eq!(error(&one(email, resend, &broken).await), InviteCode::Mail);
    }
    assert_eq!(store.count(TENANT).await, count);
    assert_eq!(store.get(TENANT, GRACE).await.unwrap().invite_expiry, Some(4_102_444_800));
    assert!(matches!(one("grace@corp.example", false, &broken).await, InviteResult::Exists { .. }));
}

async fn loads<S: UserStore>(TestStore { store, guard: _guard, .. }: TestStore<S>) {
    let alice = store.get(TENANT, ALICE).await.unwrap();
    let other = User { id: "7".into(), subject: "seven".into(), ..(*alice).clone() };
    let count = store.count(TENANT).await;
    let load = |users: Vec<User>| store.load(TENANT, vec![], vec![], users);
    let ok = User { id: "8".into(), subject: "eight".into(), ..other.clone() };
    assert!(
        matches!(load(vec![ok.clone(), User { id: ALICE.into(), ..other.clone() }]).await, Err(StoreError::Invalid { pointer, .. }) if pointer == "/users/1/id")
    );
    assert!(load(vec![ok.clone(), ok.clone()]).await.is_err());
    assert!(matches!(
        load(vec![ok.clone(), User { subject: alice.subject.clone(), ..other.clone() }]).await,
        Err(StoreError::SubjectTaken { .. })
    ));
    assert!(
        load(vec![ok.clone(), User { tenant_id: "another".into(), ..other.clone() }])
            .await
            .is_err()
    );
    assert_eq!(store.count(TENANT).await, count);
    let gone = User { subject: alice.subject.clone(), status: Status::Deleted, ..other };
    assert_eq!(load(vec![ok, gone]).await, Ok(()));
    assert_eq!(names_matching(&store, r#"subject eq "eight""#).await, ["Alice"]);
    let mut roles = store.roles(TENANT).await.unwrap();
    roles[0].name = "Renamed".into();
    let renamed = roles[0].clone();
    store.load(TENANT, vec![renamed.clone()], vec![], vec![]).await.unwrap();
    assert_eq!(store.roles(TENANT).await, Ok(roles));
    assert_eq!(store.groups(TENANT).await.unwrap().len(), 3);
}

/// Names of the maximum length that differ only at the end are ordered, and their cursors stay
/// short.
async fn long_names<S: UserStore>(TestStore { store, guard: _guard, .. }: TestStore<S>) {
    let long = "é".repeat((MAX_KEY_BYTES - 2) / 2);
    for end in ["b", "a", ""] {
        store
            .create(
                TENANT,
                NewUser { name: Some(format!("{long}{end}")), ..new(&format!("s{end}")) },
            )
            .await
            .unwrap();
    }
    store.create(TENANT, NewUser { name: Some("É".repeat(3)), ..new("short") }).await.unwrap();
    let mut seen = Vec::new();
    let mut list = query(None, true, Sort::default(), 1);
    loop {
        let page = store.list(TENANT, &list).await.unwrap();
        seen.push(page.users[0].subject.clone());
        if !page.has_next {
            break;
        }
        let position = scieve_users::Position::of(&page.users[0], list.sort);
        assert!(position.key.len() <= SortKey::MAX_BYTES + 1);
        let cursor =
            scieve_users::Cursor::new(list.sort, scieve_users::Direction::Next, position, None);
        assert!(cursor.encode(&CursorKey::new(b"k"), TENANT).len() < 2000);
        list.window = cursor.window();
    }
    assert_eq!(seen, ["short", "s", "sa", "sb"]);
    let names = scieve_users::policy().parse(&format!("name eq \"{long}A\"")).unwrap();
    let page = store.list(TENANT, &query(Some(&names), true, Sort::default(), 5)).await.unwrap();
    assert_eq!(page.users.iter().map(|user| user.subject.as_str()).collect::<Vec<_>>(), ["sa"]);
    // Filters may contain strings that are longer than any stored one.
    let longer = scieve_users::policy()
        .parse(&format!("name co \"{long}aaa\" or subject eq \"{}\"", "x".repeat(9000)))
        .unwrap();
    assert_eq!(
        store
            .list(TENANT, &query(Some(&longer), true, Sort::default(), 5))
            .await
            .unwrap()
            .users
            .len(),
        0
    );
}

/// All stores reject strings that are too long, in themselves or folded, and U+0000.
async fn strings_have_limits<S: UserStore>(TestStore { store, guard: _guard, .. }: TestStore<S>) {
    let invalid = |result: Result<_, StoreError>| match result {
        Err(StoreError::Invalid { pointer, message }) => (pointer, message),
        other => panic!("{other:?}"),
    };
    let long = |bytes: usize| "x".repeat(bytes);
    // Two bytes per character, which fold to three.
    let growing = "ŉ".repeat(MAX_KEY_BYTES / 2);
    assert!(growing.len() <= MAX_KEY_BYTES && scieve::fold_key(&growing).len() > MAX_KEY_BYTES);
    let fits = NewUser {
        name: Some(long(MAX_KEY_BYTES)),
        // The limits of RFC 5321 sections 4.5.3.1.1 and of DNS labels are lower.
        email: Some(format!("{}@{}.example", long(64), long(63))),
        picture: Some(long(MAX_STRING_BYTES)),
        ..new(&long(MAX_KEY_BYTES))
    };
    let stored = store.create(TENANT, fits.clone()).await.unwrap();
    assert_eq!(store.get(TENANT, &stored.id).await.unwrap(), stored);
    for wrong in [long(MAX_KEY_BYTES + 1), growing, "a\0b".to_owned()] {
        let (at, message) = invalid(store.create(TENANT, new(&wrong)).await);
        assert_eq!(at, "/subject");
        assert!(message.contains("1020") || message.contains("control characters"), "{message}");
        assert_eq!(
            invalid(store.create(TENANT, NewUser { name: Some(wrong.clone()), ..new("a") }).await)
                .0,
            "/name"
        );
        let address = format!("{wrong}@x");
        assert_eq!(
            invalid(
                store.create(TENANT, NewUser { email: Some(address.clone()), ..new("a") }).await
            )
            .0,
            "/email"
        );
        let read =
            Operation::parse_all(&json!([{"op": "replace", "path": "/name", "value": wrong}]));
        assert!(matches!(read, Err(StoreError::Invalid { pointer, .. }) if pointer == "/0/value"));
        let two = [
            Invitee { name: Some(wrong.clone()), ..invitee("a@b", false) },
            invitee("c@d", false),
            invitee(&address, false),
        ];
        let answers = store.invite(TENANT, &two, &SilentMailer).await.unwrap();
        let refused = |answer: &InviteResult| {
            matches!(
                answer,
                InviteResult::Error { code: InviteCode::BadText | InviteCode::BadAddress, .. }
            )
        };
        assert!(
            refused(&answers[0]) && !refused(&answers[1]) && refused(&answers[2]),
            "{answers:?}"
        );
        let user = User { id: "7".into(), subject: "7".into(), ..(*stored).clone() };
        let load = |user: User| store.load(TENANT, vec![], vec![], vec![user]);
        assert_eq!(
            invalid(
                load(User { client_id: Some(wrong.clone()), ..user.clone() })
                    .await
                    .map(|()| stored.clone())
            )
            .0,
            "/users/0/clientId"
        );
        assert_eq!(
            invalid(
                load(User { id: wrong.clone(), ..user.clone() }).await.map(|()| stored.clone())
            )
            .0,
            "/users/0/id"
        );
        let scopes = vec!["fine".into(), wrong.clone()];
        let scoped =
            load(User { assigned_scopes: scopes, ..user.clone() }).await.map(|()| stored.clone());
        assert_eq!(invalid(scoped).0, "/users/0/assignedScopes/1");
        let role = json!([{"id": "r", "name": wrong, "type": "custom", "level": "user"}]);
        let roles = store.load(TENANT, serde_json::from_value(role).unwrap(), vec![], vec![]).await;
        assert_eq!(invalid(roles.map(|()| stored.clone())).0, "/roles/0/name");
    }
    for wrong in [long(MAX_STRING_BYTES + 1), "\0".to_owned()] {
        assert_eq!(
            invalid(
                store.create(TENANT, NewUser { picture: Some(wrong.clone()), ..new("a") }).await
            )
            .0,
            "/picture"
        );
        let read = Operation::parse_all(
            &json!([{"op": "replace", "path": "/preferredLocale", "value": wrong}]),
        );
        assert!(read.is_err());
    }
    for tenant in [long(MAX_ID_BYTES + 1), "a\0b".to_owned()] {
        assert_eq!(invalid(store.create(&tenant, new("a")).await).0, "/tenantId");
        assert!(store.load(&tenant, vec![], vec![], vec![]).await.is_err());
        assert_eq!(store.count(&tenant).await, Ok(0));
        let all = Query { total: true, ..query(None, false, Sort::default(), 5) };
        assert_eq!(store.list(&tenant, &all).await, Ok(Page { total: Some(0), ..Page::default() }));
        assert_eq!(store.get_by_subject(&tenant, "a").await, Err(StoreError::NotFound));
    }
    // Operands, ids and subjects in requests may be arbitrary strings.
    for odd in ["a\0b", &long(70_000), "\0", "\u{10FFFF}"] {
        assert_eq!(store.get(TENANT, odd).await, Err(StoreError::NotFound));
        assert_eq!(store.patch(TENANT, odd, &[]).await, Err(StoreError::NotFound));
        assert_eq!(store.delete(TENANT, odd).await, Err(StoreError::NotFound));
        assert_eq!(store.get_by_subject(TENANT, odd).await, Err(StoreError::NotFound));
    }
    store.create(TENANT, new("odd")).await.unwrap();
    let everyone = store
        .list(TENANT, &query(None, true, Sort { key: SortKey::Id, descending: false }, 9))
        .await
        .unwrap()
        .users;
    let ids = |users: &[Arc<User>]| users.iter().map(|user| user.id.clone()).collect::<Vec<_>>();
    let middle = everyone[1].id.clone();
    for bound in [
        middle.clone(),
        format!("{middle}\0"),
        format!("{middle}\0z"),
        middle[..9].to_owned() + "\0",
        "\0".to_owned(),
        String::new(),
    ] {
        let list = query(None, true, Sort { key: SortKey::Id, descending: false }, 9);
        let expected = |keep: &dyn Fn(&str) -> bool| {
            ids(&everyone).into_iter().filter(|id| keep(id)).collect::<Vec<_>>()
        };
        let page = store
            .list(TENANT, &Query { id_above: Some(bound.clone()), ..list.clone() })
            .await
            .unwrap();
        assert_eq!(ids(&page.users), expected(&|id| id > bound.as_str()), "{bound:?}");
        let page = store
            .list(TENANT, &Query { id_below: Some(bound.clone()), ..list.clone() })
            .await
            .unwrap();
        assert_eq!(ids(&page.users), expected(&|id| id < bound.as_str()), "{bound:?}");
        for key in SortKey::ALL {
            for descending in [false, true] {
                let sort = Sort { key, descending };
                let mut sorted: Vec<_> =
                    everyone.iter().map(|user| scieve_users::Position::of(user, sort)).collect();
                sorted.sort();
                for place in
                    [&bound, &sorted[0].key, &format!("{}\0", sorted[1].key), "1", "2", "3"]
                        .map(|key| key.to_owned())
                {
                    let place = scieve_users::Position { key: place, id: bound.clone() };
                    for (window, above) in [
                        (Window::After(place.clone()), !descending),
                        (Window::Before(place.clone()), descending),
                    ] {
                        let page = store
                            .list(TENANT, &Query { sort, window: window.clone(), ..list.clone() })
                            .await
                            .unwrap();
                        let mut expected: Vec<_> = sorted
                            .iter()
                            .filter(|one| if above { **one > place } else { **one < place })
                            .map(|one| one.id.clone())
                            .collect();
                        if descending {
                            expected.reverse();
                        }
                        assert_eq!(ids(&page.users), expected, "{sort:?} {window:?}");
                        let others = expected.len() < sorted.len();
                        let (behind, beyond) = if matches!(window, Window::After(_)) {
                            (page.has_previous, page.has_next)
                        } else {
                            (page.has_next, page.has_previous)
                        };
                        assert_eq!((behind, beyond), (others, false), "{sort:?} {window:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn decision_depends_on_status_and_resend() {
    let of = |email: &str, resend, status| Decision::of(&invitee(email, resend), status);
    for resend in [false, true] {
        assert_eq!(of("a@b", resend, None), Decision::Create);
        assert_eq!(of("a@b", resend, Some(Status::Deleted)), Decision::Create);
        assert_eq!(
            of("a@b", resend, Some(Status::Disabled)),
            Decision::Refuse(InviteCode::DisabledUser)
        );
        for bad in ["", "@", "a@", "@b", "a b@c", "a@b@c", "a\n@b", "plain"] {
            assert_eq!(of(bad, resend, None), Decision::Refuse(InviteCode::BadAddress), "{bad:?}");
        }
    }
    for status in [Status::Invited, Status::Provisioned] {
        assert_eq!(of("a@b", false, Some(status)), Decision::Exists);
        assert_eq!(of("a@b", true, Some(status)), Decision::Renew);
    }
    assert_eq!(of("a@b", false, Some(Status::Active)), Decision::Exists);
    assert_eq!(of("a@b", true, Some(Status::Active)), Decision::Refuse(InviteCode::ActiveUser));
}

#[test]
fn invitees_parse_from_json() {
    let read = |body: Value| Invitee::parse_all(&body);
    let pointer = |body: Value| match read(body).unwrap_err() {
        StoreError::Invalid { pointer, .. } => pointer,
        other => panic!("{other:?}"),
    };
    assert_eq!(read(json!({"invitees": []})), Ok(vec![]));
    let full = json!({"invitees": [{"email": "a@b", "name": null, "resend": null, "language": "FR"}, {"email": "x", "resend": true, "language": "xx", "name": "N"}]});
    let read_full = read(full).unwrap();
    assert_eq!(read_full[0], Invitee { language: "fr".into(), ..invitee("a@b", false) });
    assert_eq!(read_full[1], Invitee { name: Some("N".into()), ..invitee("x", true) });
    for (body, at) in [
        (json!([]), ""),
        (json!({}), "/invitees"),
        (json!({"invitees": {}}), "/invitees"),
        (json!({"invitees": [1]}), "/invitees/0"),
        (json!({"invitees": [{"email": "a@b"}, {"name": "x"}]}), "/invitees/1/email"),
        (json!({"invitees": [{"email": 1}]}), "/invitees/0/email"),
        (json!({"invitees": [{"email": "a@b", "resend": "yes"}]}), "/invitees/0/resend"),
        (json!({"invitees": [{"email": "a@b", "language": 1}]}), "/invitees/0/language"),
    ] {
        assert_eq!(pointer(body), at);
    }
}

#[test]
fn invite_results_serialise_as_items() {
    let error = InviteResult::error(&invitee("a@b", false), InviteCode::Mail, Some("why".into()));
    let item = serde_json::to_value(error).unwrap();
    assert_eq!(
        item,
        json!({"status": "error", "code": "1003", "title": "The invitation could not be sent", "detail": "why", "email": "a@b"})
    );
    let ok = InviteResult::Ok { email: "a@b".into(), user_id: "7".into(), subject: "s".into() };
    assert_eq!(
        serde_json::to_value(ok).unwrap(),
        json!({"status": "ok", "email": "a@b", "userId": "7", "subject": "s"})
    );
}
