//! The new text of a reply: what its author wrote now, without the quoted thread and without the signature.
//!
//! A pure reading of lines: each run of lines is told apart first (`line`), then it is decided what of it is new. A reply in HTML is
//! written out as lines (quoting elements become `>` lines) and read the same way.
//! INVARIANT: time is linear in the text, and what is returned is made of whole lines of it: nothing is rewritten.
//!
//! A text that is cut at the wrong place must never decide anything, so [`Visible::certain`] says whether the cut is beyond doubt.

use std::borrow::Cow;

use serde::Serialize;

mod attribution;
mod bar;
mod closing;
mod header_block;
mod line;
mod markup;
#[cfg(test)]
mod tests;
mod when;
mod words;

pub(super) use bar::is_forward as is_forward_bar;
pub(super) use header_block::{Header, length as header_length, split as header_line};
use line::{Kind, Run};

/// The new part of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Visible<'t> {
    /// The new text, without blank lines around it.
    pub text: Cow<'t, str>,
    /// Something quoted was left out.
    pub quoted: bool,
    /// A signature was left out.
    pub signed: bool,
    /// False when new and quoted text cannot be told apart for sure: the mail begins with a quotation that has no marks, nothing in it is
    /// new, words stand directly below a quoted line and may be its end, or a quotation is known by the shape of its head alone. Nothing
    /// may be decided on such a text.
    pub certain: bool,
}

impl Visible<'_> {
    /// The same, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Visible<'static> {
        Visible {
            text: Cow::Owned(self.text.into_owned()),
            quoted: self.quoted,
            signed: self.signed,
            certain: self.certain,
        }
    }
}

/// The new text of a reply in plain text.
#[must_use]
pub fn of_text(text: &str) -> Visible<'_> {
    let lines: Vec<&str> = text.split('\n').collect();
    let runs = line::runs(&lines);
    let chosen = choose(&lines, &runs);
    Visible {
        text: put_together(text, &lines, &chosen.kept),
        quoted: chosen.quoted,
        signed: chosen.signed,
        certain: chosen.certain,
    }
}

/// The new text of a reply in HTML: what a person sees of it, so text that is styled away is not in it.
#[must_use]
pub fn of_html(html: &str) -> Visible<'static> {
    let written = markup::lines(html);
    let mut seen = of_text(&written).into_owned();
    if !seen.certain && seen.text.lines().all(|line| line.is_empty() || line.starts_with('>')) {
        // All of it stands in quoting elements. The marks were ours, so they go again.
        let bare: Vec<&str> = seen.text.lines().map(|line| line.trim_start_matches('>').trim_start()).collect();
        seen.text = Cow::Owned(bare.join("\n"));
    }
    seen
}

/// What of the lines is new.
struct Chosen {
    /// Half-open ranges of lines, in order.
    kept: Vec<(usize, usize)>,
    quoted: bool,
    signed: bool,
    certain: bool,
}

/// Walks over the runs once and keeps what is new.
fn choose(lines: &[&str], runs: &[Run]) -> Chosen {
    let mut chosen = Chosen { kept: Vec::new(), quoted: false, signed: false, certain: true };
    let mut new_text = false;
    let mut at = 0;
    while let Some(run) = runs.get(at) {
        let next = runs.get(at + 1..).unwrap_or_default().iter().find(|run| run.kind != Kind::Blank);
        match run.kind {
            Kind::Blank => chosen.kept.push((run.from, run.to)),
            Kind::Text | Kind::Rule => {
                if run.kind == Kind::Text {
                    if chosen.quoted && left_over(lines, runs, at) {
                        at += 1;
                        continue;
                    }
                    // Directly below a quoted line it may be the end of that line, broken on the way and without its mark.
                    let below =
                        at.checked_sub(1).and_then(|at| runs.get(at)).is_some_and(|run| run.kind == Kind::Quote);
                    chosen.certain &= !below;
                    new_text = true;
                }
                if run.kind == Kind::Rule && (new_text && footer(lines, runs, at)) {
                    chosen.signed = true;
                    break;
                }
                chosen.kept.push((run.from, run.to));
            }
            Kind::Quote => chosen.quoted = true,
            Kind::Attribution => {
                chosen.quoted = true;
                let marked = next.is_some_and(|next| next.kind == Kind::Quote);
                if !marked {
                    if new_text {
                        break;
                    }
                    chosen.certain = false;
                }
            }
            Kind::Headers | Kind::Bar | Kind::Guess => {
                chosen.quoted = true;
                let guessed = run.kind == Kind::Guess;
                chosen.certain &= !guessed;
                if new_text && !(guessed && next.is_some_and(|next| next.kind == Kind::Quote)) {
                    break;
                }
                chosen.certain = false;
            }
            Kind::Delimiter => {
                if new_text {
                    chosen.signed = true;
                    at = after_signature(runs, at);
                    continue;
                }
                chosen.kept.push((run.from, run.to));
            }
            Kind::Closing => {
                if new_text {
                    chosen.signed = true;
                } else {
                    chosen.kept.push((run.from, run.to));
                }
            }
        }
        at += 1;
    }
    if !new_text && chosen.quoted {
        // Everything is quoted: the person sent the quotation itself. It is shown, and decides nothing.
        chosen.certain = false;
        if blank(lines, &chosen.kept) {
            chosen.kept =
                runs.iter().filter(|run| matches!(run.kind, Kind::Quote)).map(|run| (run.from, run.to)).collect();
        }
    }
    trim(lines, &mut chosen.kept);
    chosen
}

/// Whether a run of text is the end of a quoted line that was broken on the way: it stands directly between two quoted runs, below a line
/// that is as long as lines are when they are broken, or it does not begin as a line does. Otherwise it is an answer.
fn left_over(lines: &[&str], runs: &[Run], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| runs.get(at)).is_some_and(|run| run.kind == Kind::Quote);
    let after = runs.get(at + 1).is_some_and(|run| run.kind == Kind::Quote);
    let Some(run) = runs.get(at) else { return false };
    let worded = lines.get(run.from).is_some_and(|line| line.starts_with(char::is_alphanumeric));
    let above = run.from.checked_sub(1).and_then(|at| lines.get(at)).map_or(0, |line| line.trim_end().chars().count());
    before && after && run.to - run.from <= 2 && (above >= 50 || !worded)
}

/// Where reading goes on after a signature: at the next thing that is surely no part of it.
fn after_signature(runs: &[Run], at: usize) -> usize {
    let quoting = |kind| matches!(kind, Kind::Attribution | Kind::Headers | Kind::Bar | Kind::Guess | Kind::Quote);
    runs.iter().skip(at).position(|run| quoting(run.kind)).map_or(runs.len(), |found| at + found)
}

/// Whether a line of underscores opens the footer of a mailing list or of a service: a few lines with an address, then the end.
fn footer(lines: &[&str], runs: &[Run], at: usize) -> bool {
    let Some(rule) = runs.get(at) else { return false };
    let rest = lines.get(rule.to..).unwrap_or_default();
    let filled = rest.iter().filter(|line| !line.trim().is_empty());
    let underscored = lines.get(rule.from).is_some_and(|line| line.trim().starts_with("__"));
    underscored
        && filled.clone().count() <= 12
        && filled.clone().any(|line| line.contains('@') || line.contains("://"))
        && !runs.iter().skip(at + 1).any(|run| matches!(run.kind, Kind::Quote | Kind::Guess))
}

fn blank(lines: &[&str], kept: &[(usize, usize)]) -> bool {
    kept.iter().all(|&(from, to)| lines.get(from..to).unwrap_or_default().iter().all(|line| line.trim().is_empty()))
}

/// Takes blank lines and bare rules away from both ends.
fn trim(lines: &[&str], kept: &mut Vec<(usize, usize)>) {
    let empty = |at: usize| lines.get(at).is_none_or(|line| line::bare(line));
    while let Some(last) = kept.last_mut() {
        while last.1 > last.0 && empty(last.1 - 1) {
            last.1 -= 1;
        }
        if last.0 < last.1 {
            break;
        }
        kept.pop();
    }
    let blank = |at: usize| lines.get(at).is_none_or(|line| line::invisible(line));
    let mut gone = 0;
    for run in kept.iter_mut() {
        while run.0 < run.1 && blank(run.0) {
            run.0 += 1;
        }
        if run.0 < run.1 {
            break;
        }
        gone += 1;
    }
    kept.drain(..gone);
}

/// The kept lines as one text; borrowed when they are neighbours.
fn put_together<'t>(text: &'t str, lines: &[&'t str], kept: &[(usize, usize)]) -> Cow<'t, str> {
    let (Some(first), Some(last)) = (kept.first(), kept.last()) else { return Cow::Borrowed("") };
    let neighbours = kept.windows(2).all(|pair| matches!(pair, [a, b] if a.1 == b.0));
    if neighbours
        && let (Some(from), Some(to)) = (lines.get(first.0), last.1.checked_sub(1).and_then(|at| lines.get(at)))
    {
        let start = from.as_ptr() as usize - text.as_ptr() as usize;
        let end = to.as_ptr() as usize - text.as_ptr() as usize + to.len();
        return Cow::Borrowed(text.get(start..end).unwrap_or_default().trim_end());
    }
    let mut whole = String::new();
    let mut gap = false;
    for &(from, to) in kept {
        for line in lines.get(from..to).unwrap_or_default() {
            let line = line.trim_end();
            // Where something was left out between, one blank line stays.
            if line.is_empty() {
                gap = !whole.is_empty();
                continue;
            }
            if gap {
                whole.push('\n');
                gap = false;
            }
            whole.push_str(line);
            whole.push('\n');
        }
        gap = !whole.is_empty();
    }
    whole.truncate(whole.trim_end().len());
    Cow::Owned(whole)
}
