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

#[test]
fn introductions_of_many_languages_are_known() {
    for line in [
        "On Mon, May 5, 2025 at 10:00 AM Ann Ox <ann@example.com> wrote:",
        "Am Mo., 5. Mai 2025 um 10:00 Uhr schrieb Ann Ox <ann@example.com>:",
        "Le lun. 5 mai 2025 à 10:00, Ann Ox <ann@example.com> a écrit :",
        "El lun, 5 may 2025 a las 10:00, Ann Ox (<ann@example.com>) escribió:",
        "Em seg., 5 de mai. de 2025 às 10:00, Ann Ox <ann@example.com> escreveu:",
        "Il giorno lun 5 mag 2025 alle ore 10:00 Ann Ox <ann@example.com> ha scritto:",
        "Op ma 5 mei 2025 om 10:00 schreef Ann Ox <ann@example.com>:",
        "Den mån 5 maj 2025 kl 10:00 skrev Ann Ox <ann@example.com>:",
        "man. 5. maj 2025 kl. 10.00 skrev Ann Ox <ann@example.com>:",
        "ma 5. toukok. 2025 klo 10.00 Ann Ox (ann@example.com) kirjoitti:",
        "pon., 5 maj 2025 o 10:00 Ann Ox <ann@example.com> napisał(a):",
        "po 5. 5. 2025 v 10:00 odesílatel Ann Ox <ann@example.com> napsal:",
        "пн, 5 мая 2025 г. в 10:00, Ann Ox <ann@example.com>:",
        "пн, 5 трав. 2025 р. о 10:00 Ann Ox <ann@example.com> пише:",
        "Ann Ox <ann@example.com>, 5 May 2025 Pzt, 10:00 tarihinde şunu yazdı:",
        "Ann Ox <ann@example.com> ezt írta (időpont: 2025. máj. 5., H, 10:00):",
        "În lun., 5 mai 2025 la 10:00, Ann Ox <ann@example.com> a scris:",
        "Στις Δευ 5 Μαΐ 2025 στις 10:00 π.μ., ο χρήστης Ann Ox <ann@example.com> έγραψε:",
        "2025年5月5日(月) 10:00 Ann Ox <ann@example.com>:",
        "Ann Ox <ann@example.com> 于2025年5月5日周一 10:00写道：",
        "2025년 5월 5일 (월) 오전 10:00, Ann Ox <ann@example.com>님이 작성:",
        "\u{202b}בתאריך יום ב׳, 5 במאי 2025 ב-10:00 מאת Ann Ox <ann@example.com>:\u{202c}",
        "في الاثنين، 5 مايو 2025 في 10:00 ص تمت كتابة ما يلي بواسطة Ann Ox <ann@example.com>:",
        "Vào Th 2, 5 thg 5, 2025 vào lúc 10:00 Ann Ox <ann@example.com> đã viết:",
        "Pada tanggal Sen, 5 Mei 2025 pukul 10.00 Ann Ox <ann@example.com> menulis:",
    ] {
        let text = format!("Yes.\n\n{line}\n\nPlease decide.\n");
        let seen = of_text(&text);
        assert_eq!((seen.text.as_ref(), seen.quoted, seen.certain), ("Yes.", true, true), "{line}");
    }
}

#[test]
fn sentences_are_no_introductions() {
    for text in [
        "On Monday at 10:00 the lift stopped.\nPlease call me.",
        "At 9:30 we wrote to bob@example.com and he answered.\nNo reply since.",
        "From: London\nTo: Paris\nDate: 5 May 2025",
        "She wrote: the lift is broken.\nThat was on 5 May 2025.",
        "To: do list\n- one\n- two",
        "Sent from my desk, where I found three more of them.",
    ] {
        let seen = of_text(text);
        assert_eq!((seen.text.as_ref(), seen.quoted, seen.certain), (text, false, true), "{text}");
    }
}

#[test]
fn an_answer_below_a_marked_quotation_is_new() {
    let seen = of_text("On 5 May 2025, Ann <ann@example.com> wrote:\n> Shall I?\n\napprove\n");
    assert_eq!((seen.text.as_ref(), seen.quoted, seen.certain), ("approve", true, true));
}

#[test]
fn what_cannot_be_told_apart_is_not_certain() {
    for text in [
        "On 5 May 2025, Ann <ann@example.com> wrote:\n\napprove\n",
        "> approve\n",
        "> Shall I?\napprove\n",
        "----- Original Message -----\napprove",
    ] {
        assert!(!of_text(text).certain, "{text}");
    }
}

#[test]
fn heads_of_quotations_in_unknown_words_are_known_by_their_shape_and_decide_nothing() {
    for head in [
        "-------- Zzuv kwe --------\nTzu: Ann Ox <ann@example.com>\nBlo: 2025-05-05 10:00",
        "----- Zzuv ----- Tzu: Ann Ox <ann@example.com>Blo: \"bob@example.com\" <bob@example.com>Kri: 2025",
        "Tzu: Ann Ox <ann@example.com>\nKwe vo: Mon May 05 10:00:00 2025\nBlo: Bob Sand <bob@example.com>",
        "________________________________\nTzu: Ann Ox <ann@example.com>\nKwe: 5/5/2025 10:00\nBlo: Bob",
    ] {
        let text = format!("approve\n\n{head}\n\nPlease decide.\n");
        let seen = of_text(&text);
        assert_eq!((seen.text.as_ref(), seen.quoted, seen.certain), ("approve", true, false), "{head}");
    }
    let seen = of_text("approve\n\nZzu Ann Ox kwe 2025-05-05 10:00:\n> Please decide.\n");
    assert_eq!((seen.text.as_ref(), seen.quoted, seen.certain), ("approve", true, false));
}

#[test]
fn a_condition_that_looks_like_an_introduction_never_makes_the_rest_certain() {
    for condition in [
        "but not before 2025-05-05 10:00\nAnn Ox <ann@example.com> wrote:\n> budget",
        "first ask Ann Ox <ann@example.com> until 5 May 2025 10:00:\n\nthe budget",
        "what is said by Ann Ox <ann@example.com> must go:\n> budget",
        "cut what Ann wrote 5 May 2025:\n> budget",
        "owner: Ann Ox <ann@example.com>\ndue: 2025-05-05 10:00\ncost: 500",
        "---- only if ----\nowner: Ann Ox <ann@example.com>\ndue: 2025-05-05 10:00",
    ] {
        let text = format!("approve\n\n{condition}\n");
        let seen = of_text(&text);
        assert!(seen.text.as_ref() != "approve" || !seen.certain, "{condition}");
    }
}

#[test]
fn fields_and_lists_are_no_heads_of_quotations() {
    for text in [
        "edit\n\nowner: ann@example.com\ndue: 2025-06-01\ntitle: A lift for the hall",
        "A new entry of the form:\n\nName: Ann Ox\nE-mail: ann@example.com\nDate: 5 May 2025 10:00\nText: please call",
        "Cost: 500\nDue: 2025-06-01 10:00\nOwner: Ann",
        "---- Second part ----\nThe lift is broken since 5 May 2025.",
        "Please ask Ann Ox <ann@example.com> on 5 May 2025.\n\nShe knows.",
    ] {
        let seen = of_text(text);
        assert_eq!((seen.text.as_ref(), seen.quoted, seen.certain), (text, false, true), "{text}");
    }
}

#[test]
fn headers_glued_to_a_bar_and_headers_without_an_address_are_known() {
    for head in [
        " ----- Forwarded Message ----- From: Ann Ox <ann@example.com>To: \"bob@example.com\" <bob@example.com>Sent: Monday",
        "From: Ann Ox\nSent: \u{200e}Monday\u{200e}, \u{200e}May\u{200e} \u{200e}5\u{200e}, \u{200e}2025 \u{200e}10\u{200e}:\u{200e}00\nTo: Bob",
        "  Original Message  \nFrom: Ann Ox\nSent: Monday, May 5, 2025 10:00\nTo: Bob\nSubject: Lift",
        "##- Please type your reply above this line -##",
        "5 May 2025 10:00 by ann@example.com:",
    ] {
        let text = format!("Yes.\n\n{head}\n\nPlease decide.\n");
        let seen = of_text(&text);
        assert_eq!((seen.text.as_ref(), seen.quoted, seen.certain), ("Yes.", true, true), "{head}");
    }
}

#[test]
fn a_short_answer_between_two_quoted_lines_is_kept_and_the_end_of_a_broken_line_is_not() {
    let seen = of_text("> Shall I?\nYes\n> And then?\nNo\n");
    assert_eq!((seen.text.as_ref(), seen.certain), ("Yes\n\nNo", false));
    let broken = "Sure.\n\n> This line is as long as the mail program lets its lines become\nand more.\n> The end.\n";
    assert_eq!(of_text(broken).text.as_ref(), "Sure.");
}

#[test]
fn the_quoting_elements_of_mail_programs_are_known() {
    for quoted in [
        "<div name=\"quote\">Please decide.</div>",
        "<div name=\"messageReplySection\">Please decide.</div>",
        "<div class=\"x_x_gmail_quote\">Please decide.</div>",
        "<hr id=\"zwchr\"><div>Please decide.</div>",
        "<div data-marker=\"__QUOTED_TEXT__\">Please decide.</div>",
        "<div style=\"border:none; border-left:solid blue 1.5pt; padding:0cm 0cm 0cm 4.0pt\">Please decide.</div>",
        "<div style=\"border-right:medium none; border-top:1pt solid rgb(225,225,225); padding:3pt 0cm 0cm\"></div>Please decide.",
        "<div class=OutlookMessageHeader></div>Please decide.",
        "<div id=\"composer_signature\">Ann</div><blockquote>Please decide.</blockquote>",
    ] {
        let html = format!("<div>Yes.</div>{quoted}");
        let seen = of_html(&html);
        assert_eq!((seen.text.as_ref(), seen.quoted), ("Yes.", true), "{quoted}");
    }
}
