//! A user as it is kept in memory: the texts in one piece, and what many users have in common only once.

use super::marks::Mark;
use super::shared::{Lists, Shared};
use crate::attributes;
use crate::role::{Group, Role};
use crate::timestamp::Timestamp;
use crate::user::{Members, Status, User};
use scieve::Attribute;
use scieve::ValueRef;
use std::sync::Arc;

const TEXTS: usize = 10;

/// A user.
#[derive(Clone)]
pub(super) struct Record {
    texts: Box<str>,
    /// Where each text ends; it begins where the one before it ends.
    ends: [u32; TEXTS],
    /// A bit for each text that the user has.
    present: u16,
    status: Status,
    tenant_id: Arc<str>,
    roles: Arc<Shared<Role>>,
    groups: Arc<Shared<Group>>,
    scopes: Arc<Shared<String>>,
    created_at: Timestamp,
    last_updated_at: Timestamp,
    /// `i64::MIN` for none.
    invite_expiry: i64,
}

/// The lists of a tenant's users.
#[derive(Default)]
pub(super) struct Sharing {
    roles: Lists<Role>,
    groups: Lists<Group>,
    scopes: Lists<String>,
}

impl Record {
    /// The record of a user of that tenant.
    pub(super) fn new(user: &User, tenant_id: Arc<str>, sharing: &mut Sharing) -> Self {
        let texts: [Option<&str>; TEXTS] = [
            Some(&user.id),
            Some(&user.subject),
            Some(&user.name),
            user.email.as_deref(),
            user.client_id.as_deref(),
            user.picture.as_deref(),
            user.locale.as_deref(),
            user.zoneinfo.as_deref(),
            user.preferred_locale.as_deref(),
            user.preferred_zoneinfo.as_deref(),
        ];
        let mut joined = String::with_capacity(texts.iter().flatten().map(|text| text.len()).sum());
        let mut ends = [0; TEXTS];
        let mut present = 0;
        for (place, (text, end)) in texts.iter().zip(&mut ends).enumerate() {
            joined.push_str(text.unwrap_or_default());
            *end = u32::try_from(joined.len()).unwrap_or(u32::MAX);
            present |= u16::from(text.is_some()) << place;
        }
        Self {
            texts: joined.into_boxed_str(),
            ends,
            present,
            status: user.status,
            tenant_id,
            roles: sharing.roles.share(&user.assigned_roles),
            groups: sharing.groups.share(&user.assigned_groups),
            scopes: sharing.scopes.share(&user.assigned_scopes),
            created_at: user.created_at,
            last_updated_at: user.last_updated_at,
            invite_expiry: user.invite_expiry.unwrap_or(i64::MIN),
        }
    }

    /// The codes of the lists, in the order of [`Kind`](super::shared::Kind).
    pub(super) fn codes(&self) -> [u16; 3] {
        [self.roles.code, self.groups.code, self.scopes.code]
    }

    /// The marks of what is in the lists.
    pub(super) fn marks(&self) -> impl Iterator<Item = Mark> {
        self.roles.marks.iter().chain(&self.groups.marks).chain(&self.scopes.marks).copied()
    }

    fn text(&self, place: usize) -> Option<&str> {
        let start = place
            .checked_sub(1)
            .map_or(0, |before| self.ends.get(before).copied().unwrap_or_default());
        let text = self.texts.get(start as usize..*self.ends.get(place)? as usize)?;
        (self.present >> place & 1 == 1).then_some(text)
    }

    /// Looks at all of the text, for who is about to read many records: memory answers that faster than one question after the other.
    pub(super) fn fetch(&self) {
        std::hint::black_box(
            self.texts.as_bytes().iter().step_by(64).fold(0, |all, byte| all ^ byte),
        );
    }

    /// The user.
    pub(super) fn user(&self) -> User {
        let text = |place| self.text(place).map(str::to_owned);
        User {
            id: self.id().to_owned(),
            tenant_id: self.tenant_id.to_string(),
            subject: self.subject().to_owned(),
            name: self.name().to_owned(),
            email: text(3),
            status: self.status,
            assigned_roles: self.roles.list.to_vec(),
            assigned_groups: self.groups.list.to_vec(),
            assigned_scopes: self.scopes.list.to_vec(),
            client_id: text(4),
            picture: text(5),
            locale: text(6),
            zoneinfo: text(7),
            preferred_locale: text(8),
            preferred_zoneinfo: text(9),
            created_at: self.created_at,
            last_updated_at: self.last_updated_at,
            invite_expiry: self.invite_expiry(),
        }
    }
}

impl Members for Record {
    fn id(&self) -> &str {
        self.text(0).unwrap_or_default()
    }

    fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    fn subject(&self) -> &str {
        self.text(1).unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.text(2).unwrap_or_default()
    }

    fn email(&self) -> Option<&str> {
        self.text(3)
    }

    fn status(&self) -> Status {
        self.status
    }

    fn client_id(&self) -> Option<&str> {
        self.text(4)
    }

    fn assigned_roles(&self) -> &[Role] {
        &self.roles.list
    }

    fn assigned_groups(&self) -> &[Group] {
        &self.groups.list
    }

    fn assigned_scopes(&self) -> &[String] {
        &self.scopes.list
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn invite_expiry(&self) -> Option<i64> {
        (self.invite_expiry != i64::MIN).then_some(self.invite_expiry)
    }
}

impl scieve::Record for Record {
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        attributes::any_value(self, attribute, test)
    }

    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn scieve::Record) -> bool,
    ) -> bool {
        attributes::any_element(self, attribute, test)
    }
}
