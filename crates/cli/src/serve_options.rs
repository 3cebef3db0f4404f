//! The options of `scieve serve`, and the settings that they describe.

use crate::exit::CliError;
use crate::key_file;
use crate::progress_bar::ProgressBar;
use crate::seed::Seed;
use crate::webhook::{LogMailer, Webhook};
use clap::builder::NonEmptyStringValueParser;
use scieve_server::{
    Config, Cors, Credentials, InviteExpiry, Jwt, JwtAlgorithm, RateLimits, SearchLimits, Timeouts,
};
use scieve_users::{SqlOptions, User};
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Run a server for the Users REST API
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve serve --fixture examples/fixture.json
  curl -H 'Authorization: Bearer admin-key-0001' http://127.0.0.1:8080/api/v1/users
  scieve serve --store sqlite:users.db --fixture examples/fixture.json

Each option can also be a key of the TOML file of `--config`, such as `listen = \"0.0.0.0:80\"`, or \
an environment variable. The command line takes precedence, then the environment.
Tables are created and migrated at start-up. `--fixture` and `--sample` are loaded only if the \
tenant has no users; API keys are not stored and must be given at every start.
The address is printed to standard output, the log to standard error; RUST_LOG sets the \
log level, such as `debug`. On SIGINT or SIGTERM, the server answers pending requests and stops. On \
SIGHUP, it reads the files with keys again.
Exit status: 0 stopped by a signal, 2 wrong usage, unreadable input or an unavailable address")]
pub(crate) struct Serve {
    /// TOML file with options
    #[arg(long, value_name = "FILE", env = "SCIEVE_CONFIG", hide_env = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) storage: Storage,
    #[command(flatten)]
    pub(crate) keys: Keys,
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    invitations: Invitations,
    /// Log format
    #[arg(long, value_enum, default_value = "text", env = "SCIEVE_LOG", hide_env = true)]
    #[arg(help_heading = "Logging")]
    pub(crate) log: Log,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Storage")]
pub(crate) struct Storage {
    /// Store for users: `memory` (lost when the server stops), `sqlite:FILE`, `postgres://...` or
    /// `mysql://...` (also for MariaDB). Set SCIEVE_STORE instead to hide a password from other
    /// users of this machine
    #[arg(long, value_name = "STORE", env = "SCIEVE_STORE", hide_env = true)]
    #[arg(default_value = "memory")]
    pub(crate) store: String,
    /// Tenant id
    #[arg(long, value_name = "ID", conflicts_with = "fixture", env = "SCIEVE_TENANT")]
    #[arg(hide_env = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) tenant: Option<String>,
    /// Initial users, roles, groups and API keys, in the format of examples/fixture.json
    #[arg(long, value_name = "FILE", env = "SCIEVE_FIXTURE", hide_env = true)]
    pub(crate) fixture: Option<PathBuf>,
    /// Number of generated users to add
    #[arg(long, value_name = "N", default_value_t = 0, env = "SCIEVE_SAMPLE", hide_env = true)]
    pub(crate) sample: usize,
    /// Maximum number of connections to a database
    #[arg(long, value_name = "N", default_value = "10", env = "SCIEVE_POOL_SIZE")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pool_size: u32,
    /// Maximum time to wait for a connection to a database, in milliseconds
    #[arg(long, value_name = "MS", default_value = "3000", env = "SCIEVE_ACQUIRE_TIMEOUT")]
    #[arg(hide_env = true, value_parser = milliseconds)]
    acquire_timeout: Duration,
    /// Maximum time of a statement in a database, in milliseconds
    #[arg(long, value_name = "MS", default_value = "10000", env = "SCIEVE_STATEMENT_TIMEOUT")]
    #[arg(hide_env = true, value_parser = milliseconds)]
    statement_timeout: Duration,
    /// Maximum time to wait for locks of other transactions in a database, in milliseconds
    #[arg(long, value_name = "MS", default_value = "5000", env = "SCIEVE_LOCK_TIMEOUT")]
    #[arg(hide_env = true, value_parser = milliseconds)]
    lock_timeout: Duration,
    /// Time for which a caller's status and roles are cached, in milliseconds: other servers of a
    /// database take as long to notice that a user was disabled or demoted (0: no cache)
    #[arg(long, value_name = "MS", default_value = "2000", env = "SCIEVE_ACCOUNT_CACHE")]
    #[arg(hide_env = true, value_parser = milliseconds_or_zero)]
    account_cache: Duration,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Authentication")]
pub(crate) struct Keys {
    /// API key of an administrator, whatever the store contains; may be repeated. Set
    /// SCIEVE_API_KEY instead to hide it from other users of this machine
    #[arg(long, value_name = "KEY")]
    pub(crate) api_key: Vec<String>,
    /// File with a line for each API key: its SHA-256 hash and the id of its user, or
    /// `administrator`
    #[arg(long, value_name = "FILE", env = "SCIEVE_KEY_FILE", hide_env = true)]
    key_file: Option<PathBuf>,
    /// Signature algorithm of JSON Web Tokens (JWT)
    #[arg(long, value_enum, requires = "jwt_key", env = "SCIEVE_JWT_ALGORITHM", hide_env = true)]
    jwt_algorithm: Option<Algorithm>,
    /// Key that verifies JWTs: the secret for hs256, otherwise a public key in PEM format
    #[arg(long, value_name = "FILE", requires = "jwt_algorithm", conflicts_with = "jwt_key_set")]
    #[arg(env = "SCIEVE_JWT_KEY", hide_env = true)]
    jwt_key: Option<PathBuf>,
    /// Id (`kid`) of that key. Without it, JWTs that name a key are rejected
    #[arg(long, value_name = "ID", requires = "jwt_key", env = "SCIEVE_JWT_KEY_ID")]
    #[arg(hide_env = true)]
    jwt_key_id: Option<String>,
    /// JSON Web Key Set (RFC 7517) that verifies JWTs
    #[arg(long, value_name = "FILE", requires = "jwt_issuer", env = "SCIEVE_JWT_KEY_SET")]
    #[arg(hide_env = true)]
    jwt_key_set: Option<PathBuf>,
    /// Required `iss` claim of JWTs
    #[arg(long, value_name = "TEXT", requires = "jwt_audience", env = "SCIEVE_JWT_ISSUER")]
    #[arg(hide_env = true)]
    pub(crate) jwt_issuer: Option<String>,
    /// Required `aud` claim of JWTs
    #[arg(long, value_name = "TEXT", requires = "jwt_issuer", env = "SCIEVE_JWT_AUDIENCE")]
    #[arg(hide_env = true)]
    jwt_audience: Option<String>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct Network {
    /// Address to listen on; with port 0, the system chooses a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    #[arg(env = "SCIEVE_LISTEN", hide_env = true)]
    pub(crate) listen: SocketAddr,
    /// Address for `/metrics` and the probes [default: with the API]
    #[arg(long, value_name = "ADDRESS", env = "SCIEVE_METRICS_LISTEN", hide_env = true)]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Base URL for links [default: the host of the request]
    #[arg(long, value_name = "URL", env = "SCIEVE_PUBLIC_URL", hide_env = true)]
    pub(crate) public_url: Option<String>,
    /// Origin to allow in CORS requests, or `*` for any; may be repeated
    #[arg(long, value_name = "ORIGIN", env = "SCIEVE_CORS", hide_env = true)]
    #[arg(value_delimiter = ',')]
    cors: Vec<String>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Limits")]
struct Limits {
    /// Enable per-user rate limits
    #[arg(long, value_enum, value_name = "on|off", default_value = "on")]
    #[arg(hide_possible_values = true, env = "SCIEVE_RATE_LIMIT", hide_env = true)]
    rate_limit: Switch,
    /// Maximum number of reads per user and minute
    #[arg(long, value_name = "N", default_value = "1000", env = "SCIEVE_RATE_LIMIT_READ")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit_read: u32,
    /// Maximum number of writes per user and minute
    #[arg(long, value_name = "N", default_value = "100", env = "SCIEVE_RATE_LIMIT_WRITE")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit_write: u32,
    /// Maximum number of filter actions per user and minute
    #[arg(long, value_name = "N", default_value = "200", env = "SCIEVE_RATE_LIMIT_FILTER")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit_filter: u32,
    /// Maximum time of a list that no index answers, in milliseconds
    #[arg(long, value_name = "MS", default_value = "2000", env = "SCIEVE_SCAN_TIMEOUT")]
    #[arg(hide_env = true, value_parser = milliseconds)]
    scan_timeout: Duration,
    /// Maximum number of concurrent lists of one user that no index answers
    #[arg(long, value_name = "N", default_value = "2", env = "SCIEVE_SCANS_PER_USER")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u32).range(1..))]
    scans_per_user: u32,
    /// Maximum number of concurrent lists that no index answers
    #[arg(long, value_name = "N", default_value = "4", env = "SCIEVE_SCANS")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u32).range(1..))]
    scans: u32,
    /// Maximum number of concurrent connections; further ones wait
    #[arg(long, value_name = "N", default_value = "10000", env = "SCIEVE_MAX_CONNECTIONS")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// Maximum size of a request body in bytes
    #[arg(long, value_name = "BYTES", default_value = "512000", env = "SCIEVE_BODY_BYTES")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u32).range(1..))]
    body_bytes: u32,
    /// Maximum size of the request line and the headers together in bytes
    #[arg(long, value_name = "BYTES", default_value = "131072", env = "SCIEVE_HEAD_BYTES")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u32).range(8192..=16_777_216))]
    head_bytes: u32,
    /// Maximum number of headers
    #[arg(long, value_name = "N", default_value = "100", env = "SCIEVE_MAX_HEADERS")]
    #[arg(hide_env = true, value_parser = clap::value_parser!(u16).range(1..=1000))]
    max_headers: u16,
    /// Maximum time to receive the head of a request, in milliseconds
    #[arg(long, value_name = "MS", default_value = "30000", env = "SCIEVE_HEAD_TIMEOUT")]
    #[arg(hide_env = true, value_parser = milliseconds)]
    head_timeout: Duration,
    /// Maximum time to receive the body of a request, in milliseconds
    #[arg(long, value_name = "MS", default_value = "30000", env = "SCIEVE_BODY_TIMEOUT")]
    #[arg(hide_env = true, value_parser = milliseconds)]
    body_timeout: Duration,
    /// Maximum time without progress while a response is sent, in milliseconds
    #[arg(long, value_name = "MS", default_value = "30000", env = "SCIEVE_RESPONSE_TIMEOUT")]
    #[arg(hide_env = true, value_parser = milliseconds)]
    response_timeout: Duration,
    /// Maximum time to finish pending requests at shutdown, in milliseconds
    #[arg(long, value_name = "MS", default_value = "10000", env = "SCIEVE_SHUTDOWN_TIMEOUT")]
    #[arg(hide_env = true, value_parser = milliseconds)]
    shutdown_timeout: Duration,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Invitations")]
struct Invitations {
    /// URL that each invitation is posted to as JSON, by a service that sends the mail. Set
    /// SCIEVE_INVITE_WEBHOOK_TOKEN to send a bearer token [default: only log invitations]
    #[arg(long, value_name = "URL", env = "SCIEVE_INVITE_WEBHOOK", hide_env = true)]
    invite_webhook: Option<String>,
    /// Format of `inviteExpiry`: remaining seconds or a Unix timestamp
    #[arg(long, value_enum, default_value = "seconds", env = "SCIEVE_INVITE_EXPIRY")]
    #[arg(hide_env = true)]
    invite_expiry: Unit,
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
pub(crate) enum Log {
    Text,
    Json,
}

/// Parses a time from 1 ms to a day.
fn milliseconds(text: &str) -> Result<Duration, String> {
    match milliseconds_or_zero(text) {
        Ok(Duration::ZERO) | Err(_) => Err("expected milliseconds from 1 to 86400000".to_owned()),
        time => time,
    }
}

/// Parses a time up to a day.
fn milliseconds_or_zero(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(millis @ 0..=86_400_000) => Ok(Duration::from_millis(millis)),
        _ => Err("expected milliseconds from 0 to 86400000".to_owned()),
    }
}

/// Returns a function that shows the progress of a load on standard error, if that is a terminal.
fn load_progress() -> impl Fn(u64, u64) + Send + Sync + 'static {
    let bar = Mutex::new(ProgressBar::default());
    let is_terminal = std::io::stderr().is_terminal();
    move |done, whole| {
        if !is_terminal {
            return;
        }
        let mut bar = bar.lock().unwrap_or_else(PoisonError::into_inner);
        match done < whole {
            true => bar.show(&mut std::io::stderr(), done, whole),
            false => bar.end(&mut std::io::stderr()),
        }
    }
}

impl Storage {
    /// Returns the scheme of the store: the rest of a URL may contain a password.
    pub(crate) fn scheme(&self) -> &str {
        self.store.split(':').next().unwrap_or_default()
    }

    pub(crate) fn sql_options(&self) -> SqlOptions {
        SqlOptions::default()
            .connections(self.pool_size)
            .acquire_timeout(self.acquire_timeout)
            .statement_timeout(self.statement_timeout)
            .lock_timeout(self.lock_timeout)
            .account_cache(self.account_cache)
            .on_load(load_progress())
    }
}

impl Keys {
    /// Reads the files with keys and key sets, which can change while the server runs.
    pub(crate) fn read_files(&self, administrator: &User) -> Result<Credentials, CliError> {
        let mut credentials = Credentials::new();
        if let Some(path) = &self.key_file {
            credentials = key_file::read(path, credentials, administrator)?;
        }
        Ok(match self.jwt()? {
            Some(jwt) => credentials.jwt(jwt),
            None => credentials,
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
                let jwt = Jwt::with_key(algorithm, key.trim_ascii_end(), issuer, audience);
                match &self.jwt_key_id {
                    Some(id) => jwt.map(|jwt| jwt.key_id(id)),
                    None => jwt,
                }
            }
            (_, _, Some(path)) => {
                Jwt::with_key_set(&String::from_utf8_lossy(&read(path)?), issuer, audience)
            }
            _ => return CliError::fail("`--jwt-issuer` requires `--jwt-key` or `--jwt-key-set`"),
        };
        jwt.map(Some).map_err(|error| CliError::Failed(error.to_string()))
    }
}

impl Serve {
    pub(crate) fn config(&self, seed: &Seed) -> Result<Config, CliError> {
        let limits = &self.limits;
        let config = Config::new(&seed.tenant)
            .body_bytes(to_usize(limits.body_bytes))
            .head_bytes(to_usize(limits.head_bytes))
            .max_headers(limits.max_headers.into())
            .max_connections(to_usize(limits.max_connections))
            .rate_limits(self.rate_limits())
            .search_limits(self.search_limits())
            .timeouts(self.timeouts())
            .invite_expiry(match self.invitations.invite_expiry {
                Unit::Seconds => InviteExpiry::SecondsLeft,
                Unit::Unix => InviteExpiry::Unix,
            });
        let cors = Cors::origins(&self.network.cors)
            .map_err(|error| CliError::Failed(format!("`--cors`: {error}")))?;
        let mut config = config.cors(cors);
        if let Some(url) = &self.network.public_url {
            config = config
                .public_url(url)
                .map_err(|error| CliError::Failed(format!("`--public-url`: {error}")))?;
        }
        Ok(match &self.invitations.invite_webhook {
            Some(url) => {
                let token = std::env::var("SCIEVE_INVITE_WEBHOOK_TOKEN").ok();
                config.mailer(Webhook::new(url, token.as_deref())?)
            }
            None => config.mailer(LogMailer),
        })
    }

    fn rate_limits(&self) -> RateLimits {
        if self.limits.rate_limit == Switch::Off {
            return RateLimits::OFF;
        }
        let mut rates = RateLimits::default();
        rates.tier1 = Some(self.limits.rate_limit_read);
        rates.tier2 = Some(self.limits.rate_limit_write);
        rates.special = Some(self.limits.rate_limit_filter);
        rates
    }

    fn search_limits(&self) -> SearchLimits {
        let mut limits = SearchLimits::default();
        limits.time = self.limits.scan_timeout;
        limits.per_user = to_usize(self.limits.scans_per_user);
        limits.total = to_usize(self.limits.scans);
        limits
    }

    fn timeouts(&self) -> Timeouts {
        let mut timeouts = Timeouts::default();
        timeouts.head = self.limits.head_timeout;
        timeouts.body = self.limits.body_timeout;
        timeouts.answer = self.limits.response_timeout;
        timeouts.shutdown = self.limits.shutdown_timeout;
        timeouts
    }

    /// Returns what an operator may have left unset by mistake.
    pub(crate) fn unset(&self) -> Vec<&'static str> {
        let all = [
            (
                self.storage.store == "memory",
                "users are stored in memory only: changes are lost when the server stops",
            ),
            (
                self.network.public_url.is_none(),
                "`--public-url` is not set: links follow the headers of each request",
            ),
            (
                self.network.metrics_listen.is_none(),
                "`--metrics-listen` is not set: `/metrics` is served to every client of the API",
            ),
            (
                self.invitations.invite_webhook.is_none(),
                "`--invite-webhook` is not set: invitations are logged, and no mail is sent",
            ),
            (self.limits.rate_limit == Switch::Off, "rate limits are off"),
            (
                !self.network.listen.ip().is_loopback(),
                "the server speaks plain HTTP: put a proxy with TLS in front of it",
            ),
        ];
        all.into_iter().filter(|(unset, _)| *unset).map(|(_, message)| message).collect()
    }
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
