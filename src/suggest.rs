//! Suggestions for misspelt names and for operators of other languages.

use crate::operator::Operator;

/// Longest word to compute suggestions for, in bytes; bounds the cost of each comparison.
const MAX_WORD: usize = 100;

/// Returns the candidate with the smallest edit distance to `word`, ignoring ASCII case.
///
/// The distance counts inserted, removed and replaced characters and swaps of neighbours (optimal
/// string alignment). Returns `None` if it exceeds a third of the characters of `word` for every
/// candidate.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > MAX_WORD {
        return None;
    }
    let length = word.chars().count();
    let max_distance = (length / 3).max(1);
    let word = word.to_ascii_lowercase();
    candidates
        // The distance is at least the difference of the lengths.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= max_distance)
        .map(|candidate| (strsim::osa_distance(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= max_distance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Values of `type` that providers use (RFC 7643 section 8.7.1).
const ELEMENT_TYPES: &[&str] =
    &["work", "home", "other", "mobile", "fax", "pager", "photo", "thumbnail"];

/// Returns the usual spelling of a value of `type`.
pub(crate) fn element_type(name: &str) -> Option<&'static str> {
    ELEMENT_TYPES.iter().copied().find(|known| known.eq_ignore_ascii_case(name))
}

/// Returns a help text for a word used as an operator: the operator of the same meaning if the
/// word is one of another language, otherwise the nearest operator.
pub(crate) fn operator(word: &str) -> Option<String> {
    let operator = match word.to_ascii_lowercase().as_str() {
        "=" | "==" | "===" | "is" | "equals" | "equal" | "eql" => "eq",
        // In SQL it is not.
        "!=" | "<>" | "neq" => {
            return Some("did you mean `ne`? it is also true if there is no value".into());
        }
        "not" => "ne",
        "like" | "contains" | "ilike" | "has" | "includes" | "~" => "co",
        "startswith" | "starts" | "beginswith" | "prefix" => "sw",
        "endswith" | "ends" | "suffix" => "ew",
        ">" | "after" => "gt",
        ">=" | "gte" => "ge",
        "<" | "before" => "lt",
        "<=" | "lte" => "le",
        "exists" | "present" | "isnotnull" => "pr",
        "in" => return Some("compare with one value at a time: `a eq \"x\" or a eq \"y\"`".into()),
        other => nearest(other, Operator::ALL.into_iter().map(Operator::name))?,
    };
    Some(format!("did you mean `{operator}`?"))
}

#[cfg(test)]
mod tests {
    use super::{nearest, operator};

    #[test]
    fn suggests_the_nearest_name() {
        let names = ["id", "name", "email", "status"];
        for (word, expected) in [
            ("Nmae", Some("name")),
            ("e-mail", Some("email")),
            ("eamil", Some("email")),
            ("statsu", Some("status")),
            ("stat", None),
            ("shoeSize", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names.into_iter()), expected, "{word}");
        }
        let long = "n".repeat(101);
        assert_eq!(nearest(&long, [long.as_str()].into_iter()), None);
    }

    #[test]
    fn suggests_the_operator_of_the_same_meaning() {
        for (word, expected) in [
            ("LIKE", Some("did you mean `co`?")),
            ("eqq", Some("did you mean `eq`?")),
            ("<>", Some("did you mean `ne`? it is also true if there is no value")),
            ("xyz", None),
        ] {
            assert_eq!(operator(word).as_deref(), expected, "{word}");
        }
    }
}
