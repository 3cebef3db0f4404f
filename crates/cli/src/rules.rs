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
}

/// The chosen rules.
pub(crate) struct Rules {
    /// `None` for the default.
    selected: Option<Vec<Code>>,
    ignored: Vec<Code>,
}

impl RuleArgs {
    pub(crate) fn rules(&self) -> Result<Rules, CliError> {
        let selected = (!self.select.is_empty()).then(|| codes(&self.select)).transpose()?;
        Ok(Rules { selected, ignored: codes(&self.ignore)? })
    }
}

impl Rules {
    pub(crate) fn include(&self, diagnostic: &Diagnostic) -> bool {
        let code = diagnostic.code();
        if diagnostic.severity() == Severity::Error {
            return true;
        }
        let is_selected = match &self.selected {
            None => diagnostic.severity() == Severity::Warning,
            Some(selected) => selected.contains(&code),
        };
        is_selected && !self.ignored.contains(&code)
    }
}

fn codes(names: &[String]) -> Result<Vec<Code>, CliError> {
    let mut codes = Vec::new();
    for name in names {
        let before = codes.len();
        let has_name = |code: &Code| name == "all" || code.name() == name || code.group() == name;
        codes.extend(Code::ALL.iter().copied().filter(has_name));
        if codes.len() == before {
            return CliError::fail(format!(
                "unknown rule `{name}`: expected a code, a group or `all`"
            ));
        }
    }
    Ok(codes)
}
