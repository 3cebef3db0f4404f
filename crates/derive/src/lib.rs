//! `#[derive(Record)]`: records of [scieve](https://docs.rs/scieve) from structs.
//!
//! Use it through the feature `derive` of `scieve`, which documents the attributes.

mod attributes;
mod enumeration;
mod structure;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, Error, parse_macro_input};

/// Implements `scieve::Record` for a struct, and makes structs and enums of unit variants usable as
/// fields of such structs.
///
/// See the documentation of `scieve::derive`.
#[proc_macro_derive(Record, attributes(scieve))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = match &input.data {
        Data::Struct(data) => structure::expand(&input, data),
        Data::Enum(data) => enumeration::expand(&input, data),
        Data::Union(data) => Err(Error::new(
            data.union_token.span,
            "`Record` can be derived for structs with named fields and enums of unit variants",
        )),
    };
    expanded.unwrap_or_else(Error::into_compile_error).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::{enumeration, structure};
    use syn::{Data, DeriveInput, Error};

    /// Returns the message and the marked source of each error.
    fn errors(source: &str) -> Vec<(String, String)> {
        let input: DeriveInput = syn::parse_str(source).unwrap();
        let expanded = match &input.data {
            Data::Struct(data) => structure::expand(&input, data),
            Data::Enum(data) => enumeration::expand(&input, data),
            Data::Union(_) => panic!("union"),
        };
        let marked =
            |error: Error| (error.to_string(), error.span().source_text().unwrap_or_default());
        expanded.err().into_iter().flatten().map(marked).collect()
    }

    #[test]
    fn errors_point_at_the_cause() {
        for (source, message, at) in [
            ("struct A(String);", "needs named fields", "A"),
            ("struct A;", "needs named fields", "A"),
            ("enum A { B, C(u8) }", "a variant with fields", "C"),
            ("struct A { #[scieve(renam = \"x\")] b: u8 }", "expected `rename`", "renam"),
            ("struct A { #[scieve(rename = \"a b\")] b: u8 }", "a name is a letter", "\"a b\""),
            ("struct A { #[scieve(rename = 5)] b: u8 }", "expected string literal", "5"),
            ("struct A { #[scieve(operators(eq, like))] b: u8 }", "expected an operator", "like"),
            ("struct A { #[scieve(flatten, rename = \"x\")] b: B }", "no name of its own", "\"x\""),
            ("struct A { #[scieve(with = 5)] b: B }", "expected a path", "5"),
            ("#[scieve(rename_all = \"x\")] struct A { b: u8 }", "expected `camelCase`", "\"x\""),
            ("#[scieve(tag = \"x\")] enum A { B }", "expected `rename_all`", "tag"),
        ] {
            let found = errors(source);
            assert_eq!(found.len(), 1, "{source}: {found:?}");
            assert!(found[0].0.contains(message), "{source}: {found:?}");
            assert!(found[0].1.starts_with(at), "{source}: {found:?}");
        }
    }

    #[test]
    fn every_field_with_an_error_is_reported() {
        let source = "struct A { #[scieve(x)] b: u8, #[scieve(y)] c: u8, d: u8 }";
        assert_eq!(errors(source).len(), 2);
        assert_eq!(errors("struct A { b: u8 }"), []);
    }
}
