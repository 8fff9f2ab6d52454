//! The form in which long contents lie on disk: a mark, then the bytes as they are or compressed (LZ4 block format with the length in
//! front), whichever is shorter. Own file because what is hashed, shown and exported is always the plain bytes; only the table knows this.
//!
//! Most contents are briefs, which say much the same in the same order: what they have in common stands in `brief.dictionary`, as if it
//! had been compressed before them. INVARIANT: that file never changes, because what was stored leans on every byte of it; a better one
//! gets a mark of its own.

use super::StoreError;

const PLAIN: u8 = 0;
const LZ4: u8 = 1;
const LZ4_BRIEF: u8 = 2;
/// What briefs have in common.
const BRIEF: &[u8] = include_bytes!("brief.dictionary");
/// Longest content that is compressed, in bytes: what a damaged length in a row may make us allocate, and what compressing may cost.
const LONGEST: usize = 16 << 20;

/// A content in the form to store, made by who has it and not by the writer, for whom all others wait.
#[derive(Clone, Debug)]
pub struct Packed(pub(super) Vec<u8>);

impl Packed {
    /// Packs a content.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(pack(bytes))
    }
}

/// The form to store.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    if bytes.len() <= LONGEST
        && let Some(packed) = pressed(bytes)
    {
        return packed;
    }
    let mut plain = Vec::with_capacity(1 + bytes.len());
    plain.push(PLAIN);
    plain.extend_from_slice(bytes);
    plain
}

/// Compressed, where that is shorter.
fn pressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(bytes.len()).ok()?;
    let mut packed = vec![0; 1 + 4 + lz4_flex::block::get_maximum_output_size(bytes.len())];
    let (head, body) = packed.split_at_mut_checked(5)?;
    let written = lz4_flex::block::compress_into_with_dict(bytes, body, BRIEF)
        .ok()
        .filter(|written| written + 4 < bytes.len())?;
    let [mark, size @ ..] = head else { return None };
    *mark = LZ4_BRIEF;
    size.copy_from_slice(&length.to_le_bytes());
    packed.truncate(5 + written);
    Some(packed)
}

/// The plain bytes again; none where they were erased.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = || StoreError::corrupt("a content that cannot be unpacked");
    match packed.split_first() {
        None => Ok(Vec::new()),
        Some((&PLAIN, plain)) => Ok(plain.to_vec()),
        Some((&mark @ (LZ4 | LZ4_BRIEF), rest)) => {
            let (length, body) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
            let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
            if length > LONGEST {
                return Err(damaged());
            }
            let before = if mark == LZ4_BRIEF { BRIEF } else { &[] };
            lz4_flex::block::decompress_with_dict(body, length, before).map_err(|_| damaged())
        }
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::{BRIEF, pack, unpack};
    use opspilot_sdk::sha256_hex;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..5000), copies in 1usize..4) {
            let bytes = bytes.repeat(copies);
            prop_assert_eq!(unpack(&pack(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn damage_is_an_error_not_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn what_is_very_long_stays_as_it_is() {
        let long = vec![b'a'; super::LONGEST + 1];
        let packed = pack(&long);
        assert_eq!((packed.len(), packed[0]), (long.len() + 1, super::PLAIN));
        assert!(unpack(&packed).unwrap() == long);
    }

    #[test]
    fn what_was_stored_can_be_read_for_ever() {
        let known = "c96381e1480679f98394dd4321a5016258bf448dcc0911600802c6c4180c51d7";
        assert_eq!(
            sha256_hex(BRIEF),
            known,
            "this file is part of what is on disk: make another, with a mark of its own"
        );
        let text = "{\"due\":null,\"needs_approval\":true,\"due\":null,\"needs_approval\":true}";
        let stored = [
            "0143000000ff137b22647565223a6e756c6c2c226e656564735f617070726f76616c223a747275652c21000950747275657d",
            "02430000000f2b050a02050e0f260e0850747275657d",
        ];
        for hex in stored {
            let bytes: Vec<u8> =
                (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
            assert_eq!(unpack(&bytes).unwrap(), text.as_bytes(), "{hex}");
        }
    }

    #[test]
    fn repetitive_text_shrinks() {
        assert!(pack(&b"{\"due\":null,\"owner\":\"mike\"},".repeat(50)).len() < 200);
    }
}
