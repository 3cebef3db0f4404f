//! What was measured, as a table.

use crate::measure::{Contest, Goal, OURS};

/// A contest with its figures.
pub(crate) struct Outcome {
    pub(crate) group: &'static str,
    pub(crate) item: String,
    pub(crate) figures: Vec<(&'static str, f64)>,
    pub(crate) goals: Vec<Goal>,
}

impl Outcome {
    pub(crate) fn of(contest: &mut Contest) -> Self {
        let measured = contest.measure();
        let known = contest.known.iter().copied();
        let figures = known.chain(contest.entrants.iter().map(|entrant| entrant.who).zip(measured)).collect();
        Self { group: contest.group, item: contest.item.clone(), figures, goals: contest.goals.clone() }
    }

    pub(crate) fn figure(&self, who: &str) -> Option<f64> {
        self.figures.iter().find(|(known, _)| *known == who).map(|(_, figure)| *figure)
    }

    pub(crate) fn ours(&self) -> f64 {
        self.figure(OURS).unwrap_or(f64::NAN)
    }

    /// Each goal with whether it was met; those that name somebody who did not take part are left out.
    pub(crate) fn verdicts(&self) -> Vec<(String, bool)> {
        let ours = self.ours();
        let verdict = |goal: &Goal| match *goal {
            Goal::Faster(times, who) => {
                let ratio = self.figure(who)? / ours;
                Some((format!("{ratio:.1}x faster than {who} (at least {times})"), ratio >= times))
            }
            Goal::AtMost(times, who) => {
                let ratio = ours / self.figure(who)?;
                Some((format!("{ratio:.2} of {who} (at most {times})"), ratio <= times))
            }
            Goal::Within(most) => Some((format!("{} (at most {})", time(ours), time(most)), ours <= most)),
        };
        self.goals.iter().filter_map(verdict).collect()
    }
}

/// Where the figures come from, then the tables, then what callgrind counts.
pub(crate) fn results(outcomes: &[Outcome], instructions: &str) -> String {
    let told = |program: &str, arguments: &[&str]| {
        let output = std::process::Command::new(program).args(arguments).output();
        output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("").trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let verdicts: Vec<bool> = outcomes.iter().flat_map(Outcome::verdicts).map(|(_, met)| met).collect();
    let met = verdicts.iter().filter(|met| **met).count();
    format!(
        "# Beside its peers\n\nWritten by `cargo bench --manifest-path benches/peers/Cargo.toml` on {}: {model}, {cores} cores; {}; {}.\n\n\
        Medians of one run in which everyone takes turns, so ratios hold where times do not. `(2.0x)` is what the other takes with scieve as 1. \
        Of {} goals {met} are met.\n\n\
        bare lexer: the words and no more. compact parser: one list of nodes over the text, written for this comparison. closure: each filter by hand, \
        ASCII folded on the fly. naive walk: the tree as written, walked for each record. \
        by hand: the rules of the users API as code, for ASCII alone.\n{}\n\
        ## Instructions\n\nAs `scripts/instructions` counts them: what later changes are compared with.\n{instructions}",
        told("date", &["-u", "+%Y-%m-%d"]),
        told("rustc", &["--version"]),
        versions(),
        verdicts.len(),
        markdown(outcomes),
    )
}

/// The versions of those who are compared.
fn versions() -> String {
    const PEERS: [&str; 7] = ["cel", "rusqlite", "scim-filter", "scim_proto", "scim_v2", "sea-query", "wirefilter-engine"];
    let lock: Vec<&str> = include_str!("../Cargo.lock").lines().collect();
    let version = |name: &str| {
        let at = lock.iter().position(|line| *line == format!("name = \"{name}\""))?;
        Some(format!("{name} {}", lock.get(at + 1)?.trim_start_matches("version = ").trim_matches('"')))
    };
    PEERS.into_iter().filter_map(version).collect::<Vec<_>>().join(", ")
}

/// The tables, one a group.
pub(crate) fn markdown(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let mut group = "";
    for outcome in outcomes {
        if outcome.group != group {
            group = outcome.group;
            text += &format!("\n### {group}\n\n| item | scieve | others | goals |\n|---|---|---|---|\n");
        }
        let others = outcome.figures.iter().filter(|(who, _)| *who != OURS);
        let others: Vec<String> =
            others.map(|(who, figure)| format!("{who} {} ({:.2}x)", time(*figure), figure / outcome.ours())).collect();
        let verdicts = outcome.verdicts();
        let goals: Vec<String> =
            verdicts.into_iter().map(|(text, met)| format!("{}: {text}", if met { "met" } else { "**missed**" })).collect();
        let row = [outcome.item.clone(), time(outcome.ours()), others.join("; "), goals.join("; ")];
        text += &format!("| {} |\n", row.join(" | "));
    }
    text
}

/// Nanoseconds in a unit that reads well.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 100.0 => format!("{n:.2} ns"),
        n if n < 1e4 => format!("{n:.0} ns"),
        n if n < 1e7 => format!("{:.1} us", n / 1e3),
        n => format!("{:.1} ms", n / 1e6),
    }
}

/// A number with commas.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
