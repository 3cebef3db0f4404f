//! Any text: reading and drawing its findings never panics, every place of a finding lies within the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scieve::{Diagnostics, Filter, Limits, PatchPath, Syntax};

fuzz_target!(|text: &str| {
    for syntax in [Syntax::rfc(), Syntax::entra(), Syntax::lenient()] {
        if let Err(findings) = Filter::parse_with(text, &syntax, &Limits::default()) {
            look(&findings, text);
        }
        if let Err(findings) = PatchPath::parse_with(text, &syntax, &Limits::default()) {
            look(&findings, text);
        }
    }
});

fn look(findings: &Diagnostics, text: &str) {
    assert!(text.starts_with(findings.source_text()));
    for finding in findings {
        assert!(finding.span().text(findings.source_text()).is_some());
    }
    assert!(!findings.render().is_empty());
}
