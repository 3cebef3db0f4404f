//! The cluster of `scripts/cluster`, and which tenants its nodes have.

use crate::databases::{Database, cluster_folder};
use sqlx::{Connection as _, PgConnection, Row as _};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// The cluster's servers.
pub(crate) struct Cluster {
    folder: PathBuf,
}

/// A tenant, and the node that its rows are on.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) node: String,
}

impl Cluster {
    pub(crate) fn here() -> Self {
        Self { folder: cluster_folder() }
    }

    /// `stop` or `start`.
    pub(crate) fn tell(&self, what: &str, node: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/cluster");
        let status = Command::new(script)
            .args([what, self.folder.to_str().unwrap(), node])
            .status()
            .unwrap();
        assert!(status.success(), "{what} {node}");
    }

    /// Tenants with that word in their ids, so many on each node.
    pub(crate) async fn tenants(
        &self,
        word: &str,
        each: usize,
        database: &Database,
    ) -> Vec<Tenant> {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let mut tenants: Vec<Tenant> = Vec::new();
        for number in 0.. {
            let id = format!("{word}-{number}");
            let mut node = None;
            for (place, name) in NODES.iter().enumerate() {
                let own =
                    sqlx::query("SELECT satisfies_hash_partition('users'::regclass, 3, $1, $2)")
                        .bind(place as i32)
                        .bind(&id);
                if own.fetch_one(&mut connection).await.unwrap().get::<bool, _>(0) {
                    node = Some((*name).to_owned());
                }
            }
            let node = node.expect("a node for every tenant");
            if tenants.iter().filter(|tenant| tenant.node == node).count() < each {
                tenants.push(Tenant { id, node });
            }
            if tenants.len() == each * NODES.len() {
                break;
            }
        }
        tenants
    }

    /// What a server has logged.
    pub(crate) fn log(&self, server: &str) -> String {
        String::from_utf8_lossy(
            &std::fs::read(self.folder.join(server).join("postgres/log")).unwrap(),
        )
        .into_owned()
    }

    /// The URL of the database of that name on a server itself.
    pub(crate) fn url(&self, server: &str, database: &Database) -> String {
        let port = std::fs::read_to_string(self.folder.join(server).join("postgres/port")).unwrap();
        format!(
            "postgres://scieve@127.0.0.1:{}/{}",
            port.trim(),
            database.url.rsplit_once('/').unwrap().1
        )
    }
}
