//! The cases of `tests/corpus/program.jsonl`: arguments and files of the program, with what it has
//! to print.

use crate::ROOT;
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const CASES: &str = include_str!("../../../../tests/corpus/program.jsonl");

#[test]
fn program_does_what_the_cases_expect() {
    let mut failures = Vec::new();
    for line in CASES.lines().filter(|line| !line.trim().is_empty()) {
        let case: Value = serde_json::from_str(line).unwrap();
        failures.extend(
            differences(&case, &run(&case))
                .into_iter()
                .map(|difference| format!("{}: {difference}", case["id"])),
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs the program with the files of the case; `@name` in an argument is the path of a file.
fn run(case: &Value) -> Output {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(string(&case["id"]));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, content) in case["files"].as_object().into_iter().flatten() {
        let content = match content {
            Value::String(text) => text.clone().into_bytes(),
            Value::Object(object) if object.contains_key("bytes") => {
                serde_json::from_value(object["bytes"].clone()).unwrap()
            }
            json => json.to_string().into_bytes(),
        };
        std::fs::write(folder.join(name), content).unwrap();
    }
    let arguments = strings(&case["arguments"]).map(|argument| match argument.strip_prefix('@') {
        Some(name) => folder.join(name).to_str().unwrap().to_owned(),
        None => argument.to_owned(),
    });
    let mut program = Command::new(env!("CARGO_BIN_EXE_scieve"))
        .args(arguments)
        .current_dir(ROOT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Fails if the program exits without reading its input.
    let _ =
        program.stdin.take().unwrap().write_all(case["input"].as_str().unwrap_or("").as_bytes());
    program.wait_with_output().unwrap()
}

/// Returns a line for each expectation that the output does not meet.
fn differences(case: &Value, output: &Output) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let objects: Vec<Value> =
        out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let found = |key: &str| match key {
        "status" => output.status.code().into(),
        "ids" => objects.iter().map(|object| object["id"].clone()).collect(),
        "fixed" => objects.first().map_or(Value::Null, |object| fixed(object).into()),
        key => objects.first().map_or(Value::Null, |object| object[key].clone()),
    };
    let mut differences = Vec::new();
    for (key, expected) in case["expect"].as_object().unwrap() {
        let unmet: Vec<String> = match key.as_str() {
            "out" => strings(expected).filter(|part| !out.contains(part)).map(Into::into).collect(),
            "err" => strings(expected).filter(|part| !err.contains(part)).map(Into::into).collect(),
            "absent" => strings(expected)
                .filter(|part| out.contains(part) || err.contains(part))
                .map(Into::into)
                .collect(),
            key => {
                let found = found(key);
                if found == *expected { Vec::new() } else { vec![format!("{found}, {err}")] }
            }
        };
        differences.extend(unmet.iter().map(|unmet| format!("{key} is not {expected}: {unmet}")));
    }
    differences
}

/// Applies the first fix of each diagnostic of an object of `check --json`. They must not overlap.
fn fixed(object: &Value) -> String {
    let mut text = string(&object["filter"]).to_owned();
    let offset = |number: &Value| usize::try_from(number.as_u64().unwrap()).unwrap();
    let mut edits: Vec<_> = object["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|diagnostic| diagnostic["fixes"][0]["edits"].as_array())
        .flatten()
        .map(|edit| (offset(&edit["start"]), offset(&edit["end"]), string(&edit["text"])))
        .collect();
    edits.sort_unstable();
    edits.dedup();
    assert!(edits.is_sorted_by(|one, next| one.1 <= next.0), "overlap: {edits:?}");
    for (start, end, replacement) in edits.into_iter().rev() {
        text.replace_range(start..end, replacement);
    }
    text
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().unwrap().iter().map(string)
}
