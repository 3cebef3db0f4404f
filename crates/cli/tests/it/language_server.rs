//! `scieve lsp`, driven by a scripted client.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A client that writes messages and reads the answers.
struct Client {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    requests: i64,
}

const FILTERS: &str = "file:///filters/users.scim";

impl Client {
    fn start() -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_scieve"))
            .args(["lsp", "--no-config"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        let mut client = Self { server, input, output: BufReader::new(output), requests: 0 };
        let capabilities = client.request("initialize", json!({ "capabilities": {} }));
        assert_eq!(capabilities["capabilities"]["hoverProvider"], true);
        client.notify("initialized", json!({}));
        client
    }

    fn write(&mut self, message: &Value) {
        let message = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{message}", message.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut header = String::new();
            self.output.read_line(&mut header).unwrap();
            match header.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut message = vec![0; length];
        self.output.read_exact(&mut message).unwrap();
        serde_json::from_slice(&message).unwrap()
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn answer(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let answer = self.read();
        assert_eq!(answer["id"], id);
        answer
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.answer(method, params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].take()
    }

    /// Opens a document and returns its diagnostics.
    fn open(&mut self, uri: &str, text: &str) -> Vec<Value> {
        let document = json!({ "uri": uri, "languageId": "scim", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        self.published(uri)
    }

    fn change(&mut self, uri: &str, text: &str) -> Vec<Value> {
        let document = json!({ "uri": uri, "version": 2 });
        let changes = json!([{ "text": text }]);
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": changes }),
        );
        self.published(uri)
    }

    fn published(&mut self, uri: &str) -> Vec<Value> {
        let message = self.read();
        assert_eq!(message["method"], "textDocument/publishDiagnostics");
        assert_eq!(message["params"]["uri"], uri);
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    fn actions(&mut self, uri: &str, line: u32, only: &[&str]) -> Vec<Value> {
        let (start, end) = ((line, 0), (line, 1_000));
        let position = |(line, character)| json!({ "line": line, "character": character });
        let actions = self.request(
            "textDocument/codeAction",
            json!({
                "textDocument": { "uri": uri },
                "range": { "start": position(start), "end": position(end) },
                "context": { "diagnostics": [], "only": only },
            }),
        );
        actions.as_array().unwrap().clone()
    }

    fn at(&mut self, method: &str, uri: &str, line: u32, character: u32) -> Value {
        let position = json!({ "line": line, "character": character });
        self.request(
            &format!("textDocument/{method}"),
            json!({ "textDocument": { "uri": uri }, "position": position }),
        )
    }

    fn labels(&mut self, text: &str) -> Vec<String> {
        self.change(FILTERS, text);
        let column = u32::try_from(text.encode_utf16().count()).unwrap();
        let items = self.at("completion", FILTERS, 0, column);
        let label = |item: &Value| item["label"].as_str().unwrap().to_owned();
        items.as_array().unwrap().iter().map(label).collect()
    }

    fn stop(mut self) {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        assert!(self.server.wait().unwrap().success());
    }
}

/// Applies the edits of an action or of formatting, from the last to the first.
fn apply(text: &str, edits: &Value) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut edits: Vec<&Value> = edits.as_array().unwrap().iter().collect();
    let start = |edit: &Value| {
        let start = &edit["range"]["start"];
        (start["line"].as_u64().unwrap(), start["character"].as_u64().unwrap())
    };
    edits.sort_by_key(|edit| std::cmp::Reverse(start(edit)));
    for edit in edits {
        let line = &mut lines[usize::try_from(start(edit).0).unwrap()];
        let units: Vec<u16> = line.encode_utf16().collect();
        let column =
            |end: &str| usize::try_from(edit["range"][end]["character"].as_u64().unwrap()).unwrap();
        let part = |units: &[u16]| String::from_utf16(units).unwrap();
        let (before, after) = (part(&units[..column("start")]), part(&units[column("end")..]));
        *line = format!("{before}{}{after}", edit["newText"].as_str().unwrap());
    }
    lines.join("\n")
}

#[test]
fn mistakes_are_published_and_fixed() {
    let mut client = Client::start();
    let text = "# comment\ndisplayName eq \"😀\" && userName == \"b\"\nuserName eq \"b*\"\n";
    let found = client.open(FILTERS, text);
    let codes: Vec<&str> = found.iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["foreign-connective", "unknown-operator", "wildcard-in-value"]);
    // Columns are in UTF-16 code units.
    let range = json!({
        "start": { "line": 1, "character": 20 },
        "end": { "line": 1, "character": 22 },
    });
    assert_eq!((&found[0]["range"], &found[0]["severity"]), (&range, &json!(1)));
    let fixes = client.actions(FILTERS, 1, &["quickfix"]);
    assert_eq!(fixes.len(), 2);
    assert_eq!(
        (&fixes[0]["title"], &fixes[0]["isPreferred"]),
        (&json!("write `and`"), &json!(true))
    );
    let edits = &fixes[0]["edit"]["changes"][FILTERS];
    assert_eq!(apply(text, edits), text.replace("&&", "and"));
    let guesses = client.actions(FILTERS, 2, &["quickfix"]);
    assert_eq!(guesses[0]["isPreferred"], false);
    let all = client.actions(FILTERS, 0, &["source.fixAll"]);
    let fixed = apply(text, &all[0]["edit"]["changes"][FILTERS]);
    assert_eq!(fixed, text.replace("&&", "and").replace("==", "eq"));
    assert_eq!(client.change(FILTERS, &fixed).len(), 1);
    assert!(client.actions(FILTERS, 0, &["source.fixAll"]).is_empty());
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": FILTERS } }));
    assert!(client.published(FILTERS).is_empty());
    client.stop();
}

#[test]
fn filters_are_formatted_described_and_completed() {
    let mut client = Client::start();
    let text = "((userName EQ \"b\"))\nemails[type eq \"work\"]\n";
    client.open(FILTERS, text);
    let edits = client.request(
        "textDocument/formatting",
        json!({
            "textDocument": { "uri": FILTERS },
            "options": { "tabSize": 4, "insertSpaces": true },
        }),
    );
    assert_eq!(apply(text, &edits), "userName eq \"b\"\nemails[type eq \"work\"]\n");
    let hover = client.at("hover", FILTERS, 1, 8)["contents"]["value"].as_str().unwrap().to_owned();
    assert!(hover.contains("**emails.type**: string") && hover.contains("`work`"), "{hover}");
    let plan = client.at("hover", FILTERS, 0, 14)["contents"]["value"].as_str().unwrap().to_owned();
    assert!(plan.contains("userName = \"b\""), "{plan}");
    assert!(client.labels("user").contains(&"userName".to_owned()));
    assert_eq!(client.labels("active "), ["eq", "ne", "pr"]);
    assert_eq!(client.labels("active eq t"), ["true"]);
    assert_eq!(client.labels("emails[type eq \"w"), ["\"work\""]);
    assert!(client.labels("emails[v").contains(&"value".to_owned()));
    assert_eq!(client.labels("title pr a"), ["and"]);
    client.stop();
}

#[test]
fn filters_in_other_documents_are_found_at_their_place() {
    let mut client = Client::start();
    let uri = "file:///requests/users.http";
    let text = "GET /Users?filter=userNme%20eq%20%22b%22 HTTP/1.1\nHost: x\n";
    let found = client.open(uri, text);
    let range = json!({
        "start": { "line": 0, "character": 18 },
        "end": { "line": 0, "character": 25 },
    });
    assert_eq!((&found[0]["code"], &found[0]["range"]), (&json!("unknown-attribute"), &range));
    let fixes = client.actions(uri, 0, &[]);
    let all = client.actions(uri, 0, &["quickfix"]);
    assert!(fixes.is_empty() && all.len() == 1);
    let fixed = apply(text, &all[0]["edit"]["changes"][uri]);
    assert_eq!(fixed, text.replace("userNme", "userName"));
    let json_uri = "file:///requests/search.json";
    let found = client.open(json_uri, "{\"filter\": \"userName eq \\\"b\\\" and\"}");
    assert_eq!(found[0]["range"]["start"]["character"], 30);
    client.stop();
}

#[test]
fn unknown_requests_are_errors_and_the_server_goes_on() {
    let mut client = Client::start();
    assert_eq!(client.answer("textDocument/rename", json!({}))["error"]["code"], -32601);
    assert_eq!(client.answer("textDocument/hover", json!({}))["error"]["code"], -32602);
    assert_eq!(client.at("hover", FILTERS, 0, 0), Value::Null);
    client.stop();
}
