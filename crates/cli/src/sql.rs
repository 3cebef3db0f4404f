//! `scieve sql`: translates filters to SQL with bound parameters.

use crate::batch;
use crate::exit::{CliError, ExitStatus};
use crate::input::Filters;
use crate::output::Output;
use crate::policy::PolicyArgs;
use scieve::sql::{CheckedMapping, Dialect, Direction, Param, Select, SqlError, Statement};
use scieve::{Plan, Renderer, Schema};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// Translate filters to SQL with bound parameters
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve sql --dialect postgres --limit 20 --sort -name 'name co \"ann\" and status eq \"active\"'

Each statement is followed by its parameters, one per line, such as \
`-- $1 = \"ann\"`. With `--json`, each line of the output is an object:
  {filter, dialect, sql, params: [..]}, or {filter, ok: false, diagnostics} for a filter with \
errors, as in `scieve check --json`
The policy `users` has a built-in mapping from attributes to columns; others require `--mapping`.
Exit status: 0 success, 1 a filter has errors, 2 wrong usage or unreadable input")]
pub(crate) struct Sql {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    policy: PolicyArgs,
    /// SQL dialect
    #[arg(long, value_name = "DIALECT", value_parser = ["postgres", "mysql", "sqlite"])]
    dialect: String,
    /// Print only the condition, without the SELECT statement
    #[arg(long = "where", conflicts_with_all = ["limit", "sort"])]
    condition: bool,
    /// Maximum number of rows
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Sort by an attribute; prefix its name with `-` for descending order [default: sort by the
    /// key]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Restrict the query to a tenant, in the tables of users by its number; requires a
    /// `tenant_column` in the mapping [default: all rows of the tables]
    #[arg(long, value_name = "TENANT", conflicts_with = "ddl")]
    tenant: Option<String>,
    /// Mapping from attributes to columns: a .json or .toml file
    #[arg(long, value_name = "FILE", visible_alias = "columns")]
    mapping: Option<String>,
    /// Print the statements that add the key and sort columns of the mapping, with their indexes,
    /// to existing tables
    #[arg(long, conflicts_with_all = ["filters", "file", "condition", "limit", "sort"])]
    ddl: bool,
    /// With `--ddl`: let PostgreSQL 18 compute the key columns
    #[arg(long, requires = "ddl")]
    generated: bool,
    /// Print one JSON object per filter
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
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let Some(dialect) = Dialect::from_name(&self.dialect) else {
            return CliError::fail(format!("unknown dialect `{}`", self.dialect));
        };
        let mapping = mapping(self.mapping.as_deref(), &self.policy)?;
        if self.ddl {
            let statements = match (self.generated, dialect) {
                (false, _) => mapping.ddl(dialect),
                (true, Dialect::Postgres) => mapping.ddl_with_generated_keys(),
                (true, _) => return CliError::fail("`--generated` requires `--dialect postgres`"),
            };
            print_ddl(output, &statements, dialect, self.json)?;
            return Ok(ExitStatus::Success);
        }
        if self.policy.is("none") {
            return CliError::fail(
                "`sql` requires a policy: without one, attributes have no types and no columns",
            );
        }
        let mapping = self.for_tenant(mapping)?;
        let policy = self.policy.policy(false)?;
        let mut select = Select::default().columns(selected(&mapping, policy.schema()));
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
        let mut separator = "";
        batch::for_each_plan(self.filters, &policy, json, output, |output, filter, plan| {
            let statement = if condition {
                plan.to_where(&mapping, dialect)
            } else {
                plan.to_sql(&mapping, dialect, &select)
            };
            let Statement { sql, params, .. } =
                statement.map_err(|error| untranslatable(filter, &error))?;
            if json {
                return output.json(&Translated {
                    filter,
                    dialect: dialect.name(),
                    sql: &sql,
                    params: &params,
                });
            }
            print_warnings(output, plan, &mapping)?;
            output.line(&format!("{separator}{sql}"))?;
            separator = "\n";
            params
                .iter()
                .zip(1..)
                .try_for_each(|(param, number)| output.line(&comment(dialect, number, param)))
        })
    }

    /// Restricts the mapping to the tenant. Without one, the built-in mapping selects the rows of
    /// all tenants.
    fn for_tenant(&self, mapping: CheckedMapping) -> Result<CheckedMapping, CliError> {
        match &self.tenant {
            Some(tenant) => Ok(mapping.for_tenant(tenant)),
            None if self.mapping.is_none() => {
                let mut mapping = mapping.mapping().clone();
                (mapping.tenant_column, mapping.tenant_stored) = (None, None);
                mapping.check().map_err(|error| CliError::Failed(error.to_string()))
            }
            None => Ok(mapping),
        }
    }
}

/// Reads the mapping from the file, or returns that of the users tables.
fn mapping(file: Option<&str>, policy: &PolicyArgs) -> Result<CheckedMapping, CliError> {
    let Some(path) = file else {
        if !policy.is("users") && !policy.is("none") {
            return CliError::fail(
                "`--mapping FILE` is required: only the policy `users` has a built-in mapping",
            );
        }
        return Ok(scieve_users::mapping().clone());
    };
    read_mapping(path)
}

/// Reads a mapping from a file.
pub(crate) fn read_mapping(path: &str) -> Result<CheckedMapping, CliError> {
    let parse = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("json") => CheckedMapping::from_json,
        Some("toml") => CheckedMapping::from_toml,
        _ => return CliError::fail(format!("`{path}` is not a .json or .toml file")),
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| CliError::cannot_read(path, &error))?;
    parse(&text).map_err(|error| CliError::Failed(format!("{path}: {error}")))
}

/// Returns the key and the columns of single-valued attributes, in the order of the schema.
fn selected(mapping: &CheckedMapping, schema: &Schema) -> Vec<String> {
    let mapping = mapping.mapping();
    let position =
        |path: &str| schema.find_path(path).map_or(usize::MAX, |attribute| attribute.id().index());
    let mut attributes: Vec<_> =
        mapping.attributes.iter().map(|(path, column)| (position(path), &column.column)).collect();
    attributes.sort();
    let mut selected = vec![mapping.key.clone()];
    for (_, column) in attributes {
        if !selected.contains(column) {
            selected.push(column.clone());
        }
    }
    selected
}

fn untranslatable(filter: &str, error: &SqlError) -> CliError {
    CliError::Failed(match error {
        SqlError::NotSortable(_) | SqlError::NoTenantColumn | SqlError::InvalidTenant { .. } => {
            error.to_string()
        }
        SqlError::NoTenant(_) => format!("{error}: give `--tenant`"),
        error => format!("cannot translate the filter `{}`: {error}", filter.escape_debug()),
    })
}

fn print_ddl(
    output: &mut Output,
    statements: &[String],
    dialect: Dialect,
    json: bool,
) -> Result<(), CliError> {
    if json {
        return output.json(&Tables { dialect: dialect.name(), ddl: statements });
    }
    statements.iter().try_for_each(|statement| match statement.starts_with("--") {
        true => output.line(statement),
        false => output.line(&format!("{statement};")),
    })
}

fn print_warnings(
    output: &mut Output,
    plan: &Plan<Value>,
    mapping: &CheckedMapping,
) -> Result<(), CliError> {
    // They concern the mapping, not a part of the filter.
    let renderer = Renderer::new().without_source();
    plan.sql_warnings(mapping)
        .iter()
        .try_for_each(|warning| output.diagnostic(warning, "", &renderer))
}

/// Formats a parameter as an SQL comment, such as `-- $1 = "ann"`.
fn comment(dialect: Dialect, number: u64, param: &Param) -> String {
    let value = serde_json::to_string(param).unwrap_or_default();
    let placeholder = if dialect == Dialect::Postgres { "$" } else { "?" };
    format!("-- {placeholder}{number} = {value}")
}
