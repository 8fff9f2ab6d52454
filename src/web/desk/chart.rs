//! Sets of figures as pictures: SVG drawn on the server, with a name, a sentence and a table that says the same. Own file because it is pure:
//! figures in, markup out. INVARIANT: no script and no style in it; colours come from classes, and no figure is told by colour alone.

use super::layout::count;
use crate::figures::{Form, Set, Unit};
use maud::{Markup, html};

/// The picture, in user units.
const WIDTH: u64 = 440;
const ROW: u64 = 26;
/// Where bars begin, and how long the longest is.
const BAR: (u64, u64) = (158, 200);
/// The field of lines: left, top, width, height.
const FIELD: (u64, u64, u64, u64) = (44, 12, 384, 150);

/// A set with its picture, its table and the way to its files. A set without rows is a sentence.
pub(super) fn set(set: &Set, files: &str) -> Markup {
    let picture = match set.form {
        _ if set.rows == 0 || set.labels.is_empty() => None,
        Form::Lines => Some(lines(set)),
        Form::Bars => Some(bars(set)),
        Form::Stacked => Some(stacked(set)),
    };
    html! {
        section.card.figures id=(set.key) aria-labelledby={ (set.key) "-name" } {
            h2 id={ (set.key) "-name" } { (set.title) }
            p { (set.says) }
            @if let Some(picture) = picture {
                figure { (picture) (legend(set)) }
                details { summary { "As a table" } (table(set)) }
            }
            p.quiet {
                (count(usize::try_from(set.rows).unwrap_or(usize::MAX), "row")) ": " (set.backed_by) ". "
                a href={ "/figures/" (set.key) "?format=csv&" (files) } { "CSV" } " · "
                a href={ "/figures/" (set.key) "?format=json&" (files) } { "JSON" }
            }
        }
    }
}

fn legend(set: &Set) -> Markup {
    html! {
        @if set.series.len() > 1 {
            figcaption {
                ul.legend {
                    @for (place, series) in set.series.iter().enumerate() {
                        li { svg width="14" height="14" aria-hidden="true" { rect class={ "ink ink-" (place) } width="14" height="14" rx="3" {} } " " (series.name) }
                    }
                }
            }
        }
    }
}

fn table(set: &Set) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ (set.title) ", table" } {
            table {
                caption.visually-hidden { (set.title) }
                thead { tr { @for (place, name) in set.head().into_iter().enumerate() { th scope="col" class=[(place > 0).then_some("number")] { (name) } } } }
                tbody {
                    @for (label, values) in set.table() {
                        tr { th scope="row" { (label) } @for value in values { td.number { (set.shown(value)) } } }
                    }
                }
            }
        }
    }
}

/// A picture with its name, what it says, and what is drawn.
fn picture(set: &Set, height: u64, drawn: &Markup) -> Markup {
    html! {
        svg.chart role="img" viewBox={ "0 0 " (WIDTH) " " (height) } aria-labelledby={ (set.key) "-title " (set.key) "-desc" } {
            title id={ (set.key) "-title" } { (set.title) }
            desc id={ (set.key) "-desc" } { (set.says) " The table below has every value." }
            (drawn)
        }
    }
}

/// A share of a length, rounded down; what is not nothing is seen.
fn part(value: u64, whole: u64, length: u64) -> u64 {
    match value.saturating_mul(length).checked_div(whole) {
        Some(0) if value > 0 => 1,
        Some(part) => part.min(length),
        None => 0,
    }
}

fn bars(set: &Set) -> Markup {
    let most = set.table().flat_map(|(_, values)| values).max().unwrap_or(0);
    let height = ROW * set.labels.len() as u64 + 4;
    let drawn = html! {
        @for (place, (label, values)) in set.table().enumerate() {
            @let top = ROW * place as u64;
            @let value = values.first().copied().unwrap_or(0);
            @let length = part(value, most, BAR.1);
            text.label x=(BAR.0 - 10) y=(top + 18) text-anchor="end" { (cut(label)) }
            @if length > 0 { rect.ink.ink-0 x=(BAR.0) y=(top + 4) width=(length) height="18" rx="3" {} }
            text.value x=(BAR.0 + length + 8) y=(top + 18) { (set.shown(value)) }
        }
    };
    picture(set, height, &drawn)
}

fn stacked(set: &Set) -> Markup {
    let most = set.table().map(|(_, values)| values.iter().sum::<u64>()).max().unwrap_or(0);
    let height = ROW * set.labels.len() as u64 + 4;
    let drawn = html! {
        @for (place, (label, values)) in set.table().enumerate() {
            @let top = ROW * place as u64;
            text.label x=(BAR.0 - 10) y=(top + 18) text-anchor="end" { (cut(label)) }
            @for (at, value) in values.iter().enumerate() {
                @let before: u64 = values.iter().take(at).sum();
                @let (from, to) = (part(before, most, BAR.1), part(before + value, most, BAR.1));
                @if to > from { rect class={ "ink ink-" (at) } x=(BAR.0 + from) y=(top + 4) width=(to - from) height="18" {} }
            }
            @let last = values.last().copied().unwrap_or(0);
            @let whole: u64 = values.iter().sum();
            text.value x=(BAR.0 + part(whole, most, BAR.1) + 8) y=(top + 18) { (set.shown(last)) " " (set.series.last().map_or("", |series| series.name)) }
        }
    };
    picture(set, height, &drawn)
}

/// A round number that no value exceeds, and that four can share.
fn scale(most: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for round in [1, 2, 5] {
            let whole = step.saturating_mul(round * 4);
            if whole >= most {
                return whole;
            }
        }
        step = step.saturating_mul(10);
        if step >= u64::MAX / 20 {
            return most;
        }
    }
}

fn lines(set: &Set) -> Markup {
    let (left, top, width, height) = FIELD;
    let most = scale(set.table().flat_map(|(_, values)| values).max().unwrap_or(0).max(1));
    let count = set.labels.len() as u64;
    let x = |place: u64| left + if count > 1 { place * width / (count - 1) } else { width / 2 };
    let y = |value: u64| top + height - value.saturating_mul(height).checked_div(most).unwrap_or(0).min(height);
    // Labels that have room: the first, the last, and some between.
    let every = count.div_ceil(5).max(1);
    let drawn = html! {
        @for quarter in 0..=4_u64 {
            @let value = most / 4 * quarter;
            line.grid x1=(left) x2=(left + width) y1=(y(value)) y2=(y(value)) {}
            text.label x=(left - 6) y=(y(value) + 5) text-anchor="end" { (short(set, value)) }
        }
        @for (place, label) in set.labels.iter().enumerate() {
            @let place = place as u64;
            @if place.is_multiple_of(every) && (place == 0 || count - 1 - place >= every) || place + 1 == count {
                text.label x=(x(place)) y=(top + height + 20) text-anchor=(if place == 0 { "start" } else if place + 1 == count { "end" } else { "middle" }) {
                    (label.get(5..).unwrap_or(label))
                }
            }
        }
        @for (at, series) in set.series.iter().enumerate() {
            @let points = series.values.iter().enumerate().map(|(place, value)| format!("{},{}", x(place as u64), y(*value)));
            polyline class={ "stroke stroke-" (at) } points=(points.collect::<Vec<_>>().join(" ")) {}
            @for (place, value) in series.values.iter().enumerate() {
                @if count <= 31 { circle class={ "ink ink-" (at) } cx=(x(place as u64)) cy=(y(*value)) r="2.5" {} }
            }
        }
    };
    picture(set, top + height + 30, &drawn)
}

fn short(set: &Set, value: u64) -> String {
    match (set.unit, value) {
        (Unit::Count, 10_000..) => format!("{}k", value / 1000),
        _ => set.shown(value),
    }
}

fn cut(label: &str) -> String {
    const MOST: usize = 23;
    if label.chars().count() <= MOST {
        return label.to_owned();
    }
    label.chars().take(MOST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Series;

    fn made(form: Form, series: Vec<Series>) -> Set {
        let count = series.first().map_or(0, |series| series.values.len());
        Set {
            key: "k",
            title: "T <b>",
            says: "S & s".into(),
            rows: series.iter().flat_map(|series| &series.values).sum(),
            backed_by: "rows",
            unit: Unit::Count,
            form,
            by: "day",
            labels: (1..=count).map(|day| format!("2026-11-{day:02}")).collect(),
            series,
        }
    }

    #[test]
    fn every_value_of_a_picture_stands_in_its_table() {
        let values = vec![7, 0, 1_234_567];
        for form in [Form::Bars, Form::Lines, Form::Stacked] {
            let page = set(
                &made(
                    form,
                    vec![Series { name: "a", values: values.clone() }, Series { name: "b", values: vec![1, 2, 3] }],
                ),
                "pilot=x",
            )
            .into_string();
            for value in &values {
                assert!(page.contains(&format!("<td class=\"number\">{value}</td>")), "{page}");
            }
            assert!(page.contains("T &lt;b&gt;") && page.contains("S &amp; s") && !page.contains("style="), "{page}");
            assert_eq!((page.matches("<svg class=\"chart\"").count(), page.matches("<desc").count()), (1, 1));
        }
    }

    #[test]
    fn without_rows_nothing_is_drawn() {
        for form in [Form::Bars, Form::Lines, Form::Stacked] {
            for values in [vec![], vec![0, 0]] {
                let page = set(&made(form, vec![Series { name: "a", values }]), "").into_string();
                assert!(!page.contains("<svg") && !page.contains("<table"), "{page}");
            }
        }
    }

    #[test]
    fn scales_are_round_and_reach() {
        for (most, wanted) in [(1, 4), (4, 4), (5, 8), (21, 40), (90, 200), (1000, 2000), (u64::MAX, u64::MAX)] {
            assert_eq!(scale(most), wanted, "{most}");
        }
    }
}
