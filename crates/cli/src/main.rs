//! The program `scieve`, with a module for each command. It uses only the public API of the crates.

#[cfg(feature = "serve")]
mod backup;
mod batch;
#[cfg(feature = "doctor")]
mod catalogue;
mod check;
mod checks;
#[cfg(feature = "doctor")]
mod column_problems;
#[cfg(feature = "doctor")]
mod column_types;
mod compare;
mod config_file;
#[cfg(feature = "doctor")]
mod doctor;
mod eval;
mod excerpt;
mod exit;
mod explain;
mod fmt;
mod format;
mod input;
#[cfg(feature = "serve")]
mod key_file;
mod lsp;
mod manual;
mod output;
mod patch;
mod policy;
mod progress_bar;
mod project_file;
mod projection;
mod records;
mod report;
#[cfg(feature = "serve")]
mod rescue;
mod rewrite;
mod rule;
mod rules;
mod scan;
#[cfg(feature = "serve")]
mod seed;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod serve_options;
mod sql;
#[cfg(feature = "serve")]
mod webhook;

use clap::CommandFactory as _;
use clap::{Parser, Subcommand};
use exit::{CliError, ExitStatus};
use output::{Color, Output};
use std::ffi::OsString;
use std::process::ExitCode;

// PERF: a server allocates some hundred strings per list.
#[cfg(feature = "serve")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Check, format, explain, translate and evaluate SCIM 2.0 filters (RFC 7644)
#[derive(Parser)]
#[command(
    name = "scieve",
    version,
    after_help = "\
Example:
  scieve check 'name eq \"Bob\" and status eq \"active\"'

Filters are read from arguments, a file (`--file`) or standard input. Results go to \
standard output, diagnostics to standard error.
Exit status: 0 success, 1 a filter has errors, 2 wrong usage or unreadable input"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to use colours: `auto` (on a terminal, unless NO_COLOR is set), `always` or `never`
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        hide_possible_values = true,
        display_order = 1000
    )]
    color: Color,
    /// Do not read `scieve.toml`
    #[arg(long, global = true, display_order = 1001)]
    no_config: bool,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Filters(FilterCommand),
    Lsp(lsp::Lsp),
    Completions(manual::Completions),
    #[command(name = "man")]
    Manual(manual::Manual),
    #[cfg(feature = "serve")]
    Serve(Box<serve::Serve>),
    #[cfg(feature = "serve")]
    Backup(backup::Backup),
    #[cfg(feature = "serve")]
    Rescue(rescue::Rescue),
    #[cfg(not(feature = "serve"))]
    #[command(hide = true, disable_help_flag = true)]
    Serve(MissingServe),
}

/// The commands that process filters.
#[derive(Subcommand)]
enum FilterCommand {
    Check(check::Check),
    Fmt(fmt::Fmt),
    Explain(explain::Explain),
    Sql(sql::Sql),
    #[cfg(feature = "doctor")]
    Doctor(doctor::Doctor),
    Eval(eval::Eval),
    Rule(rule::Rule),
    Compare(compare::Compare),
    Patch(patch::Patch),
}

/// The arguments of `serve` in a build without it.
#[cfg(not(feature = "serve"))]
#[derive(clap::Args)]
struct MissingServe {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<std::ffi::OsString>,
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => return finish(Err(error), &mut Output::new(Color::Auto)),
    };
    let Arguments { command, color, .. } = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        // Includes `--help` and `--version`, with exit code 0.
        Err(error) => {
            // Fails if the reader has closed the output.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(CliError::CODE).into();
        }
    };
    match command {
        Command::Filters(command) => {
            let mut output = Output::new(color);
            let result = command.run(&mut output);
            finish(result, &mut output)
        }
        Command::Completions(completions) => {
            let mut output = Output::new(color);
            let result = completions.run(Arguments::command(), &mut output);
            finish(result, &mut output)
        }
        Command::Manual(manual) => {
            let mut output = Output::new(color);
            let result = manual.run(Arguments::command(), &mut output);
            finish(result, &mut output)
        }
        Command::Lsp(lsp) => finish(lsp.run(), &mut Output::new(color)),
        // `Output` locks the streams, which the server needs for its log.
        Command::Serve(serve) => finish(serve.run(), &mut Output::new(color)),
        #[cfg(feature = "serve")]
        Command::Backup(backup) => {
            let mut output = Output::new(color);
            let result = backup.run(&mut output);
            finish(result, &mut output)
        }
        #[cfg(feature = "serve")]
        Command::Rescue(rescue) => {
            let mut output = Output::new(color);
            let result = rescue.run(&mut output);
            finish(result, &mut output)
        }
    }
}

/// Returns the arguments, with the options of the file of options.
fn arguments() -> Result<Vec<OsString>, CliError> {
    let given: Vec<OsString> = std::env::args_os().collect();
    let given = match given.iter().any(|argument| argument == "--no-config") {
        true => given,
        false => project_file::arguments(given, Arguments::command)?,
    };
    #[cfg(feature = "serve")]
    let given = config_file::arguments(given.into_iter(), &Arguments::command())?;
    Ok(given)
}

/// Flushes the output, reports an error, and returns the exit status.
fn finish(result: Result<ExitStatus, CliError>, output: &mut Output) -> ExitCode {
    match result.and_then(|status| output.flush().map(|()| status)) {
        Ok(status) => status.code(),
        Err(CliError::BrokenPipe) => ExitCode::SUCCESS,
        Err(CliError::Failed(message)) => {
            output.error(&message);
            CliError::CODE.into()
        }
    }
}

impl FilterCommand {
    fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        match self {
            Self::Check(check) => check.run(output),
            Self::Fmt(fmt) => fmt.run(output),
            Self::Explain(explain) => explain.run(output),
            Self::Sql(sql) => sql.run(output),
            #[cfg(feature = "doctor")]
            Self::Doctor(doctor) => doctor.run(output),
            Self::Eval(eval) => eval.run(output),
            Self::Rule(rule) => rule.run(output),
            Self::Compare(compare) => compare.run(output),
            Self::Patch(patch) => patch.run(output),
        }
    }
}

#[cfg(not(feature = "serve"))]
impl MissingServe {
    fn run(self) -> Result<ExitStatus, CliError> {
        drop(self.arguments);
        CliError::fail(
            "`serve` is not included in this build: rebuild with `--features serve` (in-memory and \
             SQLite stores) or `--features full` (also PostgreSQL and MySQL)",
        )
    }
}
