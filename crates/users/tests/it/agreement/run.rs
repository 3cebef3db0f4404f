//! Filters at random, each asked of memory and of a database.

use super::mutants::Mutant;
use crate::engine::Engine;
use crate::generators::filters::Filters;
use crate::generators::random::Random;
use crate::generators::rows::rows;
use crate::generators::{TENANT, World};
use scieve::sql::{Dialect, Select, Statement};
use scieve::{Expr, ExprKind, Filter, Plan, Policy};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How much is asked.
#[derive(Clone, Debug)]
pub(crate) struct Length {
    pub(crate) filters: usize,
    pub(crate) records: usize,
    pub(crate) seed: u64,
    /// Whether to say on standard error how far it is.
    pub(crate) progress: bool,
    /// This batch alone.
    pub(crate) batch: Option<usize>,
    /// This filter alone.
    pub(crate) filter: Option<String>,
}

/// Filters that the same records are asked.
const BATCH: usize = 250;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) filters: usize,
    /// Filters that the database answers otherwise, or not at all.
    pub(crate) wrong: usize,
    /// Records found by memory.
    pub(crate) found: usize,
    /// Filters that are true for all records, or for none.
    pub(crate) constant: usize,
    /// The first difference, as a case that can be run again.
    pub(crate) first: Option<String>,
}

/// Makes the tables, and asks. Filters and records depend on the seed alone.
pub(crate) async fn run<W: World>(
    world: &W,
    engine: &mut Engine,
    length: &Length,
    mutant: Option<Mutant>,
) -> Outcome {
    make_tables(world, engine, mutant).await;
    let (mut outcome, started, mut said) = (Outcome::default(), Instant::now(), Instant::now());
    let batches = 0..length.filters.div_ceil(BATCH);
    for batch in batches.filter(|batch| length.batch.is_none_or(|only| *batch == only)) {
        let mut random = Random(length.seed.wrapping_mul(1_000_003).wrapping_add(batch as u64));
        let records: Vec<W::Record> =
            (0..length.records).map(|number| world.record(&mut random, number)).collect();
        engine.fill(world, &records).await;
        ways(engine, batch).await;
        let filters = Filters::new(world, &records);
        let policy = &world.policies()[batch % world.policies().len()];
        for number in 0..BATCH.min(length.filters - batch * BATCH) {
            let filter = match &length.filter {
                Some(filter) if number == 0 => filter.clone(),
                Some(_) => break,
                None => filters.filter(&mut random),
            };
            let case = CaseSensitivity { world, records: &records, policy, mutant };
            let (expected, got) = case.ask(engine, &filter).await;
            outcome.filters += 1;
            outcome.found += expected.len();
            outcome.constant += usize::from(expected.is_empty() || expected.len() == records.len());
            if got.as_ref() != Ok(&expected) {
                outcome.wrong += 1;
                if outcome.first.is_none() && mutant.is_none() {
                    let (name, Length { records, seed, .. }) =
                        (super::name(engine.dialect()), length);
                    let again = format!(
                        "--only {name}_{} --records {records} --seed {seed} --batch {batch}",
                        world.name()
                    );
                    outcome.first = Some(case.shown(engine, &again, filter).await);
                    eprintln!("{}", outcome.first.as_deref().unwrap());
                }
            }
        }
        if mutant.is_some() && outcome.wrong > 0 {
            break;
        }
        if length.progress
            && (said.elapsed() > Duration::from_secs(5) || outcome.filters == length.filters)
        {
            said = Instant::now();
            let rate = outcome.filters as f64 / started.elapsed().as_secs_f64() * 60.0;
            let (engine, world, Outcome { filters, wrong, .. }) =
                (super::name(engine.dialect()), world.name(), &outcome);
            eprintln!(
                "{engine} {world}: {filters} of {} filters x {} records, {wrong} wrong, {rate:.0} filters a minute",
                length.filters, length.records
            );
        }
    }
    outcome
}

/// With the indexes for `co` that PostgreSQL is offered.
pub(crate) async fn make_tables<W: World>(world: &W, engine: &mut Engine, mutant: Option<Mutant>) {
    for statement in world.columns().create(engine.dialect(), world.policies()[0].schema()).unwrap()
    {
        let statement = mutant.map_or(statement.clone(), |mutant| mutant.ddl(statement));
        let trigrams =
            statement.strip_prefix("-- optional for `co` and `ew`, with the extension pg_trgm: ");
        if trigrams.is_some() {
            engine.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm").await;
        }
        engine.execute(trigrams.unwrap_or(&statement)).await;
    }
}

/// On few rows PostgreSQL would always read the whole table, and plan for the values at hand.
async fn ways(engine: &mut Engine, batch: usize) {
    if engine.dialect() == Dialect::Postgres {
        // Not `enable_seqscan = off`: where it has no choice it then looks at the cost of nothing else.
        let (sequential, random) = if batch.is_multiple_of(2) { (1, 4) } else { (100, 1) };
        let cache = if batch % 4 < 2 { "auto" } else { "force_generic_plan" };
        let set = format!(
            "SET seq_page_cost = {sequential}; SET random_page_cost = {random}; SET plan_cache_mode = {cache}"
        );
        engine.execute(&set).await;
    }
}

struct CaseSensitivity<'a, W: World> {
    world: &'a W,
    records: &'a [W::Record],
    policy: &'a Policy<W::Record>,
    mutant: Option<Mutant>,
}

impl<W: World> CaseSensitivity<'_, W> {
    fn plan(&self, filter: &str) -> Plan<W::Record> {
        self.policy.parse(filter).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()))
    }

    /// The statement, and the plan that it has to agree with.
    fn statement(&self, dialect: Dialect, filter: &str) -> (Plan<W::Record>, Statement) {
        match self.mutant {
            Some(Mutant::NaiveNot) => {
                let inner = self.plan(filter).to_where(self.world.columns(), dialect).unwrap();
                (
                    self.plan(&format!("not ({filter})")),
                    Mutant::not(self.world.columns().mapping(), dialect, inner),
                )
            }
            mutant => {
                let plan = self.plan(filter);
                if mutant == Some(Mutant::Lower) {
                    let columns = Mutant::lower(self.world.columns().mapping().clone());
                    let statement = plan.to_sql(&columns, dialect, &Select::default()).unwrap();
                    return (plan, statement);
                }
                let statement =
                    plan.to_sql(self.world.columns(), dialect, &Select::default()).unwrap();
                (
                    plan,
                    mutant.map_or(statement.clone(), |mutant| mutant.statement(dialect, statement)),
                )
            }
        }
    }

    async fn ask(
        &self,
        engine: &mut Engine,
        filter: &str,
    ) -> (Vec<String>, Result<Vec<String>, String>) {
        let (plan, statement) = self.statement(engine.dialect(), filter);
        let found = self.records.iter().filter(|record| plan.matches(record));
        let mut expected: Vec<String> =
            found.map(|record| self.world.id(record).to_owned()).collect();
        expected.sort_unstable();
        (expected, engine.ids(&statement).await)
    }

    /// The smallest part of the filter that differs still, with one record that does.
    async fn shown(&self, engine: &mut Engine, again: &str, mut filter: String) -> String {
        let whole = filter.clone();
        'smaller: loop {
            for smaller in smaller(&filter) {
                if self.policy.parse(&smaller).is_ok() {
                    let (expected, got) = self.ask(engine, &smaller).await;
                    if got != Ok(expected) {
                        filter = smaller;
                        continue 'smaller;
                    }
                }
            }
            break;
        }
        let (expected, got) = self.ask(engine, &filter).await;
        let (dialect, columns) = (engine.dialect(), self.world.columns());
        let (plan, statement) = self.statement(dialect, &filter);
        let quoted = filter.replace('\'', "'\\''");
        let mut shown = format!(
            "\n{dialect} differs: scripts/agreement {again} --filter '{quoted}'\npart of: {whole}\nplan: {plan:?}\n"
        );
        let _ = writeln!(shown, "sql: {}", statement.sql);
        let _ = writeln!(shown, "values: {}", serde_json::to_string(&statement.params).unwrap());
        let got = match got {
            Ok(got) => got,
            Err(error) => {
                let _ = writeln!(shown, "error: {error}");
                return shown;
            }
        };
        let differs = |record: &&W::Record| {
            let id = self.world.id(record).to_owned();
            expected.contains(&id) != got.contains(&id)
        };
        match self.records.iter().find(differs) {
            Some(record) => {
                let found = |ids: &[String]| ids.iter().any(|id| *id == self.world.id(record));
                let _ = writeln!(
                    shown,
                    "record: {}\nmemory: {}, {dialect}: {}",
                    self.world.json(record),
                    found(&expected),
                    found(&got)
                );
                for row in
                    rows(columns, self.policy.schema(), TENANT, self.world.id(record), record)
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

/// The filter with one of its chains or negations made smaller.
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
