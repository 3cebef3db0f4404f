//! scieve beside its peers and beside the least that each stage could take; `cargo bench --manifest-path benches/peers/Cargo.toml`.
//!
//! `--only parse` measures that group alone (see `GROUPS`). `scripts/instructions` runs the same under callgrind, with `--count`.
//! A whole run writes `benches/RESULTS.md` and `benches/results.svg`. `SCIEVE_USERS` says how many users the store has: 1,000,000 where it says
//! nothing.

#[path = "../../corpus/mod.rs"]
mod corpus;
mod evaluate;
mod floors;
mod measure;
mod parse;
mod plot;
mod report;
mod sql;
mod store;
mod translate;

use measure::Contest;
use report::Outcome;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
    let only = after("--only").map(String::as_str);
    if arguments.iter().any(|argument| argument == "--count") {
        return count(only);
    }
    let mut outcomes = Vec::new();
    for mut contest in groups(only).flat_map(|group| group()) {
        eprintln!("{}: {}", contest.group, contest.item);
        outcomes.push(Outcome::of(&mut contest));
    }
    println!("{}", report::markdown(&outcomes));
    if only.is_none() {
        write(&outcomes);
    }
}

/// What is shown and what is kept of a whole run.
fn write(outcomes: &[Outcome]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let counted = std::process::Command::new(format!("{folder}/../scripts/instructions")).output();
    let instructions = match &counted {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout),
        _ => "\nNot counted: valgrind is not installed.\n".into(),
    };
    std::fs::write(format!("{folder}/RESULTS.md"), report::results(outcomes, &instructions)).expect("RESULTS.md");
    let shown = ["parse", "matches, a user", "matches, a JSON record", "store in memory"];
    std::fs::write(format!("{folder}/results.svg"), plot::svg(outcomes, &shown)).expect("results.svg");
}

/// What is measured, in the order of the report. Making a group ready takes time and memory of its own.
const GROUPS: [(&str, fn() -> Vec<Contest>); 8] = [
    ("parse", parse::reading),
    ("check", parse::checking),
    ("hostile", parse::hostile),
    ("sql", sql::contests),
    ("matches", evaluate::users),
    ("many", evaluate::many_users),
    ("json", evaluate::json),
    ("store", store::contests),
];

/// Too large for callgrind, or of no interest to it.
const NOT_COUNTED: [&str; 3] = ["hostile", "many", "store"];

fn groups(only: Option<&str>) -> impl Iterator<Item = fn() -> Vec<Contest>> {
    GROUPS.into_iter().filter(move |(name, _)| only.is_none_or(|only| *name == only)).map(|(_, group)| group)
}

/// Runs everyone once inside the function that callgrind watches, and says in which order.
fn count(only: Option<&str>) {
    let counted =
        GROUPS.map(|(name, _)| name).into_iter().filter(|name| !NOT_COUNTED.contains(name) && only.is_none_or(|only| only == *name));
    for mut contest in counted.flat_map(|name| groups(Some(name))).flat_map(|group| group()) {
        for entrant in &mut contest.entrants {
            entrant.count();
            println!("{}\t{}\t{}\t{}", contest.group, contest.item, entrant.who, entrant.units);
        }
    }
}
