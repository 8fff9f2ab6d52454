//! The report as a letter of one page. Own file because the desk shows the same report in another shape.

use super::super::page::{Block, Page, cut, line};
use super::super::{Frame, Notice, when};
use super::{Group, NONE, Report, Week};
use jiff::SignedDuration;

/// The most reasons shown; the rest is counted.
const REASONS: usize = 6;

/// The weekly letter. `page` is where the report stands for people who have signed in.
#[must_use]
pub fn letter(frame: &Frame<'_>, week: &Week<'_>, report: &Report, page: Option<&str>) -> Notice {
    let last = week.until.checked_sub(SignedDuration::from_secs(1)).unwrap_or(week.until);
    let (from, until) = (when::day(week.from, week.zone), when::day(last, week.zone));
    let mut sheet = Page::new(format!("{}, {from} to {until}", line(week.pilot, 60)));
    let mut intro = format!("The week of the pilot {} of {}, in the time of {}.", week.pilot, week.tenant, zone(week));
    if week.late {
        intro.push_str(" This report comes late: OpsPilot was not running when it was due.");
    }
    if week.passed_over {
        intro.push_str(
            " So would have been those on the weeks before, which were not made; the command below counts any week.",
        );
    }
    sheet.paragraph(intro);
    for group in &report.groups {
        show(&mut sheet, group);
    }
    sheet.paragraph(format!("Every figure is counted from rows; {NONE} stands where there are none. This lists them:"));
    let named = week.zone.to_datetime(week.from).date().iso_week_date();
    let named = format!("{:04}-W{:02}", named.year(), named.week());
    let command = format!("opspilot pilot report --pilot {} --week {named} --explain", line(week.pilot, 60));
    sheet.add(Block::Code(vec![(command, String::new())]));
    sheet.link("Look at the report in the browser (you sign in there)", page);
    frame.finish(format!("Weekly report: {}, {from} to {until}", line(week.pilot, 60)), sheet)
}

fn zone(week: &Week<'_>) -> String {
    week.zone.iana_name().unwrap_or("the pilot").to_owned()
}

fn show(sheet: &mut Page, group: &Group) {
    sheet.heading(group.heading);
    if group.bars {
        // Shares are drawn on a scale of 100, counts against the longest; a sum of the others is not drawn beside them.
        let longest =
            group.lines.iter().filter(|line| !line.is_total).map(|line| line.figure.weight()).max().unwrap_or(0);
        let shares = group.lines.iter().any(|line| line.figure.shown().contains('%'));
        let scale = if shares { 100 } else { longest.max(1) };
        let bar = |line: &super::Line| {
            let weight = if line.is_total { 0 } else { line.figure.weight() };
            let share = u8::try_from(weight * 100 / scale).unwrap_or(100).min(100);
            (line.name.clone(), share.max(u8::from(weight > 0)), line.figure.shown().to_owned())
        };
        sheet.add(Block::Bars(group.lines.iter().map(bar).collect()));
    } else {
        let fact = |line: &super::Line| (line.name.clone(), line.figure.shown().to_owned());
        sheet.add(Block::Facts(group.lines.iter().map(fact).collect()));
    }
    if !group.words.is_empty() {
        sheet.subheading(group.about);
        let reasons = reasons(group);
        let point = |(words, times): &(String, usize)| {
            let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
            // What people wrote stands in quotes, what the program says does not.
            (String::new(), if group.quoted { format!("“{words}”{times}") } else { format!("{words}{times}") })
        };
        sheet.points(reasons.iter().take(REASONS).map(point).collect());
        if reasons.len() > REASONS {
            sheet.paragraph(format!("And {} more.", reasons.len() - REASONS));
        }
    }
}

/// The words, the most frequent first, with how often they were used.
fn reasons(group: &Group) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for (_, words) in &group.words {
        let words = cut(&line(words, 200), 200).0;
        match found.iter_mut().find(|(other, _)| *other == words) {
            Some((_, times)) => *times += 1,
            None => found.push((words, 1)),
        }
    }
    found.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    found
}
