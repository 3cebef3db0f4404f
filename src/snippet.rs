//! The picture under a message: source lines with carets and labels. Plain text, nothing known of errors.
//!
//! What could move a terminal's cursor, reorder its text or not be seen at all is escaped before it is measured, so that carets stand under what is
//! printed. Lines that are too wide are cut around the marks; work and output do not grow with the parts left out.

use crate::span::Span;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One underlined place with a word on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark<'a> {
    /// What is underlined; an empty span gets one caret. One that does not fit the source is moved to the nearest that does.
    pub(crate) span: Span,
    /// Stands beside or below the carets; may be empty.
    pub(crate) label: &'a str,
    /// `^` if true, else `-`.
    pub(crate) primary: bool,
}

/// Marks drawn in one picture; of more, the first primary ones and then the first others are.
const MARKS: usize = 8;
/// CheckedMapping that a line may have before it is cut.
const WIDTH: usize = 100;
/// CheckedMapping kept on both sides of a mark's start and of its end in a line that is cut.
const CONTEXT: usize = 30;
/// Stands for what is left out.
const CUT: &str = "...";

/// Draws every line that a mark starts or ends on, with the marks below it; without marks, nothing.
///
/// The first row is ` --> line:column` (from 1, in characters) of the first primary mark. Rows are parted by `\n`, with none at the end.
pub(crate) fn render(source: &str, marks: &[Mark<'_>]) -> String {
    let mut marks: Vec<Mark<'_>> =
        marks.iter().map(|mark| Mark { span: fit(source, mark.span), ..*mark }).collect();
    marks.sort_by_key(|mark| !mark.primary);
    marks.truncate(MARKS);
    let Some(first) = marks.first() else { return String::new() };
    let lines = lines(source, &marks);
    let at = line_start(source, first.span.start);
    let column = text(source, at, first.span.start).chars().count() + 1;

    let mut numbered = Vec::new();
    let (mut number, mut counted) = (1, 0);
    for (&start, segments) in &lines {
        number += text(source, counted, start).matches('\n').count();
        counted = start;
        numbered.push((number, start, segments));
    }
    let gutter = number.to_string().len();
    let line = numbered.iter().find(|line| line.1 == at).map_or(1, |line| line.0);

    let mut rows = vec![format!("{:gutter$}--> {line}:{column}", "")];
    let mut last = None;
    for (number, start, segments) in numbered {
        if last.is_some_and(|last| last + 1 < number) {
            rows.push(CUT.to_owned());
        }
        last = Some(number);
        let drawn = Line::draw(source, Span::new(start, line_end(source, start)), segments);
        rows.push(format!("{number:gutter$} | {}", drawn.text));
        rows.extend(drawn.below(segments).into_iter().map(|row| format!("{:gutter$} | {row}", "")));
    }
    for row in &mut rows {
        row.truncate(row.trim_end().len());
    }
    rows.join("\n")
}

/// `text` with everything invisible or dangerous on a terminal as an escape: `\t`, `\u{202e}`.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut out, c);
    }
    out
}

/// The part of a mark that stands on one line.
struct Segment<'a> {
    span: Span,
    label: &'a str,
    primary: bool,
}

/// The segments of each line, by the offset of the line's first byte. A mark over several lines has one on its first line and, with the label, on its last.
fn lines<'a>(source: &str, marks: &[Mark<'a>]) -> BTreeMap<usize, Vec<Segment<'a>>> {
    let mut lines: BTreeMap<usize, Vec<Segment<'a>>> = BTreeMap::new();
    for &Mark { span, label, primary } in marks {
        let (first, last) = (line_start(source, span.start), line_start(source, span.end));
        let end_of = |line: usize| Span::new(line, line_end(source, line));
        if first != last {
            let span = Span::new(span.start, span.start.max(end_of(first).end));
            lines.entry(first).or_default().push(Segment { span, label: "", primary });
        }
        let end = if span.start >= span.end {
            span.end
        } else {
            span.end.min(end_of(last).end.max(span.start))
        };
        lines.entry(last).or_default().push(Segment {
            span: Span::new(span.start.max(last), end),
            label,
            primary,
        });
    }
    lines
}

/// A line as printed, with the column of every character that is shown.
struct Line {
    text: String,
    /// Offset in the source and column, both rising.
    cells: Vec<(usize, usize)>,
    width: usize,
}

impl Line {
    fn draw(source: &str, line: Span, segments: &[Segment<'_>]) -> Self {
        let mut drawn = Self { text: String::new(), cells: Vec::new(), width: 0 };
        let mut shown = line.start;
        for piece in pieces(source, line, segments) {
            if shown < piece.start {
                drawn.cut();
            }
            for (offset, c) in text(source, piece.start, piece.end).char_indices() {
                drawn.cells.push((piece.start + offset, drawn.width));
                drawn.width += push(&mut drawn.text, c);
            }
            shown = piece.end;
        }
        if shown < line.end {
            drawn.cut();
        }
        drawn
    }

    fn cut(&mut self) {
        self.text.push_str(CUT);
        self.width += CUT.len();
    }

    /// First column of `span` and one past its last; never empty.
    fn columns(&self, span: Span) -> (usize, usize) {
        let column = |offset| {
            let before = self.cells.partition_point(|cell| cell.0 < offset);
            self.cells.get(before).map_or(self.width, |cell| cell.1)
        };
        let start = column(span.start);
        (start, column(span.end).max(start + 1))
    }

    /// The rows under the line: carets with the label of the last of them, then the other labels from right to left, each tied to its mark.
    fn below(&self, segments: &[Segment<'_>]) -> Vec<String> {
        let mut placed: Vec<_> =
            segments.iter().map(|segment| (self.columns(segment.span), segment)).collect();
        placed.sort_by_key(|((start, end), segment)| {
            (std::cmp::Reverse(end - start), segment.primary)
        });
        let mut carets = Vec::new();
        for ((start, end), segment) in &placed {
            let columns = carets.len().max(*end);
            carets.resize(columns, ' ');
            carets
                .iter_mut()
                .take(*end)
                .skip(*start)
                .for_each(|c| *c = if segment.primary { '^' } else { '-' });
        }
        placed.sort_by_key(|((start, end), _)| (*end, *start));
        let mut rows = vec![carets.into_iter().collect::<String>()];
        if let (Some((_, segment)), Some(row)) = (placed.pop(), rows.first_mut()) {
            row.push(' ');
            row.push_str(&escape(segment.label));
        }

        let mut labels: Vec<_> = placed
            .iter()
            .filter(|(_, segment)| !segment.label.is_empty())
            .map(|((start, _), segment)| (*start, segment.label))
            .collect();
        labels.sort_by_key(|label| label.0);
        if !labels.is_empty() {
            rows.push(ties(&labels, usize::MAX));
        }
        while let Some((start, label)) = labels.pop() {
            let row = ties(&labels, start);
            rows.push(format!("{row:start$}{}", escape(label)));
        }
        rows
    }
}

/// A row with a `|` for each label that starts left of `end`.
fn ties(labels: &[(usize, &str)], end: usize) -> String {
    let mut row = String::new();
    for &(start, _) in labels.iter().filter(|label| label.0 < end) {
        row.truncate(start);
        let _ = write!(row, "{:1$}|", "", start.saturating_sub(row.len()));
    }
    row
}

/// What is shown of a line, in order and apart: all of it if it is narrow, else the surroundings of the marks.
fn pieces(source: &str, line: Span, segments: &[Segment<'_>]) -> Vec<Span> {
    if after(source, line, line.start, WIDTH) == line.end {
        return vec![line];
    }
    let around = |offset| {
        Span::new(before(source, line, offset, CONTEXT), after(source, line, offset, CONTEXT))
    };
    let mut windows: Vec<Span> = segments
        .iter()
        .flat_map(|segment| [around(segment.span.start), around(segment.span.end)])
        .collect();
    windows.sort_unstable();
    let mut pieces: Vec<Span> = Vec::new();
    for window in windows {
        match pieces.last_mut() {
            // A gap that the dots would not shorten is shown.
            Some(piece) if window.start <= piece.end + CUT.len() => *piece = piece.to(window),
            _ => pieces.push(window),
        }
    }
    // Likewise at both ends.
    if let Some(piece) = pieces.first_mut().filter(|piece| piece.start <= line.start + CUT.len()) {
        piece.start = line.start;
    }
    if let Some(piece) = pieces.last_mut().filter(|piece| piece.end + CUT.len() >= line.end) {
        piece.end = line.end;
    }
    pieces
}

/// The offset about `columns` columns after `from`, or the line's end.
fn after(source: &str, line: Span, from: usize, columns: usize) -> usize {
    let mut left = columns;
    for (offset, c) in text(source, from, line.end).char_indices() {
        let width = cost(c);
        if width > left {
            return from + offset;
        }
        left -= width;
    }
    line.end.max(from)
}

/// The offset about `columns` columns before `from`, or the line's start.
fn before(source: &str, line: Span, from: usize, columns: usize) -> usize {
    let mut left = columns;
    let mut at = from;
    for (offset, c) in text(source, line.start, from).char_indices().rev() {
        let width = cost(c);
        if width > left {
            break;
        }
        left -= width;
        at = line.start + offset;
    }
    at
}

/// What a character takes of the room there is. Marks without a width count too: nobody needs a thousand accents on a letter.
fn cost(c: char) -> usize {
    if c.is_ascii_graphic() || c == ' ' { 1 } else { push(&mut String::new(), c).max(1) }
}

/// Writes one character as it is printed; returns its columns.
fn push(out: &mut String, c: char) -> usize {
    if c.is_ascii_graphic() || c == ' ' {
        out.push(c);
        return 1;
    }
    if !(c.is_control() || c.is_whitespace() || within(INVISIBLE, c)) {
        out.push(c);
        return if within(COMBINING, c) { 0 } else { 1 + usize::from(within(WIDE, c)) };
    }
    let old = out.len();
    match c {
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\n' => out.push_str("\\n"),
        c => out.extend(c.escape_unicode()),
    }
    out.len() - old
}

fn fit(source: &str, span: Span) -> Span {
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

fn text(source: &str, start: usize, end: usize) -> &str {
    source.get(start..end).unwrap_or_default()
}

fn line_start(source: &str, offset: usize) -> usize {
    text(source, 0, offset).rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line that starts at `start` ends, its `\n` or `\r\n` not counted.
fn line_end(source: &str, start: usize) -> usize {
    let rest = text(source, start, source.len());
    match rest.find('\n') {
        Some(newline) => start + newline - usize::from(text(rest, 0, newline).ends_with('\r')),
        None => source.len(),
    }
}

fn within(ranges: &[(char, char)], c: char) -> bool {
    let next = ranges.partition_point(|range| range.1 < c);
    ranges.get(next).is_some_and(|range| range.0 <= c)
}

/// Characters that show nothing or change how others show, beside controls and white space: Unicode's Default_Ignorable_Code_Point, bidirectional and
/// other format controls, the blank Braille pattern.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Blocks whose characters take no column of their own; the marks of some scripts are missing and count as one.
const COMBINING: &[(char, char)] = &[
    ('\u{300}', '\u{36f}'),
    ('\u{483}', '\u{489}'),
    ('\u{591}', '\u{5bd}'),
    ('\u{610}', '\u{61a}'),
    ('\u{64b}', '\u{65f}'),
    ('\u{93c}', '\u{93c}'),
    ('\u{941}', '\u{948}'),
    ('\u{94d}', '\u{94d}'),
    ('\u{e31}', '\u{e31}'),
    ('\u{e34}', '\u{e3a}'),
    ('\u{e47}', '\u{e4e}'),
    ('\u{1161}', '\u{11ff}'),
    ('\u{1ab0}', '\u{1aff}'),
    ('\u{1dc0}', '\u{1dff}'),
    ('\u{20d0}', '\u{20ff}'),
    ('\u{302a}', '\u{302d}'),
    ('\u{3099}', '\u{309a}'),
    ('\u{fe20}', '\u{fe2f}'),
];

/// Blocks that East Asian Width (Unicode annex 11) gives two columns, and emoji.
const WIDE: &[(char, char)] = &[
    ('\u{1100}', '\u{115e}'),
    ('\u{231a}', '\u{231b}'),
    ('\u{23e9}', '\u{23ec}'),
    ('\u{2614}', '\u{2615}'),
    ('\u{2648}', '\u{2653}'),
    ('\u{2705}', '\u{2705}'),
    ('\u{274c}', '\u{274c}'),
    ('\u{2753}', '\u{2755}'),
    ('\u{2e80}', '\u{303e}'),
    ('\u{3041}', '\u{a4cf}'),
    ('\u{a960}', '\u{a97f}'),
    ('\u{ac00}', '\u{d7a3}'),
    ('\u{f900}', '\u{faff}'),
    ('\u{fe10}', '\u{fe19}'),
    ('\u{fe30}', '\u{fe6f}'),
    ('\u{ff01}', '\u{ff60}'),
    ('\u{ffe0}', '\u{ffe6}'),
    ('\u{16fe0}', '\u{18cff}'),
    ('\u{1b000}', '\u{1b2ff}'),
    ('\u{1f18e}', '\u{1f19a}'),
    ('\u{1f200}', '\u{1f320}'),
    ('\u{1f32d}', '\u{1f64f}'),
    ('\u{1f680}', '\u{1f6ff}'),
    ('\u{1f900}', '\u{1f9ff}'),
    ('\u{1fa70}', '\u{1faff}'),
    ('\u{20000}', '\u{3fffd}'),
];

#[cfg(test)]
mod tests {
    use super::{CONTEXT, Mark, escape, render, within};
    use crate::span::Span;

    fn mark(start: usize, end: usize, label: &str) -> Mark<'_> {
        Mark { span: Span::new(start, end), label, primary: true }
    }

    fn note(start: usize, end: usize, label: &str) -> Mark<'_> {
        Mark { primary: false, ..mark(start, end, label) }
    }

    /// Rows under the source line, without the gutter.
    fn rows(source: &str, marks: &[Mark<'_>]) -> Vec<String> {
        render(source, marks)
            .lines()
            .skip(1)
            .map(|row| row.get(4..).unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn one_mark() {
        assert_eq!(
            render("name eq Bob", &[mark(8, 11, "expected a string")]),
            " --> 1:9\n1 | name eq Bob\n  |         ^^^ expected a string"
        );
        assert_eq!(
            render("name eq Bob", &[mark(8, 11, "")]),
            " --> 1:9\n1 | name eq Bob\n  |         ^^^"
        );
        assert_eq!(render("name eq Bob", &[]), "");
    }

    #[test]
    fn after_the_end() {
        assert_eq!(
            rows("name eq", &[mark(7, 7, "expected a value")]),
            ["name eq", "       ^ expected a value"]
        );
        assert_eq!(render("", &[mark(0, 0, "empty")]), " --> 1:1\n1 |\n  | ^ empty");
    }

    #[test]
    fn several_marks() {
        let source = r#"a eq "x" or b eq "y" and c pr"#;
        let got = rows(
            source,
            &[note(0, 8, "this"), mark(9, 11, "mixes both"), note(12, 29, "and that")],
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
        // The inner one stays visible, whichever kind it is.
        assert_eq!(
            rows("(a pr)", &[mark(0, 6, "all"), note(1, 2, "a")]),
            ["(a pr)", "^-^^^^ all", " |", " a"]
        );
        assert_eq!(
            rows("(a pr)", &[note(0, 6, "all"), mark(1, 2, "a")]),
            ["(a pr)", "-^---- all", " |", " a"]
        );
        // Two labels at one place.
        assert_eq!(
            rows("abc", &[mark(0, 1, "one"), note(0, 1, "two"), note(2, 3, "three")]),
            ["abc", "^ - three", "|", "one", "two"]
        );
    }

    #[test]
    fn what_cannot_be_seen_is_escaped_and_measured() {
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
                rows(&source, &[mark(end, end + 1, "x")]),
                [format!("a{shown}b"), format!("{:1$}^ x", "", 1 + shown.len())]
            );
            assert_eq!(
                rows(&source, &[mark(1, end, "x")]).get(1),
                Some(&format!(" {} x", "^".repeat(shown.len())))
            );
            assert_eq!(rows("a", &[mark(0, 1, raw)]).get(1), Some(&format!("^ {shown}")));
        }
        assert_eq!(escape("é\n\"\u{200d}"), "é\\n\"\\u{200d}");
    }

    #[test]
    fn columns_of_wide_and_combining_characters() {
        assert_eq!(rows("佐藤 x", &[mark(7, 8, "")]), ["佐藤 x", "     ^"]);
        assert_eq!(rows("佐藤 x", &[mark(0, 6, "")]), ["佐藤 x", "^^^^"]);
        assert_eq!(rows("😀x", &[mark(4, 5, "")]), ["😀x", "  ^"]);
        assert_eq!(rows("e\u{301}x", &[mark(3, 4, "")]), ["e\u{301}x", " ^"]);
        assert_eq!(rows("éx", &[mark(2, 3, "")]), ["éx", " ^"]);
    }

    #[test]
    fn lines() {
        let source = "a pr\r\nand b eq\nor c\nd\ne pr";
        assert_eq!(render(source, &[mark(6, 9, "x")]), " --> 2:1\n2 | and b eq\n  | ^^^ x");
        assert_eq!(
            render(source, &[mark(6, 9, "x"), note(0, 1, "y")]),
            " --> 2:1\n1 | a pr\n  | - y\n2 | and b eq\n  | ^^^ x"
        );
        // From the second line to the last but one of five: the line between them is left out.
        assert_eq!(
            render(source, &[mark(10, 21, "x")]),
            " --> 2:5\n2 | and b eq\n  |     ^^^^\n...\n4 | d\n  | ^ x"
        );
        // The line break itself.
        assert_eq!(
            render(source, &[mark(4, 6, "x")]),
            " --> 1:5\n1 | a pr\n  |     ^\n2 | and b eq\n  | ^ x"
        );
        let many = "\n".repeat(11);
        assert_eq!(
            render(&many, &[mark(11, 11, "x"), note(0, 0, "")]),
            "  --> 12:1\n 1 |\n   | -\n...\n12 |\n   | ^ x"
        );
    }

    #[test]
    fn wide_lines_are_cut_around_the_marks() {
        let source = "x".repeat(65_536);
        let (a, b) = (CONTEXT, "x".repeat(CONTEXT));
        assert_eq!(rows(&source, &[mark(0, 1, "l")]), [format!("x{b}..."), "^ l".to_owned()]);
        assert_eq!(
            rows(&source, &[mark(65_536, 65_536, "l")]),
            [format!("...{b}"), format!("{:1$}^ l", "", a + 3)]
        );
        assert_eq!(
            rows(&source, &[mark(30_000, 30_002, "l")]),
            [format!("...{b}xx{b}..."), format!("{:1$}^^ l", "", a + 3)]
        );
        // A wide mark keeps both of its ends, and its carets run on under the dots.
        let whole = rows(&source, &[mark(30_000, 40_000, "l")]);
        assert_eq!(
            whole,
            [
                format!("...{b}{b}...{b}{b}..."),
                format!("{:1$}{2} l", "", a + 3, "^".repeat(2 * a + 3))
            ]
        );
        assert_eq!(
            rows(&source, &[mark(0, 1, "a"), note(60_000, 60_001, "b")]).first(),
            Some(&format!("x{b}...{b}x{b}..."))
        );
    }

    #[test]
    fn a_picture_stays_small() {
        for unit in ["x", "\n", "\u{301}", "\u{202e}", "佐", "a\tb\r\n"] {
            let source = unit.repeat(65_536 / unit.len());
            for at in (0..=source.len()).step_by(997) {
                let marks: Vec<_> = (0..100).map(|n| mark(at / (n + 1), at, "label")).collect();
                assert!(render(&source, &marks).len() < 40_000, "{unit:?} {at}");
            }
        }
    }

    #[test]
    fn spans_that_do_not_fit() {
        for source in ["", "a", "é", "佐藤\n😀", "\u{202e}"] {
            for start in 0..12 {
                for end in (0..12).chain([usize::MAX]) {
                    let shown = render(source, &[mark(start, end, "x"), note(end, start, "y")]);
                    assert!(shown.contains('^'), "{source:?} {start} {end}");
                }
            }
        }
        assert_eq!(rows("éa", &[mark(1, 1, "x")]), ["éa", "^ x"]);
        assert_eq!(rows("ab", &[mark(9, 12, "x")]), ["ab", "  ^ x"]);
    }

    #[test]
    fn tables_rise() {
        for table in [super::INVISIBLE, super::COMBINING, super::WIDE] {
            assert!(table.iter().all(|range| range.0 <= range.1));
            assert!(table.windows(2).all(|pair| pair[0].1 < pair[1].0));
            assert!(table.iter().all(|range| within(table, range.0) && within(table, range.1)));
        }
    }
}
