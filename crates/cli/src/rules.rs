//! The choice of rules.

use crate::exit::CliError;
use scieve::{Code, Diagnostic, Severity};

/// The rules whose findings are reported, in addition to errors.
#[derive(clap::Args)]
pub(crate) struct RuleArgs {
    /// Report only these rules beside errors: codes, groups (such as `suspicious`) or `all`
    /// [default: all warnings, no advice]
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    select: Vec<String>,
    /// Do not report these rules: codes or groups
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Report these rules in addition to the default: codes or groups
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    warn: Vec<String>,
    /// Report these rules, and exit with status 1 if there is a finding: codes, groups or
    /// `warnings`
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    deny: Vec<String>,
}

/// The chosen rules.
pub(crate) struct Rules {
    /// `None` for the default.
    selected: Option<Vec<Code>>,
    ignored: Vec<Code>,
    warned: Vec<Code>,
    denied: Vec<Code>,
}

impl RuleArgs {
    pub(crate) fn rules(&self) -> Result<Rules, CliError> {
        let selected = (!self.select.is_empty()).then(|| codes(&self.select)).transpose()?;
        Ok(Rules {
            selected,
            ignored: codes(&self.ignore)?,
            warned: codes(&self.warn)?,
            denied: codes(&self.deny)?,
        })
    }
}

impl Rules {
    /// Reports a rule in addition.
    pub(crate) fn warn(&mut self, code: Code) {
        self.warned.push(code);
    }

    /// Returns whether a diagnostic is reported. `allowed` are the codes and groups that comments
    /// suppress.
    pub(crate) fn include(&self, diagnostic: &Diagnostic, allowed: &[String]) -> bool {
        let code = diagnostic.code();
        if diagnostic.severity() == Severity::Error {
            return true;
        }
        let is_selected = match &self.selected {
            None => diagnostic.severity() == Severity::Warning,
            Some(selected) => selected.contains(&code),
        };
        let is_added = self.warned.contains(&code) || self.denied.contains(&code);
        let is_allowed = allowed.iter().any(|name| is_named(code, name));
        (is_selected || is_added) && !self.ignored.contains(&code) && !is_allowed
    }

    /// Returns whether a diagnostic makes the run fail.
    pub(crate) fn is_denied(&self, diagnostic: &Diagnostic) -> bool {
        diagnostic.severity() == Severity::Error || self.denied.contains(&diagnostic.code())
    }
}

/// Returns whether a code has a name or is in a group of that name.
fn is_named(code: Code, name: &str) -> bool {
    let is_warning = name == "warnings" && code.severity() == Severity::Warning;
    name == "all" || is_warning || code.name() == name || code.group() == name
}

fn codes(names: &[String]) -> Result<Vec<Code>, CliError> {
    let mut codes = Vec::new();
    for name in names {
        let before = codes.len();
        codes.extend(Code::ALL.iter().copied().filter(|code| is_named(*code, name)));
        if codes.len() == before {
            return CliError::fail(format!(
                "unknown rule `{name}`: expected a code, a group, `warnings` or `all`"
            ));
        }
    }
    Ok(codes)
}
