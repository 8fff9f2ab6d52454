//! The lines of an answer: which a person wrote, and which are quotes, sign-offs, signatures and legal notices around them.
//! Own file because the grammar must not take a signature for a comment. INVARIANT: nothing is set aside above the first line that is not
//! empty, and what is set aside as a quote is marked as one, is word for word what we sent, or holds the secret that
//! we sent.

use super::secret::Token;

/// Shortest line of what we sent that is recognised unmarked; shorter ones could be a person's own.
const MIN_SENT: usize = 16;

/// The lines a person wrote, empty ones below the first included.
pub(super) fn lines<'t>(text: &'t str, sent: Option<&str>) -> Vec<&'t str> {
    let sent: Vec<&str> =
        sent.unwrap_or_default().lines().map(str::trim).filter(|line| line.len() >= MIN_SENT).collect();
    let own = |line: &&str| !line.trim_start().starts_with('>') && !sent.contains(&line.trim());
    text.lines().filter(own).skip_while(|line| line.trim().is_empty()).collect()
}

/// The text above our own mail, when that stands below without marks of quoting: up to the line that introduces it. Nobody writes a
/// secret by hand, so what holds one is a quote, and so is what stands between it and the line that says "wrote:". `None` when no secret
/// stands unmarked, or nothing introduces it.
pub(super) fn above_echo(text: &str) -> Option<&str> {
    let mut introduced = None;
    let (mut at, mut begun) = (0, false);
    for line in text.split_inclusive('\n') {
        if introduced.is_none() && begun && introduces(line) {
            introduced = Some(at);
        }
        if !line.trim_start().starts_with('>') && Token::find(line).next().is_some() {
            return introduced.and_then(|end| text.get(..end));
        }
        begun = begun || !line.trim().is_empty();
        at += line.len();
    }
    None
}

/// Whether a line introduces a quote.
fn introduces(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    let verb = || {
        let said = line.trim_end_matches([':', '：', '-', ' ', '\u{a0}']);
        said.len() < line.len() && WROTE.iter().any(|verb| said.ends_with(verb))
    };
    let field = |line: &str| {
        let line = line.trim_start_matches(['>', ' ', '*']);
        FROM.iter().any(|name| {
            line.strip_prefix(name).is_some_and(|rest| rest.trim_start_matches(['*', ' ']).starts_with(':'))
        })
    };
    verb() || field(&line) || line.starts_with("-----") || line.starts_with("_____")
}

/// Ends of lines that introduce a quote.
const WROTE: &[&str] = &[
    "wrote",
    "writes",
    "schrieb",
    "geschrieben",
    "écrit",
    "escribió",
    "escribio",
    "escreveu",
    "scritto",
    "schreef",
    "geschreven",
    "skrev",
    "napisał",
    "napisała",
    "napisał(a)",
    "napsal",
    "napsal(a)",
    "kirjoitti",
    "írta",
    "yazdı",
    "написал",
    "пише",
    "пишет",
    "كتب",
    "さんは書きました",
    "のメール",
    "写道",
    "寫道",
    "작성",
];

/// Names of the field that begins a quoted head.
const FROM: &[&str] =
    &["from", "von", "de", "da", "van", "från", "fra", "od", "från", "差出人", "发件人", "寄件者", "от", "من"];

/// Most text below an approval, in bytes: a signature with a legal notice has room in it.
const MAX_BELOW: usize = 20_000;

/// What stands below the first line.
pub(super) struct Tail<'t> {
    lines: Vec<&'t str>,
    signature: Vec<&'t str>,
}

impl<'t> Tail<'t> {
    /// Divides lines into what was written and the signature, and leaves legal notices out.
    pub(super) fn of(lines: &[&'t str]) -> Self {
        let lines = without_notices(lines);
        let starts = |at: usize| at == 0 || lines.get(at - 1).is_some_and(|line| line.trim().is_empty());
        let end =
            (0..lines.len()).find(|at| lines.get(*at).is_some_and(|line| ends(line) || starts(*at) && names(line)));
        let end = end.unwrap_or(lines.len());
        let (written, signature) = lines.split_at(end);
        Self { lines: written.to_vec(), signature: signature.to_vec() }
    }

    /// The lines above the signature.
    pub(super) fn lines(&self) -> &[&'t str] {
        &self.lines
    }

    /// The lines of the signature, its sign-off included.
    pub(super) fn signature(&self) -> &[&'t str] {
        &self.signature
    }

    /// Whether there is more than anybody writes below a single word.
    pub(super) fn is_long(&self) -> bool {
        self.lines.iter().chain(&self.signature).map(|line| line.len()).sum::<usize>() > MAX_BELOW
    }

    /// The lines above the signature as one text.
    pub(super) fn body(&self) -> String {
        self.lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
    }
}

/// Whether a signature begins with this line: the mark of RFC 3676 section 4.3, a sign-off, or what a phone adds.
fn ends(line: &str) -> bool {
    let line = line.trim();
    if matches!(line, "--" | "—" | "__" | "___") {
        return true;
    }
    let lower = line.to_lowercase();
    let plain = lower.trim_end_matches([',', '.', '!', ' ']);
    SIGN_OFFS.contains(&plain) || DEVICES.iter().any(|start| lower.starts_with(start))
}

/// Whether a line could be a person's name: up to four words, each with a capital letter, and no mark of a sentence.
fn names(line: &str) -> bool {
    let mut words = line.split_whitespace().peekable();
    let name = |word: &str| {
        let letters = word.trim_end_matches(['.', ',']);
        word.starts_with(char::is_uppercase)
            && letters.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'))
    };
    words.peek().is_some()
        && line.split_whitespace().count() <= 4
        && words.all(name)
        && (!line.trim_end().ends_with('.') || line.split_whitespace().count() == 1 && line.trim().len() <= 3)
}

/// Paragraphs that mail systems add. They are full of conditions, and nobody means them. A person's own words must not pass as one:
/// it takes length and a phrase that only lawyers use, or two that they use often.
fn without_notices<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    lines
        .split(|line| line.trim().is_empty())
        .flat_map(|paragraph| {
            let text = paragraph.join(" ").to_lowercase();
            let sure = FORMULAS.iter().any(|phrase| text.contains(phrase));
            let often = || NOTICES.iter().filter(|phrase| text.contains(*phrase)).count() >= 2;
            let notice = text.chars().count() >= MIN_NOTICE && (sure || often());
            if notice { Vec::new() } else { paragraph.iter().copied().chain([""]).collect() }
        })
        .collect()
}

/// Shortest legal notice, in characters.
const MIN_NOTICE: usize = 100;

/// Sign-offs that stand alone on a line.
const SIGN_OFFS: &[&str] = &[
    "thanks",
    "thank you",
    "many thanks",
    "thanks a lot",
    "thx",
    "cheers",
    "regards",
    "best",
    "best regards",
    "kind regards",
    "best wishes",
    "warm regards",
    "sincerely",
    "yours",
    "br",
    "rgds",
    "kr",
    "danke",
    "vielen dank",
    "gruß",
    "gruss",
    "grüße",
    "gruesse",
    "viele grüße",
    "beste grüße",
    "liebe grüße",
    "mit freundlichen grüßen",
    "mit freundlichem gruß",
    "freundliche grüße",
    "mfg",
    "vg",
    "lg",
    "merci",
    "cordialement",
    "bien cordialement",
    "bien à vous",
    "salutations",
    "cdt",
    "gracias",
    "saludos",
    "un saludo",
    "saludos cordiales",
    "atentamente",
    "grazie",
    "saluti",
    "cordiali saluti",
    "distinti saluti",
    "bedankt",
    "dank",
    "groet",
    "groeten",
    "met vriendelijke groet",
    "mvg",
    "obrigado",
    "obrigada",
    "cumprimentos",
    "atenciosamente",
    "abraço",
    "abraços",
    "tack",
    "hälsningar",
    "med vänliga hälsningar",
    "vänliga hälsningar",
    "mvh",
    "dziękuję",
    "pozdrawiam",
    "pozdrowienia",
    "z poważaniem",
    "よろしくお願いします",
    "よろしくお願いいたします",
    "以上",
];

/// How lines begin that phones and programs add.
const DEVICES: &[&str] = &[
    "sent from ",
    "sent with ",
    "sent via ",
    "get outlook for",
    "von meinem ",
    "gesendet mit ",
    "gesendet von ",
    "diese nachricht wurde von meinem ",
    "envoyé de ",
    "envoyé depuis ",
    "envoyé à partir ",
    "enviado desde ",
    "enviado do ",
    "enviado de ",
    "inviato da ",
    "verzonden vanaf ",
    "verstuurd vanaf ",
    "skickat från ",
    "wysłane z ",
    "wysłano z ",
    "iphoneから送信",
];

/// Phrases of legal notices that stand nowhere else.
const FORMULAS: &[&str] = &[
    "intended recipient",
    "received this e-mail in error",
    "received this email in error",
    "received this message in error",
    "consider the environment before printing",
    "think before you print",
    "bestimmungsgemäße empfänger",
    "nicht der richtige adressat",
    "destinataire de ce message",
    "reçu ce message par erreur",
    "destinatario de este mensaje",
    "destinatário desta mensagem",
    "destinatario del presente messaggio",
    "niet de geadresseerde",
    "avsedda mottagaren",
    "zamierzonym adresatem",
    "virus-free",
];

/// Phrases that legal notices share with people; two of them make one.
const NOTICES: &[&str] = &[
    "confidential",
    "privileged",
    "disclaimer",
    "disclosure",
    "recipient",
    "unauthorized",
    "unauthorised",
    "prohibited",
    "vertraulich",
    "empfänger",
    "unbefugt",
    "confidentiel",
    "destinataire",
    "confidencial",
    "destinatario",
    "destinatário",
    "riservat",
    "vietat",
    "vertrouwelijk",
    "geadresseerde",
    "konfidentiell",
    "mottagare",
    "poufn",
    "adresat",
];
