//! How a run ends.

use std::io;
use std::process::ExitCode;

/// What became of the filters.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// All are fine.
    Fine,
    /// One at least has errors.
    Refused,
}

/// Why a run ends before its time.
pub(super) enum Stop {
    /// Nobody reads the output any more, as after `| head`: no fault.
    Unread,
    /// Wrong usage, unreadable input, or output that cannot be written.
    Unusable(String),
}

impl Verdict {
    pub(super) fn code(self) -> ExitCode {
        match self {
            Self::Fine => ExitCode::SUCCESS,
            Self::Refused => ExitCode::FAILURE,
        }
    }
}

impl Stop {
    pub(super) fn unusable<T>(message: impl Into<String>) -> Result<T, Self> {
        Err(Self::Unusable(message.into()))
    }

    pub(super) fn unreadable(name: &str, error: &io::Error) -> Self {
        Self::Unusable(format!("cannot read `{name}`: {}", reason(error)))
    }

    pub(super) fn unwritable(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Unusable(format!("cannot write: {}", reason(error))),
        }
    }
}

/// The error in words, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    words.to_lowercase()
}
