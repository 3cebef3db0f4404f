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
        let figures = contest.entrants.iter().map(|entrant| entrant.who).zip(measured).collect();
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
