//! Matching asks for no memory.
#![cfg(feature = "users")]
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../benches/corpus/mod.rs"]
mod corpus;

use allocation_counter::measure;
use scieve::key;
use scieve::users::{User, policy, sample};

#[test]
fn matching_ascii_takes_none() {
    let is_ascii =
        |user: &User| user.name.is_ascii() && user.email.as_ref().is_none_or(|email| email.is_ascii()) && user.subject.is_ascii();
    let people: Vec<User> = sample(2_000).filter(is_ascii).collect();
    for (name, text) in corpus::filters_of_users() {
        let plan = policy().parse(&text).unwrap();
        let taken = measure(|| assert!(people.iter().filter(|user| plan.matches(user)).count() < people.len()));
        assert_eq!(taken.count_total, 0, "{name}");
    }
    assert!(people.len() > 1_000 && people.iter().any(|user| key(&user.name) != user.name));
}
