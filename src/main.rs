//! The command line of scieve.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
