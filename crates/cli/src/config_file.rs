//! Options of `scieve serve` from a TOML file.
//!
//! Each key is the name of an option. The file is converted to arguments in front of those of the
//! command line, so that both are parsed, checked and described in one place. An option of the
//! command line or a variable of the environment takes precedence.

use crate::exit::CliError;
#[cfg(feature = "serve")]
use clap::Command;
#[cfg(feature = "serve")]
use std::ffi::{OsStr, OsString};
use std::path::Path;
use toml::Value;

/// Returns the arguments of the program, with those of the file that `--config` or SCIEVE_CONFIG
/// names, if any. `program` describes the options.
#[cfg(feature = "serve")]
pub(crate) fn arguments(
    given: impl Iterator<Item = OsString>,
    program: &Command,
) -> Result<Vec<OsString>, CliError> {
    let mut arguments: Vec<OsString> = given.collect();
    let Some(position) = arguments.iter().position(|argument| argument == "serve") else {
        return Ok(arguments);
    };
    let options = arguments.split_off(position + 1);
    if let Some(file) = named(&options, "config").or_else(|| std::env::var_os("SCIEVE_CONFIG")) {
        arguments.extend(from_file(&file, &options, program)?);
    }
    arguments.extend(options);
    Ok(arguments)
}

/// Returns the value of an option.
#[cfg(feature = "serve")]
fn named(options: &[OsString], name: &str) -> Option<OsString> {
    let long = format!("--{name}");
    let mut options = options.iter();
    while let Some(option) = options.next() {
        if *option == *long {
            return options.next().cloned();
        }
        if let Some(value) =
            option.to_str().and_then(|option| option.strip_prefix(&long)?.strip_prefix('='))
        {
            return Some(value.into());
        }
    }
    None
}

#[cfg(feature = "serve")]
fn from_file(
    file: &OsStr,
    options: &[OsString],
    program: &Command,
) -> Result<Vec<OsString>, CliError> {
    let name = file.to_string_lossy();
    let serve = program.find_subcommand("serve");
    let mut arguments = Vec::new();
    for (key, values) in read(Path::new(file))? {
        let known = serve
            .into_iter()
            .flat_map(Command::get_arguments)
            .find(|known| known.get_long() == Some(key.as_str()))
            .filter(|_| key != "config");
        let Some(known) = known else {
            return CliError::fail(format!("`{name}`: unknown key `{key}`"));
        };
        let overridden = named(options, &key).is_some()
            || known.get_env().is_some_and(|name| std::env::var_os(name).is_some());
        if overridden {
            continue;
        }
        for value in values {
            arguments.push(format!("--{key}={value}").into());
        }
    }
    Ok(arguments)
}

/// Reads the keys of a file with their values. A Boolean is `on` or `off`.
pub(crate) fn read(file: &Path) -> Result<Vec<(String, Vec<String>)>, CliError> {
    let name = file.display().to_string();
    let text =
        std::fs::read_to_string(file).map_err(|error| CliError::cannot_read(&name, &error))?;
    // The message of the parser would repeat the line, which may contain a key.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        CliError::Failed(format!("`{name}` is not valid TOML: {}", error.message()))
    })?;
    let mut options = Vec::new();
    for (key, value) in table {
        let values = match value {
            Value::Array(values) => values,
            value => vec![value],
        };
        let text = |value| match value {
            Value::String(value) => Ok(value),
            Value::Integer(value) => Ok(value.to_string()),
            Value::Boolean(value) => Ok(if value { "on" } else { "off" }.to_owned()),
            _ => CliError::fail(format!(
                "`{name}`: expected a string, an integer, a Boolean or an array for `{key}`"
            )),
        };
        options.push((key.clone(), values.into_iter().map(text).collect::<Result<_, _>>()?));
    }
    Ok(options)
}
