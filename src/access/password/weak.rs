//! Which passwords are refused: short ones, and those that are guessed first. Own file because it is the one rule people meet. There is no
//! rule about kinds of characters, which makes passwords worse (NIST SP 800-63B, 5.1.1.2); instead of a list of a million passwords it knows
//! how those on such lists that are long enough are made: a common word, name, row of keys or run, repeated or followed by digits.

/// Fewest and most characters.
pub const SHORTEST: usize = 12;
const LONGEST: usize = 256;
/// Fewest different characters.
const DIFFERENT: usize = 5;

/// Words that common passwords of twelve characters and more are made of.
const COMMON: &str = "password passwort passw0rd motdepasse contrasena senha parola haslo wachtwoord welcome willkommen bienvenue letmein \
    login signin admin administrator root superuser user username test testing tester guest changeme changeit change default temp temporary \
    secret access master monkey dragon football baseball basketball soccer hockey superman batman spiderman starwars pokemon princess \
    sunshine shadow michael jordan michelle jennifer jessica charlie ashley daniel thomas robert andrew matthew anthony william iloveyou \
    iloveu loveyou love forever hello goodbye whatever freedom trustno trustnoone nothing computer internet windows microsoft google facebook \
    samsung iphone linux mustang ferrari corvette harley killer hunter ranger buster tigger pepper ginger cookie chocolate banana orange \
    cheese flower summer winter spring autumn january february march april june july august september october november december monday \
    tuesday wednesday thursday friday saturday sunday london berlin paris madrid america england germany france spain liverpool arsenal \
    chelsea barcelona qwerty qwertz azerty asdf asdfgh asdfghjkl zxcvbn zxcvbnm yxcvbnm qazwsx qazwsxedc qwer qwert abc abcd abcde abcdef the \
    and my you i me is a this correcthorsebatterystaple correct horse battery staple opspilot pilot company work office";

/// Rows of keys and runs: a password that walks along them is no secret.
const RUNS: [&str; 7] = [
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "012345678901234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short.
    #[error(
        "the password has fewer than 12 characters; a few words that belong together for you alone are easy to keep"
    )]
    Short,
    /// Too long.
    #[error("the password has more than 256 characters; a shorter one is as good")]
    Long,
    /// Guessed first.
    #[error(
        "the password is one of those that are tried first: a common word, name, run or row of keys, repeated or with digits; choose another"
    )]
    Common,
    /// Made of what everybody knows of its person.
    #[error("the password is made of your name or address; choose another")]
    Own,
}

/// Nothing, when a password may be set by somebody of whom these words are known.
///
/// # Errors
/// [`Weak`].
pub fn judge(password: &str, known: &[&str]) -> Result<(), Weak> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(Weak::Short);
    }
    if length > LONGEST {
        return Err(Weak::Long);
    }
    let lower = password.to_lowercase();
    let mut letters: Vec<char> = lower.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < DIFFERENT || repeats(&lower) || runs(&lower) {
        return Err(Weak::Common);
    }
    let bare = bare(&lower);
    let mut own: Vec<String> = known.iter().flat_map(|word| pieces(word)).collect();
    // The longest first, so that none is torn by a shorter one within it.
    own.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let left = own.iter().fold(bare.clone(), |left, word| left.replace(word.as_str(), ""));
    if left.len() < bare.len() && is_common(&left) {
        return Err(Weak::Own);
    }
    if is_common(&bare) { Err(Weak::Common) } else { Ok(()) }
}

/// The letters alone, with the digits and signs that stand for letters read as such.
fn bare(lower: &str) -> String {
    let trimmed = lower.trim_matches(|one: char| !one.is_alphabetic());
    let read = |one: char| match one {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    trimmed.chars().map(read).filter(|one| one.is_alphabetic()).collect()
}

/// Whether letters are nothing but common words in a row; no letters at all are.
fn is_common(letters: &str) -> bool {
    if letters.is_empty() {
        return true;
    }
    // From each place that words reach, by which words they go on.
    let mut reached = vec![false; letters.len() + 1];
    reached[0] = true;
    let words: Vec<&str> = COMMON.split_whitespace().collect();
    for place in 0..letters.len() {
        if !reached.get(place).copied().unwrap_or(false) {
            continue;
        }
        let Some(rest) = letters.get(place..) else { continue };
        for word in &words {
            if rest.starts_with(word)
                && let Some(mark) = reached.get_mut(place + word.len())
            {
                *mark = true;
            }
        }
    }
    reached.last().copied().unwrap_or(false)
}

/// Whether it is one piece of at most half its length over and over.
fn repeats(lower: &str) -> bool {
    let letters: Vec<char> = lower.chars().collect();
    (1..=letters.len() / 2).any(|size| letters.iter().zip(letters.iter().skip(size)).all(|(one, other)| one == other))
}

/// Whether nearly all of it walks along rows of keys or runs, forwards or backwards.
fn runs(lower: &str) -> bool {
    let letters: Vec<char> = lower.chars().collect();
    let beside = |pair: &[char]| {
        let (there, back): (String, String) = (pair.iter().collect(), pair.iter().rev().collect());
        RUNS.iter().any(|run| run.contains(&there) || run.contains(&back))
    };
    let steps = letters.windows(2).filter(|pair| beside(pair) || pair.first() == pair.last()).count();
    steps * 5 >= (letters.len() - 1) * 4
}

/// The words of a name or an address, in letters.
fn pieces(known: &str) -> Vec<String> {
    let lower = known.to_lowercase();
    let mut found: Vec<String> = lower.split(|one: char| !one.is_alphabetic()).map(str::to_owned).collect();
    found.push(bare(&lower));
    found.retain(|word| word.chars().count() >= 3);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn common_ones_are_refused_however_they_are_dressed() {
        for password in [
            "password1234",
            "Password123!",
            "P@ssw0rd2026!",
            "passwordpassword",
            "iloveyou1234",
            "qwertyuiop12",
            "1q2w3e4r5t6y",
            "123456789012",
            "987654321098",
            "abcdefghijkl",
            "aaaaaaaaaaaaaaa",
            "abcabcabcabc",
            "correcthorsebatterystaple",
            "Summer2026!!!!",
            "Welcome12345",
            "ChangeMe2026!",
            "administrator1",
            "opspilot2026!",
            "zxcvbnmasdfghjkl",
            "mynameis1234567",
            "31121999311219",
        ] {
            let expected = if password.starts_with("myname") { Ok(()) } else { Err(Weak::Common) };
            assert_eq!(judge(password, &[]), expected, "{password}");
        }
    }

    #[test]
    fn what_everybody_knows_of_a_person_is_refused() {
        for password in
            ["ada.lovelace2026", "AdaLovelace!!!", "lovelacelovelace1", "ada@acme.example", "Lovel4ce-Ada-99"]
        {
            assert_eq!(judge(password, &["ada", "ada.lovelace@acme.example"]), Err(Weak::Own), "{password}");
        }
        assert_eq!(judge("ada counts the petals", &["ada"]), Ok(()));
    }

    #[test]
    fn length_counts_in_characters() {
        assert_eq!(judge("kurzes wort", &[]), Err(Weak::Short));
        assert_eq!(judge("säße üb ölig!", &[]), Ok(()));
        assert_eq!(judge(&"mn7q".repeat(65), &[]), Err(Weak::Long));
        for good in [
            "four tin whistles",
            "Tr0ub4dor&3xyz",
            "moth-lantern-gravel",
            "x7Kp2mQ9vLw4",
            "日本語のながいパスワードです",
        ] {
            assert_eq!(judge(good, &["ada"]), Ok(()), "{good}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_breaks_it(password in "\\PC{0,300}", known in "\\PC{0,40}") {
            let _verdict = judge(&password, &[&known]);
        }
    }
}
