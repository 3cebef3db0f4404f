//! Which policy filters are held to.

use super::exit::Stop;
use scieve::{CaseSensitivity, Filter, Limits, Plan, Policy, PolicyError, Syntax, scim};
use serde_json::Value;
use std::path::Path;

/// The policy and the dialect of a command.
#[derive(clap::Args)]
pub(super) struct Choice {
    /// What filters may ask: users, scim-user, scim-group, none, or a policy of your own, a .json or .toml file
    #[arg(long, value_name = "POLICY", default_value = "users")]
    policy: String,
    /// The dialect that filters may be written in [default: the policy's own]
    #[arg(long, value_name = "SYNTAX")]
    syntax: Option<Dialect>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Dialect {
    /// RFC 7644 with its errata, nothing else
    Rfc,
    /// What Microsoft Entra ID sends besides
    Entra,
    /// The same, and strings in single quotes or without any
    Lenient,
}

/// What filters are held to.
pub(super) enum Rules {
    /// The grammar alone.
    Grammar(Syntax),
    /// A policy.
    Policy(Box<Policy<Value>>),
}

impl Choice {
    /// Whether it is the policy of that name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.policy == name
    }

    /// What was chosen; `none` is the grammar alone.
    pub(super) fn rules(&self) -> Result<Rules, Stop> {
        let syntax = self.syntax.map(|dialect| match dialect {
            Dialect::Rfc => Syntax::rfc(),
            Dialect::Entra => Syntax::entra(),
            Dialect::Lenient => Syntax::lenient(),
        });
        let policy = match self.policy.as_str() {
            "none" => return Ok(Rules::Grammar(syntax.unwrap_or_default())),
            "users" => scieve_users::policy()
                .for_record::<Value>()
                .map_err(|error| fault("users", &error.into()))?,
            "scim-user" => scim::user_policy().clone(),
            "scim-group" => scim::group_policy().clone(),
            path => read(path)?,
        };
        Ok(Rules::Policy(Box::new(match syntax {
            Some(syntax) => policy.with_syntax(syntax),
            None => policy,
        })))
    }

    /// The policy that was chosen; `none` is one that lets every attribute pass, whatever its type turns out to be.
    pub(super) fn policy(&self, case_exact: bool) -> Result<Policy<Value>, Stop> {
        match (self.rules()?, case_exact) {
            (Rules::Grammar(syntax), true) => {
                Ok(Policy::schemaless(CaseSensitivity::Exact).with_syntax(syntax))
            }
            (Rules::Grammar(syntax), false) => {
                Ok(Policy::schemaless(CaseSensitivity::Ignore).with_syntax(syntax))
            }
            (Rules::Policy(policy), false) => Ok(*policy),
            (Rules::Policy(_), true) => Stop::unusable(
                "`--case-exact` goes with `--policy none`: a policy says itself where case matters",
            ),
        }
    }
}

impl Rules {
    pub(super) fn limits(&self) -> Limits {
        match self {
            Self::Grammar(_) => Limits::default(),
            Self::Policy(policy) => *policy.limits(),
        }
    }

    pub(super) fn syntax(&self) -> Syntax {
        match self {
            Self::Grammar(syntax) => *syntax,
            Self::Policy(policy) => *policy.syntax(),
        }
    }

    /// Reads a filter, and proves it where there is a policy.
    pub(super) fn read(
        &self,
        text: &str,
    ) -> Result<(Filter, Option<Plan<Value>>), scieve::Diagnostics> {
        let filter = Filter::parse_with(text, &self.syntax(), &self.limits())?;
        let plan = match self {
            Self::Grammar(_) => None,
            Self::Policy(policy) => Some(policy.check(&filter)?),
        };
        Ok((filter, plan))
    }
}

fn read(path: &str) -> Result<Policy<Value>, Stop> {
    let from_text = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("json") => Policy::from_json,
        Some("toml") => Policy::from_toml,
        _ => {
            let known = "users, scim-user, scim-group, none, or a file that ends in .json or .toml";
            return Stop::unusable(format!("there is no policy `{path}`: give {known}"));
        }
    };
    let text = std::fs::read_to_string(path).map_err(|error| Stop::unreadable(path, &error))?;
    from_text(&text).map_err(|error| fault(path, &error))
}

fn fault(name: &str, error: &PolicyError) -> Stop {
    Stop::Unusable(match error {
        PolicyError::Format { line, column, message } => {
            format!("{name}:{line}:{column}: {message}")
        }
        error => format!("{name}: {error}"),
    })
}
