//! Optional and multi-valued fields, and JSON.

use super::description::Description;
use super::field::{Element, Field, Fields};
use crate::schema::Record;
use crate::value::{AttributeType, ValueRef};
use std::collections::{BTreeSet, HashSet};

impl<T: Field> Field for Option<T> {
    const TYPE: AttributeType = T::TYPE;
    const MULTI_VALUED: bool = T::MULTI_VALUED;
    const SLOTS: u32 = T::SLOTS;
    const IS_TEXT: bool = T::IS_TEXT;

    fn canonical_values() -> &'static [&'static str] {
        T::canonical_values()
    }

    fn describe(description: &mut Description<'_>) {
        T::describe(description);
    }

    #[inline]
    fn any_value(&self, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        self.as_ref().is_some_and(|value| value.any_value(slot, test))
    }

    #[inline]
    fn single_text(&self, slot: u32) -> Option<Option<&str>> {
        match self {
            Some(value) => value.single_text(slot),
            None if T::IS_TEXT => Some(None),
            None => None,
        }
    }

    fn any_element(
        &self,
        slot: u32,
        first: u32,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        self.as_ref().is_some_and(|value| value.any_element(slot, first, test))
    }
}

impl<T: Field> Field for [T] {
    const TYPE: AttributeType = T::LIST_TYPE;
    const MULTI_VALUED: bool = T::LIST_MULTI_VALUED;
    const SLOTS: u32 = T::SLOTS;

    fn canonical_values() -> &'static [&'static str] {
        T::canonical_values()
    }

    fn describe(description: &mut Description<'_>) {
        T::describe(description);
    }

    #[inline]
    fn any_value(&self, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        T::any_value_of_list(self, slot, test)
    }

    fn any_element(
        &self,
        slot: u32,
        first: u32,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        slot == 0 && self.iter().any(|value| is_assigned(value) && test(&Element { value, first }))
    }
}

fn is_assigned<T: Field + ?Sized>(value: &T) -> bool {
    value.any_value(0, &mut |_| true)
}

/// Implements `Field` for types that contain a slice.
macro_rules! lists {
    ($([$($generics:tt)*] $list:ty;)*) => {
        $(impl<$($generics)*> Field for $list {
            const TYPE: AttributeType = <[T]>::TYPE;
            const MULTI_VALUED: bool = <[T]>::MULTI_VALUED;
            const SLOTS: u32 = <[T]>::SLOTS;

            fn canonical_values() -> &'static [&'static str] {
                T::canonical_values()
            }

            fn describe(description: &mut Description<'_>) {
                T::describe(description);
            }

            #[inline]
            fn any_value(&self, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
                T::any_value_of_list(self, slot, test)
            }

            fn any_element(
                &self,
                slot: u32,
                first: u32,
                test: &mut dyn FnMut(&dyn Record) -> bool,
            ) -> bool {
                <[T]>::any_element(self, slot, first, test)
            }
        })*
    };
}

lists! {
    [T: Field] Vec<T>;
    [T: Field, const N: usize] [T; N];
}

/// Implements `Field` for sets.
macro_rules! sets {
    ($([$($generics:tt)*] $set:ty;)*) => {
        $(impl<$($generics)*> Field for $set {
            const TYPE: AttributeType = T::TYPE;
            const MULTI_VALUED: bool = true;
            const SLOTS: u32 = T::SLOTS;

            fn canonical_values() -> &'static [&'static str] {
                T::canonical_values()
            }

            fn describe(description: &mut Description<'_>) {
                T::describe(description);
            }

            fn any_value(&self, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
                self.iter().any(|value| value.any_value(slot, test))
            }

            fn any_element(
                &self,
                slot: u32,
                first: u32,
                test: &mut dyn FnMut(&dyn Record) -> bool,
            ) -> bool {
                slot == 0
                    && self.iter().any(|value| is_assigned(value) && test(&Element { value, first }))
            }
        })*
    };
}

sets! {
    [T: Field] BTreeSet<T>;
    [T: Field, S] HashSet<T, S>;
}

/// A flattened struct can be optional.
impl<T: Fields> Fields for Option<T> {
    const SLOTS: u32 = T::SLOTS;

    fn describe(description: &mut Description<'_>) {
        T::describe(description);
    }

    fn any_value(&self, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        self.as_ref().is_some_and(|fields| fields.any_value(slot, test))
    }

    fn single_text(&self, slot: u32) -> Option<Option<&str>> {
        self.as_ref()?.single_text(slot)
    }

    fn any_element(
        &self,
        slot: u32,
        first: u32,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        self.as_ref().is_some_and(|fields| fields.any_element(slot, first, test))
    }
}

/// Of any type, as in a schemaless policy: the attribute takes its type from the JSON value.
#[cfg(feature = "serde")]
impl Field for serde_json::Value {
    const TYPE: AttributeType = AttributeType::Any;
    const MULTI_VALUED: bool = true;

    fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match self {
            Self::Array(elements) => {
                elements.iter().any(|element| crate::schema::simple_value(element, test))
            }
            single => crate::schema::simple_value(single, test),
        }
    }

    fn any_element(&self, slot: u32, _: u32, test: &mut dyn FnMut(&dyn Record) -> bool) -> bool {
        Field::any_value(self, slot, &mut |value| {
            value != ValueRef::Complex && test(&crate::schema::SimpleElement(value))
        })
    }
}
