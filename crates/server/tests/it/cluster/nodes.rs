//! The cluster of `scripts/cluster`, and tenants by node.

use crate::databases::{Database, cluster_folder};
use sqlx::{Connection as _, PgConnection, Row as _};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// The servers of the cluster.
pub(crate) struct Cluster {
    folder: PathBuf,
}

/// A tenant and the node that stores its rows.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) number: i32,
    pub(crate) node: String,
}

impl Cluster {
    pub(crate) fn here() -> Self {
        Self { folder: cluster_folder() }
    }

    /// Runs the action `stop` or `start` on a node.
    pub(crate) fn control(&self, action: &str, node: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/cluster");
        let status = Command::new(script)
            .args([action, self.folder.to_str().unwrap(), node])
            .status()
            .unwrap();
        assert!(status.success(), "{action} {node}");
    }

    /// Adds `each` tenants per node, with ids that start with `word`.
    pub(crate) async fn tenants(
        &self,
        word: &str,
        each: usize,
        database: &Database,
    ) -> Vec<Tenant> {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let mut tenants: Vec<Tenant> = Vec::new();
        // Numbers that occur nowhere else in a log.
        for number in 1_000_000_000_i32.. {
            let id = format!("{word}-{number}");
            let mut node = None;
            for (place, name) in NODES.iter().enumerate() {
                let own =
                    sqlx::query("SELECT satisfies_hash_partition('users'::regclass, 3, $1, $2)")
                        .bind(place as i32)
                        .bind(number);
                if own.fetch_one(&mut connection).await.unwrap().get::<bool, _>(0) {
                    node = Some((*name).to_owned());
                }
            }
            let node = node.expect("a node for every tenant");
            if tenants.iter().filter(|tenant| tenant.node == node).count() < each {
                let insert = "INSERT INTO tenants (number, tenant_id, version) VALUES ($1, $2, 0)";
                let insert = sqlx::query(insert).bind(number).bind(&id);
                insert.execute(&mut connection).await.unwrap();
                tenants.push(Tenant { id, number, node });
            }
            if tenants.len() == each * NODES.len() {
                break;
            }
        }
        tenants
    }

    /// Returns the log of a server.
    pub(crate) fn log(&self, server: &str) -> String {
        String::from_utf8_lossy(
            &std::fs::read(self.folder.join(server).join("postgres/log")).unwrap(),
        )
        .into_owned()
    }

    /// Returns the URL of the database on a single server.
    pub(crate) fn url(&self, server: &str, database: &Database) -> String {
        let port = std::fs::read_to_string(self.folder.join(server).join("postgres/port")).unwrap();
        format!(
            "postgres://scieve@127.0.0.1:{}/{}",
            port.trim(),
            database.url.rsplit_once('/').unwrap().1
        )
    }
}
