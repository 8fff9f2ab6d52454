//! Texts that people outside could write and that some system once took for more than text. Own file because every sink is held to the same
//! list. INVARIANT: each begins and ends with a visible word, so that a far side that trims, or adds its own around, still shows it.

/// The longest one, in bytes: a long letter.
const LONG: usize = 20 << 10;

/// A pattern of short texts of all kinds, and of what some system takes for more than text: for tests of properties.
pub const ANY_TEXT: &str = "(\\PC|[<>&\"'{}%#@*_|\\\\/\n\r\t]){0,80}";

/// Every text, with what it tries.
pub(super) fn texts() -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = [
        ("quotes", r#"say "yes" or 'no', `maybe` \ back\slash \" end"#),
        ("markup", "begin <script>alert(1)</script> <b>bold</b> <img src=x onerror=alert(1)> &amp; &lt;i&gt; ]]> --> end"),
        ("wiki markup", "begin *bold* _it_ -gone- +new+ @code@ h1. {{macro}} [[Page]] {code}x{code} !pic.png! \"a\":http://x.example end"),
        ("markdown", "begin # head **b** [a](javascript:alert(1)) ![i](http://x.example/i.png) ~~s~~ | t | > q end"),
        ("mentions", "begin @admin @here #1 r1 commit:abc user:admin [~admin] <@U1> $user end"),
        ("templates", "begin {{7*7}} ${7*7} <%= 7*7 %> #{7*7} {% raw %} %s %n $1 \\1 end"),
        ("queries", "begin ' OR '1'='1'; DROP TABLE notes;-- \" AND Id != null end"),
        ("json", r#"begin {"a":[1,{"b":null}]} \u0000 \n \x end"#),
        ("headers", "begin\r\nBcc: eve@evil.example\r\nX-Evil: 1\r\n\r\nDELETE /all HTTP/1.1\r\n\r\nend"),
        ("lines", "begin\n\n\n- one\n- two\n\ttab\n.\n..\nFrom here\n--\nend"),
        ("control characters", "begin \u{0}\u{1}\u{7}\u{8}\u{b}\u{c}\u{1b}[31mred\u{7f}\u{85}\u{2028}\u{2029} end"),
        ("right to left", "begin \u{202e}txt.exe\u{202c} \u{2066}a\u{2069} \u{200f}שלום\u{200e} end"),
        ("scripts", "begin Grüße 你好 नमस्ते e\u{301} ﷽ ﬁ Ⅷ İı ß end"),
        ("emoji", "begin 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 𝒳 \u{fffd} \u{ffff} end"),
        ("formula", "=1+cmd|' /C calc'!A0"),
        ("separators", "a,b;c\td|e\"f\"\"g\nh,\"i\" end"),
        ("a slash", "begin /../../etc/passwd ..\\..\\x file:///etc/passwd %2e%2e%2f end"),
    ]
    .map(|(what, text)| (what, text.to_owned()))
    .into();
    let words = "A long letter has many words, and each of them counts. ";
    let mut long = words.repeat(LONG / words.len());
    long.push_str("end");
    all.push(("20 KiB", long));
    all
}

/// Names of records that try to become more than a name.
pub(super) const RECORDS: [&str; 10] = [
    "../admin",
    "1/../2",
    "1/notes",
    "1?force=true",
    "1#x",
    "1\r\nx-evil: 1",
    "%2e%2e%2fadmin",
    "1 OR 1=1",
    "1'\"<>&;",
    "\u{202e}1",
];

/// What a person sees of a text, so that two compare whatever a far side does with blanks, characters that cannot be seen, and the two
/// ways to write an accent.
pub(super) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fe0f}' | '\u{fffc}' | '\u{fffd}' | '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}')
    };
    text.chars().filter(|c| !hidden(*c) && !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::{LONG, texts, visible};

    #[test]
    fn they_are_long_and_many_and_can_be_compared() {
        let all = texts();
        assert!(all.iter().any(|(_, text)| text.len() > LONG - 100));
        assert!(all.iter().all(|(_, text)| visible(text).chars().count() > 10));
        assert_eq!(visible("a\u{0} \u{202e}b\r\nc"), "abc");
    }
}
