//! What is sent: form submissions of about 1 KB, each unlike every other, signed as Standard Webhooks asks.
//!
//! The texts are made up after what people really write into contact forms; names, sums, dates and order numbers are
//! drawn from the index, so that the same index gives the same bytes in every run and no two requests are equal. The reference begins with
//! a letter: six digits, a hyphen and five more are now and then somebody's national number, and held for that.
//! INVARIANT: everything is made before the clock starts; the load client only writes bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use std::time::{SystemTime, UNIX_EPOCH};

/// The path segment of the webhook source that the benchmark posts to.
pub(crate) const SOURCE: &str = "bench";

/// The signing key of the webhook source.
#[derive(Debug)]
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// A fixed key: it protects nothing but a throw-away process on loopback.
    pub(crate) fn fixed() -> Self {
        Self((0_u8..32).map(|byte| byte.wrapping_mul(37).wrapping_add(11)).collect())
    }

    /// As it is written into a secret file, `whsec_` and base64 (Standard Webhooks 1.0).
    pub(crate) fn text(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }
}

/// Whole HTTP requests for the form submissions `from..from + count`, signed with the present time.
pub(crate) fn submissions(secret: &Secret, from: u64, count: u64) -> Vec<Vec<u8>> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
    (from..from + count).map(|index| submission(&key, now, index)).collect()
}

/// One whole HTTP request that approves a brief.
pub(crate) fn approval(token: &str, brief: &str, revision: &str) -> Vec<u8> {
    let body = serde_json::json!({ "decision": "approve", "revision": revision }).to_string();
    format!(
        "POST /api/v1/briefs/{brief}/decision HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn submission(key: &hmac::Key, now: u64, index: u64) -> Vec<u8> {
    let body = form(index);
    let id = format!("msg_{index:012}");
    let signature = STANDARD.encode(hmac::sign(key, format!("{id}.{now}.{body}").as_bytes()));
    format!(
        "POST /hooks/{SOURCE} HTTP/1.1\r\nhost: bench\r\nwebhook-id: {id}\r\nwebhook-timestamp: {now}\r\n\
         webhook-signature: v1,{signature}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The JSON of one form submission.
fn form(index: u64) -> String {
    let mut draw = Draw(index);
    let (first, last) = (draw.one_of(&FIRST), draw.one_of(&LAST));
    let company = format!("{} {}", draw.one_of(&FIRM), draw.one_of(&TRADE));
    let (subject, text) = draw.one_of(&TEXTS);
    let day = format!("{} {}", 1 + draw.below(28), draw.one_of(&MONTHS));
    let amount = format!("{},{:03}", 1 + draw.below(48), draw.below(1000));
    let number = format!("{}", 10_000 + draw.below(89_999));
    let count = format!("{}", 3 + draw.below(240));
    let fill = |template: &str| {
        template
            .replace("{company}", &company)
            .replace("{day}", &day)
            .replace("{amount}", &amount)
            .replace("{number}", &number)
            .replace("{count}", &count)
    };
    let domain = company.to_lowercase().replace(' ', "-");
    serde_json::json!({
        "name": format!("{first} {last}"),
        "email": format!("{}.{}@{domain}.example", first.to_lowercase(), last.to_lowercase()),
        "company": company,
        "subject": fill(subject),
        "message": format!("{}\n\n{} {first} {last}\n{company}\nRef. R{index}", fill(text), draw.one_of(&CLOSE)),
        "form": "contact",
        "page": format!("https://www.{domain}.example/contact?campaign={number}"),
    })
    .to_string()
}

/// A small deterministic generator (splitmix64 steps), seeded with the index of the request.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_of<T: Copy, const N: usize>(&mut self, choices: &[T; N]) -> T {
        // `below` is smaller than the length of the array, which is never empty.
        choices[self.below(N as u64) as usize]
    }
}

const FIRST: [&str; 12] =
    ["Maria", "Jonas", "Aisha", "Peter", "Lena", "Tomasz", "Grace", "Hugo", "Ines", "Oliver", "Priya", "Samuel"];
const LAST: [&str; 12] = [
    "Becker",
    "Okafor",
    "Lindqvist",
    "Marsh",
    "Novak",
    "Duarte",
    "Whitfield",
    "Keller",
    "Rossi",
    "Tanaka",
    "Byrne",
    "Haddad",
];
const FIRM: [&str; 10] = [
    "Northgate",
    "Bluewater",
    "Hartmann",
    "Cedar Lane",
    "Alpine",
    "Riverside",
    "Kestrel",
    "Old Mill",
    "Summit",
    "Harbor",
];
const TRADE: [&str; 8] = ["Dental", "Logistics", "Interiors", "Bakery", "Legal", "Fitness", "Property", "Foods"];
const MONTHS: [&str; 6] = ["December", "January", "February", "March", "April", "May"];
const CLOSE: [&str; 4] = ["Best regards,", "Many thanks,", "Kind regards,", "Thanks in advance,"];

/// Subject and text; braces are filled from the index.
const TEXTS: [(&str, &str); 12] = [
    (
        "Booking page down since this morning",
        "Hello,\n\nour online booking page has shown an error since about 8 this morning and nobody can make an \
         appointment. We lose roughly {count} bookings a day when it is down, and the phone lines are already full. The \
         page says \"service unavailable\" after the second step. We changed nothing on our side. Can somebody look at \
         this right away and call me back? This is urgent for us, the weekend before {day} is our busiest of the year. If \
         it cannot be repaired today, please at least put up a notice with our phone number.",
    ),
    (
        "Quote for a new website, about {count} pages",
        "Hi there,\n\nwe are looking for somebody to rebuild our website. It has about {count} pages today, most of them \
         text and pictures, plus a small shop with an old payment plug-in. Our budget is around ${amount} and we would \
         like to go live by {day}. We need help with the texts as well, the photographs we have. Could you send us a \
         rough quote and tell us how you would go about it? We are talking to two other agencies and want to decide \
         within the next two weeks. A short call would be fine too, mornings are best.",
    ),
    (
        "Invoice {number} does not match our order",
        "Dear team,\n\ninvoice {number} over ${amount} arrived today, but the order we signed was for less. As far as we \
         can see, the set-up fee has been charged twice and the discount that we agreed on the phone is missing. Please \
         check this and send us a corrected invoice before {day}, because our accounts department closes the month then \
         and will otherwise hold the payment. I have attached nothing here since your form does not take files, but I can \
         mail the signed order to whoever deals with it. Please tell me who that is.",
    ),
    (
        "Moving our workshop to another date",
        "Good morning,\n\nunfortunately we have to move the workshop that we planned for {day}. Two of the {count} people \
         who should attend are travelling that week, and without them it makes little sense. Would the week after suit \
         you, ideally Tuesday or Wednesday afternoon? The room is free on both days. If the preparation has already been \
         done, we will of course pay for it; the remaining ${amount} would then fall due after the new date. Please \
         confirm the new date in writing so that I can tell everybody and book the trains.",
    ),
    (
        "Access for {count} new colleagues",
        "Hi,\n\nwe are taking over a second branch and {count} colleagues will join us on {day}. They all need access to \
         the reporting area, but only three of them may see prices. Could you set up the accounts and send me a list with \
         the user names? Passwords please not by e-mail. I do not know whether our present contract covers that many \
         people; if it does not, tell me what it will cost. The number of our contract is {number}. It would be good if \
         everything were ready two days before they start, so that we can try it out.",
    ),
    (
        "Export of all our data",
        "Hello,\n\nour auditors have asked for a complete export of our records of the past {count} months, including the \
         history of changes. We need it as CSV or Excel, one file per year, by {day} at the latest. Please tell us \
         whether you can provide that, in what form, and whether it costs extra: up to ${amount} I may approve myself, \
         everything above that must go to my director. We also need a short statement of where the data are stored and \
         who on your side can read them. The file number of the audit is {number}.",
    ),
    (
        "Cancelling the support contract",
        "To whom it may concern,\n\nwe would like to end our support contract, number {number}, as of {day}. We were not \
         happy with the answering times: of the last {count} questions more than half took longer than a week, and twice \
         we never got an answer at all. If you see a way to keep us, I am open to a talk, but it would have to come with \
         a clear promise and a lower price than the present ${amount} a year. Otherwise please confirm the cancellation \
         and tell us how we get our documents back.",
    ),
    (
        "Question about delivery of order {number}",
        "Hello,\n\nwe ordered {count} boxes under number {number} and were promised delivery by {day}. So far nothing has \
         arrived and the tracking page has not changed for four days. The goods are meant for a fair, so later is no use \
         to us. Could you find out where they are and, if they are lost, send the same again by express? The value is \
         ${amount}, I hope it was insured. Please call the warehouse before you send anything, they close at four. It \
         would help if you gave me a name I can ask for.",
    ),
    (
        "Partnership with our studio",
        "Hi,\n\nI run a small studio together with {count} freelancers and we often have clients who need exactly what you \
         do. Last year we passed on work for about ${amount} and would rather give it to one partner than to five. Would \
         you be interested in a conversation about how that might look? We do not expect a commission, what matters to us \
         is that somebody answers within a day and that our clients are treated well. I will be in town around {day} and \
         could come by. There is no hurry, but I would like to settle it this quarter.",
    ),
    (
        "Wrong prices on the landing page",
        "Hello team,\n\nthe landing page for our spring offer shows the prices of last year. Two customers have already \
         insisted on them and we had to give in, which cost us ${amount} so far. Please correct the {count} entries \
         according to the list that I sent you under reference {number}, and tell me when it is done. The campaign starts \
         on {day} and the advertisements are booked, so it has to be right by then. I would also like to know how the old \
         list got there, since we approved the new one weeks ago.",
    ),
    (
        "Anfrage: Wartung f\u{fc}r {count} Arbeitspl\u{e4}tze",
        "Guten Tag,\n\nwir suchen zum {day} einen neuen Partner f\u{fc}r die Wartung unserer {count} Arbeitspl\u{e4}tze an \
         zwei Standorten. Bisher zahlen wir {amount} Euro im Jahr und sind mit den Reaktionszeiten nicht zufrieden. Wichtig \
         sind uns eine feste Ansprechperson, Hilfe innerhalb von vier Stunden und eine klare Regelung f\u{fc}r den Notfall \
         am Wochenende. Bitte schicken Sie uns ein Angebot und sagen Sie uns, welche Angaben Sie noch brauchen. Unsere \
         Ausschreibung l\u{e4}uft unter der Nummer {number}. F\u{fc}r ein Gespr\u{e4}ch stehen wir gern zur Verf\u{fc}gung.",
    ),
    (
        "Reports since the last update",
        "Hi all,\n\nsince the last update the monthly report comes with empty columns and the sums at the end are wrong. We \
         noticed it with report {number}; {count} of the rows have no cost centre although it is filled in the system. Last \
         month the same report was fine. We need correct numbers for the board meeting on {day}, where a decision over \
         ${amount} depends on them. For now we calculate by hand, which takes one of us a whole day. Please let me know \
         whether the error is known and by when it will be repaired.",
    ),
];
