//! What was checked never fails later, and what is refused is refused with a reason.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use scieve::{Case, Filter, Limits, Policy, Record, Syntax, arbitrary as made_up, scim, users};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut u = Unstructured::new(bytes);
    let Ok(Some(filter)) = filter(&mut u) else { return };
    let (Ok(user), Ok(record)) = (made_up::user(&mut u), made_up::record(&mut u, scim::user_policy().schema())) else { return };
    follow(scim::user_policy(), &filter, &record);
    follow(&Policy::<Value>::schemaless(Case::Ignore), &filter, &record);
    follow(users::policy(), &filter, &user);
});

fn filter(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<Filter>> {
    Ok(match u.int_in_range(0..=3)? {
        0 => made_up::filter(u, scim::user_policy())?.and_then(|filter| filter.build().ok()),
        1 => made_up::filter(u, users::policy())?.and_then(|filter| filter.build().ok()),
        2 => made_up::tree(u)?.build().ok(),
        _ => Filter::parse_with(&made_up::text(u)?, &Syntax::lenient(), &Limits::default()).ok(),
    })
}

fn follow<R: Record>(policy: &Policy<R>, filter: &Filter, record: &R) {
    match policy.check(filter) {
        Ok(plan) => {
            assert!(!plan.explain().is_empty());
            let _ = plan.matches(record);
        }
        Err(findings) => assert!(!findings.is_empty() && !findings.render().is_empty()),
    }
}
