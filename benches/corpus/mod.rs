//! The filters of the benches, of `benches/peers` and of the allocation tests.
#![allow(dead_code, reason = "each user needs a part")]

/// A name and a filter.
pub(crate) type Named = (&'static str, String);

/// A short description of each filter, for reports.
pub(crate) const DESCRIPTIONS: [(&str, &str); 9] = [
    ("F1", "one name"),
    ("F2", "two ids, status"),
    ("F3", "search in five attributes"),
    ("F4", "two names, status"),
    ("F5", "two value paths"),
    ("F6", "URN, prefix, date"),
    ("F7", "100 ids, status"),
    ("F8", "25 nested parentheses"),
    ("F9", "500 clauses"),
];

pub(crate) const F1: &str = r#"name eq "Bob""#;
pub(crate) const F2: &str = r#"(id eq "62716ab404a7bd8626af9bd6" or id eq "62716ac4c7e500e13ff5fa22") and (status eq "active" or status eq "disabled")"#;
pub(crate) const F3: &str = r#"name co "query" or email co "query" or subject co "query" or id eq "query" or assignedRoles.name eq "query""#;
pub(crate) const F4: &str =
    r#"(name eq "Bob" or name eq "Alice") and (status eq "active" or status eq "disabled")"#;
pub(crate) const F5: &str = r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#;
pub(crate) const F6: &str = r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J" and meta.lastModified gt "2011-05-13T04:42:34Z""#;

/// One hundred ids and a group on the status.
pub(crate) fn f7() -> String {
    let ids: Vec<String> =
        (0..100).map(|number| format!("id eq \"62716ab404a7bd8626af{number:04x}\"")).collect();
    format!("({}) and (status eq \"active\" or status eq \"disabled\")", ids.join(" or "))
}

/// One clause in 25 nested parentheses.
pub(crate) fn f8() -> String {
    format!("{}name eq \"Bob\"{}", "(".repeat(25), ")".repeat(25))
}

/// A disjunction of 500 clauses, which is the limit.
pub(crate) fn f9() -> String {
    let clauses: Vec<String> =
        (0..500).map(|number| format!("name eq \"user {number}\"")).collect();
    clauses.join(" or ")
}

/// Filters for the users resource.
pub(crate) fn filters_of_users() -> Vec<Named> {
    let short = [("F1", F1), ("F2", F2), ("F3", F3), ("F4", F4)]
        .map(|(name, text)| (name, text.to_owned()));
    short.into_iter().chain([("F7", f7()), ("F8", f8()), ("F9", f9())]).collect()
}

/// Filters for the User schema of RFC 7643.
pub(crate) fn filters_of_scim() -> Vec<Named> {
    vec![("F5", F5.to_owned()), ("F6", F6.to_owned())]
}

/// All filters.
pub(crate) fn filters() -> Vec<Named> {
    let mut all = filters_of_users();
    all.extend(filters_of_scim());
    all.sort_by_key(|(name, _)| *name);
    all
}

/// Inputs of about `bytes` bytes that take superlinear time in a careless parser.
pub(crate) fn hostile(bytes: usize) -> Vec<Named> {
    let fill = |part: &str| part.repeat(bytes / part.len());
    vec![
        ("parentheses", fill("(")),
        ("not", fill("not(")),
        ("brackets", fill("a[")),
        ("or", fill("a pr or ")),
        ("whitespace", fill(" ")),
        ("word", fill("a")),
        ("colons", fill(":")),
        ("dots", fill("a.")),
        ("quotes", fill("\"")),
        ("string", format!("name eq \"{}\"", "x".repeat(bytes - 11))),
        ("escapes", format!("name eq \"{}\"", "\\\"".repeat((bytes - 11) / 2))),
        ("unicode-escapes", format!("name eq \"{}\"", "\\u00e9".repeat((bytes - 11) / 6))),
        ("combining marks", format!("name eq \"a{}\"", "\u{301}".repeat((bytes - 12) / 2))),
        ("number", format!("name eq {}", "9".repeat(bytes - 8))),
    ]
}

/// The main parts of the user of RFC 7643 section 8.2.
pub(crate) fn resource() -> serde_json::Value {
    serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "2819c223-7f76-453a-919d-413861904646",
        "userName": "jjensen@example.net",
        "name": {"formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara"},
        "displayName": "Babs Jensen",
        "active": true,
        "emails": [
            {"value": "bjensen@example.net", "type": "work", "primary": true},
            {"value": "babs@jensen.org", "type": "home"}
        ],
        "ims": [{"value": "someaimhandle", "type": "aim"}, {"value": "babs@foo.com", "type": "xmpp"}],
        "meta": {"resourceType": "User", "created": "2010-01-23T04:56:22Z", "lastModified": "2011-05-13T04:42:35Z"}
    })
}
