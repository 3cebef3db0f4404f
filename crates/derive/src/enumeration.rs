//! Enums of unit variants, which are strings.

use crate::attributes::{ContainerAttributes, FieldAttributes, RenameRule};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Error, Fields, Result};

pub(crate) fn expand(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let container = ContainerAttributes::parse(&input.attrs)?;
    let rule = container.rename_all.unwrap_or(RenameRule::CamelCase);
    let (mut variants, mut names) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(
                variant,
                "a variant with fields has no value to compare; implement `scieve::derive::Field`",
            ));
        }
        let attributes = FieldAttributes::parse(&variant.attrs)?;
        let name = attributes.rename.map(|name| name.value());
        names.push(name.unwrap_or_else(|| rule.apply(&variant.ident.to_string())));
        variants.push(&variant.ident);
    }
    let ident = &input.ident;
    let (generics, arguments, conditions) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::scieve::derive::Field for #ident #arguments #conditions {
            const TYPE: ::scieve::AttributeType = ::scieve::AttributeType::String;

            fn canonical_values() -> &'static [&'static str] {
                &[#(#names),*]
            }

            #[inline]
            fn any_value(
                &self,
                _: u32,
                test: &mut dyn ::core::ops::FnMut(::scieve::ValueRef<'_>) -> bool,
            ) -> bool {
                let name = match *self { #(Self::#variants => #names,)* };
                test(::scieve::ValueRef::text(name))
            }

            #[inline]
            fn single_text(
                &self,
                _: u32,
            ) -> ::core::option::Option<::core::option::Option<&str>> {
                let name = match *self { #(Self::#variants => #names,)* };
                ::core::option::Option::Some(::core::option::Option::Some(name))
            }
        }
    })
}
