//! A derived [`Record`], compared with the same record written by hand.

use crate::measure::{Comparison, Goal, OURS};
use scieve::{Attribute, Policy, Record, ValueRef};
use std::hint::black_box;

#[derive(Record)]
struct Employee {
    user_name: String,
    department: Option<String>,
    active: bool,
    level: i64,
    tags: Vec<String>,
}

/// The same values, with a `Record` that is written by hand.
struct ByHand(Employee);

impl Record for ByHand {
    fn slot(attribute: &Attribute) -> Option<u32> {
        let paths = ["userName", "department", "active", "level", "tags"];
        paths.iter().position(|path| *path == attribute.path()).map(|slot| slot as u32)
    }

    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        match attribute.slot() {
            0 => Some(Some(&self.0.user_name)),
            1 => Some(self.0.department.as_deref()),
            _ => None,
        }
    }

    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match attribute.slot() {
            0 => test(ValueRef::text(&self.0.user_name)),
            1 => self.0.department.as_deref().is_some_and(|text| test(ValueRef::text(text))),
            2 => test(self.0.active.into()),
            3 => test(self.0.level.into()),
            4 => self.0.tags.iter().any(|tag| test(ValueRef::text(tag))),
            _ => false,
        }
    }
}

const FILTERS: [&str; 3] = [
    r#"userName eq "bob" or userName eq "alice""#,
    r#"active eq true and level ge 3 and department co "search""#,
    r#"tags eq "remote" and not (department pr)"#,
];

pub(crate) fn comparisons() -> Vec<Comparison> {
    FILTERS.into_iter().map(comparison).collect()
}

fn comparison(text: &'static str) -> Comparison {
    let derived = Employee::policy().unwrap();
    let by_hand = Policy::<ByHand>::new(derived.schema().clone()).unwrap();
    let (derived, by_hand) = (derived.parse(text).unwrap(), by_hand.parse(text).unwrap());
    let records: Vec<Employee> = (0..1000).map(employee).collect();
    let wrapped: Vec<ByHand> = (0..1000).map(|number| ByHand(employee(number))).collect();
    let count = records.iter().filter(|record| derived.matches(*record)).count();
    assert_eq!(wrapped.iter().filter(|record| by_hand.matches(*record)).count(), count);
    Comparison::new("match a struct, per record", text)
        .competitor_of(OURS, 1000.0, move || {
            records.iter().filter(|record| black_box(&derived).matches(*record)).count()
        })
        .competitor_of("Record by hand", 1000.0, move || {
            wrapped.iter().filter(|record| black_box(&by_hand).matches(*record)).count()
        })
        .goal(Goal::AtMost(1.05, "Record by hand"))
}

fn employee(number: u32) -> Employee {
    let names = ["Bob", "Alice", "Jürgen", "Priya", "Chen"];
    let departments = [None, Some("Research"), Some("Search"), Some("Sales")];
    Employee {
        user_name: names[number as usize % names.len()].to_owned(),
        department: departments[number as usize % departments.len()].map(str::to_owned),
        active: number % 3 != 0,
        level: i64::from(number % 7),
        tags: if number % 2 == 0 { vec!["remote".to_owned()] } else { Vec::new() },
    }
}
