//! Fold keys, comparisons and substring searches.

use caseless::Caseless;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use crate::value::fold::{folds_to_ascii, is_in_non_ascii_fold};
use crate::value::{
    CaseSensitivity, EqualityPrefilter, FOLD_VERSION, Substring, compare, ends_with, equals,
    fold_key, starts_with, successor,
};

/// The definition of the fold key.
fn reference_key(text: &str) -> String {
    text.nfd().default_case_fold().nfc().collect()
}

fn scalars() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

#[test]
fn caseless_matches_have_equal_keys() {
    for group in [
        &["STRASSE", "straße", "STRAẞE", "Strasse"][..],
        &["ς", "σ", "Σ"],
        &["K", "k", "\u{212A}"],
        &["Å", "å", "\u{212B}", "a\u{30A}", "A\u{30A}"],
        &["é", "É", "e\u{301}", "E\u{301}"],
        &["ﬁ", "fi", "FI"],
        &["ǰ", "J\u{30C}", "j\u{30C}"],
        &["İ", "i\u{307}", "I\u{307}"],
        &["µ", "μ", "Μ"],
        &["ſ", "s"],
        &["ᾳ", "αι", "ΑΙ", "α\u{345}"],
        &["ᾴ", "ᾳ\u{301}", "α\u{345}\u{301}", "α\u{301}\u{345}", "ΆΙ"],
        &["ΟΔΟΣ", "οδος", "οδοσ"],
        &["\u{10400}", "\u{10428}"],
    ] {
        for a in group {
            for b in group {
                assert_eq!(fold_key(a), fold_key(b), "{a} {b}");
                assert!(equals(a, &fold_key(b), CaseSensitivity::Ignore), "{a} {b}");
                assert!(a == b || !equals(a, b, CaseSensitivity::Exact), "{a} {b}");
            }
        }
    }
}

#[test]
fn characters_that_fold_to_ascii() {
    for char in scalars() {
        let mut text = [0; 4];
        let key = fold_key(char.encode_utf8(&mut text)).into_owned();
        assert_eq!(key.bytes().any(|byte| byte.is_ascii()), folds_to_ascii(char), "{char:?}");
        assert!(
            char.is_ascii()
                || key.bytes().all(|byte| !byte.is_ascii() || is_in_non_ascii_fold(byte)),
            "{char:?}"
        );
    }
}

#[test]
fn ascii_next_to_every_other_character() {
    let others = ('\u{80}'..'\u{380}')
        .chain('\u{1e80}'..'\u{1f00}')
        .chain('\u{1fc0}'..'\u{2130}')
        .chain('\u{fb00}'..'\u{fb20}');
    for other in others {
        for text in [
            format!("{other}Query"),
            format!("a{other}Query b"),
            format!("Query{other}"),
            format!("Quer{other}y"),
            format!("Query{other} quer"),
            format!("{other}"),
        ] {
            for substring in ["query", "nquery", "querya", "queryi", "querys", "fi", "ss", "i", "k"]
            {
                let found = fold_key(&text).contains(substring);
                assert_eq!(
                    Substring::new(substring.into(), CaseSensitivity::Ignore).found_in(&text),
                    found,
                    "{substring} in {text:?}"
                );
                assert_eq!(
                    equals(&text, substring, CaseSensitivity::Ignore),
                    fold_key(&text) == substring,
                    "{substring} and {text:?}"
                );
            }
        }
    }
}

#[test]
fn different_strings_have_different_keys() {
    for (a, b) in [
        ("I", "ı"),
        ("İ", "i"),
        ("é", "e"),
        ("ø", "o"),
        ("æ", "ae"),
        ("Ａ", "A"),
        ("ア", "ｱ"),
        ("bob", "bob "),
        ("а", "a"),
        ("", "\u{1}"),
        ("ab", "a\u{AD}b"),
        ("😀", "🍣"),
        ("²", "2"),
    ] {
        assert_ne!(fold_key(a), fold_key(b), "{a} {b}");
        assert!(!equals(a, &fold_key(b), CaseSensitivity::Ignore), "{a} {b}");
    }
    assert!(!starts_with("e\u{301}", "e", CaseSensitivity::Ignore));
    assert!(starts_with("ΟΔΟΣΑ", &fold_key("οδος"), CaseSensitivity::Ignore));
}

#[test]
fn fold_key_of_every_character() {
    let mut longest = 0.0_f64;
    for scalar in scalars() {
        let text = String::from(scalar);
        let folded = fold_key(&text).into_owned();
        assert_eq!(folded, reference_key(&text), "{scalar:?}");
        let forms = [folded.clone(), text.nfc().collect(), text.nfd().collect()];
        for form in forms.iter().filter(|form| **form != text) {
            assert_eq!(fold_key(form), folded, "{scalar:?}");
        }
        longest = longest.max(folded.len() as f64 / text.len() as f64);
    }
    assert!(longest <= 3.0, "{longest}");
}

#[test]
fn folding_is_full_and_not_turkic() {
    let fold = |c: char| std::iter::once(c).default_case_fold().collect::<String>();
    assert_eq!(fold('ß'), "ss");
    assert_eq!(fold('ﬃ'), "ffi");
    assert_eq!(fold('I'), "i");
    assert_eq!(fold('ı'), "ı");
    assert_eq!(fold('İ'), "i\u{307}");
}

#[test]
fn lowercase_ascii_is_borrowed() {
    assert!(matches!(fold_key("bob@example.com"), std::borrow::Cow::Borrowed("bob@example.com")));
    assert_eq!(fold_key("Bob@Example.com"), "bob@example.com");
}

#[test]
fn version_names_both_tables() {
    let (fold, norm) = (caseless::UNICODE_VERSION, unicode_normalization::UNICODE_VERSION);
    let expected = format!(
        "nfc-casefold-nfd/1 casefold={}.{}.{} normalization={}.{}.{}",
        fold.0, fold.1, fold.2, norm.0, norm.1, norm.2
    );
    assert_eq!(FOLD_VERSION, expected);
}

#[test]
fn successor_is_the_next_prefix() {
    for (prefix, expected) in [
        ("", None),
        ("a", Some("b")),
        ("az", Some("a{")),
        ("a\u{D7FF}", Some("a\u{E000}")),
        ("a\u{10FFFF}", Some("b")),
        ("\u{10FFFF}\u{10FFFF}", None),
        ("\u{7F}", Some("\u{80}")),
    ] {
        assert_eq!(successor(prefix).as_deref(), expected, "{prefix:?}");
    }
}

#[test]
fn finds_substrings_longer_than_a_window() {
    for length in [1, 127, 128, 129, 130, 255, 256, 257, 300, 1000] {
        for before in [0, 1, 100, 127, 128, 129, 200, 255, 256, 257, 511, 900] {
            let wanted = format!("{}b", "a".repeat(length - 1));
            let substring = Substring::new(wanted.clone().into(), CaseSensitivity::Ignore);
            let text = format!("{}{}", "A".repeat(before), wanted.to_ascii_uppercase());
            assert!(substring.found_in(&text), "{length} {before}");
            assert!(substring.found_in(&format!("{text}xyz")), "{length} {before}");
            assert!(!substring.found_in(&text[..text.len() - 1]), "{length} {before}");
        }
    }
}

#[test]
fn finds_long_periodic_substrings() {
    for part in ["a", "ab", "aab", "abaab", "aabaaab", "abcabd"] {
        let wanted = format!("{}x", part.repeat(140 / part.len()));
        let substring = Substring::new(wanted.clone().into(), CaseSensitivity::Ignore);
        for begun in (0..wanted.len()).step_by(5) {
            for text in [
                format!("{}{wanted}", &wanted[..begun]),
                format!("{}{}", &wanted[..begun], &wanted[begun / 2..]),
            ] {
                assert_eq!(
                    substring.found_in(&text.to_ascii_uppercase()),
                    text.contains(&wanted),
                    "{part} {begun}"
                );
            }
        }
    }
}

/// With a quadratic search this test would run for hours, so it
/// fails by the time limit of the test run.
#[test]
fn searching_is_linear() {
    let text = "A".repeat(4 << 20);
    for length in [2, 60, 128, 129, 5000, 1 << 20] {
        for end in ["b", "é"] {
            let wanted = format!("{}{end}", "a".repeat(length));
            assert!(
                !Substring::new(wanted.clone().into(), CaseSensitivity::Ignore).found_in(&text)
            );
            assert!(!Substring::new(wanted.clone().into(), CaseSensitivity::Exact).found_in(&text));
            assert!(
                !Substring::new(format!("{end}{wanted}").into(), CaseSensitivity::Ignore)
                    .found_in(&text)
            );
        }
    }
    let marks = format!("é{}", "\u{301}\u{316}".repeat(50_000));
    assert!(!Substring::new("b".into(), CaseSensitivity::Ignore).found_in(&marks));
    assert!(!starts_with(&marks, "b", CaseSensitivity::Ignore));
}

/// Strings with many prefixes, cases and combining marks.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[a-cA-C]",
        2 => prop::sample::select(vec![
            "K", "\u{212A}", "ß", "ẞ", "SS", "ss", "Σ", "ς", "σ", "e\u{301}", "É", "é", "\u{301}", "\u{316}", "\u{345}", "ᾳ",
            "İ", "ı", "i\u{307}", "😀", "👩\u{200D}💻", "ﬁ", "ﬃ", "ǰ", "\u{30C}", "Å", "\u{212B}", "한", "\u{1112}\u{1161}\u{11AB}",
            "\u{1D160}", " ", "%", "_", "\\", "\u{D7FF}", "\u{E000}", "\u{10FFFF}", "\u{0}", "z", "Z",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn long_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => text(),
        2 => "[abAB]{0,6}",
        1 => ("[ab]{1,3}", 0..400_usize, text())
            .prop_map(|(part, times, end)| format!("{}{end}", part.repeat(times))),
        1 => "[aAbB]{0,900}",
    ]
}

/// A string and another one that is likely to be part of it.
fn pair() -> impl Strategy<Value = (String, String)> {
    let part = || {
        (long_text(), any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(
            |(text, from, to)| {
                let places: Vec<usize> =
                    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                let (from, to) = (*from.get(&places), *to.get(&places));
                let part = text[from.min(to)..from.max(to)].to_owned();
                (text, part)
            },
        )
    };
    prop_oneof![
        (long_text(), long_text()),
        part(),
        (part(), any::<bool>()).prop_map(|((text, part), upper)| (
            text,
            if upper { part.to_uppercase() } else { part.nfd().collect() }
        )),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn fold_key_agrees_with_its_definition((text, other) in pair()) {
        let folded = fold_key(&text);
        prop_assert_eq!(&*folded, &*reference_key(&text));
        prop_assert_eq!(fold_key(&folded), &*folded);
        prop_assert_eq!(fold_key(&text.nfd().collect::<String>()).into_owned(), &*folded);
        prop_assert_eq!(fold_key(&text.nfc().collect::<String>()).into_owned(), &*folded);
        let is_match = text.chars().canonical_caseless_match(other.chars());
        prop_assert_eq!(folded == fold_key(&other), is_match);
    }

    #[test]
    fn comparisons_agree_with_the_fold_key((text, other) in pair()) {
        for (case, stored, wanted) in [
            (CaseSensitivity::Ignore, fold_key(&text), fold_key(&other)),
            (CaseSensitivity::Exact, (&*text).into(), (&*other).into()),
        ] {
            prop_assert_eq!(compare(&text, &wanted, case), stored.cmp(&wanted));
            prop_assert_eq!(equals(&text, &wanted, case), stored == wanted);
            prop_assert_eq!(starts_with(&text, &wanted, case), stored.starts_with(&*wanted));
            prop_assert_eq!(ends_with(&text, &wanted, case), stored.ends_with(&*wanted));
            let substring = Substring::new((&*wanted).into(), case);
            prop_assert_eq!(substring.found_in(&text), stored.contains(&*wanted));
            prop_assert_eq!(substring.found_in_key(&stored), stored.contains(&*wanted));
            prop_assert_eq!(substring.first_in(stored.as_bytes()), stored.find(&*wanted));
            prop_assert_eq!((substring.as_str(), substring.case()), (&*wanted, case));
            let (stored_form, case) = case.select(&text, Some(&stored));
            prop_assert_eq!(equals(stored_form, &wanted, case), stored == wanted);
        }
    }

    #[test]
    fn prefixes_are_a_range((text, prefix) in pair()) {
        let below = successor(&prefix).is_none_or(|end| text < end);
        prop_assert_eq!(text.starts_with(&prefix), text >= prefix && below);
    }
}

#[test]
fn every_byte_matters_at_any_position() {
    let text = |len: usize| "aQ@`Zf0-".chars().cycle().take(len).collect::<String>();
    for len in 0..=70 {
        let stored = text(len);
        let operand = fold_key(&stored).into_owned();
        assert!(equals(&stored, &operand, CaseSensitivity::Ignore), "{stored}");
        for at in 0..len {
            let mut other = operand.clone().into_bytes();
            // A byte that is not a letter is different if only its case bit is.
            other[at] = if other[at].is_ascii_alphabetic() { b'x' } else { other[at] ^ 0x20 };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(
                equals(&stored, &other, CaseSensitivity::Ignore),
                fold_key(&stored) == *other,
                "{stored} {other}"
            );
        }
    }
}

#[test]
fn finds_a_substring_at_any_position() {
    for substring in ["q", "@", "`", "@q", "ann", "a-", "é", "0"] {
        let prepared = Substring::new(fold_key(substring).into(), CaseSensitivity::Ignore);
        for len in 0..=70 {
            for filler in ["a", "Z", "é", "-", "A@", "`"] {
                let around: String = filler.chars().cycle().take(len).collect();
                for text in [
                    around.clone(),
                    format!("{around}{substring}"),
                    format!("{substring}{around}"),
                    format!("{around}{}b", substring.to_uppercase()),
                ] {
                    assert_eq!(
                        prepared.found_in(&text),
                        fold_key(&text).contains(prepared.as_str()),
                        "{substring} in {text}"
                    );
                }
            }
        }
    }
}

#[test]
fn user_names_are_compared_by_their_keys() {
    let strings = [
        "",
        "b",
        "Bob",
        "BOB",
        "\u{ff22}\u{ff4f}\u{ff22}",
        "b\u{ff4f}b",
        "bobby tables",
        "bobby\u{3000}\u{ff34}ables",
        "\u{212a}ate",
        "kate",
        "JU\u{308}RGEN",
        "j\u{fc}rgen",
        "stra\u{df}e",
        "STRASSE",
        "\u{39f}\u{394}\u{39f}\u{3a3}",
        "\u{3bf}\u{3b4}\u{3bf}\u{3c3}",
        "\u{ff76}\u{ff9e}",
        "\u{30ac}",
        "i\u{307}",
        "\u{130}",
        "e\u{301}",
        "e",
    ];
    let long = strings.map(|text| format!("{}{text}", "X\u{ff59}".repeat(40)));
    let strings: Vec<&str> =
        strings.iter().copied().chain(long.iter().map(String::as_str)).collect();
    let case = CaseSensitivity::UsernameCaseMapped;
    for operand in &strings {
        let key = &*case.key(operand);
        let substring = Substring::new(key.into(), case);
        let prefilter = EqualityPrefilter::new(key, case);
        for text in &strings {
            let stored = &*case.key(text);
            assert_eq!(compare(text, key, case), stored.cmp(key), "{text} {key}");
            assert_eq!(equals(text, key, case), stored == key, "{text} {key}");
            assert!(prefilter.accepts(text) || stored != key, "{text} {key}");
            assert_eq!(starts_with(text, key, case), stored.starts_with(key), "{text} {key}");
            assert_eq!(ends_with(text, key, case), stored.ends_with(key), "{text} {key}");
            assert_eq!(substring.found_in(text), stored.contains(key), "{text} {key}");
        }
    }
}
