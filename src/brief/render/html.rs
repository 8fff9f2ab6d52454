//! A brief as an HTML fragment: for the desk and for mails.
//!
//! Its own file because HTML is where text could become behaviour.
//! INVARIANT: the only tags and attributes in the output are written in this file; there is no
//! attribute that takes text from the brief, no link, no image, no style, no script.

use super::super::content::Quote;
use super::super::envelope::Brief;
use super::{capital, excerpts, origin, plain, spoken};

/// Renders `brief` as one `<article class="brief">`; `text` is the normalised request text its
/// quotes point into. Styling is the page's: classes are `brief`, `facts`, `quote`, `confirm`.
#[must_use]
pub fn html(brief: &Brief, text: &str) -> String {
    let c = &brief.content;
    let mut out = String::with_capacity(6144);
    out.push_str("<article class=\"brief\">\n<ul class=\"facts\">");
    fact(&mut out, "Status", &capital(&spoken(c.recommended_status.status.as_str())));
    fact(&mut out, "Priority", &format!("{} ({} of 100)", capital(c.priority.band.as_str()), c.priority.score.get()));
    fact(&mut out, "Risk", &capital(c.risk.level.as_str()));
    out.push_str("</ul>\n");
    paragraph(&mut out, &c.recommended_status.reason);
    heading(&mut out, "Summary");
    paragraph(&mut out, &c.workflow_summary.text);
    quotes(&mut out, &c.workflow_summary.quotes, text);
    if !c.next_actions.is_empty() {
        heading(&mut out, "Next actions");
        out.push_str("<ol>");
        for action in &c.next_actions {
            let due = action.due.map(|d| format!(", by {d}")).unwrap_or_default();
            let gate = if action.needs_approval { ", after approval" } else { "" };
            out.push_str(&format!(
                "<li>{} <small>({}{due}{gate})</small></li>",
                escape(&action.text),
                escape(&action.owner)
            ));
        }
        out.push_str("</ol>\n");
    }
    if !c.missing_information.is_empty() {
        heading(&mut out, "Still to ask");
        out.push_str("<ul>");
        for missing in &c.missing_information {
            out.push_str(&format!("<li><strong>{}</strong> {}</li>", escape(&missing.question), escape(&missing.why)));
        }
        out.push_str("</ul>\n");
    }
    heading(&mut out, "Why this priority");
    out.push_str("<ul>");
    for reason in &c.priority.reasons {
        out.push_str(&format!("<li>{}</li>", escape(&reason.text)));
    }
    out.push_str("</ul>\n");
    if !c.risk.factors.is_empty() {
        heading(&mut out, "Risks");
        out.push_str("<ul>");
        for factor in &c.risk.factors {
            out.push_str(&format!(
                "<li><strong>{}</strong>: {}",
                capital(&spoken(factor.kind.as_str())),
                escape(&factor.text)
            ));
            quotes(&mut out, &factor.quotes, text);
            out.push_str("</li>");
        }
        out.push_str("</ul>\n");
    }
    if let Some(pricing) = &c.pricing_rationale {
        heading(&mut out, "Price and payback");
        paragraph(&mut out, &pricing.text);
    }
    if !c.implementation_roadmap.is_empty() {
        heading(&mut out, "Roadmap");
        out.push_str("<ol>");
        for phase in &c.implementation_roadmap {
            out.push_str(&format!("<li><strong>{}</strong><ul>", escape(&phase.phase)));
            for step in &phase.steps {
                out.push_str(&format!("<li>{}</li>", escape(step)));
            }
            out.push_str(&format!("<li><em>Done when:</em> {}</li></ul></li>", escape(&phase.exit)));
        }
        out.push_str("</ol>\n");
    }
    if !c.unverified.is_empty() {
        out.push_str("<section class=\"confirm\">");
        heading(&mut out, "Please confirm");
        out.push_str("<ul>");
        for problem in &c.unverified {
            out.push_str(&format!("<li>{} <small>{}</small></li>", escape(&problem.problem), escape(&problem.path)));
        }
        out.push_str("</ul></section>\n");
    }
    out.push_str(&format!(
        "<footer><small>{} · revision {} · for {} · {}</small></footer>\n</article>\n",
        escape(&brief.brief),
        brief.revision,
        escape(&brief.request),
        escape(&origin(brief))
    ));
    out
}

fn heading(out: &mut String, text: &str) {
    out.push_str(&format!("<h3>{}</h3>\n", escape(text)));
}

fn paragraph(out: &mut String, text: &str) {
    out.push_str(&format!("<p>{}</p>\n", escape(text)));
}

fn fact(out: &mut String, name: &str, value: &str) {
    out.push_str(&format!("<li><span>{}</span> <strong>{}</strong></li>", escape(name), escape(value)));
}

fn quotes(out: &mut String, quotes: &[Quote], text: &str) {
    for words in excerpts(quotes, text, 4) {
        out.push_str(&format!("<blockquote class=\"quote\">{}</blockquote>", escape(words)));
    }
}

/// Text as text: the five characters with a meaning become references.
fn escape(text: &str) -> String {
    let text = plain(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
