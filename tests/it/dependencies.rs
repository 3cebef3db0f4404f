//! Audits the dependencies and the packages of the repository.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Maximum number of crates in a build without features, including scieve.
const CRATES: usize = 10;

#[test]
fn a_build_without_features_has_few_crates() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "scieve",
            "--offline",
            "--locked",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let crates: BTreeSet<&str> =
        text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(crates.contains("scieve") && crates.contains("nom"), "{text}");
    assert!(crates.len() <= CRATES, "{} crates: {crates:?}", crates.len());
}

/// No package has a build script, and all forbid unsafe code. `benches/peers` is exempt from the
/// latter: it only measures crates of others.
#[test]
fn no_package_has_a_build_script_or_unsafe_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parsed = |folder: &str| -> toml::Table {
        std::fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap().parse().unwrap()
    };
    let workspace = parsed("");
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let members = workspace["workspace"]["members"].as_array().unwrap();
    for folder in members.iter().map(|member| member.as_str().unwrap()).chain(["benches/peers"]) {
        let manifest = parsed(folder);
        assert!(
            manifest["package"].get("build").is_none()
                && !root.join(folder).join("build.rs").exists(),
            "{folder}"
        );
        let forbids = manifest.get("lints").is_some_and(|lints| {
            lints.get("workspace") == Some(&true.into())
                || lints["rust"]["unsafe_code"].as_str() == Some("forbid")
        });
        assert!(forbids || folder == "benches/peers", "{folder}");
    }
}

/// All dependencies come from crates.io.
#[test]
fn every_dependency_is_from_crates_io() {
    let lock = include_str!("../../Cargo.lock");
    let sources: BTreeSet<&str> =
        lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert_eq!(
        sources.into_iter().collect::<Vec<_>>(),
        ["\"registry+https://github.com/rust-lang/crates.io-index\""]
    );
}
