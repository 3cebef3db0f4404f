//! Schemas as documents of RFC 7643.

use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use scieve::{Attribute, AttributeType, CaseSensitivity, Mutability, Returned, Schema, scim};
use std::collections::BTreeMap;

fn assert_round_trip(schema: &Schema) {
    let documents: Vec<String> = schema.to_rfc7643().iter().map(ToString::to_string).collect();
    let texts: Vec<&str> = documents.iter().map(String::as_str).collect();
    assert_eq!(&Schema::from_rfc7643(&texts).unwrap(), schema, "{documents:#?}");
}

#[test]
fn bundled_schemas_round_trip() {
    assert_round_trip(scim::user_schema());
    assert_round_trip(scim::group_schema());
    assert_round_trip(crate::USERS_POLICY.schema());
    assert_round_trip(&Schema::default());
}

#[test]
fn documents_of_user_agree_with_the_published_ones() {
    let own = scim::user_schema().to_rfc7643();
    for published in scim::schema_documents().iter().take(2) {
        let own = own.iter().find(|document| document["id"] == published["id"]).unwrap();
        let by_name = |document: &serde_json::Value| -> BTreeMap<String, serde_json::Value> {
            let attributes = document["attributes"].as_array().unwrap().iter();
            attributes.map(|it| (it["name"].as_str().unwrap().to_owned(), it.clone())).collect()
        };
        let own = by_name(own);
        for (name, attribute) in by_name(published) {
            for member in ["type", "multiValued", "required", "mutability", "returned"] {
                assert_eq!(own[&name][member], attribute[member], "{name}.{member}");
            }
            if attribute["type"] == "string" {
                assert_eq!(own[&name]["caseExact"], attribute["caseExact"], "{name}");
            }
        }
    }
}

fn attribute(path: String, of_type: AttributeType) -> impl Strategy<Value = Attribute> {
    let case = prop_oneof![
        Just(None),
        Just(Some(CaseSensitivity::Exact)),
        Just(Some(CaseSensitivity::Ignore)),
        Just(Some(CaseSensitivity::UsernameCaseMapped)),
    ];
    let mutability = prop_oneof![
        Just(Mutability::ReadWrite),
        Just(Mutability::ReadOnly),
        Just(Mutability::Immutable),
        Just(Mutability::WriteOnly),
    ];
    let returned =
        prop_oneof![Just(Returned::Default), Just(Returned::Always), Just(Returned::Request)];
    let values = proptest::collection::vec("[a-zü\"]{0,3}", 0..3);
    let switches = (any::<bool>(), any::<bool>());
    (case, mutability, returned, values, switches).prop_map(
        move |(case, mutability, returned, values, (many, required))| {
            let mut attribute = Attribute::new(&path, of_type)
                .with_mutability(mutability)
                .with_returned(returned)
                .with_canonical_values(values);
            if let Some(case) = case {
                attribute = attribute.with_case(case);
            }
            if many {
                attribute = attribute.multi_valued();
            }
            if required { attribute.required() } else { attribute }
        },
    )
}

/// An attribute with its sub-attributes.
fn family(name: String) -> impl Strategy<Value = Vec<Attribute>> {
    let simple = proptest::sample::select(
        AttributeType::ALL
            .into_iter()
            .filter(|it| *it != AttributeType::Complex)
            .collect::<Vec<_>>(),
    );
    let one = {
        let name = name.clone();
        simple.clone().prop_flat_map(move |it| attribute(name.clone(), it)).prop_map(|it| vec![it])
    };
    let complex = proptest::collection::vec(simple, 1..4).prop_flat_map(move |types| {
        let subs = types.into_iter().enumerate();
        let subs: Vec<_> = subs.map(|(n, it)| attribute(format!("{name}.s{n}"), it)).collect();
        (attribute(name.clone(), AttributeType::Complex), subs)
            .prop_map(|(parent, subs)| std::iter::once(parent).chain(subs).collect())
    });
    prop_oneof![one, complex]
}

proptest! {
    #[test]
    fn schemas_round_trip(
        core in (0..4_usize).prop_flat_map(|count| {
            (0..count).map(|n| family(format!("a{n}"))).collect::<Vec<_>>()
        }),
        extension in (0..3_usize).prop_flat_map(|count| {
            (0..count).map(|n| family(format!("a{n}"))).collect::<Vec<_>>()
        }),
    ) {
        let extension = extension.into_iter().flatten();
        let extension = extension.map(|it| it.in_extension("urn:example:1.0:Extension"));
        let attributes = core.into_iter().flatten().chain(extension);
        let schema = Schema::new(Some("urn:example:Core"), attributes).unwrap();
        let documents: Vec<String> = schema.to_rfc7643().iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = documents.iter().map(String::as_str).collect();
        prop_assert_eq!(&Schema::from_rfc7643(&texts).unwrap(), &schema);
    }
}
