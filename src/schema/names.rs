//! Finds attributes by their names.

use crate::value::swar;

/// The positions of attributes, each at the place of the [`hash`] of its names or at the next one free; half of the places at least are free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names(Vec<Option<u16>>);

impl Names {
    /// The attribute of that path in the extension of that URN, or in the core schema; `is_it` looks at its names.
    #[inline]
    pub(super) fn find(
        &self,
        urn: Option<&str>,
        path: &str,
        is_it: impl Fn(u16) -> bool,
    ) -> Option<u16> {
        for place in places(self.0.len(), hash(urn, path)) {
            let found = (*self.0.get(place)?)?;
            if is_it(found) {
                return Some(found);
            }
        }
        None
    }

    /// Takes in the attribute at `last`, which comes after all others; `names` are those at a position.
    pub(super) fn add<'a>(
        &mut self,
        last: u16,
        names: impl Fn(u16) -> Option<(Option<&'a str>, &'a str)>,
    ) {
        let count = usize::from(last) + 1;
        let mut unplaced = last..=last;
        if 2 * count > self.0.len() {
            self.0 = vec![None; 2 * count.next_power_of_two()];
            unplaced = 0..=last;
        }
        for position in unplaced {
            let Some((urn, path)) = names(position) else { continue };
            let free = places(self.0.len(), hash(urn, path))
                .find(|place| self.0.get(*place) == Some(&None));
            if let Some(free) = free.and_then(|place| self.0.get_mut(place)) {
                *free = Some(position);
            }
        }
    }
}

/// All places of so many, a power of two, from that of the hash on.
#[inline]
fn places(len: usize, hash: u64) -> impl Iterator<Item = usize> {
    (0..len).map(move |step| (hash as usize).wrapping_add(step) & (len - 1))
}

/// Of both without regard to ASCII case. Whoever makes a schema gains nothing by names that collide, and what the filters of a policy without
/// one can name is bounded by the limit on clauses.
#[inline]
fn hash(urn: Option<&str>, path: &str) -> u64 {
    let mut hash = 0;
    // Capitals and small letters differ in one bit, which is set here in every byte.
    let mut mix =
        |eight: u64| hash = (hash ^ (eight | swar::splat(0x20))).wrapping_mul(MIX).rotate_left(32);
    swar::for_each_word(path.as_bytes(), &mut mix);
    if let Some(urn) = urn {
        swar::for_each_word(urn.as_bytes(), &mut mix);
    }
    hash
}

/// 2^64 divided by the golden ratio, made odd: spreads what differs in few bits.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn every_name_is_found_and_no_other() {
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
            let is_it = |at: u16| {
                known[usize::from(at)].0 == urn
                    && known[usize::from(at)].1.eq_ignore_ascii_case(path)
            };
            names.find(urn, path, is_it).map(usize::from)
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
