//! Words and signs of other languages, with their counterparts.

use crate::diagnostic::Safety;
use crate::operator::Operator;

/// The counterpart of an operator of another language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An operator.
    Is(Operator),
    /// The negation of the clause with the operator.
    Not(Operator),
    /// Equal to one value of a list; negated if true.
    In {
        negated: bool,
    },
    /// Between two values; negated if true.
    Between {
        negated: bool,
    },
    /// SQL's `LIKE`, with wildcards in the value; negated if true.
    Like {
        negated: bool,
    },
    /// No value (`is null`), or a value.
    Null,
    NotNull,
}

use Meaning::{Between, In, Is, Like, Not, NotNull, Null};
use Operator::{Co, Eq, Ew, Ge, Gt, Le, Lt, Ne, Pr, Sw};

/// Operators of several words, longer ones first.
const PHRASES: &[(&str, Meaning)] = &[
    ("is greater than or equal to", Is(Ge)),
    ("is less than or equal to", Is(Le)),
    ("greater than or equal to", Is(Ge)),
    ("less than or equal to", Is(Le)),
    ("greater than or equal", Is(Ge)),
    ("less than or equal", Is(Le)),
    ("does not start with", Not(Sw)),
    ("does not end with", Not(Ew)),
    ("does not contain", Not(Co)),
    ("is not equal to", Is(Ne)),
    ("is greater than", Is(Gt)),
    ("is less than", Is(Lt)),
    ("is not empty", NotNull),
    ("is not null", NotNull),
    ("not equal to", Is(Ne)),
    ("is equal to", Is(Eq)),
    ("not between", Between { negated: true }),
    ("greater than", Is(Gt)),
    ("not contains", Not(Co)),
    ("not equals", Is(Ne)),
    ("not equal", Is(Ne)),
    ("not exists", Null),
    ("not empty", NotNull),
    ("less than", Is(Lt)),
    ("starts with", Is(Sw)),
    ("begins with", Is(Sw)),
    ("start with", Is(Sw)),
    ("ends with", Is(Ew)),
    ("end with", Is(Ew)),
    ("not like", Like { negated: true }),
    ("not null", NotNull),
    ("equal to", Is(Eq)),
    ("is empty", Null),
    ("is not", Is(Ne)),
    ("is null", Null),
    ("not in", In { negated: true }),
    ("not pr", Null),
    ("not co", Not(Co)),
    ("not sw", Not(Sw)),
    ("not ew", Not(Ew)),
    ("not eq", Not(Eq)),
    ("not ne", Not(Ne)),
    ("not gt", Not(Gt)),
    ("not ge", Not(Ge)),
    ("not lt", Not(Lt)),
    ("not le", Not(Le)),
    ("is", Is(Eq)),
    ("in", In { negated: false }),
    ("between", Between { negated: false }),
    ("like", Like { negated: false }),
    ("ilike", Like { negated: false }),
    ("exists", Is(Pr)),
    ("present", Is(Pr)),
    ("isnull", Null),
    ("isnotnull", NotNull),
    ("notnull", NotNull),
];

/// Returns the meaning of the operator at the start of `words`, and its number of words.
pub(super) fn phrase(words: &[&str]) -> Option<(Meaning, usize)> {
    PHRASES.iter().find_map(|(phrase, meaning)| {
        let expected: Vec<&str> = phrase.split(' ').collect();
        let matches = expected.len() <= words.len()
            && expected.iter().zip(words).all(|(one, other)| one.eq_ignore_ascii_case(other));
        matches.then_some((*meaning, expected.len()))
    })
}

/// Returns the operator that a word or sign of another language stands for, and how certain that
/// is.
pub(super) fn operator(word: &str) -> Option<(Operator, Safety)> {
    let plain: String =
        word.chars().filter(|char| !matches!(char, '-' | '_')).collect::<String>().to_lowercase();
    let safe = |operator| Some((operator, Safety::Safe));
    match plain.as_str() {
        "=" | "==" | "===" | "equals" | "equal" | "equalto" | "eql" | "eqs" => safe(Eq),
        "!=" | "<>" | "!==" | "neq" | "notequals" | "notequal" | "noteq" | "notequalto" => {
            Some((Ne, Safety::Unsafe))
        }
        "contains" | "contain" | "includes" | "include" | "containing" | "has" | "cont"
        | "substring" | "substringof" => safe(Co),
        "startswith" | "startwith" | "starts" | "beginswith" | "begins" | "prefix"
        | "hasprefix" | "startingwith" => safe(Sw),
        "endswith" | "endwith" | "ends" | "suffix" | "hassuffix" | "endingwith" => safe(Ew),
        ">" | "greaterthan" | "greater" | "after" => safe(Gt),
        ">="
        | "=>"
        | "gte"
        | "gteq"
        | "greaterthanorequal"
        | "greaterthanorequals"
        | "greaterthanorequalto"
        | "greaterorequal" => safe(Ge),
        "<" | "lessthan" | "less" | "before" => safe(Lt),
        "<=" | "=<" | "lte" | "lteq" | "lessthanorequal" | "lessthanorequals"
        | "lessthanorequalto" | "lessorequal" => safe(Le),
        "exists" | "present" | "exist" | "isnotnull" | "notnull" | "hasvalue" => safe(Pr),
        "~" | "=~" | "~=" => Some((Co, Safety::Unsafe)),
        "^=" => Some((Sw, Safety::Unsafe)),
        _ => None,
    }
}

/// Words of other languages that are long enough to recognise a misspelling.
const LONG_WORDS: &[&str] = &[
    "equal",
    "equals",
    "contain",
    "contains",
    "includes",
    "startswith",
    "beginswith",
    "endswith",
    "greaterthan",
    "lessthan",
    "exists",
    "present",
];

/// Returns the operator that a misspelt word is nearest to.
pub(super) fn nearest_operator(word: &str) -> Option<Operator> {
    let base = word.split('_').next().unwrap_or(word);
    if let Some(operator) = strict_operator(base) {
        return Some(operator);
    }
    if !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let word = word.to_ascii_lowercase();
    if word.len() > 4 {
        let near = |known: &&&str| strsim::osa_distance(&word, known) <= 1;
        return LONG_WORDS.iter().find(near).and_then(|known| Some(operator(known)?.0));
    }
    let near = |operator: &Operator| strsim::osa_distance(&word, operator.name()) <= 1;
    // `ed` is as near to `eq` as to `ew`: a swap or a doubled letter is more certain.
    let is_swap = |operator: &&Operator| {
        let mut sorted: Vec<char> = word.chars().collect();
        let mut own: Vec<char> = operator.name().chars().collect();
        sorted.sort_unstable();
        own.sort_unstable();
        sorted.dedup();
        sorted == own
    };
    let all: Vec<Operator> = Operator::ALL.into_iter().filter(near).collect();
    all.iter()
        .find(is_swap)
        .or(match all.as_slice() {
            [only] => Some(only),
            [Eq, ..] => Some(&Eq),
            _ => None,
        })
        .copied()
}

pub(super) fn strict_operator(word: &str) -> Option<Operator> {
    Operator::ALL.into_iter().find(|operator| operator.name().eq_ignore_ascii_case(word))
}

/// Returns whether a word is an operator here or in another language.
pub(super) fn is_operator(word: &str) -> bool {
    strict_operator(word).is_some() || operator(word).is_some() || phrase(&[word]).is_some()
}

/// Functions of other languages, besides the operators that are written as one.
pub(super) fn function(name: &str) -> Option<Operator> {
    match name.to_ascii_lowercase().as_str() {
        "isnull" | "empty" | "isempty" => None,
        "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le" | "pr" => {
            strict_operator(name)
        }
        "icontains" | "indexof" => Some(Co),
        "any" | "has_value" | "ispresent" => Some(Pr),
        other => operator(other).map(|(operator, _)| operator),
    }
}

/// Returns the connective that a word between two clauses means.
pub(super) fn misspelt_connective(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "et" | "plus" | "andalso" => Some("and"),
        "ro" | "oor" | "orr" | "oder" | "ou" | "orelse" => Some("or"),
        word if word.len() > 1 && strsim::osa_distance(word, "and") <= 1 => Some("and"),
        _ => None,
    }
}

/// Returns whether a word before a group means `not`.
pub(super) fn is_misspelt_not(word: &str) -> bool {
    let words = ["nto", "ont", "nott", "noot", "nnot", "no", "non"];
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

pub(super) fn is_case_mapping(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "tolower" | "toupper" | "lower" | "upper" | "trim" | "lcase" | "ucase")
}

/// Returns whether a function converts its argument to a value that is compared alike.
pub(super) fn is_conversion(name: &str) -> bool {
    let others = ["date", "datetime", "todate", "todatetime", "timestamp", "string", "str"];
    is_case_mapping(name) || others.iter().any(|other| other.eq_ignore_ascii_case(name))
}

pub(super) fn is_function(name: &str) -> bool {
    function(name).is_some()
        || is_case_mapping(name)
        || matches!(name.to_ascii_lowercase().as_str(), "isnull" | "isempty" | "empty")
}

/// Returns the text with Latin letters instead of those of other scripts that look like them.
/// Returns `None` if other characters remain that are not ASCII.
pub(super) fn without_look_alikes(text: &str) -> Option<String> {
    text.chars().map(|char| if char.is_ascii() { Some(char) } else { latin(char) }).collect()
}

/// Returns the ASCII character that looks like `char`.
pub(super) fn latin(char: char) -> Option<char> {
    const LOOK_ALIKES: &[(&str, &str)] = &[
        ("авеорсухкмнтігјѕԁһѵҽԛԝ", "abeopcyxkmhtirjsdhveqw"),
        ("АВЕКМНОРСТХУІЈЅԌ", "ABEKMHOPCTXYIJSG"),
        ("οανρικυτχε", "oavpikutxe"),
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
        ("ıɑɡ", "iag"),
    ];
    if ('\u{ff01}'..='\u{ff5e}').contains(&char) {
        return char::from_u32(u32::from(char) - 0xfee0);
    }
    LOOK_ALIKES.iter().find_map(|(others, latin)| {
        let position = others.chars().position(|other| other == char)?;
        latin.chars().nth(position)
    })
}

/// Returns the operator for a pattern with `%` or `*` at its ends, and the part between them.
/// Returns `None` if there is a wildcard in the middle.
pub(super) fn pattern(text: &str) -> Option<(Operator, &str)> {
    const WILDCARDS: [char; 2] = ['%', '*'];
    let part = text.trim_matches(WILDCARDS);
    if part.contains(WILDCARDS) {
        return None;
    }
    Some((
        match (text.starts_with(WILDCARDS), text.ends_with(WILDCARDS)) {
            (true, true) => Co,
            (true, false) => Ew,
            (false, true) => Sw,
            (false, false) => Eq,
        },
        part,
    ))
}

/// Returns the operator and value of an unquoted value of Lucene or LDAP.
pub(super) fn lucene_value(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    if word == "*" {
        return "pr".into();
    }
    if matches!(lower.as_str(), "true" | "false") {
        return format!("eq {lower}");
    }
    match pattern(word) {
        Some((operator, part)) if !part.is_empty() => {
            format!("{operator} {}", super::value::json(part))
        }
        _ => format!("eq {}", super::value::json(word)),
    }
}
