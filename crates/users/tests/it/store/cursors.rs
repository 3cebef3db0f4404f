//! Cursors that were changed in any way are refused.

use super::random::Random;
use scieve_users::{Cursor, CursorError, CursorKey, Direction, Position, Sort, SortKey};

const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn cursor(random: &mut Random) -> Cursor {
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
fn a_cursor_reads_back_equal_and_is_safe_in_a_url() {
    let (mut random, key) = (Random(1), CursorKey::new(b"a key for tests"));
    for _ in 0..300 {
        let cursor = cursor(&mut random);
        let text = cursor.encode(&key, "tenant");
        assert!(text.bytes().all(|byte| DIGITS.contains(&byte)), "{text}");
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
fn texts_of_any_length_read_back() {
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
fn a_key_does_not_show_itself() {
    assert_eq!(format!("{:?}", CursorKey::new(b"a key for tests")), "CursorKey(..)");
}

#[test]
fn a_changed_cursor_is_refused() {
    let (mut random, key) = (Random(2), CursorKey::random().unwrap());
    for _ in 0..6 {
        let mut cursor = cursor(&mut random);
        if !cursor.has_filter() || cursor.filter().is_err() {
            cursor = Cursor::new(cursor.sort, cursor.direction, cursor.position, None);
        }
        let text = cursor.encode(&key, "t").into_bytes();
        let refused = |changed: &[u8]| {
            let changed = std::str::from_utf8(changed).unwrap();
            assert!(Cursor::decode(changed, &key, "t").is_err(), "{changed}");
        };
        for at in 0..=text.len() {
            for digit in DIGITS.iter().chain(b"=+/ .\0") {
                let mut changed = text.clone();
                changed.insert(at, *digit);
                refused(&changed);
                if at < text.len() && text[at] != *digit {
                    changed = text.clone();
                    changed[at] = *digit;
                    refused(&changed);
                }
            }
            if at < text.len() {
                let mut changed = text.clone();
                changed.remove(at);
                refused(&changed);
                refused(&text[..at]);
                refused(&text[at + 1..]);
            }
        }
    }
}

#[test]
fn any_text_can_be_read() {
    let (mut random, key) = (Random(3), CursorKey::new(b""));
    for _ in 0..20_000 {
        let length = random.below(80);
        let text: String = (0..length).map(|_| *random.pick(DIGITS) as char).collect();
        assert!(Cursor::decode(&text, &key, "t").is_err());
    }
    for text in ["", "=", "😀", "AQ", "A", "AAAA"] {
        assert_eq!(Cursor::decode(text, &key, "t"), Err(CursorError::Invalid));
    }
}

#[test]
fn a_cursor_is_of_one_list() {
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
    let carried = |filter| {
        Cursor::new(name, Direction::Next, position.clone(), filter)
            .filter()
            .map(|text| text.map(str::to_owned))
    };
    assert_eq!(carried(Some("a")), Ok(Some("a".to_owned())));
    assert_eq!(carried(None), Ok(None));
    assert_eq!(carried(Some(&long)), Err(CursorError::FilterMissing));
}
