//! Options of `scieve check` and the like from `scieve.toml`, which is searched from the current
//! folder upwards.
//!
//! Each key is the name of an option of `check`. An option of the command line takes precedence.

use crate::config_file;
use crate::exit::CliError;
use clap::Command;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const NAME: &str = "scieve.toml";
/// The commands that read the file.
const COMMANDS: &[&str] = &["check", "fmt", "lsp"];
/// Options whose values are files, relative to the folder of `scieve.toml`.
const PATHS: &[&str] = &["policy", "schema", "file"];

/// Returns the arguments of the program, with those of the file in front of the options of the
/// command line.
pub(crate) fn arguments(
    given: Vec<OsString>,
    program: impl FnOnce() -> Command,
) -> Result<Vec<OsString>, CliError> {
    let Some((position, command)) = command(&given) else { return Ok(given) };
    let Some(file) = find() else { return Ok(given) };
    let program = program();
    let mut arguments = given;
    let options = arguments.split_off(position + 1);
    let known = |name: &str| {
        let of = |command: &str| program.find_subcommand(command);
        let has = |command: &Command| {
            command.get_arguments().any(|argument| argument.get_long() == Some(name))
        };
        (of("check").is_some_and(has), of(command).is_some_and(has))
    };
    let name = file.display().to_string();
    let folder = file.parent().unwrap_or(Path::new(""));
    for (key, values) in config_file::read(&file)? {
        let (is_known, is_used) = known(&key);
        if !is_known || key == "no-config" {
            return CliError::fail(format!("`{name}`: unknown key `{key}`"));
        }
        if !is_used || is_overridden(&key, &options) {
            continue;
        }
        for value in values {
            let is_file = PATHS.contains(&key.as_str()) && value.contains(['.', '/']);
            let value = match is_file {
                true => folder.join(&value).display().to_string(),
                false => value,
            };
            arguments.push(match value.as_str() {
                "on" => format!("--{key}").into(),
                "off" => continue,
                value => format!("--{key}={value}").into(),
            });
        }
    }
    arguments.extend(options);
    Ok(arguments)
}

/// Returns the command with its position, if it reads the file: the first argument that is neither an
/// option nor the value of `--color`.
fn command(given: &[OsString]) -> Option<(usize, &'static str)> {
    let mut position = 1;
    loop {
        let argument = given.get(position)?;
        match argument.to_string_lossy().starts_with('-') {
            true if argument == "--color" => position += 2,
            true => position += 1,
            false => {
                let command = COMMANDS.iter().find(|command| *argument == ***command)?;
                return Some((position, command));
            }
        }
    }
}

/// Returns the nearest `scieve.toml`.
fn find() -> Option<PathBuf> {
    let folder = std::env::current_dir().ok()?;
    folder.ancestors().map(|folder| folder.join(NAME)).find(|file| file.is_file())
}

/// Options that exclude one another.
const EXCLUSIVE: &[&[&str]] =
    &[&["policy", "schema"], &["format", "json", "fix", "diff", "in-place"]];

/// Returns whether the command line has an option, or one that excludes it.
fn is_overridden(key: &str, options: &[OsString]) -> bool {
    let is_given = |name: &str| {
        let long = format!("--{name}");
        options.iter().any(|option| {
            let option = option.to_string_lossy();
            option == long || option.starts_with(&format!("{long}="))
        })
    };
    let is_short = key == "quiet" && options.iter().any(|option| *option == *"-q");
    let excluded = EXCLUSIVE.iter().filter(|names| names.contains(&key)).copied().flatten();
    is_short || is_given(key) || excluded.copied().any(is_given)
}
