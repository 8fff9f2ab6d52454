//! The reply in HTML, written out as lines for the reading of `mod.rs`.

use crate::mail::html;

/// HTML as lines: quoting elements as `>` lines, hidden text and signatures left out.
pub(super) fn lines(source: &str) -> String {
    html::write(source, html::Wanted::Reply)
}
