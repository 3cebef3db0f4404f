//! A set of filters finds the same plans as the loop over all of them.

use arbitrary::Unstructured;
use scieve::{FilterSet, Plan, arbitrary as generate, scim};
use serde_json::Value;

pub(crate) fn filter_set(data: &[u8]) {
    let _ = check(&mut Unstructured::new(data));
}

fn check(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let policy = scim::user_policy();
    let mut set: FilterSet<Value, usize> = FilterSet::new();
    let mut plans: Vec<Option<Plan<Value>>> = Vec::new();
    for _ in 0..u.int_in_range(1..=12)? {
        if !plans.is_empty() && u.ratio(1, 4)? {
            let id = u.choose_index(plans.len())?;
            assert_eq!(set.remove(&id).is_some(), plans[id].take().is_some());
            continue;
        }
        let Some(builder) = generate::filter(u, policy)? else { continue };
        let Some(plan) = builder.build().ok().and_then(|filter| policy.check(&filter).ok()) else {
            continue;
        };
        set.insert(plans.len(), plan.clone()).unwrap();
        plans.push(Some(plan));
    }
    for _ in 0..4 {
        let record = generate::record(u, policy.schema())?;
        let mut found = Vec::new();
        set.matching(&record, |id| found.push(*id));
        found.sort_unstable();
        let matches = |id: &usize| plans[*id].as_ref().is_some_and(|plan| plan.matches(&record));
        let expected: Vec<usize> = (0..plans.len()).filter(matches).collect();
        assert_eq!(found, expected, "{record}");
    }
    Ok(())
}
