//! Checks the rules of ARCHITECTURE.md that the compiler does not enforce: imports point downwards
//! inside each crate, files are short and have descriptive names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use syn::visit::{self, Visit};

/// The modules of each crate, lowest layer first. A module imports from lower layers and from
/// modules before it in its own layer. The files of a module may import each other without a
/// cycle; a module and its submodules may use each other.
const LAYERS: [(&str, &[&[&str]]); 4] = [
    (
        "src",
        &[
            &["span", "limits", "syntax", "value", "operator"],
            &["snippet", "suggest", "schema"],
            &["diagnostic", "plan", "policy"],
            &["filter", "eval", "sql"],
            &["check", "scim", "patch", "derive", "search", "decide", "filter_set", "arbitrary"],
            &["lint"],
            &["lib"],
        ],
    ),
    (
        "crates/users/src",
        &[
            &[
                "timestamp",
                "role",
                "user",
                "account",
                "attributes",
                "sort",
                "deadline",
                "page",
                "cursor",
                "error",
                "string_limits",
            ],
            &["id", "load", "precondition", "invite", "new_user", "patch", "store", "fixture"],
            &["memory", "mapping", "database", "sample", "arbitrary"],
            &["lib"],
        ],
    ),
    (
        "crates/server/src",
        &[
            &[
                "problem",
                "parameter_names",
                "precondition",
                "query",
                "links",
                "request_id",
                "request_smuggling",
                "jwt",
                "credentials",
                "config",
                "body",
            ],
            &["availability", "identity", "rate_limit", "scan_limit", "metrics", "app", "view"],
            &[
                "users",
                "ops",
                "compat",
                "openapi",
                "finish_response",
                "head_error",
                "client_stream",
                "server",
            ],
            &["lib"],
        ],
    ),
    (
        "crates/cli/src",
        &[
            &[
                "exit",
                "excerpt",
                "progress_bar",
                "input",
                "output",
                "format",
                "rewrite",
                "report",
                "batch",
                "policy",
                "projection",
                "scan",
                "records",
                "rules",
                "checks",
                "catalogue",
                "column_types",
                "column_problems",
            ],
            &[
                "check",
                "fmt",
                "explain",
                "sql",
                "doctor",
                "eval",
                "compare",
                "patch",
                "rule",
                "seed",
                "key_file",
                "webhook",
                "config_file",
                "project_file",
                "manual",
                "lsp",
                "serve_options",
                "serve",
                "backup",
                "rescue",
            ],
            &["main"],
        ],
    ),
];

/// Modules that never import one another: the executors, the stores.
const STRANGERS: [(&str, &str, &str); 2] =
    [("src", "eval", "sql"), ("crates/users/src", "memory", "database")];

/// Maximum number of lines of a file, its unit tests excluded.
const MAX_LINES: usize = 500;

/// Names that do not describe the content.
const VAGUE: [&str; 7] = ["common", "helper", "helpers", "impls", "misc", "util", "utils"];

#[test]
fn imports_run_downwards_and_files_stay_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut errors = Vec::new();
    for (folder, layers) in LAYERS {
        let mut files = Files::new();
        read(&root.join(folder), "", &mut files);
        assert!(files.len() > 5, "{folder}: no files");
        errors.extend(check(layers, &files).into_iter().map(|error| format!("{folder}: {error}")));
    }
    assert!(errors.is_empty(), "\n{}\n", errors.join("\n"));
}

/// Source text by name: the path below the source folder without `.rs`, and without `/mod`.
type Files = BTreeMap<String, String>;

fn read(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            read(&path, &format!("{prefix}{name}/"), files);
        } else if let Some(stem) = name.strip_suffix(".rs") {
            let name = if stem == "mod" {
                prefix.trim_end_matches('/').to_owned()
            } else {
                format!("{prefix}{stem}")
            };
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn check(layers: &[&[&str]], files: &Files) -> Vec<String> {
    let mut errors = Vec::new();
    let place = |name: &str| {
        let module = name.split('/').next().unwrap();
        layers.iter().flat_map(|layer| layer.iter()).position(|known| *known == module)
    };
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, source) in files.iter().filter(|(name, _)| !name.contains("tests")) {
        if place(name).is_none() {
            errors.push(format!("{name}: is in no layer"));
        }
        if name.split('/').any(|part| VAGUE.contains(&part)) {
            errors.push(format!("{name}: the name does not describe the content"));
        }
        let lines = source.split("#[cfg(test)]\nmod ").next().unwrap().lines().count();
        if lines > MAX_LINES {
            errors.push(format!("{name}: {lines} lines, more than {MAX_LINES}"));
        }
        for target in targets(name, source, files) {
            let strangers = STRANGERS.iter().any(|(_, one, other)| {
                let belongs = |name: &str, module: &str| name.split('/').next() == Some(module);
                belongs(name, one) && belongs(target, other)
                    || belongs(name, other) && belongs(target, one)
            });
            if strangers {
                errors.push(format!("{name}: imports {target}, which is forbidden"));
            }
            if place(name) < place(target) {
                errors.push(format!("{name}: imports upwards, from {target}"));
            }
            // A module re-exports its submodules, which use its types.
            if !target.starts_with(&format!("{name}/")) {
                imports.entry(name).or_default().insert(target);
            }
        }
    }
    for name in imports.keys() {
        if reaches(&imports, name, name, &mut BTreeSet::new()) {
            errors.push(format!("{name}: imports itself through other files"));
        }
    }
    errors
}

fn reaches<'a>(
    imports: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    from: &str,
    to: &str,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    imports
        .get(from)
        .into_iter()
        .flatten()
        .any(|next| *next == to || seen.insert(next) && reaches(imports, next, to, seen))
}

/// The files that a file imports from.
fn targets<'f>(name: &str, source: &str, files: &'f Files) -> BTreeSet<&'f str> {
    let mut paths =
        Paths { files, module: name.split('/').map(str::to_owned).collect(), found: Vec::new() };
    if matches!(name, "lib" | "main") {
        paths.module.clear();
    }
    paths.visit_file(&syn::parse_file(source).unwrap_or_else(|error| panic!("{name}: {error}")));
    let root = if files.contains_key("lib") { "lib" } else { "main" };
    let mut targets = BTreeSet::new();
    for path in paths.found {
        // The longest prefix that is a file; an item of the crate root is in the root's file.
        let file = (1..=path.len())
            .rev()
            .find_map(|length| files.get_key_value(&path[..length].join("/")));
        let file = file.or_else(|| files.get_key_value(root)).unwrap().0;
        if file != name {
            targets.insert(file.as_str());
        }
    }
    targets
}

/// Collects the paths that start with `crate`, `self`, `super` or a child module, as paths from the
/// crate root.
struct Paths<'f> {
    files: &'f Files,
    module: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Paths<'_> {
    fn add(&mut self, segments: &[String]) {
        let mut path = match segments.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => self.module.clone(),
            // A module that this file declares.
            Some(name) => {
                let child = [&self.module[..], &[name.to_owned()]].concat();
                if !self.files.contains_key(&child.join("/")) {
                    return;
                }
                self.module.clone()
            }
            None => return,
        };
        for segment in segments {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => _ = path.pop(),
                name => path.push(name.to_owned()),
            }
        }
        self.found.push(path);
    }

    fn tree(&mut self, tree: &syn::UseTree, prefix: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.tree(&path.tree, prefix);
                prefix.pop();
            }
            syn::UseTree::Name(name) => self.leaf(name.ident.to_string(), prefix),
            syn::UseTree::Rename(name) => self.leaf(name.ident.to_string(), prefix),
            syn::UseTree::Glob(_) => self.add(prefix),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.tree(item, prefix));
            }
        }
    }

    fn leaf(&mut self, name: String, prefix: &mut Vec<String>) {
        prefix.push(name);
        self.add(prefix);
        prefix.pop();
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|option| option == "test")
    })
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.tree(&item.tree, &mut Vec::new());
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) && item.content.is_some() {
            self.module.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in crate::...)` imports nothing.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&segments);
        visit::visit_path(self, path);
    }
}

/// Each rule detects a violation.
#[test]
fn violations_are_found() {
    let layers: &[&[&str]] = &[&["span", "value"], &["eval", "sql"], &["lib"]];
    let files = |more: &[(&str, &str)]| -> Files {
        let usual = [
            ("span", ""),
            ("value", ""),
            ("value/a", ""),
            ("value/b", ""),
            ("eval", ""),
            ("sql", ""),
            ("lib", ""),
        ];
        usual
            .iter()
            .chain(more)
            .map(|(name, source)| (name.to_string(), source.to_string()))
            .collect()
    };
    for fine in [
        ("value", "use crate::span::Span; use self::a::A;"),
        ("value/a", "use super::b::B; #[cfg(test)] mod tests { use crate::eval::f; }"),
        ("eval", "pub(in crate::sql) fn f() { crate::value::a::g() } // crate::sql"),
        ("lib", "mod span; pub use span::Span; pub use self::eval::f;"),
    ] {
        assert_eq!(check(layers, &files(&[fine])), [""; 0], "{fine:?}");
    }
    for (name, source, expected) in [
        ("span", "use crate::value::Value;", "upwards, from value"),
        ("span", "fn f() { crate::eval::g() }", "upwards, from eval"),
        ("span", "use super::{span::Span, sql::a::B};", "upwards, from sql"),
        ("value/a", "fn f(_: crate::Span) {}", "upwards, from lib"),
        ("value/a", "mod inner { use super::super::super::eval::f; }", "upwards, from eval"),
        ("sql", "use crate::eval::f;", "forbidden"),
        ("other", "", "in no layer"),
        ("value/util", "", "does not describe"),
    ] {
        let errors = check(layers, &files(&[(name, source)])).join("\n");
        assert!(errors.contains(expected), "{name}: {source}: {errors}");
    }
    let cycle = [("value/a", "use super::b::B;"), ("value/b", "use super::a::A;")];
    assert!(check(layers, &files(&cycle)).join("\n").contains("imports itself"));
    let long = "\n".repeat(MAX_LINES + 2);
    assert!(check(layers, &files(&[("span", &long)])).join("\n").contains("lines"));
}
