//! Any text: reading and drawing its findings never panics, every place of a finding lies within the text, and reading takes no more memory
//! than a multiple of the text.

use scieve::{Diagnostics, Filter, Limits, PatchPath, Syntax};

pub(crate) fn parse(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for syntax in [Syntax::rfc(), Syntax::entra(), Syntax::lenient()] {
        let mut read = None;
        let taken = allocation_counter::measure(|| {
            read = Some(Filter::parse_with(text, &syntax, &Limits::default()))
        });
        // What is refused has a message, whose length does not depend on the text's.
        assert!(
            taken.bytes_total <= 4096 + 256 * text.len() as u64,
            "{} bytes for {}",
            taken.bytes_total,
            text.len()
        );
        // A remark on each word that had to be guessed takes some.
        assert!(
            taken.count_total <= 256 + text.len() as u64,
            "{} allocations for {} bytes",
            taken.count_total,
            text.len()
        );
        if let Some(Err(findings)) = read {
            look(&findings, text);
        }
        if let Err(findings) = PatchPath::parse_with(text, &syntax, &Limits::default()) {
            look(&findings, text);
        }
    }
}

fn look(findings: &Diagnostics, text: &str) {
    assert!(text.starts_with(findings.source_text()));
    for finding in findings {
        assert!(finding.span().text(findings.source_text()).is_some());
    }
    assert!(!findings.render().is_empty());
}
