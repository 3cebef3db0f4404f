//! Property: parsing never panics, spans of diagnostics are within the source, and memory is linear
//! in the length of the input.

use scieve::{Diagnostics, Filter, Limits, PatchPath, Safety, Syntax};

pub(crate) fn parse(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for syntax in [Syntax::rfc(), Syntax::entra(), Syntax::lenient()] {
        let mut parsed = None;
        let allocated = allocation_counter::measure(|| {
            parsed = Some(Filter::parse_with(text, &syntax, &Limits::default()))
        });
        // The constant is for diagnostics, whose size does not depend on the length of the input.
        assert!(
            allocated.bytes_total <= 4096 + 256 * text.len() as u64,
            "{} bytes for {}",
            allocated.bytes_total,
            text.len()
        );
        // Each unquoted word adds a warning, which allocates.
        assert!(
            allocated.count_total <= 256 + text.len() as u64,
            "{} allocations for {} bytes",
            allocated.count_total,
            text.len()
        );
        if let Some(Err(diagnostics)) = parsed {
            inspect(&diagnostics, text);
            let all = Filter::diagnose_with(text, &syntax, &Limits::default());
            inspect(&all, text);
            if let Some(fixed) = all.fixed(Safety::Unsafe) {
                assert!(Filter::parse_with(&fixed, &syntax, &Limits::default()).is_ok(), "{fixed}");
            }
        }
        if let Err(diagnostics) = PatchPath::parse_with(text, &syntax, &Limits::default()) {
            inspect(&diagnostics, text);
        }
    }
}

fn inspect(diagnostics: &Diagnostics, text: &str) {
    assert!(text.starts_with(diagnostics.source_text()));
    for diagnostic in diagnostics {
        assert!(diagnostic.span().text(diagnostics.source_text()).is_some());
    }
    assert!(!diagnostics.render().is_empty());
}
