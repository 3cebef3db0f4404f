//! Operation of `scieve serve`: clean stop, backup, rescue, reload of keys, configuration, logs and
//! metrics.

use crate::ROOT;
use crate::http_client::{Answer, request};
use crate::serve::{end, scieve, send, start};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

const ALICE: &str = "62716ab404a7bd8626af9bd6";
const ADMINISTRATOR: &str = "000000000000000000000001";
const FIXTURE: [&str; 2] = ["--fixture", "examples/fixture.json"];

/// A folder that is deleted on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("scieve-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn url(&self, name: &str) -> String {
        format!("sqlite:{}", self.file(name).display())
    }

    fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.0).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn program(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scieve"));
    command.args(arguments).current_dir(ROOT).output().unwrap()
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

/// Waits until the condition is true.
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn count(address: SocketAddr, key: &str) -> Value {
    send(address, "GET", "/api/v1/users/actions/count", key, None).json()["total"].clone()
}

fn sha256(text: &str) -> String {
    let mut child = Command::new("sha256sum")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap().stdout;
    String::from_utf8(output).unwrap().split(' ').next().unwrap().to_owned()
}

#[test]
fn a_clean_stop_leaves_one_file_and_a_backup_is_complete() {
    let folder = Folder::new("stop");
    let (url, backup) = (folder.url("users.db"), folder.file("backup.db"));
    let (child, address) = start(&["--store", &url, "--sample", "300", "--api-key", "k"]);
    let create = |number: usize| {
        let body = json!({ "subject": format!("new {number}") }).to_string();
        assert_eq!(send(address, "POST", "/api/v1/users", "k", Some(&body)).status, 201);
    };
    (0..6).for_each(create);
    let before = count(address, "k");
    // While the server runs.
    let backup_of = |file: &Path| program(&["backup", "--store", &url, file.to_str().unwrap()]);
    let output = backup_of(&backup);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    (6..12).for_each(create);
    let after = count(address, "k");
    // A backup is never overwritten.
    let output = backup_of(&backup);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("exists already"), "{output:?}");
    let (code, log) = end(child);
    assert_eq!(code, Some(0), "{log}");
    let mut names = folder.names();
    names.sort();
    assert_eq!(names, ["backup.db", "users.db"]);
    std::fs::copy(folder.file("users.db"), folder.file("copy.db")).unwrap();
    for (name, expected) in [("copy.db", after), ("backup.db", before)] {
        let (child, address) = start(&["--store", &folder.url(name), "--api-key", "k"]);
        assert_eq!(count(address, "k"), expected, "{name}");
        end(child);
    }
}

#[test]
fn backup_prints_the_command_for_database_servers() {
    for (url, expected) in [
        (
            "postgres://ann:secret@db.example/users",
            "pg_dump --format=custom --file=x.dump postgresql://ann@db.example/users\n",
        ),
        (
            "mysql://ann:secret@db.example:3307/users",
            "mariadb-dump --single-transaction --host=db.example --port=3307 --user=ann --password \
             --result-file=x.dump users\n",
        ),
    ] {
        let output = program(&["backup", "--store", url, "x.dump"]);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
    for store in ["memory", "oracle:x", "sqlite:/nowhere/at/all.db"] {
        let output = program(&["backup", "--store", store, "x.dump"]);
        assert_eq!(output.status.code(), Some(2), "{store}");
        assert!(!Path::new(ROOT).join("x.dump").exists());
    }
}

#[test]
fn an_operator_is_never_locked_out() {
    let folder = Folder::new("rescue");
    let url = folder.url("users.db");
    let arguments = ["--store", &url, FIXTURE[0], FIXTURE[1], "--api-key", "k"];
    let (child, address) = start(&arguments);
    let alice = format!("/api/v1/users/{ALICE}");
    let own = format!("/api/v1/users/{ADMINISTRATOR}");
    let disable = json!([{ "op": "replace", "path": "/status", "value": "disabled" }]).to_string();
    // Alice can be disabled, because the operator's user is an administrator as well, but not both.
    assert_eq!(send(address, "PATCH", &alice, "k", Some(&disable)).status, 204);
    let last = send(address, "PATCH", &own, "k", Some(&disable));
    assert_eq!(last.status, 409);
    assert_eq!(last.json()["errors"][0]["code"], "USERS-16");
    assert_eq!(send(address, "DELETE", &own, "admin-key-0001", None).status, 401);
    let (code, log) = end(child);
    assert_eq!(code, Some(0), "{log}");

    // The command for a tenant without an administrator.
    let output = program(&["rescue", "--store", &url, "--user", ALICE]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (child, address) = start(&arguments);
    assert_eq!(count(address, "admin-key-0001"), 13);
    // The key is that of an administrator although its user is disabled and then deleted.
    assert_eq!(send(address, "PATCH", &own, "admin-key-0001", Some(&disable)).status, 204);
    assert_eq!(count(address, "k"), 13);
    assert_eq!(send(address, "DELETE", &own, "admin-key-0001", None).status, 204);
    assert_eq!(count(address, "k"), 12);
    assert_eq!(send(address, "PATCH", &alice, "k", Some(&disable)).status, 409);
    end(child);
    let (child, address) = start(&arguments);
    assert_eq!(count(address, "k"), 12);
    end(child);
    for user in [["--user", "nobody"], ["--subject", "nobody"], ["--user", ADMINISTRATOR]] {
        let output = program(&["rescue", "--store", &url, user[0], user[1]]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}

#[test]
fn keys_are_read_again_on_hangup() {
    let folder = Folder::new("keys");
    let file = folder.file("keys");
    let line = |key: &str, user: &str| format!("{}  {user}  # {user}\n", sha256(key));
    std::fs::write(&file, format!("# keys\n\n{}{}", line("a", "administrator"), line("b", ALICE)))
        .unwrap();
    let key_file = file.to_str().unwrap();
    let (child, address) =
        start(&["--key-file", key_file, FIXTURE[0], FIXTURE[1], "--api-key", "k"]);
    let status = |key: &str| send(address, "GET", "/api/v1/users/actions/count", key, None).status;
    assert_eq!(["a", "b", "c", "k"].map(status), [200, 200, 401, 200]);
    std::fs::write(&file, line("c", ALICE)).unwrap();
    assert_eq!(["a", "b", "c", "k"].map(status), [200, 200, 401, 200]);
    signal(&child, "-HUP");
    eventually("the keys are read again", || status("c") == 200);
    assert_eq!(["a", "b", "c", "k"].map(status), [401, 401, 200, 200]);
    // An invalid file changes nothing.
    std::fs::write(&file, "markedkey administrator\n").unwrap();
    signal(&child, "-HUP");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(["a", "b", "c", "k"].map(status), [401, 401, 200, 200]);
    let (code, log) = end(child);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("line 1: expected a SHA-256 hash") && !log.contains("marked"), "{log}");
    let Output { status, stderr, .. } = scieve(&["--key-file", key_file]).output().unwrap();
    assert_eq!(status.code(), Some(2), "{stderr:?}");
}

#[test]
fn options_come_from_a_file_and_the_environment() {
    let folder = Folder::new("config");
    let file = folder.file("scieve.toml");
    let config = file.to_str().unwrap();
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write(
        "tenant = \"from-file\"\napi-key = [\"one\", \"two\"]\nbody-bytes = 100\nrate-limit = false\nstatement-timeout = 5000\n",
    );
    let (child, address) = start(&["--config", config]);
    let long = json!({ "subject": "x".repeat(100) }).to_string();
    for key in ["one", "two"] {
        assert_eq!(count(address, key), 1);
        assert_eq!(send(address, "POST", "/api/v1/users", key, Some(&long)).status, 413);
    }
    let user = send(address, "GET", &format!("/api/v1/users/{ADMINISTRATOR}"), "one", None);
    assert_eq!(user.json()["tenantId"], "from-file");
    let (_, log) = end(child);
    assert!(log.contains("rate limits are off"), "{log}");

    // The command line takes precedence over the environment, and that over the file.
    let mut command = scieve(&["--body-bytes", "1000"]);
    command
        .env("SCIEVE_CONFIG", config)
        .env("SCIEVE_TENANT", "from-env")
        .env("SCIEVE_BODY_BYTES", "1");
    let mut child = command.spawn().unwrap();
    let address = crate::serve::address(&mut child);
    assert_eq!(send(address, "POST", "/api/v1/users", "one", Some(&long)).status, 201);
    let user = send(address, "GET", &format!("/api/v1/users/{ADMINISTRATOR}"), "one", None);
    assert_eq!(user.json()["tenantId"], "from-env");
    end(child);

    for (text, message) in [
        ("tenat = \"x\"", "unknown key `tenat`"),
        ("config = \"x\"", "unknown key `config`"),
        ("body-bytes = 1.5", "for `body-bytes`"),
        ("body-bytes = 0", "--body-bytes"),
        ("markedsecret", "is not valid TOML"),
    ] {
        write(text);
        let Output { status, stderr, .. } = scieve(&["--config", config]).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{text}: {stderr}");
        assert!(stderr.contains(message) && !stderr.contains("marked"), "{text}: {stderr}");
    }
}

#[test]
fn invalid_settings_are_rejected_at_start() {
    for (arguments, message) in [
        (["--cors", "app.example"], "`--cors`"),
        (["--cors", "https://a.example/"], "`--cors`"),
        (["--cors", ""], "`--cors`"),
        (["--tenant", ""], "--tenant"),
        (["--invite-webhook", "ftp://a"], "`--invite-webhook`"),
        (["--pool-size", "0"], "--pool-size"),
        (["--head-bytes", "1"], "--head-bytes"),
        (["--statement-timeout", "0"], "--statement-timeout"),
        (["--metrics-listen", "here"], "--metrics-listen"),
    ] {
        let Output { status, stderr, .. } =
            scieve(&["--api-key", "k", arguments[0], arguments[1]]).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
    }
    for level in ["verbose", "scieve=loud", "info,verbose"] {
        let output = scieve(&["--api-key", "k"]).env("RUST_LOG", level).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{level}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("RUST_LOG"), "{output:?}");
    }
}

#[test]
fn metrics_can_have_an_address_of_their_own() {
    let mut child = scieve(&["--api-key", "k", "--metrics-listen", "127.0.0.1:0"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = |prefix: &str| {
        let line = lines.next().unwrap().unwrap();
        let rest = line.strip_prefix(prefix).unwrap_or_else(|| panic!("{line:?}"));
        rest.split('/').next().unwrap().parse::<SocketAddr>().unwrap()
    };
    let (api, metrics) = (next("listening on http://"), next("metrics on http://"));
    let get = |address, target| send(address, "GET", target, "k", None);
    assert_eq!(get(api, "/metrics").status, 404);
    assert_eq!(get(metrics, "/api/v1/users").status, 404);
    for address in [api, metrics] {
        for target in ["/livez", "/readyz", "/healthz"] {
            assert_eq!(get(address, target).status, 200, "{target}");
        }
    }
    let text = get(metrics, "/metrics").text;
    for line in [
        "scieve_users 1",
        "scieve_build_info{version=",
        "scieve_store_available 1",
        "scieve_http_requests_in_flight 1",
        "scieve_http_requests_total{endpoint=\"GET /livez\",status=\"200\"} 2",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    end(child);
}

#[test]
fn log_lines_identify_the_request_and_the_caller() {
    let (child, address) = start(&["--log", "json", FIXTURE[0], FIXTURE[1]]);
    let mut stream = TcpStream::connect(address).unwrap();
    let headers = [
        ("Authorization", "Bearer admin-key-0001"),
        ("X-Request-Id", "proxy-1/2"),
        ("Connection", "close"),
    ];
    stream.write_all(&request(address, "GET", "/api/v1/users/me", &headers, None)).unwrap();
    let answer = Answer::read(&mut stream, "GET");
    assert_eq!(answer.header("x-request-id"), Some("proxy-1/2"));
    let trace = answer.header("x-trace-id").unwrap().to_owned();
    assert_eq!(send(address, "GET", "/api/v1/users", "unknown", None).status, 401);
    let (_, log) = end(child);
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].clone())
        .filter(|fields| fields["message"] == "answered")
        .collect();
    let [first, second] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&first["caller"], &first["request_id"]), (&json!(ALICE), &json!("proxy-1/2")));
    assert_eq!((&first["trace"], &first["status"]), (&json!(trace), &json!(301)));
    assert!(first["micros"].is_u64(), "{first}");
    assert_eq!((&second["caller"], &second["status"]), (&json!("-"), &json!(401)));
}

#[test]
fn invitations_are_posted_to_a_webhook() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/invite", listener.local_addr().unwrap());
    let mut command = scieve(&["--api-key", "k", "--invite-webhook", &url]);
    let mut child = command.env("SCIEVE_INVITE_WEBHOOK_TOKEN", "token").spawn().unwrap();
    let address = crate::serve::address(&mut child);
    let service = std::thread::spawn(move || {
        // The service accepts the first invitation and fails for the second.
        ["200 OK", "500 Internal Server Error"].map(|status| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut received = String::new();
            let mut byte = [0];
            while !received.contains("\r\n\r\n") || !received.ends_with('}') {
                assert_eq!(stream.read(&mut byte).unwrap(), 1, "{received}");
                received.push(byte[0].into());
            }
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            received
        })
    });
    let body = json!({ "invitees": [{ "email": "a@corp.example", "language": "de" }, { "email": "b@corp.example" }] });
    let answer =
        send(address, "POST", "/api/v1/users/actions/invite", "k", Some(&body.to_string())).json();
    let [first, _] = service.join().unwrap();
    assert!(first.starts_with("POST /invite ") && first.contains("Bearer token"), "{first}");
    let posted: Value = serde_json::from_str(first.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&posted["email"], &posted["language"]), (&json!("a@corp.example"), &json!("de")));
    assert_eq!(
        (&answer["data"][0]["status"], &answer["data"][0]["userId"]),
        (&json!("ok"), &posted["userId"])
    );
    assert_eq!(
        (&answer["data"][1]["status"], &answer["data"][1]["code"]),
        (&json!("error"), &json!("1003"))
    );
    let (_, log) = end(child);
    assert!(!log.contains("corp.example"), "{log}");
}

/// The files in `deploy/` and `docs/` name options, commands and paths that exist.
#[test]
fn deployment_files_use_existing_options() {
    let help = |command: &str| String::from_utf8(program(&[command, "--help"]).stdout).unwrap();
    let known = ["serve", "backup", "rescue"].map(help).concat();
    let mut found = 0;
    for file in [
        "deploy/scieve.service",
        "deploy/Containerfile",
        "deploy/nginx.conf",
        "deploy/scieve.toml",
        "docs/operation.md",
    ] {
        let text = std::fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
        let commands = ["scieve serve ", "scieve backup ", "scieve rescue "];
        let is_command = |line: &&str| commands.iter().any(|command| line.contains(command));
        for line in text.lines().filter(is_command) {
            for option in line.split([' ', '`', '=', '\'']).filter(|word| word.starts_with("--")) {
                found += 1;
                assert!(known.contains(option), "{file}: {option}");
            }
        }
    }
    assert!(found > 5, "{found}");
    // The example configuration is accepted up to its store.
    let (child, _) =
        start(&["--config", "deploy/scieve.toml", "--store", "memory", "--api-key", "k"]);
    let (code, log) = end(child);
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn help_is_grouped() {
    let help = String::from_utf8(program(&["serve", "--help"]).stdout).unwrap();
    let mut rest = help.as_str();
    for heading in
        ["Storage:", "Authentication:", "Network:", "Limits:", "Invitations:", "Logging:"]
    {
        let at =
            rest.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading}: {help}"));
        rest = &rest[at + 1..];
    }
}
