//! The in-memory store: a small columnar database with snapshot isolation. Nothing is persisted.
//!
//! # Design
//!
//! ## Idea
//!
//! The store serves three kinds of requests in microseconds over a million users: lookups by key,
//! pages of a sorted list under any filter, and writes of single users that do not block readers.
//! It therefore combines
//!
//! - hash and id indexes for lookups ([`hash_index`], [`id_index`]);
//! - columnar segments in the order of names, the default order of lists, so that a filter is
//!   evaluated on a few bytes per user ([`segment`], [`select`]);
//! - per-segment Bloom filters and trigram indexes that exclude segments without a match
//!   ([`bloom`], [`trigram_index`]);
//! - copy-on-write trees for all of these, so that a reader has a consistent snapshot and a writer
//!   copies only the nodes that it changes ([`cow_btree`], [`cow_vec`]).
//!
//! ## Data layout
//!
//! ```text
//! MemoryStore
//!  └ TenantCell            one per tenant: the current state, and a lock for writers
//!     └ Tenant             a state: snapshots share its nodes
//!        ├ users           CowVec<StoredUser>: slot -> user, in order of creation
//!        ├ hash_index      CowBTree: hash of (attribute, fold key), slot
//!        ├ id_index        CowBTree: slots in the order of ids
//!        ├ status_counts   number of users by status
//!        └ name_order      CowBTree: segments in the order of (name, id)
//!
//! name_order
//!   branch ─ SegmentSummary    trigram indexes of names, e-mails, subjects:
//!   │                          one word per trigram hash, one bit per segment
//!   ├ segment 0            up to 512 rows, about 400 on average
//!   ├ segment 1
//!   │   ├ slots            u32 per row: the user in `users`
//!   │   ├ statuses         u8 per row, one bit per status
//!   │   ├ membership_codes 3 * u16 per row: interned role, group and scope lists
//!   │   ├ ids, names,      concatenated strings (fold keys, except ids)
//!   │   │ emails, subjects
//!   │   └ memberships      Bloom filter over all roles, groups and scopes of the rows
//!   └ ...                  up to 63 segments
//! ```
//!
//! A *slot* is the number of a user in `users`; a *row* is an index in a segment.
//!
//! ## Queries
//!
//! ```text
//! Plan ──► Search                 conditions, resolved against the indexes     search
//!            │
//!            ├─ candidates? ────► verify the users ──► top k                   list, top_k
//!            │                    (id, subject, email, clientId `eq`)
//!            ▼
//!          name scan              ranges of the name order                     name_scan
//!            │  segments excluded by trigrams and Bloom filters                select
//!            │  conditions on sets of rows, cheapest first                     select
//!            ▼
//!          matching slots ──────► page in order of the scan, or top k          list, top_k
//! ```
//!
//! Bloom filters and trigram indexes have false positives and no false negatives, so every row of a
//! segment that is not excluded is verified: by its columns if they suffice, or else by evaluating
//! the test on the stored user ([`scieve::Test::matches`]). Results of tests on interned lists are
//! memoised per query ([`memo`]).
//!
//! ## Writes
//!
//! A reader clones the `Arc` of the current state and then holds no lock. A writer locks the tenant
//! against other writers, validates the change against the current state, and applies it while
//! readers cannot clone the state, for some microseconds. If no reader has the state, it is changed
//! in place. Otherwise it is cloned, which copies the top levels of the trees, and each node on the
//! path of the change is copied as well; readers keep the old nodes. A load builds a new state
//! aside and then swaps it in.
//!
//! Deletion only sets the status of a user, which keeps its slot, row and id.
//!
//! ## Invariants
//!
//! - A state that a reader has is never changed.
//! - Slots are not reused, and ids do not change.
//! - Each user has one row in the name order, one entry in the id index, and one entry in the hash
//!   index for its id, its subject, and its e-mail address and client id if present.
//! - Columns and indexes contain fold keys ([`scieve::fold_key`]), except for ids, so they serve
//!   case-insensitive tests only; others are evaluated on the stored user.
//! - The summary of a branch has all trigrams of the strings in its segments, and the Bloom filter
//!   of a segment all memberships of its rows. Both may have more.
//!
//! ## Complexity
//!
//! With `n` users, and `m` matches of which the page takes `p`:
//!
//! | operation | time |
//! |---|---|
//! | lookup by id, subject, e-mail address or client id | O(log n) |
//! | page in the order of names | O(log n + rows scanned until `p` match) |
//! | page in the order of ids | O(rows scanned until 4,097 match, then until `p` match) |
//! | page in another order | O(n + m log p) |
//! | total of a filter | O(n); O(1) if it compares statuses alone |
//! | write of a user | O(log n), and O(n / 4,096) if a reader has the state |
//! | load into an empty tenant | O(n log n) |
//!
//! Rows of excluded segments are not scanned: for a substring or membership that no user has, a
//! scan reads one or two words per trigram and branch, or one Bloom filter per segment.
//!
//! Measured times and memory per user are in `benches/README.md`.
//!
//! ## Sources
//!
//! - Bloom filter: B. H. Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors", CACM
//!   13(7), 1970.
//! - Trigram index: R. Cox, "Regular Expression Matching with a Trigram Index", 2012; PostgreSQL's
//!   `pg_trgm`. Bit-sliced signatures: B. Goodwin et al., "BitFunnel: Revisiting Signatures for
//!   Search", SIGIR 2017.
//! - Copy-on-write B+tree: H. Chu, "MDB: A Memory-Mapped Database and Backend for OpenLDAP", 2011
//!   (LMDB); O. Rodeh, "B-trees, Shadowing, and Clones", 2008.
//! - Multiplicative hashing: D. Knuth, The Art of Computer Programming, volume 3, section 6.4.
//! - SWAR: H. Warren, Hacker's Delight, chapter 6; S. E. Anderson, Bit Twiddling Hacks.
//! - Interpolation and galloping search: W. W. Peterson, 1957; J. L. Bentley and A. C. Yao, 1976.

mod bloom;
mod cow_btree;
mod cow_vec;
mod hash_index;
mod id_index;
mod id_scan;
mod interner;
mod list;
mod memo;
mod name_scan;
mod rowset;
mod scan_start;
mod search;
mod segment;
mod segment_summary;
mod select;
mod stored_user;
mod tenant;
mod text_column;
mod top_k;
mod trigram_index;
mod window;

use self::hash_index::IndexedAttribute;
use self::list::list;
use self::search::status_mask;
use self::stored_user::{Interners, StoredUser};
use self::tenant::Tenant;
use super::attributes::policy;
use super::deadline::Deadline;
use super::error::StoreError;
use super::id::{Ids, new_subject};
use super::invite::{Decision, InviteOutcome, InviteResult, InviteStart, Invitee, Mailer};
use super::load::check_load;
use super::new_user::NewUser;
use super::page::{Page, Position, Query, Window};
use super::patch::{Operation, Patched};
use super::precondition::Precondition;
use super::role::{Group, Role, merged};
use super::store::UserStore;
use super::timestamp::Timestamp;
use super::user::{Members, Status, User};
use scieve::fold_key;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// Selects all administrators, and users with a role whose name differs in case.
const ADMINISTRATORS: &str = r#"(assignedRoles.name eq "TenantAdmin" or
    assignedGroupsAssignedRoles.name eq "TenantAdmin") and
    (status eq "active" or status eq "invited" or status eq "provisioned")"#;

/// A store that keeps users in memory, with indexes for ids, subjects, e-mail addresses, names,
/// statuses, roles and groups.
///
/// Nothing is persisted: the users are gone when the process ends. Each call reads a consistent
/// snapshot of the tenant. Readers do not block one another, nor a writer, however long they take;
/// writers of the same tenant run one after the other. All returned futures are ready at once.
/// Deleted users are kept with status `deleted` and take memory.
///
/// ```
/// use scieve_users::{MemoryStore, Query, UserStore};
///
/// # pollster::block_on(async {
/// let store = MemoryStore::new();
/// let users: Vec<_> = scieve_users::sample(200).collect();
/// let tenant = users[0].tenant_id.clone();
/// store.load(&tenant, vec![], vec![], users).await?;
///
/// let plan = scieve_users::policy().parse(r#"name co "o'neil""#).unwrap();
/// let page = store.list(&tenant, &Query { limit: 20, ..Query::matching(Some(&plan)) }).await?;
/// assert!(page.users.iter().all(|user| user.name.contains("O'Neil")));
/// assert_eq!(page.users.len(), 6);
/// # Ok::<(), scieve_users::StoreError>(())
/// # }).unwrap();
/// ```
pub struct MemoryStore {
    tenants: RwLock<HashMap<String, Arc<TenantCell>>>,
    ids: Ids,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// The current state of a tenant.
struct TenantCell {
    id: Arc<str>,
    state: RwLock<Arc<Tenant>>,
    /// Locked by a writer from its first read to its last change.
    writer: Mutex<Interners>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Creates a store without users that uses the system clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// Creates a store without users that uses the given clock.
    #[must_use]
    pub fn with_clock(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { tenants: RwLock::default(), ids: Ids::new(), clock: Box::new(clock) }
    }

    /// Returns the state of the tenant, or an empty state if there is no such tenant.
    fn state(&self, tenant: &str) -> Arc<Tenant> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(tenant).map_or_else(|| Arc::new(Tenant::new()), |cell| cell.state())
    }

    /// Returns the cell of the tenant, which is created if there is none.
    fn cell(&self, tenant: &str) -> Arc<TenantCell> {
        if let Some(cell) = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant)
        {
            return Arc::clone(cell);
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            tenants.entry(tenant.to_owned()).or_insert_with(|| Arc::new(TenantCell::new(tenant))),
        )
    }

    /// Invites one user: stores it, or renews its invitation, after the mail has been sent.
    fn invite_one(
        &self,
        cell: &TenantCell,
        invitee: &Invitee,
        mailer: &dyn Mailer,
    ) -> Result<InviteResult, StoreError> {
        let now = (self.clock)();
        let found = cell.state().invited(invitee);
        let fresh = || {
            Ok::<_, StoreError>(invitee.user(&cell.id, self.ids.next(now)?, new_subject()?, now))
        };
        let mut user = match invitee.prepare(found, now, fresh)? {
            InviteStart::SendMail(user) => user,
            InviteStart::Done(result) => return Ok(result),
        };
        // No lock is held while the mail is sent, so the users may have changed in the meantime.
        if let Some(failed) = invitee.send(&user, mailer) {
            return Ok(failed);
        }
        let mut writer = cell.writer();
        match invitee.commit(cell.state().invited(invitee), &user, now)? {
            InviteOutcome::Create => {
                // The user to be renewed has been deleted in the meantime and keeps its id.
                if cell.state().find_by_id(&user.id).is_some() {
                    *user = fresh()?;
                }
                let stored = cell.to_stored(&mut writer, &user);
                cell.change(|state| state.insert(stored))?;
                Ok(InviteResult::ok(invitee, &user))
            }
            InviteOutcome::Renew(user) => {
                cell.replace(&mut writer, &user);
                Ok(InviteResult::ok(invitee, &user))
            }
            InviteOutcome::Done(result) => Ok(result),
        }
    }
}

impl TenantCell {
    fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            state: RwLock::new(Arc::new(Tenant::new())),
            writer: Mutex::default(),
        }
    }

    fn state(&self) -> Arc<Tenant> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn writer(&self) -> MutexGuard<'_, Interners> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn to_stored(&self, writer: &mut Interners, user: &User) -> StoredUser {
        StoredUser::new(user, Arc::clone(&self.id), writer)
    }

    /// Changes the state in place, or a copy of it if a reader still has it. The caller must hold
    /// the writer lock.
    fn change<T>(&self, change: impl FnOnce(&mut Tenant) -> T) -> T {
        change(Arc::make_mut(&mut self.state.write().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Replaces the user with the same id.
    fn replace(&self, writer: &mut Interners, user: &User) {
        let stored = self.to_stored(writer, user);
        let slot = self.state().find_by_id(&user.id).map(|(slot, _)| slot);
        if let Some(slot) = slot {
            self.change(|state| state.replace(slot, stored));
        }
    }
}

impl Tenant {
    /// Returns the user with this id, unless deleted.
    fn live(&self, id: &str) -> Result<User, StoreError> {
        let found = self.find_by_id(id).filter(|(_, user)| user.status() != Status::Deleted);
        found.map(|(_, user)| user.to_user()).ok_or(StoreError::NotFound)
    }

    /// Fails unless the tenant has an administrator other than the user with this id.
    fn has_other_administrator(&self, id: &str) -> Result<(), StoreError> {
        let Ok(plan) = policy().parse(ADMINISTRATORS) else {
            return Err(StoreError::LastAdministrator);
        };
        let mut query = Query { limit: 100, ..Query::matching(Some(&plan)) };
        loop {
            let page = list(self, &query);
            // The filter ignores the case of role names.
            if page.users.iter().any(|user| user.id != id && user.is_administrator()) {
                return Ok(());
            }
            let Some(last) = page.users.last().filter(|_| page.has_next) else {
                return Err(StoreError::LastAdministrator);
            };
            query.window = Window::After(Position::of(last, query.sort));
        }
    }

    /// Returns the user to whom an invitation applies: of those with the e-mail address, the one
    /// that [`Decision::rank`] puts first.
    fn invited(&self, invitee: &Invitee) -> Option<User> {
        let address = fold_key(&invitee.email);
        self.find(IndexedAttribute::Email, &address)
            .map(|(_, user)| user)
            .filter(|user| user.status() != Status::Deleted)
            .min_by_key(|user| (Decision::rank(user.status()), user.id()))
            .map(|user| user.to_user())
    }
}

impl UserStore for MemoryStore {
    async fn list(&self, tenant: &str, query: &Query<'_>) -> Result<Page, StoreError> {
        let page = list(&self.state(tenant), query);
        match query.deadline.is_some_and(Deadline::was_over) {
            true => Err(StoreError::TooSlow),
            false => Ok(page),
        }
    }

    async fn get_by_subject(&self, tenant: &str, subject: &str) -> Result<Arc<User>, StoreError> {
        let state = self.state(tenant);
        let found = state.live_by_subject(subject).map(|user| Arc::new(user.to_user()));
        found.ok_or(StoreError::NotFound)
    }

    async fn create(&self, tenant: &str, user: NewUser) -> Result<Arc<User>, StoreError> {
        let now = (self.clock)();
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        let state = cell.state();
        let user = user.into_user(tenant, self.ids.next(now)?, &state.roles, now)?;
        if state.has_subject(&user.subject) {
            return Err(StoreError::SubjectTaken { subject: user.subject });
        }
        drop(state);
        let stored = cell.to_stored(&mut writer, &user);
        cell.change(|state| state.insert(stored))?;
        Ok(Arc::new(user))
    }

    async fn get(&self, tenant: &str, id: &str) -> Result<Arc<User>, StoreError> {
        self.state(tenant).live(id).map(Arc::new)
    }

    async fn patch_if(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
        precondition: &Precondition,
    ) -> Result<Patched, StoreError> {
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        let state = cell.state();
        let user = state.live(id)?;
        precondition.check(&user)?;
        let patched =
            Operation::apply_all(operations, &user, &state.roles, &state.groups, (self.clock)())?;
        if user.is_administrator() && !patched.user.is_administrator() {
            state.has_other_administrator(id)?;
        }
        drop(state);
        if patched.changed {
            cell.replace(&mut writer, &patched.user);
        }
        Ok(patched)
    }

    async fn delete_if(
        &self,
        tenant: &str,
        id: &str,
        precondition: &Precondition,
    ) -> Result<(), StoreError> {
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        let state = cell.state();
        let user = state.live(id)?;
        precondition.check(&user)?;
        if user.is_administrator() {
            state.has_other_administrator(id)?;
        }
        drop(state);
        let user = User {
            status: Status::Deleted,
            invite_expiry: None,
            last_updated_at: (self.clock)(),
            ..user
        };
        cell.replace(&mut writer, &user);
        Ok(())
    }

    async fn count(&self, tenant: &str) -> Result<u64, StoreError> {
        Ok(self.state(tenant).count(status_mask(|status| status != Status::Deleted)))
    }

    async fn invite(
        &self,
        tenant: &str,
        invitees: &[Invitee],
        mailer: &dyn Mailer,
    ) -> Result<Vec<InviteResult>, StoreError> {
        let cell = self.cell(tenant);
        invitees.iter().map(|invitee| self.invite_one(&cell, invitee, mailer)).collect()
    }

    async fn roles(&self, tenant: &str) -> Result<Vec<Role>, StoreError> {
        Ok(self.state(tenant).roles.to_vec())
    }

    async fn groups(&self, tenant: &str) -> Result<Vec<Group>, StoreError> {
        Ok(self.state(tenant).groups.to_vec())
    }

    async fn check_ready(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load(
        &self,
        tenant: &str,
        roles: Vec<Role>,
        groups: Vec<Group>,
        users: Vec<User>,
    ) -> Result<(), StoreError> {
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        // Load into a copy, so that readers are not blocked.
        let mut state = Tenant::clone(&cell.state());
        check_load(
            tenant,
            (&roles, &groups, &users),
            |id| state.find_by_id(id).is_some(),
            |subject| state.has_subject(subject),
        )?;
        state.roles = Arc::new(merged(&state.roles, roles));
        state.groups = Arc::new(merged(&state.groups, groups));
        state.extend(&users, |user| cell.to_stored(&mut writer, user))?;
        *cell.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }
}
