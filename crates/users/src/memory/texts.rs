//! Which texts of users are looked through.

/// A text of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// The id as it is.
    Id,
    /// The key of the name.
    Name,
    /// The key of the e-mail address.
    Email,
    /// The key of the subject.
    Subject,
}

/// What has texts of users.
pub(super) trait Texts {
    /// All of them, those of users who have none apart.
    fn texts(&self, which: Text) -> impl Iterator<Item = &[u8]> + Clone;
}
