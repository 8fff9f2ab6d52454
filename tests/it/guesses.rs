//! A flood of answers that are none: secrets that were guessed, in the reviewer's name too, and a stolen one with forged signatures. INVARIANT
//! tested: none decides, nobody hears of any, after the first few nobody outside is asked about them, what they leave is small; and whoever
//! was guessed for is not shut out.

use crate::census::{receipts, word};
use crate::daemon::Setup;
use crate::load::{Draw, number};
use crate::post::{Arrived, answer};
use crate::postroom::{Domain, Postroom, count, request, through};
use crate::wait::{until, until_within};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const MIKE: &str = "Mike <mike@northwind.example>";
const EVE: &str = "Eve <eve@northwind.example>";
const FIELDS: [&str; 5] = ["From", "To", "Subject", "Message-ID", "In-Reply-To"];
/// No long form takes longer.
const LONG: Duration = Duration::from_secs(3600);
/// Wrong secrets of one sender that are looked at in a day, and unproven answers with one secret.
const LOOKED_AT: (usize, usize) = (8, 20);

/// The secret in the address that a letter names for answers.
fn secret(letter: &Arrived) -> String {
    let address = letter.reply_to();
    address.split(['+', '@']).nth(1).unwrap().to_owned()
}

/// Another of the same form and the same age.
fn other(secret: &str, draw: &mut Draw) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz234567";
    let guessed: String = (0..32).map(|_| char::from(letters[draw.below(32) as usize])).collect();
    format!("{}{guessed}", &secret[..8])
}

#[test]
fn ten_thousand_guesses_decide_nothing_and_nobody_hears_of_them() {
    let guesses = number("OPSPILOT_GUESSES", 400) as usize;
    let stolen = guesses / 5;
    let seed = number("OPSPILOT_SEED", u64::from(std::process::id()));
    eprintln!("OPSPILOT_SEED={seed}");
    let mut draw = Draw(seed);
    let post = Postroom::open();
    let daemon = post.house(Setup::sqlite(), "");
    let own = Domain::new(&post, "northwind.example");
    post.deliver(request(1));
    let letter = post.letter("mike", "Lamps for room 1");
    let (secret, begun) = (secret(&letter), Instant::now());
    let signed = [MIKE, EVE].map(|from| own.sign(&answer(&letter, from, "", "approve"), &FIELDS));
    // Each names a key of its own, so that no answer of the DNS serves twice.
    let forged = |number: usize, secret_in_it: &str| {
        signed[number % 2].replace(&secret, secret_in_it).replace(" s=s1;", &format!(" s=k{number};")).replacen(
            "Message-ID: <",
            &format!("Message-ID: <{number}."),
            1,
        )
    };
    let codes = || {
        let mut codes: BTreeMap<String, usize> = BTreeMap::new();
        for receipt in receipts(&daemon).iter().filter(|receipt| word(receipt, "kind") == "reply.refused") {
            *codes.entry(word(&receipt["body"], "code")).or_default() += 1;
        }
        codes
    };
    let keys_asked = || {
        let asked: BTreeSet<String> = post.dns.asked().into_iter().collect();
        asked.iter().filter(|name| name.starts_with('k')).count()
    };
    for number in 0..guesses {
        post.deliver(forged(number, &other(&secret, &mut draw)));
    }
    until_within(LONG, "every guess is refused", || (count(&daemon, "reply.refused") == guesses).then_some(()));
    let looked_at = 2 * LOOKED_AT.0;
    let expected = BTreeMap::from([("OP-2811".to_owned(), looked_at), ("OP-2820".to_owned(), guesses - looked_at)]);
    assert_eq!(codes(), expected);
    assert_eq!(keys_asked(), 0, "nobody is asked about a secret that is none");
    for number in 0..stolen {
        post.deliver(forged(guesses + number, &secret));
    }
    let all = guesses + stolen;
    until_within(LONG, "every forgery is refused", || (count(&daemon, "reply.refused") == all).then_some(()));
    assert_eq!(codes()["OP-2815"], LOOKED_AT.1);
    assert_eq!(keys_asked(), LOOKED_AT.1, "after these nobody is asked");
    assert_eq!((count(&daemon, "brief.decided"), post.letters().len()), (0, 1), "nothing is decided, nobody hears");
    // What each leaves: that it came, that it was kept, that it was refused.
    let left = receipts(&daemon);
    assert!(left.len() <= 3 * all + 20, "{} receipts of {all}", left.len());
    let bytes: usize = left.iter().map(|receipt| receipt.to_string().len()).sum();
    let said = daemon.said().len();
    assert!(bytes / all < 3_000 && said / all < 2_000, "{bytes} bytes of receipts, {said} of log");
    eprintln!(
        "{guesses} guessed secrets, {stolen} forgeries with a stolen one: 0 decisions, 0 letters, {} keys asked for; {} bytes of receipts \
         and {} of log for each; {:?}",
        keys_asked(),
        bytes / all,
        said / all,
        begun.elapsed(),
    );
    // Mike, in whose name most of it came: by signature where his secret was not stolen, by the word of our own server where it was.
    post.deliver(request(2));
    let second = post.letter("mike", "Brief: Lamps for room 2");
    post.deliver(own.sign(&answer(&second, MIKE, "", "approve"), &FIELDS));
    until("the second is decided", || (count(&daemon, "brief.decided") == 1).then_some(()));
    let mine = answer(&letter, MIKE, "", "reject: too dear");
    post.deliver(through("dmarc=pass header.from=northwind.example", &mine));
    until("the first is decided", || (count(&daemon, "brief.decided") == 2).then_some(()));
}
