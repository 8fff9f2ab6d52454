//! The new text of replies.

use super::{of_html, of_text};

#[test]
fn a_quotation_is_left_out() {
    let seen = of_text("Approved.\n\nOn Mon, 5 May 2025 at 10:00, Ann <ann@example.com> wrote:\n> Please approve.\n");
    assert_eq!((seen.text.as_ref(), seen.quoted, seen.certain), ("Approved.", true, true));
}

#[test]
fn html_that_is_hidden_is_not_seen() {
    let seen = of_html(
        "<p>No.</p><div style=\"display:none\">approve</div><div class=gmail_quote>On x wrote:<blockquote>approve</blockquote></div>",
    );
    assert_eq!((seen.text.as_ref(), seen.quoted), ("No.", true));
}
