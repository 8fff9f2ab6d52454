//! A letter as a list of blocks that hold text only. Own file because text and HTML are two renderings of this one thing.
//! INVARIANT: a block holds no markup; what cannot be said with these blocks is not said in a letter.

/// A piece of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// What it is about; first and once.
    Title(String),
    /// Begins a section.
    Heading(String),
    /// Begins a part of a section.
    Subheading(String),
    Paragraph(String),
    /// Bold words, and what is said of them.
    Points {
        numbered: bool,
        points: Vec<(String, String)>,
    },
    /// Short facts: name and value.
    Facts(Vec<(String, String)>),
    /// Somebody else's words, line by line.
    Quote(String),
    /// Words to write, as they are written.
    Code(Vec<(String, String)>),
    /// Bars: label, share of the longest in percent, figure.
    Bars(Vec<(String, u8, String)>),
    /// Before and after; empty for nothing.
    Change {
        what: String,
        before: String,
        after: String,
    },
    /// The one link: to a page that asks who one is.
    Link {
        words: String,
        address: String,
    },
    Small(String),
}

/// Blocks in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page(pub(super) Vec<Block>);

impl Page {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self(vec![Block::Title(title.into())])
    }

    pub(super) fn add(&mut self, block: Block) -> &mut Self {
        self.0.push(block);
        self
    }

    pub(super) fn heading(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Heading(text.into()))
    }

    pub(super) fn subheading(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Subheading(text.into()))
    }

    pub(super) fn paragraph(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Paragraph(text.into()))
    }

    pub(super) fn small(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Small(text.into()))
    }

    pub(super) fn quote(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Quote(text.into()))
    }

    /// A list; nothing when it is empty.
    pub(super) fn points(&mut self, points: Vec<(String, String)>) -> &mut Self {
        if points.is_empty() { self } else { self.add(Block::Points { numbered: false, points }) }
    }

    pub(super) fn facts<const N: usize>(&mut self, facts: [(&str, String); N]) -> &mut Self {
        self.add(Block::Facts(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
    }

    /// A link, when there is an address and it is a plain one of the web.
    pub(super) fn link(&mut self, words: &str, address: Option<&str>) -> &mut Self {
        let plain = |address: &&str| {
            let web = address.starts_with("https://") || address.starts_with("http://");
            web && address.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\`".contains(&byte))
        };
        match address.filter(plain) {
            Some(address) => self.add(Block::Link { words: words.to_owned(), address: address.to_owned() }),
            None => self,
        }
    }
}

/// The first letter as a capital, underscores as spaces: `needs_info` becomes `Needs info`.
pub(super) fn spoken(word: &str) -> String {
    let mut chars = word.chars().map(|c| if c == '_' { ' ' } else { c });
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// At most so many characters, and whether anything was cut.
pub(super) fn cut(text: &str, most: usize) -> (String, bool) {
    match text.char_indices().nth(most) {
        Some((at, _)) => (format!("{}…", text.get(..at).unwrap_or_default().trim_end()), true),
        None => (text.to_owned(), false),
    }
}

/// One line, for a subject.
pub(super) fn line(text: &str, most: usize) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    cut(&words.join(" "), most).0
}

/// Whether names and values are both so long that they cannot stand beside each other on a phone: then they stand below each other.
pub(super) fn is_long(facts: &[(String, String)]) -> bool {
    let over = |most: usize| move |text: &String| text.chars().count() > most;
    facts.iter().map(|(name, _)| name).any(over(18)) && facts.iter().map(|(_, value)| value).any(over(30))
}
