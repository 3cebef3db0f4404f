//! One test on one value with a [`Storage`], positive or negated. As in [`super::column_test`], the
//! negation is true if there is no value.

use super::column_test::ColumnTest;
use super::dialect::Dialect;
use super::expr::{Connective, SqlExpr};
use super::literal::{Rank, listed, operand, text_form};
use super::storage::Storage;
use super::values::{Param, Values};
use crate::plan::{Predicate, Test};
use crate::value::{CaseSensitivity, Text, Value};
use sea_query::{BinOper, Expr, ExprTrait, Func};

/// A value that tests compare, in the representation of its storage.
pub(super) struct StoredValue<'a> {
    pub(super) dialect: Dialect,
    /// The column or expression, NULL if there is no value.
    pub(super) expr: Expr,
    pub(super) nullable: bool,
    pub(super) storage: &'a Storage,
    pub(super) values: &'a mut Values,
}

/// Maximum distance of the clocks of two time zones, in seconds, and more.
const DAY: i64 = 86_400;

/// The last second of `TIMESTAMP` in MySQL and in MariaDB before 11.5.
const LAST_TIMESTAMP: i64 = 2_147_483_647;

impl StoredValue<'_> {
    /// A condition as [`ColumnTest::test`] returns.
    pub(super) fn test(self, test: &Test, positive: bool) -> SqlExpr {
        use BinOper::{GreaterThan, GreaterThanOrEqual, SmallerThan, SmallerThanOrEqual};
        if let Storage::Enum { labels, .. } = self.storage
            && !matches!(test.predicate, Predicate::Present | Predicate::Never)
        {
            return self.one_of_labels(labels, test, positive);
        }
        match &test.predicate {
            Predicate::Present => self.present(positive),
            Predicate::Equal(value) => self.equal(std::slice::from_ref(value), positive),
            Predicate::Differs(value) => self.equal(std::slice::from_ref(value), !positive),
            Predicate::In(list) => self.equal(list, positive),
            Predicate::Less(value) => self.ordered(test, value, SmallerThan, positive),
            Predicate::LessOrEqual(value) => {
                self.ordered(test, value, SmallerThanOrEqual, positive)
            }
            Predicate::Greater(value) => self.ordered(test, value, GreaterThan, positive),
            Predicate::GreaterOrEqual(value) => {
                self.ordered(test, value, GreaterThanOrEqual, positive)
            }
            Predicate::Contains(_) | Predicate::StartsWith(_) | Predicate::EndsWith(_) => {
                self.text_test(test, positive)
            }
            Predicate::Never | Predicate::Element(_) | Predicate::Untyped(..) => {
                SqlExpr::constant(!positive)
            }
        }
    }

    fn present(self, positive: bool) -> SqlExpr {
        match (self.nullable, positive) {
            (false, _) => SqlExpr::constant(positive),
            (true, true) => SqlExpr::leaf(self.expr.is_not_null()),
            (true, false) => SqlExpr::leaf(self.expr.is_null()),
        }
    }

    /// Equality with one of the values. Values that the storage cannot hold equal nothing.
    fn equal(self, list: &[Value], positive: bool) -> SqlExpr {
        let exact = |value: &Value| match Rank::of(value, self.storage, self.dialect) {
            Rank::Exact(param) => Some(param),
            Rank::Between(_) | Rank::Below | Rank::Above | Rank::Unknown => None,
        };
        let params = list.iter().filter_map(exact).collect();
        self.equal_params(params, positive)
    }

    fn equal_params(self, params: Vec<Param>, positive: bool) -> SqlExpr {
        if params.is_empty() {
            return SqlExpr::constant(!positive);
        }
        let (dialect, storage) = (self.dialect, self.storage);
        if let (Storage::Boolean, Dialect::MySql | Dialect::Sqlite) = (storage, dialect) {
            return self.number_is_true(&params, positive);
        }
        if is_session_time(dialect, storage) {
            return self.equal_timestamp(params, positive);
        }
        // MariaDB's `uuid <> 'x'` is NULL for some strings.
        if let (Storage::Uuid, Dialect::MySql, false) = (storage, dialect, positive) {
            let (expr, values) = (self.expr.clone(), &mut *self.values);
            let differs = params.into_iter().map(|param| {
                let bound = values.bind(param);
                SqlExpr::leaf(Expr::cust_with_exprs("NOT (? <=> ?)", [expr.clone(), bound.into()]))
            });
            let mut differs: Vec<SqlExpr> = differs.collect();
            if !self.nullable {
                differs.push(SqlExpr::leaf(self.expr.clone().is_not_null()));
            }
            let differs = SqlExpr::chain(dialect, Connective::And, differs);
            return self.or_null(differs);
        }
        self.compare(positive, |expr, values| {
            listed(dialect, expr, storage, params, values, positive)
        })
    }

    /// Adds `OR expr IS NULL` to a negated comparison.
    fn compare(
        self,
        positive: bool,
        comparison: impl FnOnce(Expr, &mut Values) -> Expr,
    ) -> SqlExpr {
        let Self { dialect, expr, nullable, values, .. } = self;
        if positive {
            return SqlExpr::leaf(comparison(expr, values));
        }
        let compared = SqlExpr::leaf(comparison(expr.clone(), values));
        or_null(dialect, expr, nullable, compared)
    }

    /// A Boolean that is a number: true unless it is 0. Both values are all values.
    fn number_is_true(self, params: &[Param], positive: bool) -> SqlExpr {
        let [Param::Boolean(boolean)] = params else { return self.present(positive) };
        let operator = if *boolean == positive { BinOper::NotEqual } else { BinOper::Equal };
        self.compare(positive, |expr, _| expr.binary(operator, Expr::Constant(0.into())))
    }

    /// A comparison by order, clamped to the values that the storage can hold.
    fn ordered(self, test: &Test, value: &Value, operator: BinOper, positive: bool) -> SqlExpr {
        use BinOper::{GreaterThan, GreaterThanOrEqual, SmallerThan, SmallerThanOrEqual};
        let greater = matches!(operator, GreaterThan | GreaterThanOrEqual);
        // The order of MariaDB's `uuid` is not that of its text.
        if let (Storage::Uuid, Dialect::MySql) = (self.storage, self.dialect) {
            return self.text_test(test, positive);
        }
        if let (Storage::Integer, Value::Text(_)) = (self.storage, value) {
            return self.text_test(test, positive);
        }
        let (operator, param) = match Rank::of(value, self.storage, self.dialect) {
            Rank::Exact(param) => (operator, param),
            Rank::Between(floor) if greater => (GreaterThan, floor),
            Rank::Between(floor) => (SmallerThanOrEqual, floor),
            Rank::Below if greater => return self.present(positive),
            Rank::Above if !greater => return self.present(positive),
            Rank::Below | Rank::Above => return SqlExpr::constant(!positive),
            Rank::Unknown => return self.text_test(test, positive),
        };
        let operator = match operator {
            operator if positive => operator,
            GreaterThan => SmallerThanOrEqual,
            GreaterThanOrEqual => SmallerThan,
            SmallerThan => GreaterThanOrEqual,
            _ => GreaterThan,
        };
        if let (Param::Integer(micros), true) =
            (&param, is_session_time(self.dialect, self.storage))
        {
            return self.ordered_timestamp(*micros, operator, positive);
        }
        let (dialect, storage) = (self.dialect, self.storage);
        self.compare(positive, |expr, values| {
            let bound = operand(dialect, storage, values.bind(param).into(), false);
            expr.binary(operator, bound)
        })
    }

    /// Compares the text of the value, which no index supports.
    fn text_test(self, test: &Test, positive: bool) -> SqlExpr {
        let text = text_form(self.dialect, self.storage, self.expr.clone());
        let text = ColumnTest::of_text(self.dialect, text, false, self.values);
        let compared = text.test(test, positive);
        match (positive, self.storage) {
            (false, _) => or_null(self.dialect, self.expr, self.nullable, compared),
            // `hex(NULL)` of SQLite is an empty string.
            (true, Storage::UuidBytes) if self.nullable => {
                let present = SqlExpr::leaf(self.expr.is_not_null());
                SqlExpr::chain(self.dialect, Connective::And, vec![present, compared])
            }
            (true, _) => compared,
        }
    }

    /// The labels that satisfy the test, as a list.
    fn one_of_labels(self, labels: &[String], test: &Test, positive: bool) -> SqlExpr {
        // `Differs` is true for every other label.
        let (predicate, positive) = match &test.predicate {
            Predicate::Differs(value) => (&Predicate::Equal(value.clone()), !positive),
            predicate => (predicate, positive),
        };
        let satisfies = |label: &&String| label_satisfies(label, predicate, test.case);
        let found = labels.iter().filter(satisfies);
        let params = found.map(|label| Param::Text(label.clone())).collect();
        self.equal_params(params, positive)
    }

    /// `expr IS NULL OR condition`.
    fn or_null(self, condition: SqlExpr) -> SqlExpr {
        or_null(self.dialect, self.expr, self.nullable, condition)
    }

    /// Equality of a `TIMESTAMP` of MySQL, whatever the time zone of the session.
    fn equal_timestamp(mut self, instants: Vec<Param>, positive: bool) -> SqlExpr {
        let micros: Vec<i64> = instants
            .iter()
            .filter_map(
                |param| if let Param::Integer(micros) = param { Some(*micros) } else { None },
            )
            .collect();
        let (least, greatest) = (micros.iter().min().copied(), micros.iter().max().copied());
        let values = &mut *self.values;
        let mut seconds = micros.iter().map(|micros| seconds(*micros, values));
        let own: Expr = Func::cust("UNIX_TIMESTAMP").arg(self.expr.clone()).into();
        let exact = match (micros.len(), positive) {
            (1, _) => {
                let second = seconds.next().unwrap_or_else(|| Expr::cust("NULL"));
                if positive { own.eq(second) } else { own.ne(second) }
            }
            (_, true) => own.is_in(seconds),
            (_, false) => own.is_not_in(seconds),
        };
        let exact = SqlExpr::leaf(exact);
        if !positive {
            return self.or_null(exact);
        }
        let mut all = self.near(least, greatest);
        all.push(exact);
        SqlExpr::chain(self.dialect, Connective::And, all)
    }

    fn ordered_timestamp(mut self, micros: i64, operator: BinOper, positive: bool) -> SqlExpr {
        let own: Expr = Func::cust("UNIX_TIMESTAMP").arg(self.expr.clone()).into();
        let exact = SqlExpr::leaf(own.binary(operator, seconds(micros, self.values)));
        if !positive {
            return self.or_null(exact);
        }
        let greater = matches!(operator, BinOper::GreaterThan | BinOper::GreaterThanOrEqual);
        let (least, greatest) = if greater { (Some(micros), None) } else { (None, Some(micros)) };
        let mut all = self.near(least, greatest);
        all.push(exact);
        SqlExpr::chain(self.dialect, Connective::And, all)
    }

    /// Bounds for the index, a day wider: a clock time of the session may be ambiguous.
    fn near(&mut self, least: Option<i64>, greatest: Option<i64>) -> Vec<SqlExpr> {
        let least = least.map(|micros| micros.div_euclid(1_000_000) - DAY);
        let greatest = greatest.map(|micros| micros.div_euclid(1_000_000) + DAY);
        let within = |second: &i64| (1..=LAST_TIMESTAMP).contains(second);
        let mut bounds = Vec::new();
        for (second, operator) in [
            (least.filter(within), BinOper::GreaterThanOrEqual),
            (greatest.filter(within), BinOper::SmallerThanOrEqual),
        ] {
            if let Some(second) = second {
                let bound = self.values.bind(Param::Integer(second));
                let time = Func::cust("FROM_UNIXTIME").arg(bound);
                bounds.push(SqlExpr::leaf(self.expr.clone().binary(operator, time)));
            }
        }
        bounds
    }
}

fn or_null(dialect: Dialect, expr: Expr, nullable: bool, condition: SqlExpr) -> SqlExpr {
    match nullable {
        true => {
            let operands = vec![SqlExpr::leaf(expr.is_null()), condition];
            SqlExpr::chain(dialect, Connective::Or, operands)
        }
        false => condition,
    }
}

/// Returns true if the database shows values of the storage in the time zone of the session.
fn is_session_time(dialect: Dialect, storage: &Storage) -> bool {
    dialect == Dialect::MySql && *storage == Storage::TimestampTz
}

/// Seconds since 1970 as an exact decimal.
fn seconds(micros: i64, values: &mut Values) -> Expr {
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    let text = Param::Text(format!("{sign}{whole}.{rest:06}"));
    Func::cast_as(values.bind(text), "DECIMAL(20, 6)").into()
}

/// Returns true if a label satisfies the predicate.
pub(super) fn label_satisfies(label: &str, predicate: &Predicate, case: CaseSensitivity) -> bool {
    let key = Text::operand(label, case);
    let key: &str = &key;
    let operand = |value: &Value| match value {
        Value::Text(operand) => operand.to_string(),
        _ => String::new(),
    };
    match predicate {
        Predicate::Equal(value) => *key == *operand(value),
        Predicate::In(list) => list.iter().any(|value| *key == *operand(value)),
        Predicate::Less(value) => *key < *operand(value),
        Predicate::LessOrEqual(value) => *key <= *operand(value),
        Predicate::Greater(value) => *key > *operand(value),
        Predicate::GreaterOrEqual(value) => *key >= *operand(value),
        Predicate::Contains(substring) => key.contains(substring.as_str()),
        Predicate::StartsWith(prefix) => key.starts_with(&**prefix),
        Predicate::EndsWith(suffix) => key.ends_with(&**suffix),
        Predicate::Present
        | Predicate::Never
        | Predicate::Differs(_)
        | Predicate::Element(_)
        | Predicate::Untyped(..) => false,
    }
}
