//! Text that addresses the machine: recognised attempts to instruct whoever drafts.
//!
//! Its own file because it finds no data but an intent. It is advice for the reviewer only: nothing in
//! the product gains power from it or relies on it, since request text is never an instruction anyway.

use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::{Scan, is_one_of};
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About { name: "instruction", kind: Kind::Instruction, looks_for: "phrases that tell a model to drop its rules, change its role, or hide something; marks of chat templates; invisible letters" },
    find,
};

const DROP: &[&str] = &["ignore", "disregard", "forget", "override", "bypass", "discard", "ignoriere", "vergiss", "ignorez", "oubliez", "ignora", "olvida", "dimentica"];
const EARLIER: &[&str] = &[
    "previous", "prior", "above", "earlier", "preceding", "all", "any", "your", "these", "those", "system", "original", "initial", "existing", "everything", "alle",
    "vorherigen", "bisherigen", "précédentes", "toutes", "anteriores", "todas", "precedenti", "safety",
];
const RULES: &[&str] = &[
    "instruction", "instructions", "prompt", "prompts", "rules", "guidelines", "directives", "directive", "commands", "programming", "training", "guardrails", "filters",
    "anweisungen", "instrucciones", "istruzioni", "consignes", "constraints", "safeguards", "directions", "orders",
];
const PHRASES: &[&[&str]] = &[
    &["you", "are", "now", "a"], &["you", "are", "now", "an"], &["you", "are", "now", "in"], &["you", "are", "an", "ai"], &["as", "an", "ai"], &["system", "prompt"], &["new", "instructions"],
    &["developer", "mode"], &["do", "anything", "now"], &["jailbreak"], &["language", "model"], &["ai", "assistant"], &["ai", "model"],
    &["do", "not", "tell", "the", "user"], &["don", "t", "tell", "the", "user"], &["without", "telling", "the", "user"], &["do", "not", "mention", "this"],
    &["do", "not", "inform", "the", "user"], &["before", "you", "can", "solve"], &["you", "must", "first"], &["pretend", "you", "are"], &["pretend", "to", "be"],
    &["reveal", "your"], &["repeat", "your", "instructions"], &["print", "your", "instructions"], &["end", "of", "prompt"], &["begin", "system"], &["important", "message", "from", "me"],
    &["this", "is", "important", "from"], &["approve", "this", "automatically"], &["mark", "this", "as", "approved"], &["without", "human", "review"],
    &["respond", "only", "with"], &["reply", "only", "with"], &["answer", "only", "with"], &["in", "your", "response", "include"], &["summarizing", "assistant"],
];
const MARKS: &[(&str, &str)] = &[
    ("<|", "a mark of a chat template"), ("[inst]", "a mark of a chat template"), ("<<sys>>", "a mark of a chat template"), ("### instruction", "a mark of a chat template"),
    ("### system", "a mark of a chat template"), ("<system>", "a mark of a chat template"), ("</system>", "a mark of a chat template"), ("<information>", "a mark of a chat template"),
    ("<important>", "a mark of a chat template"),
];

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut floor = 0;
    for (index, &(start, _)) in scan.words.iter().enumerate() {
        if start < floor {
            continue;
        }
        let word = scan.word(index);
        let hit = dropping(scan, index, word)
            .map(|end| (end, "tells the reader to drop its rules"))
            .or_else(|| phrase(scan, index, word).map(|end| (end, "speaks to a machine, not to a person")));
        if let Some((end, why)) = hit {
            floor = end;
            found.push(Finding::new(Kind::Instruction, (start, end), "instruction", Sureness::Context, why));
        }
    }
    marks(scan, found);
    invisible(scan, found);
}

fn dropping(scan: &Scan<'_>, index: usize, word: &[u8]) -> Option<usize> {
    if !is_one_of(word, DROP) {
        return None;
    }
    let mut earlier = false;
    for ahead in index + 1..index + 9 {
        let &(start, end) = scan.words.get(ahead)?;
        // A comma or full stop begins another thought.
        let gap = scan.bytes.get(scan.words.get(ahead - 1)?.1..start)?;
        if gap.iter().any(|byte| matches!(byte, b',' | b'.' | b';' | b'?')) {
            return None;
        }
        let word = scan.word(ahead);
        earlier |= is_one_of(word, EARLIER);
        if earlier && is_one_of(word, RULES) {
            return Some(end);
        }
    }
    None
}

fn phrase(scan: &Scan<'_>, index: usize, word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    PHRASES.iter().find_map(|phrase| {
        let head = phrase.first()?.as_bytes();
        if head.first() != Some(&first) || head != word {
            return None;
        }
        let whole = phrase.iter().enumerate().skip(1).all(|(offset, part)| scan.word(index + offset) == part.as_bytes());
        whole.then(|| scan.words.get(index + phrase.len() - 1).map(|&(_, end)| end)).flatten()
    })
}

fn marks(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    for (at, _) in scan.bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b'<' | b'[' | b'#')) {
        let rest = scan.lower.get(at..).unwrap_or_default();
        if let Some((mark, why)) = MARKS.iter().find(|(mark, _)| rest.starts_with(mark.as_bytes())) {
            found.push(Finding::new(Kind::Instruction, (at, at + mark.len()), "instruction", Sureness::Shape, *why));
        }
    }
}

/// Tag characters (U+E0000 to U+E007F) spell text nobody sees.
fn invisible(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut at = 0;
    while let Some(tag) = scan.bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xF3)) {
        let start = at + tag;
        let mut end = start;
        while matches!(scan.bytes.get(end..end + 4), Some([0xF3, 0xA0, 0x80 | 0x81, _])) {
            end += 4;
        }
        // Three of them spell a flag emoji's region; a message takes more.
        if end - start >= 4 * 8 {
            found.push(Finding::new(Kind::Instruction, (start, end), "instruction", Sureness::Proof, "letters that nobody sees"));
        }
        at = end.max(start + 1);
    }
}
