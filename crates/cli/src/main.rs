//! The command line: a file per command, over the library's public names.

mod check;
mod eval;
mod exit;
mod explain;
mod fmt;
mod input;
mod output;
mod plans;
mod policy;
mod records;
mod report;
#[cfg(feature = "serve")]
mod seed;
#[cfg(feature = "serve")]
mod serve;
mod sql;

use clap::{Parser, Subcommand};
use exit::{Stop, Verdict};
use output::{Color, Output};
use std::process::ExitCode;

/// SCIM 2.0 filters (RFC 7644): checked, formatted, explained, as SQL, and over records
#[derive(Parser)]
#[command(
    name = "scieve",
    version,
    after_help = "\
Example:
  scieve check 'name eq \"Bob\" and status eq \"active\"'

Filters come from arguments, a file (`--file`) or standard input. Remarks go to standard error, results to standard output.
Exit status: 0 all fine, 1 a filter has errors, 2 wrong usage or unreadable input."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When remarks have colours: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        hide_possible_values = true
    )]
    color: Color,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Check),
    Fmt(fmt::Fmt),
    Explain(explain::Explain),
    Sql(sql::Sql),
    Eval(eval::Eval),
    #[cfg(feature = "serve")]
    Serve(serve::Serve),
}

/// Wrong usage, unreadable input.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and versions come this way too, as errors with the code 0. Nobody need read them to the end.
        Err(error) => {
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(UNUSABLE).into();
        }
    };
    // Threads of a server write too, so that it may not hold the streams as the other commands do.
    #[cfg(feature = "serve")]
    if let Command::Serve(serve) = &arguments.command {
        let ended = serve.run();
        return end(ended, &mut Output::new(arguments.color));
    }
    let mut output = Output::new(arguments.color);
    let ended = arguments.command.run(&mut output);
    end(ended, &mut output)
}

/// Says why a run ended, where that is to be said.
fn end(ended: Result<Verdict, Stop>, output: &mut Output) -> ExitCode {
    match ended.and_then(|verdict| output.flush().map(|()| verdict)) {
        Ok(verdict) => verdict.code(),
        Err(Stop::Unread) => ExitCode::SUCCESS,
        Err(Stop::Unusable(message)) => {
            output.fault(&message);
            UNUSABLE.into()
        }
    }
}

impl Command {
    fn run(self, output: &mut Output) -> Result<Verdict, Stop> {
        match self {
            Self::Check(check) => check.run(output),
            Self::Fmt(fmt) => fmt.run(output),
            Self::Explain(explain) => explain.run(output),
            Self::Sql(sql) => sql.run(output),
            Self::Eval(eval) => eval.run(output),
            #[cfg(feature = "serve")]
            Self::Serve(serve) => serve.run(),
        }
    }
}
