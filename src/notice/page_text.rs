//! A page as plain text, 76 columns, for every mail program there is. Own file because a text reads well in its own way.
//! INVARIANT: no control character but the line feed comes out, and what others wrote stands behind a bar.

use super::html::inert;
use super::page::{Block, Page, is_long};

const WIDTH: usize = 76;

/// Renders a page.
pub(super) fn render(page: &Page) -> String {
    let mut out = String::with_capacity(4096);
    for block in &page.0 {
        match block {
            Block::Title(text) => wrap(&mut out, "", "", text),
            Block::Heading(text) => {
                let text = visible(text).to_uppercase();
                out.push_str(&format!("\n{text}\n{}\n", "-".repeat(text.chars().count().min(WIDTH))));
            }
            Block::Subheading(text) => {
                out.push('\n');
                wrap(&mut out, "", "", &format!("{text}:"));
            }
            Block::Paragraph(text) => {
                out.push('\n');
                text.lines().for_each(|line| wrap(&mut out, "", "", line));
            }
            Block::Points { numbered, points } => {
                out.push('\n');
                for (number, (strong, rest)) in points.iter().enumerate() {
                    let lead = if *numbered { format!("{:>2}. ", number + 1) } else { "  - ".to_owned() };
                    wrap(&mut out, &lead, "    ", &join(strong, rest));
                }
            }
            Block::Facts(facts) => {
                out.push('\n');
                let name = |name: &str| visible(name);
                let widest = facts.iter().map(|(fact, _)| name(fact).chars().count()).max().unwrap_or(0);
                for (fact, value) in facts {
                    let fact = name(fact);
                    if is_long(facts) {
                        wrap(&mut out, "", "", &format!("{fact}:"));
                        wrap(&mut out, "    ", "    ", value);
                        continue;
                    }
                    let gap = " ".repeat(widest.saturating_sub(fact.chars().count()));
                    wrap(&mut out, &format!("{fact}:{gap} "), &" ".repeat(widest + 2), value);
                }
            }
            Block::Quote(text) => {
                out.push('\n');
                text.lines().for_each(|line| wrap(&mut out, "  | ", "  | ", line));
            }
            Block::Code(lines) => {
                out.push('\n');
                for (code, meaning) in lines {
                    code.lines().for_each(|line| out.push_str(&format!("    {}\n", visible(line))));
                    if !meaning.is_empty() {
                        wrap(&mut out, "        ", "        ", meaning);
                    }
                }
            }
            Block::Bars(bars) => {
                out.push('\n');
                let shorten = |label: &str| visible(label).chars().take(24).collect::<String>();
                let widest = bars.iter().map(|(label, ..)| shorten(label).chars().count()).max().unwrap_or(0);
                for (label, share, figure) in bars {
                    let label = shorten(label);
                    let gap = " ".repeat(widest.saturating_sub(label.chars().count()));
                    let bar = "#".repeat(usize::from(*share).div_ceil(5));
                    out.push_str(&format!(
                        "  {label}{gap}  {bar}{}{}\n",
                        if bar.is_empty() { "" } else { " " },
                        visible(figure)
                    ));
                }
            }
            Block::Change { what, before, after } => {
                out.push('\n');
                wrap(&mut out, "  ", "  ", &format!("{what}:"));
                let or_nothing = |value: &str| if value.is_empty() { "(nothing)".to_owned() } else { value.to_owned() };
                wrap(&mut out, "    was: ", "         ", &or_nothing(before));
                wrap(&mut out, "    now: ", "         ", &or_nothing(after));
            }
            Block::Link { words, address } => out.push_str(&format!("\n{}:\n  {address}\n", visible(words))),
            Block::Small(text) => {
                out.push('\n');
                wrap(&mut out, "", "", text);
            }
        }
    }
    out
}

fn join(strong: &str, rest: &str) -> String {
    match (strong.is_empty(), rest.is_empty()) {
        (false, false) => format!("{strong} {rest}"),
        _ => format!("{strong}{rest}"),
    }
}

fn visible(text: &str) -> String {
    inert(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Wraps one line at spaces; a word that is too long stays whole.
fn wrap(out: &mut String, lead: &str, indent: &str, text: &str) {
    let mut line = lead.to_owned();
    let mut empty = true;
    for word in visible(text).split(' ').filter(|word| !word.is_empty()) {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = indent.to_owned();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
