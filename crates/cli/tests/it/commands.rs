//! The commands, with output for people and for programs.

use crate::ROOT;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const MAIN_FILTER: &str =
    r#"(name eq "Bob" or name eq "Alice") and (status eq "active" or status eq "disabled")"#;
const SEARCH: &str = r#"name co "query" or email co "query" or subject co "query" or id eq "query" or assignedRoles.name eq "query""#;
const MIXED: &str =
    r#"name eq "Bob" or name eq "Alice" and (status eq "active" or status eq "disabled")"#;

pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Returns the exit status and both outputs, for snapshots.
    pub(crate) fn shown(&self) -> String {
        format!("exit {}\n-- stdout\n{}-- stderr\n{}", self.code, self.out, self.err)
    }

    pub(crate) fn objects(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scieve"));
    command.args(arguments).current_dir(ROOT).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(arguments: &[&str]) -> Run {
    run_with(arguments, b"")
}

/// Runs the program in a folder.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    finish(command(arguments).current_dir(folder), b"")
}

fn run_with(arguments: &[&str], input: &[u8]) -> Run {
    finish(&mut command(arguments), input)
}

fn finish(command: &mut Command, input: &[u8]) -> Run {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // The program may exit without reading all input.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Writes a file into the temporary folder of the tests.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn eval_sql_and_check_of_typical_filters() {
    let eval = run(&["eval", "--records", "examples/users.json", MAIN_FILTER]);
    insta::assert_snapshot!("main_job_eval", eval.shown());
    insta::assert_snapshot!("main_job_sql", run(&["sql", "--dialect", "postgres", SEARCH]).shown());
    insta::assert_snapshot!("main_job_check", run(&["check", MIXED]).shown());
}

#[test]
fn readme_shows_the_actual_output() {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let eval = run(&["eval", "--records", "examples/users.json", MAIN_FILTER]);
    // As `jq -c '{name, email, status}'` prints it.
    let records: String = eval
        .objects()
        .iter()
        .map(|user| {
            let (name, email, status) = (&user["name"], &user["email"], &user["status"]);
            format!("{{\"name\":{name},\"email\":{email},\"status\":{status}}}\n")
        })
        .collect();
    let count = run(&["eval", "--records", "examples/users.json", "--count", MAIN_FILTER]);
    assert_eq!(count.out.trim().parse(), Ok(records.lines().count()));
    let shown = [
        records + &eval.err,
        run(&["sql", "--dialect", "postgres", "--where", MAIN_FILTER]).out,
        run(&["check", MIXED]).err,
    ];
    for output in shown {
        assert!(readme.contains(&output), "README.md does not show\n{output}");
    }
}

#[test]
fn check_prints_text_and_json() {
    let filters = [
        r#"name eq "Bob""#,
        "",
        r#"name eq "Bob"#,
        r#"nmae eq "Bob" or name gt 5"#,
        "name eq 'Bob'",
        r#"name eq "😀" and 😀 pr"#,
    ];
    insta::assert_snapshot!("check", run(&[&["check"], &filters[..]].concat()).shown());
    let json = run(&[&["check", "--json"], &filters[..]].concat());
    insta::assert_snapshot!("check_json", json.shown());
    for object in json.objects() {
        let mut members: Vec<&str> = object
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .filter(|name| !matches!(*name, "canonical" | "fixed"))
            .collect();
        members.sort_unstable();
        assert_eq!(members, ["diagnostics", "filter", "ok"]);
        assert_eq!(object["ok"], object["canonical"].is_string());
        for finding in object["diagnostics"].as_array().unwrap() {
            let place = finding["start"].as_u64().unwrap() as usize
                ..finding["end"].as_u64().unwrap() as usize;
            assert!(object["filter"].as_str().unwrap().get(place).is_some(), "{finding}");
        }
    }
}

#[test]
fn fmt_prints_text_and_json() {
    let filters = [r#"((name EQ "Bob")  OR (status eq "active"))"#, "name", "shoeSize pr"];
    insta::assert_snapshot!("fmt", run(&[&["fmt"], &filters[..]].concat()).shown());
    insta::assert_snapshot!("fmt_json", run(&[&["fmt", "--json"], &filters[..]].concat()).shown());
    assert_eq!(run(&["fmt", "--policy", "users", "shoeSize pr"]).code, 1);
}

#[test]
fn explain_prints_text_and_json() {
    let filters = [MAIN_FILTER, r#"name co "x""#, "shoeSize pr"];
    insta::assert_snapshot!("explain", run(&[&["explain"], &filters[..]].concat()).shown());
    insta::assert_snapshot!(
        "explain_json",
        run(&[&["explain", "--json"], &filters[..]].concat()).shown()
    );
    let exact =
        run(&["explain", "--policy", "none", "--case-exact", r#"shoeSize gt 5 and town sw "X""#]);
    insta::assert_snapshot!("explain_exact", exact.shown());
    assert_eq!(run(&["explain", "--case-exact", "name pr"]).code, 2);
}

#[test]
fn sql_prints_statements_of_each_dialect() {
    let filter = r#"name co "50%" and assignedScopes eq "admin""#;
    for dialect in ["postgres", "mysql", "sqlite"] {
        let page = ["sql", "--dialect", dialect, "--limit", "20", "--sort", "-name", filter];
        insta::assert_snapshot!(format!("sql_{dialect}"), run(&page).shown());
        insta::assert_snapshot!(
            format!("sql_{dialect}_where"),
            run(&["sql", "--dialect", dialect, "--where", "--json", filter]).shown()
        );
    }
    let tenant = ["sql", "--dialect", "sqlite", "--where", "--tenant", "42", filter];
    insta::assert_snapshot!("sql_of_a_tenant", run(&tenant).shown());
    let tenant = ["sql", "--dialect", "sqlite", "--where", "--tenant", "t-1", filter];
    insta::assert_snapshot!("sql_of_an_invalid_tenant", run(&tenant).shown());
    let refused = run(&["sql", "--dialect", "sqlite", "--json", "shoeSize pr"]);
    assert_eq!((refused.code, &refused.objects()[0]["ok"]), (1, &Value::Bool(false)));
}

#[test]
fn sql_uses_a_custom_mapping() {
    let policy = file(
        "people.toml",
        "attributes = [{ name = \"nick\" }, { name = \"age\", type = \"integer\" }]\n",
    );
    let columns = file(
        "people-columns.toml",
        "table = \"people\"\nkey = \"id\"\n\n[attributes]\nnick = { column = \"nick\", text = { native = \"lower\" } }\nage = { column = \"age\" }\n",
    );
    let own =
        ["sql", "--dialect", "sqlite", "--policy", path(&policy), "--mapping", path(&columns)];
    insta::assert_snapshot!(
        "sql_own",
        run(&[&own[..], &[r#"nick eq "Bo" and age gt 5"#]].concat()).shown()
    );
    let without = run(&["sql", "--dialect", "sqlite", "--policy", path(&policy), "age gt 5"]);
    assert_eq!((without.code, without.err.contains("--mapping")), (2, true), "{}", without.err);
    let scoped = file(
        "scoped-columns.toml",
        "table = \"people\"\nkey = \"id\"\nscope = \"site\"\n\n[attributes]\nage = { column = \"age\" }\n",
    );
    let of_site = |more: &[&str]| {
        run(&[
            &["sql", "--dialect", "sqlite", "--policy", path(&policy), "--columns", path(&scoped)],
            more,
        ]
        .concat())
    };
    assert!(
        of_site(&["--tenant", "oslo", "age gt 5"])
            .out
            .contains("WHERE `u`.`site` = ? AND `u`.`age` > ?")
    );
    let (missing, unexpected) =
        (of_site(&["age gt 5"]), run(&[&own[..], &["--tenant", "oslo", "age gt 5"]].concat()));
    assert_eq!(
        (missing.code, missing.err.contains("give `--tenant`")),
        (2, true),
        "{}",
        missing.err
    );
    assert_eq!(
        (unexpected.code, unexpected.err.contains("has no tenant column")),
        (2, true),
        "{}",
        unexpected.err
    );
    for dialect in ["postgres", "mysql", "sqlite"] {
        let ddl = run(&["sql", "--dialect", dialect, "--ddl"]);
        assert_eq!((ddl.code, ddl.err.as_str()), (0, ""));
        assert!(
            ddl.out.starts_with("ALTER TABLE ")
                && ddl.out.lines().all(|line| line.starts_with("--") || line.ends_with(';')),
            "{}",
            ddl.out
        );
        let json = &run(&["sql", "--dialect", dialect, "--ddl", "--json"]).objects()[0];
        assert_eq!(json["ddl"].as_array().unwrap().len(), ddl.out.lines().count());
    }
}

#[test]
fn eval_prints_records_counts_and_json() {
    let eval = |more: &[&str]| run(&[&["eval", "--records", "examples/users.json"], more].concat());
    let found = eval(&[MAIN_FILTER]);
    let json = eval(&["--json", MAIN_FILTER, r#"name eq "nobody""#]);
    let [first, second] = &json.objects()[..] else { panic!("{}", json.out) };
    assert_eq!(first["total"], 200);
    assert_eq!(first["matched"], first["records"].as_array().unwrap().len());
    assert_eq!(first["records"], Value::Array(found.objects()));
    assert_eq!((&second["matched"], &second["records"]), (&0.into(), &Value::Array(Vec::new())));
    let count = eval(&["--json", "--count", MAIN_FILTER]);
    assert_eq!(
        count.objects()[0].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["filter", "matched", "total"]
    );
    assert_eq!(eval(&["--count", MAIN_FILTER]).out, format!("{}\n", first["matched"]));
    assert_eq!(eval(&["--json", "shoeSize pr"]).code, 1);
}

#[test]
fn eval_agrees_with_the_library() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("examples/users.json")).unwrap();
    let users: Vec<scieve_users::User> = serde_json::from_str(&text).unwrap();
    for filter in [
        MAIN_FILTER,
        SEARCH,
        r#"assignedGroupsAssignedRoles.name eq "TenantAdmin""#,
        r#"assignedGroups.id eq "6425d62641d2b80a9a0f9205" or assignedScopes eq "APPS:READ""#,
        r#"email co "EXAMPLE""#,
    ] {
        let plan = scieve_users::policy().parse(filter).unwrap();
        let matched: Vec<&str> =
            users.iter().filter(|user| plan.matches(user)).map(|user| user.id.as_str()).collect();
        assert!(!matched.is_empty(), "{filter}");
        let found = run(&["eval", "--records", "examples/users.json", filter]).objects();
        assert_eq!(
            found.iter().map(|user| user["id"].as_str().unwrap()).collect::<Vec<_>>(),
            matched,
            "{filter}"
        );
    }
}

#[test]
fn records_are_printed_unchanged() {
    let array = file(
        "zoo.json",
        "[\n  {\"z\": 1.50, \"a\": \"x \\\" [ ]\",\n   \"n\": 12345678901234567890123},\n  {\"z\": null}\n]\n",
    );
    let lines = file("zoo.jsonl", "\u{feff}{\"z\": 1.50, \"a\": \"X\"}\r\n\r\n{\"b\": [true]}");
    let eval = |file: &Path, more: &[&str]| {
        run(&[&["eval", "--policy", "none", "--records", path(file)], more].concat())
    };
    assert_eq!(
        eval(&array, &["z eq 1.5"]).out,
        "{\"z\":1.50,\"a\":\"x \\\" [ ]\",\"n\":12345678901234567890123}\n"
    );
    assert_eq!(
        eval(&lines, &["a eq \"x\"", "b eq true", "z pr"]).out,
        "{\"z\":1.50,\"a\":\"X\"}\n{\"b\":[true]}\n{\"z\":1.50,\"a\":\"X\"}\n"
    );
    assert_eq!(eval(&lines, &["--case-exact", "a eq \"x\""]).out, "");
}

#[test]
fn records_that_cannot_be_read() {
    let files = [
        file("no-array.json", "{}"),
        file("no-objects.json", "[{}, 5]"),
        file("broken.json", "[{]"),
        file("broken.jsonl", "{}\n{\n"),
        file("no-objects.jsonl", "{}\n[]\n"),
        file("records.csv", ""),
        PathBuf::from("missing.json"),
        PathBuf::from("missing.jsonl"),
    ];
    let folder = format!("{}/", env!("CARGO_TARGET_TMPDIR"));
    let runs = files.map(|file| {
        run(&["eval", "--policy", "none", "--records", path(&file), "a pr"])
            .shown()
            .replace(&folder, "")
    });
    insta::assert_snapshot!(runs.join("\n"));
}

#[test]
fn filters_are_read_line_by_line() {
    let text = "name eq \"a\"\r\n\r\n  \nname eq b\nnmae pr\n\tname eq \"ok\"";
    let piped = run_with(&["check"], text.as_bytes());
    insta::assert_snapshot!("lines", piped.shown());
    assert_eq!(run_with(&["check", "--file", "-"], text.as_bytes()).shown(), piped.shown());
    let filters = file("filters.txt", format!("\u{feff}{text}\n"));
    let read = run(&["check", "--file", path(&filters)]);
    assert_eq!(read.shown(), piped.shown().replace("stdin:", &format!("{}:", path(&filters))));
    let json = run_with(&["check", "--json"], text.as_bytes()).objects();
    assert_eq!(
        json.iter().map(|object| object["ok"] == true).collect::<Vec<_>>(),
        [true, false, false, true]
    );
    assert_eq!(json[0]["filter"], "name eq \"a\"");
    let nothing = run_with(&["check"], b"");
    assert_eq!((nothing.code, nothing.out.as_str(), nothing.err.as_str()), (0, "", ""));
}

/// `UPDATE_RULES=1` writes the page.
#[test]
fn rules_are_described_in_docs() {
    let page = run(&["rule"]).out;
    let path = Path::new(ROOT).join("docs/rules.md");
    if std::env::var_os("UPDATE_RULES").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), page, "run with UPDATE_RULES=1");
    assert!(run(&["rule", "placeholder"]).out.contains("**Severity** warning"));
    assert_eq!(run(&["rule", "no-such-rule"]).code, 2);
}

#[test]
fn a_line_that_is_not_utf8_is_one_error() {
    let lines = b"\xef\xbb\xbfname eq \"a\"\nname eq \"\xff\"\r\nname eq \"b\"\n";
    let bytes = run_with(&["check", "--json"], lines);
    let [good, bad, other] = &bytes.objects()[..] else { panic!("{}", bytes.out) };
    assert_eq!((bytes.code, &good["ok"], &other["ok"]), (1, &true.into(), &true.into()));
    let error = &bad["diagnostics"][0];
    assert_eq!((&error["code"], &error["line"]), (&"not-utf8".into(), &2.into()));
    assert_eq!((&error["column"], &error["endColumn"]), (&10.into(), &11.into()));
    assert_eq!(bad["filter"], "name eq \"\u{fffd}\"");
}

#[test]
fn unreadable_input_and_wrong_usage_exit_with_2() {
    let policy = file("bad-policy.toml", "attributes = []\nattribute = 5\n");
    let operator = file(
        "bad-operator.json",
        r#"{"attributes": [{"name": "on", "type": "boolean", "operators": ["co"]}]}"#,
    );
    let runs = [
        &["check", "--file", "missing.txt"][..],
        &["check", "--file", "src"],
        &["check", "--policy", "user", "name pr"],
        &["check", "--policy", "missing.toml", "name pr"],
        &["check", "--policy", path(&policy), "name pr"],
        &["check", "--policy", path(&operator), "on pr"],
        &["sql", "--dialect", "sqlite", "--policy", "none", "name pr"],
        &["sql", "--dialect", "sqlite", "--policy", "scim-user", "userName pr"],
        &["sql", "--dialect", "sqlite", "--sort", "shoeSize", r#"name eq "x""#],
    ];
    let folder = format!("{}/", env!("CARGO_TARGET_TMPDIR"));
    insta::assert_snapshot!(
        runs.map(|arguments| run(arguments).shown().replace(&folder, "")).join("\n")
    );
    for usage in [
        &["check", "--file", "x", "name pr"][..],
        &["check", "--syntax", "sql", "name pr"],
        &["sql", "name pr"],
        &["sql", "--dialect", "oracle", "name pr"],
        &["sql", "--dialect", "sqlite", "--where", "--limit", "5", "name pr"],
        &["eval", "name pr"],
        &["chekc"],
        &[],
    ] {
        assert_eq!(run(usage).code, 2, "{usage:?}");
    }
}

#[cfg(not(feature = "serve"))]
#[test]
fn serve_names_the_missing_feature() {
    for arguments in [&["serve"][..], &["serve", "--help"], &["serve", "--store", "sqlite:x"]] {
        let run = run(arguments);
        assert_eq!((run.code, run.err.contains("--features serve")), (2, true), "{}", run.err);
    }
}

#[test]
fn patch_paths_are_checked() {
    let run = run(&[
        "check",
        "--kind",
        "path",
        "--json",
        r#"emails[type eq "work"].value"#,
        "name.familyName",
        "a[",
        "x.y.z",
    ]);
    assert_eq!(run.code, 1);
    let verdicts: Vec<bool> = run.objects().iter().map(|object| object["ok"] == true).collect();
    assert_eq!(verdicts, [true, true, false, false]);
}

#[test]
fn policies_are_read_from_files() {
    assert_eq!(run(&["check", "--policy", "examples/policy.toml", "shoeSize pr"]).code, 1);
    let json = file("one.json", r#"{"attributes": [{"name": "town"}]}"#);
    assert_eq!(run(&["check", "--policy", path(&json), r#"town eq "x""#]).code, 0);
    assert_eq!(run(&["check", "--policy", "scim-group", r#"members.value eq "x""#]).code, 0);
    assert_eq!(run(&["check", "--policy", "none", "anything[at eq 5]"]).code, 0);
}

#[test]
fn filters_of_providers_need_the_expected_syntax() {
    let corpus =
        std::fs::read_to_string(Path::new(ROOT).join("tests/corpus/providers.jsonl")).unwrap();
    let lines: Vec<Value> =
        corpus.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let filters: String =
        lines.iter().map(|line| format!("{}\n", line["filter"].as_str().unwrap())).collect();
    let presets = ["rfc", "entra", "lenient"];
    let rank =
        |name: &Value| presets.iter().position(|preset| name == preset).unwrap_or(presets.len());
    for (stage, syntax) in presets.iter().enumerate() {
        for policy in ["none", "scim-user"] {
            let objects = run_with(
                &["check", "--json", "--syntax", syntax, "--policy", policy],
                filters.as_bytes(),
            )
            .objects();
            assert_eq!(objects.len(), lines.len());
            for (line, object) in lines.iter().zip(&objects) {
                let text = line["filter"].as_str().unwrap();
                let accepted = rank(&line["accepted_from"]) <= stage;
                // Without a schema, a string for a Boolean is not an error. With one, some
                // providers use attributes that it does not have.
                let by_grammar = policy == "none" && text.contains("\"True\"");
                let unknown = policy != "none"
                    && accepted
                    && object["diagnostics"][0]["code"] == "unknown-attribute";
                assert!(
                    by_grammar || unknown || object["ok"] == accepted,
                    "{syntax} {policy} {object}"
                );
            }
        }
    }
    assert_eq!(run(&["check", "--policy", "scim-user", r#"active eq "True""#]).code, 1);
    let entra = run(&[
        "check",
        "--policy",
        "scim-user",
        "--syntax",
        "entra",
        "--json",
        r#"active eq "True""#,
    ]);
    assert_eq!(
        (entra.code, &entra.objects()[0]["diagnostics"][0]["fixes"][0]["edits"][0]["text"]),
        (0, &"true".into())
    );
}

#[test]
fn colours_are_off_by_default() {
    let plain = run(&["check", "nmae pr"]).err;
    assert!(!plain.contains('\u{1b}'));
    let coloured = run(&["check", "--color", "always", "nmae pr"]).err;
    assert!(
        coloured.contains("\u{1b}[1m\u{1b}[31merror[unknown-attribute]\u{1b}[0m"),
        "{coloured:?}"
    );
    let mut bare = coloured.clone();
    while let Some(start) = bare.find('\u{1b}') {
        let end = start + bare.get(start..).unwrap().find('m').unwrap();
        bare.replace_range(start..=end, "");
    }
    assert_eq!(bare, plain);
    for (name, value, expected) in [("NO_COLOR", "1", false), ("CLICOLOR_FORCE", "1", true)] {
        let output = command(&["check", "nmae pr"]).env(name, value).output().unwrap();
        assert_eq!(output.stderr.contains(&0x1b), expected, "{name}");
    }
}

#[test]
fn control_characters_are_escaped() {
    let shown = run(&["check", "na\u{1b}[31mme eq \"\u{202e}x\"", "name\u{7} eq 5"]).err;
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown:?}");
}

#[test]
fn a_closed_pipe_is_silent() {
    let filters = "name eq \"Bob\"\n".repeat(50_000);
    for arguments in [&["fmt"][..], &["check", "--json"], &["explain", "--json"]] {
        let mut child = command(arguments).spawn().unwrap();
        let (mut stdin, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let filters = filters.clone();
        let writer = std::thread::spawn(move || drop(stdin.write_all(filters.as_bytes())));
        let mut out = BufReader::new(out);
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        let (mut err, mut text) = (child.stderr.take().unwrap(), String::new());
        err.read_to_string(&mut text).unwrap();
        assert_eq!((child.wait().unwrap().code(), text.as_str()), (Some(0), ""), "{arguments:?}");
        writer.join().unwrap();
    }
    let mut child = command(&["--help"]).spawn().unwrap();
    drop(child.stdout.take());
    let (mut err, mut text) = (child.stderr.take().unwrap(), String::new());
    err.read_to_string(&mut text).unwrap();
    assert_eq!((child.wait().unwrap().code(), text.as_str()), (Some(0), ""));
}

#[test]
fn output_that_cannot_be_written_exits_with_2() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let output = command(&["fmt", "name pr"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: cannot write: no space left on device\n"
    );
}

#[test]
fn output_is_flushed_before_waiting_for_input() {
    let mut child = command(&["check", "--json"]).spawn().unwrap();
    let (mut stdin, mut out) =
        (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for round in 0..3 {
        writeln!(stdin, "name eq \"{round}\"").unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.contains(&format!("\\\"{round}\\\"")), "{line}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// Returns the peak memory of a process in kilobytes, without the pages of the program's file that it has mapped: how
/// many those are depends on the page cache. `None` if the system does not report it.
fn peak(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let kilobytes = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    Some(kilobytes("VmHWM:")?.saturating_sub(kilobytes("RssFile:")?))
}

#[test]
fn memory_is_bounded_for_many_filters_and_long_lines() {
    const FILTERS: usize = 100_000;
    const LINE: usize = 64 << 20;
    const MAX_KILOBYTES: u64 = 8 * 1024;
    let mut child = command(&["fmt", "--json"]).spawn().unwrap();
    let (mut stdin, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (answered, answers) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut refused = 0;
        for line in BufReader::new(out).lines() {
            refused += usize::from(line.unwrap().contains("\"ok\":false"));
            answered.send(()).unwrap();
        }
        refused
    });
    let mut text = String::new();
    for number in 0..FILTERS {
        text += &format!(
            "name eq \"Bob{number}\" and (status eq \"active\" or status eq \"disabled\")\n"
        );
    }
    stdin.write_all(text.as_bytes()).unwrap();
    stdin.write_all("é".repeat(LINE / 2).as_bytes()).unwrap();
    stdin.write_all(b"\n").unwrap();
    stdin.flush().unwrap();
    assert_eq!(answers.iter().take(FILTERS + 1).count(), FILTERS + 1);
    let peak = peak(&child);
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(reader.join().unwrap(), 1);
    if let Some(peak) = peak {
        assert!(peak < MAX_KILOBYTES, "{peak} kB");
    }
}

#[test]
fn compare_prints_the_relation_and_witnesses() {
    let one = r#"userName eq "bjensen" and active eq true"#;
    let other = r#"userName sw "b" or title pr"#;
    let text = run(&["compare", "--policy", "scim-user", one, other]);
    assert_eq!(text.code, 0);
    assert_eq!(
        text.out,
        "implies: each record that matches A matches B\n\
         B, not A: {\"userName\":\"b\"}\n\
         A and B: {\"active\":true,\"userName\":\"bjensen\"}\n"
    );
    let json = run(&["compare", "--json", "--policy", "none", "a eq 1 and a pr", "a lt 1"]);
    let [object] = &json.objects()[..] else { panic!("{}", json.out) };
    assert_eq!(object["relation"], "overlap");
    assert_eq!(object["empty"], serde_json::json!([false, false]));
    assert!(object["witnesses"]["a_not_b"].is_object());
    let empty =
        run(&["compare", "--policy", "scim-user", "active pr and active eq null", "title pr"]);
    assert!(empty.out.contains("A matches no record"), "{}", empty.out);
    let errors = run(&["compare", "--json", "nmae pr", "name pr"]);
    assert_eq!((errors.code, &errors.objects()[0]["ok"]), (1, &serde_json::json!(false)));
}

#[test]
fn help_ends_with_an_example() {
    for command in ["check", "fmt", "explain", "sql", "eval", "compare"] {
        let help = run(&[command, "--help"]);
        assert_eq!(help.code, 0);
        let example =
            help.out.split_once("\nExample:\n").unwrap_or_else(|| panic!("{}", help.out)).1;
        let line = example.lines().next().unwrap().trim();
        let words: Vec<String> = shell_words(line);
        assert_eq!(words[..2], ["scieve", command]);
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        assert_ne!(run(&arguments).code, 2, "{line}");
    }
    assert_eq!(run(&["--version"]).out, concat!("scieve ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// Splits a line into words, which may be in single quotes.
fn shell_words(line: &str) -> Vec<String> {
    line.split('\'').enumerate().fold(Vec::new(), |mut words, (place, part)| {
        match place % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
        words
    })
}

#[test]
fn explain_shows_which_conditions_are_true_of_a_record() {
    let records = file(
        "explain.jsonl",
        r#"{"id": "u0", "userName": "zoe"}
{"id": "u1", "userName": "ann", "title": "Dr", "emails": [{"type": "home", "value": "a@x.example"}, {"type": "work", "value": "b@x.example"}], "meta": {"created": "2024-01-01T00:00:00Z"}}
"#,
    );
    let filter = r#"userName sw "A" and (title eq "Prof" or not (nickName pr)) and emails[type eq "work" and value ew "@x.example"] and meta.created lt "2024-01-01T00:00:00Z""#;
    let explain = |options: &[&str]| {
        let record = ["explain", "--policy", "scim-user", "--record", path(&records)];
        run(&[&record[..], options, &[filter]].concat())
    };
    insta::assert_snapshot!(explain(&["--id", "u1"]).out);
    let object = explain(&["--id", "u1", "--json"]).objects().remove(0);
    assert_eq!((&object["id"], &object["explanation"]["matched"]), (&"u1".into(), &false.into()));
    let first = &object["explanation"]["parts"][0];
    assert_eq!((&first["matched"], &first["values"][0]), (&true.into(), &"\"ann\"".into()));
    let missing = explain(&["--id", "u9"]);
    assert!(missing.code == 2 && missing.err.contains("no record with the id `u9`"));
    assert_eq!(explain(&[]).code, 2);
}
