//! Users in memory. Nothing of it outlives the process.

mod answers;
mod bits;
mod block;
mod grams;
mod ids;
mod list;
mod lookup;
mod marks;
mod record;
mod search;
mod shared;
mod slots;
mod tenant;
mod tree;

use self::list::list;
use self::lookup::By;
use self::record::{Record, Sharing};
use self::search::statuses;
use self::tenant::Tenant;
use super::error::StoreError;
use super::id::{Ids, new_subject};
use super::invite::{Decision, Invitation, InviteCode, InviteResult, Invitee, Mailer, invite_expiry};
use super::page::{Page, Query};
use super::patch::{Operation, Patched};
use super::role::{Group, Named, Role};
use super::store::{NewUser, UserStore};
use super::timestamp::Timestamp;
use super::user::{Members, Status, User};
use crate::value::key;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of one text of a user, at most.
const TEXT: usize = 1 << 20;

/// Users in memory, with indexes of ids, subjects, e-mail addresses, names, statuses, roles and groups.
///
/// Nothing is written to disk: when the process ends, the users are gone. Readers see a whole state, the one that was current when they
/// began; they neither wait for one another nor hold up a writer, however long they take. Writers of one tenant come one after
/// the other. The futures are ready at once. Deleted users stay, marked as such, and take memory.
pub struct MemoryStore {
    tenants: RwLock<HashMap<String, Arc<Cell>>>,
    ids: Ids,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// One tenant.
struct Cell {
    id: Arc<str>,
    state: RwLock<Arc<Tenant>>,
    /// Held by whoever writes, from the first look to the last change.
    writer: Mutex<Sharing>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// A store without users.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// A store without users that asks this for the time.
    #[must_use]
    pub fn with_clock(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { tenants: RwLock::default(), ids: Ids::new(), clock: Box::new(clock) }
    }

    /// The state of the tenant; that of an empty one where there is none.
    fn state(&self, tenant: &str) -> Arc<Tenant> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(tenant).map_or_else(|| Arc::new(Tenant::new()), |cell| cell.state())
    }

    fn cell(&self, tenant: &str) -> Arc<Cell> {
        if let Some(cell) = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant) {
            return Arc::clone(cell);
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(tenant.to_owned()).or_insert_with(|| Arc::new(Cell::new(tenant))))
    }

    /// Does what an invitation asks for.
    fn invite_one(&self, cell: &Cell, invitee: &Invitee, mailer: &dyn Mailer) -> Result<InviteResult, StoreError> {
        let now = (self.clock)();
        let found = cell.state().invited(invitee);
        let fresh = || Ok::<_, StoreError>(invitee.user(&cell.id, self.ids.next(now)?, new_subject()?, now));
        let mut user = match (Decision::of(invitee, found.as_ref().map(|user| user.status)), found) {
            (Decision::Create, _) => fresh()?,
            (Decision::Renew, Some(user)) => user,
            (Decision::Exists, Some(user)) => return Ok(InviteResult::exists(invitee, &user)),
            (Decision::Refuse(code), _) => return Ok(InviteResult::error(invitee, code, None)),
            (_, None) => return Err(StoreError::Internal("an invitation without a user".into())),
        };
        user.invite_expiry = Some(invite_expiry(now));
        check(&cell.id, &user)?;
        // No lock is held here, so the users may have changed behind it.
        if let Err(error) = mailer.send(&Invitation::new(invitee, &user)) {
            return Ok(InviteResult::error(invitee, InviteCode::Mail, Some(error.to_string())));
        }
        let mut writer = cell.writer();
        let found = cell.state().invited(invitee);
        match (Decision::of(invitee, found.as_ref().map(|user| user.status)), found) {
            (Decision::Create, _) => {
                // The user who was to get the mail again was deleted meanwhile.
                if cell.state().user(&user.id).is_some() {
                    user = fresh()?;
                }
                let record = cell.record(&mut writer, &user);
                cell.change(|state| state.insert(record))?;
                Ok(InviteResult::ok(invitee, &user))
            }
            (Decision::Renew, Some(mut found)) => {
                if found.status == Status::Invited {
                    found.invite_expiry = user.invite_expiry;
                }
                found.last_updated_at = now;
                cell.put(&mut writer, &found);
                Ok(InviteResult::ok(invitee, &found))
            }
            (_, Some(found)) => Ok(InviteResult::exists(invitee, &found)),
            (_, None) => Err(StoreError::Internal("an invitation without a user".into())),
        }
    }
}

impl Cell {
    fn new(id: &str) -> Self {
        Self { id: id.into(), state: RwLock::new(Arc::new(Tenant::new())), writer: Mutex::default() }
    }

    fn state(&self) -> Arc<Tenant> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn writer(&self) -> MutexGuard<'_, Sharing> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, writer: &mut Sharing, user: &User) -> Record {
        Record::new(user, Arc::clone(&self.id), writer)
    }

    /// Changes the state in its place, or, where a reader still has it, a copy. Only who holds the writer may.
    fn change<T>(&self, change: impl FnOnce(&mut Tenant) -> T) -> T {
        change(Arc::make_mut(&mut self.state.write().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Puts the user in the place of the one with that id.
    fn put(&self, writer: &mut Sharing, user: &User) {
        let record = self.record(writer, user);
        let slot = self.state().user(&user.id).map(|(slot, _)| slot);
        if let Some(slot) = slot {
            self.change(|state| state.replace(slot, record));
        }
    }
}

impl Tenant {
    /// The user of that id, unless deleted.
    fn live(&self, id: &str) -> Result<User, StoreError> {
        let found = self.user(id).filter(|(_, record)| record.status() != Status::Deleted);
        found.map(|(_, record)| record.user()).ok_or(StoreError::NotFound)
    }

    /// Whom an invitation is about.
    fn invited(&self, invitee: &Invitee) -> Option<User> {
        let address = key(&invitee.email);
        let users = self.with(By::Email, &address).map(|(_, record)| record).filter(|record| record.status() != Status::Deleted);
        users.min_by_key(|record| (Decision::rank(record.status()), record.id())).map(|record| record.user())
    }
}

impl UserStore for MemoryStore {
    async fn list(&self, tenant: &str, query: &Query<'_>) -> Result<Page, StoreError> {
        Ok(list(&self.state(tenant), query))
    }

    async fn create(&self, tenant: &str, user: NewUser) -> Result<Arc<User>, StoreError> {
        let now = (self.clock)();
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        let state = cell.state();
        let user = user.into_user(tenant, self.ids.next(now)?, &state.roles, now)?;
        check(tenant, &user)?;
        if state.has_subject(&user.subject) {
            return Err(StoreError::SubjectTaken { subject: user.subject });
        }
        drop(state);
        let record = cell.record(&mut writer, &user);
        cell.change(|state| state.insert(record))?;
        Ok(Arc::new(user))
    }

    async fn get(&self, tenant: &str, id: &str) -> Result<Arc<User>, StoreError> {
        self.state(tenant).live(id).map(Arc::new)
    }

    async fn patch(&self, tenant: &str, id: &str, operations: &[Operation]) -> Result<Patched, StoreError> {
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        let state = cell.state();
        let user = state.live(id)?;
        let patched = Operation::apply_all(operations, &user, &state.roles, &state.groups, (self.clock)())?;
        drop(state);
        if patched.changed {
            check(tenant, &patched.user)?;
            cell.put(&mut writer, &patched.user);
        }
        Ok(patched)
    }

    async fn delete(&self, tenant: &str, id: &str) -> Result<(), StoreError> {
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        let user = cell.state().live(id)?;
        let user = User { status: Status::Deleted, invite_expiry: None, last_updated_at: (self.clock)(), ..user };
        cell.put(&mut writer, &user);
        Ok(())
    }

    async fn count(&self, tenant: &str) -> Result<u64, StoreError> {
        Ok(self.state(tenant).count(statuses(|status| status != Status::Deleted)))
    }

    async fn invite(&self, tenant: &str, invitees: &[Invitee], mailer: &dyn Mailer) -> Result<Vec<InviteResult>, StoreError> {
        let cell = self.cell(tenant);
        invitees.iter().map(|invitee| self.invite_one(&cell, invitee, mailer)).collect()
    }

    async fn roles(&self, tenant: &str) -> Result<Vec<Role>, StoreError> {
        Ok(self.state(tenant).roles.to_vec())
    }

    async fn groups(&self, tenant: &str) -> Result<Vec<Group>, StoreError> {
        Ok(self.state(tenant).groups.to_vec())
    }

    async fn load(&self, tenant: &str, roles: Vec<Role>, groups: Vec<Group>, users: Vec<User>) -> Result<(), StoreError> {
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        // A copy, so that readers go on meanwhile.
        let mut state = Tenant::clone(&cell.state());
        let (mut ids, mut subjects) = (HashSet::with_capacity(users.len()), HashSet::with_capacity(users.len()));
        for (place, user) in users.iter().enumerate() {
            check(tenant, user)?;
            if !ids.insert(&user.id) || state.user(&user.id).is_some() {
                return Err(StoreError::invalid(format!("/users/{place}/id"), format!("the id `{}` is there already", user.id)));
            }
            if user.status != Status::Deleted && (!subjects.insert(&user.subject) || state.has_subject(&user.subject)) {
                return Err(StoreError::SubjectTaken { subject: user.subject.clone() });
            }
        }
        state.roles = Arc::new(merged(&state.roles, roles));
        state.groups = Arc::new(merged(&state.groups, groups));
        state.extend(users.iter().map(|user| cell.record(&mut writer, user)).collect())?;
        *cell.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }
}

/// The old ones, and the new ones in the place of those with their ids or behind.
fn merged<T: Named + Clone>(old: &[T], new: Vec<T>) -> Vec<T> {
    let mut merged = old.to_vec();
    for one in new {
        match merged.iter_mut().find(|other| other.id() == one.id()) {
            Some(other) => *other = one,
            None => merged.push(one),
        }
    }
    merged
}

/// Whether the user can be kept.
fn check(tenant: &str, user: &User) -> Result<(), StoreError> {
    if user.tenant_id != tenant {
        return Err(StoreError::invalid("/tenantId", "the user is of another tenant"));
    }
    let optional =
        [&user.email, &user.client_id, &user.picture, &user.locale, &user.zoneinfo, &user.preferred_locale, &user.preferred_zoneinfo];
    let texts = [&user.id, &user.subject, &user.name].into_iter().chain(optional.into_iter().flatten());
    match texts.into_iter().any(|text| text.len() > TEXT) {
        true => Err(StoreError::invalid("", format!("a text is longer than {TEXT} bytes"))),
        false => Ok(()),
    }
}
