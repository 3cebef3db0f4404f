//! `scieve serve`: runs the Users REST API.

use crate::exit::{CliError, ExitStatus};
use crate::seed::{Loaded, Seed};
use scieve_server::{Config, Cors, InviteExpiry, Jwt, JwtAlgorithm, RateLimits};
use scieve_users::{Invitation, MailError, Mailer, MemoryStore, SqlOptions, SqlStore, UserStore};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// Run a server for the Users REST API
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve serve --fixture examples/fixture.json
  curl -H 'Authorization: Bearer admin-key-0001' http://127.0.0.1:8080/api/v1/users
  scieve serve --store sqlite:users.db --fixture examples/fixture.json

Tables are created and migrated at start-up. `--fixture` and `--sample` are loaded only if the \
tenant has no users; API keys are not stored and must be given at every start.
The address is printed to standard output, the log to standard error; RUST_LOG sets the \
log level, such as `debug`. On SIGINT or SIGTERM, the server answers pending requests and stops.
Exit status: 0 stopped by a signal, 2 wrong usage, unreadable input or an unavailable address")]
pub(crate) struct Serve {
    /// Address to listen on; with port 0, the system chooses a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Store for users: `memory` (lost when the server stops), `sqlite:FILE`, `postgres://...` or
    /// `mysql://...` (also for MariaDB). Set SCIEVE_STORE instead to hide a password from other
    /// users of this machine [default: memory]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Initial users, roles, groups and API keys, in the format of examples/fixture.json
    #[arg(long, value_name = "FILE")]
    fixture: Option<PathBuf>,
    /// Number of generated users to add
    #[arg(long, value_name = "N", default_value_t = 0)]
    sample: usize,
    /// API key of an administrator; may be repeated. Set SCIEVE_API_KEY instead to hide it from
    /// other users of this machine
    #[arg(long, value_name = "KEY")]
    api_key: Vec<String>,
    /// Tenant id
    #[arg(long, value_name = "ID", conflicts_with = "fixture")]
    tenant: Option<String>,
    /// Enable per-user rate limits
    #[arg(
        long,
        value_enum,
        value_name = "on|off",
        default_value = "on",
        hide_possible_values = true
    )]
    rate_limit: Switch,
    /// Base URL for links [default: the host of the request]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Origin to allow in CORS requests, or `*` for any; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,
    /// Format of `inviteExpiry`: remaining seconds or a Unix timestamp
    #[arg(long, value_enum, default_value = "seconds")]
    invite_expiry: Unit,
    /// Signature algorithm of JSON Web Tokens (JWT)
    #[arg(long, value_enum, requires = "jwt_key")]
    jwt_algorithm: Option<Algorithm>,
    /// Key that verifies JWTs: the secret for hs256, otherwise a public key in PEM format
    #[arg(long, value_name = "FILE", requires = "jwt_algorithm", conflicts_with = "jwt_key_set")]
    jwt_key: Option<PathBuf>,
    /// JSON Web Key Set (RFC 7517) that verifies JWTs
    #[arg(long, value_name = "FILE", requires = "jwt_issuer")]
    jwt_key_set: Option<PathBuf>,
    /// Required `iss` claim of JWTs
    #[arg(long, value_name = "TEXT", requires = "jwt_audience")]
    jwt_issuer: Option<String>,
    /// Required `aud` claim of JWTs
    #[arg(long, value_name = "TEXT", requires = "jwt_issuer")]
    jwt_audience: Option<String>,
    /// Log format
    #[arg(long, value_enum, default_value = "text")]
    log: Log,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Unit {
    Seconds,
    Unix,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Algorithm {
    Hs256,
    Rs256,
    Es256,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Log {
    Text,
    Json,
}

impl Serve {
    pub(crate) fn run(&self) -> Result<ExitStatus, CliError> {
        let store = self
            .store
            .clone()
            .or_else(|| std::env::var("SCIEVE_STORE").ok())
            .unwrap_or_else(|| "memory".to_owned());
        let mut keys = self.api_key.clone();
        keys.extend(std::env::var("SCIEVE_API_KEY").ok());
        if keys.iter().any(String::is_empty) {
            return CliError::fail("API keys cannot be empty");
        }
        let mut seed = Seed::new(self.fixture.as_deref(), self.sample, self.tenant.as_deref())?;
        seed.administrator(&keys);
        let mut config = self.config(&seed)?;
        for (key, user_id) in &seed.keys {
            config = config.api_key(key, &seed.tenant, user_id);
        }
        if seed.keys.is_empty() && self.jwt_issuer.is_none() {
            return CliError::fail(
                "no credentials are configured: use `--api-key`, a `--fixture` with API keys, or \
                 the `--jwt-...` options",
            );
        }
        self.init_logging();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| CliError::Failed(format!("cannot start: {error}")))?;
        runtime.block_on(self.open(&store, seed, config))
    }

    fn config(&self, seed: &Seed) -> Result<Config, CliError> {
        let mut config = Config::new(&seed.tenant).mailer(LogMailer);
        if self.rate_limit == Switch::Off {
            config = config.rate_limits(RateLimits::OFF);
        }
        if self.invite_expiry == Unit::Unix {
            config = config.invite_expiry(InviteExpiry::Unix);
        }
        if let Some(url) = &self.public_url {
            config = config
                .public_url(url)
                .map_err(|error| CliError::Failed(format!("`--public-url`: {error}")))?;
        }
        if self.cors.iter().any(|origin| origin == "*") {
            config = config.cors(Cors::Any);
        } else if !self.cors.is_empty() {
            let origins = self.cors.iter().map(|origin| origin.parse()).collect::<Result<_, _>>();
            config = config.cors(Cors::Origins(origins.map_err(|_| {
                CliError::Failed("`--cors`: expected an origin such as `https://a.example`".into())
            })?));
        }
        Ok(match self.jwt()? {
            Some(jwt) => config.jwt(jwt),
            None => config,
        })
    }

    fn jwt(&self) -> Result<Option<Jwt>, CliError> {
        let (Some(issuer), Some(audience)) = (&self.jwt_issuer, &self.jwt_audience) else {
            return match self.jwt_key {
                Some(_) => {
                    CliError::fail("`--jwt-key` requires `--jwt-issuer` and `--jwt-audience`")
                }
                None => Ok(None),
            };
        };
        let read = |path: &PathBuf| {
            std::fs::read(path)
                .map_err(|error| CliError::cannot_read(&path.display().to_string(), &error))
        };
        let jwt = match (&self.jwt_key, self.jwt_algorithm, &self.jwt_key_set) {
            (Some(path), Some(algorithm), _) => {
                let algorithm = match algorithm {
                    Algorithm::Hs256 => JwtAlgorithm::Hs256,
                    Algorithm::Rs256 => JwtAlgorithm::Rs256,
                    Algorithm::Es256 => JwtAlgorithm::Es256,
                };
                let key = read(path)?;
                // Editors end files with a newline, which is not part of a secret.
                Jwt::with_key(algorithm, key.trim_ascii_end(), issuer, audience)
            }
            (_, _, Some(path)) => {
                Jwt::with_key_set(&String::from_utf8_lossy(&read(path)?), issuer, audience)
            }
            _ => return CliError::fail("`--jwt-issuer` requires `--jwt-key` or `--jwt-key-set`"),
        };
        jwt.map(Some).map_err(|error| CliError::Failed(error.to_string()))
    }

    fn init_logging(&self) {
        let level = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let log = tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr);
        // Fails if a subscriber is already installed, which then stays.
        let _ = match self.log {
            Log::Text => log.with_ansi(false).try_init(),
            Log::Json => log.json().try_init(),
        };
    }

    async fn open(&self, store: &str, seed: Seed, config: Config) -> Result<ExitStatus, CliError> {
        if store == "memory" {
            tracing::warn!(
                "users are stored in memory only: changes are lost when the server stops"
            );
            return self.serve(MemoryStore::new(), seed, &config).await;
        }
        // The rest of the URL may contain a password.
        let scheme = store.split(':').next().unwrap_or_default();
        if !cfg!(feature = "full")
            && matches!(scheme, "postgres" | "postgresql" | "mysql" | "mariadb")
        {
            return CliError::fail(format!(
                "`--store {scheme}:...` requires the feature `full`: rebuild with `--features full`"
            ));
        }
        let opened = SqlStore::connect(store, SqlOptions::default()).await;
        let store = opened.map_err(|error| CliError::Failed(format!("`--store`: {error}")))?;
        let config = config.cursor_key(store.cursor_key());
        self.serve(store, seed, &config).await
    }

    async fn serve<S: UserStore>(
        &self,
        store: S,
        seed: Seed,
        config: &Config,
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
        let router = scieve_server::router(store, config)
            .map_err(|error| CliError::Failed(error.to_string()))?;
        let listener = tokio::net::TcpListener::bind(self.listen).await;
        let listener = listener.map_err(|error| {
            CliError::Failed(format!("cannot listen on {}: {error}", self.listen))
        })?;
        let address = listener.local_addr().map_err(|error| CliError::Failed(error.to_string()))?;
        tracing::info!(%address, tenant, "listening");
        // Fails if the reader has closed standard output, which is not an error.
        let _ = writeln!(std::io::stdout(), "listening on http://{address}");
        scieve_server::serve(listener, router, config, shutdown)
            .await
            .map_err(|error| CliError::Failed(error.to_string()))?;
        tracing::info!("stopped");
        Ok(ExitStatus::Success)
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

/// Logs each invitation instead of sending a mail.
struct LogMailer;

impl Mailer for LogMailer {
    fn send(&self, invitation: &Invitation<'_>) -> Result<(), MailError> {
        tracing::info!(user = invitation.user_id, language = invitation.language, "invited");
        Ok(())
    }
}
