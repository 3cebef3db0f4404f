//! `scieve serve`: runs the Users REST API.

use crate::exit::{CliError, ExitStatus};
use crate::seed::{Loaded, Seed};
pub(crate) use crate::serve_options::Serve;
use crate::serve_options::{Keys, Log};
use scieve_server::{Config, Credentials};
use scieve_users::{MemoryStore, SqlStore, User, UserStore};
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// Maximum time to close the store after the last request.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Creates the runtime of a command.
pub(crate) fn runtime() -> Result<Runtime, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| CliError::Failed(format!("cannot start: {error}")))
}

/// The files with keys, the user of their administrators, and where to put their content.
struct KeyFiles<'a> {
    keys: &'a Keys,
    administrator: User,
    sender: watch::Sender<Credentials>,
}

impl KeyFiles<'_> {
    /// Reads the files again on each SIGHUP. If that fails, the present keys stay valid.
    async fn watch(&self, mut hangup: Hangup) {
        loop {
            hangup.recv().await;
            match self.keys.read_files(&self.administrator) {
                Ok(credentials) => {
                    self.sender.send_replace(credentials);
                    tracing::info!("the keys were read again");
                }
                Err(CliError::Failed(error)) => {
                    tracing::error!(error, "the keys were not read again");
                }
                Err(CliError::BrokenPipe) => {}
            }
        }
    }
}

impl Serve {
    pub(crate) fn run(&self) -> Result<ExitStatus, CliError> {
        let mut keys = self.keys.api_key.clone();
        keys.extend(std::env::var("SCIEVE_API_KEY").ok());
        if keys.iter().any(String::is_empty) {
            return CliError::fail("API keys cannot be empty");
        }
        let storage = &self.storage;
        let mut seed =
            Seed::new(storage.fixture.as_deref(), storage.sample, storage.tenant.as_deref())?;
        // Only a key of the command line adds the user to the store.
        let administrator = match keys.is_empty() {
            true => seed.administrator(),
            false => seed.add_administrator(),
        };
        let mut config = self.config(&seed)?;
        for (key, user_id) in &seed.keys {
            config = config.api_key(key, &seed.tenant, user_id);
        }
        for key in &keys {
            config = config.administrator_key(key, administrator.clone());
        }
        let files = self.keys.read_files(&administrator)?;
        if seed.keys.is_empty() && keys.is_empty() && files.is_empty() {
            return CliError::fail(
                "no credentials are configured: use `--api-key`, a `--fixture` with API keys, \
                 `--key-file`, or the `--jwt-...` options",
            );
        }
        let (sender, receiver) = watch::channel(files);
        let files = KeyFiles { keys: &self.keys, administrator, sender };
        let config = config.watch_credentials(receiver);
        init_logging(self.log)?;
        runtime()?.block_on(self.open(seed, config, files))
    }

    async fn open(
        &self,
        seed: Seed,
        config: Config,
        files: KeyFiles<'_>,
    ) -> Result<ExitStatus, CliError> {
        // From here on, SIGHUP does not end the process.
        let hangup = Hangup::new()?;
        for message in self.unset() {
            tracing::warn!("{message}");
        }
        if self.storage.store == "memory" {
            return self.serve(MemoryStore::new(), seed, &config, files, hangup).await;
        }
        let scheme = self.storage.scheme();
        if !cfg!(feature = "full")
            && matches!(scheme, "postgres" | "postgresql" | "mysql" | "mariadb")
        {
            return CliError::fail(format!(
                "`--store {scheme}:...` requires the feature `full`: rebuild with `--features full`"
            ));
        }
        let opened = SqlStore::connect(&self.storage.store, self.storage.sql_options()).await;
        let store = opened.map_err(|error| CliError::Failed(format!("`--store`: {error}")))?;
        let config = config.cursor_key(store.cursor_key());
        self.serve(store, seed, &config, files, hangup).await
    }

    async fn serve<S: UserStore>(
        &self,
        store: S,
        seed: Seed,
        config: &Config,
        files: KeyFiles<'_>,
        hangup: Hangup,
    ) -> Result<ExitStatus, CliError> {
        let shutdown = shutdown_signal()?;
        let store = Arc::new(store);
        let tenant = seed.tenant.clone();
        let initial = seed.users.len();
        let loaded = seed.load(&*store).await;
        match loaded.map_err(|error| CliError::Failed(format!("cannot load the users: {error}")))? {
            Loaded::All(users) => tracing::info!(users, tenant, "loaded"),
            Loaded::Nothing if initial > 0 => {
                tracing::info!(
                    tenant,
                    "the tenant already has users: `--fixture` and `--sample` are not loaded"
                )
            }
            Loaded::Nothing => {}
        }
        let invalid = |error: scieve_server::ConfigError| CliError::Failed(error.to_string());
        let (router, operations) = match self.network.metrics_listen {
            None => (scieve_server::router(Arc::clone(&store), config).map_err(invalid)?, None),
            Some(address) => {
                let routers = scieve_server::separate_routers(Arc::clone(&store), config);
                let (api, operations) = routers.map_err(invalid)?;
                (api, Some((listen(address).await?, operations)))
            }
        };
        let listener = listen(self.network.listen).await?;
        let address = local_address(&listener)?;
        tracing::info!(%address, tenant, "listening");
        // Fails if the reader has closed standard output, which is not an error.
        let _ = writeln!(std::io::stdout(), "listening on http://{address}");
        let (stop, stopped) = watch::channel(());
        let wait = |mut stopped: watch::Receiver<()>| async move { drop(stopped.changed().await) };
        let api = scieve_server::serve(listener, router, config, wait(stopped.clone()));
        let operations = async {
            let Some((listener, router)) = operations else { return Ok(()) };
            let address = listener.local_addr()?;
            tracing::info!(%address, "listening for metrics");
            let _ = writeln!(std::io::stdout(), "metrics on http://{address}/metrics");
            scieve_server::serve(listener, router, config, wait(stopped)).await
        };
        let served = async { tokio::try_join!(api, operations) };
        let signals = async {
            tokio::select! {
                () = shutdown => {}
                () = files.watch(hangup) => {}
            }
            stop.send_replace(());
            // The servers end the wait.
            std::future::pending().await
        };
        tokio::select! {
            served = served => {
                served.map_err(|error| CliError::Failed(error.to_string()))?;
            }
            () = signals => {}
        }
        if tokio::time::timeout(CLOSE_TIMEOUT, store.close()).await.is_err() {
            tracing::warn!("the store was not closed within {} s", CLOSE_TIMEOUT.as_secs());
        }
        tracing::info!("stopped");
        Ok(ExitStatus::Success)
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, CliError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| CliError::Failed(format!("cannot listen on {address}: {error}")))
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, CliError> {
    listener.local_addr().map_err(|error| CliError::Failed(error.to_string()))
}

/// Installs the log with the level of RUST_LOG.
fn init_logging(format: Log) -> Result<(), CliError> {
    let directives = std::env::var("RUST_LOG").unwrap_or_default();
    let directives = if directives.is_empty() { "info" } else { directives.as_str() };
    // A word that is neither a level nor `target=level` would be a target, so that a misspelt level
    // would turn the log off.
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_valid = |directive: &str| {
        directive.contains('=') || levels.iter().any(|level| level.eq_ignore_ascii_case(directive))
    };
    let filter = directives
        .split(',')
        .all(|directive| is_valid(directive.trim()))
        .then(|| EnvFilter::try_new(directives).ok())
        .flatten()
        .ok_or_else(|| {
            CliError::Failed(format!(
                "RUST_LOG: expected a level such as `debug`, or `target=level`, got `{directives}`"
            ))
        })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails if a subscriber is already installed, which then stays.
    let _ = match format {
        Log::Text => log.with_ansi(false).try_init(),
        Log::Json => log.json().try_init(),
    };
    Ok(())
}

/// Receives SIGHUP.
struct Hangup {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangup {
    fn new() -> Result<Self, CliError> {
        #[cfg(unix)]
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
            .map_err(|error| CliError::Failed(format!("cannot handle signals: {error}")))?;
        Ok(Self {
            #[cfg(unix)]
            signal,
        })
    }

    async fn recv(&mut self) {
        #[cfg(unix)]
        if self.signal.recv().await.is_some() {
            return;
        }
        std::future::pending().await
    }
}

/// Returns a future that completes on SIGINT or SIGTERM.
fn shutdown_signal() -> Result<impl Future<Output = ()>, CliError> {
    #[cfg(unix)]
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .map_err(|error| CliError::Failed(format!("cannot handle signals: {error}")))?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}
