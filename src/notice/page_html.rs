//! A page as an HTML document for mail programs: one column of at most 640 pixels, inline styles, nothing fetched, light and dark. Own file
//! because mail programs know a small part of HTML and this is the list of what is used. Colours stand on whatever ground the program
//! chooses: no background is set but that of bars, and greys are shades of the text's own colour.

use super::html::Html;
use super::page::{Block, Page, is_long};

/// Renders a page; `subject` names the document.
pub(super) fn render(subject: &str, page: &Page) -> String {
    let mut html = Html::default();
    html.markup(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\"><title>",
    );
    html.text(subject).markup(
        "</title></head>\n<body style=\"margin:0;padding:0;-webkit-text-size-adjust:100%\">\n\
         <div style=\"max-width:640px;margin:0 auto;padding:20px 16px 32px;box-sizing:border-box;overflow-wrap:anywhere;\
         font:16px/1.5 -apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif\">\n",
    );
    for block in &page.0 {
        show(&mut html, block);
    }
    html.markup("</div>\n</body></html>\n");
    html.finish()
}

fn show(html: &mut Html, block: &Block) {
    match block {
        Block::Title(text) => {
            html.markup("<h1 style=\"font-size:22px;line-height:1.3;margin:0 0 12px\">").text(text).markup("</h1>\n");
        }
        Block::Heading(text) => {
            html.markup(
                "<h2 style=\"font-size:17px;line-height:1.3;margin:28px 0 8px;padding-top:16px;border-top:1px solid rgba(128,128,128,.35)\">",
            );
            html.text(text).markup("</h2>\n");
        }
        Block::Subheading(text) => {
            html.markup("<h3 style=\"font-size:15px;line-height:1.3;margin:18px 0 6px\">").text(text).markup("</h3>\n");
        }
        Block::Paragraph(text) => {
            html.markup("<p style=\"margin:0 0 12px\">").lines(text).markup("</p>\n");
        }
        Block::Points { numbered, points } => points_of(html, *numbered, points),
        Block::Facts(facts) => facts_of(html, facts),
        Block::Quote(text) => {
            html.markup(
                "<blockquote style=\"margin:6px 0 12px;padding:2px 0 2px 12px;border-left:3px solid rgba(128,128,128,.5)\">",
            );
            html.lines(text).markup("</blockquote>\n");
        }
        Block::Code(lines) => {
            html.markup("<div style=\"margin:0 0 12px\">\n");
            for (code, meaning) in lines {
                html.markup("<p style=\"margin:0 0 10px\"><code style=\"font:15px/1.4 Consolas,Menlo,monospace;border:1px solid rgba(128,128,128,.5);border-radius:4px;padding:2px 6px;display:inline-block\">");
                html.lines(code).markup("</code>");
                if !meaning.is_empty() {
                    html.markup("<br><span style=\"font-size:14px\">").text(meaning).markup("</span>");
                }
                html.markup("</p>\n");
            }
            html.markup("</div>\n");
        }
        Block::Bars(bars) => bars_of(html, bars),
        Block::Change { what, before, after } => {
            html.markup("<p style=\"margin:0 0 2px;font-weight:600\">")
                .text(what)
                .markup("</p>\n<p style=\"margin:0 0 12px\">");
            if !before.is_empty() {
                html.markup("<span style=\"text-decoration:line-through;opacity:.75\">")
                    .text(before)
                    .markup("</span><br>");
            }
            if after.is_empty() {
                html.markup("<em>taken out</em>");
            }
            html.text(after).markup("</p>\n");
        }
        Block::Link { words, address } => {
            html.markup("<p style=\"margin:0 0 12px\"><a href=\"")
                .text_of_address(address)
                .markup("\" style=\"color:#3b7ddd\">");
            html.text(words).markup("</a></p>\n");
        }
        Block::Small(text) => {
            html.markup("<p style=\"margin:28px 0 0;font-size:13px;opacity:.75\">").text(text).markup("</p>\n");
        }
    }
}

fn points_of(html: &mut Html, numbered: bool, points: &[(String, String)]) {
    html.markup(if numbered { "<ol" } else { "<ul" }).markup(" style=\"margin:0 0 12px;padding-left:22px\">\n");
    for (strong, rest) in points {
        html.markup("<li style=\"margin:0 0 6px\">");
        if !strong.is_empty() {
            html.markup("<strong>").text(strong).markup("</strong> ");
        }
        html.lines(rest).markup("</li>\n");
    }
    html.markup(if numbered { "</ol>\n" } else { "</ul>\n" });
}

fn facts_of(html: &mut Html, facts: &[(String, String)]) {
    if is_long(facts) {
        for (name, value) in facts {
            html.markup("<p style=\"margin:0 0 10px\"><span style=\"opacity:.75\">").text(name);
            html.markup("</span><br><strong>").lines(value).markup("</strong></p>\n");
        }
        return;
    }
    html.markup("<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse:collapse;margin:0 0 12px\">\n");
    // On a phone a long name beside a long value leaves room for neither: then both get half.
    let short = facts.iter().all(|(name, _)| name.chars().count() <= 18);
    for (name, value) in facts {
        html.markup("<tr><td style=\"padding:2px 14px 2px 0;vertical-align:top;opacity:.75;");
        html.markup(if short { "white-space:nowrap\">" } else { "width:50%\">" }).text(name);
        html.markup("</td><td style=\"padding:2px 0;vertical-align:top;font-weight:600\">")
            .lines(value)
            .markup("</td></tr>\n");
    }
    html.markup("</table>\n");
}

/// Bars as nested tables: the one way that every mail program draws.
fn bars_of(html: &mut Html, bars: &[(String, u8, String)]) {
    html.markup("<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse:collapse;margin:0 0 12px;table-layout:fixed\">\n");
    let short = bars.iter().all(|(_, _, figure)| figure.chars().count() <= 7);
    for (label, share, figure) in bars {
        html.markup("<tr><td style=\"width:32%;padding:3px 10px 3px 0;vertical-align:middle;font-size:14px\">")
            .text(label);
        html.markup("</td><td style=\"padding:3px 0;vertical-align:middle\">");
        if *share > 0 {
            html.markup("<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse:collapse\"><tr><td width=\"");
            html.number(u32::from((*share).min(100))).markup("%\" style=\"height:14px;line-height:14px;font-size:1px;background:#3b7ddd;border-radius:3px\">&nbsp;</td><td></td></tr></table>");
        }
        html.markup(if short { "</td><td style=\"width:48px;" } else { "</td><td style=\"width:114px;" });
        html.markup(
            "padding:3px 0 3px 8px;vertical-align:middle;font-size:14px;text-align:right;white-space:nowrap\">",
        );
        html.text(figure).markup("</td></tr>\n");
    }
    html.markup("</table>\n");
}
