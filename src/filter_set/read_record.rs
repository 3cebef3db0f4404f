//! A record whose strings were read once, for the evaluation of many candidates.
//!
//! Reading a value from a record can take longer than comparing it: a JSON document is searched for
//! the name of the attribute.

use crate::schema::{Attribute, AttributeId, Record};
use crate::value::ValueRef;
use arrayvec::{ArrayString, ArrayVec};

/// The values of an attribute that were read.
#[derive(Clone, Copy)]
enum Strings<'r> {
    /// The result of [`Record::single_text`].
    Single(Option<&'r str>),
    /// The values that [`Record::any_value`] passes: strings without a fold key, as a part of `ends`
    /// from the first number to before the second one.
    Several(usize, usize),
}

/// A record with the strings of some attributes. Those that do not fit are read from the record.
// PERF: with lists on the heap, matching takes some 5 % longer (`benches/peers -- --only filter-sets`).
pub(super) struct ReadRecord<'r, R> {
    record: &'r R,
    strings: ArrayVec<(AttributeId, Strings<'r>), 16>,
    /// The strings of attributes with several values.
    buffer: ArrayString<512>,
    ends: ArrayVec<usize, 64>,
}

impl<'r, R: Record> ReadRecord<'r, R> {
    pub(super) fn new(record: &'r R) -> Self {
        Self {
            record,
            strings: ArrayVec::new(),
            buffer: ArrayString::new(),
            ends: ArrayVec::from_iter([0]),
        }
    }

    /// Reads the values of an attribute, stores them if they are strings, and passes them to `found`.
    pub(super) fn read(&mut self, attribute: &Attribute, found: &mut dyn FnMut(ValueRef<'_>)) {
        let strings = match self.record.single_text(attribute) {
            Some(single) => {
                single.map(ValueRef::text).map(found);
                Some(Strings::Single(single))
            }
            None => self.read_several(attribute, found),
        };
        if let Some(strings) = strings
            && !self.strings.is_full()
        {
            self.strings.push((attribute.id(), strings));
        }
    }

    fn read_several(
        &mut self,
        attribute: &Attribute,
        found: &mut dyn FnMut(ValueRef<'_>),
    ) -> Option<Strings<'r>> {
        let start = self.ends.len();
        let mut are_stored = true;
        self.record.any_value(attribute, &mut |value| {
            are_stored = are_stored && self.store(value);
            found(value);
            false
        });
        are_stored.then_some(Strings::Several(start, self.ends.len()))
    }

    /// Stores a string. Returns false if it is another value, or does not fit.
    fn store(&mut self, value: ValueRef<'_>) -> bool {
        match value {
            ValueRef::Text { text, key: None } => {
                self.buffer.try_push_str(text).is_ok()
                    && self.ends.try_push(self.buffer.len()).is_ok()
            }
            _ => false,
        }
    }

    fn strings(&self, attribute: &Attribute) -> Option<Strings<'r>> {
        let id = attribute.id();
        self.strings.iter().find(|(known, _)| *known == id).map(|(_, strings)| *strings)
    }
}

impl<R: Record> Record for ReadRecord<'_, R> {
    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        match self.strings(attribute) {
            Some(Strings::Single(single)) => Some(single),
            Some(Strings::Several(..)) => None,
            None => self.record.single_text(attribute),
        }
    }

    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match self.strings(attribute) {
            Some(Strings::Single(single)) => single.is_some_and(|text| test(ValueRef::text(text))),
            Some(Strings::Several(start, end)) => (start..end).any(|position| {
                let start = self.ends.get(position - 1).copied().unwrap_or_default();
                let end = self.ends.get(position).copied().unwrap_or_default();
                self.buffer.get(start..end).is_some_and(|text| test(ValueRef::text(text)))
            }),
            None => self.record.any_value(attribute, test),
        }
    }

    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        self.record.any_element(attribute, test)
    }
}
