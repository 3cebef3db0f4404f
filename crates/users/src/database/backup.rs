//! Backup of an SQLite database.

use super::SqlStore;
use super::error::ConnectError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::fs::File;
use std::path::Path;
use std::str::FromStr as _;

impl SqlStore {
    /// Copies an SQLite database to a new file, while servers may use it: the copy is one consistent
    /// snapshot (`VACUUM INTO`), which is checked and on disk when this function returns.
    ///
    /// # Errors
    /// A URL that is not `sqlite:FILE`, a missing database, a file that exists or cannot be written.
    pub async fn back_up_sqlite(url: &str, file: &Path) -> Result<(), ConnectError> {
        if !url.starts_with("sqlite:") {
            return Err(ConnectError::new("expected `sqlite:FILE`"));
        }
        if file.exists() {
            return Err(ConnectError::new(format!("`{}` exists already", file.display())));
        }
        // An incomplete copy never has the name of a backup.
        let mut partial = file.as_os_str().to_owned();
        partial.push(".partial");
        let partial = Path::new(&partial);
        let written = match write(url, partial).await {
            Ok(()) => std::fs::rename(partial, file).map_err(failed),
            Err(error) => Err(error),
        };
        if written.is_err() {
            let _ = std::fs::remove_file(partial);
        }
        written
    }
}

async fn write(url: &str, file: &Path) -> Result<(), ConnectError> {
    let name = file.to_str().ok_or_else(|| ConnectError::new("expected a file name in UTF-8"))?;
    let options = SqliteConnectOptions::from_str(url).map_err(failed)?;
    let mut connection = options.create_if_missing(false).connect().await.map_err(failed)?;
    sqlx::query("VACUUM INTO ?").bind(name).execute(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    let mut copy = SqliteConnectOptions::new().filename(file).connect().await.map_err(failed)?;
    let (found,): (String,) =
        sqlx::query_as("PRAGMA quick_check").fetch_one(&mut copy).await.map_err(failed)?;
    copy.close().await.map_err(failed)?;
    if found != "ok" {
        return Err(ConnectError::new(format!("the copy is damaged: {found}")));
    }
    // SQLite does not sync the file itself.
    File::open(file).and_then(|file| file.sync_all()).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> ConnectError {
    ConnectError::new(error.to_string())
}
