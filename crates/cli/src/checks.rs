//! Checks filters and other input against a policy and the chosen rules.

use crate::exit::CliError;
use crate::input::InputFilter;
use crate::policy::Checker;
use crate::rules::{RuleArgs, Rules};
use scieve::{Code, Diagnostic, Diagnostics, Filter, Limits, PatchPath, Policy, Provider, Safety};
use serde_json::Value;

/// The rules that are applied.
#[derive(clap::Args)]
pub(crate) struct LintArgs {
    #[command(flatten)]
    rules: RuleArgs,
    /// Report what a product does not support: `okta`, `entra`, `aws`, `databricks`, `github`,
    /// `gitlab`, `atlassian`, `pingone`, or `interop` (the SCIM interoperability profile)
    #[arg(long = "for", value_name = "PRODUCT", value_parser = provider)]
    provider: Option<Provider>,
}

fn provider(name: &str) -> Result<Provider, String> {
    Provider::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Provider::all().map(Provider::name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Kind {
    /// A filter (RFC 7644 section 3.4.2.2)
    Filter,
    /// The path of a PATCH operation (RFC 7644 section 3.5.2)
    Path,
}

/// The result of checking one input.
pub(crate) struct Checked {
    pub(crate) diagnostics: Diagnostics,
    /// The canonical form of a valid input.
    pub(crate) canonical: Option<String>,
    /// The input with all fixes applied, if that makes it valid.
    pub(crate) fixed: Option<String>,
}

/// How filters are checked.
pub(crate) struct Checks {
    checker: Checker,
    rules: Rules,
    provider: Option<Provider>,
    max: Safety,
}

impl Checks {
    /// `max` is the safety of the fixes that are applied.
    pub(crate) fn new(checker: Checker, lint: &LintArgs, max: Safety) -> Result<Self, CliError> {
        let mut rules = lint.rules.rules()?;
        if lint.provider.is_some() {
            rules.warn(Code::UnsupportedByProvider);
        }
        Ok(Self { checker, rules, provider: lint.provider, max })
    }

    pub(crate) fn limits(&self) -> Limits {
        self.checker.limits()
    }

    /// Returns the policy, unless only the grammar is checked.
    pub(crate) fn policy(&self) -> Option<&Policy<Value>> {
        match &self.checker {
            Checker::Policy(policy) => Some(policy),
            Checker::Grammar(_) => None,
        }
    }

    /// Returns whether a diagnostic makes the run fail.
    pub(crate) fn is_denied(&self, diagnostic: &Diagnostic) -> bool {
        self.rules.is_denied(diagnostic)
    }

    pub(crate) fn check(&self, filter: &InputFilter) -> Checked {
        self.check_kind(filter, Kind::Filter)
    }

    pub(crate) fn check_kind(&self, filter: &InputFilter, kind: Kind) -> Checked {
        match (&filter.text, kind) {
            (Err(error), _) => Checked { diagnostics: error.clone(), canonical: None, fixed: None },
            (Ok(text), Kind::Filter) => self.check_filter(text, &filter.allowed),
            (Ok(text), Kind::Path) => self.check_path(text),
        }
    }

    fn check_filter(&self, text: &str, allowed: &[String]) -> Checked {
        let mut found = self.checker.diagnose(text);
        if let Some(provider) = self.provider
            && let Ok(filter) =
                Filter::parse_with(text, &self.checker.syntax(), &self.checker.limits())
        {
            found = found.and(provider.check(&filter));
        }
        let diagnostics = found.filtered(|one| self.rules.include(one, allowed));
        let canonical = self.checker.check(text).ok().map(|valid| valid.value.to_string());
        let fixed = diagnostics
            .fixed(self.max)
            .filter(|fixed| fixed != text && self.checker.check(fixed).is_ok());
        Checked { diagnostics, canonical, fixed }
    }

    fn check_path(&self, text: &str) -> Checked {
        match PatchPath::parse_with(text, &self.checker.syntax(), &self.checker.limits()) {
            Ok(path) => Checked {
                diagnostics: path.diagnostics(),
                canonical: Some(path.to_string()),
                fixed: None,
            },
            Err(diagnostics) => Checked { diagnostics, canonical: None, fixed: None },
        }
    }

    /// Applies fixes until there are none, but at most 10 times. Returns `None` if nothing changes.
    pub(crate) fn converge(&self, filter: &InputFilter, checked: &Checked) -> Option<String> {
        let mut text = checked.fixed.clone()?;
        for _ in 1..10 {
            match self.check_filter(&text, &filter.allowed).fixed {
                Some(fixed) => text = fixed,
                None => break,
            }
        }
        (filter.text.as_deref() != Ok(&text)).then_some(text)
    }
}
