//! Property: only unmodified cursors of this key and this tenant decode.

use arbitrary::{Result, Unstructured};
use scieve::arbitrary as generate;
use scieve_users::{Cursor, CursorKey, Direction, Position, Sort, SortKey};
use std::sync::LazyLock;

static KEY: LazyLock<CursorKey> = LazyLock::new(|| CursorKey::new(b"the key of the fuzz target"));

pub(crate) fn cursor(bytes: &[u8]) {
    // No cursor is created for this tenant, so the fuzzer cannot find a valid one in the target's
    // memory.
    assert!(Cursor::decode(&String::from_utf8_lossy(bytes), &KEY, "unused").is_err());
    let _ = round_trip(&mut Unstructured::new(bytes));
}

fn round_trip(u: &mut Unstructured<'_>) -> Result<()> {
    let sort = Sort { key: *u.choose(&SortKey::ALL)?, descending: u.arbitrary()? };
    let direction = *u.choose(&[Direction::Next, Direction::Previous])?;
    let filter = if u.arbitrary()? {
        Some(generate::string(u)?.repeat(u.int_in_range(0..=40)?))
    } else {
        None
    };
    let position = Position { key: generate::string(u)?, id: generate::string(u)? };
    let mut cursor = Cursor::new(sort, direction, position, filter.as_deref());
    cursor.id_above = if u.arbitrary()? { Some(generate::string(u)?) } else { None };
    cursor.id_below = if u.arbitrary()? { Some(generate::string(u)?) } else { None };
    let text = cursor.encode(&KEY, "tenant");
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
    let again = Cursor::decode(&text, &KEY, "tenant").expect("an encoded cursor decodes");
    assert_eq!(again, cursor);
    assert_eq!(again.agrees(Some(sort), filter.as_deref()), Ok(()));
    assert!(Cursor::decode(&text, &KEY, "tenants").is_err());
    assert!(Cursor::decode(&text, &CursorKey::new(b"another key"), "tenant").is_err());
    let mut changed = text.clone().into_bytes();
    for _ in 0..u.int_in_range(1..=3)? {
        let place = u.choose_index(changed.len())?;
        match u.int_in_range(0..=4)? {
            0 => {
                changed[place] = *u.choose(
                    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. \n",
                )?
            }
            1 => changed.truncate(place),
            2 => drop(changed.remove(place)),
            3 => changed.insert(place, *u.choose(b"A_=")?),
            _ => changed.extend_from_within(place..),
        }
        if changed.is_empty() {
            break;
        }
    }
    let changed = String::from_utf8(changed).unwrap();
    assert!(
        changed == text || Cursor::decode(&changed, &KEY, "tenant").is_err(),
        "{changed} decodes like {text}"
    );
    Ok(())
}
