//! A client with a persistent connection that checks the invariants of every response.

use super::{CANARY, KEY};
use crate::server::{Answer, Server, request};
use serde_json::Value;
use std::io::{BufReader, Write};
use std::net::TcpStream;

pub(crate) struct Client<'a> {
    server: &'a Server,
    stream: Option<BufReader<TcpStream>>,
}

pub(crate) const USERS: &str = "/api/v1/users";
pub(crate) const FILTER: &str = "/api/v1/users/actions/filter";

impl<'a> Client<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        Self { server, stream: None }
    }

    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.send("GET", target, &[], None)
    }

    /// Sends a JSON body unchanged.
    pub(crate) fn json(&mut self, method: &str, target: &str, body: &str) -> Answer {
        self.send(method, target, &[("Content-Type", "application/json")], Some(body.as_bytes()))
    }

    /// Sends a request, as the administrator unless the headers contain credentials.
    pub(crate) fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let authorization = format!("Bearer {KEY}");
        let mut headers = headers.to_vec();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            headers.push(("Authorization", &authorization));
        }
        let bytes = request(self.server.address, method, target, &headers, body);
        let mut stream =
            self.stream.take().unwrap_or_else(|| BufReader::new(self.server.connect()));
        stream.get_mut().write_all(&bytes).unwrap();
        let answer = Answer::read(&mut stream, method);
        if answer.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        check(&answer, || {
            format!("{method} {target} {headers:?} {:?}", body.map(String::from_utf8_lossy))
        });
        answer
    }
}

/// Checks the invariants of every response.
fn check(answer: &Answer, request: impl Fn() -> String) {
    let context = || format!("{} to {}: {answer:?}", answer.status, request());
    assert!(matches!(answer.status, 200..=499), "{}", context());
    assert!(!answer.text.contains(CANARY), "{}", context());
    for (name, value) in &answer.headers {
        assert!(!name.contains("injected") && !value.contains(CANARY), "{}", context());
    }
    if answer.text.is_empty() {
        return;
    }
    match answer.header("content-type") {
        Some("application/json") => {
            let body: Value = serde_json::from_str(&answer.text)
                .unwrap_or_else(|error| panic!("{error}: {}", context()));
            let errors = body["errors"]
                .as_array()
                .is_some_and(|errors| !errors.is_empty() && body["traceId"].is_string());
            assert!(errors == (answer.status >= 400) || answer.status == 207, "{}", context());
        }
        Some("text/html; charset=utf-8") if answer.status == 301 => {}
        _ => panic!("{}", context()),
    }
}
