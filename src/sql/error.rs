//! Why a plan has no SQL over a mapping.

use super::dialect::Dialect;
use crate::schema::Attribute;
use std::fmt;

/// A plan that cannot be put into SQL over a mapping. The plan is legal and runs in memory; nothing is left out silently.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqlError {
    /// The mapping names no column for this attribute.
    NoColumn(Box<str>),
    /// The attribute can have several values, and the mapping names no table for them.
    NoTable(Box<str>),
    /// The attribute compares without regard to case, and the mapping stores its text exactly, without a key column.
    NoKey(Box<str>),
    /// The attribute compares with regard to case, and its column without.
    NotExact(Box<str>),
    /// The type of the attribute's values is unknown until a record is seen.
    Untyped(Box<str>),
    /// The mapping names no sort column for this attribute.
    NotSortable(Box<str>),
    /// No identifier: letters, digits and `_`, a digit not first, at most 63.
    BadIdentifier(Box<str>),
    /// The mapping tells tenants apart by this column, and [`super::CheckedMapping::for_tenant`] did not say which is meant.
    NoTenant(Box<str>),
    /// [`super::CheckedMapping::for_tenant`] names a tenant, and the mapping has no column that tells them apart.
    NoTenantColumn,
    /// More bound values than [`Dialect::MAX_PARAMETERS`].
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
            Self::NoTable(attribute) => write!(
                f,
                "`{attribute}` can have several values, and the mapping has no table for them"
            ),
            Self::NoKey(attribute) => write!(
                f,
                "`{attribute}` compares without case, and the mapping has no key column for it"
            ),
            Self::NotExact(attribute) => {
                write!(f, "`{attribute}` compares with case, and its column compares without")
            }
            Self::Untyped(attribute) => {
                write!(f, "`{attribute}` has no type, so no column can be compared with it")
            }
            Self::NotSortable(attribute) => {
                write!(f, "the mapping has no sort column for `{attribute}`")
            }
            Self::BadIdentifier(name) => {
                write!(f, "`{}` is not the name of a column", name.escape_debug())
            }
            Self::NoTenant(column) => write!(
                f,
                "the tables hold many tenants, told apart by `{column}`, and none is named"
            ),
            Self::NoTenantColumn => f.write_str(
                "a tenant is named, and the mapping has no column that tells tenants apart",
            ),
            Self::TooManyParameters => {
                write!(f, "the filter needs more than {} bound values", Dialect::MAX_PARAMETERS)
            }
        }
    }
}

impl std::error::Error for SqlError {}
