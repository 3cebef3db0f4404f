//! Random employees: JSON resources with a value, or none, for each storage and place of
//! `tables.rs`. Strings that a database compares by `lower()` are ASCII, where that agrees.

use crate::generators::RecordModel;
use crate::generators::random_values::{BINARIES, INSTANTS, Random};
use scieve::sql::{CheckedMapping, Dialect};
use scieve::{Attribute, AttributeType, MultiNe, Policy, Schema};
use serde_json::{Map, Value, json};

pub(crate) const LABELS: [&str; 4] = ["active", "on_leave", "terminated", "Zürich"];
pub(crate) const GRADES: [&str; 4] = ["b", "A", "a", "Straße"];
const NUMBERS: [i64; 8] = [0, 1, 5, 6, -6, 100, -1, 32_000];
const WIDE: [i64; 6] = [5, -6, 9_007_199_254_740_992, 9_007_199_254_740_993, i64::MAX, i64::MIN];
const PRICES: [&str; 8] = ["0", "1.5", "0.1", "0.3", "100", "-0.0025", "-1000000000000000", "5"];
const UUIDS: [&str; 5] = [
    "00000000-0000-0000-0000-000000000000",
    "3f2a0000-0000-4000-8000-000000000001",
    "3f2a0000-0000-1000-8000-0000000000ff",
    "a0eebc99-9c0b-7ef8-bb6d-6bb9bd380a11",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
];
pub(crate) const EXTENSION: &str = "urn:example:2.0:Desk";

/// A simple attribute: its path, type, case sensitivity and number of values.
type Simple = (&'static str, AttributeType, bool, bool);

const EXACT: bool = true;
const FOLDED: bool = false;
const ONE: bool = false;
const MANY: bool = true;

#[rustfmt::skip]
const SIMPLE: &[Simple] = &[
    ("id", AttributeType::String, EXACT, ONE),
    ("userName", AttributeType::String, FOLDED, ONE),
    ("login", AttributeType::String, FOLDED, ONE),
    ("displayName", AttributeType::String, FOLDED, ONE),
    ("code", AttributeType::String, EXACT, ONE),
    ("motto", AttributeType::String, FOLDED, ONE),
    ("badge", AttributeType::String, EXACT, ONE),
    ("active", AttributeType::Boolean, FOLDED, ONE),
    ("remote", AttributeType::Boolean, FOLDED, ONE),
    ("age", AttributeType::Integer, FOLDED, ONE),
    ("level", AttributeType::Integer, FOLDED, ONE),
    ("score", AttributeType::Decimal, FOLDED, ONE),
    ("price", AttributeType::Decimal, FOLDED, ONE),
    ("hiredAt", AttributeType::DateTime, FOLDED, ONE),
    ("createdAt", AttributeType::DateTime, FOLDED, ONE),
    ("birthday", AttributeType::DateTime, FOLDED, ONE),
    ("seenAt", AttributeType::DateTime, FOLDED, ONE),
    ("seconds", AttributeType::DateTime, FOLDED, ONE),
    ("millis", AttributeType::DateTime, FOLDED, ONE),
    ("device", AttributeType::String, EXACT, ONE),
    ("token", AttributeType::String, FOLDED, ONE),
    ("number", AttributeType::String, EXACT, ONE),
    ("status", AttributeType::String, FOLDED, ONE),
    ("grade", AttributeType::String, EXACT, ONE),
    ("cert", AttributeType::Binary, EXACT, ONE),
    ("department", AttributeType::String, FOLDED, ONE),
    ("floor", AttributeType::Integer, FOLDED, ONE),
    ("ratio", AttributeType::Decimal, FOLDED, ONE),
    ("parking", AttributeType::Boolean, FOLDED, ONE),
    ("moved", AttributeType::DateTime, FOLDED, ONE),
    ("tags", AttributeType::String, FOLDED, MANY),
    ("codes", AttributeType::String, EXACT, MANY),
    ("numbers", AttributeType::Integer, FOLDED, MANY),
    ("skills", AttributeType::String, FOLDED, MANY),
    ("marks", AttributeType::String, EXACT, MANY),
    ("alias", AttributeType::String, EXACT, ONE),
    ("changed", AttributeType::DateTime, FOLDED, ONE),
    ("nicknames", AttributeType::String, EXACT, MANY),
];

/// A sub-attribute: its path, type and case sensitivity.
type Part = (&'static str, AttributeType, bool);
/// A complex attribute: its name, number of values and sub-attributes.
type Complex = (&'static str, bool, &'static [Part]);

/// The complex attributes, with whether they have several values, and their sub-attributes.
const COMPLEX: &[Complex] = &[
    ("emails", MANY, &EMAIL),
    ("phones", MANY, &EMAIL),
    ("roles", MANY, &EMAIL),
    (
        "manager",
        ONE,
        &[
            ("manager.value", AttributeType::String, EXACT),
            ("manager.displayName", AttributeType::String, FOLDED),
        ],
    ),
    (
        "name",
        ONE,
        &[
            ("name.family", AttributeType::String, FOLDED),
            ("name.given", AttributeType::String, EXACT),
        ],
    ),
];
const EMAIL: [Part; 4] = [
    (".value", AttributeType::String, FOLDED),
    (".type", AttributeType::String, EXACT),
    (".primary", AttributeType::Boolean, FOLDED),
    (".rank", AttributeType::Integer, FOLDED),
];

fn schema() -> Schema {
    let simple = SIMPLE.iter().map(|(path, attribute_type, exact, many)| {
        let attribute = Attribute::new(path, *attribute_type).case_exact(*exact);
        if *many { attribute.multi_valued() } else { attribute }
    });
    let complex = COMPLEX.iter().flat_map(|(name, many, parts)| {
        let whole = Attribute::new(name, AttributeType::Complex);
        let whole = if *many { whole.multi_valued() } else { whole };
        let parts = parts.iter().map(move |(path, attribute_type, exact)| {
            let path =
                if path.starts_with('.') { format!("{name}{path}") } else { (*path).to_owned() };
            Attribute::new(&path, *attribute_type).case_exact(*exact)
        });
        std::iter::once(whole).chain(parts)
    });
    let desk = Attribute::new("room", AttributeType::String).in_extension(EXTENSION);
    Schema::new(None, simple.chain(complex).chain([desk])).unwrap()
}

/// Returns the id of an employee.
pub(crate) fn id(number: usize) -> String {
    match UUIDS.get(number) {
        Some(id) => (*id).to_owned(),
        None => {
            format!("{:08x}-0000-4000-8000-0000000000{:02x}", number * 40_000_003, number)
        }
    }
}

fn ascii(random: &mut Random) -> String {
    loop {
        let text = random.string();
        if text.is_ascii() && text.len() < 200 {
            return text;
        }
    }
}

fn short(random: &mut Random) -> String {
    loop {
        let text = random.string();
        if text.len() < 200 {
            return text;
        }
    }
}

/// Returns an instant between two others, rounded down to a unit, both in microseconds.
fn instant(random: &mut Random, unit: i64, least: i64, greatest: i64) -> Value {
    loop {
        let micros = random.pick(INSTANTS).1.div_euclid(unit) * unit;
        let micros = micros + *random.pick(&[0, 0, 0, unit, -unit]);
        if (least..=greatest).contains(&micros) {
            return rfc3339(micros).into();
        }
    }
}

/// Formats an instant with as many fraction digits as it needs.
pub(crate) fn rfc3339(micros: i64) -> String {
    let instant = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000);
    let instant = instant.unwrap();
    let (date, (hour, minute, second, micros)) = (instant.date(), instant.to_hms_micro());
    let fraction = format!(".{micros:06}");
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!(
        "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z",
        date.year(),
        u8::from(date.month()),
        date.day()
    )
}

const FIRST: i64 = -62_135_596_800_000_000;
const LAST: i64 = 253_402_300_799_999_999;
/// The range of `TIMESTAMP` in MariaDB.
const TIMESTAMPS: (i64, i64) = (1_000_000, 2_147_483_647_000_000);

fn value(random: &mut Random, path: &str) -> Value {
    match path {
        "userName" | "login" | "displayName" | "department" | "tags" | "skills" => {
            ascii(random).into()
        }
        "badge" => ascii(random).into(),
        "code" | "motto" | "codes" | "marks" | "alias" | "nicknames" => short(random).into(),
        "active" | "remote" | "parking" => random.chance(50).into(),
        "age" | "floor" => (*random.pick(&WIDE)).into(),
        "level" | "numbers" => (*random.pick(&NUMBERS)).into(),
        "score" => {
            let numbers = [0.0, 1.5, 0.1, 0.3, 0.300_000_000_000_000_04, 1e300, -2.5e-3, 100.0];
            json!(*random.pick(&numbers))
        }
        "price" | "ratio" => json!(random.pick(&PRICES).parse::<f64>().unwrap()),
        "hiredAt" => instant(random, 1, TIMESTAMPS.0, TIMESTAMPS.1),
        "changed" => {
            let text = random.pick(&[
                "2011-05-13T06:42:34+02:00",
                "2011-05-13T04:42:34.123456Z",
                "2011-05-13t04:42:34.5",
                "1969-12-31T23:59:59.999999Z",
                "0001-01-01T00:00:00Z",
                "9999-12-31T23:59:59.999999Z",
                "2012-02-29T23:30:00-11:30",
            ]);
            (*text).into()
        }
        "createdAt" => instant(random, 1, FIRST, LAST),
        "birthday" => instant(random, 86_400_000_000, FIRST, LAST),
        "seenAt" | "moved" | "millis" => instant(random, 1000, FIRST, LAST),
        "seconds" => instant(random, 1_000_000, FIRST, LAST),
        "device" | "token" => (*random.pick(&UUIDS)).into(),
        "number" => random.pick(&NUMBERS).to_string().into(),
        "status" => (*random.pick(&LABELS)).into(),
        "grade" => (*random.pick(&GRADES)).into(),
        "cert" => random.pick(BINARIES).0.into(),
        other => panic!("{other}"),
    }
}

fn element(random: &mut Random) -> Value {
    let mut element = Map::new();
    if random.chance(75) {
        element.insert("value".into(), ascii(random).into());
    }
    if random.chance(70) {
        element.insert("type".into(), (*random.pick(&["work", "home", "Work", "it's"])).into());
    }
    if random.chance(50) {
        element.insert("primary".into(), random.chance(50).into());
    }
    if random.chance(50) {
        element.insert("rank".into(), (*random.pick(&NUMBERS)).into());
    }
    element.into()
}

fn employee(random: &mut Random, number: usize) -> Value {
    let mut employee = Map::new();
    employee.insert("id".into(), id(number).into());
    employee.insert("userName".into(), ascii(random).into());
    for (path, _, _, many) in &SIMPLE[2..] {
        if *many {
            let values: Vec<Value> = (0..random.below(4)).map(|_| value(random, path)).collect();
            employee.insert((*path).into(), values.into());
        } else if random.chance(70) {
            employee.insert((*path).into(), value(random, path));
        }
    }
    for list in ["emails", "phones", "roles"] {
        let elements: Vec<Value> = (0..random.below(4))
            .map(|_| element(random))
            .filter(|element| element != &json!({}))
            .collect();
        employee.insert(list.into(), elements.into());
    }
    if random.chance(60) {
        let mut name = Map::new();
        if random.chance(70) {
            name.insert("family".into(), ascii(random).into());
        }
        if random.chance(70) {
            name.insert("given".into(), short(random).into());
        }
        employee.insert("name".into(), name.into());
    }
    if random.chance(50) {
        employee.insert(EXTENSION.into(), json!({ "room": ascii(random) }));
    }
    employee.into()
}

/// Sets the managers of employees; some refer to a missing row.
pub(crate) fn appoint_managers(
    random: &mut Random,
    employees: &mut [Value],
) -> Vec<Option<String>> {
    let mut references = Vec::new();
    for at in 0..employees.len() {
        let (reference, manager) = match random.below(10) {
            0..=2 => (None, None),
            3 => (Some("dddddddd-0000-4000-8000-000000000000".to_owned()), None),
            _ => {
                let manager = random.below(employees.len());
                let display = employees[manager].get("displayName").cloned();
                let mut fields = Map::new();
                fields.insert("value".into(), id(manager).into());
                fields.extend(display.map(|display| ("displayName".into(), display)));
                (Some(id(manager)), Some(fields))
            }
        };
        if let Some(manager) = manager {
            employees[at]["manager"] = manager.into();
        }
        references.push(reference);
    }
    references
}

/// Employees in the tables of a dialect.
pub(crate) struct EmployeesModel {
    policies: [Policy<Value>; 2],
    mapping: CheckedMapping,
}

impl EmployeesModel {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let policy = |multi_ne| Policy::new(schema()).unwrap().with_multi_ne(multi_ne);
        let policies = [policy(MultiNe::AnyValueDiffers), policy(MultiNe::NoValueEquals)];
        Self { policies, mapping: super::tables::mapping(dialect) }
    }
}

impl RecordModel for EmployeesModel {
    type Record = Value;

    fn name(&self) -> &'static str {
        "existing"
    }

    fn policies(&self) -> &[Policy<Value>] {
        &self.policies
    }

    fn mapping(&self) -> &CheckedMapping {
        &self.mapping
    }

    fn whole_grammar(&self) -> bool {
        true
    }

    fn record(&self, random: &mut Random, number: usize) -> Value {
        employee(random, number)
    }

    fn id<'r>(&self, record: &'r Value) -> &'r str {
        record["id"].as_str().unwrap()
    }

    fn json(&self, record: &Value) -> Value {
        record.clone()
    }
}
