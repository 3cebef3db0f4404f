//! Fields with dates and times, and UUIDs.

use super::field::Field;
use crate::value::{AttributeType, ValueRef, instant};
use std::time::SystemTime;

/// Passes an instant in nanoseconds since 1970-01-01T00:00:00Z to `test`.
fn nanoseconds(nanoseconds: i128, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    match instant::from_nanoseconds(nanoseconds) {
        Some(instant) => test(ValueRef::DateTime(instant.as_ref())),
        None => test(ValueRef::Unreadable),
    }
}

impl Field for SystemTime {
    const TYPE: AttributeType = AttributeType::DateTime;

    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        nanoseconds(instant::of_system_time(*self), test)
    }
}

#[cfg(feature = "time")]
impl Field for time::OffsetDateTime {
    const TYPE: AttributeType = AttributeType::DateTime;

    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        nanoseconds(self.unix_timestamp_nanos(), test)
    }
}

#[cfg(feature = "chrono")]
impl<Z: chrono::TimeZone> Field for chrono::DateTime<Z> {
    const TYPE: AttributeType = AttributeType::DateTime;

    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        nanoseconds(instant::of_chrono(self), test)
    }
}

#[cfg(feature = "jiff")]
impl Field for jiff::Timestamp {
    const TYPE: AttributeType = AttributeType::DateTime;

    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        nanoseconds(self.as_nanosecond(), test)
    }
}

#[cfg(feature = "jiff")]
impl Field for jiff::Zoned {
    const TYPE: AttributeType = AttributeType::DateTime;

    fn any_value(&self, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        self.timestamp().any_value(slot, test)
    }
}

#[cfg(feature = "uuid")]
impl Field for uuid::Uuid {
    const TYPE: AttributeType = AttributeType::String;

    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        test(ValueRef::text(self.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer())))
    }
}
