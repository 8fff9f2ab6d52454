//! Changed fields in an answer: `path: value`, a line each, with the paths that an edit has everywhere.
//! Own file because an edit by mail is data, not prose. INVARIANT: a line that is neither a field nor the rest of a wrapped one is refused,
//! so that a remark never becomes a value.

use serde_json::Value;

/// One changed field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Where, such as `priority.score` or `next_actions[0].text`.
    pub path: String,
    /// What to put there: JSON where it reads as such, else text.
    pub value: Value,
}

impl Eq for Field {}

/// The sections of a brief that people may edit; a path begins with one of them.
const SECTIONS: [&str; 8] = [
    "workflow_summary",
    "priority",
    "risk",
    "recommended_status",
    "missing_information",
    "next_actions",
    "pricing_rationale",
    "implementation_roadmap",
];

/// Most fields of one answer.
const MAX_FIELDS: usize = 100;

/// Reads fields from what stands behind `edit:` and below it. The error is the line that is none, empty when there is no line at all.
pub(super) fn read<'l>(said: &'l str, lines: &[&'l str]) -> Result<Vec<Field>, &'l str> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in std::iter::once(said).chain(lines.iter().copied()) {
        let shown = line.trim();
        if shown.is_empty() {
            open = false;
            continue;
        }
        if let Some((path, value)) = field(shown) {
            if found.len() == MAX_FIELDS {
                return Err(line);
            }
            found.push((path, value.to_owned()));
            open = true;
        } else if let Some((_, value)) = found.last_mut().filter(|_| open) {
            // A mail program broke the line.
            value.push(' ');
            value.push_str(shown);
        } else {
            return Err(line);
        }
    }
    if found.is_empty() || found.iter().any(|(_, value)| value.is_empty()) {
        return Err("");
    }
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    Ok(found.into_iter().map(|(path, text)| Field { path, value: value(&text) }).collect())
}

/// A line as path and value.
fn field(line: &str) -> Option<(String, &str)> {
    let (path, value) = line.split_once([':', '：'])?;
    let path = path.trim().trim_start_matches(['-', '*', '•']).trim().to_ascii_lowercase();
    let section = path.split(['.', '[']).next().unwrap_or_default();
    let formed = path.len() <= 200
        && path.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.[]".contains(&byte));
    (formed && SECTIONS.contains(&section)).then(|| (path, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_values_and_wrapped_lines() {
        let lines =
            ["Priority.score: 70", "next_actions[0].text: call the customer", "and tell him", "", "- risk: null"];
        let read = read("", &lines).unwrap_or_default();
        let told: Vec<(&str, &Value)> = read.iter().map(|field| (field.path.as_str(), &field.value)).collect();
        let text = json!("call the customer and tell him");
        assert_eq!(told, [("priority.score", &json!(70)), ("next_actions[0].text", &text), ("risk", &Value::Null)]);
        assert_eq!(super::read("priority.score: 3", &[]).map(|fields| fields.len()), Ok(1));
    }

    #[test]
    fn remarks_are_no_fields() {
        assert_eq!(read("", &["please: do it"]), Err("please: do it"));
        assert_eq!(read("", &["priority.score: 70", "", "and call me"]), Err("and call me"));
        assert_eq!(read("", &[]), Err(""));
        assert_eq!(read("", &["priority.score:"]), Err(""));
        assert_eq!(read("", &["unverified: []"]), Err("unverified: []"));
    }
}
