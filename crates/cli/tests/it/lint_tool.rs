//! `scieve check` as a linter: files, folders, formats, fixes and the file of options.

use crate::commands::{Run, run, run_in};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Creates a folder with files, and returns its path.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lint").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    for (name, content) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

const FILTERS: &str = "\
# Users of the support team
userName eq \"ann\"

userName == \"bob\"
# scieve: allow(wildcard-in-value)
userName eq \"a*\"
userName eq \"b*\"
";

const LOG: &str = "\
GET /Users?filter=userName%20eq%20%22ann%22 HTTP/1.1
GET /Users?count=1&filter=userNme%20eq%20%22%C3%A9%22&x=1 HTTP/1.1
";

fn check(folder: &Path, arguments: &[&str]) -> Run {
    run_in(folder, &[&["check", "--policy", "scim-user"], arguments].concat())
}

#[test]
fn files_and_folders_are_read_with_comments() {
    let folder =
        folder("folders", &[("b.scim", FILTERS), ("sub/a.filters", "id pr\n"), ("c.md", "x")]);
    let found = check(&folder, &["--format", "concise", "."]);
    insta::assert_snapshot!("lint_folder", found.shown());
    let named = check(&folder, &["--format", "concise", "b.scim", "sub/a.filters"]);
    assert_eq!(named.out, found.out);
    assert_eq!(check(&folder, &["--file", "missing.scim"]).code, 2);
    let all = check(&folder, &["--format", "concise", "--select", "all", "--statistics", "b.scim"]);
    assert!(all.err.contains("1 wildcard-in-value"), "{}", all.shown());
    let file = "# scieve: allow-file(suspicious)\nuserName eq \"a*\"\nuserName eq \"b*\"\n";
    std::fs::write(folder.join("allowed.scim"), file).unwrap();
    assert_eq!(check(&folder, &["-q", "allowed.scim"]).err, "");
}

#[test]
fn extracted_filters_are_reported_and_fixed_in_their_line() {
    let json = "{\n  \"filter\": \"userName == \\\"ann\\\"\"\n}\n";
    let folder = folder("extract", &[("access.log", LOG), ("query.json", json)]);
    let found = check(&folder, &["--extract", "-q", "."]);
    insta::assert_snapshot!("lint_extract", found.shown());
    let objects = check(&folder, &["--extract", "--json", "access.log"]).objects();
    let found = &objects[1]["diagnostics"][0];
    assert_eq!(objects[1]["filter"], "userNme eq \"é\"");
    assert_eq!(
        (&found["line"], &found["column"], &found["start"]),
        (&json!(2), &json!(27), &json!(0))
    );
    assert_eq!((&found["byteColumn"], &found["byteEndColumn"]), (&json!(27), &json!(34)));
    let fixed = check(&folder, &["--extract", "--unsafe-fixes", "--in-place", "."]);
    assert_eq!(fixed.code, 0, "{}", fixed.shown());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(read("access.log"), LOG.replace("userNme", "userName"));
    assert_eq!(read("access.log.bak"), LOG);
    assert_eq!(read("query.json"), json.replace("==", "eq"));
}

#[test]
fn fixes_are_printed_shown_and_written() {
    let folder = folder("fix", &[("a.scim", FILTERS)]);
    let printed = check(&folder, &["--fix", "a.scim", "userName eq 'x' and active eq True"]);
    insta::assert_snapshot!("lint_fix", printed.shown());
    let diff = check(&folder, &["--diff", "--unsafe-fixes", "a.scim"]);
    insta::assert_snapshot!("lint_diff", diff.shown());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(read("a.scim"), FILTERS);
    let written = check(&folder, &["--in-place=.old", "a.scim"]);
    assert_eq!(written.code, 0, "{}", written.shown());
    assert_eq!(read("a.scim"), FILTERS.replace("==", "eq"));
    assert_eq!(read("a.scim.old"), FILTERS);
    // Fixed text has nothing to fix.
    let again = check(&folder, &["--diff", "a.scim"]);
    assert_eq!((again.code, again.out.as_str()), (0, ""));
}

#[test]
fn rules_decide_what_is_reported_and_what_fails() {
    let advice = ["not (userName eq \"a\")"];
    for (options, code, is_shown) in [
        (&[][..], 0, false),
        (&["--warn", "redundant"], 0, true),
        (&["--deny", "negated-comparison"], 1, true),
        (&["--warn", "redundant", "--ignore", "redundant"], 0, false),
        (&["--select", "all"], 0, true),
    ] {
        let found = run(&[&["check", "--policy", "scim-user", "-q"], options, &advice].concat());
        assert_eq!((found.code, !found.err.is_empty()), (code, is_shown), "{options:?}");
    }
    let warned = "userName eq \"a*\"";
    for (options, code) in [
        (&["--max-warnings", "0"][..], 1),
        (&["--max-warnings", "1"], 0),
        (&["--deny", "warnings"], 1),
    ] {
        let found = run(&[&["check", "--policy", "scim-user"], options, &[warned]].concat());
        assert_eq!(found.code, code, "{options:?}");
    }
    assert_eq!(run(&["check", "--deny", "nothing", "id pr"]).code, 2);
    let okta = run(&["check", "--for", "okta", "--policy", "none", "status ne \"STAGED\""]);
    insta::assert_snapshot!("lint_provider", okta.shown());
    let selected =
        ["check", "--for", "okta", "--policy", "none", "--select", "redundant", "a ne \"b\""];
    assert!(run(&selected).err.contains("Okta does not support `ne`"));
    assert_eq!(run(&["check", "--for", "nobody", "id pr"]).code, 2);
}

#[test]
fn options_come_from_the_nearest_file() {
    let toml = "policy = \"scim-user\"\ndeny = [\"warnings\"]\nquiet = true\n";
    let folder = folder("project", &[("scieve.toml", toml), ("sub/a.scim", FILTERS)]);
    let sub = folder.join("sub");
    let warned = "userName eq \"a*\"";
    assert_eq!(run_in(&sub, &["check", warned]).code, 1);
    assert_eq!(run_in(&sub, &["--color", "never", "check", warned]).code, 1);
    assert_eq!(run_in(&sub, &["check", "--no-config", "--policy", "scim-user", warned]).code, 0);
    // The command line takes precedence.
    assert_eq!(run_in(&sub, &["check", "-q", "--policy", "none", warned]).code, 0);
    assert_eq!(run_in(&sub, &["explain", "--policy", "scim-user", warned]).code, 0);
    std::fs::write(folder.join("scieve.toml"), "colour = 1\n").unwrap();
    let unknown = run_in(&sub, &["check", warned]);
    assert!(unknown.code == 2 && unknown.err.contains("unknown key `colour`"), "{}", unknown.err);
}

#[test]
fn formats_for_other_programs() {
    let folder = folder("formats", &[("a, b.scim", "userName == \"é\" and title pr\nid pr\n")]);
    let shown = |format| check(&folder, &["--format", format, "--file", "a, b.scim"]).shown();
    insta::assert_snapshot!("lint_github", shown("github"));
    insta::assert_snapshot!("lint_junit", shown("junit"));
    let object = |format| -> Value {
        serde_json::from_str(&check(&folder, &["--format", format, "--file", "a, b.scim"]).out)
            .unwrap()
    };
    let sarif = object("sarif");
    assert_sarif(&sarif);
    insta::assert_snapshot!(
        "lint_sarif",
        serde_json::to_string_pretty(&sarif["runs"][0]["results"]).unwrap()
    );
    let rdjson = object("rdjson");
    assert_rdjson(&rdjson);
    insta::assert_snapshot!("lint_rdjson", serde_json::to_string_pretty(&rdjson).unwrap());
}

/// Checks what SARIF 2.1.0 requires of the members that are printed. `scripts/sarif-schema` compares
/// a run with the schema itself, whose licence does not permit a copy here.
fn assert_sarif(sarif: &Value) {
    assert_eq!(sarif["version"], "2.1.0");
    assert_keys(sarif, &["$schema", "version", "runs"]);
    let run = &sarif["runs"][0];
    assert_keys(run, &["tool", "columnKind", "results"]);
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let driver = &run["tool"]["driver"];
    assert_keys(driver, &["name", "version", "rules"]);
    let rules = driver["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].is_string());
        let location = &result["locations"][0]["physicalLocation"];
        assert!(!location["artifactLocation"]["uri"].as_str().unwrap().contains([' ', ',']));
        assert_region(&location["region"]);
        for fix in result["fixes"].as_array().into_iter().flatten() {
            for replacement in fix["artifactChanges"][0]["replacements"].as_array().unwrap() {
                assert_region(&replacement["deletedRegion"]);
                assert!(replacement["insertedContent"]["text"].is_string());
            }
        }
    }
}

fn assert_region(region: &Value) {
    assert_keys(region, &["startLine", "startColumn", "endLine", "endColumn"]);
    let number = |key: &str| region[key].as_u64().unwrap();
    assert!(number("startLine") >= 1 && number("startColumn") >= 1);
    let (start, end) = (("startLine", "startColumn"), ("endLine", "endColumn"));
    let place = |(line, column)| (number(line), number(column));
    assert!(place(start) <= place(end), "{region}");
}

/// Checks the members of the Reviewdog Diagnostic Format (`DiagnosticResult` of its protocol
/// buffer definition), in which unknown members are errors.
fn assert_rdjson(rdjson: &Value) {
    assert_keys(rdjson, &["source", "diagnostics"]);
    for one in rdjson["diagnostics"].as_array().unwrap() {
        assert_keys(one, &["message", "location", "severity", "source", "code", "suggestions"]);
        assert!(["ERROR", "WARNING", "INFO"].contains(&one["severity"].as_str().unwrap()));
        assert_keys(&one["location"], &["path", "range"]);
        assert_keys(&one["code"], &["value"]);
        let suggestions = one["suggestions"].as_array().unwrap();
        let ranges = suggestions.iter().map(|suggestion| &suggestion["range"]);
        for range in ranges.chain([&one["location"]["range"]]) {
            assert_keys(range, &["start", "end"]);
            assert_keys(&range["start"], &["line", "column"]);
        }
    }
}

fn assert_keys(object: &Value, keys: &[&str]) {
    let mut found: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, keys);
}

#[test]
fn fmt_checks_and_manuals_are_printed() {
    let checked = run(&["fmt", "--check", "id pr", "id  PR"]);
    assert_eq!((checked.code, checked.out.as_str()), (1, "id pr\n"));
    assert_eq!(run(&["fmt", "--check", "id pr"]).code, 0);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]);
        assert!(script.code == 0 && script.out.contains("scieve"), "{shell}");
    }
    assert!(run(&["man"]).out.contains(".SH NAME"));
    let pages = folder("man", &[("x", "")]);
    assert_eq!(run_in(&pages, &["man", "."]).code, 0);
    let page = std::fs::read_to_string(pages.join("scieve-check.1")).unwrap();
    assert!(page.contains("max\\-warnings"), "{page}");
}
