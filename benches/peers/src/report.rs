//! The results as Markdown tables, and the reverse.

use crate::corpus;
use crate::measure::{Comparison, Goal, OURS};

/// The figures of a comparison, in nanoseconds.
pub(crate) struct Outcome {
    pub(crate) group: String,
    pub(crate) item: String,
    pub(crate) figures: Vec<(String, f64)>,
    pub(crate) goals: Vec<Goal>,
}

impl Outcome {
    pub(crate) fn of(comparison: &mut Comparison) -> Self {
        let times = comparison.measure();
        let names = comparison.competitors.iter().map(|competitor| competitor.name);
        let figures = comparison.measured.iter().copied().chain(names.zip(times));
        Self {
            group: comparison.group.to_owned(),
            item: comparison.item.clone(),
            figures: figures.map(|(name, figure)| (name.to_owned(), figure)).collect(),
            goals: comparison.goals.clone(),
        }
    }

    pub(crate) fn figure(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|(other, _)| other == name).map(|(_, figure)| *figure)
    }

    pub(crate) fn ours(&self) -> f64 {
        self.figure(OURS).unwrap_or(f64::NAN)
    }

    /// Returns each goal and whether it was met, without goals relative to an absent competitor.
    pub(crate) fn verdicts(&self) -> Vec<(String, bool)> {
        let ours = self.ours();
        let verdict = |goal: &Goal| match *goal {
            Goal::Faster(times, name) => {
                let ratio = self.figure(name)? / ours;
                Some((format!("{ratio:.1}x faster than {name} (at least {times})"), ratio >= times))
            }
            Goal::AtMost(times, name) => {
                let ratio = ours / self.figure(name)?;
                Some((format!("{ratio:.2} of {name} (at most {times})"), ratio <= times))
            }
            Goal::Within(most) => {
                Some((format!("{} (at most {})", time(ours), time(most)), ours <= most))
            }
        };
        self.goals.iter().filter_map(verdict).collect()
    }
}

/// The content of `RESULTS.md`: the conditions, the tables of times, the instruction counts.
pub(crate) fn results(outcomes: &[Outcome], instructions: &str) -> String {
    let verdicts: Vec<bool> =
        outcomes.iter().flat_map(Outcome::verdicts).map(|(_, met)| met).collect();
    let met = verdicts.iter().filter(|met| **met).count();
    format!(
        "# Results\n\n\
        Written by `cargo bench --manifest-path benches/peers/Cargo.toml` on {machine}; {versions}.\n\n\
        Each figure is the median of one run with interleaved rounds. Ratios are comparable between \
        machines, times are not. `(2.0x)` means that the competitor takes twice the time of scieve. \
        {met} of {goals} goals are met.\n\n\
        {legend}{tables}\n\
        ## Instructions\n\n\
        Instruction counts of `scripts/instructions`, the reference for later changes.\n{instructions}",
        machine = date_and_machine(),
        versions = versions(),
        goals = verdicts.len(),
        legend = legend(),
        tables = markdown(outcomes),
    )
}

/// The date, the processor and the compiler.
pub(crate) fn date_and_machine() -> String {
    let output = |program: &str, arguments: &[&str]| {
        let output = std::process::Command::new(program).args(arguments).output();
        output.map_or_else(
            |_| "unknown".to_owned(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or("")
        .trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let date = output("date", &["-u", "+%Y-%m-%d"]);
    let rustc = output("rustc", &["--version"]);
    format!("{date}: {model}, {cores} cores; {rustc}")
}

/// The filters and the hand-written baselines.
fn legend() -> String {
    let filters = corpus::DESCRIPTIONS
        .map(|(name, description)| format!("| {name} | {description} |\n"))
        .concat();
    format!(
        "| filter | content (see `benches/corpus/mod.rs`) |\n|---|---|\n{filters}\n\
        | baseline | meaning |\n|---|---|\n\
        | bare lexer | finds the tokens and builds nothing |\n\
        | compact parser | builds one list of nodes that borrow from the input; written for this comparison |\n\
        | parsing it | parsing the same filter with scieve |\n\
        | copying the plan | cloning and dropping the finished plan |\n\
        | hand-written | the rules of the users API as code, for ASCII only |\n\
        | closure | each filter as a hand-written closure, ASCII case folded on the fly |\n\
        | naive walk | walks the syntax tree for each record |\n"
    )
}

/// The versions of the competitors.
fn versions() -> String {
    const PEERS: [&str; 7] = [
        "cel",
        "rusqlite",
        "scim-filter",
        "scim_proto",
        "scim_v2",
        "sea-query",
        "wirefilter-engine",
    ];
    PEERS.map(version).join(", ")
}

/// The name and version of a competitor.
pub(crate) fn version(name: &str) -> String {
    let mut lock = include_str!("../Cargo.lock").lines();
    let found = lock.find(|line| *line == format!("name = \"{name}\"")).and(lock.next());
    let version = found.unwrap_or_default().trim_start_matches("version = ").trim_matches('"');
    format!("{name} {version}")
}

const HEADING: &str = "| item | scieve | others | goals |";

/// One table per group.
pub(crate) fn markdown(outcomes: &[Outcome]) -> String {
    let mut markdown = String::new();
    let mut group = "";
    for outcome in outcomes {
        if outcome.group != group {
            group = &outcome.group;
            markdown += &format!("\n### {group}\n\n{HEADING}\n|---|---|---|---|\n");
        }
        let others = outcome.figures.iter().filter(|(name, _)| name != OURS);
        let others: Vec<String> = others
            .map(|(name, figure)| {
                format!("{name} {} ({:.2}x)", time(*figure), figure / outcome.ours())
            })
            .collect();
        let verdicts = outcome.verdicts();
        let goals: Vec<String> = verdicts
            .into_iter()
            .map(|(goal, met)| format!("{}: {goal}", if met { "met" } else { "**missed**" }))
            .collect();
        let row = [outcome.item.clone(), time(outcome.ours()), others.join("; "), goals.join("; ")];
        markdown += &format!("| {} |\n", row.join(" | "));
    }
    markdown
}

/// Parses the tables of [`markdown`], without the goals.
pub(crate) fn parse(markdown: &str) -> Vec<Outcome> {
    let (mut outcomes, mut group, mut in_table) = (Vec::new(), "", false);
    for line in markdown.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            group = title;
        }
        in_table = line == HEADING || in_table && line.starts_with('|');
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if let [item, ours, others, _] = cells[..]
            && in_table
            && let Some(ours) = nanoseconds(ours)
        {
            let other = |figure: &str| {
                let (figure, _ratio) = figure.rsplit_once(" (")?;
                let (rest, unit) = figure.rsplit_once(' ')?;
                let (name, number) = rest.rsplit_once(' ')?;
                Some((name.to_owned(), nanoseconds(&format!("{number} {unit}"))?))
            };
            outcomes.push(Outcome {
                group: group.to_owned(),
                item: item.to_owned(),
                figures: std::iter::once((OURS.to_owned(), ours))
                    .chain(others.split("; ").filter_map(other))
                    .collect(),
                goals: Vec::new(),
            });
        }
    }
    outcomes
}

/// Formats nanoseconds in a suitable unit.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 100.0 => format!("{n:.2} ns"),
        n if n < 1e4 => format!("{n:.0} ns"),
        n if n < 1e7 => format!("{:.1} us", n / 1e3),
        n => format!("{:.1} ms", n / 1e6),
    }
}

/// Parses the output of [`time`].
fn nanoseconds(time: &str) -> Option<f64> {
    let (number, unit) = time.split_once(' ')?;
    let factor = match unit {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

/// Formats a number with thousands separators.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut formatted = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            formatted.push(',');
        }
        formatted.push(digit);
    }
    formatted
}
