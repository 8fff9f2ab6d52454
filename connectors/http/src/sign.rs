//! Signatures as Standard Webhooks has them (specification, "Signature scheme", symmetric): HMAC-SHA-256 over name, time and body. Own file
//! because it holds the key. INVARIANT: the key is seen nowhere but in a signature.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use opspilot_sdk::Secret;
use ring::hmac;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The shortest and the longest key, in bytes, as the specification wants them.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Signs messages.
pub(crate) struct Signer(hmac::Key);

impl Signer {
    /// With the key in `whsec_` and base64.
    ///
    /// # Errors
    /// What is wrong with it, without it.
    pub(crate) fn new(secret: &Secret) -> Result<Self, &'static str> {
        let text = secret.expose();
        let key = BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).map_err(
            |_| "the secret is not `whsec_` and base64; make one by `echo whsec_$(openssl rand -base64 32)`",
        )?;
        if !KEY_BYTES.contains(&key.len()) {
            return Err("the secret is not 24 to 64 bytes long; make one by `echo whsec_$(openssl rand -base64 32)`");
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The value of the header `webhook-signature`. `seconds` is the time since 1970.
    pub(crate) fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", BASE64.encode(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::Signer;
    use opspilot_sdk::Secret;

    #[test]
    fn signatures_are_those_of_others() {
        // The values by which Standard Webhooks' own libraries are tested.
        let signer =
            Signer::new(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).map_err(str::to_owned).unwrap();
        let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(Signer::new(&Secret::new("whsec_short")).is_err());
        assert!(Signer::new(&Secret::new("not base64!")).is_err());
    }
}
