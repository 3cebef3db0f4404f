//! Runs the fuzz targets on stored inputs: their past findings, lines of the corpora, and random
//! bytes.

#[path = "../../../../fuzz/bodies/mod.rs"]
mod bodies;

use bodies::BODIES;
use std::path::Path;

/// Returns a folder of the repository.
fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

#[test]
fn past_findings_pass() {
    let mut names = Vec::new();
    for (name, body) in BODIES {
        let Ok(files) = std::fs::read_dir(folder("fuzz/regressions").join(name)) else { continue };
        for file in files.map(|file| file.unwrap().path()) {
            eprintln!("{}", file.display());
            body(&std::fs::read(&file).unwrap());
            names.push(name);
        }
    }
    // Each folder belongs to a target, so that no finding is skipped.
    for folder in std::fs::read_dir(folder("fuzz/regressions")).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(
            BODIES.iter().any(|(known, _)| *known == name) || name == "README.md",
            "{name} is not a target"
        );
    }
}

#[test]
fn corpus_lines_pass() {
    for file in std::fs::read_dir(folder("tests/corpus")).unwrap() {
        for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines().step_by(3) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            let text =
                ["text", "filter"].iter().find_map(|name| value[*name].as_str()).unwrap_or(line);
            bodies::parse(text.as_bytes());
            bodies::roundtrip(text.as_bytes());
            bodies::cursor(text.as_bytes());
        }
    }
}

#[test]
fn random_bytes_pass() {
    // SplitMix64.
    let mut state = 0_u64;
    let mut random = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    };
    for (name, body) in BODIES {
        for _ in 0..300 {
            let words = random() % 64;
            let bytes: Vec<u8> = (0..words).flat_map(|_| random().to_le_bytes()).collect();
            let done = std::panic::catch_unwind(|| body(&bytes));
            assert!(done.is_ok(), "{name}: {bytes:?}");
        }
    }
}
