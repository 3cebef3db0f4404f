//! A server per test, with a client.

pub(crate) use crate::http_client::{Answer, request};
use scieve_server::Config;
use scieve_users::{Fixture, MemoryStore, UserStore};
use serde_json::Value;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

pub(crate) const ADMIN: &str = "admin-key-0001";
pub(crate) const USER: &str = "user-key-0002";
pub(crate) const TENANT: &str = "q3VRZ4YMixRaLKEPhkZWM-XMIDN7cO8f";

/// A server on a free port. It stops when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<()>>,
    handle: tokio::runtime::Handle,
    /// Absent if the store came with a runtime.
    runtime: Option<tokio::runtime::Runtime>,
}

pub(crate) fn fixture() -> Fixture {
    Fixture::from_json(include_str!("../../../../examples/fixture.json")).unwrap()
}

/// Returns a configuration with the keys of the fixture.
pub(crate) fn config() -> Config {
    let fixture = fixture();
    let config = Config::new(&fixture.tenant);
    fixture
        .api_keys
        .iter()
        .fold(config, |config, key| config.api_key(&key.key, &fixture.tenant, &key.user_id))
}

/// Returns a store with the fixture.
pub(crate) async fn store() -> MemoryStore {
    let store = MemoryStore::new();
    let fixture = fixture();
    store.load(&fixture.tenant, fixture.roles, fixture.groups, fixture.users).await.unwrap();
    store
}

impl Server {
    /// Starts a server with the fixture and the default settings.
    pub(crate) fn start() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self::of(config, store())
    }

    pub(crate) fn of<S: UserStore>(
        config: Config,
        store: impl Future<Output = S> + Send + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let store = Arc::new(runtime.block_on(store));
        let mut server = Self::over(runtime.handle(), config, store);
        server.runtime = Some(runtime);
        server
    }

    /// Starts a server over a shared store, on the runtime of its other users.
    pub(crate) fn over<S: UserStore>(
        runtime: &tokio::runtime::Handle,
        config: Config,
        store: Arc<S>,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let router = scieve_server::router(store, &config).unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let served = runtime.spawn(async move {
            scieve_server::serve(listener, router, &config, async { drop(stopped.await) })
                .await
                .unwrap()
        });
        Self {
            address,
            stop: Some(stop),
            served: Some(served),
            handle: runtime.clone(),
            runtime: None,
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends a request on a new connection.
    pub(crate) fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let mut stream = self.connect();
        let mut headers = headers.to_vec();
        headers.push(("Connection", "close"));
        stream.write_all(&request(self.address, method, target, &headers, body)).unwrap();
        Answer::read(&mut stream, method)
    }

    /// Sends a request with an API key and an optional JSON body.
    pub(crate) fn call(
        &self,
        key: &str,
        method: &str,
        target: &str,
        body: Option<&Value>,
    ) -> Answer {
        let authorization = format!("Bearer {key}");
        let mut headers = vec![("Authorization", authorization.as_str())];
        let body = body.map(ToString::to_string);
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        self.send(method, target, &headers, body.as_deref().map(str::as_bytes))
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.call(ADMIN, "GET", target, None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.handle.block_on(self.served.take().unwrap());
        drop(self.runtime.take());
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}
