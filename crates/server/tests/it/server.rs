//! A server of its own for each test, and a client that sends what it is told, byte for byte.

use scieve_server::Config;
use scieve_users::{Fixture, MemoryStore, UserStore};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

pub(crate) const ADMIN: &str = "admin-key-0001";
pub(crate) const USER: &str = "user-key-0002";
pub(crate) const TENANT: &str = "q3VRZ4YMixRaLKEPhkZWM-XMIDN7cO8f";

/// A server on a port of its own. It ends when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<()>>,
    handle: tokio::runtime::Handle,
    /// Its own, unless the store came with one.
    runtime: Option<tokio::runtime::Runtime>,
}

pub(crate) fn fixture() -> Fixture {
    Fixture::from_json(include_str!("../../../../examples/fixture.json")).unwrap()
}

/// The fixture's keys.
pub(crate) fn config() -> Config {
    let fixture = fixture();
    let config = Config::new(&fixture.tenant);
    fixture
        .api_keys
        .iter()
        .fold(config, |config, key| config.api_key(&key.key, &fixture.tenant, &key.user_id))
}

/// A store with the fixture in it.
pub(crate) async fn store() -> MemoryStore {
    let store = MemoryStore::new();
    let fixture = fixture();
    store.load(&fixture.tenant, fixture.roles, fixture.groups, fixture.users).await.unwrap();
    store
}

impl Server {
    /// The fixture, with the default settings.
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

    /// A server over a store that others use too, run by their runtime.
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

    /// One request on a connection of its own.
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

    /// With a key and, where there is a body, as JSON.
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

/// The bytes of a request. `Host` and `Content-Length` come by themselves.
pub(crate) fn request(
    host: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += &format!("Host: {host}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if let Some(body) = body {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    let mut bytes = (head + "\r\n").into_bytes();
    bytes.extend(body.unwrap_or_default());
    bytes
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    /// Reads one answer to a request with that method.
    pub(crate) fn read(stream: &mut impl Read, method: &str) -> Self {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            assert_eq!(
                stream.read(&mut byte).expect("an answer"),
                1,
                "the connection ended: {:?}",
                String::from_utf8_lossy(&bytes)
            );
            bytes.push(byte[0]);
        }
        let head = String::from_utf8(bytes).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status: u16 = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        let mut answer = Self { status, headers: headers.collect(), text: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        if !matches!(status, 204 | 304) && method != "HEAD" {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            answer.text = String::from_utf8(body).unwrap();
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The ids on a page.
    pub(crate) fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Path and query of a link.
    pub(crate) fn link(&self, name: &str) -> Option<String> {
        let href = self.json()["links"][name]["href"].as_str()?.to_owned();
        let path = href.find("/api/v1").unwrap();
        Some(href[path..].to_owned())
    }
}
