//! Holds `src/` to the floors of ARCHITECTURE.md: who may import whom, how long a file may grow, what `lib.rs` may contain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The floors from the ground up, each with its files in order. A file imports from lower floors and from those before it in its own row. `folder/*` takes
/// every file of the folder that no row names; these may import one another as long as no circle comes of it.
#[rustfmt::skip]
const FLOORS: &[&[&str]] = &[
    &["span", "limits", "syntax", "value/*", "operator"],
    &["snippet/escape", "snippet/mod", "suggest", "schema/names", "schema/mod", "schema/json", "schema/rfc7643"],
    &["diagnostic/mod", "diagnostic/render", "diagnostic/json", "plan/mod", "plan/build", "plan/explain", "policy/mod", "policy/lines", "policy/file"],
    &[
        "filter/ast", "filter/print", "filter/string", "filter/token", "filter/parser", "filter/error", "filter/literal", "filter/parse", "filter/path", "filter/builder", "filter/serde", "filter/mod",
        "eval",
        "sql/values", "sql/dialect", "sql/error", "sql/chain", "sql/mapping", "sql/names", "sql/columns", "sql/leaf", "sql/condition", "sql/warnings", "sql/ddl", "sql/statement", "sql/page", "sql/mod",
    ],
    &[
        "check/grouping", "check/meaning", "check/resolve", "check/shape", "check/mod",
        "scim/mod",
        "users/timestamp", "users/role", "users/user", "users/page", "users/cursor", "users/error", "users/texts", "users/attributes", "users/id", "users/invite", "users/patch",
        "users/store", "users/fixture",
        "users/memory/*", "users/columns", "users/database/*", "users/sample", "users/mod",
    ],
    &[
        "arbitrary",
        "http/problem", "http/query", "http/links", "http/head", "http/jwt", "http/config", "http/body", "http/identity", "http/limit", "http/metrics", "http/app", "http/view",
        "http/users/paging", "http/users/list", "http/users/one", "http/users/create", "http/users/actions", "http/users/own", "http/users/mod",
        "http/extras", "http/openapi", "http/answer", "http/patience", "http/server", "http/mod",
    ],
    &["lib"],
    &[
        "cli/exit", "cli/input", "cli/output", "cli/policy", "cli/report", "cli/plans", "cli/records",
        "cli/check", "cli/fmt", "cli/explain", "cli/sql", "cli/eval", "cli/seed", "cli/serve", "cli/mod",
        "main",
    ],
];

/// Siblings that never meet, whatever their order: neither imports the other.
const STRANGERS: &[(&str, &str)] =
    &[("eval", "sql/"), ("users/memory/", "users/database"), ("arbitrary", "http/")];

/// The command line is a program of its own: it sees the library from outside, and of it the `http` module only from here.
const PROGRAM: &[&str] = &["cli/", "main"];
const SERVER: &str = "cli/serve";

/// Lines of a file, a `#[cfg(test)]` module at its end not counted.
const LINES: usize = 420;

/// Names that say nothing of what is inside.
const VAGUE: &[&str] = &["common", "helper", "helpers", "impls", "misc", "util", "utils"];

#[test]
fn src_keeps_to_the_floors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Files::new();
    read(&root.join("src"), "", &mut files);
    assert!(files.contains_key("lib"), "src/lib.rs was not found");
    let mut faults = faults(&files);
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    if !manifest.contains("unsafe_code = \"forbid\"")
        && !files["lib"].contains("#![forbid(unsafe_code)]")
    {
        faults.push("unsafe code is not forbidden".to_owned());
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Text by name: the path below `src/` without `.rs`.
type Files = BTreeMap<String, String>;

fn read(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            read(&path, &format!("{prefix}{name}/"), files);
        } else if let Some(stem) = name.strip_suffix(".rs") {
            files.insert(format!("{prefix}{stem}"), std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    let mut loose: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in files {
        if name.split('/').any(|part| part == "tests") {
            continue;
        }
        let code = code(text);
        let place = place(name);
        if place.is_none() {
            faults.push(format!("{name}: stands in no row of FLOORS"));
        }
        let lines = code.lines().count();
        if lines > LINES {
            faults.push(format!("{name}: {lines} lines, more than {LINES}"));
        }
        if name.split('/').any(|part| VAGUE.contains(&part)) {
            faults.push(format!("{name}: a name that says nothing"));
        }
        if name == "lib" {
            faults.extend(facade(&code));
            continue;
        }
        for path in paths(&code) {
            let shown = path.join("::");
            if path[0] == "scieve" {
                match program(name) {
                    false => {
                        faults.push(format!("{name}: `{shown}` looks at the library from outside"))
                    }
                    true if path.get(1).is_some_and(|part| part == "http") && name != SERVER => {
                        faults.push(format!("{name}: `{shown}`, only {SERVER} may call http"));
                    }
                    true => {}
                }
                continue;
            }
            let target = resolve(name, &path, files);
            if target == *name {
                continue;
            }
            let strangers = |a: &str, b: &str| {
                STRANGERS.iter().any(|pair| belongs(a, pair.0) && belongs(b, pair.1))
            };
            if program(name) != program(&target) {
                faults.push(format!(
                    "{name}: `{shown}`, the program may use the library's public names only"
                ));
            } else if strangers(name, &target) || strangers(&target, name) {
                faults.push(format!("{name}: `{shown}`, {name} and {target} never meet"));
            } else if place.is_some() && place == self::place(&target) {
                loose.entry(name).or_default().insert(target);
            } else if place.is_some()
                && self::place(&target).is_some_and(|other| place <= Some(other))
            {
                faults.push(format!("{name}: `{shown}` imports upwards, from {target}"));
            }
        }
    }
    for &name in loose.keys() {
        if reaches(&loose, name, name, &mut BTreeSet::new()) {
            faults.push(format!("{name}: imports itself by way of its neighbours"));
        }
    }
    faults
}

/// Floor and position there.
fn place(name: &str) -> Option<(usize, usize)> {
    let find = |wanted: &str| {
        FLOORS
            .iter()
            .enumerate()
            .find_map(|(floor, row)| Some((floor, row.iter().position(|entry| *entry == wanted)?)))
    };
    find(name).or_else(|| find(&format!("{}/*", name.rsplit_once('/')?.0)))
}

fn program(name: &str) -> bool {
    PROGRAM.iter().any(|entry| belongs(name, entry))
}

/// `entry` is a name, or a folder with a slash behind it.
fn belongs(name: &str, entry: &str) -> bool {
    name == entry || entry.ends_with('/') && name.starts_with(entry)
}

fn reaches<'a>(
    graph: &'a BTreeMap<&str, BTreeSet<String>>,
    from: &str,
    to: &str,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    graph.get(from).is_some_and(|next| {
        next.iter().any(|name| name == to || seen.insert(name) && reaches(graph, name, to, seen))
    })
}

/// The file that a path starting with `crate` or `super` in the file `name` leads to: the longest way that is a module.
fn resolve(name: &str, path: &[String], files: &Files) -> String {
    let root = if program(name) { "main" } else { "lib" };
    let file = |module: &[&str]| match module.join("/") {
        module if module.is_empty() => Some(root.to_owned()),
        module => {
            [format!("{module}/mod"), module].into_iter().find(|name| files.contains_key(name))
        }
    };
    let mut module: Vec<&str> =
        name.split('/').filter(|part| !["mod", root].contains(part)).collect();
    for part in path {
        match part.as_str() {
            "crate" => module.clear(),
            "super" => drop(module.pop()),
            part => {
                module.push(part);
                if file(&module).is_none() {
                    module.pop();
                    break;
                }
            }
        }
    }
    file(&module).unwrap_or_else(|| root.to_owned())
}

/// What a crate root that only shows things may hold: attributes, modules and re-exports of one name each.
fn facade(code: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rest = code.trim_start();
    while !rest.is_empty() {
        if let Some(open) =
            rest.strip_prefix('#').and_then(|rest| rest.trim_start_matches('!').strip_prefix('['))
        {
            let mut depth = 1;
            let end = open.find(|c| {
                depth += i32::from(c == '[') - i32::from(c == ']');
                depth == 0
            });
            rest = open[end.expect("an attribute ends") + 1..].trim_start();
            continue;
        }
        let (statement, after) = rest.split_once(';').unwrap_or((rest, ""));
        let words: Vec<_> = statement.split_whitespace().collect();
        let legal = match words.as_slice() {
            ["mod", _] | ["pub", "mod", _] => true,
            ["pub", "use", path] | ["pub", "use", path, "as", _] => {
                !path.contains(['{', '*']) && path.contains("::")
            }
            _ => false,
        };
        if !legal {
            faults.push(format!(
                "lib: `{}` is neither a module nor the re-export of one name",
                words.join(" ")
            ));
        }
        rest = after.trim_start();
    }
    faults
}

/// Every path in the text that starts with `crate`, `super` or `scieve`, groups taken apart. `pub(in crate::...)` imports nothing and is left out. A `super`
/// inside an inline module is read as if it stood outside; there are no such modules here apart from tests.
fn paths(code: &str) -> Vec<Vec<String>> {
    let tokens = tokens(code);
    let token = |at: usize| tokens.get(at).copied().unwrap_or_default();
    let word =
        |token: &str| token.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>');
    let mut paths = Vec::new();
    for at in 0..tokens.len() {
        let (before, last) = (token(at.wrapping_sub(2)), token(at.wrapping_sub(1)));
        let inner = last == "::"
            && word(before)
            && !["use", "return", "in", "as", "else"].contains(&before);
        if ["crate", "super", "scieve"].contains(&token(at))
            && token(at + 1) == "::"
            && !inner
            && last != "in"
        {
            tree(&tokens, &mut at.clone(), &[], &mut paths);
        }
    }
    paths
}

fn tree(tokens: &[&str], at: &mut usize, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        match *token {
            "{" => {
                while tokens.get(*at).is_some_and(|token| *token != "}") {
                    tree(tokens, at, &path, paths);
                    while tokens.get(*at).is_some_and(|token| ![",", "}"].contains(token)) {
                        *at += 1;
                    }
                    *at += usize::from(tokens.get(*at) == Some(&","));
                }
                *at += 1;
                return;
            }
            "self" => {}
            word => path.push(word.to_owned()),
        }
        if tokens.get(*at) != Some(&"::") {
            break;
        }
        *at += 1;
    }
    paths.push(path);
}

/// Words, `::` and single characters.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if word(first) {
            rest.find(|c| !word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

/// The text with comments, strings and characters blanked, lines kept, and a `#[cfg(test)]` module at its end cut off.
fn code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let named = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block(rest)
        } else if let (false, Some(length)) = (named, raw(rest)) {
            length
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && (rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'')) {
            quoted(rest, '\'')
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        let (blank, after) = rest.split_at(length);
        out.extend(blank.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
    }
    if let Some(at) = out.rfind("\n#[cfg(test)]\nmod ") {
        let tail = out[at..].trim_end();
        let closing = tail.find("\n}").map(|end| end + 2);
        if tail.matches('\n').count() == 2 && tail.ends_with(';') || closing == Some(tail.len()) {
            out.truncate(at + 1);
        }
    }
    out
}

/// Length of a quotation with `\` escapes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, c)| at + c.len_utf8())
}

/// Length of a raw string, if one starts here.
fn raw(text: &str) -> Option<usize> {
    let starts =
        |prefix: &&str| text.strip_prefix(*prefix).is_some_and(|rest| rest.starts_with(['#', '"']));
    let prefix = ["r", "br", "cr"].into_iter().find(starts)?;
    let hashes = text[prefix.len()..].chars().take_while(|c| *c == '#').count();
    let open = prefix.len() + hashes + 1;
    let body = text.get(open - 1..)?.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&close).map_or(text.len(), |end| open + end + close.len()))
}

/// Length of a block comment; they nest.
fn block(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let here = &text[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

fn sample(files: &[(&str, &str)]) -> Vec<String> {
    let known = [
        "lib",
        "main",
        "span",
        "operator",
        "value/mod",
        "limits",
        "policy/mod",
        "filter/mod",
        "filter/ast",
        "filter/parse",
        "eval",
        "sql/mod",
        "sql/page",
        "users/mod",
    ];
    let mut all: Files = known.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    all.extend(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    faults(&all)
}

#[test]
fn imports_downwards_are_fine() {
    let good = [
        (
            "filter/parse",
            "use crate::span::Span;\nuse super::ast::{Expr, self as tree};\nuse crate::{limits::Limits, operator::{Operator, Operators}};",
        ),
        (
            "filter/mod",
            "mod ast;\npub(in crate::users) fn f() { super::limits::f(); }\n// crate::users\n/* super::eval /* */ */\nconst A: &str = \"crate::sql\";",
        ),
        (
            "eval",
            "fn f() -> char { let _ = r#\"crate::users \" \"#; 'x' }\n#[cfg(test)]\nmod tests {\n    use crate::users::User;\n}\n",
        ),
        ("users/tests", "use crate::Anything;"),
        ("value/a", "use super::b::B;"),
        ("value/b", "use crate::value::c::C;"),
        ("value/c", "use crate::span::Span;"),
        ("operator", "use crate::value::AttributeType;"),
        ("cli/serve", "use scieve_server;\nuse crate::cli::exit::Exit;"),
        ("cli/exit", "use scieve::Filter;"),
        (
            "lib",
            "#![doc = include_str!(\"../README.md\")]\n#[cfg(feature = \"sql\")]\npub mod sql;\nmod span;\npub use span::Span;\n#[cfg(any(\n    a,\n    b[0]\n))]\npub use limits::Limits as L;",
        ),
        ("main", "mod cli;\nfn main() { crate::cli::run() }"),
        ("cli/mod", "mod exit;"),
    ];
    assert_eq!(sample(&good), [""; 0]);
}

#[test]
fn what_is_out_of_place_is_found() {
    for (name, text, fault) in [
        ("span", "use crate::limits::Limits;", "upwards, from limits"),
        ("span", "use crate::Limits;", "upwards, from lib"),
        ("span", "fn f() { crate::policy::Policy::new() }", "upwards, from policy"),
        ("span", "use super::{span::Span, filter::{ast::Expr}};", "upwards, from filter/ast"),
        ("span", "macro_rules! m { () => { $crate::eval::f() } }", "upwards, from eval"),
        ("span", "// \"\nuse crate::eval::f; // \"", "upwards, from eval"),
        (
            "span",
            "const A: char = '\"'; use crate::eval::f; const B: char = '\"';",
            "upwards, from eval",
        ),
        ("span", "#[cfg(test)]\nmod tests {\n}\nuse crate::eval::f;", "upwards, from eval"),
        ("filter/ast", "use super::parse::filter;", "upwards, from filter/parse"),
        ("filter/parse", "use super::Filter;", "upwards, from filter/mod"),
        ("filter/parse", "use super::super::users::User;", "upwards, from users/mod"),
        ("sql/page", "use crate::eval;", "never meet"),
        ("users/database", "use super::memory::MemoryStore;", "never meet"),
        ("users/database", "use scieve::Filter;", "from outside"),
        ("stray", "", "no row"),
        ("filter/utils", "", "no row"),
        ("value/helpers", "", "says nothing"),
        ("cli/eval", "use crate::span::Span;", "public names only"),
        ("cli/eval", "use ::scieve_server::router;", "only cli/serve"),
        ("cli/exit", "use super::serve;", "upwards"),
        ("lib", "pub use span::{Span};", "one name"),
        ("lib", "pub use span::*;", "one name"),
        ("lib", "fn f() {}", "one name"),
        ("eval", &"\n".repeat(LINES + 1), "lines"),
    ] {
        let faults =
            sample(&[("users/memory/mod", ""), ("cli/serve", ""), ("cli/mod", ""), (name, text)]);
        assert!(faults.iter().any(|found| found.contains(fault)), "{name}: {text:?}: {faults:?}");
    }
    let circle = sample(&[
        ("value/a", "use super::b::B;"),
        ("value/b", "use super::c::C;"),
        ("value/c", "use super::a::A;"),
    ]);
    assert_eq!(circle.len(), 3, "{circle:?}");
    let long =
        format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn f() {}\n".repeat(LINES));
    assert_eq!(sample(&[("eval", &long)]), [""; 0]);
}
