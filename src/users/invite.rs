//! Invitations.

/// Who is to be invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitee {}

/// What came of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteResult {}

/// Sends the mail of an invitation.
pub trait Mailer: Send + Sync {}
