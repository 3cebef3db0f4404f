//! `scieve serve`: the users API.

use super::exit::{Stop, Verdict};
use super::seed::{Loaded, Seed};
use scieve_server::{Config, Cors, InviteExpiry, Jwt, JwtAlgorithm, RateLimits};
use scieve_users::{Invitation, MailError, Mailer, MemoryStore, UserStore};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// Serves the users API
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve serve --fixture examples/fixture.json
  curl -H 'Authorization: Bearer admin-key-0001' http://127.0.0.1:8080/api/v1/users
  scieve serve --store sqlite:users.db --fixture examples/fixture.json

A database gets its tables by itself. `--fixture` and `--sample` are loaded only where the tenant has no users yet; keys hold at every start.
The address goes to standard output, the log to standard error; RUST_LOG sets its level (such as `debug`). Ends on SIGINT or SIGTERM, once requests under way are answered.
Exit status: 0 ended as asked, 2 wrong usage, unreadable input or an address that cannot be had.")]
pub(super) struct Serve {
    /// Where to listen; with port 0 the system chooses one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where users are kept: `memory`, which forgets them when the server ends, `sqlite:FILE`, `postgres://...` or `mysql://...` (MariaDB
    /// too). SCIEVE_STORE is the same, and hides a password from other users of this machine [default: memory]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Users, roles, groups and keys to start with, as examples/fixture.json has them
    #[arg(long, value_name = "FILE")]
    fixture: Option<PathBuf>,
    /// Adds so many made-up users
    #[arg(long, value_name = "N", default_value_t = 0)]
    sample: usize,
    /// A key that acts as an administrator; can be given again. Other users of this machine may see it: SCIEVE_API_KEY is the same
    #[arg(long, value_name = "KEY")]
    api_key: Vec<String>,
    /// The tenant, where no fixture names it
    #[arg(long, value_name = "ID", conflicts_with = "fixture")]
    tenant: Option<String>,
    /// Whether users may call only so often in a minute
    #[arg(
        long,
        value_enum,
        value_name = "on|off",
        default_value = "on",
        hide_possible_values = true
    )]
    rate_limit: Switch,
    /// What links begin with; without it, the host that the request names
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// An origin from which browsers may call, or `*` for any; can be given again
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,
    /// Whether `inviteExpiry` is the seconds left or a Unix time
    #[arg(long, value_enum, default_value = "seconds")]
    invite_expiry: Unit,
    /// The algorithm of the key of JSON web tokens
    #[arg(long, value_enum, requires = "jwt_key")]
    jwt_algorithm: Option<Algorithm>,
    /// The key: for hs256 the secret, else a public key as PEM
    #[arg(long, value_name = "FILE", requires = "jwt_algorithm", conflicts_with = "jwt_key_set")]
    jwt_key: Option<PathBuf>,
    /// The keys of JSON web tokens as a JSON web key set
    #[arg(long, value_name = "FILE", requires = "jwt_issuer")]
    jwt_key_set: Option<PathBuf>,
    /// The `iss` that tokens must have
    #[arg(long, value_name = "TEXT", requires = "jwt_audience")]
    jwt_issuer: Option<String>,
    /// The `aud` that tokens must have
    #[arg(long, value_name = "TEXT", requires = "jwt_issuer")]
    jwt_audience: Option<String>,
    /// How the log is written
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
    pub(super) fn run(&self) -> Result<Verdict, Stop> {
        let store = self
            .store
            .clone()
            .or_else(|| std::env::var("SCIEVE_STORE").ok())
            .unwrap_or_else(|| "memory".to_owned());
        let mut keys = self.api_key.clone();
        keys.extend(std::env::var("SCIEVE_API_KEY").ok());
        if keys.iter().any(String::is_empty) {
            return Stop::unusable("a key cannot be empty");
        }
        let mut seed = Seed::new(self.fixture.as_deref(), self.sample, self.tenant.as_deref())?;
        seed.administrator(&keys);
        let mut config = self.config(&seed)?;
        for (key, user_id) in &seed.keys {
            config = config.api_key(key, &seed.tenant, user_id);
        }
        if seed.keys.is_empty() && self.jwt_issuer.is_none() {
            return Stop::unusable(
                "nobody could call: give a key with `--api-key` or in a `--fixture`, or the keys of tokens with `--jwt-...`",
            );
        }
        self.log();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Stop::Unusable(format!("cannot start: {error}")))?;
        runtime.block_on(self.open(&store, seed, config))
    }

    fn config(&self, seed: &Seed) -> Result<Config, Stop> {
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
                .map_err(|error| Stop::Unusable(format!("`--public-url`: {error}")))?;
        }
        if self.cors.iter().any(|origin| origin == "*") {
            config = config.cors(Cors::Any);
        } else if !self.cors.is_empty() {
            let origins = self.cors.iter().map(|origin| origin.parse()).collect::<Result<_, _>>();
            config = config.cors(Cors::Origins(origins.map_err(|_| {
                Stop::Unusable("`--cors`: expected an origin such as `https://a.example`".into())
            })?));
        }
        Ok(match self.jwt()? {
            Some(jwt) => config.jwt(jwt),
            None => config,
        })
    }

    fn jwt(&self) -> Result<Option<Jwt>, Stop> {
        let (Some(issuer), Some(audience)) = (&self.jwt_issuer, &self.jwt_audience) else {
            return match self.jwt_key {
                Some(_) => Stop::unusable("`--jwt-key` needs `--jwt-issuer` and `--jwt-audience`"),
                None => Ok(None),
            };
        };
        let read = |path: &PathBuf| {
            std::fs::read(path)
                .map_err(|error| Stop::unreadable(&path.display().to_string(), &error))
        };
        let jwt = match (&self.jwt_key, self.jwt_algorithm, &self.jwt_key_set) {
            (Some(path), Some(algorithm), _) => {
                let algorithm = match algorithm {
                    Algorithm::Hs256 => JwtAlgorithm::Hs256,
                    Algorithm::Rs256 => JwtAlgorithm::Rs256,
                    Algorithm::Es256 => JwtAlgorithm::Es256,
                };
                let key = read(path)?;
                // Editors end files with a line break; it is no part of a secret.
                Jwt::with_key(algorithm, key.trim_ascii_end(), issuer, audience)
            }
            (_, _, Some(path)) => {
                Jwt::with_key_set(&String::from_utf8_lossy(&read(path)?), issuer, audience)
            }
            _ => return Stop::unusable("`--jwt-issuer` needs `--jwt-key` or `--jwt-key-set`"),
        };
        jwt.map(Some).map_err(|error| Stop::Unusable(error.to_string()))
    }

    fn log(&self) {
        let level = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let log = tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr);
        // Whoever has set a log before keeps it.
        let _ = match self.log {
            Log::Text => log.with_ansi(false).try_init(),
            Log::Json => log.json().try_init(),
        };
    }

    async fn open(&self, store: &str, seed: Seed, config: Config) -> Result<Verdict, Stop> {
        if store == "memory" {
            tracing::warn!("users are kept in memory only: changes are lost when the server ends");
            return self.serve(MemoryStore::new(), seed, &config).await;
        }
        {
            let opened =
                scieve_users::SqlStore::connect(store, scieve_users::SqlOptions::default()).await;
            let store = opened.map_err(|error| Stop::Unusable(format!("`--store`: {error}")))?;
            let config = config.cursor_key(store.cursor_key());
            self.serve(store, seed, &config).await
        }
    }

    async fn serve<S: UserStore>(
        &self,
        store: S,
        seed: Seed,
        config: &Config,
    ) -> Result<Verdict, Stop> {
        let stop = signal()?;
        let store = Arc::new(store);
        let tenant = seed.tenant.clone();
        let asked = seed.users.len();
        let loaded = seed.load(&*store).await;
        match loaded.map_err(|error| Stop::Unusable(format!("cannot load the users: {error}")))? {
            Loaded::All(users) => tracing::info!(users, tenant, "loaded"),
            Loaded::Nothing if asked > 0 => {
                tracing::info!(
                    tenant,
                    "the tenant has users already: `--fixture` and `--sample` are not loaded"
                )
            }
            Loaded::Nothing => {}
        }
        let router = scieve_server::router(store, config)
            .map_err(|error| Stop::Unusable(error.to_string()))?;
        let listener = tokio::net::TcpListener::bind(self.listen).await;
        let listener = listener.map_err(|error| {
            Stop::Unusable(format!("cannot listen on {}: {error}", self.listen))
        })?;
        let address = listener.local_addr().map_err(|error| Stop::Unusable(error.to_string()))?;
        tracing::info!(%address, tenant, "listening");
        // Nobody need read it.
        let _ = writeln!(std::io::stdout(), "listening on http://{address}");
        scieve_server::serve(listener, router, config, stop)
            .await
            .map_err(|error| Stop::Unusable(error.to_string()))?;
        tracing::info!("ended");
        Ok(Verdict::Fine)
    }
}

/// SIGINT or SIGTERM.
fn signal() -> Result<impl Future<Output = ()>, Stop> {
    #[cfg(unix)]
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .map_err(|error| Stop::Unusable(format!("cannot watch for signals: {error}")))?;
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

/// Logs that a mail would go out, and to which user.
struct LogMailer;

impl Mailer for LogMailer {
    fn send(&self, invitation: &Invitation<'_>) -> Result<(), MailError> {
        tracing::info!(user = invitation.user_id, language = invitation.language, "invited");
        Ok(())
    }
}
