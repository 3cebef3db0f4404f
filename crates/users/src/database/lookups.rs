//! Look-ups of users by id over a network. Those of a tenant that wait at the same time share a
//! statement: a round trip takes the database and this process longer than a row.
//!
//! A look-up waits only while [`RUNNING`] statements of its tenant run, and is then part of a statement
//! that begins after it, so that it sees every change that was committed before. Tenants do not wait
//! for each other: in a cluster, the node of one may have stopped.

use super::change::find_by_id;
use super::connection::{Backend, Row};
use super::error::DbError;
use super::tenant::Tenant;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Maximum number of statements of a tenant at a time.
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
    /// By the number of the tenant.
    queues: Mutex<HashMap<i64, Queue>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Lookup>,
    /// The number of workers. A queue without workers is removed.
    running: usize,
}

struct Lookup {
    id: String,
    answer: oneshot::Sender<Found>,
}

impl Lookups {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Arc<Self> {
        Arc::new(Self { backend, queues: Mutex::default() })
    }

    /// Finds the row of the user, unless deleted, with exactly this id.
    pub(super) async fn find(self: &Arc<Self>, tenant: Tenant<'_>, id: &str) -> Found {
        let (answer, answered) = oneshot::channel();
        if let Some(worker) = self.add(tenant, Lookup { id: id.to_owned(), answer }) {
            tokio::spawn(worker.run());
        }
        let lost = || DbError::Unavailable("a look-up ended without an answer".into());
        answered.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Adds a look-up. Returns a worker that is to be run, if there are not enough.
    fn add(self: &Arc<Self>, tenant: Tenant<'_>, lookup: Lookup) -> Option<Worker> {
        let mut queues = self.lock();
        let queue = queues.entry(tenant.number).or_default();
        queue.waiting.push_back(lookup);
        if queue.running == RUNNING {
            return None;
        }
        queue.running += 1;
        let (tenant, number) = (tenant.id.to_owned(), tenant.number);
        Some(Worker { lookups: Arc::clone(self), tenant, number, is_running: true })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs statements of a tenant, one after the other.
struct Worker {
    lookups: Arc<Lookups>,
    tenant: String,
    number: i64,
    /// False after it has left the queue.
    is_running: bool,
}

impl Worker {
    /// Runs until no look-up waits.
    async fn run(mut self) {
        while let Some(batch) = self.next() {
            let rows = self.read(&batch).await;
            for Lookup { id, answer } in batch {
                let row = |rows: &Vec<Row>| rows.iter().find(|row| row.begins_with(&id)).cloned();
                // The caller may have gone away.
                let _ = answer.send(rows.as_ref().map(row).map_err(DbError::clone));
            }
        }
    }

    /// Takes the look-ups that have waited longest; `None` if none waits.
    fn next(&mut self) -> Option<Vec<Lookup>> {
        let mut queues = self.lookups.lock();
        let waiting = &mut queues.get_mut(&self.number)?.waiting;
        if waiting.is_empty() {
            // Under the same lock: a look-up that is added later needs another worker.
            self.is_running = false;
            leave(&mut queues, self.number);
            return None;
        }
        let length = waiting.len().min(BATCH);
        Some(waiting.drain(..length).collect())
    }

    async fn read(&self, batch: &[Lookup]) -> Result<Vec<Row>, DbError> {
        let backend = &self.lookups.backend;
        let ids: Vec<&str> = batch.iter().map(|lookup| &*lookup.id).collect();
        let tenant = Tenant { id: &self.tenant, number: self.number };
        let statement = find_by_id(backend.dialect(), tenant, &ids);
        backend.connection().await?.fetch_statement(statement).await
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The runtime shuts down, or the worker has panicked.
        if self.is_running {
            leave(&mut self.lookups.lock(), self.number);
        }
    }
}

/// Subtracts a worker. Without workers, look-ups that wait end without an answer.
fn leave(queues: &mut HashMap<i64, Queue>, number: i64) {
    if let Entry::Occupied(mut queue) = queues.entry(number) {
        queue.get_mut().running -= 1;
        if queue.get().running == 0 {
            queue.remove();
        }
    }
}
