//! Rewrites files with fixed filters, and shows the difference.

use crate::exit::CliError;
use crate::output::Output;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// The lines of files that fixes change.
#[derive(Default)]
pub(crate) struct Changes {
    files: BTreeMap<String, BTreeMap<usize, Change>>,
}

struct Change {
    before: String,
    after: String,
}

impl Changes {
    /// Adds a change of a line. A second one on the same line is left for the next run.
    pub(crate) fn add(&mut self, file: &str, line: usize, before: String, after: String) {
        let lines = self.files.entry(file.to_owned()).or_default();
        lines.entry(line).or_insert(Change { before, after });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Prints a unified diff without context.
    pub(crate) fn print(&self, output: &mut Output) -> Result<(), CliError> {
        for (file, lines) in &self.files {
            output.line(&format!("--- {file}\n+++ {file}"))?;
            for (line, Change { before, after }) in lines {
                output.line(&format!("@@ -{line} +{line} @@\n-{before}\n+{after}"))?;
            }
        }
        Ok(())
    }

    /// Rewrites the files. Each file is copied first, to its name with `suffix`.
    pub(crate) fn write(&self, suffix: &str) -> Result<(), CliError> {
        for (file, lines) in &self.files {
            rewrite(Path::new(file), lines, suffix)
                .map_err(|error| CliError::cannot_rewrite(file, &error))?;
        }
        Ok(())
    }
}

fn rewrite(path: &Path, changes: &BTreeMap<usize, Change>, suffix: &str) -> io::Result<()> {
    let content = std::fs::read(path)?;
    let mut out: Vec<u8> = Vec::with_capacity(content.len());
    for (number, line) in (1..).zip(content.split_inclusive(|byte| *byte == b'\n')) {
        let Some(Change { before, after }) = changes.get(&number) else {
            out.extend_from_slice(line);
            continue;
        };
        // A byte order mark and the line end are kept. The file can have changed meanwhile.
        let find = |start: usize| line.get(start..start + before.len()) == Some(before.as_bytes());
        let Some(start) = [0, 3].into_iter().find(|start| find(*start)) else {
            return Err(io::Error::other("the file has changed since it was read"));
        };
        out.extend_from_slice(line.get(..start).unwrap_or_default());
        out.extend_from_slice(after.as_bytes());
        out.extend_from_slice(line.get(start + before.len()..).unwrap_or_default());
    }
    let beside = |suffix: &str| {
        let mut name = OsString::from(path);
        name.push(suffix);
        name
    };
    std::fs::copy(path, beside(suffix))?;
    // A reader sees the old or the new content.
    let temporary = beside(".scieve-new");
    // The leftover of a run that was killed, or a link that would lead elsewhere.
    let _ = std::fs::remove_file(&temporary);
    File::create_new(&temporary)?.write_all(&out)?;
    std::fs::set_permissions(&temporary, std::fs::metadata(path)?.permissions())?;
    std::fs::rename(&temporary, path)
}
