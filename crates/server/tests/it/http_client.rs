//! An HTTP client that does not normalise requests.
#![allow(dead_code)]

use serde_json::Value;
use std::io::Read;
use std::net::SocketAddr;

/// Returns the bytes of a request. `Host` and `Content-Length` are added.
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
    /// Names in lowercase, and values.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    /// Reads the response to a request with this method.
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

    /// Returns the ids of a page of users.
    pub(crate) fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns path and query of a link of a page.
    pub(crate) fn link(&self, name: &str) -> Option<String> {
        let href = self.json()["links"][name]["href"].as_str()?.to_owned();
        let path = href.find("/api/v1").unwrap();
        Some(href[path..].to_owned())
    }
}
