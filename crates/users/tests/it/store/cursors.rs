//! Encoding of cursors: round trips, and rejection of every manipulated cursor.

use super::random_queries::Random;
use scieve_users::{Cursor, CursorError, CursorKey, Direction, Position, Sort, SortKey};

/// The alphabet of URL-safe Base64.
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn random_cursor(random: &mut Random) -> Cursor {
    let filter = [
        None,
        Some("name eq \"Zoë\"".to_owned()),
        Some(format!("name co \"{}\"", "x".repeat(3000))),
    ];
    let direction = *random.pick(&[Direction::Next, Direction::Previous]);
    let text = |random: &mut Random| {
        random.pick(&["", "1bob", "2", "1山田", "62716ab404a7bd8626af9bd6"]).to_string()
    };
    let position = Position { key: text(random), id: text(random) };
    let mut cursor =
        Cursor::new(random.sort(), direction, position, random.pick(&filter).as_deref());
    cursor.id_above = random.chance(2).then(|| text(random));
    cursor.id_below = random.chance(2).then(|| text(random));
    cursor
}

#[test]
fn cursors_round_trip_and_are_safe_in_urls() {
    let (mut random, key) = (Random(1), CursorKey::new(b"a key for tests"));
    for _ in 0..300 {
        let cursor = random_cursor(&mut random);
        let text = cursor.encode(&key, "tenant");
        assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)), "{text}");
        assert_eq!(Cursor::decode(&text, &key, "tenant"), Ok(cursor.clone()));
        assert_eq!(Cursor::decode(&text, &key, "other"), Err(CursorError::Invalid));
        assert_eq!(
            Cursor::decode(&text, &CursorKey::new(b"another"), "tenant"),
            Err(CursorError::Foreign)
        );
        assert_eq!(
            Cursor::decode(&text, &CursorKey::random().unwrap(), "tenant"),
            Err(CursorError::Foreign)
        );
    }
}

#[test]
fn strings_of_any_length_round_trip() {
    let key = CursorKey::new(b"a key for tests");
    for length in [0, 1, 125, 126, 127, 128, 129, 255, 256, 1020, 16_382, 16_383, 16_384, 20_000] {
        let text = || "x".repeat(length);
        let mut cursor = Cursor::new(
            Sort::default(),
            Direction::Next,
            Position { key: text(), id: "7".into() },
            None,
        );
        cursor.id_above = Some(text());
        assert_eq!(Cursor::decode(&cursor.encode(&key, "t"), &key, "t"), Ok(cursor), "{length}");
    }
}

#[test]
fn debug_output_does_not_reveal_the_key() {
    assert_eq!(format!("{:?}", CursorKey::new(b"a key for tests")), "CursorKey(..)");
}

#[test]
fn changed_cursors_are_rejected() {
    let (mut random, key) = (Random(2), CursorKey::random().unwrap());
    for _ in 0..6 {
        let mut cursor = random_cursor(&mut random);
        if !cursor.has_filter() || cursor.filter().is_err() {
            cursor = Cursor::new(cursor.sort, cursor.direction, cursor.position, None);
        }
        let text = cursor.encode(&key, "t").into_bytes();
        let rejected = |changed: &[u8]| {
            let changed = std::str::from_utf8(changed).unwrap();
            assert!(Cursor::decode(changed, &key, "t").is_err(), "{changed}");
        };
        for at in 0..=text.len() {
            for digit in ALPHABET.iter().chain(b"=+/ .\0") {
                let mut changed = text.clone();
                changed.insert(at, *digit);
                rejected(&changed);
                if at < text.len() && text[at] != *digit {
                    changed = text.clone();
                    changed[at] = *digit;
                    rejected(&changed);
                }
            }
            if at < text.len() {
                let mut changed = text.clone();
                changed.remove(at);
                rejected(&changed);
                rejected(&text[..at]);
                rejected(&text[at + 1..]);
            }
        }
    }
}

#[test]
fn decoding_random_strings_fails_without_panic() {
    let (mut random, key) = (Random(3), CursorKey::new(b""));
    for _ in 0..20_000 {
        let length = random.below(80);
        let text: String = (0..length).map(|_| *random.pick(ALPHABET) as char).collect();
        assert!(Cursor::decode(&text, &key, "t").is_err());
    }
    for text in ["", "=", "😀", "AQ", "A", "AAAA"] {
        assert_eq!(Cursor::decode(text, &key, "t"), Err(CursorError::Invalid));
    }
}

#[test]
fn cursors_belong_to_one_filter_and_order() {
    let name = Sort::default();
    let position = Position { key: "1bob".into(), id: "7".into() };
    let agrees = |filter: Option<&str>, sort, given: Option<&str>| {
        Cursor::new(name, Direction::Next, position.clone(), filter).agrees(sort, given)
    };
    let long = format!("name eq {:?}", "x".repeat(5000));
    assert_eq!(agrees(Some("a"), None, None), Ok(()));
    assert_eq!(agrees(Some("a"), Some(name), Some("a")), Ok(()));
    assert_eq!(agrees(Some(&long), None, Some(&long)), Ok(()));
    assert_eq!(agrees(Some(&long), None, Some("a")), Err(CursorError::OtherFilter));
    assert_eq!(agrees(Some("a"), None, Some("b")), Err(CursorError::OtherFilter));
    assert_eq!(agrees(None, None, Some("b")), Err(CursorError::OtherFilter));
    assert_eq!(
        agrees(None, Some(Sort { descending: true, ..name }), None),
        Err(CursorError::OtherSort)
    );
    assert_eq!(
        agrees(None, Some(Sort { key: SortKey::Id, ..name }), None),
        Err(CursorError::OtherSort)
    );
    let filtered =
        |filter| Cursor::new(name, Direction::Next, position.clone(), filter).has_filter();
    assert_eq!([None, Some("a"), Some(&*long)].map(filtered), [false, true, true]);
    let embedded = |filter| {
        Cursor::new(name, Direction::Next, position.clone(), filter)
            .filter()
            .map(|text| text.map(str::to_owned))
    };
    assert_eq!(embedded(Some("a")), Ok(Some("a".to_owned())));
    assert_eq!(embedded(None), Ok(None));
    assert_eq!(embedded(Some(&long)), Err(CursorError::FilterMissing));
}
