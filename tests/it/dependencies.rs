//! What comes into a build beside the code of this repository.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Crates of a build without features, this one among them.
const CRATES: usize = 10;

#[test]
fn a_build_without_features_has_few_crates() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
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

/// A build runs no program of ours, and nothing of ours can be unsafe. The peers of the benches are others' crates in a package apart.
#[test]
fn no_package_has_a_build_script_or_unsafe_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, strict) in [("", true), ("fuzz", true), ("benches/peers", false)] {
        let folder = root.join(name);
        let Ok(manifest) = std::fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let manifest: toml::Table = manifest.parse().unwrap();
        assert!(
            manifest["package"].get("build").is_none() && !folder.join("build.rs").exists(),
            "{name}"
        );
        assert!(
            !strict || manifest["lints"]["rust"]["unsafe_code"].as_str() == Some("forbid"),
            "{name}"
        );
    }
}

/// Nothing is taken from anywhere but crates.io.
#[test]
fn every_dependency_is_of_the_public_registry() {
    let lock = include_str!("../../Cargo.lock");
    let sources: BTreeSet<&str> =
        lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert_eq!(
        sources.into_iter().collect::<Vec<_>>(),
        ["\"registry+https://github.com/rust-lang/crates.io-index\""]
    );
}
