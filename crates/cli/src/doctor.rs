//! `scieve doctor`: compares a mapping with a live database.

use crate::catalogue::Catalogue;
use crate::column_problems::{ColumnProblem, column_problems};
use crate::exit::{CliError, ExitStatus};
use crate::output::Output;
use crate::policy::PolicyArgs;
use crate::sql::read_mapping;
use scieve::sql::{CheckedMapping, Dialect, Mapping, Statement, Storage};
use scieve::{Attribute, AttributeType, Operator, Policy};
use serde::Serialize;
use serde_json::Value;

/// Compare a mapping with a live database: columns, types, and the index of each comparison
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve doctor --mapping mapping.toml --policy policy.json --database postgres://localhost/hr

It changes nothing. The table lists for each attribute and operator whether the answer is right \
(`ascii`: only for ASCII strings), whether an index is used, and the statement that would create \
one. With `--json`, one object: {ok, columns: [{table, column, problem}], comparisons: [{attribute, \
operator, right, index, ddl?, problem?}]}
Exit status: 0 everything is right, 1 something is wrong, 2 wrong usage or no connection")]
pub(crate) struct Doctor {
    #[command(flatten)]
    policy: PolicyArgs,
    /// Mapping from attributes to columns: a .json or .toml file
    #[arg(long, value_name = "FILE")]
    mapping: String,
    /// URL of the database
    #[arg(long, value_name = "URL")]
    database: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Findings {
    ok: bool,
    columns: Vec<ColumnProblem>,
    comparisons: Vec<Comparison>,
}

/// A comparison of the policy in the database.
#[derive(Serialize)]
struct Comparison {
    attribute: String,
    operator: &'static str,
    /// `yes`, `ascii` or `no`.
    right: &'static str,
    index: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ddl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Doctor {
    pub(crate) fn run(self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let mapping = read_mapping(&self.mapping)?;
        let policy = self.policy.policy(false)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CliError::Failed(error.to_string()))?;
        let findings = runtime.block_on(examine(&mapping, &policy, &self.database))?;
        if self.json {
            output.json(&findings)?;
        } else {
            print(output, &findings)?;
        }
        Ok(if findings.ok { ExitStatus::Success } else { ExitStatus::FilterErrors })
    }
}

async fn examine(
    mapping: &CheckedMapping,
    policy: &Policy<Value>,
    url: &str,
) -> Result<Findings, CliError> {
    let failed = |message: String| CliError::Failed(format!("cannot use the database: {message}"));
    let mut catalogue = Catalogue::connect(url).await.map_err(failed)?;
    let columns = column_problems(mapping.mapping(), policy.schema(), &mut catalogue)
        .await
        .map_err(failed)?;
    let scoped = match mapping.mapping().tenant_column {
        Some(_) => {
            let storage = mapping.mapping().tenant_stored.as_ref();
            mapping.for_tenant(&string(storage).unwrap_or_default())
        }
        None => mapping.clone(),
    };
    let mut comparisons = Vec::new();
    for attribute in policy.schema().attributes() {
        let Some(rule) = policy.rule(attribute.id()) else { continue };
        for operator in Operator::ALL.into_iter().filter(|one| rule.operators.contains(*one)) {
            if let Some(filter) = filter(attribute, operator, scoped.mapping()) {
                comparisons.push(
                    compare(&scoped, policy, &mut catalogue, attribute, operator, &filter).await,
                );
            }
        }
    }
    let ok = columns.is_empty() && comparisons.iter().all(|comparison| comparison.right != "no");
    Ok(Findings { ok, columns, comparisons })
}

/// Explains one filter in the database.
async fn compare(
    mapping: &CheckedMapping,
    policy: &Policy<Value>,
    catalogue: &mut Catalogue,
    attribute: &Attribute,
    operator: Operator,
    filter: &str,
) -> Comparison {
    let wrong = |problem: String| Comparison {
        attribute: attribute.to_string(),
        operator: operator.name(),
        right: "no",
        index: false,
        ddl: None,
        problem: Some(problem),
    };
    let dialect = catalogue.dialect();
    let plan = match policy.parse(filter) {
        Ok(plan) => plan,
        Err(errors) => return wrong(errors.to_string()),
    };
    let condition = match plan.to_where(mapping, dialect) {
        Ok(condition) => condition,
        Err(error) => return wrong(error.to_string()),
    };
    let Mapping { database_schema, table, alias, .. } = mapping.mapping();
    let table = qualified(dialect, database_schema.as_deref(), table);
    let sql =
        format!("SELECT 1 FROM {table} AS {} WHERE {}", quoted(dialect, alias), condition.sql);
    let ascii = !plan.sql_warnings(mapping).is_empty();
    match catalogue.uses_index(&Statement::new(sql, condition.params)).await {
        Err(error) => wrong(error),
        Ok(index) => Comparison {
            attribute: attribute.to_string(),
            operator: operator.name(),
            right: if ascii { "ascii" } else { "yes" },
            index,
            ddl: if index { None } else { ddl(&condition.sql, &table, alias, operator, dialect) },
            problem: None,
        },
    }
}

/// A filter with the operator and a literal of the type of the attribute.
fn filter(attribute: &Attribute, operator: Operator, mapping: &Mapping) -> Option<String> {
    let name = operator.name();
    if operator == Operator::Pr {
        return Some(format!("{attribute} pr"));
    }
    let path = attribute.to_string();
    let known = mapping.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(&path));
    let literal = match attribute.attribute_type() {
        AttributeType::Boolean => "true".to_owned(),
        AttributeType::Integer => "5".to_owned(),
        AttributeType::Decimal => "1.5".to_owned(),
        AttributeType::DateTime => "\"2011-05-13T00:00:00Z\"".to_owned(),
        AttributeType::Binary => "\"AA==\"".to_owned(),
        AttributeType::String | AttributeType::Reference => {
            let storage = known.and_then(|(_, column)| column.stored.as_ref());
            Value::from(string(storage)?).to_string()
        }
        AttributeType::Complex | AttributeType::Any => return None,
        _ => return None,
    };
    Some(format!("{path} {name} {literal}"))
}

/// A string that the storage can hold.
fn string(storage: Option<&Storage>) -> Option<String> {
    Some(match storage {
        Some(Storage::Enum { labels, .. }) => labels.first()?.clone(),
        Some(Storage::Uuid | Storage::UuidBytes) => {
            "00000000-0000-0000-0000-000000000000".to_owned()
        }
        Some(Storage::Integer) => "5".to_owned(),
        Some(Storage::Date) => "2011-05-13".to_owned(),
        _ => "value".to_owned(),
    })
}

/// The statement that creates an index for an equality, from the expression that is compared.
fn ddl(
    sql: &str,
    table: &str,
    alias: &str,
    operator: Operator,
    dialect: Dialect,
) -> Option<String> {
    let gin = |sql: &str, operator: &str| {
        let column = sql.split(operator).next()?.rsplit(" AND ").next()?.trim_start_matches('(');
        let column = column.replace(&format!("{}.", quoted(dialect, alias)), "");
        let column = if column.contains('(') { format!("({column})") } else { column };
        Some(format!("CREATE INDEX ON {table} USING gin ({column})"))
    };
    match operator {
        Operator::Eq if sql.contains(" @> ") => return gin(sql, " @> "),
        Operator::Eq => {}
        Operator::Co | Operator::Sw | Operator::Ew
            if dialect == Dialect::Postgres
                && sql.contains(" LIKE ")
                && !sql.contains("SELECT") =>
        {
            // Without the condition of the mapping before it.
            let column = sql.split(" LIKE ").next()?.rsplit(" AND ").next()?;
            let column = column.replace(&format!("{}.", quoted(dialect, alias)), "");
            let column = column.trim_start_matches('(');
            return Some(format!("CREATE INDEX ON {table} USING gin (({column}) gin_trgm_ops)"));
        }
        _ => return None,
    }
    if sql.contains("unnest(")
        || sql.contains("JSON_TABLE(")
        || sql.contains("json_each(")
        || sql.contains("jsonb_array_elements(")
    {
        return None;
    }
    // The rows of a child table or a related one are in a subquery.
    let (table, alias, condition) = match sql.rsplit_once(" FROM ") {
        Some((_, from)) => {
            let (table, rest) = from.split_once(" AS ")?;
            let (alias, condition) = rest.split_once(" WHERE ")?;
            (table.to_owned(), alias.to_owned(), condition)
        }
        None => (table.to_owned(), quoted(dialect, alias), sql),
    };
    let compared = condition.split(" = ").next()?;
    let compared = compared.rsplit(" AND ").next()?.trim_start_matches('(');
    let compared = compared.replace(&format!("{alias}."), "");
    let balanced = compared.matches('(').count() == compared.matches(')').count();
    if !balanced || compared.contains('$') && dialect == Dialect::Postgres {
        return None;
    }
    // Only PostgreSQL generates the name of an index.
    let name = match dialect {
        Dialect::Postgres => String::new(),
        _ => {
            let name = |text: &str| text.replace(|at: char| !at.is_ascii_alphanumeric(), "_");
            let name = format!("{}_{}", name(&table), name(&compared));
            format!("{} ", name.trim_matches('_').to_lowercase())
        }
    };
    match (dialect, compared.contains('(')) {
        (Dialect::MySql, true) => Some(format!(
            "-- a generated column for {compared} with an index, and `lower_column` in the mapping"
        )),
        (_, true) => Some(format!("CREATE INDEX {name}ON {table} (({compared}))")),
        (_, false) => Some(format!("CREATE INDEX {name}ON {table} ({compared})")),
    }
}

fn print(output: &mut Output, findings: &Findings) -> Result<(), CliError> {
    for ColumnProblem { table, column, problem } in &findings.columns {
        let dot = if column.is_empty() { "" } else { "." };
        output.line(&format!("{table}{dot}{column}: {problem}"))?;
    }
    let width =
        |of: &dyn Fn(&Comparison) -> usize| findings.comparisons.iter().map(of).max().unwrap_or(0);
    let path = width(&|comparison| comparison.attribute.len()).max("attribute".len());
    output.line(&format!("{:path$}  operator  right  index  to do", "attribute"))?;
    for Comparison { attribute, operator, right, index, ddl, problem } in &findings.comparisons {
        let index = if *index { "yes" } else { "no" };
        let note = problem.as_deref().or(ddl.as_deref()).unwrap_or("");
        let line = format!("{attribute:path$}  {operator:8}  {right:5}  {index:5}  {note}");
        output.line(line.trim_end())?;
    }
    Ok(())
}

fn quoted(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        _ => format!("`{}`", name.replace('`', "``")),
    }
}

fn qualified(dialect: Dialect, schema: Option<&str>, table: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quoted(dialect, schema), quoted(dialect, table)),
        None => quoted(dialect, table),
    }
}
