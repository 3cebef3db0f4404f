//! A record whose strings were read once, for the evaluation of many candidates.
//!
//! Reading a value from a record can take longer than comparing it: a JSON document is searched for
//! the name of the attribute.

use crate::schema::{Attribute, Record};
use crate::value::ValueRef;
use std::ops::Range;

/// The values of an attribute that were read.
#[derive(Clone)]
enum Strings<'r> {
    /// Not read, or not strings.
    Unread,
    /// The result of [`Record::single_text`].
    Single(Option<&'r str>),
    /// The values that [`Record::any_value`] passes: strings without a fold key, as a range of
    /// `ends`.
    Several(Range<usize>),
}

/// A record with the strings of some attributes.
pub(super) struct ReadRecord<'r, R> {
    record: &'r R,
    /// By the position of the attribute in the schema.
    strings: Vec<Strings<'r>>,
    /// The strings of attributes with several values.
    buffer: String,
    ends: Vec<usize>,
}

/// Enough attributes for most records, so that lists do not grow step by step.
const FEW: usize = 16;

impl<'r, R: Record> ReadRecord<'r, R> {
    pub(super) fn new(record: &'r R) -> Self {
        let mut ends = Vec::with_capacity(2 * FEW);
        ends.push(0);
        let (strings, buffer) = (Vec::with_capacity(FEW), String::with_capacity(16 * FEW));
        Self { record, strings, buffer, ends }
    }

    /// Reads the values of an attribute, stores them if they are strings, and passes them to `found`.
    pub(super) fn read(&mut self, attribute: &Attribute, found: &mut dyn FnMut(ValueRef<'_>)) {
        let strings = match self.record.single_text(attribute) {
            Some(single) => {
                single.map(ValueRef::text).map(found);
                Strings::Single(single)
            }
            None => self.read_several(attribute, found),
        };
        let position = attribute.id().index();
        if position >= self.strings.len() {
            self.strings.resize(position + 1, Strings::Unread);
        }
        if let Some(place) = self.strings.get_mut(position) {
            *place = strings;
        }
    }

    fn read_several(
        &mut self,
        attribute: &Attribute,
        found: &mut dyn FnMut(ValueRef<'_>),
    ) -> Strings<'r> {
        let start = self.ends.len();
        let mut all_are_strings = true;
        self.record.any_value(attribute, &mut |value| {
            match value {
                ValueRef::Text { text, key: None } => {
                    self.buffer.push_str(text);
                    self.ends.push(self.buffer.len());
                }
                _ => all_are_strings = false,
            }
            found(value);
            false
        });
        if all_are_strings { Strings::Several(start..self.ends.len()) } else { Strings::Unread }
    }

    fn strings(&self, attribute: &Attribute) -> &Strings<'r> {
        self.strings.get(attribute.id().index()).unwrap_or(&Strings::Unread)
    }
}

impl<R: Record> Record for ReadRecord<'_, R> {
    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        match self.strings(attribute) {
            Strings::Single(single) => Some(*single),
            Strings::Several(_) => None,
            Strings::Unread => self.record.single_text(attribute),
        }
    }

    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match self.strings(attribute) {
            Strings::Single(single) => single.is_some_and(|text| test(ValueRef::text(text))),
            Strings::Several(range) => range.clone().any(|position| {
                let start = self.ends.get(position - 1).copied().unwrap_or_default();
                let end = self.ends.get(position).copied().unwrap_or_default();
                self.buffer.get(start..end).is_some_and(|text| test(ValueRef::text(text)))
            }),
            Strings::Unread => self.record.any_value(attribute, test),
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
