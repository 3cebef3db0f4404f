//! Users in memory. Nothing of it outlives the process.

mod answers;
mod bits;
mod block;
mod digest;
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
mod texts;
mod tree;

use self::list::list;
use self::lookup::By;
use self::record::{Record, Sharing};
use self::search::statuses;
use self::tenant::Tenant;
use super::error::StoreError;
use super::id::{Ids, new_subject};
use super::invite::{Decision, InviteOutcome, InviteResult, InviteStart, Invitee, Mailer};
use super::load::check_load;
use super::new_user::NewUser;
use super::page::{Page, Query};
use super::patch::{Operation, Patched};
use super::role::{Group, Role, merged};
use super::store::UserStore;
use super::timestamp::Timestamp;
use super::user::{Members, Status, User};
use scieve::fold_key;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

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
        if let Some(cell) = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant)
        {
            return Arc::clone(cell);
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(tenant.to_owned()).or_insert_with(|| Arc::new(Cell::new(tenant))))
    }

    /// Does what an invitation asks for.
    fn invite_one(
        &self,
        cell: &Cell,
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
        // No lock is held here, so the users may have changed behind it.
        if let Some(failed) = invitee.send(&user, mailer) {
            return Ok(failed);
        }
        let mut writer = cell.writer();
        match invitee.commit(cell.state().invited(invitee), &user, now)? {
            InviteOutcome::Create => {
                // The user who was to get the mail again was deleted meanwhile.
                if cell.state().user(&user.id).is_some() {
                    *user = fresh()?;
                }
                let record = cell.record(&mut writer, &user);
                cell.change(|state| state.insert(record))?;
                Ok(InviteResult::ok(invitee, &user))
            }
            InviteOutcome::Renew(user) => {
                cell.put(&mut writer, &user);
                Ok(InviteResult::ok(invitee, &user))
            }
            InviteOutcome::Done(result) => Ok(result),
        }
    }
}

impl Cell {
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
        let address = fold_key(&invitee.email);
        let users = self
            .with(By::Email, &address)
            .map(|(_, record)| record)
            .filter(|record| record.status() != Status::Deleted);
        users
            .min_by_key(|record| (Decision::rank(record.status()), record.id()))
            .map(|record| record.user())
    }
}

impl UserStore for MemoryStore {
    async fn list(&self, tenant: &str, query: &Query<'_>) -> Result<Page, StoreError> {
        Ok(list(&self.state(tenant), query))
    }

    async fn get_by_subject(&self, tenant: &str, subject: &str) -> Result<Arc<User>, StoreError> {
        let state = self.state(tenant);
        let found = state.live_by_subject(subject).map(|record| Arc::new(record.user()));
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
        let record = cell.record(&mut writer, &user);
        cell.change(|state| state.insert(record))?;
        Ok(Arc::new(user))
    }

    async fn get(&self, tenant: &str, id: &str) -> Result<Arc<User>, StoreError> {
        self.state(tenant).live(id).map(Arc::new)
    }

    async fn patch(
        &self,
        tenant: &str,
        id: &str,
        operations: &[Operation],
    ) -> Result<Patched, StoreError> {
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        let state = cell.state();
        let user = state.live(id)?;
        let patched =
            Operation::apply_all(operations, &user, &state.roles, &state.groups, (self.clock)())?;
        drop(state);
        if patched.changed {
            cell.put(&mut writer, &patched.user);
        }
        Ok(patched)
    }

    async fn delete(&self, tenant: &str, id: &str) -> Result<(), StoreError> {
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        let user = cell.state().live(id)?;
        let user = User {
            status: Status::Deleted,
            invite_expiry: None,
            last_updated_at: (self.clock)(),
            ..user
        };
        cell.put(&mut writer, &user);
        Ok(())
    }

    async fn count(&self, tenant: &str) -> Result<u64, StoreError> {
        Ok(self.state(tenant).count(statuses(|status| status != Status::Deleted)))
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

    async fn load(
        &self,
        tenant: &str,
        roles: Vec<Role>,
        groups: Vec<Group>,
        users: Vec<User>,
    ) -> Result<(), StoreError> {
        let cell = self.cell(tenant);
        let mut writer = cell.writer();
        // A copy, so that readers go on meanwhile.
        let mut state = Tenant::clone(&cell.state());
        check_load(
            tenant,
            (&roles, &groups, &users),
            |id| state.user(id).is_some(),
            |subject| state.has_subject(subject),
        )?;
        state.roles = Arc::new(merged(&state.roles, roles));
        state.groups = Arc::new(merged(&state.groups, groups));
        state.extend(&users, |user| cell.record(&mut writer, user))?;
        *cell.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }
}
