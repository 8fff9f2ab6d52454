//! The form in which long contents lie on disk: a mark, then the bytes as they are or compressed (LZ4 block format with the length in
//! front), whichever is shorter. Own file because what is hashed, shown and exported is always the plain bytes; only the table knows this.

use super::StoreError;

const PLAIN: u8 = 0;
const LZ4: u8 = 1;
/// Longest content that is compressed, in bytes: what a damaged length in a row may make us allocate, and what compressing may cost.
const LONGEST: usize = 16 << 20;

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
    let written = lz4_flex::block::compress_into(bytes, body).ok().filter(|written| written + 4 < bytes.len())?;
    let [mark, size @ ..] = head else { return None };
    *mark = LZ4;
    size.copy_from_slice(&length.to_le_bytes());
    packed.truncate(5 + written);
    Some(packed)
}

/// The plain bytes again.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = || StoreError::corrupt("a content that cannot be unpacked");
    match packed.split_first() {
        Some((&PLAIN, plain)) => Ok(plain.to_vec()),
        Some((&LZ4, rest)) => {
            let (length, body) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
            let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
            if length > LONGEST {
                return Err(damaged());
            }
            lz4_flex::block::decompress(body, length).map_err(|_| damaged())
        }
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack};
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
    fn repetitive_text_shrinks() {
        assert!(pack(&b"{\"due\":null,\"owner\":\"mike\"},".repeat(50)).len() < 200);
    }
}
