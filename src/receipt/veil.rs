//! Receipts for people who may not see what is masked. Receipts made before digests were keyed carry plain ones of a request's words, by
//! which a guess at a masked value can be tried; a receipt's leaf would do as well. Own file because every face shows receipts. INVARIANT:
//! the bytes of a receipt are never changed; this is about a copy that is shown.

use super::Hash;
use opspilot_sdk::hex;
use serde_json::{Value, json};

/// What begins a digest under the store's secret.
const KEYED: &str = "hmac-sha256:";
/// What stands in place of a digest that is not shown.
pub const WITHHELD: &str = "withheld";

/// A digest under the store's secret, as receipts carry it.
#[must_use]
pub fn keyed(digest: &Hash) -> String {
    format!("{KEYED}{}", hex(digest))
}

/// Whether it is one.
#[must_use]
pub fn is_keyed(digest: &str) -> bool {
    digest.starts_with(KEYED)
}

/// The place of a finding that was revealed, without the digest behind it.
#[must_use]
pub fn place(finding: &str) -> &str {
    finding.rsplit_once(' ').map_or(finding, |(place, _)| place)
}

/// Takes plain digests of people's words out of a receipt; whether there were any. Then its leaf must not be shown either.
pub fn veil(receipt: &mut Value) -> bool {
    let kind = receipt["kind"].as_str().unwrap_or_default();
    if !(kind.starts_with("request.") || kind.starts_with("item.")) {
        return false;
    }
    let mut found = false;
    for name in ["raw", "text"] {
        let Some(digest) = receipt["body"].get_mut(name).filter(|value| value.as_str().is_some_and(is_plain)) else {
            continue;
        };
        *digest = json!(WITHHELD);
        found = true;
    }
    if let Some(findings) = receipt["body"].get_mut("findings").and_then(Value::as_array_mut) {
        for finding in findings {
            let Some((place, digest)) = finding.as_str().and_then(|text| text.rsplit_once(' ')) else { continue };
            if is_plain(digest) {
                *finding = json!(format!("{place} {WITHHELD}"));
                found = true;
            }
        }
    }
    found
}

/// A plain SHA-256, in hexadecimal.
fn is_plain(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::{is_keyed, keyed, place, veil};
    use serde_json::json;

    #[test]
    fn plain_digests_of_words_are_taken_out_and_nothing_else() {
        let digest = "0a".repeat(32);
        let under = keyed(&[7; 32]);
        assert!(is_keyed(&under) && !is_keyed(&digest));
        let mut old =
            json!({ "kind": "request.accepted", "body": { "raw": digest, "text": digest, "definition": digest } });
        assert!(veil(&mut old));
        assert_eq!(old["body"], json!({ "raw": "withheld", "text": "withheld", "definition": digest }));
        let mut shown = json!({ "kind": "request.revealed", "body": { "findings": [format!("card 20-39 {digest}")] } });
        assert!(veil(&mut shown));
        assert_eq!(shown["body"]["findings"], json!(["card 20-39 withheld"]));
        let mut new = json!({ "kind": "request.accepted", "body": { "raw": under, "text": under } });
        let before = new.clone();
        assert!(!veil(&mut new));
        assert_eq!(new, before);
        let mut other = json!({ "kind": "brief.drafted", "body": { "text": digest } });
        assert!(!veil(&mut other), "digests of what people decide on are theirs to compare");
        assert_eq!(place(&format!("attachment 2: iban 3-25 {under}")), "attachment 2: iban 3-25");
    }
}
