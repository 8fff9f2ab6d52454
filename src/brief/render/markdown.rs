//! A brief as Markdown: for mails, notes and files.
//!
//! Its own file because Markdown has its own ways to smuggle links and images.
//! INVARIANT: every character with a meaning in Markdown or HTML is escaped in text that comes from
//! the brief, and addresses are broken so that no reader turns them into links.

use super::super::envelope::Brief;
use super::{capital, excerpts, origin, plain, spoken};

/// Renders `brief`; `text` is the normalised request text its quotes point into.
#[must_use]
pub fn markdown(brief: &Brief, text: &str) -> String {
    let c = &brief.content;
    let mut out = String::with_capacity(4096);
    out.push_str(&format!(
        "# Brief\n\n**{}** · {} priority ({} of 100) · {} risk\n\n",
        escape(&capital(&spoken(c.recommended_status.status.as_str()))),
        capital(c.priority.band.as_str()),
        c.priority.score.get(),
        c.risk.level
    ));
    out.push_str(&format!("{}\n\n", escape(&c.recommended_status.reason)));
    out.push_str(&format!("## Summary\n\n{}\n\n", escape(&c.workflow_summary.text)));
    if !c.next_actions.is_empty() {
        out.push_str("## Next actions\n\n");
        for (i, action) in c.next_actions.iter().enumerate() {
            let due = action.due.map(|d| format!(", by {d}")).unwrap_or_default();
            let gate = if action.needs_approval { ", after approval" } else { "" };
            out.push_str(&format!("{}. {} *({}{due}{gate})*\n", i + 1, escape(&action.text), escape(&action.owner)));
        }
        out.push('\n');
    }
    if !c.missing_information.is_empty() {
        out.push_str("## Still to ask\n\n");
        for missing in &c.missing_information {
            out.push_str(&format!("- **{}** {}\n", escape(&missing.question), escape(&missing.why)));
        }
        out.push('\n');
    }
    out.push_str("## Why this priority\n\n");
    for reason in &c.priority.reasons {
        out.push_str(&format!("- {}\n", escape(&reason.text)));
    }
    out.push('\n');
    if !c.risk.factors.is_empty() {
        out.push_str("## Risks\n\n");
        for factor in &c.risk.factors {
            out.push_str(&format!("- **{}**: {}\n", capital(&spoken(factor.kind.as_str())), escape(&factor.text)));
        }
        out.push('\n');
    }
    if let Some(pricing) = &c.pricing_rationale {
        out.push_str(&format!("## Price and payback\n\n{}\n\n", escape(&pricing.text)));
    }
    if !c.implementation_roadmap.is_empty() {
        out.push_str("## Roadmap\n\n");
        for (i, phase) in c.implementation_roadmap.iter().enumerate() {
            out.push_str(&format!("{}. **{}**\n", i + 1, escape(&phase.phase)));
            for step in &phase.steps {
                out.push_str(&format!("   - {}\n", escape(step)));
            }
            out.push_str(&format!("   - *Done when:* {}\n", escape(&phase.exit)));
        }
        out.push('\n');
    }
    let quoted = excerpts(&c.workflow_summary.quotes, text, 4);
    if !quoted.is_empty() {
        out.push_str("## In the request\n\n");
        for words in quoted {
            out.push_str(&format!("> {}\n\n", escape(words)));
        }
    }
    if !c.unverified.is_empty() {
        out.push_str("## Please confirm\n\n");
        for problem in &c.unverified {
            out.push_str(&format!("- {} (`{}`)\n", escape(&problem.problem), plain(&problem.path).replace('`', "'")));
        }
        out.push('\n');
    }
    out.push_str(&format!(
        "---\n\n{} · revision {} · for {} · {}\n",
        escape(&brief.brief),
        brief.revision,
        escape(&brief.request),
        escape(&origin(brief))
    ));
    out
}

/// Escapes what Markdown or HTML would act on.
fn escape(text: &str) -> String {
    let text = plain(text);
    let mut out = String::with_capacity(text.len() + 16);
    for (i, c) in text.char_indices() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' => {
                // An exclamation mark matters only before a bracket, a hash only at the start.
                let next = text.as_bytes().get(i + 1);
                if !((c == '!' && next != Some(&b'[')) || (c == '#' && i > 0)) {
                    out.push('\\');
                }
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '+' | '-' if i == 0 => {
                out.push('\\');
                out.push(c);
            }
            // A zero-width space keeps mail programs from linking addresses; it is invisible and not copied as a letter.
            ':' if text.get(i + 1..).is_some_and(|rest| rest.starts_with("//")) => out.push_str(":\u{200b}"),
            '@' => out.push_str("@\u{200b}"),
            '.' if text.get(i.saturating_sub(3)..i).is_some_and(|head| head.eq_ignore_ascii_case("www")) => {
                out.push_str(".\u{200b}")
            }
            '.' if i < 3 && text.get(..i).is_some_and(|head| head.bytes().all(|b| b.is_ascii_digit())) => {
                out.push_str("\\.")
            }
            c => out.push(c),
        }
    }
    out
}
