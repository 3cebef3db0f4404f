//! Look-ups of users by id over a network. Those that wait at the same time share a statement: a round
//! trip takes the database and this process longer than a row.
//!
//! A look-up waits only while [`RUNNING`] statements run, and is then part of a statement that begins
//! after it, so that it sees every change that was committed before.

use super::change::find_by_id;
use super::connection::{Backend, Row};
use super::error::DbError;
use super::tenant::Tenant;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Maximum number of statements at a time.
// PERF: with 16 connections on two processors, PostgreSQL serves 16,000 requests for one user a second,
// 12,000 with four statements and 10,500 if each look-up has its own (`scripts/store-bench`).
const RUNNING: usize = 2;

/// Maximum number of look-ups that share a statement.
const BATCH: usize = 64;

/// The result of a look-up: the row with the columns of [`user_row::READ`](super::user_row::READ).
type Found = Result<Option<Row>, DbError>;

/// The look-ups of a database.
pub(super) struct Lookups {
    backend: Arc<dyn Backend>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Lookup>,
    running: usize,
}

struct Lookup {
    /// The number of the tenant.
    tenant: i64,
    id: String,
    answer: oneshot::Sender<Found>,
}

impl Lookups {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Arc<Self> {
        Arc::new(Self { backend, queue: Mutex::default() })
    }

    /// Finds the row of the user, unless deleted, with exactly this id.
    pub(super) async fn find(self: &Arc<Self>, tenant: Tenant<'_>, id: &str) -> Found {
        let (answer, answered) = oneshot::channel();
        let lookup = Lookup { tenant: tenant.number, id: id.to_owned(), answer };
        if let Some(worker) = self.add(lookup) {
            tokio::spawn(worker.run());
        }
        let lost = || DbError::Unavailable("a look-up ended without an answer".into());
        answered.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Adds a look-up. Returns a worker that is to be run, if there are not enough.
    fn add(self: &Arc<Self>, lookup: Lookup) -> Option<Worker> {
        let mut queue = self.lock();
        queue.waiting.push_back(lookup);
        if queue.running == RUNNING {
            return None;
        }
        queue.running += 1;
        Some(Worker { lookups: Arc::clone(self), is_running: true })
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the rows of users, by id.
    async fn read(&self, batch: &[Lookup]) -> Result<HashMap<String, Row>, DbError> {
        let tenant = batch.first().map_or(0, |first| first.tenant);
        let ids: Vec<&str> = batch.iter().map(|lookup| &*lookup.id).collect();
        let statement = find_by_id(self.backend.dialect(), tenant, &ids);
        let rows = self.backend.connection().await?.fetch_statement(statement).await?;
        rows.into_iter().map(|row| Ok((row.clone().string()?, row))).collect()
    }
}

/// Runs statements, one after the other.
struct Worker {
    lookups: Arc<Lookups>,
    /// False after it has left the queue.
    is_running: bool,
}

impl Worker {
    /// Runs until no look-up waits.
    async fn run(mut self) {
        while let Some(batch) = self.next() {
            let mut rows = self.lookups.read(&batch).await;
            let mut batch = batch.into_iter();
            while let Some(Lookup { id, answer, .. }) = batch.next() {
                let is_last = batch.as_slice().iter().all(|other| other.id != id);
                let found = match &mut rows {
                    Ok(rows) if is_last => Ok(rows.remove(&id)),
                    Ok(rows) => Ok(rows.get(&id).cloned()),
                    Err(error) => Err(error.clone()),
                };
                // The caller may have gone away.
                let _ = answer.send(found);
            }
        }
    }

    /// Takes look-ups of one tenant, the one that has waited longest among them; `None` if none waits.
    fn next(&mut self) -> Option<Vec<Lookup>> {
        let mut queue = self.lookups.lock();
        let Some(first) = queue.waiting.front() else {
            // Under the same lock: a look-up that is added later needs another worker.
            queue.running -= 1;
            self.is_running = false;
            return None;
        };
        let (tenant, mut left) = (first.tenant, BATCH);
        let (batch, others) = std::mem::take(&mut queue.waiting).into_iter().partition(|lookup| {
            let is_taken = left > 0 && lookup.tenant == tenant;
            left -= usize::from(is_taken);
            is_taken
        });
        queue.waiting = others;
        Some(Vec::from(batch))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.is_running {
            // The runtime shuts down, or the worker has panicked.
            let mut queue = self.lookups.lock();
            queue.running -= 1;
            if queue.running == 0 {
                queue.waiting.clear();
            }
        }
    }
}
