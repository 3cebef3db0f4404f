//! The point of an index from which a page is read.

use super::segment::NameKey;
use super::tenant::Tenant;
use crate::page::Position;
use crate::sort::SortKey;
use std::cmp::Ordering;

/// The start of a scan over an order by key and id.
#[derive(Clone)]
pub(super) enum ScanStart {
    /// The first element in scan direction.
    Edge,
    /// The first element after this key and id in scan direction, or with them if `inclusive`.
    Cursor { key: Vec<u8>, id: String, inclusive: bool },
}

/// A key above all fold keys, as `FF` is not a byte of UTF-8.
const ABOVE_ALL: u8 = u8::MAX;

impl ScanStart {
    /// Converts a cursor of the order by name or id.
    ///
    /// The key of a cursor is a tag and a fold key ([`SortKey::of`]). Every user has a name and an
    /// id, so a cursor with another tag than `1` lies before or after all users.
    pub(super) fn after(cursor: &Position) -> Self {
        let key = match cursor.key.strip_prefix('1') {
            Some(key) => key.as_bytes().to_vec(),
            None if cursor.key.as_str() > "1" => vec![ABOVE_ALL],
            None => Vec::new(),
        };
        Self::Cursor { key, id: cursor.id.clone(), inclusive: false }
    }

    /// Converts a cursor of the order by tenant id to one of the order by id: the users of a tenant
    /// differ in their ids alone. A cursor of another tenant lies before or after all users.
    pub(super) fn after_in_tenant(cursor: &Position, tenant: &Tenant) -> Self {
        let mut own = String::new();
        tenant.user(0).into_iter().for_each(|user| SortKey::TenantId.write(user, &mut own));
        let (key, id) = match cursor.key.cmp(&own) {
            Ordering::Less => (Vec::new(), String::new()),
            Ordering::Equal => (cursor.id.as_bytes().to_vec(), cursor.id.clone()),
            Ordering::Greater => (vec![ABOVE_ALL], String::new()),
        };
        Self::Cursor { key, id, inclusive: false }
    }

    /// Returns the start of the scan in the opposite direction over the remaining elements.
    pub(super) fn reversed(&self) -> Self {
        match self {
            Self::Edge => Self::Edge,
            Self::Cursor { key, id, inclusive } => {
                Self::Cursor { key: key.clone(), id: id.clone(), inclusive: !inclusive }
            }
        }
    }

    /// Returns whether a key is below the first element of an ascending scan.
    pub(super) fn is_below_ascending(&self, key: NameKey<'_>) -> bool {
        match self {
            Self::Edge => false,
            Self::Cursor { key: cursor, id, inclusive } => {
                match key.cmp(&(cursor.as_slice(), id.as_bytes())) {
                    Ordering::Equal => !inclusive,
                    order => order.is_lt(),
                }
            }
        }
    }

    /// Returns whether a key is in the range of a descending scan.
    pub(super) fn is_in_descending(&self, key: NameKey<'_>) -> bool {
        match self {
            Self::Edge => true,
            Self::Cursor { key: cursor, id, inclusive } => {
                match key.cmp(&(cursor.as_slice(), id.as_bytes())) {
                    Ordering::Equal => *inclusive,
                    order => order.is_lt(),
                }
            }
        }
    }
}
