//! Cursors: opaque texts that say where a page of a list ended, and that nobody but a server can make.
//!
//! A cursor is base64url over `version | key | digest | sort | bounds | place | filter | MAC`. It holds values, not a row, so that the
//! user it was made from may be deleted in between. The MAC (HMAC-SHA-256, 128 bits) covers the tenant as well.

use super::page::{Position, Window};
use super::sort::{Sort, SortKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

const VERSION: u8 = 1;
const MAC: usize = 16;
const KEY_ID: usize = 4;
const DIGEST: usize = 16;
/// Bytes of a filter that a cursor carries; of a longer one it holds the digest only.
const CARRIED: usize = 2048;

/// Makes and checks cursors. Servers that share one take each other's cursors.
#[derive(Clone)]
pub struct CursorKey {
    secret: [u8; 32],
    id: [u8; KEY_ID],
}

impl CursorKey {
    /// A key of its own, from the operating system's random numbers.
    ///
    /// # Errors
    /// Where the operating system has none.
    pub fn random() -> Result<Self, CursorError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|_| CursorError::NoKey)?;
        Ok(Self::new(&secret))
    }

    /// The key that these bytes give; they should be secret and random, 16 bytes or more.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let secret =
            Sha256::new().chain_update(b"scieve cursor key").chain_update(bytes).finalize().into();
        let shown =
            Sha256::new().chain_update(b"scieve cursor key id").chain_update(secret).finalize();
        let mut id = [0; KEY_ID];
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

/// Why a cursor is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CursorError {
    /// It is no cursor, was changed, or was made for another tenant or by another server.
    #[error("this is no cursor of this server, or it was changed")]
    Invalid,
    /// It was made with a key that is not this server's.
    #[error("the cursor was made with a key that is no longer in use")]
    Foreign,
    /// It was made for another order.
    #[error("the cursor was made for another sort")]
    OtherSort,
    /// It was made for another filter.
    #[error("the cursor was made for another filter")]
    OtherFilter,
    /// Its filter is too long to be held in it, and was not given again.
    #[error("the filter is too long for the cursor, and has to be given again")]
    FilterMissing,
    /// There are no random numbers to make a key from.
    #[error("no random numbers for a key")]
    NoKey,
}

/// Which way a cursor leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To what follows the place.
    Next,
    /// To what stands just before it.
    Previous,
}

/// Where a page ended, and in which list. It knows neither the limit nor the members that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The order of the list.
    pub sort: Sort,
    /// Which way it leads.
    pub direction: Direction,
    /// The place.
    pub position: Position,
    /// As in [`Query::id_above`](super::Query::id_above).
    pub id_above: Option<String>,
    /// As in [`Query::id_below`](super::Query::id_below).
    pub id_below: Option<String>,
    filter: Held,
}

/// What a cursor knows of the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    Nothing,
    Text(String),
    Digest([u8; DIGEST]),
}

impl Cursor {
    /// A cursor for the list that has this canonical filter text, if any.
    #[must_use]
    pub fn new(sort: Sort, direction: Direction, position: Position, filter: Option<&str>) -> Self {
        let filter = match filter {
            None => Held::Nothing,
            Some(text) if text.len() <= CARRIED => Held::Text(text.to_owned()),
            Some(text) => Held::Digest(digest(text)),
        };
        Self { sort, direction, position, id_above: None, id_below: None, filter }
    }

    /// The part of the list that the cursor leads to.
    #[must_use]
    pub fn window(&self) -> Window {
        match self.direction {
            Direction::Next => Window::After(self.position.clone()),
            Direction::Previous => Window::Before(self.position.clone()),
        }
    }

    /// Whether the list has a filter.
    #[must_use]
    pub fn has_filter(&self) -> bool {
        self.filter != Held::Nothing
    }

    /// The canonical text of the list's filter, for a caller who did not give it again.
    ///
    /// # Errors
    /// [`CursorError::FilterMissing`] where it was too long to be held.
    pub fn filter(&self) -> Result<Option<&str>, CursorError> {
        match &self.filter {
            Held::Nothing => Ok(None),
            Held::Text(text) => Ok(Some(text)),
            Held::Digest(_) => Err(CursorError::FilterMissing),
        }
    }

    /// Whether the cursor is of the list that has this order and this canonical filter text, where the caller gave them again.
    ///
    /// # Errors
    /// [`CursorError::OtherSort`] and [`CursorError::OtherFilter`].
    pub fn agrees(&self, sort: Option<Sort>, filter: Option<&str>) -> Result<(), CursorError> {
        if sort.is_some_and(|sort| sort != self.sort) {
            return Err(CursorError::OtherSort);
        }
        let same = match (&self.filter, filter) {
            (_, None) => true,
            (Held::Nothing, Some(_)) => false,
            (Held::Text(held), Some(given)) => held == given,
            (Held::Digest(held), Some(given)) => *held == digest(given),
        };
        if same { Ok(()) } else { Err(CursorError::OtherFilter) }
    }

    /// The text of the cursor: `A-Z`, `a-z`, `0-9`, `-` and `_`.
    #[must_use]
    pub fn encode(&self, key: &CursorKey, tenant: &str) -> String {
        let mut body = vec![VERSION];
        body.extend(key.id);
        let place = SortKey::ALL.iter().position(|key| *key == self.sort.key).unwrap_or_default();
        let backwards = self.direction == Direction::Previous;
        body.push(
            u8::try_from(place).unwrap_or_default() << 2
                | u8::from(self.sort.descending) << 1
                | u8::from(backwards),
        );
        for text in [
            Some(&self.position.key),
            Some(&self.position.id),
            self.id_above.as_ref(),
            self.id_below.as_ref(),
        ] {
            push(&mut body, text.map(|text| text.as_bytes()));
        }
        match &self.filter {
            Held::Nothing => body.push(0),
            Held::Text(text) => {
                body.push(1);
                push(&mut body, Some(text.as_bytes()));
            }
            Held::Digest(digest) => {
                body.push(2);
                body.extend(digest);
            }
        }
        if let Some(mac) = key.mac(tenant, &body) {
            body.extend(mac.finalize().into_bytes().iter().take(MAC));
        }
        URL_SAFE_NO_PAD.encode(&body)
    }

    /// The cursor that the text is of.
    ///
    /// # Errors
    /// [`CursorError::Invalid`] and [`CursorError::Foreign`].
    pub fn decode(text: &str, key: &CursorKey, tenant: &str) -> Result<Self, CursorError> {
        if text.contains(['=', '+', '/']) {
            return Err(CursorError::Invalid);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError::Invalid)?;
        let (body, tag) = bytes
            .len()
            .checked_sub(MAC)
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or(CursorError::Invalid)?;
        let foreign = body
            .get(..=KEY_ID)
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
        bytes.take(KEY_ID)?;
        let flags = bytes.byte()?;
        let sort =
            Sort { key: *SortKey::ALL.get(usize::from(flags >> 2))?, descending: flags & 2 != 0 };
        let direction = if flags & 1 == 0 { Direction::Next } else { Direction::Previous };
        let position = Position { key: bytes.text()??, id: bytes.text()?? };
        let (id_above, id_below) = (bytes.text()?, bytes.text()?);
        let filter = match bytes.byte()? {
            0 => Held::Nothing,
            1 => Held::Text(bytes.text()??),
            2 => Held::Digest(bytes.take(DIGEST)?.try_into().ok()?),
            _ => return None,
        };
        bytes.0.is_empty().then_some(Self { sort, direction, position, id_above, id_below, filter })
    }
}

fn digest(text: &str) -> [u8; DIGEST] {
    let mut short = [0; DIGEST];
    short.iter_mut().zip(Sha256::digest(text)).for_each(|(to, from)| *to = from);
    short
}

/// The length plus one, seven bits a byte, and the text; 0 for none.
fn push(body: &mut Vec<u8>, text: Option<&[u8]>) {
    let mut length = text.map_or(0, |text| text.len() + 1);
    while length >= 128 {
        body.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    body.push(length as u8);
    body.extend(text.unwrap_or_default());
}

/// What is still to be read.
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

    fn text(&mut self) -> Option<Option<String>> {
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
