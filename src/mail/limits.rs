//! What reading a message may cost, handed in by the caller.

/// Bounds for one message. Sizes are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole message as it came.
    pub message_bytes: usize,
    /// Parts (RFC 2046) in the whole message, nested messages included.
    pub parts: usize,
    /// Parts inside parts.
    pub depth: usize,
    /// The headers of one part; what is beyond is not read.
    pub header_bytes: usize,
    /// Text written out of the message itself.
    pub text_bytes: usize,
    /// Text written out of one attachment.
    pub attachment_text_bytes: usize,
    /// What a packed attachment (docx, xlsx, pdf) may unpack to in memory, really and not only as it declares.
    pub unpacked_bytes: usize,
}

impl Default for Limits {
    /// Enough for what people send: 40 MiB (25 MiB of attachments as base64 and something over), 1000 parts.
    fn default() -> Self {
        Self {
            message_bytes: 40 * 1024 * 1024,
            parts: 1000,
            depth: 50,
            header_bytes: 256 * 1024,
            text_bytes: 1024 * 1024,
            attachment_text_bytes: 1024 * 1024,
            unpacked_bytes: 32 * 1024 * 1024,
        }
    }
}
