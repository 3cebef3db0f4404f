//! The figures as a picture: a row an item, a dot for everyone, on a logarithmic scale.

use crate::report::{Outcome, time};

const WIDTH: f64 = 880.0;
const LEFT: f64 = 270.0;
const RIGHT: f64 = 40.0;
const ROW: f64 = 24.0;
const TOP: f64 = 96.0;

/// Okabe and Ito's colours, which all eyes can tell apart.
const COLORS: [&str; 8] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#b8a000"];

/// An SVG that is readable on white and on black.
pub(crate) fn svg(outcomes: &[Outcome], groups: &[&str]) -> String {
    let shown: Vec<&Outcome> = groups.iter().flat_map(|group| outcomes.iter().filter(move |outcome| outcome.group == *group)).collect();
    let figures = || shown.iter().flat_map(|outcome| &outcome.figures);
    let mut names: Vec<&str> = Vec::new();
    for name in figures().map(|(name, _)| plain(name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let bounds = figures().fold((f64::MAX, f64::MIN), |(least, most), (_, figure)| (least.min(*figure), most.max(*figure)));
    let (first, last) = (bounds.0.log10().floor(), bounds.1.log10().ceil());
    let x = |nanoseconds: f64| LEFT + (WIDTH - LEFT - RIGHT) * (nanoseconds.log10() - first) / (last - first);
    let place = |name: &str| names.iter().position(|known| *known == plain(name)).unwrap_or(0);

    let titles = groups.iter().filter(|group| shown.iter().any(|outcome| outcome.group == **group)).count();
    let bottom = TOP + ROW * (shown.len() + titles) as f64;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="13" role="img">
<title>scieve and its peers: time for each item, less is better</title>
<style>
  text {{ fill: #24292f }} .grid {{ stroke: #8c959f; stroke-opacity: .35 }} .ours {{ stroke: #24292f; stroke-width: 1.5 }} .page {{ fill: #fff }}
  @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .ours {{ stroke: #e6edf3 }} .page {{ fill: #0d1117 }} }}
</style>
<rect class="page" width="100%" height="100%"/>
<text x="12" y="22" font-size="16" font-weight="600">Time for each item, logarithmic; further left is faster</text>
"#,
        height = bottom + 40.0,
    );
    let (mut at, mut line) = (12.0, 48.0);
    for name in &names {
        let width = 30.0 + 7.2 * name.len() as f64;
        if at + width > WIDTH {
            (at, line) = (12.0, line + 20.0);
        }
        svg += &dot(at + 6.0, line - 4.0, place(name), "");
        svg += &format!("<text x=\"{}\" y=\"{line}\">{name}</text>\n", at + 16.0);
        at += width;
    }
    let mut decade = first;
    while decade <= last {
        let (at, label) = (x(10f64.powf(decade)), tick(decade as i32));
        svg += &format!("<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\n");
        svg += &format!("<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>\n", bottom + 18.0);
        decade += 1.0;
    }
    let mut y = TOP;
    let mut group = "";
    for outcome in shown {
        if outcome.group != group {
            group = outcome.group;
            svg += &format!("<text x=\"12\" y=\"{:.1}\" font-weight=\"600\">{group}</text>\n", y + 16.0);
            y += ROW;
        }
        svg += &format!("<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n", LEFT - 12.0, y + 16.0, outcome.item);
        // Ours last, on top of the others.
        for (name, figure) in outcome.figures.iter().rev() {
            svg += &dot(x(*figure), y + 12.0, place(name), &format!("{name}: {}", time(*figure)));
        }
        y += ROW;
    }
    svg + "</svg>\n"
}

/// The name without what was done for it before.
fn plain(name: &str) -> &str {
    name.split(',').next().unwrap_or(name)
}

/// A power of ten, in nanoseconds.
fn tick(decade: i32) -> String {
    const UNITS: [&str; 4] = ["ns", "us", "ms", "s"];
    match usize::try_from(decade) {
        Ok(decade) => format!("{} {}", 10_u32.pow(decade as u32 % 3), UNITS.get(decade / 3).unwrap_or(&"ks")),
        Err(_) => format!("{} ns", 10f64.powi(decade)),
    }
}

/// Ours is the first and largest; when the colours are used up they come again as rings.
fn dot(x: f64, y: f64, place: usize, title: &str) -> String {
    let (class, radius) = if place == 0 { ("ours", 7) } else { ("other", 5) };
    let color = COLORS[place % COLORS.len()];
    let paint =
        if place < COLORS.len() { format!("fill=\"{color}\"") } else { format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"2.5\"") };
    format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" {paint}><title>{title}</title></circle>\n")
}
