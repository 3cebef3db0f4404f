//! Renders lines of source text with underlined spans and labels below them.
//!
//! Control characters, bidirectional controls and other invisible characters are escaped before
//! widths are measured. Underlines therefore line up with the printed text, and the source cannot
//! move the cursor of a terminal or reorder its output. Long lines are cut around the annotations,
//! so that the size of the output is bounded for a source of any length.

mod escape;

pub(crate) use escape::{escape, write_json_string};

use crate::span::Span;
use escape::{positive_width, push_escaped};
use std::collections::BTreeMap;

/// The line and column of an offset in a source, counted from 1.
///
/// ```
/// let position = scieve::Position::new("a eq \"é\"\n  or b pr", 15);
/// assert_eq!((position.line, position.column), (2, 6));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column in characters.
    pub column: usize,
    /// The column in bytes.
    pub byte_column: usize,
    /// The column in UTF-16 code units, as the Language Server Protocol and SARIF count them.
    pub utf16_column: usize,
}

impl Position {
    /// Returns the position of an offset in bytes. An offset behind the source is that of its end,
    /// and one within a character that of its start.
    #[must_use]
    pub fn new(source: &str, offset: usize) -> Self {
        let offset = clamp(source, Span::new(offset, offset)).start;
        let start = line_start(source, offset);
        let before = slice(source, start, offset);
        Self {
            line: slice(source, 0, start).matches('\n').count() + 1,
            column: before.chars().count() + 1,
            byte_column: before.len() + 1,
            utf16_column: before.encode_utf16().count() + 1,
        }
    }
}

/// An underlined span with a label.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Annotation<'a> {
    /// An empty span is underlined one column wide. A span outside the source is clamped to it.
    pub(crate) span: Span,
    /// Printed beside or below the underline; may be empty.
    pub(crate) label: &'a str,
    /// Underlines with `^` if true, otherwise with `-`.
    pub(crate) primary: bool,
}

impl Annotation<'_> {
    fn role(&self) -> Role {
        if self.primary { Role::Primary } else { Role::Secondary }
    }
}

/// The purpose of a piece of output, from which the caller chooses its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Source text and padding.
    Plain,
    /// The location, line numbers, bars and marks of omitted lines.
    Frame,
    /// The underline and label of a primary annotation.
    Primary,
    /// The underline and label of any other annotation.
    Secondary,
}

/// The name of the file that contains the source, and the line of the file where it starts.
pub(crate) type Origin<'a> = (&'a str, usize);

/// Maximum number of annotations in one snippet; primary ones are kept first.
const MAX_ANNOTATIONS: usize = 8;
/// Maximum width of a line, in columns, that is printed without cuts.
const MAX_WIDTH: usize = 100;
/// Columns kept before and after each end of an annotation when a line is cut.
const CONTEXT: usize = 30;
/// Replaces omitted text and omitted lines.
const ELLIPSIS: &str = "...";

/// Renders each line on which an annotation starts or ends, with the underlines below it.
///
/// The output goes to `out` piece by piece; each row ends with a newline. The first row is
/// ` --> line:column` of the first primary annotation, both counted from 1 and the column in
/// characters. With an `origin` it is ` --> name:line:column`, with the line in that file.
/// Renders nothing if there are no annotations.
pub(crate) fn render(
    source: &str,
    annotations: &[Annotation<'_>],
    origin: Option<Origin<'_>>,
    out: &mut dyn FnMut(Role, &str),
) {
    let mut annotations: Vec<Annotation<'_>> = annotations
        .iter()
        .map(|annotation| Annotation { span: clamp(source, annotation.span), ..*annotation })
        .collect();
    annotations.sort_by_key(|annotation| !annotation.primary);
    annotations.truncate(MAX_ANNOTATIONS);
    let Some(first) = annotations.first() else { return };
    let lines = segments_by_line(source, &annotations);
    let first_line = origin.map_or(1, |(_, line)| line);
    let Position { line, column, .. } = Position::new(source, first.span.start);

    let mut numbered = Vec::new();
    let (mut number, mut counted) = (first_line, 0);
    for (&start, segments) in &lines {
        number = number.saturating_add(slice(source, counted, start).matches('\n').count());
        counted = start;
        numbered.push((number, start, segments));
    }
    let gutter = number.to_string().len();
    let line = first_line.saturating_add(line - 1);
    let location = match origin {
        Some((name, _)) => format!("{}:{line}", escape(name)),
        None => line.to_string(),
    };
    out(Role::Frame, &format!("{:gutter$}--> {location}:{column}", ""));
    out(Role::Plain, "\n");
    let mut previous = None;
    for (number, start, segments) in numbered {
        if previous.is_some_and(|previous: usize| previous.saturating_add(1) < number) {
            out(Role::Frame, ELLIPSIS);
            out(Role::Plain, "\n");
        }
        previous = Some(number);
        let line = Line::new(source, Span::new(start, line_end(source, start)), segments);
        out(Role::Frame, &format!("{number:gutter$} |"));
        let text = line.text.trim_end();
        if !text.is_empty() {
            out(Role::Plain, &format!(" {text}"));
        }
        out(Role::Plain, "\n");
        for row in line.rows_below(segments) {
            out(Role::Frame, &format!("{:gutter$} |", ""));
            out(Role::Plain, " ");
            row.pieces.iter().for_each(|(role, piece)| out(*role, piece));
            out(Role::Plain, "\n");
        }
    }
}

/// Returns the annotations of each line, by the offset of the line's first byte.
///
/// An annotation that spans several lines is underlined on its first and its last line, with the
/// label on the last.
fn segments_by_line<'a>(
    source: &str,
    annotations: &[Annotation<'a>],
) -> BTreeMap<usize, Vec<Annotation<'a>>> {
    let mut lines: BTreeMap<usize, Vec<Annotation<'a>>> = BTreeMap::new();
    for &annotation in annotations {
        let span = annotation.span;
        let (first, last) = (line_start(source, span.start), line_start(source, span.end));
        if first != last {
            let end = line_end(source, first).max(span.start);
            let span = Span::new(span.start, end);
            lines.entry(first).or_default().push(Annotation { span, label: "", ..annotation });
        }
        let end = if span.start >= span.end {
            span.end
        } else {
            span.end.min(line_end(source, last).max(span.start))
        };
        let span = Span::new(span.start.max(last), end);
        lines.entry(last).or_default().push(Annotation { span, ..annotation });
    }
    lines
}

/// A row of output below a source line.
#[derive(Default)]
struct Row {
    pieces: Vec<(Role, String)>,
    /// Columns up to which the row is filled; labels, which come last, are not counted.
    width: usize,
}

impl Row {
    /// Draws `symbol` in the columns from `start` to `end`, after padding.
    fn draw(&mut self, role: Role, symbol: &str, start: usize, end: usize) {
        self.pad(start);
        self.pieces.push((role, symbol.repeat(end.saturating_sub(start))));
        self.width = end;
    }

    fn pad(&mut self, column: usize) {
        if self.width < column {
            self.pieces.push((Role::Plain, " ".repeat(column - self.width)));
            self.width = column;
        }
    }

    fn label(&mut self, annotation: &Annotation<'_>) {
        self.pieces.push((annotation.role(), escape(annotation.label).trim_end().to_owned()));
    }
}

/// A source line as printed.
struct Line {
    text: String,
    /// The offset in the source and the column of each printed character, both ascending.
    columns: Vec<(usize, usize)>,
    width: usize,
}

impl Line {
    fn new(source: &str, line: Span, segments: &[Annotation<'_>]) -> Self {
        let mut printed = Self { text: String::new(), columns: Vec::new(), width: 0 };
        let mut end = line.start;
        for range in visible_ranges(source, line, segments) {
            if end < range.start {
                printed.omit();
            }
            for (offset, c) in slice(source, range.start, range.end).char_indices() {
                printed.columns.push((range.start + offset, printed.width));
                printed.width += push_escaped(&mut printed.text, c);
            }
            end = range.end;
        }
        if end < line.end {
            printed.omit();
        }
        printed
    }

    fn omit(&mut self) {
        self.text.push_str(ELLIPSIS);
        self.width += ELLIPSIS.len();
    }

    /// Returns the first column of `span` and the column after its last; at least one column.
    fn columns(&self, span: Span) -> (usize, usize) {
        let column = |offset| {
            let index = self.columns.partition_point(|(start, _)| *start < offset);
            self.columns.get(index).map_or(self.width, |(_, column)| *column)
        };
        let start = column(span.start);
        (start, column(span.end).max(start + 1))
    }

    /// Returns the rows below the line: the underlines with the label of the rightmost one, then
    /// the other labels from right to left, each connected to its underline by a line of `|`.
    fn rows_below(&self, segments: &[Annotation<'_>]) -> Vec<Row> {
        let mut placed: Vec<_> =
            segments.iter().map(|segment| (self.columns(segment.span), segment)).collect();
        // Shorter spans are drawn over longer ones, so that nested annotations stay visible.
        placed.sort_by_key(|((start, end), segment)| {
            (std::cmp::Reverse(end - start), segment.primary)
        });
        let mut roles = Vec::new();
        for ((start, end), segment) in &placed {
            roles.resize(roles.len().max(*end), Role::Plain);
            roles.iter_mut().take(*end).skip(*start).for_each(|role| *role = segment.role());
        }
        placed.sort_by_key(|((start, end), _)| (*end, *start));
        let mut underlines = Row::default();
        for run in roles.chunk_by(|left, right| left == right) {
            let (start, end) = (underlines.width, underlines.width + run.len());
            match run.first() {
                Some(Role::Primary) => underlines.draw(Role::Primary, "^", start, end),
                Some(Role::Secondary) => underlines.draw(Role::Secondary, "-", start, end),
                _ => underlines.pad(end),
            }
        }
        if let Some((_, segment)) = placed.pop().filter(|(_, segment)| !segment.label.is_empty()) {
            underlines.pad(underlines.width + 1);
            underlines.label(segment);
        }

        let mut rows = vec![underlines];
        let mut labels: Vec<_> = placed
            .iter()
            .filter(|(_, segment)| !segment.label.is_empty())
            .map(|((start, _), segment)| (*start, *segment))
            .collect();
        labels.sort_by_key(|(start, _)| *start);
        if !labels.is_empty() {
            rows.push(connectors(&labels, usize::MAX));
        }
        while let Some((start, segment)) = labels.pop() {
            let mut row = connectors(&labels, start);
            row.pad(start);
            row.label(segment);
            rows.push(row);
        }
        rows
    }
}

/// Returns a row with a `|` for each label that starts left of the column `end`.
fn connectors(labels: &[(usize, &Annotation<'_>)], end: usize) -> Row {
    let mut row = Row::default();
    for &(start, segment) in labels.iter().filter(|(start, _)| *start < end) {
        // Labels at the same column share one connector.
        if start >= row.width {
            row.draw(segment.role(), "|", start, start + 1);
        }
    }
    row
}

/// Returns the parts of a line to print, in order: the whole line if it is narrow, otherwise the
/// surroundings of the annotations.
fn visible_ranges(source: &str, line: Span, segments: &[Annotation<'_>]) -> Vec<Span> {
    if offset_after(source, line, line.start, MAX_WIDTH) == line.end {
        return vec![line];
    }
    let around = |offset| {
        Span::new(
            offset_before(source, line, offset, CONTEXT),
            offset_after(source, line, offset, CONTEXT),
        )
    };
    let mut windows: Vec<Span> = segments
        .iter()
        .flat_map(|segment| [around(segment.span.start), around(segment.span.end)])
        .collect();
    windows.sort_unstable();
    let mut ranges: Vec<Span> = Vec::new();
    for window in windows {
        match ranges.last_mut() {
            // An ellipsis would be no shorter than the gap.
            Some(range) if window.start <= range.end + ELLIPSIS.len() => *range = range.to(window),
            _ => ranges.push(window),
        }
    }
    // The same applies to both ends of the line.
    let (start, end) = (line.start + ELLIPSIS.len(), line.end);
    if let Some(range) = ranges.first_mut().filter(|range| range.start <= start) {
        range.start = line.start;
    }
    if let Some(range) = ranges.last_mut().filter(|range| range.end + ELLIPSIS.len() >= end) {
        range.end = line.end;
    }
    ranges
}

/// Returns the offset about `columns` columns after `from`, limited to the end of the line.
fn offset_after(source: &str, line: Span, from: usize, columns: usize) -> usize {
    let mut left = columns;
    for (offset, c) in slice(source, from, line.end).char_indices() {
        let width = positive_width(c);
        if width > left {
            return from + offset;
        }
        left -= width;
    }
    line.end.max(from)
}

/// Returns the offset about `columns` columns before `from`, limited to the start of the line.
fn offset_before(source: &str, line: Span, from: usize, columns: usize) -> usize {
    let mut left = columns;
    let mut at = from;
    for (offset, c) in slice(source, line.start, from).char_indices().rev() {
        let width = positive_width(c);
        if width > left {
            break;
        }
        left -= width;
        at = line.start + offset;
    }
    at
}

/// Moves both ends of a span into the source and to character boundaries.
fn clamp(source: &str, span: Span) -> Span {
    let mut start = span.start.min(source.len());
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, source.len());
    while !source.is_char_boundary(end) {
        end += 1;
    }
    Span::new(start, end)
}

fn slice(source: &str, start: usize, end: usize) -> &str {
    source.get(start..end).unwrap_or_default()
}

fn line_start(source: &str, offset: usize) -> usize {
    slice(source, 0, offset).rfind('\n').map_or(0, |newline| newline + 1)
}

/// Returns the end of the line that starts at `start`, without its `\n` or `\r\n`.
fn line_end(source: &str, start: usize) -> usize {
    let rest = slice(source, start, source.len());
    match rest.find('\n') {
        Some(newline) => start + newline - usize::from(slice(rest, 0, newline).ends_with('\r')),
        None => source.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Annotation, CONTEXT, Role, escape};
    use crate::span::Span;

    fn primary(start: usize, end: usize, label: &str) -> Annotation<'_> {
        Annotation { span: Span::new(start, end), label, primary: true }
    }

    fn secondary(start: usize, end: usize, label: &str) -> Annotation<'_> {
        Annotation { primary: false, ..primary(start, end, label) }
    }

    fn pieces(source: &str, annotations: &[Annotation<'_>]) -> Vec<(Role, String)> {
        let mut pieces = Vec::new();
        super::render(source, annotations, None, &mut |role, piece| {
            pieces.push((role, piece.to_owned()));
        });
        pieces
    }

    fn render(source: &str, annotations: &[Annotation<'_>]) -> String {
        let mut text: String =
            pieces(source, annotations).into_iter().map(|(_, piece)| piece).collect();
        assert_eq!(text.pop().unwrap_or('\n'), '\n');
        assert!(text.lines().all(|row| !row.ends_with(' ')), "{text}");
        text
    }

    /// The source line and the rows below it, without the gutter.
    fn rows(source: &str, annotations: &[Annotation<'_>]) -> Vec<String> {
        render(source, annotations)
            .lines()
            .skip(1)
            .map(|row| row.get(4..).unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn one_annotation() {
        assert_eq!(
            render("name eq Bob", &[primary(8, 11, "expected a string")]),
            " --> 1:9\n1 | name eq Bob\n  |         ^^^ expected a string"
        );
        assert_eq!(
            render("name eq Bob", &[primary(8, 11, "")]),
            " --> 1:9\n1 | name eq Bob\n  |         ^^^"
        );
        assert_eq!(render("name eq Bob", &[]), "");
    }

    #[test]
    fn an_empty_span_at_the_end() {
        assert_eq!(
            rows("name eq", &[primary(7, 7, "expected a value")]),
            ["name eq", "       ^ expected a value"]
        );
        assert_eq!(render("", &[primary(0, 0, "empty")]), " --> 1:1\n1 |\n  | ^ empty");
    }

    #[test]
    fn several_annotations() {
        let source = r#"a eq "x" or b eq "y" and c pr"#;
        let got = rows(
            source,
            &[secondary(0, 8, "this"), primary(9, 11, "mixes both"), secondary(12, 29, "and that")],
        );
        assert_eq!(
            got,
            [
                source,
                "-------- ^^ ----------------- and that",
                "|        |",
                "|        mixes both",
                "this",
            ]
        );
        // The inner span stays visible, whether primary or secondary.
        assert_eq!(
            rows("(a pr)", &[primary(0, 6, "all"), secondary(1, 2, "a")]),
            ["(a pr)", "^-^^^^ all", " |", " a"]
        );
        assert_eq!(
            rows("(a pr)", &[secondary(0, 6, "all"), primary(1, 2, "a")]),
            ["(a pr)", "-^---- all", " |", " a"]
        );
        // Two labels at the same column.
        assert_eq!(
            rows("abc", &[primary(0, 1, "one"), secondary(0, 1, "two"), secondary(2, 3, "three")]),
            ["abc", "^ - three", "|", "one", "two"]
        );
    }

    #[test]
    fn invisible_characters_are_escaped_and_measured() {
        for (raw, shown) in [
            ("\t", "\\t"),
            ("\r", "\\r"),
            ("\0", "\\u{0}"),
            ("\u{1b}", "\\u{1b}"),
            ("\u{7f}", "\\u{7f}"),
            ("\u{85}", "\\u{85}"),
            ("\u{9b}", "\\u{9b}"),
            ("\u{a0}", "\\u{a0}"),
            ("\u{200b}", "\\u{200b}"),
            ("\u{202e}", "\\u{202e}"),
            ("\u{2028}", "\\u{2028}"),
            ("\u{2029}", "\\u{2029}"),
            ("\u{2066}", "\\u{2066}"),
            ("\u{feff}", "\\u{feff}"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            let source = format!("a{raw}b");
            let end = 1 + raw.len();
            assert_eq!(
                rows(&source, &[primary(end, end + 1, "x")]),
                [format!("a{shown}b"), format!("{:1$}^ x", "", 1 + shown.len())]
            );
            assert_eq!(
                rows(&source, &[primary(1, end, "x")]).get(1),
                Some(&format!(" {} x", "^".repeat(shown.len())))
            );
            assert_eq!(rows("a", &[primary(0, 1, raw)]).get(1), Some(&format!("^ {shown}")));
        }
        assert_eq!(escape("é\n\"\u{200d}"), "é\\n\"\\u{200d}");
    }

    #[test]
    fn wide_and_combining_characters_are_measured() {
        assert_eq!(rows("佐藤 x", &[primary(7, 8, "")]), ["佐藤 x", "     ^"]);
        assert_eq!(rows("佐藤 x", &[primary(0, 6, "")]), ["佐藤 x", "^^^^"]);
        assert_eq!(rows("😀x", &[primary(4, 5, "")]), ["😀x", "  ^"]);
        assert_eq!(rows("e\u{301}x", &[primary(3, 4, "")]), ["e\u{301}x", " ^"]);
        assert_eq!(rows("éx", &[primary(2, 3, "")]), ["éx", " ^"]);
        assert_eq!(rows("க\u{bc0}x", &[primary(6, 7, "")]), ["க\u{bc0}x", " ^"]);
    }

    #[test]
    fn several_lines() {
        let source = "a pr\r\nand b eq\nor c\nd\ne pr";
        assert_eq!(render(source, &[primary(6, 9, "x")]), " --> 2:1\n2 | and b eq\n  | ^^^ x");
        assert_eq!(
            render(source, &[primary(6, 9, "x"), secondary(0, 1, "y")]),
            " --> 2:1\n1 | a pr\n  | - y\n2 | and b eq\n  | ^^^ x"
        );
        // From the second to the fourth of five lines: the third is omitted.
        assert_eq!(
            render(source, &[primary(10, 21, "x")]),
            " --> 2:5\n2 | and b eq\n  |     ^^^^\n...\n4 | d\n  | ^ x"
        );
        // The line break itself.
        assert_eq!(
            render(source, &[primary(4, 6, "x")]),
            " --> 1:5\n1 | a pr\n  |     ^\n2 | and b eq\n  | ^ x"
        );
        let many = "\n".repeat(11);
        assert_eq!(
            render(&many, &[primary(11, 11, "x"), secondary(0, 0, "")]),
            "  --> 12:1\n 1 |\n   | -\n...\n12 |\n   | ^ x"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_annotations() {
        let source = "x".repeat(65_536);
        let (a, b) = (CONTEXT, "x".repeat(CONTEXT));
        assert_eq!(rows(&source, &[primary(0, 1, "l")]), [format!("x{b}..."), "^ l".to_owned()]);
        assert_eq!(
            rows(&source, &[primary(65_536, 65_536, "l")]),
            [format!("...{b}"), format!("{:1$}^ l", "", a + 3)]
        );
        assert_eq!(
            rows(&source, &[primary(30_000, 30_002, "l")]),
            [format!("...{b}xx{b}..."), format!("{:1$}^^ l", "", a + 3)]
        );
        // Both ends of a long span are kept, and its underline continues below the ellipsis.
        let whole = rows(&source, &[primary(30_000, 40_000, "l")]);
        assert_eq!(
            whole,
            [
                format!("...{b}{b}...{b}{b}..."),
                format!("{:1$}{2} l", "", a + 3, "^".repeat(2 * a + 3))
            ]
        );
        assert_eq!(
            rows(&source, &[primary(0, 1, "a"), secondary(60_000, 60_001, "b")]).first(),
            Some(&format!("x{b}...{b}x{b}..."))
        );
    }

    #[test]
    fn output_size_is_bounded() {
        for unit in ["x", "\n", "\u{301}", "\u{202e}", "佐", "a\tb\r\n"] {
            let source = unit.repeat(65_536 / unit.len());
            for at in (0..=source.len()).step_by(997) {
                let annotations: Vec<_> =
                    (0..100).map(|n| primary(at / (n + 1), at, "label")).collect();
                assert!(render(&source, &annotations).len() < 40_000, "{unit:?} {at}");
            }
        }
    }

    #[test]
    fn spans_outside_the_source_are_clamped() {
        for source in ["", "a", "é", "佐藤\n😀", "\u{202e}"] {
            for start in 0..12 {
                for end in (0..12).chain([usize::MAX]) {
                    let shown =
                        render(source, &[primary(start, end, "x"), secondary(end, start, "y")]);
                    assert!(shown.contains('^'), "{source:?} {start} {end}");
                }
            }
        }
        assert_eq!(rows("éa", &[primary(1, 1, "x")]), ["éa", "^ x"]);
        assert_eq!(rows("ab", &[primary(9, 12, "x")]), ["ab", "  ^ x"]);
    }

    #[test]
    fn each_annotation_has_the_role_of_its_kind() {
        let annotations = [secondary(0, 1, "two"), primary(2, 3, "one"), secondary(4, 5, "three")];
        let styled: Vec<_> = pieces("a b c", &annotations)
            .into_iter()
            .filter(|(role, _)| matches!(role, Role::Primary | Role::Secondary))
            .collect();
        let expected = [
            (Role::Secondary, "-"),
            (Role::Primary, "^"),
            (Role::Secondary, "-"),
            (Role::Secondary, "three"),
            (Role::Secondary, "|"),
            (Role::Primary, "|"),
            (Role::Secondary, "|"),
            (Role::Primary, "one"),
            (Role::Secondary, "two"),
        ];
        assert_eq!(styled, expected.map(|(role, piece)| (role, piece.to_owned())));
    }

    #[test]
    fn an_origin_is_escaped_and_shifts_the_line_number() {
        let mut text = String::new();
        let annotations = [primary(5, 6, "x")];
        super::render("a pr\nb", &annotations, Some(("f\u{1b}", 7)), &mut |_, piece| {
            text.push_str(piece);
        });
        assert_eq!(text, " --> f\\u{1b}:8:1\n8 | b\n  | ^ x\n");
    }
}
