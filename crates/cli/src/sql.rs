//! `scieve sql`: filters as SQL, every value bound.

use super::exit::{Stop, Verdict};
use super::input::Filters;
use super::output::Output;
use super::plans;
use super::policy::Choice;
use scieve::sql::{CheckedMapping, Dialect, Direction, Param, Select, SqlError, Statement};
use scieve::{Diagnostic, Plan, Schema};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// Prints the SQL of filters, for the users tables or tables of your own
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve sql --dialect postgres --limit 20 --sort -name 'name co \"ann\" and status eq \"active\"'

Prints the statement and then its values, `-- $1 = \"ann\"`, one a line. With --json, one object a line:
  {filter, dialect, sql, params: [..]}; of a filter with errors {filter, ok: false, diagnostics}, as `check` has it
Policies other than `users` need `--columns`, a mapping from attributes to columns as JSON or TOML.
Exit status: 0 all fine, 1 a filter has errors, 2 wrong usage or unreadable input.")]
pub(super) struct Sql {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    choice: Choice,
    /// The database's language
    #[arg(long, value_name = "DIALECT", value_parser = ["postgres", "mysql", "sqlite"])]
    dialect: String,
    /// Prints the condition alone, not a whole SELECT
    #[arg(long = "where", conflicts_with_all = ["limit", "sort"])]
    condition: bool,
    /// Rows at most
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Sorts by an attribute, with `-` before it from the greatest down [default: by the key]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Asks for the users of that tenant alone; tables of your own need a `scope` in their mapping [default: the tables hold one tenant]
    #[arg(long, value_name = "ID", conflicts_with = "ddl")]
    tenant: Option<String>,
    /// Which column holds which attribute: a .json or .toml file
    #[arg(long, value_name = "FILE")]
    columns: Option<String>,
    /// Prints what the mapping wants beside the tables there are: key and sort columns, with their indexes
    #[arg(long, conflicts_with_all = ["filters", "file", "condition", "limit", "sort"])]
    ddl: bool,
    /// Writes one JSON object a line to standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Translated<'a> {
    filter: &'a str,
    dialect: &'a str,
    sql: &'a str,
    params: &'a [Param],
}

#[derive(Serialize)]
struct Tables<'a> {
    dialect: &'a str,
    ddl: &'a [String],
}

impl Sql {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Stop> {
        let Some(dialect) = Dialect::from_name(&self.dialect) else {
            return Stop::unusable(format!("there is no dialect `{}`", self.dialect));
        };
        let columns = columns(self.columns.as_deref(), &self.choice)?;
        if self.ddl {
            return ddl(output, &columns, dialect, self.json).map(|()| Verdict::Fine);
        }
        if self.choice.is("none") {
            return Stop::unusable(
                "`sql` needs a policy: without one no attribute has a type, nor a column",
            );
        }
        let columns = self.within(columns)?;
        let policy = self.choice.policy(false)?;
        let mut select = Select::default().columns(selected(&columns, policy.schema()));
        if let Some(rows) = self.limit {
            select = select.limit(rows);
        }
        if let Some(sort) = &self.sort {
            select = match sort.strip_prefix('-') {
                Some(name) => select.sort(name, Direction::Descending),
                None => select.sort(sort, Direction::Ascending),
            };
        }
        let (json, condition) = (self.json, self.condition);
        let mut first = true;
        plans::each(self.filters, &policy, json, output, |output, filter, plan| {
            let statement = if condition {
                plan.to_where(&columns, dialect)
            } else {
                plan.to_sql(&columns, dialect, &select)
            };
            let Statement { sql, params, .. } = statement.map_err(|error| unfit(filter, &error))?;
            if json {
                return output.json(&Translated {
                    filter,
                    dialect: dialect.name(),
                    sql: &sql,
                    params: &params,
                });
            }
            warn(output, plan, &columns)?;
            let blank = if std::mem::take(&mut first) { "" } else { "\n" };
            output.line(&format!("{blank}{sql}"))?;
            params
                .iter()
                .zip(1..)
                .try_for_each(|(param, number)| output.line(&bound(dialect, number, param)))
        })
    }
}

impl Sql {
    /// The columns of one tenant. The users tables can be asked for all they hold, too; tables of one's own are as their mapping says.
    fn within(&self, columns: CheckedMapping) -> Result<CheckedMapping, Stop> {
        match &self.tenant {
            Some(tenant) => Ok(columns.for_tenant(tenant)),
            None if self.columns.is_none() => {
                let mut mapping = columns.mapping().clone();
                mapping.tenant_column = None;
                mapping.check().map_err(|error| Stop::Unusable(error.to_string()))
            }
            None => Ok(columns),
        }
    }
}

/// The mapping: the file, or that of the users tables.
fn columns(file: Option<&str>, choice: &Choice) -> Result<CheckedMapping, Stop> {
    let Some(path) = file else {
        if !choice.is("users") && !choice.is("none") {
            return Stop::unusable(
                "give `--columns FILE`: only the policy `users` has tables of its own",
            );
        }
        return Ok(scieve_users::columns().clone());
    };
    let from_text = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("json") => CheckedMapping::from_json,
        Some("toml") => CheckedMapping::from_toml,
        _ => return Stop::unusable(format!("`{path}` does not end in .json or .toml")),
    };
    let text = std::fs::read_to_string(path).map_err(|error| Stop::unreadable(path, &error))?;
    from_text(&text).map_err(|error| Stop::Unusable(format!("{path}: {error}")))
}

/// The key, and every column that holds an attribute of the resource itself, in the order of the schema.
fn selected(columns: &CheckedMapping, schema: &Schema) -> Vec<String> {
    let mapping = columns.mapping();
    let place =
        |path: &str| schema.find_path(path).map_or(usize::MAX, |attribute| attribute.id().index());
    let mut attributes: Vec<_> =
        mapping.attributes.iter().map(|(path, column)| (place(path), &column.column)).collect();
    attributes.sort();
    let mut selected = vec![mapping.key.clone()];
    for (_, column) in attributes {
        if !selected.contains(column) {
            selected.push(column.clone());
        }
    }
    selected
}

fn unfit(filter: &str, error: &SqlError) -> Stop {
    Stop::Unusable(match error {
        SqlError::NotSortable(_) | SqlError::NoTenantColumn => error.to_string(),
        SqlError::NoTenant(_) => format!("{error}: give `--tenant`"),
        error => format!("{error}: the filter `{}` has no SQL", filter.escape_debug()),
    })
}

fn ddl(
    output: &mut Output,
    columns: &CheckedMapping,
    dialect: Dialect,
    json: bool,
) -> Result<(), Stop> {
    let statements = columns.ddl(dialect);
    if json {
        return output.json(&Tables { dialect: dialect.name(), ddl: &statements });
    }
    statements.iter().try_for_each(|statement| match statement.starts_with("--") {
        true => output.line(statement),
        false => output.line(&format!("{statement};")),
    })
}

/// The warnings of a mapping are about no place in the filter, so there is nothing to draw.
fn warn(output: &mut Output, plan: &Plan<Value>, columns: &CheckedMapping) -> Result<(), Stop> {
    plan.sql_warnings(columns).iter().try_for_each(|warning: &Diagnostic| {
        let help = warning.help().map(|help| format!("\n  = help: {help}")).unwrap_or_default();
        output.picture(
            None,
            &format!(
                "{}[{}]: {}{help}",
                warning.severity().name(),
                warning.code(),
                warning.message()
            ),
        )
    })
}

/// A value as a comment: `-- $1 = "ann"`.
fn bound(dialect: Dialect, number: u64, param: &Param) -> String {
    let value = serde_json::to_string(param).unwrap_or_default();
    let mark = if dialect == Dialect::Postgres { "$" } else { "?" };
    format!("-- {mark}{number} = {value}")
}
