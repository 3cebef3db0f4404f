//! Did you mean.

/// The candidate nearest to `word`, where one is near enough to be meant: a third of the letters may differ.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    // Nobody misspells a name this long, and the cost stays small whatever was sent.
    if word.len() > 100 {
        return None;
    }
    let letters = word.chars().count();
    let allowed = (letters / 3).max(1);
    let word = word.to_ascii_lowercase();
    // Each letter that one has more than the other is an edit.
    let near =
        candidates.filter(|candidate| candidate.chars().count().abs_diff(letters) <= allowed);
    let with_distance =
        near.map(|candidate| (apart(&word, &candidate.to_ascii_lowercase()), candidate));
    with_distance
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The distance, without the beginning that both have in common.
fn apart(from: &str, to: &str) -> usize {
    let common = from
        .chars()
        .zip(to.chars())
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one.len_utf8())
        .sum();
    match (from.get(common..), to.get(common..)) {
        (Some(from), Some(to)) => distance(from, to),
        _ => distance(from, to),
    }
}

/// The least number of letters to insert, remove, replace or swap with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut previous = None;
    for (line, char) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        for (column, other) in to.iter().enumerate() {
            let get =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let replace = get(&row, column) + usize::from(char != *other);
            let mut best = replace.min(get(&row, column + 1) + 1).min(get(&next, column) + 1);
            if column > 0 && previous == Some(*other) && to.get(column - 1) == Some(&char) {
                best = best.min(get(&before, column - 1) + 1);
            }
            next.push(best);
        }
        previous = Some(char);
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

/// What to write in place of a word that other languages have for an operator.
pub(crate) fn operator(word: &str) -> Option<String> {
    let right = match word.to_ascii_lowercase().as_str() {
        "=" | "==" | "===" | "is" | "equals" | "equal" | "eql" => "eq",
        "!=" | "<>" | "neq" | "not" => "ne",
        "like" | "contains" | "ilike" | "has" | "includes" | "~" => "co",
        "startswith" | "starts" | "beginswith" | "prefix" => "sw",
        "endswith" | "ends" | "suffix" => "ew",
        ">" | "after" => "gt",
        ">=" | "gte" => "ge",
        "<" | "before" => "lt",
        "<=" | "lte" => "le",
        "exists" | "present" | "isnotnull" => "pr",
        "in" => return Some("compare with one value at a time: `a eq \"x\" or a eq \"y\"`".into()),
        other => nearest(
            other,
            crate::operator::Operator::ALL.into_iter().map(crate::operator::Operator::name),
        )?,
    };
    Some(format!("did you mean `{right}`?"))
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn counts_the_edits() {
        for (from, to, edits) in [
            ("", "", 0),
            ("", "ab", 2),
            ("name", "name", 0),
            ("nmae", "name", 1),
            ("eamil", "email", 1),
            ("stat", "status", 2),
        ] {
            assert_eq!((distance(from, to), distance(to, from)), (edits, edits), "{from} {to}");
        }
    }

    #[test]
    fn finds_what_is_near_and_nothing_else() {
        let names = ["id", "name", "email", "status"];
        assert_eq!(nearest("Nmae", names.into_iter()), Some("name"));
        assert_eq!(nearest("e-mail", names.into_iter()), Some("email"));
        assert_eq!(nearest("shoeSize", names.into_iter()), None);
    }
}
