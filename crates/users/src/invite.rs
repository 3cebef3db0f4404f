//! Invitations: who is to be invited, and what comes of it.

use super::error::StoreError;
use super::timestamp::Timestamp;
use super::user::{Status, User, is_address};
use serde::{Serialize, Serializer};
use serde_json::Value;
use thiserror::Error;

/// Seconds that an invitation lasts: seven days.
pub const INVITE_SECONDS: i64 = 604_800;

/// When an invitation that starts now ends, in seconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn invite_expiry(now: Timestamp) -> i64 {
    now.millis().div_euclid(1000) + INVITE_SECONDS
}

/// Who is to be invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitee {
    /// The e-mail address, as it was given; whether it is one shows in the result.
    pub email: String,
    /// The name of a new user; the e-mail address where there is none.
    pub name: Option<String>,
    /// Whether the mail goes out again to a user who is invited already.
    pub resend: bool,
    /// Of the mail: two letters of ISO 639-1, `en` where none or nothing known was given.
    pub language: String,
}

impl Invitee {
    /// The invitees of a request's body, `{"invitees": [{"email", "name"?, "resend"?, "language"?}]}`. `null` is as good as absent.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for another shape.
    pub fn parse_all(body: &Value) -> Result<Vec<Self>, StoreError> {
        let body = body.as_object().ok_or_else(|| StoreError::invalid("", "expected an object"))?;
        let Some(Value::Array(items)) = body.get("invitees") else {
            return Err(StoreError::invalid("/invitees", "expected an array"));
        };
        items.iter().enumerate().map(|(place, item)| Self::parse(place, item)).collect()
    }

    fn parse(place: usize, item: &Value) -> Result<Self, StoreError> {
        let at = |member: &str| format!("/invitees/{place}{member}");
        let item =
            item.as_object().ok_or_else(|| StoreError::invalid(at(""), "expected an object"))?;
        let text = |member: &str| match item.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(StoreError::invalid(at(&format!("/{member}")), "expected a string")),
        };
        let resend = match item.get("resend") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(resend)) => *resend,
            Some(_) => return Err(StoreError::invalid(at("/resend"), "expected true or false")),
        };
        Ok(Self {
            email: text("email")?
                .ok_or_else(|| StoreError::invalid(at("/email"), "expected a string"))?,
            name: text("name")?.filter(|name| !name.is_empty()),
            resend,
            language: text("language")?
                .and_then(|language| known(&language))
                .unwrap_or_else(|| "en".to_owned()),
        })
    }
}

/// The languages of ISO 639-1, two letters each.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo \
    es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km \
    kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa \
    pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk \
    ur uz ve vi vo wa wo xh yi yo za zh zu";

fn known(language: &str) -> Option<String> {
    let language = language.to_ascii_lowercase();
    LANGUAGES.split_ascii_whitespace().any(|known| known == language).then_some(language)
}

/// What came of an invitation. As JSON it is an item of the answer to an invite request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum InviteResult {
    /// The mail is sent.
    Ok {
        /// As it was given.
        email: String,
        /// The new user, or the one who got the mail again.
        user_id: String,
        /// The user's subject.
        subject: String,
    },
    /// There is such a user; no mail is sent.
    Exists {
        /// As it was given.
        email: String,
        /// The user.
        user_id: String,
        /// The user's subject.
        subject: String,
    },
    /// It failed.
    Error {
        /// What failed.
        code: InviteCode,
        /// The same in words.
        title: String,
        /// More of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
        /// As it was given.
        email: String,
    },
}

/// Why an invitation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InviteCode {
    /// `400`: the address is none.
    BadAddress,
    /// `400`: the address or the name is too long, or has a character that is not taken.
    BadText,
    /// `1001`: the user is active.
    ActiveUser,
    /// `1002`: the user is disabled.
    DisabledUser,
    /// `1003`: the mail could not be sent.
    Mail,
}

impl InviteCode {
    /// The code as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadAddress | Self::BadText => "400",
            Self::ActiveUser => "1001",
            Self::DisabledUser => "1002",
            Self::Mail => "1003",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::BadAddress => "Not an e-mail address",
            Self::BadText => "A text that is not taken",
            Self::ActiveUser => "The user is active already",
            Self::DisabledUser => "The user is disabled",
            Self::Mail => "The invitation could not be sent",
        }
    }
}

impl Serialize for InviteCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl InviteResult {
    /// The mail to the user is sent.
    #[must_use]
    pub fn ok(invitee: &Invitee, user: &User) -> Self {
        Self::Ok {
            email: invitee.email.clone(),
            user_id: user.id.clone(),
            subject: user.subject.clone(),
        }
    }

    /// The user is there.
    #[must_use]
    pub fn exists(invitee: &Invitee, user: &User) -> Self {
        Self::Exists {
            email: invitee.email.clone(),
            user_id: user.id.clone(),
            subject: user.subject.clone(),
        }
    }

    /// It failed.
    #[must_use]
    pub fn error(invitee: &Invitee, code: InviteCode, detail: Option<String>) -> Self {
        Self::Error { code, title: code.title().to_owned(), detail, email: invitee.email.clone() }
    }
}

/// What is to be done about an invitee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Make a user, and send the mail.
    Create,
    /// Send the mail, and let the invitation last anew.
    Renew,
    /// Nothing: there is such a user.
    Exists,
    /// Refuse.
    Refuse(InviteCode),
}

impl Decision {
    /// What is to be done, by the status of the user who has the address (of a user who is not deleted).
    #[must_use]
    pub fn of(invitee: &Invitee, found: Option<Status>) -> Self {
        if !is_address(&invitee.email) {
            return Self::Refuse(InviteCode::BadAddress);
        }
        match (found, invitee.resend) {
            (None | Some(Status::Deleted), _) => Self::Create,
            (Some(Status::Invited | Status::Provisioned), true) => Self::Renew,
            (Some(Status::Invited | Status::Provisioned | Status::Active), false) => Self::Exists,
            (Some(Status::Active), true) => Self::Refuse(InviteCode::ActiveUser),
            (Some(Status::Disabled), _) => Self::Refuse(InviteCode::DisabledUser),
        }
    }

    /// Which of several users with one address an invitation is about: the active before the invited before the disabled.
    #[must_use]
    pub fn rank(status: Status) -> u8 {
        match status {
            Status::Active => 0,
            Status::Invited | Status::Provisioned => 1,
            Status::Disabled => 2,
            Status::Deleted => 3,
        }
    }
}

/// A mail that invites.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Invitation<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// Whom to send it to.
    pub email: &'a str,
    /// What to call him.
    pub name: &'a str,
    /// In which language, two letters of ISO 639-1.
    pub language: &'a str,
    /// The user, who may be stored only after the mail is sent.
    pub user_id: &'a str,
    /// When the invitation ends.
    pub expires: Timestamp,
}

impl<'a> Invitation<'a> {
    /// The mail for an invitee who became, or already is, that user.
    #[must_use]
    pub fn new(invitee: &'a Invitee, user: &'a User) -> Self {
        Self {
            tenant: &user.tenant_id,
            email: &invitee.email,
            name: &user.name,
            language: &invitee.language,
            user_id: &user.id,
            expires: Timestamp::from_millis(
                user.invite_expiry.unwrap_or_default().saturating_mul(1000),
            ),
        }
    }
}

/// A mail could not be sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct MailError(pub String);

/// Sends the mail of an invitation. It is called while no lock is held, and may take its time.
pub trait Mailer: Send + Sync {
    /// Sends it, or hands it to what does.
    ///
    /// # Errors
    /// Where that failed; the invitation is then as if it had never been.
    fn send(&self, invitation: &Invitation<'_>) -> Result<(), MailError>;
}

/// Sends nothing, and is content.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentMailer;

impl Mailer for SilentMailer {
    fn send(&self, _: &Invitation<'_>) -> Result<(), MailError> {
        Ok(())
    }
}
