//! Renders diagnostics as text: the message, the source with underlines, and the help.

use super::{Diagnostic, Diagnostics, Severity};
use crate::snippet::{self, Annotation, Origin, Role};

/// How to render diagnostics: with the name of a file, with colours, with or without the source.
///
/// ```
/// use scieve::{Filter, Renderer, Styles};
///
/// let diagnostics = Filter::parse("name eq Bob").unwrap_err();
/// let renderer = Renderer::new().origin("filters.txt", 12);
/// let text = diagnostics.render_with(&renderer);
/// assert!(text.contains(" --> filters.txt:12:9\n12 | name eq Bob\n"));
///
/// let coloured = diagnostics.render_with(&renderer.styles(Styles::ANSI));
/// assert!(coloured.starts_with("\u{1b}[1m\u{1b}[31merror[bad-value]\u{1b}[0m"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Renderer<'a> {
    origin: Option<Origin<'a>>,
    styles: Styles,
    without_source: bool,
}

impl<'a> Renderer<'a> {
    /// Renders plain text without a file name, as [`Diagnostics::render`] does.
    #[must_use]
    pub const fn new() -> Self {
        Self { origin: None, styles: Styles::PLAIN, without_source: false }
    }

    /// Names the file of the filter and the line, counted from 1, on which the filter starts.
    ///
    /// The location is then `name:line:column` instead of `line:column`, and the lines of the source
    /// have their numbers in that file.
    #[must_use]
    pub const fn origin(mut self, name: &'a str, line: usize) -> Self {
        self.origin = Some((name, line));
        self
    }

    /// Sets the styles; [`Styles::ANSI`] colours the text for terminals.
    #[must_use]
    pub const fn styles(mut self, styles: Styles) -> Self {
        self.styles = styles;
        self
    }

    /// Omits the location and the source, for diagnostics that concern no part of a filter.
    #[must_use]
    pub const fn without_source(mut self) -> Self {
        self.without_source = true;
        self
    }
}

/// The escape sequences that start and end the style of each part of a rendered diagnostic.
///
/// An empty string leaves its part unstyled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Styles {
    /// The word `error` and the code, and the primary underline of an error with its label.
    pub error: &'static str,
    /// The word `warning` and the code, and the primary underline of a warning with its label.
    pub warning: &'static str,
    /// The message, and the words `expected` and `help`.
    pub message: &'static str,
    /// Secondary underlines and their labels.
    pub secondary: &'static str,
    /// The location, line numbers and bars.
    pub frame: &'static str,
    /// Ends any of the other styles.
    pub reset: &'static str,
}

impl Styles {
    /// No styles.
    pub const PLAIN: Self =
        Self { error: "", warning: "", message: "", secondary: "", frame: "", reset: "" };

    /// ANSI escape sequences (ECMA-48 SGR): errors in red, warnings in yellow, secondary
    /// underlines in cyan, the frame in blue, all of them bold.
    pub const ANSI: Self = Self {
        error: "\u{1b}[1m\u{1b}[31m",
        warning: "\u{1b}[1m\u{1b}[33m",
        message: "\u{1b}[1m",
        secondary: "\u{1b}[1m\u{1b}[36m",
        frame: "\u{1b}[1m\u{1b}[34m",
        reset: "\u{1b}[0m",
    };

    /// Appends `text` in the given style, one of the fields of `self`.
    fn push(&self, out: &mut String, style: &str, text: &str) {
        out.push_str(style);
        out.push_str(text);
        if !style.is_empty() {
            out.push_str(self.reset);
        }
    }
}

impl Default for Styles {
    fn default() -> Self {
        Self::PLAIN
    }
}

impl Diagnostic {
    /// Renders the diagnostic as plain text: the message, the underlined source, and the help.
    ///
    /// `source` is the filter that the diagnostic is about. The text ends with a newline.
    #[must_use]
    pub fn render(&self, source: &str) -> String {
        self.render_with(source, &Renderer::new())
    }

    /// Like [`render`](Self::render), with the given settings.
    #[must_use]
    pub fn render_with(&self, source: &str, renderer: &Renderer<'_>) -> String {
        let styles = &renderer.styles;
        let severity = match self.severity() {
            Severity::Error => styles.error,
            Severity::Warning | Severity::Advice => styles.warning,
        };
        let mut out = String::new();
        styles.push(&mut out, severity, &format!("{}[{}]", self.severity().name(), self.code()));
        styles.push(&mut out, styles.message, &format!(": {}", self.message()));
        out.push('\n');
        if !renderer.without_source {
            let annotations: Vec<_> = self.annotations().collect();
            snippet::render(source, &annotations, renderer.origin, &mut |role, text| {
                let style = match role {
                    Role::Plain => "",
                    Role::Frame => styles.frame,
                    Role::Primary => severity,
                    Role::Secondary => styles.secondary,
                };
                styles.push(&mut out, style, text);
            });
        }
        let expected = Some(self.expected().join(", ")).filter(|list| !list.is_empty());
        let notes = [("expected", expected.as_deref()), ("help", self.help())];
        for (name, note) in notes {
            let Some(note) = note else { continue };
            styles.push(&mut out, styles.frame, "  =");
            out.push(' ');
            styles.push(&mut out, styles.message, name);
            out.push_str(": ");
            out.push_str(note);
            out.push('\n');
        }
        out
    }

    fn annotations(&self) -> impl Iterator<Item = Annotation<'_>> {
        let primary = Annotation { span: self.span(), label: &self.0.label, primary: true };
        let related =
            self.related().map(|(span, label)| Annotation { span, label, primary: false });
        std::iter::once(primary).chain(related)
    }
}

impl Diagnostics {
    /// Renders every diagnostic as plain text with its place in the source underlined.
    #[must_use]
    pub fn render(&self) -> String {
        self.render_with(&Renderer::new())
    }

    /// Like [`render`](Self::render), with the given settings.
    #[must_use]
    pub fn render_with(&self, renderer: &Renderer<'_>) -> String {
        let rendered: Vec<String> = self
            .iter()
            .map(|diagnostic| diagnostic.render_with(self.source_text(), renderer))
            .collect();
        rendered.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{Renderer, Styles};
    use crate::diagnostic::{Code, Diagnostic};
    use crate::span::Span;

    fn mixed() -> Diagnostic {
        Diagnostic::new(Code::GroupMixed, Span::new(8, 12), "mixed")
            .with_label("here")
            .with_related(Span::new(0, 4), "and there")
            .with_help("split it")
    }

    #[test]
    fn primary_and_secondary_annotations_have_different_styles() {
        let mut styles = Styles::PLAIN;
        (styles.error, styles.warning, styles.message) = ("<error>", "<warning>", "<message>");
        (styles.secondary, styles.frame, styles.reset) = ("<secondary>", "<frame>", "</>");
        let renderer = Renderer::new().styles(styles);
        assert_eq!(
            mixed().render_with("a pr or b pr", &renderer),
            "\
<error>error[group-mixed]</><message>: mixed</>
<frame> --> 1:9</>
<frame>1 |</> a pr or b pr
<frame>  |</> <secondary>----</>    <error>^^^^</> <error>here</>
<frame>  |</> <secondary>|</>
<frame>  |</> <secondary>and there</>
<frame>  =</> <message>help</>: split it
"
        );
        let warning = Diagnostic::new(Code::AcceptedOperator, Span::new(0, 1), "accepted");
        let text = warning.render_with("a", &renderer);
        assert!(text.contains("<warning>^</>") && !text.contains("<error>"), "{text}");
    }

    #[test]
    fn styles_change_nothing_else() {
        let source = "a pr or b pr";
        let coloured = mixed().render_with(source, &Renderer::new().styles(Styles::ANSI));
        let Styles { error, warning, message, secondary, frame, reset } = Styles::ANSI;
        let mut plain = coloured.clone();
        for code in [error, warning, secondary, frame, message, reset] {
            plain = plain.replace(code, "");
        }
        assert_ne!(coloured, plain);
        assert_eq!(plain, mixed().render(source));
    }

    #[test]
    fn the_source_can_be_omitted() {
        assert_eq!(
            mixed().render_with("", &Renderer::new().without_source()),
            "error[group-mixed]: mixed\n  = help: split it\n"
        );
    }
}
