//! The filters in the languages of competitors that do not implement SCIM.

use crate::corpus;

/// Translates a filter to wirefilter; `None` if it cannot express it. Its comparisons are
/// case-sensitive, so both sides are lowercased.
pub(crate) fn to_wirefilter(name: &str) -> Option<String> {
    Some(match name {
        "F1" => r#"name == "bob""#.into(),
        "F2" => r#"(id == "62716ab404a7bd8626af9bd6" or id == "62716ac4c7e500e13ff5fa22") and (status == "active" or status == "disabled")"#.into(),
        // Roles are one field, in which each name is enclosed in separators.
        "F3" => r#"name contains "query" or email contains "query" or subject contains "query" or id == "query" or roles contains "\x1fquery\x1f""#.into(),
        "F4" => r#"(name == "bob" or name == "alice") and (status == "active" or status == "disabled")"#.into(),
        "F7" => corpus::f7().replace(" eq ", " == "),
        "F8" => corpus::f8().replace(" eq ", " == ").to_lowercase(),
        "F9" => corpus::f9().replace(" eq ", " == "),
        _ => return None,
    })
}

/// Translates a filter to CEL.
pub(crate) fn to_cel(name: &str) -> Option<String> {
    Some(match name {
        "F3" => {
            r#"name.contains("query") || email.contains("query") || subject.contains("query") || id == "query" || "query" in roles"#.into()
        }
        "F9" | "F5" | "F6" => return None,
        _ => to_wirefilter(name)?.replace(" and ", " && ").replace(" or ", " || "),
    })
}

/// The fields of the translated filters.
pub(crate) fn scheme() -> &'static wirefilter::Scheme {
    let mut scheme = wirefilter::Scheme::new();
    for field in ["id", "subject", "name", "email", "status", "roles"] {
        scheme.add_field(field.to_owned(), wirefilter::Type::Bytes).expect("names differ");
    }
    Box::leak(Box::new(scheme))
}
