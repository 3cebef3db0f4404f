//! The `Record` trait: `single_text` and `any_value`, with and without fold keys, give the same
//! result.

use scieve::{
    Attribute, AttributeType, CaseSensitivity, Operator, Plan, Policy, Record, Schema, ValueRef,
    fold_key,
};
use std::cell::Cell;

/// The string of every attribute, in each form in which a record can provide it.
#[derive(Debug)]
enum Stored<'t> {
    Single(Option<&'t str>),
    Bare(Option<&'t str>),
    Keyed(Option<(&'t str, &'t str)>),
}

impl Record for Stored<'_> {
    fn any_value(&self, _: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match *self {
            Self::Single(text) | Self::Bare(text) => text.is_some_and(|text| test(text.into())),
            Self::Keyed(both) => both.is_some_and(|(text, key)| test(ValueRef::keyed(text, key))),
        }
    }

    fn single_text(&self, _: &Attribute) -> Option<Option<&str>> {
        match *self {
            Self::Single(text) => Some(text),
            _ => None,
        }
    }
}

fn policy<'t>() -> Policy<Stored<'t>> {
    let attributes = [
        Attribute::new("name", AttributeType::String),
        Attribute::new("code", AttributeType::String).case_exact(true),
        Attribute::new("names", AttributeType::String).multi_valued(),
        Attribute::new("any", AttributeType::Any),
        Attribute::new("anyCode", AttributeType::Any).case_exact(true),
    ];
    Policy::new(Schema::new(None, attributes).unwrap()).unwrap()
}

/// Strings with their fold keys: short and long, equal except for case or normalisation, with
/// shorter and longer keys.
fn strings() -> Vec<(String, String)> {
    let short = [
        "",
        "b",
        "bob",
        "Bob",
        "BOBBY",
        "bobo",
        "zoë",
        "ZOE\u{308}",
        "straße",
        "STRASSE",
        "ﬁ",
        "fi",
        "\u{212a}",
        "K",
        "é",
        "e",
        "aé",
        "AÉ",
        "a{",
        "~",
    ];
    let long = [
        "x".repeat(62),
        "X".repeat(63),
        "x".repeat(64),
        "x".repeat(65),
        "X".repeat(65),
        format!("{}é", "x".repeat(64)),
    ];
    let all = short.map(str::to_owned).into_iter().chain(long);
    all.map(|text| (text.clone(), fold_key(&text).into_owned())).collect()
}

/// Asserts the result for a record of each form.
fn assert_agree<'t>(plan: &Plan<Stored<'t>>, text: Option<(&'t str, &'t str)>, wanted: bool) {
    let plain = text.map(|(text, _)| text);
    for record in [Stored::Single(plain), Stored::Bare(plain), Stored::Keyed(text)] {
        assert_eq!(plan.matches(&record), wanted, "{plan:?} of {record:?}");
    }
}

fn expected(operator: Operator, stored: &str, operand: &str) -> bool {
    match operator {
        Operator::Eq => stored == operand,
        Operator::Ne => stored != operand,
        Operator::Co => stored.contains(operand),
        Operator::Sw => stored.starts_with(operand),
        Operator::Ew => stored.ends_with(operand),
        Operator::Gt => stored > operand,
        Operator::Ge => stored >= operand,
        Operator::Lt => stored < operand,
        Operator::Le => stored <= operand,
        _ => panic!("{operator} takes no operand"),
    }
}

#[test]
fn every_operator_agrees_on_strings_and_fold_keys() {
    let texts = strings();
    for operator in Operator::ALL.into_iter().filter(|operator| operator.takes_value()) {
        for (operand, operand_key) in &texts {
            for (attribute, ignores) in [
                ("name", true),
                ("code", false),
                ("names", true),
                ("any", true),
                ("anyCode", false),
            ] {
                let plan =
                    policy().parse(&format!("{attribute} {operator} \"{operand}\"")).unwrap();
                for (text, key) in &texts {
                    let wanted = if ignores {
                        expected(operator, key, operand_key)
                    } else {
                        expected(operator, text, operand)
                    };
                    assert_agree(&plan, Some((text, key)), wanted);
                }
                assert_agree(&plan, None, operator == Operator::Ne);
            }
        }
    }
    for attribute in ["name", "code", "any"] {
        let plan = policy().parse(&format!("{attribute} pr")).unwrap();
        assert_agree(&plan, Some(("", "")), true);
        assert_agree(&plan, None, false);
    }
}

#[test]
fn in_lists_of_any_length_match_their_members() {
    let texts = strings();
    for count in [2, 3, 4, 5, 9, 20] {
        for from in 0..texts.len() {
            let listed: Vec<&(String, String)> =
                texts.iter().cycle().skip(from).take(count).collect();
            for (attribute, ignores) in [("name", true), ("code", false)] {
                let clauses: Vec<String> = listed
                    .iter()
                    .map(|(operand, _)| format!("{attribute} eq \"{operand}\""))
                    .collect();
                let plan = policy().parse(&clauses.join(" or ")).unwrap();
                for (text, key) in &texts {
                    let is = |operand: &&(String, String)| {
                        if ignores { operand.1 == *key } else { operand.0 == *text }
                    };
                    assert_agree(&plan, Some((text, key)), listed.iter().any(is));
                }
                assert_agree(&plan, None, false);
            }
        }
    }
}

#[test]
fn or_chains_evaluate_all_tests() {
    // Adjacent tests of one attribute, and single ones.
    let clauses = [
        r#"name co "1""#,
        r#"name sw "2""#,
        r#"name ew "3""#,
        r#"code co "4""#,
        r#"code sw "5""#,
        r#"name co "6""#,
    ];
    for first in 0..clauses.len() {
        let turned = [&clauses[first..], &clauses[..first]].concat();
        let plan = policy().parse(&turned.join(" or ")).unwrap();
        for text in ["1", "2", "3", "4", "5", "6", "7"] {
            assert_agree(&plan, Some((text, text)), text != "7");
        }
        assert_agree(&plan, None, false);
    }
}

/// `single_text` is called once, and a fold key that the record provides is not computed again.
#[test]
fn provided_strings_and_keys_are_not_recomputed() {
    #[derive(Default)]
    struct CountedRecord(Cell<usize>);
    impl Record for CountedRecord {
        fn any_value(
            &self,
            attribute: &Attribute,
            _: &mut dyn FnMut(ValueRef<'_>) -> bool,
        ) -> bool {
            panic!("`any_value` of {attribute} was called")
        }

        fn single_text(&self, _: &Attribute) -> Option<Option<&str>> {
            self.0.set(self.0.get() + 1);
            Some(Some("Bob"))
        }
    }
    let filters = [
        "name eq \"bob\"",
        "name ne \"al\"",
        "name co \"ob\"",
        "name sw \"bo\"",
        "name ew \"ob\"",
        "name pr",
        "any eq \"bob\"",
        "any co \"ob\"",
        "any gt \"al\"",
        "name gt \"al\"",
        "name le \"bob\"",
        "name ge \"bob\"",
        "name lt \"z\"",
        "names ne \"al\"",
        "name eq \"al\" or name eq \"bob\"",
        "name co \"al\" or name co \"bob\"",
        "any eq \"al\" or any eq \"bob\"",
        "name eq \"al\" or name eq \"bob\" or name eq \"cy\" or name eq \"di\" or name eq \"ed\" or name eq \"flo\"",
    ];
    let schema = policy().schema().clone();
    let known = Policy::<CountedRecord>::new(schema).unwrap();
    for filter in filters {
        let record = CountedRecord::default();
        assert!(known.parse(filter).unwrap().matches(&record), "{filter}");
        assert_eq!(record.0.get(), 1, "{filter}");
        assert!(
            policy()
                .parse(&filter.replace('b', "k"))
                .unwrap()
                .matches(&Stored::Keyed(Some(("other", "kok")))),
            "{filter}"
        );
    }
}

/// A record that implements only `any_value`.
struct Tagged(Vec<&'static str>, Vec<i64>);

impl Record for Tagged {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        match attribute.path() {
            "tags" => self.0.iter().any(|tag| test(ValueRef::text(tag))),
            "ports" => self.1.iter().any(|port| test(ValueRef::Integer(*port))),
            _ => false,
        }
    }
}

#[test]
fn brackets_select_simple_values_of_any_record() {
    let attributes = [
        Attribute::new("tags", AttributeType::String).multi_valued(),
        Attribute::new("ports", AttributeType::Integer).multi_valued(),
    ];
    let typed = Policy::<Tagged>::new(Schema::new(None, attributes).unwrap()).unwrap();
    let schemaless = Policy::<Tagged>::schemaless(CaseSensitivity::Ignore);
    let record = Tagged(vec!["Lab", "office"], vec![80, 443]);
    for (filter, expected) in [
        (r#"tags[value eq "lab"]"#, true),
        (r#"tags[VALUE eq "attic"]"#, false),
        (r#"tags[value ne "lab"]"#, true),
        (r#"not (tags[value eq "lab"])"#, false),
        (r#"not (tags[value sw "x"])"#, true),
        (r#"tags[value sw "l" and value ew "b"]"#, true),
        (r#"tags[value sw "l" and value ew "e"]"#, false),
        (r#"tags[not (value eq "lab") and value pr]"#, true),
        (r#"tags[value eq "lab" or value eq "x"]"#, true),
        ("tags[value eq null]", false),
        ("ports[value gt 80 and value lt 500]", true),
        ("ports[value gt 443]", false),
    ] {
        for policy in [&typed, &schemaless] {
            let plan = policy.parse(filter).unwrap();
            assert_eq!(plan.matches(&record), expected, "{filter}");
            assert!(!policy.parse("tags[value pr]").unwrap().matches(&Tagged(vec![], vec![])));
        }
    }
}
