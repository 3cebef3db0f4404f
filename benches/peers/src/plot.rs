//! The results as an SVG dot plot: one row per item, one dot per competitor, logarithmic time axis.

use crate::corpus;
use crate::report::{Outcome, time};

const WIDTH: f64 = 920.0;
/// Width of the row labels.
const LEFT: f64 = 320.0;
const RIGHT: f64 = 40.0;
const ROW: f64 = 22.0;
const TOP: f64 = 96.0;

/// The palette of Okabe and Ito ("Color Universal Design", 2008): distinguishable with colour
/// vision deficiencies.
const COLORS: [&str; 8] =
    ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#b8a000"];

/// Draws the outcomes of the groups, readable on light and dark backgrounds.
pub(crate) fn svg(outcomes: &[Outcome], groups: &[&str]) -> String {
    let shown: Vec<&Outcome> = groups
        .iter()
        .flat_map(|group| outcomes.iter().filter(move |outcome| outcome.group == *group))
        .collect();
    let figures = || shown.iter().flat_map(|outcome| &outcome.figures);
    let mut names: Vec<&str> = Vec::new();
    for name in figures().map(|(name, _)| short(name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let bounds = figures().fold((f64::MAX, f64::MIN), |(least, most), (_, figure)| {
        (least.min(*figure), most.max(*figure))
    });
    let (first, last) = (bounds.0.log10().floor(), bounds.1.log10().ceil());
    let x = |nanoseconds: f64| {
        LEFT + (WIDTH - LEFT - RIGHT) * (nanoseconds.log10() - first) / (last - first)
    };
    let index = |name: &str| names.iter().position(|other| *other == short(name)).unwrap_or(0);

    let titles =
        groups.iter().filter(|group| shown.iter().any(|outcome| outcome.group == **group)).count();
    let bottom = TOP + ROW * (shown.len() + titles) as f64;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="13" role="img">
<title>Time per item of scieve, other crates and hand-written baselines; less is better</title>
<style>
  text {{ fill: #24292f }} .grid {{ stroke: #8c959f; stroke-opacity: .35 }} .ours {{ stroke: #24292f; stroke-width: 1.5 }} .page {{ fill: #fff }}
  @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .ours {{ stroke: #e6edf3 }} .page {{ fill: #0d1117 }} }}
</style>
<rect class="page" width="100%" height="100%"/>
<text x="12" y="22" font-size="16" font-weight="600">Time per item on a logarithmic scale (further left is faster)</text>
"#,
        height = bottom + 40.0,
    );
    let (mut at, mut line) = (12.0, 48.0);
    for name in &names {
        let width = 34.0 + 7.4 * name.len() as f64;
        if at + width > WIDTH {
            (at, line) = (12.0, line + 20.0);
        }
        svg += &dot(at + 6.0, line - 4.0, index(name), "");
        svg += &format!("<text x=\"{}\" y=\"{line}\">{name}</text>\n", at + 17.0);
        at += width;
    }
    let mut decade = first;
    while decade <= last {
        let (at, label) = (x(10f64.powf(decade)), tick(decade as i32));
        svg += &format!(
            "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\n"
        );
        svg += &format!(
            "<text x=\"{at:.1}\" y=\"{}\" font-size=\"12\" text-anchor=\"middle\">{label}</text>\n",
            bottom + 18.0
        );
        decade += 1.0;
    }
    let mut y = TOP;
    let mut group = "";
    for outcome in shown {
        if outcome.group != group {
            group = &outcome.group;
            svg += &format!(
                "<text x=\"12\" y=\"{:.1}\" font-weight=\"600\">{}</text>\n",
                y + 15.0,
                escaped(group)
            );
            y += ROW;
        }
        svg += &format!(
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 12.0,
            y + 15.0,
            escaped(&label(&outcome.item))
        );
        // scieve is drawn last, on top of the others.
        for (name, figure) in outcome.figures.iter().rev() {
            svg += &dot(x(*figure), y + 11.0, index(name), &format!("{name}: {}", time(*figure)));
        }
        y += ROW;
    }
    svg + "</svg>\n"
}

/// The name of a competitor without its preparation: `cel, folded` is `cel`.
fn short(name: &str) -> &str {
    name.split(',').next().unwrap_or(name)
}

/// The item with a description instead of the name of the filter.
fn label(item: &str) -> String {
    corpus::DESCRIPTIONS
        .iter()
        .fold(item.to_owned(), |item, (name, description)| item.replace(name, description))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The label of a power of ten in nanoseconds.
fn tick(decade: i32) -> String {
    const UNITS: [&str; 4] = ["ns", "µs", "ms", "s"];
    match usize::try_from(decade) {
        Ok(decade) => {
            format!("{} {}", 10_u32.pow(decade as u32 % 3), UNITS.get(decade / 3).unwrap_or(&"ks"))
        }
        Err(_) => format!("{} ns", 10f64.powi(decade)),
    }
}

/// A dot with a tooltip. Index 0 (scieve) is larger; indices beyond the palette are drawn as rings.
fn dot(x: f64, y: f64, index: usize, title: &str) -> String {
    let (class, radius) = if index == 0 { ("ours", 7) } else { ("other", 5) };
    let color = COLORS[index % COLORS.len()];
    let paint = if index < COLORS.len() {
        format!("fill=\"{color}\"")
    } else {
        format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"2.5\"")
    };
    format!(
        "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" {paint}>\
        <title>{title}</title></circle>\n"
    )
}
