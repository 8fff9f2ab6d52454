//! From the codes of a font to characters (ISO 32000-1, 9.10): by its `ToUnicode` map, or as Windows-1252 where it has none.

use std::collections::HashMap;
use std::rc::Rc;

use super::file::File;
use super::object::{Object, Reader};

/// Codes a map may hold.
const CODES: usize = 70_000;

/// Fonts that were read: pages share them.
#[derive(Default)]
pub(super) struct Fonts {
    read: HashMap<u32, Rc<Font>>,
}

impl Fonts {
    /// The font of a page's name for it.
    pub(super) fn font(&mut self, file: &mut File<'_>, font: &Object) -> Result<Rc<Font>, String> {
        let Object::Reference(id) = font else { return Font::read(file, font).map(Rc::new) };
        if let Some(known) = self.read.get(id) {
            return Ok(Rc::clone(known));
        }
        let read = Rc::new(Font::read(file, font)?);
        self.read.insert(*id, Rc::clone(&read));
        Ok(read)
    }
}

/// How codes become characters.
#[derive(Default)]
pub(super) struct Font {
    map: HashMap<u32, String>,
    wide: bool,
    known: bool,
}

impl Font {
    /// Reads a font.
    fn read(file: &mut File<'_>, font: &Object) -> Result<Self, String> {
        let font = file.resolve(font);
        let wide = font.get("Subtype").is_some_and(|kind| kind.is_name("Type0"));
        let mut read = Self { map: HashMap::new(), wide, known: !wide };
        if let Some(Object::Reference(id)) = font.get("ToUnicode")
            && let Some(bytes) = file.stream(*id)?
        {
            read.learn(&bytes);
            read.known |= !read.map.is_empty();
        }
        Ok(read)
    }

    fn learn(&mut self, bytes: &[u8]) {
        let mut reader = Reader::new(bytes, 0);
        let mut held: Vec<Object> = Vec::new();
        while let Some(object) = reader.read() {
            match object {
                Object::Word(word) => {
                    match word.as_slice() {
                        b"endbfchar" => {
                            for pair in held.chunks(2) {
                                if let [Object::Text(code), Object::Text(text)] = pair {
                                    self.set(value(code), utf16(text));
                                }
                            }
                        }
                        b"endbfrange" => {
                            for row in held.chunks(3) {
                                self.range(row);
                            }
                        }
                        _ => {}
                    }
                    held.clear();
                }
                object if held.len() < 3 * CODES => held.push(object),
                _ => {}
            }
        }
    }

    fn range(&mut self, row: &[Object]) {
        let [Object::Text(from), Object::Text(to), target] = row else { return };
        let (from, to) = (value(from), value(to));
        match target {
            Object::Text(text) => {
                let mut units: Vec<u8> = text.clone();
                for code in from..=to.min(from.saturating_add(65_535)) {
                    if !self.set(code, utf16(&units)) {
                        return;
                    }
                    // The last unit counts up with the code.
                    if let [.., high, low] = units.as_mut_slice() {
                        let next = u16::from_be_bytes([*high, *low]).wrapping_add(1).to_be_bytes();
                        [*high, *low] = next;
                    }
                }
            }
            Object::List(list) => {
                for (code, text) in (from..=to).zip(list) {
                    if let Object::Text(text) = text {
                        self.set(code, utf16(text));
                    }
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, code: u32, text: String) -> bool {
        if self.map.len() < CODES {
            self.map.insert(code, text);
        }
        self.map.len() < CODES
    }

    /// Appends the characters of a shown string.
    pub(super) fn show(&self, codes: &[u8], out: &mut String) {
        if !self.known {
            return;
        }
        for code in codes.chunks(if self.wide { 2 } else { 1 }) {
            match self.map.get(&value(code)) {
                Some(text) => out.push_str(text),
                None if !self.wide => {
                    let (text, ..) = encoding_rs::WINDOWS_1252.decode(code);
                    out.push_str(&text.replace(|c: char| c.is_control(), ""));
                }
                None => {}
            }
        }
    }
}

fn value(code: &[u8]) -> u32 {
    code.iter().take(4).fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks(2).take(16).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        [one] => u16::from(*one),
        _ => 0,
    });
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).filter(|c| *c != '\0').collect()
}
