//! Names of people and companies, and what money was spent on.
//!
//! Its own file because names are told by what they are not: words that everybody uses.
//! INVARIANT: a word of the common vocabulary is never taken for a name.

use super::super::model;
use super::super::read::words::{Kind, Token};
use super::Read;

const PAYING: &[&str] = &[
    "send",
    "transfer",
    "pay",
    "payee",
    "payment",
    "payments",
    "sent",
    "paid",
    "transferred",
    "owe",
    "give",
    "standing",
    "cheque",
    "owes",
    "money",
    "account",
    "recipient",
    "contact",
];
const BUYING: &[&str] = &[
    "spend",
    "spent",
    "spending",
    "charge",
    "charged",
    "charges",
    "subscription",
    "purchase",
    "purchased",
    "bought",
    "buy",
    "transaction",
    "refund",
    "shop",
    "debit",
    "billed",
    "statement",
    "order",
    "ordered",
    "cancel",
    "bill",
    "from",
    "at",
    "pending",
    "taken",
];
const BRANDS: &[&str] = &[
    "amazon",
    "netflix",
    "spotify",
    "deliveroo",
    "uber",
    "tesco",
    "waitrose",
    "sainsbury",
    "sainsburys",
    "sainsbury's",
    "asda",
    "aldi",
    "lidl",
    "ebay",
    "paypal",
    "apple",
    "google",
    "microsoft",
    "godaddy",
    "starbucks",
    "mcdonalds",
    "mcdonald's",
    "boots",
    "ikea",
    "argos",
    "primark",
    "zara",
    "asos",
    "ryanair",
    "easyjet",
    "vodafone",
    "virgin",
    "disney",
    "playstation",
    "xbox",
    "chipotle",
    "eon",
    "hyatt",
    "hilton",
    "marriott",
    "airbnb",
    "lyft",
    "walmart",
    "costco",
    "shell",
    "esso",
    "santander",
    "hsbc",
    "barclays",
    "linkedin",
    "facebook",
    "adobe",
    "steam",
    "taxis",
    "underground",
    "tfl",
    "greggs",
    "nando's",
    "nandos",
    "dominos",
    "domino's",
    "costa",
    "pret",
    "telegraph",
    "guardian",
    "dropbox",
    "itunes",
    "audible",
    "groupon",
];

/// A word that the common vocabulary does not know.
fn rare(token: &Token<'_>) -> bool {
    token.kind == Kind::Word
        && token.text.len() > 2
        && !model::ASK.knows(token.text)
        && !model::GRAVE.knows(token.text)
        && !token.any(COMMON)
}

/// Common words that the learnt vocabulary may lack.
const COMMON: &[&str] = &[
    "refund",
    "deposit",
    "overdraft",
    "mortgage",
    "pin",
    "cheque",
    "cheques",
    "atm",
    "cashback",
    "iban",
    "swift",
    "payee",
    "payees",
    "isa",
    "savings",
    "withdrawal",
    "withdraw",
    "contactless",
    "restaurant",
    "breakfast",
    "dinner",
    "lunch",
    "suite",
    "wifi",
    "parking",
    "gym",
    "pool",
    "spa",
    "pets",
    "dog",
    "luggage",
    "towels",
    "reception",
    "hotel",
    "booking",
    "reservation",
    "cancel",
    "cancelled",
    "blocked",
    "stolen",
    "expired",
    "declined",
    "pounds",
    "euros",
    "dollars",
    "transactions",
    "direct",
    "debits",
    "fee",
    "fees",
    "hello",
    "wheelchair",
    "vegan",
    "vegetarian",
    "allergies",
    "toddler",
    "baby",
    "husband",
    "wife",
    "daughter",
    "nights",
    "night",
    "afternoon",
    "evening",
    "midnight",
    "seats",
    "seat",
    "table",
    "booked",
    "cot",
    "bed",
    "beds",
    "double",
    "single",
    "twin",
    "en",
    "accessible",
    "shuttle",
    "airport",
    "taxi",
    "massage",
    "sauna",
    "yoga",
    "bike",
    "rent",
    "rental",
    "hire",
    "smoking",
    "balcony",
    "view",
    "floor",
    "lift",
    "elevator",
    "laundry",
    "minibar",
    "tv",
    "heating",
    "shower",
    "bath",
    "bathroom",
    "toilet",
    "pillow",
    "blanket",
    "key",
    "cardholder",
    "sort",
    "statement",
    "statements",
    "limit",
    "limits",
    "block",
    "unblock",
    "freeze",
    "unfreeze",
    "fraud",
    "passcode",
    "biometrics",
    "selfie",
    "verification",
    "verify",
    "verified",
    "groceries",
    "petrol",
    "wanna",
    "gonna",
    "gotta",
    "thanks",
    "cheers",
    "pls",
];

pub(super) fn person(read: &Read<'_>) -> bool {
    let paying = read.any(PAYING) || read.any(&["name", "names", "mr", "mrs", "ms", "surname"]);
    (0..read.tokens.len()).any(|i| {
        let Some(token) = read.token(i) else { return false };
        if read.taken(i) {
            return false;
        }
        let titled = read.before(i, 1).is_some_and(|t| t.any(&["mr", "mrs", "ms", "miss", "dr"])) && token.capital();
        let named = token.kind == Kind::Word
            && token.text.len() > 1
            && read.before(i, 1).is_some_and(|t| t.any(&["is", "am", "name", "named", "called"]))
            && (1..4).any(|b| read.before(i, b).is_some_and(|t| t.any(&["name", "surname", "i'm", "named", "called"])))
            && rare(token);
        let paid = paying
            && rare(token)
            && !token.any(BRANDS)
            && (!token.capital() || !read.any(BUYING))
            && (1..=2).any(|b| {
                read.before(i, b).is_some_and(|t| {
                    t.any(&["to", "from", "for", "with", "by", "pay", "send", "give", "payee", "cancel"])
                })
            });
        let under = rare(token) && !token.any(BRANDS) && read.before(i, 1).is_some_and(|t| t.any(&["under"]));
        let behalf = rare(token)
            && read.before(i, 1).is_some_and(|t| t.is("of"))
            && read.before(i, 2).is_some_and(|t| t.is("behalf"));
        let speaking = rare(token)
            && read.before(i, 1).is_some_and(|t| t.is("is"))
            && read.before(i, 2).is_some_and(|t| t.is("this"));
        let pair = rare(token)
            && !token.capital()
            && read.token(i + 1).is_some_and(|t| rare(t) && !t.capital() && !t.new_line)
            && read.before(i, 1).is_none_or(|t| {
                t.any(&[
                    "to",
                    "from",
                    "for",
                    "with",
                    "by",
                    "under",
                    "of",
                    "is",
                    "it's",
                    "reservation",
                    "booking",
                    "name",
                ])
            });
        titled || named || paid || under || behalf || speaking || pair
    })
}

pub(super) fn company(read: &Read<'_>) -> bool {
    read.any(BRANDS)
        || (0..read.tokens.len()).any(|i| {
            let Some(token) = read.token(i) else { return false };
            if read.taken(i) || token.kind != Kind::Word {
                return false;
            }
            let legal = read.token(i + 1).is_some_and(|t| t.any(&["ltd", "inc", "gmbh", "llc", "plc", "ag", "bv", "corp"]));
            let inside = i > 0 && token.capital() && token.text.len() > 1 && !token.any(&["I'm", "I", "I've", "ATM", "PIN", "TV", "ISA", "UK", "EU", "US", "OK", "IBAN", "ID", "SMS", "SWIFT", "APP", "I'd", "Visa", "Mastercard"]) && rare(token);
            let odd = rare(token) && read.any(BUYING) && !read.any(&["send", "transfer", "payee"]) && (1..=2).any(|b| read.before(i, b).is_some_and(|t| t.any(&["at", "from", "in", "on", "with", "to", "my"])));
            legal || inside || odd
        })
        || read.tokens.windows(2).any(|w| matches!(w, [a, b] if (a.any(&["post", "passport"]) && b.is("office")) || (a.any(&["cash"]) && b.is("back"))))
}

/// What money goes to.
pub(super) fn category(read: &Read<'_>) -> bool {
    read.any(&[
        "groceries", "grocery", "petrol", "fuel", "pharmacy", "takeaway", "takeaways", "takeout", "restaurants", "holiday", "holidays", "travel", "clothes", "clothing", "bar", "bars", "pub", "pubs", "hair", "haircut", "subscriptions", "subscription", "delivery", "rent",
        "utilities", "electricity", "gas", "transport", "entertainment", "streaming", "charity", "donations", "donate", "coffee", "food", "drinks", "drinking", "alcohol", "gym", "gifts", "books", "newspaper", "newspapers", "family", "tax", "insurance", "shopping",
        "bills", "eating", "cinema", "games", "gaming", "makeup", "cosmetics", "shoes", "flights", "medicine", "childcare", "education", "school", "pets", "household", "furniture", "music", "movies", "beauty", "supermarket", "supermarkets", "transportation", "commute", "commuting", "leisure", "snacks", "hobbies",
    ]) || read.tokens.windows(2).any(|w| matches!(w, [a, b] if (a.is("take") && b.any(&["out", "away", "outs", "aways"])) || (a.any(&["eating", "going"]) && b.is("out"))))
}
