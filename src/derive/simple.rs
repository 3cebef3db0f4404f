//! Fields with one simple value.

use super::field::Field;
use crate::value::{AttributeType, DateTime, ValueRef};
use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

impl Field for str {
    const TYPE: AttributeType = AttributeType::String;
    const IS_TEXT: bool = true;

    #[inline]
    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        test(ValueRef::text(self))
    }

    #[inline]
    fn single_text(&self, _: u32) -> Option<Option<&str>> {
        Some(Some(self))
    }
}

impl Field for String {
    const TYPE: AttributeType = AttributeType::String;
    const IS_TEXT: bool = true;

    #[inline]
    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        test(ValueRef::text(self))
    }

    #[inline]
    fn single_text(&self, _: u32) -> Option<Option<&str>> {
        Some(Some(self))
    }
}

impl Field for bool {
    const TYPE: AttributeType = AttributeType::Boolean;

    #[inline]
    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        test(ValueRef::Boolean(*self))
    }
}

impl Field for DateTime {
    const TYPE: AttributeType = AttributeType::DateTime;

    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        test(ValueRef::DateTime(DateTime { micros: self.micros, finer: &*self.finer }))
    }
}

macro_rules! numbers {
    ($($variant:ident: $($number:ty),*;)*) => {
        $($(impl Field for $number {
            const TYPE: AttributeType = AttributeType::$variant;

            #[inline]
            fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
                test(ValueRef::$variant((*self).into()))
            }
        })*)*
    };
}

numbers! {
    Integer: i8, i16, i32, i64, u16, u32;
    Decimal: f64;
}

macro_rules! large_integers {
    ($($number:ty),*) => {
        $(impl Field for $number {
            const TYPE: AttributeType = AttributeType::Integer;

            #[inline]
            fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
                match i64::try_from(*self) {
                    Ok(number) => test(ValueRef::Integer(number)),
                    Err(_) => test(ValueRef::Number(&self.to_string())),
                }
            }
        })*
    };
}

large_integers!(u64, i128, u128, isize, usize);

/// The shortest decimal that reads back as the number: 0.1 equals `0.1`, unlike its conversion to 64
/// bits.
impl Field for f32 {
    const TYPE: AttributeType = AttributeType::Decimal;

    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        let number = self.to_string().parse().unwrap_or_else(|_| f64::from(*self));
        test(ValueRef::Decimal(number))
    }
}

/// A byte is an integer, a list of bytes is one binary value.
impl Field for u8 {
    const TYPE: AttributeType = AttributeType::Integer;
    const LIST_TYPE: AttributeType = AttributeType::Binary;
    const LIST_MULTI_VALUED: bool = false;

    #[inline]
    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        test(ValueRef::Integer((*self).into()))
    }

    fn any_value_of_list(
        list: &[Self],
        _: u32,
        test: &mut dyn FnMut(ValueRef<'_>) -> bool,
    ) -> bool {
        test(ValueRef::Binary(list))
    }
}

/// Implements `Field` for pointers to a field.
macro_rules! pointers {
    ($([$($generics:tt)*] $pointer:ty;)*) => {
        $(impl<$($generics)*> Field for $pointer {
            const TYPE: AttributeType = T::TYPE;
            const MULTI_VALUED: bool = T::MULTI_VALUED;
            const SLOTS: u32 = T::SLOTS;
            const IS_TEXT: bool = T::IS_TEXT;

            fn canonical_values() -> &'static [&'static str] {
                T::canonical_values()
            }

            fn describe(description: &mut super::Description<'_>) {
                T::describe(description);
            }

            #[inline]
            fn any_value(&self, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
                T::any_value(self, slot, test)
            }

            #[inline]
            fn single_text(&self, slot: u32) -> Option<Option<&str>> {
                T::single_text(self, slot)
            }

            fn any_element(
                &self,
                slot: u32,
                first: u32,
                test: &mut dyn FnMut(&dyn crate::schema::Record) -> bool,
            ) -> bool {
                T::any_element(self, slot, first, test)
            }
        })*
    };
}

pointers! {
    ['a, T: Field + ?Sized] &'a T;
    [T: Field + ?Sized] Box<T>;
    [T: Field + ?Sized] Arc<T>;
    [T: Field + ?Sized] Rc<T>;
    ['a, T: Field + ToOwned + ?Sized] Cow<'a, T>;
}
