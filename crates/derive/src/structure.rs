//! Structs with named fields.
//!
//! Every attribute has a number: the attributes of the fields in the order of the declaration, each
//! complex one followed by its sub-attributes. `Attribute::slot` contains it, so that matching
//! compares numbers only.

use crate::attributes::{
    ContainerAttributes, FieldAttributes, OPERATORS, RenameRule, attribute_name,
};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DataStruct, DeriveInput, Error, Fields, Ident, LitStr, Result, Type, parse_quote};

/// A field that has attributes.
struct Member<'a> {
    ident: &'a Ident,
    /// Reads the field: its type, or the adapter of `with`.
    access: TokenStream,
    describe: TokenStream,
    span: Span,
}

pub(crate) fn expand(input: &DeriveInput, data: &DataStruct) -> Result<TokenStream> {
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(
            &input.ident,
            "`Record` needs named fields, which become the names of attributes",
        ));
    };
    let container = ContainerAttributes::parse(&input.attrs)?;
    let rule = container.rename_all.unwrap_or(RenameRule::CamelCase);
    let mut members = Vec::new();
    let mut errors: Option<Error> = None;
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        match member(ident, &field.ty, FieldAttributes::parse(&field.attrs), rule) {
            Ok(member) => members.extend(member),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    Ok(implementation(input, &container, &members))
}

fn member<'a>(
    ident: &'a Ident,
    field_type: &Type,
    attributes: Result<FieldAttributes>,
    rule: RenameRule,
) -> Result<Option<Member<'a>>> {
    let attributes = attributes?;
    if attributes.skip {
        return Ok(None);
    }
    let span = field_type.span();
    let access = match &attributes.with {
        None => quote_spanned!(span=> <#field_type as ::scieve::derive::Field>),
        Some(with) => {
            quote_spanned!(with.span()=> <#with as ::scieve::derive::FieldAdapter<#field_type>>)
        }
    };
    let describe = if attributes.flatten {
        if let Some(rename) = &attributes.rename {
            return Err(Error::new(rename.span(), "a flattened field has no name of its own"));
        }
        let urn = match &attributes.extension {
            Some(urn) => quote!(::core::option::Option::Some(#urn)),
            None => quote!(::core::option::Option::None),
        };
        quote_spanned!(span=> description.flatten(
            <#field_type as ::scieve::derive::Fields>::describe,
            #urn,
        );)
    } else {
        let name = match &attributes.rename {
            Some(name) => name.clone(),
            None => {
                let name = ident.to_string();
                let name = rule.apply(name.strip_prefix("r#").unwrap_or(&name));
                attribute_name(LitStr::new(&name, ident.span()))?
            }
        };
        let options = options(&attributes);
        quote_spanned!(span=> description.field(
            ::scieve::derive::Described::of(
                #access::TYPE,
                #access::MULTI_VALUED,
                #access::canonical_values(),
                #access::describe,
            ),
            #name,
            #options,
        );)
    };
    let access = match attributes.flatten {
        true => quote_spanned!(span=> <#field_type as ::scieve::derive::Fields>),
        false => access,
    };
    Ok(Some(Member { ident, access, describe, span }))
}

fn options(attributes: &FieldAttributes) -> TokenStream {
    let FieldAttributes { case_exact, operators, canonical, max_count, hidden, .. } = attributes;
    let operators = match operators {
        None => quote!(::core::option::Option::None),
        Some(names) => {
            let variants = names.iter().map(|name| {
                let variant = OPERATORS.iter().find(|(known, _)| name == known);
                format_ident!("{}", variant.map_or("Eq", |(_, variant)| *variant))
            });
            quote!(::core::option::Option::Some(::scieve::Operators::of(
                &[#(::scieve::Operator::#variants),*]
            )))
        }
    };
    let max_count = match max_count {
        Some(count) => quote!(::core::option::Option::Some(#count)),
        None => quote!(::core::option::Option::None),
    };
    quote!(::scieve::derive::FieldOptions {
        case_exact: #case_exact,
        operators: #operators,
        canonical_values: &[#(#canonical),*],
        max_count: #max_count,
        hidden: #hidden,
    })
}

fn implementation(
    input: &DeriveInput,
    container: &ContainerAttributes,
    members: &[Member<'_>],
) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::scieve::derive::Field));
    }
    let (generics, arguments, conditions) = generics.split_for_impl();
    let describe = members.iter().map(|member| &member.describe);
    let slots = members.iter().map(|Member { access, .. }| quote!(#access::SLOTS));
    // The comparison of a constant with each field in turn compiles to a jump table.
    let dispatch = |method: &Ident, rest: TokenStream, missing: TokenStream| {
        let arms = members.iter().map(|Member { ident, access, span, .. }| {
            quote_spanned! {*span=>
                if slot < #access::SLOTS {
                    return #access::#method(&self.#ident, slot #rest);
                }
                let slot = slot - #access::SLOTS;
            }
        });
        quote! {
            #(#arms)*
            let _ = slot;
            #missing
        }
    };
    let any_value = dispatch(
        &parse_quote!(any_value),
        quote!(, test),
        quote!({
            let _ = test;
            false
        }),
    );
    let single_text =
        dispatch(&parse_quote!(single_text), quote!(), quote!(::core::option::Option::None));
    let any_element = dispatch(
        &parse_quote!(any_element),
        quote!(, first, test),
        quote!({
            let _ = (first, test);
            false
        }),
    );
    let schema = match &container.schema {
        Some(urn) => quote!(::core::option::Option::Some(#urn)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #[automatically_derived]
        impl #generics ::scieve::derive::Fields for #ident #arguments #conditions {
            const SLOTS: u32 = 0 #(+ #slots)*;

            fn describe(description: &mut ::scieve::derive::Description<'_>) {
                #(#describe)*
                let _ = description;
            }

            #[inline]
            fn any_value(
                &self,
                slot: u32,
                test: &mut dyn ::core::ops::FnMut(::scieve::ValueRef<'_>) -> bool,
            ) -> bool {
                #any_value
            }

            #[inline]
            fn single_text(
                &self,
                slot: u32,
            ) -> ::core::option::Option<::core::option::Option<&str>> {
                #single_text
            }

            #[inline]
            fn any_element(
                &self,
                slot: u32,
                first: u32,
                test: &mut dyn ::core::ops::FnMut(&dyn ::scieve::Record) -> bool,
            ) -> bool {
                #any_element
            }
        }

        /// As a field of another struct: a complex attribute.
        #[automatically_derived]
        impl #generics ::scieve::derive::Field for #ident #arguments #conditions {
            const TYPE: ::scieve::AttributeType = ::scieve::AttributeType::Complex;
            const SLOTS: u32 = 1 + <Self as ::scieve::derive::Fields>::SLOTS;

            fn describe(description: &mut ::scieve::derive::Description<'_>) {
                <Self as ::scieve::derive::Fields>::describe(description);
            }

            #[inline]
            fn any_value(
                &self,
                slot: u32,
                test: &mut dyn ::core::ops::FnMut(::scieve::ValueRef<'_>) -> bool,
            ) -> bool {
                ::scieve::derive::complex_value(self, slot, test)
            }

            #[inline]
            fn single_text(
                &self,
                slot: u32,
            ) -> ::core::option::Option<::core::option::Option<&str>> {
                ::scieve::derive::Fields::single_text(self, slot.checked_sub(1)?)
            }
        }

        #[automatically_derived]
        impl #generics ::scieve::Record for #ident #arguments #conditions {
            fn slot(attribute: &::scieve::Attribute) -> ::core::option::Option<u32> {
                ::scieve::derive::slot::<Self>(attribute)
            }

            #[inline]
            fn single_text(
                &self,
                attribute: &::scieve::Attribute,
            ) -> ::core::option::Option<::core::option::Option<&str>> {
                ::scieve::derive::Fields::single_text(self, attribute.slot())
            }

            #[inline]
            fn any_value(
                &self,
                attribute: &::scieve::Attribute,
                test: &mut dyn ::core::ops::FnMut(::scieve::ValueRef<'_>) -> bool,
            ) -> bool {
                ::scieve::derive::Fields::any_value(self, attribute.slot(), test)
            }

            fn any_element(
                &self,
                attribute: &::scieve::Attribute,
                test: &mut dyn ::core::ops::FnMut(&dyn ::scieve::Record) -> bool,
            ) -> bool {
                let slot = attribute.slot();
                ::scieve::derive::Fields::any_element(self, slot, slot, test)
            }
        }

        impl #generics #ident #arguments #conditions {
            /// Returns the schema of the derived attributes.
            #[allow(dead_code)]
            pub fn schema() -> ::core::result::Result<::scieve::Schema, ::scieve::SchemaError> {
                ::scieve::derive::schema::<Self>(#schema)
            }

            /// Returns the policy of the derived attributes.
            #[allow(dead_code)]
            pub fn policy()
            -> ::core::result::Result<::scieve::Policy<Self>, ::scieve::SchemaError> {
                ::scieve::derive::policy::<Self>(#schema)
            }
        }
    }
}
