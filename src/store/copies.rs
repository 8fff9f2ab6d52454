//! Copies of one answer: what was written is the same, and what servers added is not. Own file because keeping an answer and judging it ask
//! the same of them. INVARIANT: the key of a copy says of what it is one; the same bytes are the same copy.

use super::StoreError;
use super::sql::{Conn, values};

/// A copy of an answer, as it is known.
pub(super) struct Copy {
    pub(super) id: String,
    pub(super) raw: String,
    state: String,
}

impl Copy {
    /// Whether it was more than refused.
    pub(super) fn came_to_something(&self) -> bool {
        !matches!(self.state.as_str(), "waiting" | "refused")
    }
}

/// What the key of a copy ends with, after the key of the answer: what was written is the same, and what proves its author may not be.
pub(super) fn copy_mark(raw: &str) -> String {
    format!("#{}", raw.get(..16).unwrap_or_default())
}

/// All copies of the answer that has this key: the key is made of text, sender and secret. Asked by the secret, because whoever guesses has
/// another each time.
pub(super) async fn copies(conn: &mut Conn<'_>, source: &str, token: &str, key: &str) -> Result<Vec<Copy>, StoreError> {
    let sql =
        "SELECT id, raw, state, dedup_key FROM reply WHERE token = $1 AND source = $2 ORDER BY received_at LIMIT 1000";
    let mut found = Vec::new();
    for row in conn.rows(sql, values![token, source]).await? {
        let copy = Copy { id: row.text(0)?, raw: row.text(1)?, state: row.text(2)? };
        let of = row.text(3)?;
        if of == key || of.strip_suffix(&copy_mark(&copy.raw)) == Some(key) {
            found.push(copy);
        }
    }
    Ok(found)
}
