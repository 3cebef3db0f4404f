//! The policy that filters are checked against.

use crate::batch::Valid;
use crate::exit::CliError;
use crate::input::without_byte_order_mark;
use scieve::{
    CaseSensitivity, Diagnostics, Filter, Limits, Policy, PolicyError, PolicyFault, Schema, Syntax,
    UnknownAttributes, scim,
};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The policy and syntax of a command.
#[derive(clap::Args)]
pub(crate) struct PolicyArgs {
    /// Policy to check filters against: `users` (the reference users resource), `scim-user` or
    /// `scim-group` (RFC 7643), `none` (only the grammar), or a .json or .toml file
    #[arg(long, value_name = "POLICY", default_value = "users")]
    policy: String,
    /// Schema representation (RFC 7643 section 7) to check filters against, instead of a policy:
    /// every attribute can be used; repeat the option for extensions
    #[arg(long, value_name = "FILE", conflicts_with = "policy")]
    schema: Vec<PathBuf>,
    /// Syntax to accept [default: the policy's]
    #[arg(long, value_name = "SYNTAX")]
    syntax: Option<SyntaxPreset>,
    /// Attributes that the policy does not know: `refuse` the filter, or `absent`: no record has a
    /// value of them [default: the policy's]
    #[arg(long, value_name = "MEANING", hide_possible_values = true)]
    unknown_attributes: Option<Unknown>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Unknown {
    Refuse,
    Absent,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum SyntaxPreset {
    /// RFC 7644 with its errata
    Rfc,
    /// `rfc` and the extensions that Microsoft Entra ID sends
    Entra,
    /// `entra` and strings in single quotes or without quotes
    Lenient,
}

/// Parses filters and checks them against the grammar or a policy.
pub(crate) enum Checker {
    Grammar(Syntax),
    Policy(Box<Policy<Value>>),
}

impl PolicyArgs {
    /// Returns true if the policy with this name was chosen.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.schema.is_empty() && self.policy == name
    }

    /// Returns a checker for the policy, or for the grammar alone with the policy `none`.
    pub(crate) fn checker(&self) -> Result<Checker, CliError> {
        let syntax = self.syntax.map(|preset| match preset {
            SyntaxPreset::Rfc => Syntax::rfc(),
            SyntaxPreset::Entra => Syntax::entra(),
            SyntaxPreset::Lenient => Syntax::lenient(),
        });
        let policy = match self.policy.as_str() {
            _ if !self.schema.is_empty() => from_schemas(&self.schema)?,
            "none" => return Ok(Checker::Grammar(syntax.unwrap_or_default())),
            "users" => scieve_users::policy()
                .for_record::<Value>()
                .map_err(|error| invalid("users", &error.into()))?,
            "scim-user" => scim::user_policy().clone(),
            "scim-group" => scim::group_policy().clone(),
            path => read(path)?,
        };
        let policy = match syntax {
            Some(syntax) => policy.with_syntax(syntax),
            None => policy,
        };
        Ok(Checker::Policy(Box::new(match self.unknown_attributes {
            Some(Unknown::Refuse) => policy.with_unknown_attributes(UnknownAttributes::Refuse),
            Some(Unknown::Absent) => policy.with_unknown_attributes(UnknownAttributes::Absent),
            None => policy,
        })))
    }

    /// Returns the policy. The policy `none` allows every attribute, of any type.
    pub(crate) fn policy(&self, case_exact: bool) -> Result<Policy<Value>, CliError> {
        match (self.checker()?, case_exact) {
            (Checker::Grammar(syntax), true) => {
                Ok(Policy::schemaless(CaseSensitivity::Exact).with_syntax(syntax))
            }
            (Checker::Grammar(syntax), false) => {
                Ok(Policy::schemaless(CaseSensitivity::Ignore).with_syntax(syntax))
            }
            (Checker::Policy(policy), false) => Ok(*policy),
            (Checker::Policy(_), true) => CliError::fail(
                "`--case-exact` requires `--policy none`: any other policy defines the case \
                 sensitivity of each attribute",
            ),
        }
    }
}

impl Checker {
    pub(crate) fn limits(&self) -> Limits {
        match self {
            Self::Grammar(_) => Limits::default(),
            Self::Policy(policy) => *policy.limits(),
        }
    }

    pub(crate) fn syntax(&self) -> Syntax {
        match self {
            Self::Grammar(syntax) => *syntax,
            Self::Policy(policy) => *policy.syntax(),
        }
    }

    /// Returns every error of a filter, or its warnings.
    pub(crate) fn diagnose(&self, text: &str) -> Diagnostics {
        match self {
            Self::Grammar(syntax) => Filter::diagnose_with(text, syntax, &self.limits()),
            Self::Policy(policy) => policy.diagnose(text),
        }
    }

    /// Parses a filter, and checks it if there is a policy.
    pub(crate) fn check(&self, text: &str) -> Result<Valid<Filter>, Diagnostics> {
        let filter = Filter::parse_with(text, &self.syntax(), &self.limits())?;
        let warnings = match self {
            Self::Grammar(_) => filter.warnings().to_vec(),
            Self::Policy(policy) => policy.check(&filter)?.warnings().to_vec(),
        };
        Ok(Valid { value: filter.corrected(&warnings), warnings })
    }
}

/// Returns the policy that allows everything on the attributes of schema representations, and on
/// those that every resource has.
fn from_schemas(paths: &[PathBuf]) -> Result<Policy<Value>, CliError> {
    let mut documents = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        documents.push(
            std::fs::read_to_string(path).map_err(|error| CliError::cannot_read(&name, &error))?,
        );
    }
    let documents: Vec<&str> = documents.iter().map(|text| without_byte_order_mark(text)).collect();
    Schema::from_rfc7643(&documents)
        .and_then(scim::with_common_attributes)
        .and_then(Policy::new)
        .map_err(|error| CliError::Failed(format!("--schema: {error}")))
}

fn read(path: &str) -> Result<Policy<Value>, CliError> {
    let parse = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("json") => Policy::from_json,
        Some("toml") => Policy::from_toml,
        _ => {
            return CliError::fail(format!(
                "unknown policy `{path}`: expected `users`, `scim-user`, `scim-group`, `none`, or \
                 a .json or .toml file"
            ));
        }
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| CliError::cannot_read(path, &error))?;
    parse(&text).map_err(|error| invalid(path, &error))
}

fn invalid(name: &str, error: &PolicyError) -> CliError {
    let describe = |fault: &PolicyFault| match fault.position() {
        Some((line, column)) => format!("{name}:{line}:{column}: {}", fault.message()),
        None => format!("{name}: {fault}"),
    };
    let faults: Vec<String> = error.faults().iter().map(describe).collect();
    CliError::Failed(faults.join("\n"))
}
