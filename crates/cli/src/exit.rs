//! The exit status of the program, and the errors that end a run early.

use std::io;
use std::process::ExitCode;

/// The exit status of a completed run.
#[derive(Clone, Copy)]
pub(crate) enum ExitStatus {
    /// Every filter is valid.
    Success,
    /// At least one filter has errors.
    FilterErrors,
}

/// The reason why a run ends early.
pub(crate) enum CliError {
    /// The reader of the output has closed it, as `| head` does. The run counts as a success.
    BrokenPipe,
    /// Wrong usage, unreadable input, or output that cannot be written, with the error message.
    Failed(String),
}

impl ExitStatus {
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Success => ExitCode::SUCCESS,
            Self::FilterErrors => ExitCode::FAILURE,
        }
    }
}

impl CliError {
    /// The exit status for [`CliError::Failed`], the same as that of clap for wrong usage.
    pub(crate) const CODE: u8 = 2;

    pub(crate) fn fail<T>(message: impl Into<String>) -> Result<T, Self> {
        Err(Self::Failed(message.into()))
    }

    pub(crate) fn cannot_read(name: &str, error: &io::Error) -> Self {
        Self::Failed(format!("cannot read `{name}`: {}", reason(error)))
    }

    pub(crate) fn cannot_rewrite(name: &str, error: &io::Error) -> Self {
        Self::Failed(format!("cannot rewrite `{name}`: {}", reason(error)))
    }

    pub(crate) fn cannot_write(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Failed(format!("cannot write: {}", reason(error))),
        }
    }
}

/// Returns the message of an error in lowercase, without its number.
fn reason(error: &io::Error) -> String {
    let message = error.to_string();
    let words = message.split(" (os error").next().unwrap_or(&message);
    words.to_lowercase()
}
