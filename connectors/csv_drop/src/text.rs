//! Turns the bytes of a file into text for the record reader, chunk by chunk. Own file because decoding must not hide what it
//! could not read: undecodable bytes are marked where they stand.

use crate::charset::Charset;
use crate::records::Records;
use encoding_rs::{Decoder, DecoderResult};

/// Decodes chunks into a record reader.
pub(crate) struct Text {
    decoder: Decoder,
    /// Bytes of the byte order mark still to be skipped.
    mark: usize,
    scratch: String,
}

impl Text {
    pub(crate) fn new(charset: Charset) -> Self {
        Self {
            decoder: charset.encoding.new_decoder_without_bom_handling(),
            mark: charset.mark,
            scratch: String::new(),
        }
    }

    /// The next bytes; `last`: no more will come.
    pub(crate) fn feed(&mut self, bytes: &[u8], last: bool, records: &mut Records) {
        let skip = self.mark.min(bytes.len());
        self.mark -= skip;
        let mut rest = bytes.get(skip..).unwrap_or_default();
        loop {
            self.scratch.clear();
            let need =
                self.decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len() * 3 + 16);
            self.scratch.reserve(need.max(16));
            let (result, read) = self.decoder.decode_to_string_without_replacement(rest, &mut self.scratch, last);
            records.push(&self.scratch);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => records.push_malformed(self.decoder.encoding().name()),
            }
        }
        if last {
            records.finish();
        }
    }
}
