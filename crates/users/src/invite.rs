//! Invitations by e-mail: parsing of a request, the decision per invitee, and its result.

use super::error::StoreError;
use super::string_limits::check_user;
use super::timestamp::Timestamp;
use super::user::{NOT_DISPLAYABLE, Status, User, is_displayable, is_email_address};
use serde::{Serialize, Serializer};
use serde_json::Value;
use thiserror::Error;

/// Validity of an invitation in seconds: seven days.
pub const INVITE_SECONDS: i64 = 604_800;

/// Maximum number of invitees in a request. Each of them causes an e-mail, but the whole request
/// counts once towards a rate limit.
pub const MAX_INVITEES: usize = 500;

/// Returns the expiry of an invitation that starts at `now`, as a Unix time in seconds.
#[must_use]
pub fn invite_expiry(now: Timestamp) -> i64 {
    now.millis().div_euclid(1000) + INVITE_SECONDS
}

/// A person to invite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitee {
    /// E-mail address as given. It is validated when the invitation is processed.
    pub email: String,
    /// Name of the user to create; defaults to the e-mail address.
    pub name: Option<String>,
    /// Sends the mail again if the user is already invited.
    pub resend: bool,
    /// Language of the mail as an ISO 639-1 code; `en` if absent or unknown.
    pub language: String,
}

impl Invitee {
    /// Parses the body of an invite request,
    /// `{"invitees": [{"email", "name"?, "resend"?, "language"?}]}`. `null` counts as absent.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if a member has another type, `email` is missing, or there are more
    /// than [`MAX_INVITEES`] invitees.
    pub fn parse_all(body: &Value) -> Result<Vec<Self>, StoreError> {
        let body = body.as_object().ok_or_else(|| StoreError::invalid("", "expected an object"))?;
        let Some(Value::Array(items)) = body.get("invitees") else {
            return Err(StoreError::invalid("/invitees", "expected an array"));
        };
        if items.len() > MAX_INVITEES {
            let message = format!("expected no more than {MAX_INVITEES} invitees");
            return Err(StoreError::invalid("/invitees", message));
        }
        items.iter().enumerate().map(|(index, item)| Self::parse(index, item)).collect()
    }

    fn parse(index: usize, item: &Value) -> Result<Self, StoreError> {
        let at = |member: &str| format!("/invitees/{index}{member}");
        let item =
            item.as_object().ok_or_else(|| StoreError::invalid(at(""), "expected an object"))?;
        let string = |member: &str| match item.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(string)) => Ok(Some(string.clone())),
            Some(_) => Err(StoreError::invalid(at(&format!("/{member}")), "expected a string")),
        };
        let resend = match item.get("resend") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(resend)) => *resend,
            Some(_) => return Err(StoreError::invalid(at("/resend"), "expected true or false")),
        };
        Ok(Self {
            email: string("email")?
                .ok_or_else(|| StoreError::invalid(at("/email"), "expected a string"))?,
            name: string("name")?.filter(|name| !name.is_empty()),
            resend,
            language: string("language")?
                .and_then(|language| known_language(&language))
                .unwrap_or_else(|| "en".to_owned()),
        })
    }
}

/// The ISO 639-1 language codes.
const LANGUAGES: &str = "\
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da \
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy \
    hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg \
    li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or \
    os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta \
    te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

fn known_language(language: &str) -> Option<String> {
    let language = language.to_ascii_lowercase();
    LANGUAGES.split_ascii_whitespace().any(|known| known == language).then_some(language)
}

/// Result of one invitation. Its JSON form is an element of the response to an invite request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum InviteResult {
    /// The mail was sent.
    Ok {
        /// E-mail address as given.
        email: String,
        /// Id of the new user, or of the user to whom the mail was sent again.
        user_id: String,
        /// Subject of the user.
        subject: String,
    },
    /// A user with this address exists; no mail was sent.
    Exists {
        /// E-mail address as given.
        email: String,
        /// Id of the user.
        user_id: String,
        /// Subject of the user.
        subject: String,
    },
    /// The invitation failed.
    Error {
        /// Error code.
        code: InviteCode,
        /// Title of the error code.
        title: String,
        /// Details.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
        /// E-mail address as given.
        email: String,
    },
}

/// Error code of a failed invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InviteCode {
    /// `400`: not a valid e-mail address.
    BadAddress,
    /// `400`: the address or the name is too long or contains characters that are not allowed.
    BadText,
    /// `1001`: the user is active.
    ActiveUser,
    /// `1002`: the user is disabled.
    DisabledUser,
    /// `1003`: the mail could not be sent.
    Mail,
}

impl InviteCode {
    /// Returns the code as sent in a response. Several reasons share the code `400`.
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
            Self::BadText => {
                "A string that is too long or contains characters that are not allowed"
            }
            Self::ActiveUser => "The user is already active",
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
    /// Creates the result of a mail that was sent to the user.
    #[must_use]
    pub fn ok(invitee: &Invitee, user: &User) -> Self {
        Self::Ok {
            email: invitee.email.clone(),
            user_id: user.id.clone(),
            subject: user.subject.clone(),
        }
    }

    /// Creates the result for a user who exists already.
    #[must_use]
    pub fn exists(invitee: &Invitee, user: &User) -> Self {
        Self::Exists {
            email: invitee.email.clone(),
            user_id: user.id.clone(),
            subject: user.subject.clone(),
        }
    }

    /// Creates the result of an invitation that failed.
    #[must_use]
    pub fn error(invitee: &Invitee, code: InviteCode, detail: Option<String>) -> Self {
        Self::Error { code, title: code.title().to_owned(), detail, email: invitee.email.clone() }
    }
}

/// Action to take for an invitee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Create a user and send the mail.
    Create,
    /// Send the mail again and restart the validity of the invitation.
    Renew,
    /// Do nothing: the user exists.
    Exists,
    /// Fail with this code.
    Refuse(InviteCode),
}

impl Decision {
    /// Decides by the status of the user who has the address, if any.
    #[must_use]
    pub fn of(invitee: &Invitee, found: Option<Status>) -> Self {
        if !is_email_address(&invitee.email) {
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

    /// Returns the rank of a status if several users share an address: the invitation concerns the
    /// user with the lowest rank (active, then invited, then disabled).
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

/// Result of [`Invitee::prepare`].
pub(super) enum InviteStart {
    /// The invitation is complete without a mail.
    Done(InviteResult),
    /// A mail is to be sent to this user, who may not be stored yet.
    SendMail(Box<User>),
}

/// Result of [`Invitee::commit`].
pub(super) enum InviteOutcome {
    /// Store the user to whom the mail was sent.
    Create,
    /// Store this user in place of the existing one.
    Renew(Box<User>),
    /// Store nothing.
    Done(InviteResult),
}

// An invitation takes three steps, `prepare`, `send` and `commit`, so that no lock and no
// transaction is held while the mail is sent.
impl Invitee {
    /// Returns the user to store if no user has the address.
    #[must_use]
    pub fn user(&self, tenant: &str, id: String, subject: String, now: Timestamp) -> User {
        let name = self.name.clone().unwrap_or_else(|| self.email.clone());
        User { name, email: Some(self.email.clone()), ..invited(tenant, id, subject, now) }
    }

    /// Decides whether to send a mail. `found` is the user who has the address; `create` returns
    /// the user to store if there is none.
    pub(super) fn prepare(
        &self,
        found: Option<User>,
        now: Timestamp,
        create: impl FnOnce() -> Result<User, StoreError>,
    ) -> Result<InviteStart, StoreError> {
        let mut user = match (Decision::of(self, found.as_ref().map(|user| user.status)), found) {
            (Decision::Create, _)
                if self.name.as_deref().is_some_and(|name| !is_displayable(name)) =>
            {
                let detail = Some(NOT_DISPLAYABLE.to_owned());
                let result = InviteResult::error(self, InviteCode::BadText, detail);
                return Ok(InviteStart::Done(result));
            }
            (Decision::Create, _) => create()?,
            (Decision::Renew, Some(user)) => user,
            (Decision::Exists, Some(user)) => {
                return Ok(InviteStart::Done(InviteResult::exists(self, &user)));
            }
            (Decision::Refuse(code), _) => {
                return Ok(InviteStart::Done(InviteResult::error(self, code, None)));
            }
            (_, None) => return Err(StoreError::Internal("an invitation without a user".into())),
        };
        user.invite_expiry = Some(invite_expiry(now));
        match check_user(&user.tenant_id, &user, "") {
            Ok(()) => Ok(InviteStart::SendMail(Box::new(user))),
            Err(StoreError::Invalid { message, .. }) => {
                let result = InviteResult::error(self, InviteCode::BadText, Some(message));
                Ok(InviteStart::Done(result))
            }
            Err(error) => Err(error),
        }
    }

    /// Sends the mail. Returns the result of the invitation if that fails.
    pub(super) fn send(&self, user: &User, mailer: &dyn Mailer) -> Option<InviteResult> {
        let failed = mailer.send(&Invitation::new(self, user)).err()?;
        Some(InviteResult::error(self, InviteCode::Mail, Some(failed.to_string())))
    }

    /// Decides what to store after the mail was sent. `found` is the user who has the address now,
    /// because users may have changed meanwhile.
    pub(super) fn commit(
        &self,
        found: Option<User>,
        mailed: &User,
        now: Timestamp,
    ) -> Result<InviteOutcome, StoreError> {
        match (Decision::of(self, found.as_ref().map(|user| user.status)), found) {
            (Decision::Create, _) => Ok(InviteOutcome::Create),
            (Decision::Renew, Some(mut found)) => {
                if found.status == Status::Invited {
                    found.invite_expiry = mailed.invite_expiry;
                }
                found.last_updated_at = now;
                Ok(InviteOutcome::Renew(Box::new(found)))
            }
            (_, Some(found)) => Ok(InviteOutcome::Done(InviteResult::exists(self, &found))),
            (_, None) => Err(StoreError::Internal("an invitation without a user".into())),
        }
    }
}

/// Returns a user with status `invited`, whose invitation starts now.
pub(super) fn invited(tenant: &str, id: String, subject: String, now: Timestamp) -> User {
    User {
        status: Status::Invited,
        invite_expiry: Some(invite_expiry(now)),
        ..User::new(id, tenant, subject, now)
    }
}

/// Content of an invitation mail.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Invitation<'a> {
    /// Tenant of the user.
    pub tenant: &'a str,
    /// Recipient address.
    pub email: &'a str,
    /// Recipient name.
    pub name: &'a str,
    /// Language as an ISO 639-1 code.
    pub language: &'a str,
    /// Id of the user, who may not be stored yet.
    pub user_id: &'a str,
    /// Expiry of the invitation.
    pub expires: Timestamp,
}

impl<'a> Invitation<'a> {
    /// Creates the mail for an invitee and the user with the invitee's address.
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

/// Error of a [`Mailer`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct MailError(pub String);

/// Sends invitation mails. A store holds no lock and no transaction while it waits for one.
pub trait Mailer: Send + Sync {
    /// Sends the mail or queues it.
    ///
    /// # Errors
    /// If the mail cannot be sent; the store then changes nothing.
    fn send(&self, invitation: &Invitation<'_>) -> Result<(), MailError>;
}

/// A mailer that sends nothing and always succeeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentMailer;

impl Mailer for SilentMailer {
    fn send(&self, _: &Invitation<'_>) -> Result<(), MailError> {
        Ok(())
    }
}
