//! Printing what was read, built or nearly a filter gives a text that reads the same again, by the RFC, and prints the same.

use arbitrary::Unstructured;
use scieve::{Filter, Limits, PatchPath, Syntax, arbitrary as made_up};

pub(crate) fn roundtrip(bytes: &[u8]) {
    let mut roomy = Limits::default();
    (roomy.bytes, roomy.clauses) = (Limits::MAX_BYTES, 10_000);
    let mut u = Unstructured::new(bytes);
    let near = made_up::text(&mut u).unwrap_or_default();
    let text = std::str::from_utf8(bytes).unwrap_or("");
    let read = [near.as_str(), text]
        .map(|text| Filter::parse_with(text, &Syntax::lenient(), &Limits::default()).ok());
    let built = made_up::tree(&mut Unstructured::new(bytes))
        .ok()
        .map(|tree| tree.build_with(&roomy).expect("what is built is a filter"));
    for filter in read.into_iter().chain([built]).flatten() {
        let canonical = filter.to_string();
        let again = Filter::parse_with(&canonical, &Syntax::rfc(), &roomy)
            .expect("canonical text is a filter");
        assert_eq!(again, filter);
        assert_eq!(again.to_string(), canonical);
    }
    for text in [near.as_str(), text] {
        if let Ok(path) = PatchPath::parse_with(text, &Syntax::lenient(), &Limits::default()) {
            let canonical = path.to_string();
            let again = PatchPath::parse_with(&canonical, &Syntax::rfc(), &roomy)
                .expect("canonical text is a path");
            assert_eq!((&again, again.to_string()), (&path, canonical));
        }
    }
}
