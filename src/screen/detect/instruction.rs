//! Text that addresses the machine: recognised attempts to instruct whoever drafts.
//!
//! Its own file because it finds no data but an intent. It is advice for the reviewer only: nothing in
//! the product gains power from it or relies on it, since request text is never an instruction anyway.

use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::Scan;
use super::super::words::{List, Phrases};
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "instruction",
        kind: Kind::Instruction,
        looks_for: "phrases that tell a model to drop its rules, change its role, or hide something; marks of chat templates; invisible letters",
    },
    find,
};

static DROP: List = List::new(&[
    "ignore",
    "disregard",
    "forget",
    "override",
    "bypass",
    "discard",
    "ignoriere",
    "vergiss",
    "ignorez",
    "oubliez",
    "ignora",
    "olvida",
    "dimentica",
]);
static EARLIER: List = List::new(&[
    "previous",
    "prior",
    "above",
    "earlier",
    "preceding",
    "all",
    "any",
    "your",
    "these",
    "those",
    "system",
    "original",
    "initial",
    "existing",
    "everything",
    "alle",
    "vorherigen",
    "bisherigen",
    "précédentes",
    "toutes",
    "anteriores",
    "todas",
    "precedenti",
    "safety",
]);
static RULES: List = List::new(&[
    "instruction",
    "instructions",
    "prompt",
    "prompts",
    "rules",
    "guidelines",
    "directives",
    "directive",
    "commands",
    "programming",
    "training",
    "guardrails",
    "filters",
    "anweisungen",
    "instrucciones",
    "istruzioni",
    "consignes",
    "constraints",
    "safeguards",
    "directions",
    "orders",
]);
/// Verbs that begin a sentence about how the reader is to write.
static STEER: List = List::new(&[
    "integrate",
    "add",
    "include",
    "insert",
    "write",
    "use",
    "provide",
    "remove",
    "substitute",
    "replace",
    "modify",
    "alter",
    "introduce",
    "influence",
    "conclude",
    "end",
    "start",
    "begin",
    "append",
    "encode",
    "scramble",
    "translate",
    "give",
    "craft",
    "embed",
    "anagram",
    "mix",
    "swap",
    "omit",
    "spread",
    "incorporate",
    "promote",
    "recommend",
    "express",
    "convince",
    "persuade",
    "make",
    "rewrite",
    "format",
    "transform",
    "convert",
    "present",
    "finish",
    "employ",
    "create",
    "apply",
    "change",
    "rearrange",
    "group",
    "misspell",
    "respond",
    "answer",
    "reply",
    "steer",
    "suggest",
    "mention",
    "advertise",
    "sneak",
    "shape",
]);
static OWN_WORDS: List =
    List::new(&["reply", "response", "answer", "output", "summary", "replies", "responses", "answers"]);
/// How far into its sentence such an order may name the answer.
const ORDER_REACH: usize = 22;
static PHRASES: Phrases = Phrases::new(&[
    &["you", "are", "now", "a"],
    &["you", "are", "now", "an"],
    &["you", "are", "now", "in"],
    &["you", "are", "an", "ai"],
    &["as", "an", "ai"],
    &["system", "prompt"],
    &["new", "instructions"],
    &["developer", "mode"],
    &["do", "anything", "now"],
    &["jailbreak"],
    &["language", "model"],
    &["ai", "assistant"],
    &["ai", "model"],
    &["do", "not", "tell", "the", "user"],
    &["don", "t", "tell", "the", "user"],
    &["without", "telling", "the", "user"],
    &["do", "not", "mention", "this"],
    &["do", "not", "inform", "the", "user"],
    &["before", "you", "can", "solve"],
    &["you", "must", "first"],
    &["pretend", "you", "are"],
    &["pretend", "to", "be"],
    &["reveal", "your"],
    &["repeat", "your", "instructions"],
    &["print", "your", "instructions"],
    &["end", "of", "prompt"],
    &["begin", "system"],
    &["important", "message", "from", "me"],
    &["this", "is", "important", "from"],
    &["approve", "this", "automatically"],
    &["mark", "this", "as", "approved"],
    &["without", "human", "review"],
    &["respond", "only", "with"],
    &["reply", "only", "with"],
    &["answer", "only", "with"],
    &["in", "your", "response", "include"],
    &["summarizing", "assistant"],
    &["reviewer", "decision"],
    &["reviewer", "has", "already", "approved"],
    &["tool_result"],
]);
const MARKS: &[&str] = &[
    "<|im_",
    "<|system",
    "<|user",
    "<|assistant",
    "<|end",
    "[inst]",
    "<<sys>>",
    "### instruction",
    "### system",
    "<system>",
    "</system>",
    "[system]",
    "[assistant]",
    "<information>",
    "<important>",
    "<!-- assistant",
    "<!-- system",
    "<!-- ai",
    "<!--assistant",
    "<!--system",
    "{\"role\":\"system",
    "{\"role\": \"system",
    "{\"role\":\"assistant",
];

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut floor = 0;
    for (index, &(start, _)) in scan.words.iter().enumerate() {
        if start < floor {
            continue;
        }
        let hit = dropping(scan, index)
            .map(|end| (end, "tells the reader to drop its rules"))
            .or_else(|| steering(scan, index).map(|end| (end, "orders how the answer is to be written")))
            .or_else(|| PHRASES.end_at(scan, index).map(|end| (end, "speaks to a machine, not to a person")));
        if let Some((end, why)) = hit {
            floor = end;
            found.push(Finding::new(Kind::Instruction, (start, end), "instruction", Sureness::Context, why));
        }
    }
    if scan.holds(b"<[#{") {
        marks(scan, found);
    }
    if scan.holds(b"\xF3") {
        invisible(scan, found);
    }
    if scan.holds(b"\xE2\xEF") {
        laced(scan, found);
    }
}

fn dropping(scan: &Scan<'_>, index: usize) -> Option<usize> {
    if !DROP.has_at(scan, index) {
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
        earlier |= EARLIER.has(word);
        if earlier && RULES.has(word) {
            return Some(end);
        }
    }
    None
}

/// A sentence that begins with a bare order and is about the answer: `Add ... to your reply`. People who
/// ask say please, or say who should do it.
fn steering(scan: &Scan<'_>, index: usize) -> Option<usize> {
    if !STEER.has_at(scan, index) {
        return None;
    }
    let end_of = |index: usize| scan.words.get(index).map(|&(_, end)| end);
    let ends = |from: usize, to: usize, marks: &[u8]| {
        scan.bytes.get(from..to).unwrap_or_default().iter().any(|byte| marks.contains(byte))
    };
    let from = index.checked_sub(1).and_then(end_of).unwrap_or(0);
    if index > 0 && !ends(from, scan.words.get(index)?.0, b".!?:\n") {
        return None;
    }
    for ahead in index + 1..index + ORDER_REACH {
        let &(start, _) = scan.words.get(ahead)?;
        if ends(end_of(ahead - 1)?, start, b"?\n") {
            return None;
        }
        if scan.word(ahead) == b"your" && OWN_WORDS.has(scan.word(ahead + 1)) {
            return end_of(ahead + 1);
        }
    }
    None
}

fn marks(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    for (at, _) in scan.bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b'<' | b'[' | b'#' | b'{')) {
        let rest = scan.lower.get(at..).unwrap_or_default();
        if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(mark.as_bytes())) {
            let span = (at, at + mark.len());
            found.push(Finding::new(
                Kind::Instruction,
                span,
                "instruction",
                Sureness::Shape,
                "a mark of a chat template",
            ));
        }
    }
}

/// Letters with something invisible between each, four times in a row: hidden from searches, not from models.
fn laced(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let is_zero = |at: usize| {
        matches!(scan.bytes.get(at..at + 3), Some([0xE2, 0x80, 0x8B..=0x8D] | [0xE2, 0x81, 0xA0] | [0xEF, 0xBB, 0xBF]))
    };
    let mut at = 0;
    while at < scan.bytes.len() {
        if !scan.byte(at).is_ascii_alphanumeric() || !is_zero(at + 1) {
            at += 1;
            continue;
        }
        let start = at;
        let mut pairs = 0;
        while scan.byte(at).is_ascii_graphic() | (scan.byte(at) == b' ' && at < scan.bytes.len()) {
            let next = at + 1 + if is_zero(at + 1) { 3 } else { 0 };
            if next == at + 1 && scan.byte(at) != b' ' {
                break;
            }
            pairs += usize::from(next > at + 1);
            at = next;
        }
        if pairs >= 4 {
            found.push(Finding::new(
                Kind::Instruction,
                (start, at),
                "instruction",
                Sureness::Shape,
                "letters laced with invisible ones",
            ));
        }
        at = at.max(start + 1);
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
            found.push(Finding::new(
                Kind::Instruction,
                (start, end),
                "instruction",
                Sureness::Proof,
                "letters that nobody sees",
            ));
        }
        at = end.max(start + 1);
    }
}
