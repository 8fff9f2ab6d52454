//! The encoding of forms and query strings, `application/x-www-form-urlencoded` (WHATWG URL, 5). Own file because addresses, forms and
//! saved views are written and read alike. INVARIANT: what was encoded is decoded to itself.

/// Takes one name or value out of its encoding; `None` when it is not properly percent-encoded UTF-8, or holds a NUL.
#[must_use]
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// Puts one name or value into the encoding.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A query string of these names and values, in their order.
#[must_use]
pub fn query<'a, 'b>(pairs: impl IntoIterator<Item = (&'a str, &'b str)>) -> String {
    let pair = |(name, value): (&str, &str)| format!("{}={}", encode(name), encode(value));
    pairs.into_iter().map(pair).collect::<Vec<_>>().join("&")
}

/// The names and values of a query string, in their order; `None` when a part cannot be decoded.
#[must_use]
pub fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((decode(name)?, decode(value)?))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_decoded_is_said() {
        for bad in ["%", "%z", "%zz", "%ff", "%00", "a%"] {
            assert_eq!((decode(bad), pairs(bad)), (None, None), "{bad}");
        }
        assert_eq!(pairs("a=x%20y+z&&b").unwrap(), [("a".into(), "x y z".into()), ("b".into(), String::new())]);
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded_to_itself(names in prop::collection::vec("[^\0]{1,20}", 0..5)) {
            let given: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
            let text = query(given.iter().copied());
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"'".contains(&byte)));
            let found = pairs(&text).unwrap();
            prop_assert_eq!(found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), given);
        }
    }
}
