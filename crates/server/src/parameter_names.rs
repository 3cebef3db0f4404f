//! Names of parameters that resemble known ones.
//!
//! Unknown parameters are ignored, because clients send parameters of other API versions. If the
//! caller of `?Filter=...` or `?filters=...` was ignored too, the response would contain every user
//! instead of the few that the caller asked for, so names that differ in case, number or
//! punctuation only are rejected.

use super::problem::{Problem, quoted};

/// Returns the known name that `name` resembles but does not equal.
fn resembled<'k>(name: &str, mut known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let essence = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let found = essence(name);
    let plural = |one: &str, many: &str| {
        many.strip_prefix(one).is_some_and(|ending| matches!(ending, "s" | "es"))
    };
    known.find(|known| {
        let known = essence(known);
        found == known || plural(&known, &found) || plural(&found, &known)
    })
}

/// Rejects names that resemble a known one. `problem` creates the error for a name.
pub(super) fn reject_resembling<'n, 'k>(
    names: impl Iterator<Item = &'n str>,
    known: impl Iterator<Item = &'k str> + Clone,
    problem: impl Fn(&str, String) -> Problem,
) -> Result<(), Problem> {
    for name in names {
        if !known.clone().any(|known| known == name)
            && let Some(meant) = resembled(name, known.clone())
        {
            let detail = format!("{} is unknown: did you mean `{meant}`?", quoted(name));
            return Err(problem(name, detail));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::resembled;

    #[test]
    fn names_that_differ_in_case_number_or_punctuation_resemble() {
        let known = ["filter", "fields", "status", "totalResults", "startingAfter"];
        for (name, meant) in [
            ("Filter", "filter"),
            ("FILTERS", "filter"),
            ("filter[]", "filter"),
            ("$filter", "filter"),
            (" filter", "filter"),
            ("field", "fields"),
            ("statuses", "status"),
            ("total_results", "totalResults"),
            ("starting-after", "startingAfter"),
        ] {
            assert_eq!(resembled(name, known.into_iter()), Some(meant), "{name}");
        }
        for name in ["", "filtered", "q", "state", "after", "xfilter"] {
            assert_eq!(resembled(name, known.into_iter()), None, "{name}");
        }
    }
}
