//! `scieve completions` and `scieve man`: shell completions and manual pages.

use crate::exit::{CliError, ExitStatus};
use crate::output::Output;
use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use std::path::PathBuf;

/// Print the completions for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve completions bash > ~/.local/share/bash-completion/completions/scieve")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page, or write one page for each command into a folder
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve man ~/.local/share/man/man1")]
pub(crate) struct Manual {
    /// Folder for the pages `scieve.1`, `scieve-check.1` and so on
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Completions {
    pub(crate) fn run(
        &self,
        mut program: Command,
        output: &mut Output,
    ) -> Result<ExitStatus, CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "scieve", &mut script);
        print(&script, output)
    }
}

impl Manual {
    pub(crate) fn run(
        &self,
        program: Command,
        output: &mut Output,
    ) -> Result<ExitStatus, CliError> {
        if let Some(folder) = &self.folder {
            clap_mangen::generate_to(program, folder)
                .map_err(|error| CliError::cannot_write(&error))?;
            return Ok(ExitStatus::Success);
        }
        let mut page = Vec::new();
        Man::new(program).render(&mut page).map_err(|error| CliError::cannot_write(&error))?;
        print(&page, output)
    }
}

fn print(text: &[u8], output: &mut Output) -> Result<ExitStatus, CliError> {
    output.line(String::from_utf8_lossy(text).trim_end())?;
    Ok(ExitStatus::Success)
}
