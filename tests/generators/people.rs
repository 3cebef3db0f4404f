//! Records with attributes of every type.

use super::RecordModel;
use super::random_values::{Cell, Random, STRINGS};
use scieve::sql::{CheckedMapping, ChildTable, Column, Mapping, sort_text};
use scieve::{
    Attribute, AttributeType, CaseSensitivity, MultiNe, Policy, Record, Schema, ValueRef,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const TYPES: &[&str] = &["work", "home", "Work"];

const ATTRIBUTES: [(&str, AttributeType, bool); 11] = [
    ("id", AttributeType::String, true),
    ("login", AttributeType::String, false),
    ("title", AttributeType::String, false),
    ("code", AttributeType::String, true),
    ("link", AttributeType::Reference, true),
    ("active", AttributeType::Boolean, false),
    ("level", AttributeType::Integer, false),
    ("score", AttributeType::Decimal, false),
    ("born", AttributeType::DateTime, false),
    ("cert", AttributeType::Binary, true),
    ("sure", AttributeType::Boolean, false),
];
type SubAttributes = &'static [(&'static str, AttributeType)];

/// The complex attributes with their maximum number of elements and their sub-attributes.
const COMPLEX: [(&str, usize, SubAttributes); 2] = [
    ("name", 1, &[("name.family", AttributeType::String), ("name.given", AttributeType::String)]),
    (
        "emails",
        3,
        &[
            ("emails.value", AttributeType::String),
            ("emails.type", AttributeType::String),
            ("emails.primary", AttributeType::Boolean),
            ("emails.rank", AttributeType::Integer),
        ],
    ),
];

pub(crate) fn schema() -> Schema {
    let of = |(path, kind, exact): &(&str, AttributeType, bool)| {
        let attribute = Attribute::new(path, *kind);
        match *path {
            "login" => attribute.with_case(CaseSensitivity::UsernameCaseMapped),
            _ => attribute.case_exact(*exact),
        }
    };
    let mut attributes: Vec<Attribute> = ATTRIBUTES.iter().map(of).collect();
    attributes.extend([
        Attribute::new("name", AttributeType::Complex),
        Attribute::new("name.family", AttributeType::String),
        Attribute::new("name.given", AttributeType::String).case_exact(true),
        Attribute::new("emails", AttributeType::Complex).multi_valued(),
        Attribute::new("emails.value", AttributeType::String),
        Attribute::new("emails.type", AttributeType::String).case_exact(true),
        Attribute::new("emails.primary", AttributeType::Boolean),
        Attribute::new("emails.rank", AttributeType::Integer),
        Attribute::new("tags", AttributeType::String).multi_valued(),
        Attribute::new("lucky", AttributeType::Integer).multi_valued(),
    ]);
    Schema::new(None, attributes).unwrap()
}

pub(crate) fn mapping() -> Mapping {
    Mapping::new("people", "id")
        .attribute("id", Column::exact("id").not_null())
        .attribute("login", Column::keyed("login", "login_f").not_null())
        .attribute("title", Column::keyed("title", "title_f").sorted_by("title_sort"))
        .attribute("code", Column::exact("code"))
        .attribute("link", Column::keyed("link", "link_f"))
        .attribute("active", Column::new("active"))
        .attribute("level", Column::new("level"))
        .attribute("score", Column::new("score"))
        .attribute("born", Column::new("born"))
        .attribute("cert", Column::new("cert"))
        .attribute("sure", Column::new("sure").not_null())
        .attribute("name.family", Column::keyed("family", "family_f"))
        .attribute("name.given", Column::exact("given"))
        .child(
            "Emails",
            ChildTable::new("person_emails", "person_id")
                .column("value", Column::keyed("value", "value_f"))
                .column("type", Column::exact("type"))
                .column("primary", Column::new("primary"))
                .column("rank", Column::new("rank")),
        )
        .child(
            "tags",
            ChildTable::new("person_tags", "person_id")
                .value(Column::keyed("tag", "tag_f").not_null()),
        )
        .child("lucky", ChildTable::new("person_lucky", "person_id").value(Column::new("number")))
}

/// Values by path, also within the elements of complex attributes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    values: BTreeMap<&'static str, Vec<Cell>>,
    elements: BTreeMap<&'static str, Vec<Person>>,
}

impl Person {
    pub(crate) fn id(&self) -> &str {
        self.text("id").unwrap()
    }

    /// The sort key of a row.
    pub(crate) fn title_sort(&self) -> String {
        sort_text(self.text("title"))
    }

    fn text(&self, path: &str) -> Option<&str> {
        match self.values.get(path)?.first()? {
            Cell::Text(text) => Some(text),
            other => panic!("{other:?}"),
        }
    }

    fn json(&self) -> Value {
        let mut object = Map::new();
        for (path, cells) in &self.values {
            object.insert((*path).to_owned(), cells.iter().map(Cell::json).collect());
        }
        for (path, elements) in &self.elements {
            object.insert((*path).to_owned(), elements.iter().map(Self::json).collect());
        }
        json!(object)
    }
}

impl Record for Person {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        if let Some(elements) = self.elements.get(attribute.name()) {
            return match attribute.sub_attribute() {
                None => elements.iter().any(|_| test(ValueRef::Complex)),
                Some(_) => elements.iter().any(|element| element.any_value(attribute, test)),
            };
        }
        self.values
            .get(attribute.path())
            .is_some_and(|cells| cells.iter().any(|cell| cell.passes(test)))
    }

    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        self.elements
            .get(attribute.name())
            .is_some_and(|elements| elements.iter().any(|element| test(element)))
    }
}

pub(crate) fn person(random: &mut Random, number: usize) -> Person {
    let mut person = Person::default();
    for (path, kind, _) in ATTRIBUTES {
        let always = matches!(path, "id" | "login" | "sure");
        if always || random.chance(70) {
            let cell = if path == "id" {
                Cell::Text(format!("{number:03}-{}", random.pick(STRINGS)))
            } else {
                random.cell(kind)
            };
            person.values.insert(path, vec![cell]);
        }
    }
    for (attribute, max, sub_attributes) in COMPLEX {
        let elements = (0..random.below(max + 1))
            .map(|_| element(random, sub_attributes))
            .filter(|element| !element.values.is_empty());
        person.elements.insert(attribute, elements.collect());
    }
    let tags = (0..random.below(4)).map(|_| random.cell(AttributeType::String)).collect();
    let lucky = (0..random.below(3)).map(|_| random.cell(AttributeType::Integer)).collect();
    person.values.extend([("tags", tags), ("lucky", lucky)]);
    person
}

fn element(random: &mut Random, sub_attributes: SubAttributes) -> Person {
    let mut element = Person::default();
    for (path, kind) in sub_attributes {
        if random.chance(65) {
            let cell = if *path == "emails.type" {
                Cell::Text((*random.pick(TYPES)).into())
            } else {
                random.cell(*kind)
            };
            element.values.insert(path, vec![cell]);
        }
    }
    element
}

/// The model with every type, every operator and the whole grammar.
pub(crate) struct PeopleModel {
    policies: [Policy<Person>; 2],
    mapping: CheckedMapping,
}

impl PeopleModel {
    pub(crate) fn new() -> Self {
        let policy = |multi_ne| Policy::new(schema()).unwrap().with_multi_ne(multi_ne);
        let policies = [policy(MultiNe::AnyValueDiffers), policy(MultiNe::NoValueEquals)];
        Self { policies, mapping: mapping().check().unwrap() }
    }
}

impl RecordModel for PeopleModel {
    type Record = Person;

    fn name(&self) -> &'static str {
        "people"
    }

    fn policies(&self) -> &[Policy<Person>] {
        &self.policies
    }

    fn mapping(&self) -> &CheckedMapping {
        &self.mapping
    }

    fn whole_grammar(&self) -> bool {
        true
    }

    fn record(&self, random: &mut Random, number: usize) -> Person {
        person(random, number)
    }

    fn id<'r>(&self, record: &'r Person) -> &'r str {
        record.id()
    }

    fn json(&self, record: &Person) -> Value {
        record.json()
    }
}
