//! The values of a statement: in its expressions, or beside them.

use sea_query::{ArrayType, Value};

/// A value bound to a statement.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
#[non_exhaustive]
pub enum Param {
    /// `NULL`; no filter makes one.
    Null,
    /// A Boolean.
    Boolean(bool),
    /// A 64-bit integer.
    Integer(i64),
    /// A binary64 number.
    Decimal(f64),
    /// A text.
    Text(String),
    /// The bytes of a text, to be bound as bytes: MySQL compares texts as such. As JSON the text. (Bytes of a binary column in MySQL that
    /// happen to be UTF-8 are shown so too.)
    TextBytes(String),
    /// Bytes. As JSON `{"base64": "..."}`.
    Bytes(#[cfg_attr(feature = "serde", serde(serialize_with = "serialize_bytes"))] Vec<u8>),
    /// An array, in PostgreSQL.
    List(Vec<Param>),
}

#[cfg(feature = "serde")]
fn serialize_bytes<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map([("base64", crate::value::base64::encode(bytes))])
}

impl Param {
    fn into_value(self) -> Value {
        match self {
            Self::Null => Value::String(None),
            Self::Boolean(boolean) => boolean.into(),
            Self::Integer(number) => number.into(),
            Self::Decimal(number) => number.into(),
            Self::Text(text) => text.into(),
            Self::TextBytes(text) => text.into_bytes().into(),
            Self::Bytes(bytes) => bytes.into(),
            Self::List(params) => {
                let kind = match params.first() {
                    Some(Self::Boolean(_)) => ArrayType::Bool,
                    Some(Self::Integer(_)) => ArrayType::BigInt,
                    Some(Self::Decimal(_)) => ArrayType::Double,
                    Some(Self::Bytes(_)) => ArrayType::Bytes,
                    _ => ArrayType::String,
                };
                Value::Array(
                    kind,
                    Some(Box::new(params.into_iter().map(Self::into_value).collect())),
                )
            }
        }
    }
}

impl From<Value> for Param {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(Some(boolean)) => Self::Boolean(boolean),
            Value::BigInt(Some(number)) => Self::Integer(number),
            // The bound of LIMIT, which sea-query binds as what it was given as.
            Value::BigUnsigned(Some(number)) => {
                Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
            }
            Value::Double(Some(number)) => Self::Decimal(number),
            Value::String(Some(text)) => Self::Text(text),
            Value::Bytes(Some(bytes)) => Self::Bytes(bytes),
            Value::Array(_, Some(values)) => {
                Self::List(values.into_iter().map(Self::from).collect())
            }
            _ => Self::Null,
        }
    }
}

/// The values of one statement while it is made.
pub(super) struct Values {
    /// How many are bound, and how many tests bind none: they are as much work.
    pub(super) count: usize,
    apart: Option<Vec<Param>>,
}

impl Values {
    /// Values that stand in the expressions.
    pub(super) fn in_place() -> Self {
        Self { count: 0, apart: None }
    }

    /// Values that stand beside the statement, which holds their numbers: sea-query copies every value that it writes.
    pub(super) fn apart() -> Self {
        Self { count: 0, apart: Some(Vec::new()) }
    }

    /// Counts the value, and puts it where it belongs.
    pub(super) fn bind(&mut self, param: Param) -> Value {
        self.count += 1;
        self.put(param)
    }

    /// What stands for the value in an expression.
    pub(super) fn put(&mut self, param: Param) -> Value {
        match &mut self.apart {
            None => param.into_value(),
            Some(apart) => {
                let number = u32::try_from(apart.len()).ok();
                apart.push(param);
                Value::Unsigned(number)
            }
        }
    }

    /// The values in the order in which they were written.
    pub(super) fn in_order_of(self, written: Vec<Value>) -> Vec<Param> {
        let mut apart = self.apart.unwrap_or_default();
        let number =
            |value: &Value| if let Value::Unsigned(number) = value { *number } else { None };
        let mut seen = vec![false; apart.len()];
        let is_first = |number: u32| {
            seen.get_mut(number as usize).is_none_or(|seen| !std::mem::replace(seen, true))
        };
        // Only what is written twice has to be copied, and hardly anything ever is.
        let once = written.iter().filter_map(number).all(is_first);
        let mut take = |param: &mut Param| {
            if once { std::mem::replace(param, Param::Null) } else { param.clone() }
        };
        let param = |value: Value| match number(&value) {
            Some(number) => apart.get_mut(number as usize).map_or(Param::Null, &mut take),
            None => value.into(),
        };
        written.into_iter().map(param).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Param, Values};

    #[test]
    fn values_come_as_they_were_written() {
        let of = |order: &[usize]| {
            let mut values = Values::apart();
            let put: Vec<_> = (0..3).map(|number| values.put(Param::Integer(number))).collect();
            values.in_order_of(
                order.iter().map(|at| put.get(*at).unwrap().clone()).chain([true.into()]).collect(),
            )
        };
        for order in [&[0, 1, 2][..], &[2, 0, 1], &[0, 0, 1, 2], &[1, 1]] {
            let wanted = order
                .iter()
                .map(|at| Param::Integer(i64::try_from(*at).unwrap()))
                .chain([Param::Boolean(true)]);
            assert_eq!(of(order), wanted.collect::<Vec<_>>());
        }
    }
}
