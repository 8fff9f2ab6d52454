//! A group of figures as an SVG picture, for the desk; mail programs draw none and get bars made of tables. Own file because it is the one
//! place that writes SVG. INVARIANT: every figure stands in it as text too, so that nobody has to measure a bar.

use super::super::html::Html;
use super::super::page::cut;
use super::Group;

/// Height of a row, in user units.
const ROW: u32 = 26;
/// Width of the picture, in user units.
const WIDTH: u32 = 640;
/// Where bars begin, and how long the longest is.
const BAR: (u32, u32) = (200, 300);

/// The longest label drawn, in characters.
const LABEL: usize = 26;

/// Draws a group; `None` when its figures are of different kinds and bars would compare what cannot be compared. Colours are the page's own: text in `currentColor`, bars in the custom property `--accent` where there is one.
#[must_use]
pub fn svg(group: &Group) -> Option<String> {
    if !group.bars {
        return None;
    }
    let height = ROW * u32::try_from(group.lines.len()).unwrap_or(0) + 8;
    let shares = group.lines.iter().any(|line| line.figure.shown().contains('%'));
    let longest = group.lines.iter().filter(|line| !line.is_total).map(|line| line.figure.weight()).max().unwrap_or(0);
    let scale = if shares { 100 } else { longest.max(1) };
    let mut html = Html::default();
    html.markup("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 ")
        .number(WIDTH)
        .markup(" ")
        .number(height);
    html.markup("\" font-family=\"system-ui, sans-serif\" font-size=\"14\" fill=\"currentColor\"><title>")
        .text(group.heading);
    html.markup("</title>\n");
    let mut top = 4;
    for line in &group.lines {
        let weight = if line.is_total { 0 } else { line.figure.weight() };
        let length = u32::try_from(weight * u64::from(BAR.1) / scale).unwrap_or(BAR.1).min(BAR.1);
        html.markup("<text x=\"0\" y=\"")
            .number(top + 17)
            .markup("\">")
            .text(&cut(&line.name, LABEL).0)
            .markup("</text>");
        if length > 0 {
            html.markup("<rect x=\"")
                .number(BAR.0)
                .markup("\" y=\"")
                .number(top + 5)
                .markup("\" width=\"")
                .number(length);
            html.markup("\" height=\"16\" rx=\"3\" fill=\"var(--accent, #3b7ddd)\"/>");
        }
        html.markup("<text x=\"").number(BAR.0 + length + 8).markup("\" y=\"").number(top + 17).markup("\">");
        html.text(line.figure.shown()).markup("</text>\n");
        top += ROW;
    }
    html.markup("</svg>\n");
    Some(html.finish())
}
