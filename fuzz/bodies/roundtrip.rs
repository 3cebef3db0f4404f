//! Property: the canonical form of a parsed or built filter is valid by the RFC, parses to an equal
//! filter and prints the same.

use arbitrary::Unstructured;
use scieve::{Filter, Limits, PatchPath, Syntax, arbitrary as generate};

pub(crate) fn roundtrip(bytes: &[u8]) {
    let mut roomy = Limits::default();
    (roomy.bytes, roomy.clauses) = (Limits::MAX_BYTES, 10_000);
    let mut u = Unstructured::new(bytes);
    let near = generate::text(&mut u).unwrap_or_default();
    let text = std::str::from_utf8(bytes).unwrap_or("");
    let parsed = [near.as_str(), text]
        .map(|text| Filter::parse_with(text, &Syntax::lenient(), &Limits::default()).ok());
    let built = generate::tree(&mut Unstructured::new(bytes))
        .ok()
        .map(|tree| tree.build_with(&roomy).expect("a built filter parses"));
    for filter in parsed.into_iter().chain([built]).flatten() {
        let canonical = filter.to_string();
        let again = Filter::parse_with(&canonical, &Syntax::rfc(), &roomy)
            .expect("the canonical form parses");
        assert_eq!(again, filter);
        assert_eq!(again.to_string(), canonical);
    }
    for text in [near.as_str(), text] {
        if let Ok(path) = PatchPath::parse_with(text, &Syntax::lenient(), &Limits::default()) {
            let canonical = path.to_string();
            let again = PatchPath::parse_with(&canonical, &Syntax::rfc(), &roomy)
                .expect("the canonical form parses");
            assert_eq!((&again, again.to_string()), (&path, canonical));
        }
    }
}
