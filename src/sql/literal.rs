//! Converts a literal to the storage of a column: a value that the column can hold, or the position
//! between two of them.

use super::column::ArrayElements;
use super::dialect::Dialect;
use super::expr::SqlExpr;
use super::names::MappedColumn;
use super::storage::Storage;
use super::values::{Param, Values};
use crate::schema::Attribute;
use crate::value::{AttributeType, CaseSensitivity, CivilTime, Value};
use sea_query::{BinOper, Expr, ExprTrait, Func, TypeRef};

/// The position of a literal among the values that a column can hold.
#[derive(Debug)]
pub(super) enum Rank {
    /// Equal to this value.
    Exact(Param),
    /// Greater than this value and less than the next.
    Between(Param),
    /// Less than every value.
    Below,
    /// Greater than every value.
    Above,
    /// No value, and without a position among them.
    Unknown,
}

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400 * MICROS;

/// The years that `DATE` and `DATETIME` of MySQL and four digits can represent.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

/// The positions of the digits of each byte in the text of a UUID.
const DIGITS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

impl Rank {
    pub(super) fn of(value: &Value, storage: &Storage, dialect: Dialect) -> Self {
        match (storage, value) {
            (Storage::Uuid, Value::Text(string)) if uuid(string).is_some() => {
                Self::Exact(Param::Text(string.to_string()))
            }
            (Storage::UuidBytes, Value::Text(string)) => match uuid(string) {
                Some(bytes) => Self::Exact(Param::Bytes(bytes.to_vec())),
                None => Self::Unknown,
            },
            (Storage::Integer, Value::Text(string)) => match string.parse::<i64>() {
                Ok(number) if number.to_string() == **string => Self::Exact(Param::Integer(number)),
                _ => Self::Unknown,
            },
            (Storage::Date, Value::Text(string)) if is_date(string) => {
                Self::Exact(Param::Text(string.to_string()))
            }
            (Storage::Integer, Value::Integer(number)) => Self::Exact(Param::Integer(*number)),
            (Storage::Numeric, Value::Integer(number)) => Self::Exact(match dialect {
                Dialect::Postgres => Param::Text(number.to_string()),
                Dialect::MySql | Dialect::Sqlite => Param::Integer(*number),
            }),
            (Storage::Real, Value::Integer(number)) => real(*number),
            (Storage::Integer, Value::Decimal(number)) => whole(*number),
            (Storage::Real, Value::Decimal(number)) => Self::Exact(Param::Decimal(*number)),
            (Storage::Numeric, Value::Decimal(number)) => numeric(*number, dialect),
            (Storage::Boolean, Value::Boolean(boolean)) => Self::Exact(Param::Boolean(*boolean)),
            (Storage::BooleanText([yes, no]), Value::Boolean(boolean)) => {
                Self::Exact(Param::Text(if *boolean { yes } else { no }.clone()))
            }
            (Storage::Bytes, Value::Binary(bytes)) => Self::Exact(Param::Bytes(bytes.to_vec())),
            // `column_range` replaces finer instants.
            (_, Value::DateTime(time)) => instant(time.micros, storage, dialect),
            _ => Self::Unknown,
        }
    }
}

/// Parses a UUID in lower case with hyphens.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    if [8, 13, 18, 23].iter().any(|hyphen| text.get(*hyphen) != Some(&b'-')) {
        return None;
    }
    let digit = |at: usize| match text.get(at)? {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        digit @ b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 16];
    for (byte, at) in bytes.iter_mut().zip(DIGITS) {
        *byte = digit(at)? << 4 | digit(at + 1)?;
    }
    Some(bytes)
}

/// Returns true for `YYYY-MM-DD`, of a day that exists.
fn is_date(text: &str) -> bool {
    text.len() == 10
        && crate::value::DateTime::parse(&format!("{text}T00:00:00Z"))
            .is_some_and(|instant| CivilTime::of(instant.micros).date() == text)
}

fn real(number: i64) -> Rank {
    #[expect(clippy::cast_precision_loss, reason = "the loss is detected below")]
    let nearest = number as f64;
    // Every binary64 number near a 64-bit integer is an integer that fits into 128 bits.
    #[expect(clippy::cast_possible_truncation, reason = "see above")]
    match (nearest as i128).cmp(&i128::from(number)) {
        std::cmp::Ordering::Equal => Rank::Exact(Param::Decimal(nearest)),
        std::cmp::Ordering::Less => Rank::Between(Param::Decimal(nearest)),
        std::cmp::Ordering::Greater => Rank::Between(Param::Decimal(nearest.next_down())),
    }
}

fn whole(number: f64) -> Rank {
    // 2^63
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let floor = number.floor();
    if floor >= LIMIT {
        return Rank::Above;
    }
    if floor < -LIMIT {
        return Rank::Below;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the range")]
    let param = Param::Integer(floor as i64);
    if floor == number { Rank::Exact(param) } else { Rank::Between(param) }
}

/// The shortest decimal that denotes the number.
fn numeric(number: f64, dialect: Dialect) -> Rank {
    match dialect {
        Dialect::Sqlite => return Rank::Exact(Param::Decimal(number)),
        Dialect::Postgres => return Rank::Exact(Param::Text(number.to_string())),
        Dialect::MySql => {}
    }
    // `DECIMAL(65, 30)` has 35 digits before the point and 30 after it.
    if number >= 1e35 {
        return Rank::Above;
    }
    if number <= -1e35 {
        return Rank::Below;
    }
    let text = number.to_string();
    let places = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if places <= 30 {
        return Rank::Exact(Param::Text(text));
    }
    let end = text.len() - (places - 30);
    let truncated = text.get(..end).unwrap_or(&text).to_owned();
    // Truncation rounds negative numbers up: the next lower value is one unit below.
    match number < 0.0 {
        false => Rank::Between(Param::Text(truncated)),
        true => Rank::Between(Param::Text(one_unit_lower(&truncated))),
    }
}

/// Subtracts a unit of the last digit from a negative decimal.
fn one_unit_lower(text: &str) -> String {
    let (mut carry, mut digits) = (true, Vec::new());
    for byte in text.bytes().rev() {
        digits.push(match byte {
            b'9' if carry => b'0',
            b'0'..=b'8' if carry => {
                carry = false;
                byte + 1
            }
            other => other,
        });
    }
    digits.reverse();
    String::from_utf8(digits).unwrap_or_else(|_| text.to_owned())
}

fn instant(micros: i64, storage: &Storage, dialect: Dialect) -> Rank {
    let unit = match storage {
        Storage::UnixSeconds => MICROS,
        Storage::UnixMillis => 1000,
        Storage::UnixMicros => 1,
        Storage::Date => DAY,
        Storage::Iso8601(digits) => 10_i64.pow(6_u32.saturating_sub(u32::from(*digits))),
        // Of the type; a column of fewer digits holds some of its values.
        Storage::Timestamp | Storage::TimestampTz => 1,
        _ => return Rank::Unknown,
    };
    let floor = micros.div_euclid(unit);
    let civil = CivilTime::of(floor * unit);
    let limited = match storage {
        Storage::Iso8601(_) => true,
        Storage::Date | Storage::Timestamp => dialect == Dialect::MySql,
        _ => false,
    };
    if limited && civil.year < *YEARS.start() {
        return Rank::Below;
    }
    if limited && civil.year > *YEARS.end() {
        return Rank::Above;
    }
    let param = match storage {
        Storage::UnixSeconds | Storage::UnixMillis | Storage::UnixMicros => Param::Integer(floor),
        Storage::Date => Param::Text(before_christ(&civil, civil.date())),
        Storage::Iso8601(digits) => Param::Text(civil.iso8601(usize::from(*digits))),
        Storage::Timestamp => Param::Text(before_christ(&civil, civil.sql())),
        // A plain number for MySQL, which converts it in the session's time zone.
        _ if dialect == Dialect::MySql => Param::Integer(floor),
        _ => Param::Text(before_christ(&civil, civil.sql() + "+00")),
    };
    if floor * unit == micros { Rank::Exact(param) } else { Rank::Between(param) }
}

/// Marks the year 0 as PostgreSQL writes it, 1 BC.
fn before_christ(civil: &CivilTime, text: String) -> String {
    match text.strip_prefix("0000") {
        Some(rest) if civil.year == 0 => format!("0001{rest} BC"),
        _ => text,
    }
}

/// Converts a bound value, or a bound list of values (PostgreSQL), to the type of the column.
///
/// In PostgreSQL the value has the type of the inner cast, both for drivers that send the type of a
/// value and for those that use the one that the server infers.
pub(super) fn operand(dialect: Dialect, storage: &Storage, bound: Expr, list: bool) -> Expr {
    match dialect {
        Dialect::Postgres => postgres(storage, bound, list),
        Dialect::MySql => match storage {
            Storage::Numeric => Func::cast_as(bound, "DECIMAL(65, 30)").into(),
            Storage::Timestamp => Func::cast_as(bound, "DATETIME(6)").into(),
            Storage::Date => Func::cast_as(bound, "DATE").into(),
            _ => bound,
        },
        Dialect::Sqlite => bound,
    }
}

// PERF: sea-query's `AsEnum` writes the same CAST as `Func::cast_as` with one allocation instead of
// four. It quotes the name, so names are those of the catalogue. It leaves out another `AsEnum` inside
// it. Bench item: text to SQL, own tables, scalars.
fn postgres(storage: &Storage, bound: Expr, list: bool) -> Expr {
    let cast = |expr: Expr, name: &'static str, list_name: &'static str| {
        Expr::AsEnum(if list { list_name } else { name }.into(), Box::new(expr))
    };
    let text = |bound: Expr| {
        bound.binary(
            BinOper::Custom("::"),
            Expr::custom_keyword(if list { "text[]" } else { "text" }),
        )
    };
    match storage {
        Storage::Text | Storage::Iso8601(_) | Storage::BooleanText(_) => {
            cast(bound, "text", "text[]")
        }
        Storage::Citext => cast(text(bound), "citext", "citext[]"),
        Storage::Integer | Storage::UnixSeconds | Storage::UnixMillis | Storage::UnixMicros => {
            cast(bound, "int8", "int8[]")
        }
        Storage::Real => cast(bound, "float8", "float8[]"),
        Storage::Numeric => cast(text(bound), "numeric", "numeric[]"),
        Storage::Boolean => cast(bound, "bool", "bool[]"),
        Storage::Bytes | Storage::UuidBytes => cast(bound, "bytea", "bytea[]"),
        Storage::Uuid => cast(text(bound), "uuid", "uuid[]"),
        Storage::TimestampTz => cast(text(bound), "timestamptz", "timestamptz[]"),
        Storage::Timestamp => cast(text(bound), "timestamp", "timestamp[]"),
        Storage::Date => cast(text(bound), "date", "date[]"),
        Storage::Enum { type_name, .. } => {
            let array = if list { "[]" } else { "" };
            let name = match type_name.split_once('.') {
                Some((schema, name)) => {
                    TypeRef::from((schema.to_owned(), format!("{name}{array}")))
                }
                None => TypeRef::from(format!("{type_name}{array}")),
            };
            Func::cast_as_quoted(text(bound), name).into()
        }
    }
}

/// `expr = value` or `expr IN (values)`.
pub(super) fn listed(
    dialect: Dialect,
    expr: Expr,
    storage: &Storage,
    mut params: Vec<Param>,
    values: &mut Values,
    positive: bool,
) -> Expr {
    if params.len() == 1 {
        let param = params.pop().unwrap_or(Param::Null);
        let bound = operand(dialect, storage, values.bind(param).into(), false);
        return if positive { expr.eq(bound) } else { expr.ne(bound) };
    }
    match dialect {
        Dialect::Postgres => {
            let list = operand(dialect, storage, values.bind(Param::List(params)).into(), true);
            match positive {
                true => expr.eq(Func::cust("ANY").arg(list)),
                false => expr.ne(Func::cust("ALL").arg(list)),
            }
        }
        Dialect::MySql | Dialect::Sqlite => {
            let list = params
                .into_iter()
                .map(|param| operand(dialect, storage, values.bind(param).into(), false));
            if positive { expr.is_in(list) } else { expr.is_not_in(list) }
        }
    }
}

/// `array @> values` or `array && values`; `None` if no operator of arrays compares so.
pub(super) fn array_contains(
    mapped: &MappedColumn,
    array: Expr,
    attribute: &Attribute,
    case: CaseSensitivity,
    list: &[Value],
    values: &mut Values,
) -> Option<SqlExpr> {
    let column = &mapped.column;
    let text =
        matches!(attribute.attribute_type(), AttributeType::String | AttributeType::Reference);
    let storage = match &column.stored {
        Some(storage) => storage.clone(),
        None if text => Storage::Text,
        None => return None,
    };
    if text && case != CaseSensitivity::Exact && storage == Storage::Text
        || matches!(storage, Storage::Citext | Storage::Enum { .. })
    {
        return None;
    }
    let dialect = Dialect::Postgres;
    let narrow =
        storage == Storage::Integer && !matches!(column.array, Some(ArrayElements::OfType(_)));
    let params: Vec<Param> = list
        .iter()
        .filter_map(|value| match (value, Rank::of(value, &storage, dialect)) {
            (Value::Text(text), _) if storage == Storage::Text => {
                Some(Param::Text(text.to_string()))
            }
            // Not in the range of `integer[]`.
            (_, Rank::Exact(Param::Integer(number))) if narrow => {
                i32::try_from(number).ok().map(|number| Param::Integer(number.into()))
            }
            (_, Rank::Exact(param)) => Some(param),
            _ => None,
        })
        .collect();
    if params.is_empty() {
        return Some(SqlExpr::constant(false));
    }
    let operator = if params.len() == 1 { "@>" } else { "&&" };
    let bound = operand(dialect, &storage, values.bind(Param::List(params)).into(), true);
    let bound = match &column.array {
        Some(ArrayElements::OfType(name)) => {
            Func::cast_as_quoted(bound, TypeRef::from(format!("{name}[]"))).into()
        }
        _ if narrow => Func::cast_as(bound, "integer[]").into(),
        _ => bound,
    };
    Some(SqlExpr::leaf(array.binary(BinOper::Custom(operator), bound)))
}

/// The bytes of a string in MySQL, in UTF-8 whatever the character set of the column.
pub(super) fn utf8_bytes(string: Expr) -> Expr {
    Func::cast_as(Expr::cust_with_exprs("CONVERT(? USING utf8mb4)", [string]), "BINARY").into()
}

/// The value of a key or a tenant; `None` if the storage cannot represent it.
pub(super) fn key_param(storage: &Storage, key: &str, dialect: Dialect) -> Option<Param> {
    match Rank::of(&Value::Text(key.into()), storage, dialect) {
        Rank::Exact(param) => Some(param),
        Rank::Between(_) | Rank::Below | Rank::Above | Rank::Unknown => None,
    }
}

/// The key column in the order of its text.
pub(super) fn key_order(dialect: Dialect, storage: &Storage, key: Expr) -> Expr {
    match (storage, dialect) {
        (Storage::Text, Dialect::MySql) => utf8_bytes(key),
        (Storage::Text, _) => dialect.byte_ordered(key),
        // The order of MariaDB's `uuid` is not that of its text.
        (Storage::Uuid, Dialect::MySql) => text_form(dialect, storage, key),
        _ => key,
    }
}

/// A key to compare with [`key_order`]. NULL, which selects no row, if the
/// column cannot hold it.
pub(super) fn key_operand(
    dialect: Dialect,
    storage: &Storage,
    key: &Value,
    values: &mut Values,
) -> Expr {
    let param = match (storage, dialect, key) {
        (Storage::Text, _, Value::Text(string))
        | (Storage::Uuid, Dialect::MySql, Value::Text(string)) => {
            return values.put(dialect.bytewise(string)).into();
        }
        _ => match Rank::of(key, storage, dialect) {
            Rank::Exact(param) => param,
            _ => Param::Null,
        },
    };
    operand(dialect, storage, values.put(param).into(), false)
}

/// The value of a string attribute as text in the order of its characters, computed from a column
/// of another type.
pub(super) fn text_form(dialect: Dialect, storage: &Storage, column: Expr) -> Expr {
    let text = match (storage, dialect) {
        (Storage::UuidBytes, _) => return uuid_text(dialect, column),
        (Storage::Uuid, Dialect::Sqlite) => return column,
        (Storage::Uuid, Dialect::MySql) => Func::lower(Func::cast_as(column, "CHAR")).into(),
        (Storage::Date, Dialect::Postgres) => {
            Func::cust("to_char").args([column, Expr::cust("'YYYY-MM-DD'")]).into()
        }
        (_, Dialect::MySql) => Func::cast_as(column, "CHAR").into(),
        (_, Dialect::Postgres | Dialect::Sqlite) => Func::cast_as(column, "text").into(),
    };
    match dialect {
        Dialect::MySql => Func::cast_as(text, "BINARY").into(),
        Dialect::Postgres | Dialect::Sqlite => text,
    }
}

/// The text of a UUID that is stored as bytes.
fn uuid_text(dialect: Dialect, column: Expr) -> Expr {
    let hex: Expr = match dialect {
        Dialect::Postgres => Func::cust("encode").args([column, Expr::cust("'hex'")]).into(),
        Dialect::MySql => Func::lower(Func::cust("hex").arg(column)).into(),
        Dialect::Sqlite => Func::lower(Func::cust("hex").arg(column)).into(),
    };
    let parts = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)].map(|(from, length): (i32, i32)| {
        let range = [hex.clone(), Expr::Constant(from.into()), Expr::Constant(length.into())];
        Expr::from(Func::cust("substr").args(range))
    });
    let hyphen = || Expr::cust("'-'");
    if dialect == Dialect::MySql {
        let [first, parts @ ..] = parts;
        let rest = parts.into_iter().flat_map(|part| [hyphen(), part]);
        let text = Func::cust("concat").args(std::iter::once(first).chain(rest));
        return Func::cast_as(text, "BINARY").into();
    }
    // NULL if the column is.
    let concat = |left: Expr, right: Expr| left.binary(BinOper::Custom("||"), right);
    parts
        .into_iter()
        .reduce(|left, right| concat(concat(left, hyphen()), right))
        .unwrap_or_else(hyphen)
}

#[cfg(test)]
mod tests {
    use super::{Rank, one_unit_lower, uuid};
    use crate::sql::{Dialect, Param, Storage};
    use crate::value::{DateTime, Value};

    #[test]
    fn only_uuids_in_lower_case_with_hyphens_are_uuids() {
        assert!(uuid("3f2a0000-0000-4000-8000-00000000000f").is_some());
        for text in [
            "",
            "nope",
            "3F2A0000-0000-4000-8000-00000000000f",
            "3f2a0000-0000-4000-8000-00000000000",
            "3f2a0000-0000-4000-8000-00000000000ff",
            "3f2a00000000400080000000000000000f",
            "{3f2a0000-0000-4000-8000-0000000000}",
            "3f2a0000-0000-4000-80000-0000000000f",
        ] {
            assert!(uuid(text).is_none(), "{text}");
        }
    }

    #[test]
    fn numbers_have_exact_positions() {
        let rank = |number: f64, storage: &Storage| {
            format!("{:?}", Rank::of(&Value::Decimal(number), storage, Dialect::MySql))
        };
        assert_eq!(rank(2.5, &Storage::Integer), "Between(Integer(2))");
        assert_eq!(rank(-2.5, &Storage::Integer), "Between(Integer(-3))");
        assert_eq!(rank(1e19, &Storage::Integer), "Above");
        assert_eq!(rank(-1e36, &Storage::Numeric), "Below");
        assert_eq!(rank(0.1, &Storage::Numeric), "Exact(Text(\"0.1\"))");
        let zero = format!("0.{}", "0".repeat(30));
        assert_eq!(rank(1e-31, &Storage::Numeric), format!("Between(Text({zero:?}))"));
        let below = format!("-0.{}1", "0".repeat(29));
        assert_eq!(rank(-1e-31, &Storage::Numeric), format!("Between(Text({below:?}))"));
        assert_eq!(one_unit_lower("-1.99"), "-2.00");
        let real = Rank::of(&Value::Integer(i64::MAX), &Storage::Real, Dialect::Postgres);
        assert!(matches!(real, Rank::Between(Param::Decimal(number)) if number < 9.3e18));
    }

    #[test]
    fn instants_are_clamped_to_the_storage() {
        let instant = |micros| Value::DateTime(DateTime::from_micros(micros).into_owned());
        let rank = |micros: i64, storage: &Storage, dialect: Dialect| {
            format!("{:?}", Rank::of(&instant(micros), storage, dialect))
        };
        // 0000-12-31T23:00:00Z and 10000-01-01T00:00:00Z
        let (before, after) = (-62_135_600_400_000_000, 253_402_300_800_000_000);
        for storage in [Storage::Date, Storage::Timestamp, Storage::Iso8601(3)] {
            assert_eq!(rank(before, &storage, Dialect::MySql), "Below");
            assert_eq!(rank(after, &storage, Dialect::MySql), "Above");
        }
        assert_eq!(
            rank(before, &Storage::Timestamp, Dialect::Postgres),
            "Exact(Text(\"0001-12-31 23:00:00.000000 BC\"))"
        );
        assert_eq!(rank(after, &Storage::Date, Dialect::Postgres), "Exact(Text(\"10000-01-01\"))");
        assert_eq!(
            rank(-1, &Storage::Iso8601(3), Dialect::Sqlite),
            "Between(Text(\"1969-12-31T23:59:59.999Z\"))"
        );
        assert_eq!(
            rank(0, &Storage::Iso8601(9), Dialect::Sqlite),
            "Exact(Text(\"1970-01-01T00:00:00.000000000Z\"))"
        );
    }
}
