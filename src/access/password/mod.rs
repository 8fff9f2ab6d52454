//! Passwords: Argon2id (RFC 9106) with the parameters that OWASP's cheat sheet on storing passwords names, kept as PHC strings. Own folder
//! because nothing else in the house is slow on purpose. INVARIANT: hashing runs beside the tasks that serve, so many at a time and no more;
//! and it costs the same whether there is a password to compare with or not.

mod weak;

pub use weak::{SHORTEST, Weak, judge};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

/// Memory of one hash, in KiB; rounds over it; lanes.
const MEMORY_KIB: u32 = 19 * 1024;
const ROUNDS: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;
/// Random bytes of a salt.
pub(super) const SALT_BYTES: usize = 16;
/// How many are hashed at once, and how many may wait for it.
const AT_ONCE: usize = 2;
const WAITING: usize = 32;

/// The machine that hashes.
pub(super) struct Mill {
    places: Semaphore,
    waiting: Semaphore,
}

/// Too many wait to be hashed.
#[derive(Debug)]
pub(super) struct Crowded;

impl Default for Mill {
    fn default() -> Self {
        Self { places: Semaphore::new(AT_ONCE), waiting: Semaphore::new(AT_ONCE + WAITING) }
    }
}

impl Mill {
    /// A password as it may be stored.
    pub(super) async fn hash(&self, password: String, salt: [u8; SALT_BYTES]) -> Result<String, Crowded> {
        let (salt, kept) = (salt, Kept { memory: MEMORY_KIB, rounds: ROUNDS, lanes: LANES });
        let hash = self.grind(move || kept.hash(password.as_bytes(), &salt)).await?.ok_or(Crowded)?;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        Ok(format!("$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},p={LANES}${salt}${hash}"))
    }

    /// Whether a password is the one that was stored. Without a stored one it costs the same, and is no.
    pub(super) async fn verify(&self, password: String, phc: Option<String>) -> Result<bool, Crowded> {
        let stored = phc.as_deref().and_then(read);
        self.grind(move || {
            let known = stored.is_some();
            let (kept, salt, hash) = stored.unwrap_or_else(|| {
                let kept = Kept { memory: MEMORY_KIB, rounds: ROUNDS, lanes: LANES };
                (kept, vec![0; SALT_BYTES], vec![0; HASH_BYTES])
            });
            let found = kept.hash(password.as_bytes(), &salt);
            known & found.is_some_and(|found| bool::from(found.as_slice().ct_eq(hash.as_slice())))
        })
        .await
    }

    async fn grind<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Crowded> {
        let _waits = self.waiting.try_acquire().map_err(|_| Crowded)?;
        let _works = self.places.acquire().await.map_err(|_| Crowded)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Crowded)
    }
}

/// What a hash was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kept {
    memory: u32,
    rounds: u32,
    lanes: u32,
}

impl Kept {
    fn hash(self, password: &[u8], salt: &[u8]) -> Option<[u8; HASH_BYTES]> {
        let params = Params::new(self.memory, self.rounds, self.lanes, Some(HASH_BYTES)).ok()?;
        let mut out = [0; HASH_BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(password, salt, &mut out).ok()?;
        Some(out)
    }
}

/// Reads a PHC string of Argon2id; nothing when it is anything else.
fn read(phc: &str) -> Option<(Kept, Vec<u8>, Vec<u8>)> {
    let mut parts = phc.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut numbers = parts.next()?.split(',');
    let mut number = |name: &str| numbers.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let kept = Kept { memory: number("m=")?, rounds: number("t=")?, lanes: number("p=")? };
    let mut bytes = || STANDARD_NO_PAD.decode(parts.next()?).ok();
    let (salt, hash) = (bytes()?, bytes()?);
    // A store that was tampered with must not make this machine grind for hours.
    let bounded = kept.memory <= 1 << 20 && kept.rounds <= 16 && kept.lanes <= 4 && hash.len() == HASH_BYTES;
    (bounded && parts.next().is_none()).then_some((kept, salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_argon2id_as_its_authors_have_it() {
        // What the reference program of its authors answers to `echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32`.
        let kept = Kept { memory: 65_536, rounds: 2, lanes: 1 };
        let hash = kept.hash(b"password", b"somesalt").unwrap();
        assert_eq!(opspilot_sdk::hex(&hash), "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
    }

    #[tokio::test]
    async fn a_password_is_its_own_and_no_other() {
        let mill = Mill::default();
        let phc = mill.hash("correct horse battery".into(), [7; SALT_BYTES]).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let verify = async |password: &str, phc: Option<&str>| {
            mill.verify(password.into(), phc.map(str::to_owned)).await.unwrap()
        };
        assert!(verify("correct horse battery", Some(&phc)).await);
        assert!(!verify("correct horse batterz", Some(&phc)).await);
        assert!(!verify("", Some(&phc)).await);
        assert!(!verify("correct horse battery", None).await);
        let other = mill.hash("correct horse battery".into(), [8; SALT_BYTES]).await.unwrap();
        assert_ne!(phc, other, "the salt counts");
        for broken in [
            "",
            "$argon2id$",
            "$argon2i$v=19$m=19456,t=2,p=1$BwcHBw$BwcHBw",
            &phc[..phc.len() - 4],
            &format!("{phc}$AA"),
            &phc.replace("m=19456", "m=4194304"),
            &phc.replace("t=2", "t=0"),
        ] {
            assert!(!verify("correct horse battery", Some(broken)).await, "{broken}");
        }
    }

    #[tokio::test]
    async fn more_than_can_wait_are_refused() {
        let mill = Mill::default();
        let _all = mill.waiting.acquire_many((AT_ONCE + WAITING) as u32).await.unwrap();
        assert!(mill.verify("x".into(), None).await.is_err());
    }
}
