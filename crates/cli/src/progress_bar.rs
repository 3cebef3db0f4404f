//! A progress bar on standard error.

use std::io::Write;
use std::time::{Duration, Instant};

/// Minimum time from the start to the first display, and between two displays.
const INTERVAL: Duration = Duration::from_millis(200);
const WIDTH: u64 = 30;

/// Shows the part of a task that is done. Progress that cannot be shown is no error.
#[derive(Default)]
pub(crate) struct ProgressBar {
    /// The start of the task, or the time of the last display.
    last: Option<Instant>,
    shown: bool,
}

impl ProgressBar {
    pub(crate) fn show(&mut self, terminal: &mut impl Write, done: u64, whole: u64) {
        if self.last.get_or_insert_with(Instant::now).elapsed() < INTERVAL {
            return;
        }
        let part = |of: u64| done.saturating_mul(of).checked_div(whole).unwrap_or(0);
        let (bar, percent) = ("#".repeat(part(WIDTH).min(WIDTH) as usize), part(100).min(100));
        (self.last, self.shown) = (Some(Instant::now()), true);
        let shown = write!(terminal, "\r[{bar:<30}] {percent:>3} %");
        let _ = shown.and_then(|()| terminal.flush());
    }

    /// Removes the bar from the terminal; the next task starts anew.
    pub(crate) fn end(&mut self, terminal: &mut impl Write) {
        if self.shown {
            let _ = write!(terminal, "\r{:40}\r", "").and_then(|()| terminal.flush());
        }
        *self = Self::default();
    }
}
