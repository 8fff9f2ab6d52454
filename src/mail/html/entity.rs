//! Named and numbered characters of HTML (`&amp;`, `&#8217;`), resolved; what is not known stays as written.

/// Names that mail programs use, each followed by its character.
const NAMES: &str = "amp & lt < gt > quot \" iexcl ¡ cent ¢ pound £ curren ¤ yen ¥ brvbar ¦ sect § uml ¨ copy © ordf ª laquo « \
    not ¬ reg ® macr ¯ deg ° plusmn ± sup1 ¹ sup2 ² sup3 ³ acute ´ micro µ para ¶ middot · cedil ¸ ordm º raquo » \
    frac14 ¼ frac12 ½ frac34 ¾ iquest ¿ Agrave À Aacute Á Acirc Â Atilde Ã Auml Ä Aring Å AElig Æ Ccedil Ç \
    Egrave È Eacute É Ecirc Ê Euml Ë Igrave Ì Iacute Í Icirc Î Iuml Ï ETH Ð Ntilde Ñ Ograve Ò Oacute Ó Ocirc Ô \
    Otilde Õ Ouml Ö times × Oslash Ø Ugrave Ù Uacute Ú Ucirc Û Uuml Ü Yacute Ý THORN Þ szlig ß agrave à aacute á \
    acirc â atilde ã auml ä aring å aelig æ ccedil ç egrave è eacute é ecirc ê euml ë igrave ì iacute í icirc î \
    iuml ï eth ð ntilde ñ ograve ò oacute ó ocirc ô otilde õ ouml ö divide ÷ oslash ø ugrave ù uacute ú ucirc û \
    uuml ü yacute ý thorn þ yuml ÿ OElig Œ oelig œ Scaron Š scaron š Zcaron Ž zcaron ž Ccaron Č ccaron č Yuml Ÿ \
    fnof ƒ circ ˆ tilde ˜ ndash – mdash — lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „ dagger † Dagger ‡ \
    bull • hellip … permil ‰ prime ′ Prime ″ lsaquo ‹ rsaquo › euro € trade ™ larr ← uarr ↑ rarr → darr ↓ harr ↔ \
    minus − ne ≠ le ≤ ge ≥ infin ∞ asymp ≈ hearts ♥ check ✓ alpha α beta β gamma γ delta δ mu μ pi π sigma σ \
    omega ω Omega Ω num # colon : comma , period . excl ! quest ? lpar ( rpar ) lsqb [ rsqb ] commat @ dollar $ \
    percnt % sol / lowbar _";

/// The same for characters that cannot stand in a list: spaces, marks that do not show, and those a string must escape.
const UNSEEN: &[(&str, char)] = &[
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("shy", '\u{ad}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("lrm", '\u{200e}'),
    ("rlm", '\u{200f}'),
    ("bsol", '\\'),
    ("NewLine", '\n'),
    ("Tab", '\t'),
    ("zwsp", '\u{200b}'),
    ("ZeroWidthSpace", '\u{200b}'),
];

/// Appends `text` with its entities resolved.
pub(super) fn resolve(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        match entity(rest) {
            Some((c, length)) => {
                out.push(c);
                rest = rest.get(length..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
}

/// The character at the head of `text`, and how many bytes its name takes.
fn entity(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    if let Some(number) = body.strip_prefix('#') {
        let (digits, radix, lead) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16, 3),
            None => (number, 10, 2),
        };
        let length = digits.bytes().take(8).take_while(|byte| char::from(*byte).is_digit(radix)).count();
        let value = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
        let semicolon = usize::from(digits.as_bytes().get(length) == Some(&b';'));
        return Some((numbered(value), lead + length + semicolon));
    }
    let length = body.bytes().take(16).take_while(u8::is_ascii_alphanumeric).count();
    let name = body.get(..length)?;
    if body.as_bytes().get(length) == Some(&b';') {
        return named(name).map(|c| (c, length + 2));
    }
    // Without the semicolon only the oldest names count, as browsers read them.
    ["nbsp", "amp", "lt", "gt", "quot"]
        .iter()
        .find(|old| name.starts_with(**old))
        .and_then(|old| named(old).map(|c| (c, old.len() + 1)))
}

/// The character of a name.
fn named(name: &str) -> Option<char> {
    let mut words = NAMES.split_ascii_whitespace();
    while let (Some(known), Some(character)) = (words.next(), words.next()) {
        if known == name {
            return character.chars().next();
        }
    }
    UNSEEN.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// The character of a number; numbers 128 to 159 mean Windows-1252, as browsers read them.
fn numbered(value: u32) -> char {
    const WINDOWS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match value {
        0 => char::REPLACEMENT_CHARACTER,
        128..=159 => usize::try_from(value - 128)
            .ok()
            .and_then(|at| WINDOWS.get(at))
            .copied()
            .unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}
