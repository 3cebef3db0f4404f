//! Errors of the compilation to SQL.

use super::dialect::Dialect;
use crate::schema::Attribute;
use std::fmt;

/// A plan that cannot be compiled to SQL with a mapping. The plan itself is valid, and can be
/// evaluated in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqlError {
    /// The mapping has no column for this attribute.
    NoColumn(Box<str>),
    /// The attribute is multi-valued, and the mapping has no child table for it.
    NoTable(Box<str>),
    /// The attribute ignores case, and the mapping has no column to compare it so.
    NoKey(Box<str>),
    /// The attribute is `caseExact`, and its column ignores case.
    NotExact(Box<str>),
    /// The attribute has no type, so its values have no column type.
    Untyped(Box<str>),
    /// The column of an attribute cannot be stored so; the message states the reason.
    Storage(Box<str>),
    /// The mapping has no sort column for this attribute.
    NotSortable(Box<str>),
    /// The name of a column is not an identifier: 1 to 63 bytes without U+0000.
    BadIdentifier(Box<str>),
    /// The mapping has this tenant column, and no tenant is given
    /// ([`super::CheckedMapping::for_tenant`]).
    NoTenant(Box<str>),
    /// A tenant is given, and the mapping has no tenant column.
    NoTenantColumn,
    /// The tenant cannot be represented in the storage of the tenant column, such as a word in an
    /// `integer` column.
    InvalidTenant {
        /// The tenant.
        tenant: Box<str>,
        /// The storage, as in mapping files.
        storage: &'static str,
    },
    /// The statement has more than [`Dialect::MAX_PARAMETERS`] bound values.
    TooManyParameters,
}

impl SqlError {
    pub(super) fn about(kind: fn(Box<str>) -> Self, attribute: &Attribute) -> Self {
        kind(attribute.to_string().into())
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoColumn(attribute) => write!(f, "the mapping has no column for `{attribute}`"),
            Self::NoTable(attribute) => {
                write!(f, "the mapping has no child table for the multi-valued `{attribute}`")
            }
            Self::NoKey(attribute) => {
                write!(f, "`{attribute}` ignores case, and the mapping has no key column for it")
            }
            Self::NotExact(attribute) => {
                write!(f, "`{attribute}` is case-sensitive, and its column ignores case")
            }
            Self::Untyped(attribute) => {
                write!(f, "`{attribute}` has no type, so no column can be compared with it")
            }
            Self::Storage(message) => f.write_str(message),
            Self::NotSortable(attribute) => {
                write!(f, "the mapping has no sort column for `{attribute}`")
            }
            Self::BadIdentifier(name) => {
                write!(f, "`{}` is not a valid column name", name.escape_debug())
            }
            Self::NoTenant(column) => {
                write!(f, "the mapping has the tenant column `{column}`, but no tenant is given")
            }
            Self::NoTenantColumn => {
                f.write_str("a tenant is given, but the mapping has no tenant column")
            }
            Self::InvalidTenant { tenant, storage } => write!(
                f,
                "the tenant `{}` cannot be represented as `{storage}`, the storage of the tenant \
                 column",
                tenant.escape_debug()
            ),
            Self::TooManyParameters => {
                write!(f, "the filter needs more than {} bound values", Dialect::MAX_PARAMETERS)
            }
        }
    }
}

impl std::error::Error for SqlError {}
