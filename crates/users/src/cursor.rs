//! Cursors: opaque, authenticated strings that encode the position at which a page of a list ends.
//!
//! A cursor is the unpadded base64url encoding (RFC 4648 section 5) of these fields:
//!
//! ```text
//! version | key id | flags | sort key | id | id above | id below | filter | MAC
//! 1 byte    4        1       string     string  string?    string?    1 + n    16
//! ```
//!
//! A string has a length prefix (see `push`). The cursor contains values instead of a reference to
//! a row, so that it stays valid if the user at the position is deleted. The MAC (HMAC-SHA-256
//! truncated to 128 bits) also covers the tenant: clients can neither forge a cursor nor use one of
//! another tenant.

use super::page::{Position, Window};
use super::sort::{Sort, SortKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

const VERSION: u8 = 1;
const MAC_BYTES: usize = 16;
const KEY_ID_BYTES: usize = 4;
const DIGEST_BYTES: usize = 16;
/// Maximum length in bytes of a filter embedded in a cursor. Of a longer one, the cursor contains
/// only a digest.
const MAX_FILTER_BYTES: usize = 2048;

/// Secret key that authenticates cursors. Servers that share a key accept each other's cursors.
#[derive(Clone)]
pub struct CursorKey {
    secret: [u8; 32],
    id: [u8; KEY_ID_BYTES],
}

impl CursorKey {
    /// Generates a random key.
    ///
    /// # Errors
    /// [`CursorError::NoKey`] if the operating system's random number generator fails.
    pub fn random() -> Result<Self, CursorError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|_| CursorError::NoKey)?;
        Ok(Self::new(&secret))
    }

    /// Derives a key from bytes, which should be secret, random and at least 16 bytes long.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let secret =
            Sha256::new().chain_update(b"scieve cursor key").chain_update(bytes).finalize().into();
        let shown =
            Sha256::new().chain_update(b"scieve cursor key id").chain_update(secret).finalize();
        let mut id = [0; KEY_ID_BYTES];
        id.iter_mut().zip(shown).for_each(|(to, from)| *to = from);
        Self { secret, id }
    }

    fn mac(&self, tenant: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        Some(
            mac.chain_update((tenant.len() as u64).to_be_bytes())
                .chain_update(tenant)
                .chain_update(body),
        )
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(..)")
    }
}

/// Error of decoding a cursor, or of a cursor that does not belong to the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CursorError {
    /// Not a cursor, a modified one, or one of another tenant.
    #[error("not a valid cursor of this server")]
    Invalid,
    /// The cursor was created with another key.
    #[error("the cursor was created with a key that is no longer in use")]
    Foreign,
    /// The cursor is of a list with another order.
    #[error("the cursor was created for another sort order")]
    OtherSort,
    /// The cursor is of a list with another filter.
    #[error("the cursor was created for another filter")]
    OtherFilter,
    /// The filter is too long to be embedded and has to be supplied with the cursor.
    #[error("the filter is too long for the cursor and must be repeated")]
    FilterMissing,
    /// The operating system's random number generator failed.
    #[error("cannot generate a cursor key: no random numbers")]
    NoKey,
}

/// Direction of a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the users after the position.
    Next,
    /// To the users directly before the position.
    Previous,
}

/// The end of a page and the list it belongs to. The page size and the requested members are not
/// part of it.
///
/// ```
/// use scieve_users::{Cursor, CursorError, CursorKey, Direction, Position, Sort};
///
/// let key = CursorKey::random()?;
/// let sort = Sort::default();
/// let last = scieve_users::sample(1).next().unwrap();
/// let cursor = Cursor::new(sort, Direction::Next, Position::of(&last, sort), Some("name pr"));
/// let string = cursor.encode(&key, "tenant-1");
///
/// let decoded = Cursor::decode(&string, &key, "tenant-1")?;
/// assert_eq!(decoded, cursor);
/// assert_eq!(decoded.agrees(None, Some("email pr")), Err(CursorError::OtherFilter));
/// assert_eq!(Cursor::decode(&string, &key, "tenant-2"), Err(CursorError::Invalid));
/// # Ok::<(), CursorError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Order of the list.
    pub sort: Sort,
    /// Direction of the page to fetch.
    pub direction: Direction,
    /// Position at which the page starts.
    pub position: Position,
    /// Lower bound of ids, see [`Query::id_above`](super::Query::id_above).
    pub id_above: Option<String>,
    /// Upper bound of ids, see [`Query::id_below`](super::Query::id_below).
    pub id_below: Option<String>,
    filter: FilterPart,
}

/// The filter of a list as part of a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
enum FilterPart {
    None,
    Text(String),
    Digest([u8; DIGEST_BYTES]),
}

impl Cursor {
    /// Creates a cursor. `filter` is the canonical text of the list's filter, if any.
    #[must_use]
    pub fn new(sort: Sort, direction: Direction, position: Position, filter: Option<&str>) -> Self {
        let filter = match filter {
            None => FilterPart::None,
            Some(text) if text.len() <= MAX_FILTER_BYTES => FilterPart::Text(text.to_owned()),
            Some(text) => FilterPart::Digest(digest(text)),
        };
        Self { sort, direction, position, id_above: None, id_below: None, filter }
    }

    /// Returns the part of the list that the cursor points to.
    #[must_use]
    pub fn window(&self) -> Window {
        match self.direction {
            Direction::Next => Window::After(self.position.clone()),
            Direction::Previous => Window::Before(self.position.clone()),
        }
    }

    /// Returns whether the list has a filter.
    #[must_use]
    pub fn has_filter(&self) -> bool {
        self.filter != FilterPart::None
    }

    /// Returns the canonical text of the list's filter, for requests that do not repeat it.
    ///
    /// # Errors
    /// [`CursorError::FilterMissing`] if the filter is too long to be embedded.
    pub fn filter(&self) -> Result<Option<&str>, CursorError> {
        match &self.filter {
            FilterPart::None => Ok(None),
            FilterPart::Text(text) => Ok(Some(text)),
            FilterPart::Digest(_) => Err(CursorError::FilterMissing),
        }
    }

    /// Checks that the cursor belongs to the list with this order and this canonical filter text.
    /// `None` matches any.
    ///
    /// # Errors
    /// [`CursorError::OtherSort`] if the order differs, [`CursorError::OtherFilter`] if the filter
    /// differs.
    pub fn agrees(&self, sort: Option<Sort>, filter: Option<&str>) -> Result<(), CursorError> {
        if sort.is_some_and(|sort| sort != self.sort) {
            return Err(CursorError::OtherSort);
        }
        let same = match (&self.filter, filter) {
            (_, None) => true,
            (FilterPart::None, Some(_)) => false,
            (FilterPart::Text(embedded), Some(given)) => embedded == given,
            (FilterPart::Digest(embedded), Some(given)) => *embedded == digest(given),
        };
        if same { Ok(()) } else { Err(CursorError::OtherFilter) }
    }

    /// Encodes the cursor for a tenant. The result consists of `A-Z`, `a-z`, `0-9`, `-` and `_`.
    #[must_use]
    pub fn encode(&self, key: &CursorKey, tenant: &str) -> String {
        let mut body = vec![VERSION];
        body.extend(key.id);
        let index = SortKey::ALL.iter().position(|key| *key == self.sort.key).unwrap_or_default();
        let backwards = self.direction == Direction::Previous;
        body.push(
            u8::try_from(index).unwrap_or_default() << 2
                | u8::from(self.sort.descending) << 1
                | u8::from(backwards),
        );
        for string in [
            Some(&self.position.key),
            Some(&self.position.id),
            self.id_above.as_ref(),
            self.id_below.as_ref(),
        ] {
            push(&mut body, string.map(|string| string.as_bytes()));
        }
        match &self.filter {
            FilterPart::None => body.push(0),
            FilterPart::Text(text) => {
                body.push(1);
                push(&mut body, Some(text.as_bytes()));
            }
            FilterPart::Digest(digest) => {
                body.push(2);
                body.extend(digest);
            }
        }
        if let Some(mac) = key.mac(tenant, &body) {
            body.extend(mac.finalize().into_bytes().iter().take(MAC_BYTES));
        }
        URL_SAFE_NO_PAD.encode(&body)
    }

    /// Decodes a cursor of a tenant.
    ///
    /// # Errors
    /// [`CursorError::Foreign`] if the cursor was created with another key,
    /// [`CursorError::Invalid`] if the string is not a cursor, was modified or is of another
    /// tenant.
    pub fn decode(string: &str, key: &CursorKey, tenant: &str) -> Result<Self, CursorError> {
        if string.contains(['=', '+', '/']) {
            return Err(CursorError::Invalid);
        }
        let bytes = URL_SAFE_NO_PAD.decode(string).map_err(|_| CursorError::Invalid)?;
        let (body, tag) = bytes
            .len()
            .checked_sub(MAC_BYTES)
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or(CursorError::Invalid)?;
        let foreign = body
            .get(..=KEY_ID_BYTES)
            .is_some_and(|head| head.first() == Some(&VERSION) && head.get(1..) != Some(&key.id));
        if foreign {
            return Err(CursorError::Foreign);
        }
        let mac = key.mac(tenant, body).ok_or(CursorError::Invalid)?;
        mac.verify_truncated_left(tag).map_err(|_| CursorError::Invalid)?;
        Self::read(&mut Bytes(body)).ok_or(CursorError::Invalid)
    }

    fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        if bytes.byte()? != VERSION {
            return None;
        }
        bytes.take(KEY_ID_BYTES)?;
        let flags = bytes.byte()?;
        let sort =
            Sort { key: *SortKey::ALL.get(usize::from(flags >> 2))?, descending: flags & 2 != 0 };
        let direction = if flags & 1 == 0 { Direction::Next } else { Direction::Previous };
        let position = Position { key: bytes.string()??, id: bytes.string()?? };
        let (id_above, id_below) = (bytes.string()?, bytes.string()?);
        let filter = match bytes.byte()? {
            0 => FilterPart::None,
            1 => FilterPart::Text(bytes.string()??),
            2 => FilterPart::Digest(bytes.take(DIGEST_BYTES)?.try_into().ok()?),
            _ => return None,
        };
        bytes.0.is_empty().then_some(Self { sort, direction, position, id_above, id_below, filter })
    }
}

fn digest(text: &str) -> [u8; DIGEST_BYTES] {
    let mut short = [0; DIGEST_BYTES];
    short.iter_mut().zip(Sha256::digest(text)).for_each(|(to, from)| *to = from);
    short
}

/// Appends an optional string: its length plus one as a LEB128 number, then its bytes; 0 for
/// `None`.
fn push(body: &mut Vec<u8>, string: Option<&[u8]>) {
    let mut length = string.map_or(0, |string| string.len() + 1);
    while length >= 128 {
        body.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    body.push(length as u8);
    body.extend(string.unwrap_or_default());
}

/// The bytes that have not been read yet.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn string(&mut self) -> Option<Option<String>> {
        let mut length = 0_usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            length |= usize::from(byte & 127) << shift;
            if byte & 128 == 0 {
                let Some(length) = length.checked_sub(1) else { return Some(None) };
                return Some(Some(String::from_utf8(self.take(length)?.to_vec()).ok()?));
            }
        }
        None
    }
}
