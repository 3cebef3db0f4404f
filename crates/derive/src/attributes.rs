//! Parses `#[scieve(...)]`.

use heck::{ToKebabCase, ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, LitInt, LitStr, Path, Result, Token, parenthesized};

/// The attributes of a struct or enum.
#[derive(Default)]
pub(crate) struct ContainerAttributes {
    pub(crate) rename_all: Option<RenameRule>,
    /// The URN of the core schema.
    pub(crate) schema: Option<LitStr>,
}

/// How the name of a field or variant becomes the name of an attribute or a value.
#[derive(Clone, Copy)]
pub(crate) enum RenameRule {
    CamelCase,
    PascalCase,
    SnakeCase,
    KebabCase,
    ScreamingSnakeCase,
    Lowercase,
    Uppercase,
    None,
}

/// The attributes of a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) rename: Option<LitStr>,
    pub(crate) case_exact: bool,
    pub(crate) operators: Option<Vec<Ident>>,
    pub(crate) canonical: Vec<LitStr>,
    pub(crate) max_count: Option<LitInt>,
    pub(crate) hidden: bool,
    pub(crate) flatten: bool,
    pub(crate) extension: Option<LitStr>,
    pub(crate) skip: bool,
    pub(crate) with: Option<Path>,
}

impl ContainerAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut parsed = Self::default();
        for_each(attributes, |meta| {
            if meta.path.is_ident("rename_all") {
                let rule: LitStr = meta.value()?.parse()?;
                parsed.rename_all = Some(RenameRule::parse(&rule)?);
            } else if meta.path.is_ident("schema") {
                parsed.schema = Some(meta.value()?.parse()?);
            } else {
                return Err(meta.error("expected `rename_all` or `schema`"));
            }
            Ok(())
        })?;
        Ok(parsed)
    }
}

impl RenameRule {
    fn parse(rule: &LitStr) -> Result<Self> {
        Ok(match rule.value().as_str() {
            "camelCase" => Self::CamelCase,
            "PascalCase" => Self::PascalCase,
            "snake_case" => Self::SnakeCase,
            "kebab-case" => Self::KebabCase,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnakeCase,
            "lowercase" => Self::Lowercase,
            "UPPERCASE" => Self::Uppercase,
            "none" => Self::None,
            _ => {
                return Err(syn::Error::new(
                    rule.span(),
                    "expected `camelCase`, `PascalCase`, `snake_case`, `kebab-case`, \
                     `SCREAMING_SNAKE_CASE`, `lowercase`, `UPPERCASE` or `none`",
                ));
            }
        })
    }

    pub(crate) fn apply(self, name: &str) -> String {
        match self {
            Self::CamelCase => name.to_lower_camel_case(),
            Self::PascalCase => name.to_upper_camel_case(),
            Self::SnakeCase => name.to_snake_case(),
            Self::KebabCase => name.to_kebab_case(),
            Self::ScreamingSnakeCase => name.to_shouty_snake_case(),
            Self::Lowercase => name.to_ascii_lowercase(),
            Self::Uppercase => name.to_ascii_uppercase(),
            Self::None => name.to_owned(),
        }
    }
}

/// The names of the operators, with those of `scieve::Operator`.
pub(crate) const OPERATORS: [(&str, &str); 10] = [
    ("eq", "Eq"),
    ("ne", "Ne"),
    ("co", "Co"),
    ("sw", "Sw"),
    ("ew", "Ew"),
    ("gt", "Gt"),
    ("ge", "Ge"),
    ("lt", "Lt"),
    ("le", "Le"),
    ("pr", "Pr"),
];

impl FieldAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut parsed = Self::default();
        for_each(attributes, |meta| parsed.set(&meta))?;
        Ok(parsed)
    }

    fn set(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "rename" => self.rename = Some(attribute_name(meta.value()?.parse()?)?),
            "case_exact" => self.case_exact = true,
            "operators" => {
                let list;
                parenthesized!(list in meta.input);
                let names = Punctuated::<Ident, Token![,]>::parse_terminated(&list)?;
                for name in &names {
                    if !OPERATORS.iter().any(|(known, _)| name == known) {
                        return Err(syn::Error::new(
                            name.span(),
                            "expected an operator: eq, ne, co, sw, ew, gt, ge, lt, le, pr",
                        ));
                    }
                }
                self.operators = Some(names.into_iter().collect());
            }
            "canonical" => {
                let list;
                parenthesized!(list in meta.input);
                let values = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?;
                self.canonical = values.into_iter().collect();
            }
            "max_count" => self.max_count = Some(meta.value()?.parse()?),
            "hidden" => self.hidden = true,
            "flatten" => self.flatten = true,
            "extension" => {
                self.extension = Some(meta.value()?.parse()?);
                self.flatten = true;
            }
            "skip" => self.skip = true,
            "with" => {
                let value: Expr = meta.value()?.parse()?;
                self.with = Some(match value {
                    Expr::Path(path) => path.path,
                    other => return Err(syn::Error::new_spanned(other, "expected a path")),
                });
            }
            _ => {
                return Err(meta.error(
                    "expected `rename`, `case_exact`, `operators`, `canonical`, `max_count`, \
                     `hidden`, `flatten`, `extension`, `skip` or `with`",
                ));
            }
        }
        Ok(())
    }
}

/// Checks the name of an attribute (RFC 7643 section 2.1).
pub(crate) fn attribute_name(name: LitStr) -> Result<LitStr> {
    let text = name.value();
    let mut bytes = text.bytes();
    let is_name = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'$')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'));
    if is_name {
        return Ok(name);
    }
    Err(syn::Error::new(
        name.span(),
        "a name is a letter or `$`, then letters, digits, `-`, `_` and `$`",
    ))
}

fn for_each(
    attributes: &[Attribute],
    mut set: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("scieve")) {
        attribute.parse_nested_meta(&mut set)?;
    }
    Ok(())
}
