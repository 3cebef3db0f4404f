//! What was checked never fails later, and what is refused is refused with a reason.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use scieve::{Case, Filter, Limits, Policy, Record, Syntax, arbitrary as made_up, scim, users};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut u = Unstructured::new(bytes);
    let Ok(record) = made_up::record(&mut u, scim::user_policy().schema()) else { return };
    let Ok(user) = made_up::user(&mut u) else { return };
    let near = made_up::text(&mut u).ok();
    let near = near.and_then(|text| Filter::parse_with(&text, &Syntax::lenient(), &Limits::default()).ok());
    let tree = made_up::tree(&mut u).ok().and_then(|tree| tree.build().ok());
    let legal = made_up::filter(&mut u, scim::user_policy()).ok().flatten().and_then(|filter| filter.build().ok());
    let own = made_up::filter(&mut u, users::policy()).ok().flatten().and_then(|filter| filter.build().ok());
    for filter in [near, tree, legal, own].into_iter().flatten() {
        follow(scim::user_policy(), &filter, &record);
        follow(&Policy::<Value>::schemaless(Case::Ignore), &filter, &record);
        follow(users::policy(), &filter, &user);
    }
});

fn follow<R: Record>(policy: &Policy<R>, filter: &Filter, record: &R) {
    match policy.check(filter) {
        Ok(plan) => {
            assert!(!plan.explain().is_empty());
            let _ = plan.matches(record);
        }
        Err(findings) => assert!(!findings.is_empty() && !findings.render().is_empty()),
    }
}
