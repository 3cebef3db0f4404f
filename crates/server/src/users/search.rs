//! Runs the query of a list within the limits of [`SearchLimits`](crate::SearchLimits).

use crate::app::App;
use crate::identity::Caller;
use crate::problem::Problem;
use crate::query::CheckedFilter;
use scieve::{Node, Plan, Predicate};
use scieve_users::{
    Deadline, Page, Query, Sort, SortKey, StoreError, User, UserStore, Window, policy,
};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Maximum cost of a filter that is evaluated at once, without the limits on scans, if an index of
/// every store answers each of its tests.
const CHEAP: usize = 250;

/// A list and the position in it that the page starts from.
pub(super) struct PageStart {
    pub(super) sort: Sort,
    pub(super) window: Window,
    pub(super) id_above: Option<String>,
    pub(super) id_below: Option<String>,
    pub(super) filter: Option<CheckedFilter>,
}

/// The query of a page.
pub(super) struct Search {
    pub(super) start: PageStart,
    pub(super) limit: usize,
    pub(super) total: bool,
    pub(super) sees_deleted: bool,
}

/// Cancels a search when its request is dropped: memory scans check the deadline, and databases cancel
/// their statement when the future of the list is dropped, which the sender causes.
struct CancelOnDrop {
    deadline: Arc<Deadline>,
    _dropped: oneshot::Sender<()>,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.deadline.cancel();
    }
}

impl Search {
    /// Reads the page.
    ///
    /// A scan runs outside the threads that serve requests, since a store in memory does not yield.
    /// It is cancelled if the client disconnects, which drops this future.
    pub(super) async fn run<S: UserStore>(
        self,
        app: &App<S>,
        caller: &Caller,
    ) -> Result<(Arc<Self>, Page), Problem> {
        let (search, tenant) = (Arc::new(self), caller.tenant());
        let time = app.scan_limiter.limits().time;
        if search.is_cheap() {
            let page = app.store.list(tenant, &search.query(&Deadline::after(time))).await?;
            return Ok((search, page));
        }
        let permit = app.scan_limiter.enter(tenant, &caller.id).await?;
        let deadline = Arc::new(Deadline::after(time));
        let (sender, dropped) = oneshot::channel::<()>();
        let cancel = CancelOnDrop { deadline: Arc::clone(&deadline), _dropped: sender };
        let store = Arc::clone(&app.store);
        let (scanned, tenant) = (Arc::clone(&search), tenant.to_owned());
        let runtime = Handle::current();
        let scan = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let query = scanned.query(&deadline);
            runtime.block_on(async {
                tokio::select! {
                    page = store.list(&tenant, &query) => page,
                    _ = dropped => Err(StoreError::TooSlow),
                }
            })
        });
        let page = scan.await.map_err(Problem::internal)??;
        drop(cancel);
        Ok((search, page))
    }

    /// Returns whether indexes answer the query in every store.
    fn is_cheap(&self) -> bool {
        let plan = self.start.filter.as_ref().map(|checked| &checked.plan);
        let is_cheap = |plan: &Plan<User>| has_index(plan.root()) && policy().cost(plan) <= CHEAP;
        let has_order =
            matches!(self.start.sort.key, SortKey::Name | SortKey::Id | SortKey::TenantId);
        !self.total && has_order && plan.is_none_or(is_cheap)
    }

    fn query<'q>(&'q self, deadline: &'q Deadline) -> Query<'q> {
        let start = &self.start;
        let mut query = Query {
            sort: start.sort,
            window: start.window.clone(),
            id_above: start.id_above.clone(),
            id_below: start.id_below.clone(),
            limit: self.limit,
            total: self.total,
            deadline: Some(deadline),
            ..Query::matching(start.filter.as_ref().map(|checked| &checked.plan))
        };
        query.without_deleted |= !self.sees_deleted;
        query
    }
}

/// Returns whether each test is an equality that an index answers: not on roles, groups and scopes.
fn has_index(node: &Node) -> bool {
    match node {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().all(has_index),
        Node::Not(_) => false,
        Node::Test(test) => {
            let attribute = policy().schema().attribute(test.attribute());
            matches!(test.predicate(), Predicate::Equal(_) | Predicate::In(_) | Predicate::Never)
                && attribute.is_some_and(|attribute| !attribute.yields_many())
        }
    }
}
