//! `scieve serve` as a process to kill, and a client that tolerates it.

use crate::http_client::{Answer, request};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) const KEY: &str = "a-key-of-the-administrator";
pub(crate) const USERS: &str = "/api/v1/users";

/// A running server. Drop and [`Program::kill`] send SIGKILL, so that it cannot shut down cleanly.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    pub(crate) fn start(store: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scieve"));
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--rate-limit",
            "off",
            "--api-key",
            KEY,
            "--store",
            store,
        ]);
        let mut child = command
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .unwrap_or_else(|| panic!("{line:?}"))
            .parse()
            .unwrap();
        Self { child, address }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request. Returns the response, or `None` if the connection ends before it is complete.
///
/// # Panics
/// If the response takes longer than 30 s.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    body: Option<&Value>,
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let authorization = format!("Bearer {KEY}");
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/json"),
        ("Connection", "close"),
    ];
    let body = body.map(Value::to_string);
    stream
        .write_all(&request(address, method, target, &headers, body.as_deref().map(str::as_bytes)))
        .ok()?;
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert!(
            !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
            "{method} {target} hangs"
        );
    }
    whole(&bytes).then(|| Answer::read(&mut bytes.as_slice(), method))
}

fn whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    bytes.len() >= end + 4 + length
}
