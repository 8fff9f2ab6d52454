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
