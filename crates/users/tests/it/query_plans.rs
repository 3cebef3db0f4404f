//! Query plans of lists over 100,000 users: which indexes each database uses, and for which lists
//! it scans all users.
//!
//! The snapshots contain the steps with their indexes and index columns, without costs.

use crate::connection::DbConnection;
use crate::databases::Database;
use regex::{Captures, Regex};
use scieve::{Policy, sql::Dialect};
use scieve_users::{
    Position, Query, Sort, SortKey, SqlOptions, SqlStore, User, UserStore as _, Window,
};
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const USERS: usize = 100_000;

/// A list to explain.
struct Case {
    name: &'static str,
    filter: String,
    query: fn(&[User]) -> Query<'static>,
    /// The databases that have no index for the list and read every user of the tenant.
    scans: &'static [Dialect],
}

const NOWHERE: &[Dialect] = &[];
/// Databases without a trigram index.
const NO_TRIGRAMS: &[Dialect] = &[Dialect::MySql];
/// Databases that have no index for parts of one or two characters. PostgreSQL walks an index in the
/// order of the list.
const NO_SHORT_PARTS: &[Dialect] = &[Dialect::MySql, Dialect::Sqlite];

fn first(_: &[User]) -> Query<'static> {
    Query { limit: 20, ..Query::default() }
}

fn counted(users: &[User]) -> Query<'static> {
    Query { total: true, ..first(users) }
}

/// Returns the cursor in the middle of all users in that order.
fn middle(users: &[User], key: SortKey) -> Position {
    let mut all: Vec<Position> =
        users.iter().map(|user| Position::of(user, Sort { key, descending: false })).collect();
    let (_, middle, _) = all.select_nth_unstable(users.len() / 2);
    middle.clone()
}

fn deep(users: &[User]) -> Query<'static> {
    Query { window: Window::After(middle(users, SortKey::Name)), ..first(users) }
}

fn deep_backwards(users: &[User]) -> Query<'static> {
    Query { window: Window::Before(middle(users, SortKey::Name)), ..first(users) }
}

fn deep_descending(users: &[User]) -> Query<'static> {
    let sort = Sort { key: SortKey::Email, descending: true };
    Query { window: Window::After(middle(users, SortKey::Email)), sort, ..first(users) }
}

fn by_client(users: &[User]) -> Query<'static> {
    let sort = Sort { key: SortKey::ClientId, descending: false };
    Query { sort, ..first(users) }
}

fn by_id(users: &[User]) -> Query<'static> {
    let sort = Sort { key: SortKey::Id, descending: false };
    Query { id_above: Some(middle(users, SortKey::Id).id), sort, ..first(users) }
}

fn cases(users: &[User]) -> Vec<Case> {
    let case =
        |name, filter: &str, query, scans| Case { name, filter: filter.to_owned(), query, scans };
    let some = &users[USERS / 3];
    let (id, other) = (&some.id, &users[USERS / 7].id);
    let ids: Vec<String> = users
        .iter()
        .step_by(USERS / 100)
        .take(100)
        .map(|user| format!("id eq \"{}\"", user.id))
        .collect();
    let email = users.iter().skip(USERS / 2).find_map(|user| user.email.as_ref()).unwrap();
    let mut clients = users.iter().skip(USERS / 2).filter_map(|user| user.client_id.as_ref());
    let (client, other_client) = (clients.next().unwrap(), clients.next().unwrap());
    let status = "(status eq \"active\" or status eq \"disabled\")";
    vec![
        case("all", "", first, NOWHERE),
        case("all, after the middle", "", deep, NOWHERE),
        case("all, before the middle", "", deep_backwards, NOWHERE),
        case("all, by e-mail address, down from the middle", "", deep_descending, NOWHERE),
        case("all, above an id", "", by_id, NOWHERE),
        case("a name", "name eq \"Bob\"", first, NOWHERE),
        case(
            "two names and a status",
            &format!("(name eq \"Bob\" or name eq \"Alice\") and {status}"),
            first,
            NOWHERE,
        ),
        case(
            "two clients, by client",
            &format!("clientId eq \"{client}\" or clientId eq \"{other_client}\""),
            by_client,
            NOWHERE,
        ),
        case(
            "two ids and a status",
            &format!("(id eq \"{id}\" or id eq \"{other}\") and {status}"),
            first,
            NOWHERE,
        ),
        case(
            "a hundred ids and a status",
            &format!("({}) and {status}", ids.join(" or ")),
            first,
            NOWHERE,
        ),
        case("an e-mail address", &format!("email eq \"{email}\""), first, NOWHERE),
        case("a subject", &format!("subject eq {:?}", some.subject), first, NOWHERE),
        case("a client", &format!("clientId eq \"{client}\""), first, NOWHERE),
        case("a status", "status eq \"deleted\"", first, NOWHERE),
        case("a status, after the middle", "status eq \"invited\"", deep, NOWHERE),
        case("the name of a role", "assignedRoles.name eq \"query\"", first, NOWHERE),
        case("the name of no role", "assignedRoles.name eq \"none\"", first, NOWHERE),
        case("the id of a role", "assignedRoles.id eq \"605a1c2151382ffc836af801\"", deep, NOWHERE),
        case("a group", "assignedGroups.id eq \"6425d62641d2b80a9a0f9203\"", first, NOWHERE),
        case(
            "a role of groups",
            "assignedGroupsAssignedRoles.name eq \"TenantAdmin\"",
            first,
            NOWHERE,
        ),
        case("a scope", "assignedScopes eq \"apps:export\"", first, NOWHERE),
        case(
            "a role or a name",
            "assignedRoles.name eq \"query\" or name eq \"Bob\"",
            counted,
            NOWHERE,
        ),
        case(
            "a role in a group, or a name",
            "assignedRoles.name eq \"Developer\" and assignedScopes eq \"user_default\" or name eq \"Bob\"",
            counted,
            NOWHERE,
        ),
        case(
            "the word query, as documented",
            "name co \"query\" or email co \"query\" or subject co \"query\" or id eq \"query\" or assignedRoles.name eq \"query\"",
            counted,
            NO_TRIGRAMS,
        ),
        case("the start of names", "name sw \"Bob\"", first, NOWHERE),
        case("a part of many names", "name co \"ann\"", first, NO_TRIGRAMS),
        case("a part of few names", "name co \"%20\"", first, NO_TRIGRAMS),
        case("a part of no name", "name co \"qqqqqq\"", deep, NO_TRIGRAMS),
        case("a short part of no name", "name co \"qq\"", first, NO_SHORT_PARTS),
        case("a part of some e-mail addresses", "email co \"ann\"", first, NO_TRIGRAMS),
    ]
}

/// Returns a policy that allows every operator, as the users API does not allow `sw`.
fn policy() -> Policy<User> {
    Policy::new(scieve_users::schema().clone()).unwrap()
}

/// Removes costs and the names of databases, which differ between runs.
pub(crate) fn steps(dialect: Dialect, lines: Vec<String>) -> Vec<String> {
    static DATABASE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"scieve_\d+_\d+\.").unwrap());
    static COSTS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"  \(cost=.*\)$").unwrap());
    static CONDITION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^( *)Index Cond: (.*)$").unwrap());
    static COLUMN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\(*(?:\w+\.)?(\w+)\)*(?:::text)? (= ANY|=|>=|>|<=|<|~~) ").unwrap()
    });
    if dialect != Dialect::Postgres {
        return lines
            .into_iter()
            .map(|line| DATABASE.replace_all(&line, "").into_owned())
            .collect();
    }
    let columns = |text: &str| {
        let column = |found: Captures<'_>| format!("{} {}", &found[1], &found[2]);
        COLUMN.captures_iter(text).map(column).collect::<Vec<_>>().join(", ")
    };
    let step = |line: String| {
        let text = line.trim_start();
        if let Some(found) = CONDITION.captures(&line) {
            return Some(format!("{}[{}]", &found[1], columns(&found[2])));
        }
        let node = text.starts_with("->")
            || !line.starts_with(' ')
            || text.starts_with("InitPlan")
            || text.starts_with("SubPlan");
        let order = text.starts_with("Sort Key") || text.starts_with("Presorted Key");
        (node || order).then(|| COSTS.replace(&line, "").into_owned())
    };
    lines.into_iter().filter_map(step).collect()
}

/// Returns whether the plan may read all users of a tenant: without an index, by an index on the
/// tenant alone, or along an index that has only the order.
fn scans(dialect: Dialect, steps: &[String]) -> bool {
    let sorted = steps.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER"));
    steps.iter().any(|step| match dialect {
        Dialect::Postgres => step.contains("Seq Scan on users"),
        Dialect::MySql => {
            let of_rows =
                step.contains(" | u | ALL") || step.contains(" | u | ref | PRIMARY | const |");
            of_rows || step.contains(" | u | ") && step.ends_with("| Using where; Using index")
        }
        Dialect::Sqlite => {
            let index = step.strip_prefix("SEARCH u USING INDEX ").unwrap_or_default();
            step.starts_with("SCAN u ")
                || step == "SCAN u"
                || index == "sqlite_autoindex_users_1 (tenant=?)"
                || sorted && (index.ends_with(" (tenant=?)") || index.ends_with(">?)"))
        }
    })
}

/// Collects the statistics of the planner over all rows, as samples differ between runs.
async fn analyze(connection: &mut DbConnection) {
    let tables = ["users", "user_roles", "user_groups", "user_group_roles", "user_scopes"];
    match connection.dialect() {
        Dialect::Sqlite => connection.execute("ANALYZE").await,
        Dialect::Postgres => {
            connection.execute("SET default_statistics_target = 1000").await;
            connection.execute("VACUUM ANALYZE").await;
        }
        Dialect::MySql => {
            for table in tables {
                connection
                    .execute(&format!("ALTER TABLE {table} STATS_SAMPLE_PAGES = 10000"))
                    .await;
                connection.execute(&format!("ANALYZE TABLE {table}")).await;
            }
        }
    }
}

async fn check_plans(dialect: Dialect) {
    let users: Vec<User> = scieve_users::sample(USERS).collect();
    let tenant = users[0].tenant_id.clone();
    let database = Database::of(dialect).await;
    let started = Instant::now();
    let options = SqlOptions::default().statement_timeout(Duration::from_secs(120));
    let store = SqlStore::connect(&database.url, options).await.unwrap();
    for users in users.chunks(20_000) {
        store.load(&tenant, Vec::new(), Vec::new(), users.to_vec()).await.unwrap();
    }
    eprintln!("{dialect}: loaded in {:?}", started.elapsed());
    let mut connection = DbConnection::open(database).await;
    analyze(&mut connection).await;
    eprintln!("{dialect}: ready in {:?}", started.elapsed());

    let (mut shown, mut wrong) = (String::new(), Vec::new());
    for case in cases(&users) {
        let policy = policy();
        let plan = (!case.filter.is_empty()).then(|| policy.parse(&case.filter).unwrap());
        let without_deleted = !case.filter.contains("status");
        let query = Query { plan: plan.as_ref(), without_deleted, ..(case.query)(&users) };
        let _ = writeln!(shown, "{}", case.name);
        for (at, statement) in store.statements(&tenant, &query).await.unwrap().iter().enumerate() {
            let steps = steps(dialect, connection.explain(statement).await);
            // The first statement selects the page. The others stop at the first row.
            if at == 0 && scans(dialect, &steps) != case.scans.contains(&dialect) {
                wrong.push(format!(
                    "{}: {}\n{}",
                    case.name,
                    if scans(dialect, &steps) { "scans" } else { "does not scan" },
                    steps.join("\n")
                ));
            }
            let _ = writeln!(shown, "    {}", steps.join("\n    "));
            let times: Vec<Duration> = {
                let mut times = Vec::new();
                for _ in 0..3 {
                    let started = Instant::now();
                    connection.count(statement).await;
                    times.push(started.elapsed());
                }
                times
            };
            eprintln!(
                "{dialect} | {} | {at} | {:.2} ms",
                case.name,
                times.iter().min().unwrap().as_secs_f64() * 1e3
            );
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, { insta::assert_snapshot!(format!("query_plans_{dialect}"), shown) });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn sqlite_uses_its_indexes() {
    check_plans(Dialect::Sqlite).await;
}

#[tokio::test]
async fn postgres_uses_its_indexes() {
    crate::databases::require!(servers);
    check_plans(Dialect::Postgres).await;
}

#[tokio::test]
async fn mariadb_uses_its_indexes() {
    crate::databases::require!(servers);
    check_plans(Dialect::MySql).await;
}
