//! Evaluates random filters in memory and in a database, and reduces the first difference to a
//! small case.

use super::mutants::Mutant;
use crate::connection::DbConnection;
use crate::generators::filters::Filters;
use crate::generators::random_values::Random;
use crate::generators::rows::rows;
use crate::generators::{RecordModel, TENANT};
use scieve::sql::{Dialect, Select, Statement};
use scieve::{Expr, ExprKind, Filter, Plan, Policy};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The number of filters and records to compare.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) filters: usize,
    pub(crate) records: usize,
    pub(crate) seed: u64,
    /// Report the progress on standard error.
    pub(crate) progress: bool,
    /// The only batch to run.
    pub(crate) batch: Option<usize>,
    /// The only filter to run.
    pub(crate) filter: Option<String>,
}

/// Number of filters that are evaluated on the same records.
const BATCH: usize = 250;

/// The result of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) filters: usize,
    /// Filters for which the database returns other records or an error.
    pub(crate) different: usize,
    /// Records selected in memory, over all filters.
    pub(crate) found: usize,
    /// Filters that select all records or none.
    pub(crate) constant: usize,
    /// The first difference, with the command that repeats it.
    pub(crate) first: Option<String>,
}

/// Creates the tables and evaluates the filters. Filters and records depend on the seed alone.
pub(crate) async fn compare<W: RecordModel>(
    model: &W,
    connection: &mut DbConnection,
    scale: &Scale,
    mutant: Option<Mutant>,
) -> Outcome {
    create_tables(model, connection, mutant).await;
    let (mut outcome, started, mut reported) = (Outcome::default(), Instant::now(), Instant::now());
    let batches = 0..scale.filters.div_ceil(BATCH);
    for batch in batches.filter(|batch| scale.batch.is_none_or(|only| *batch == only)) {
        let mut random = Random(scale.seed.wrapping_mul(1_000_003).wrapping_add(batch as u64));
        let records: Vec<W::Record> =
            (0..scale.records).map(|number| model.record(&mut random, number)).collect();
        connection.fill(model, &records).await;
        vary_planner(connection, batch).await;
        let filters = Filters::new(model, &records);
        let policy = &model.policies()[batch % model.policies().len()];
        for number in 0..BATCH.min(scale.filters - batch * BATCH) {
            let filter = match &scale.filter {
                Some(filter) if number == 0 => filter.clone(),
                Some(_) => break,
                None => filters.filter(&mut random),
            };
            let case = Case { model, records: &records, policy, mutant };
            let (expected, got) = case.evaluate(connection, &filter).await;
            outcome.filters += 1;
            outcome.found += expected.len();
            outcome.constant += usize::from(expected.is_empty() || expected.len() == records.len());
            if got.as_ref() != Ok(&expected) {
                outcome.different += 1;
                if outcome.first.is_none() && mutant.is_none() {
                    let (name, Scale { records, seed, .. }) =
                        (super::name(connection.dialect()), scale);
                    let options = format!(
                        "--only {name}_{} --records {records} --seed {seed} --batch {batch}",
                        model.name()
                    );
                    outcome.first = Some(case.describe(connection, &options, filter).await);
                    eprintln!("{}", outcome.first.as_deref().unwrap());
                }
            }
        }
        if mutant.is_some() && outcome.different > 0 {
            break;
        }
        if scale.progress
            && (reported.elapsed() > Duration::from_secs(5) || outcome.filters == scale.filters)
        {
            reported = Instant::now();
            let rate = outcome.filters as f64 / started.elapsed().as_secs_f64() * 60.0;
            let (connection, model, Outcome { filters, different, .. }) =
                (super::name(connection.dialect()), model.name(), &outcome);
            eprintln!(
                "{connection} {model}: {filters} of {} filters x {} records, {different} differ, {rate:.0} filters a minute",
                scale.filters, scale.records
            );
        }
    }
    outcome
}

/// Creates the tables, in PostgreSQL with the optional trigram indexes.
pub(crate) async fn create_tables<W: RecordModel>(
    model: &W,
    connection: &mut DbConnection,
    mutant: Option<Mutant>,
) {
    for statement in
        model.mapping().create(connection.dialect(), model.policies()[0].schema()).unwrap()
    {
        let statement = mutant.map_or(statement.clone(), |mutant| mutant.ddl(statement));
        let trigrams =
            statement.strip_prefix("-- optional for `co` and `ew`, with the extension pg_trgm: ");
        if trigrams.is_some() {
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm").await;
        }
        connection.execute(trigrams.unwrap_or(&statement)).await;
    }
}

/// Varies the costs and the plan cache of PostgreSQL by batch, so that it uses indexes and generic
/// plans as well: on few rows it would always scan the table and plan for the parameters at hand.
async fn vary_planner(connection: &mut DbConnection, batch: usize) {
    if connection.dialect() == Dialect::Postgres {
        // `enable_seqscan = off` would make the planner ignore all other costs of a scan that it
        // cannot avoid.
        let (sequential, random) = if batch.is_multiple_of(2) { (1, 4) } else { (100, 1) };
        let cache = if batch % 4 < 2 { "auto" } else { "force_generic_plan" };
        let set = format!(
            "SET seq_page_cost = {sequential}; SET random_page_cost = {random}; SET plan_cache_mode = {cache}"
        );
        connection.execute(&set).await;
    }
}

struct Case<'a, W: RecordModel> {
    model: &'a W,
    records: &'a [W::Record],
    policy: &'a Policy<W::Record>,
    mutant: Option<Mutant>,
}

impl<W: RecordModel> Case<'_, W> {
    fn plan(&self, filter: &str) -> Plan<W::Record> {
        self.policy.parse(filter).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()))
    }

    /// Returns the statement, and the plan that selects the expected records.
    fn statement(&self, dialect: Dialect, filter: &str) -> (Plan<W::Record>, Statement) {
        match self.mutant {
            Some(Mutant::NaiveNot) => {
                let inner = self.plan(filter).to_where(self.model.mapping(), dialect).unwrap();
                (
                    self.plan(&format!("not ({filter})")),
                    Mutant::not(self.model.mapping().mapping(), dialect, inner),
                )
            }
            mutant => {
                let plan = self.plan(filter);
                if mutant == Some(Mutant::Lower) {
                    let columns = Mutant::lower(self.model.mapping().mapping().clone());
                    let statement = plan.to_sql(&columns, dialect, &Select::default()).unwrap();
                    return (plan, statement);
                }
                let statement =
                    plan.to_sql(self.model.mapping(), dialect, &Select::default()).unwrap();
                (
                    plan,
                    mutant.map_or(statement.clone(), |mutant| mutant.statement(dialect, statement)),
                )
            }
        }
    }

    /// Returns the ids that memory and the database select: with both statements, if they differ.
    async fn evaluate(
        &self,
        connection: &mut DbConnection,
        filter: &str,
    ) -> (Vec<String>, Result<Vec<String>, String>) {
        let (plan, statement) = self.statement(connection.dialect(), filter);
        let found = self.records.iter().filter(|record| plan.matches(record));
        let mut expected: Vec<String> =
            found.map(|record| self.model.id(record).to_owned()).collect();
        expected.sort_unstable();
        let got = connection.ids(&statement).await;
        let few_rows = self.for_few_rows(&plan, connection.dialect());
        if self.mutant.is_none() && got.as_ref() == Ok(&expected) && few_rows != statement {
            return (expected, connection.ids(&few_rows).await);
        }
        (expected, got)
    }

    /// Returns the statement that searches child tables and joins for each row.
    fn for_few_rows(&self, plan: &Plan<W::Record>, dialect: Dialect) -> Statement {
        let mapping = self.model.mapping().for_few_rows();
        plan.to_sql(&mapping, dialect, &Select::default()).unwrap()
    }

    /// Reduces the filter to a smallest part that still differs, and describes it with one record
    /// on which it differs.
    async fn describe(
        &self,
        connection: &mut DbConnection,
        options: &str,
        mut filter: String,
    ) -> String {
        let whole = filter.clone();
        'smaller: loop {
            for smaller in smaller(&filter) {
                if self.policy.parse(&smaller).is_ok() {
                    let (expected, got) = self.evaluate(connection, &smaller).await;
                    if got != Ok(expected) {
                        filter = smaller;
                        continue 'smaller;
                    }
                }
            }
            break;
        }
        let (expected, got) = self.evaluate(connection, &filter).await;
        let (dialect, columns) = (connection.dialect(), self.model.mapping());
        let (plan, statement) = self.statement(dialect, &filter);
        let quoted = filter.replace('\'', "'\\''");
        let mut shown = format!(
            "\n{dialect} differs: scripts/agreement {options} --filter '{quoted}'\npart of: {whole}\nplan: {plan:?}\n"
        );
        let _ = writeln!(shown, "sql: {}", statement.sql);
        let _ = writeln!(shown, "for few rows: {}", self.for_few_rows(&plan, dialect).sql);
        let _ = writeln!(shown, "values: {}", serde_json::to_string(&statement.params).unwrap());
        let got = match got {
            Ok(got) => got,
            Err(error) => {
                let _ = writeln!(shown, "error: {error}");
                return shown;
            }
        };
        let differs = |record: &&W::Record| {
            let id = self.model.id(record).to_owned();
            expected.contains(&id) != got.contains(&id)
        };
        match self.records.iter().find(differs) {
            Some(record) => {
                let found = |ids: &[String]| ids.iter().any(|id| *id == self.model.id(record));
                let _ = writeln!(
                    shown,
                    "record: {}\nmemory: {}, {dialect}: {}",
                    self.model.json(record),
                    found(&expected),
                    found(&got)
                );
                for row in
                    rows(columns, self.policy.schema(), TENANT, self.model.id(record), record)
                {
                    let values: serde_json::Map<_, _> = row
                        .columns
                        .iter()
                        .map(|value| {
                            (
                                value.column.clone(),
                                value
                                    .cell
                                    .as_ref()
                                    .map_or(serde_json::Value::Null, |cell| cell.json()),
                            )
                        })
                        .collect();
                    let _ = writeln!(
                        shown,
                        "row of {}: {}",
                        row.table,
                        serde_json::Value::from(values)
                    );
                }
            }
            None => {
                let _ = writeln!(
                    shown,
                    "the same records in another order: expected {expected:?}, got {got:?}"
                );
            }
        }
        shown
    }
}

/// Returns the filters in which one chain or negation is smaller.
fn smaller(filter: &str) -> Vec<String> {
    let Ok(parsed) = Filter::parse(filter) else { return Vec::new() };
    let mut found = Vec::new();
    collect(filter, parsed.root(), &mut found);
    found
}

fn collect(source: &str, expr: Expr<'_>, found: &mut Vec<String>) {
    let mut replace = |by: String| {
        found.push(format!("{}{by}{}", &source[..expr.span().start], &source[expr.span().end..]))
    };
    let text = |expr: Expr<'_>| format!("({})", expr.span().text(source).unwrap());
    let children: Vec<Expr<'_>> = match expr.kind() {
        ExprKind::And(operands) | ExprKind::Or(operands) => operands.collect(),
        ExprKind::Not(child) | ExprKind::ValuePath(_, child) => vec![child],
        _ => Vec::new(),
    };
    match expr.kind() {
        ExprKind::Not(child) => replace(text(child)),
        ExprKind::And(_) | ExprKind::Or(_) => {
            let word = if matches!(expr.kind(), ExprKind::And(_)) { " and " } else { " or " };
            children.iter().for_each(|child| replace(text(*child)));
            for left_out in 0..if children.len() > 2 { children.len() } else { 0 } {
                let kept = children
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| *at != left_out)
                    .map(|(_, child)| text(*child));
                replace(kept.collect::<Vec<_>>().join(word));
            }
        }
        _ => {}
    }
    for child in children {
        collect(source, child, found);
    }
}
