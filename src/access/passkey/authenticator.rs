//! Authenticator data (Web Authentication level 3, section 6.1), read in place.

use super::cbor::Reader;

/// The flags of authenticator data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(u8);

impl Flags {
    /// Somebody was there.
    pub(super) const PRESENT: u8 = 1;
    /// It was the person whose passkey it is.
    pub(super) const VERIFIED: u8 = 1 << 2;
    /// The passkey may be kept in more than one place.
    pub(super) const MAY_BACK_UP: u8 = 1 << 3;
    /// It is.
    pub(super) const BACKED_UP: u8 = 1 << 4;
    const MADE: u8 = 1 << 6;
    const EXTENDED: u8 = 1 << 7;

    pub(super) fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

/// Authenticator data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authenticator<'a> {
    /// SHA-256 of the relying party's identifier.
    pub(super) relying: [u8; 32],
    pub(super) flags: Flags,
    /// How often the passkey was used, as it says; 0 where it does not count.
    pub(super) count: u32,
    /// Name and public key (COSE) of the passkey, where one was made.
    pub(super) made: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Authenticator<'a> {
    /// Reads all of it; nothing when a byte is missing or left over.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (relying, rest) = bytes.split_first_chunk::<32>()?;
        let (flags, rest) = rest.split_first()?;
        let (count, mut rest) = rest.split_first_chunk::<4>()?;
        let flags = Flags(*flags);
        let mut made = None;
        if flags.has(Flags::MADE) {
            let (_make, after) = rest.split_first_chunk::<16>()?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let (name, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let mut reader = Reader::new(after);
            reader.item()?;
            rest = reader.rest();
            made = Some((name, after.get(..after.len() - rest.len())?));
        }
        if flags.has(Flags::EXTENDED) {
            let mut reader = Reader::new(rest);
            reader.map()?;
            rest = reader.rest();
        }
        rest.is_empty().then(|| Self { relying: *relying, flags, count: u32::from_be_bytes(*count), made })
    }
}
