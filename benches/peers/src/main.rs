//! scieve beside its peers and beside the least that each stage could take; `cargo bench --manifest-path benches/peers/Cargo.toml`.
//!
//! `--only parse` measures that group alone (see `GROUPS`). `scripts/instructions` runs the same under callgrind, with `--count`.

#[path = "../../corpus/mod.rs"]
mod corpus;
mod evaluate;
mod floors;
mod measure;
mod parse;
mod report;
mod sql;
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
}

/// What is measured, in the order of the report. Making a group ready takes time and memory of its own.
const GROUPS: [(&str, fn() -> Vec<Contest>); 7] = [
    ("parse", parse::reading),
    ("check", parse::checking),
    ("hostile", parse::hostile),
    ("sql", sql::contests),
    ("matches", evaluate::users),
    ("many", evaluate::many_users),
    ("json", evaluate::json),
];

/// Too large for callgrind, or of no interest to it.
const NOT_COUNTED: [&str; 2] = ["hostile", "many"];

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
