//! Compares scieve with other crates, with SQLite, and with hand-written baselines for each stage.
//!
//! `cargo bench --manifest-path benches/peers/Cargo.toml` runs everything and writes
//! `benches/RESULTS.md` and `benches/results.svg`. Options after `--`:
//!
//! - `--only GROUP` measures one group of `GROUPS` and writes nothing.
//! - `--only filter-sets` compares sets of filters and writes `benches/FILTER_SETS.md`. It takes
//!   some minutes and is no part of a whole run. `SCIEVE_MIX` measures one mix, `SCIEVE_FILTERS` one
//!   number of filters (1000, 100000 or 1000000); either prints the report and writes nothing.
//! - `--only decisions` prints percentiles of the time of decisions.
//! - `--plot` measures nothing and draws `results.svg` from the figures in `RESULTS.md`.
//! - `--count` runs each competitor once under callgrind; used by `scripts/instructions`.
//!
//! `SCIEVE_USERS` is the number of users in the store (default 1,000,000).

mod baselines;
#[path = "../../corpus/mod.rs"]
mod corpus;
mod decisions;
mod evaluate;
mod filter_sets;
mod measure;
mod own_tables;
mod parse;
mod plot;
mod records;
mod report;
mod sql;
mod store;
mod translate;

use measure::Comparison;
use report::Outcome;

/// The folder of `RESULTS.md` and `results.svg`.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let only = arguments
        .iter()
        .position(|argument| argument == "--only")
        .and_then(|at| arguments.get(at + 1))
        .map(String::as_str);
    if has("--count") {
        return count(only);
    }
    if has("--plot") {
        let results = std::fs::read_to_string(format!("{FOLDER}/RESULTS.md")).expect("RESULTS.md");
        return plot(&report::parse(&results));
    }
    if only == Some("filter-sets") {
        let mix = std::env::var("SCIEVE_MIX").ok();
        let size = std::env::var("SCIEVE_FILTERS").ok().and_then(|size| size.parse().ok());
        let report = filter_sets::run(mix.as_deref(), size);
        match mix.is_some() || size.is_some() {
            true => println!("{report}"),
            false => std::fs::write(format!("{FOLDER}/FILTER_SETS.md"), report).expect("report"),
        }
        return;
    }
    if only == Some("decisions") {
        return print!("{}", decisions::run());
    }
    let mut outcomes = Vec::new();
    for mut comparison in groups(only).flat_map(|group| group()) {
        eprintln!("{}: {}", comparison.group, comparison.item);
        outcomes.push(Outcome::of(&mut comparison));
    }
    println!("{}", report::markdown(&outcomes));
    if only.is_none() {
        write(&outcomes);
    }
}

/// Writes the report and the plot of a whole run.
fn write(outcomes: &[Outcome]) {
    let counted = std::process::Command::new(format!("{FOLDER}/../scripts/instructions")).output();
    let instructions = match &counted {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout),
        _ => "\nNot counted: valgrind is not installed.\n".into(),
    };
    std::fs::write(format!("{FOLDER}/RESULTS.md"), report::results(outcomes, &instructions))
        .expect("RESULTS.md");
    plot(outcomes);
}

fn plot(outcomes: &[Outcome]) {
    let groups =
        ["parse", "match a user, per user", "match a JSON record, per record", "in-memory store"];
    std::fs::write(format!("{FOLDER}/results.svg"), plot::svg(outcomes, &groups))
        .expect("results.svg");
}

/// The groups in the order of the report. Building a group may take time and memory.
const GROUPS: [(&str, fn() -> Vec<Comparison>); 10] = [
    ("parse", parse::parsing),
    ("check", parse::checking),
    ("hostile", parse::hostile),
    ("sql", sql::comparisons),
    ("own-tables", own_tables::comparisons),
    ("matches", evaluate::users),
    ("many", evaluate::many_users),
    ("records", records::comparisons),
    ("json", evaluate::json),
    ("store", store::comparisons),
];

/// Groups that are too large for callgrind or give no additional information there.
const NOT_COUNTED: [&str; 3] = ["hostile", "many", "store"];

fn groups(only: Option<&str>) -> impl Iterator<Item = fn() -> Vec<Comparison>> {
    GROUPS
        .into_iter()
        .filter(move |(name, _)| only.is_none_or(|only| *name == only))
        .map(|(_, group)| group)
}

/// Runs each competitor once inside the function that callgrind watches, and prints the order.
fn count(only: Option<&str>) {
    let counted = GROUPS
        .map(|(name, _)| name)
        .into_iter()
        .filter(|name| !NOT_COUNTED.contains(name) && only.is_none_or(|only| only == *name));
    for mut comparison in counted.flat_map(|name| groups(Some(name))).flat_map(|group| group()) {
        for competitor in &mut comparison.competitors {
            competitor.count();
            println!(
                "{}\t{}\t{}\t{}",
                comparison.group, comparison.item, competitor.name, competitor.units
            );
        }
    }
}
