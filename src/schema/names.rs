//! Finds attributes by their names: a hash table with open addressing and linear probing.
//!
//! The table stores positions of attributes; the names stay in the schema. Its length is a power of
//! two, and it is filled at most to one half.

use crate::value::swar;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names(Vec<Option<u16>>);

impl Names {
    /// Returns the position of the attribute with this path, in the extension schema `urn` or in
    /// the core schema. `matches` compares the names of the attribute at a position.
    #[inline]
    pub(super) fn find(
        &self,
        urn: Option<&str>,
        path: &str,
        matches: impl Fn(u16) -> bool,
    ) -> Option<u16> {
        for slot in probe(self.0.len(), hash(urn, path)) {
            let found = (*self.0.get(slot)?)?;
            if matches(found) {
                return Some(found);
            }
        }
        None
    }

    /// Adds the attribute at position `last`, the greatest so far. `names` returns the names of the
    /// attribute at a position.
    pub(super) fn add<'a>(
        &mut self,
        last: u16,
        names: impl Fn(u16) -> Option<(Option<&'a str>, &'a str)>,
    ) {
        let count = usize::from(last) + 1;
        let mut added = last..=last;
        if 2 * count > self.0.len() {
            self.0 = vec![None; 2 * count.next_power_of_two()];
            added = 0..=last;
        }
        for position in added {
            let Some((urn, path)) = names(position) else { continue };
            let free =
                probe(self.0.len(), hash(urn, path)).find(|slot| self.0.get(*slot) == Some(&None));
            if let Some(free) = free.and_then(|slot| self.0.get_mut(slot)) {
                *free = Some(position);
            }
        }
    }
}

/// Returns all indexes of a table, whose length is a power of two, starting at that of the hash.
#[inline]
fn probe(len: usize, hash: u64) -> impl Iterator<Item = usize> {
    (0..len).map(move |step| (hash as usize).wrapping_add(step) & (len - 1))
}

/// Hashes a URN and a path, ignoring ASCII case.
///
/// The hash is not keyed. Schemas come from the operator, not from clients; the names that a filter
/// of a schemaless policy can add are bounded by [`Limits::clauses`](crate::Limits::clauses).
#[inline]
fn hash(urn: Option<&str>, path: &str) -> u64 {
    let mut hash = 0;
    // Uppercase and lowercase letters differ in bit 0x20, which is set in every byte.
    let mut mix =
        |word: u64| hash = (hash ^ (word | swar::splat(0x20))).wrapping_mul(MIX).rotate_left(32);
    swar::for_each_word(path.as_bytes(), &mut mix);
    if let Some(urn) = urn {
        swar::for_each_word(urn.as_bytes(), &mut mix);
    }
    hash
}

/// 2^64 divided by the golden ratio, rounded to an odd number: Fibonacci hashing (Knuth, The Art of
/// Computer Programming, volume 3, section 6.4).
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn every_added_name_is_found_and_no_other() {
        let known: Vec<(Option<&str>, String)> = (0..3_000)
            .map(|number| {
                (
                    ["urn:a", "urn:b"].get(number % 3).copied(),
                    format!("name{}.part{number}", number / 7),
                )
            })
            .collect();
        let mut names = Names::default();
        for at in 0..known.len() {
            names.add(at.try_into().unwrap(), |at| {
                known.get(usize::from(at)).map(|(urn, path)| (*urn, &**path))
            });
        }
        let find = |urn, path: &str| {
            let matches = |at: u16| {
                known[usize::from(at)].0 == urn
                    && known[usize::from(at)].1.eq_ignore_ascii_case(path)
            };
            names.find(urn, path, matches).map(usize::from)
        };
        for (at, (urn, path)) in known.iter().enumerate() {
            assert_eq!(
                (find(*urn, path), find(*urn, &path.to_uppercase())),
                (Some(at), Some(at)),
                "{path}"
            );
            assert_eq!(find(Some("urn:c"), path), None);
            assert_eq!(find(*urn, &path.replace("name", "nome")), None);
        }
        assert_eq!(Names::default().find(None, "name", |_| true), None);
        assert!(
            names.0.len() >= 2 * known.len() && names.0.iter().flatten().count() == known.len()
        );
    }
}
