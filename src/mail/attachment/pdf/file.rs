//! The objects of a PDF file, found by reading it through once: the table of places at its end is not needed, and may lie.
//! INVARIANT: all streams together unpack to no more than the limit.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::object::{Object, Reader};

/// Objects, pages and levels of the page tree that are read.
const OBJECTS: usize = 200_000;
const PAGES: usize = 1000;
const LEVELS: usize = 30;

struct Entry {
    object: Object,
    stream: Option<(usize, usize)>,
}

/// An opened file.
pub(super) struct File<'b> {
    bytes: &'b [u8],
    entries: HashMap<u32, Entry>,
    left: usize,
}

/// A page: what it draws and with which fonts.
pub(super) struct Page {
    pub(super) contents: Object,
    pub(super) resources: Object,
}

impl<'b> File<'b> {
    /// Finds all objects.
    pub(super) fn open(bytes: &'b [u8], limit: usize) -> Result<Self, String> {
        if !bytes.get(..bytes.len().min(1024)).unwrap_or_default().windows(5).any(|window| window == b"%PDF-") {
            return Err("it is no PDF file".to_owned());
        }
        let mut file = Self { bytes, entries: HashMap::new(), left: limit };
        file.scan();
        if file.protected() {
            return Err("it is protected by a password".to_owned());
        }
        file.unpack_objects()?;
        Ok(file)
    }

    fn scan(&mut self) {
        let mut at = 0;
        while let Some(found) = self.bytes.get(at..).and_then(|rest| find(rest, b" obj")) {
            let place = at + found;
            at = place + 4;
            let Some(id) = self.id_before(place) else { continue };
            let mut reader = Reader::new(self.bytes, at);
            let Some(object) = reader.read() else { continue };
            at = reader.at;
            reader.skip();
            let mut stream = None;
            if matches!(object, Object::Dictionary(_))
                && self.bytes.get(reader.at..).is_some_and(|rest| rest.starts_with(b"stream"))
            {
                let mut start = reader.at + 6;
                start += usize::from(self.bytes.get(start) == Some(&b'\r'));
                start += usize::from(self.bytes.get(start) == Some(&b'\n'));
                let declared = object.get("Length").and_then(Object::size).and_then(|length| start.checked_add(length));
                let ends = |end: usize| {
                    self.bytes.get(end..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"endstream"))
                };
                let end = declared.filter(|end| *end <= self.bytes.len() && ends(*end));
                let end = end.unwrap_or_else(|| {
                    start
                        + self
                            .bytes
                            .get(start..)
                            .and_then(|rest| find(rest, b"endstream"))
                            .unwrap_or(self.bytes.len().saturating_sub(start))
                });
                stream = Some((start, end));
                at = end;
            }
            if self.entries.len() < OBJECTS {
                self.entries.insert(id, Entry { object, stream });
            }
        }
    }

    /// The number of the object whose word `obj` stands at `place`.
    fn id_before(&self, place: usize) -> Option<u32> {
        let line = self.bytes.get(place.saturating_sub(24)..place)?;
        let mut words = line.split(|byte| byte.is_ascii_whitespace()).rev().filter(|word| !word.is_empty());
        let _generation: u32 = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
        let id = words.next()?;
        let digits = id.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(id.get(id.len() - digits..)?).ok()?.parse().ok()
    }

    fn protected(&self) -> bool {
        let trailer = find(self.bytes, b"trailer").is_some() && find(self.bytes, b"/Encrypt").is_some();
        trailer
            || self.entries.values().any(|entry| {
                entry.object.get("Type").is_some_and(|kind| kind.is_name("XRef"))
                    && entry.object.get("Encrypt").is_some()
            })
    }

    /// Objects packed into streams (ISO 32000-1, 7.5.7).
    fn unpack_objects(&mut self) -> Result<(), String> {
        let packed: Vec<u32> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.object.get("Type").is_some_and(|kind| kind.is_name("ObjStm")))
            .map(|(id, _)| *id)
            .collect();
        for id in packed {
            let Some((count, first)) = self
                .entries
                .get(&id)
                .and_then(|entry| Some((entry.object.get("N")?.size()?, entry.object.get("First")?.size()?)))
            else {
                continue;
            };
            let Some(bytes) = self.stream(id)? else { continue };
            let mut head = Reader::new(&bytes, 0);
            for _ in 0..count.min(OBJECTS) {
                let (Some(id), Some(offset)) =
                    (head.read().and_then(|id| id.size()), head.read().and_then(|place| place.size()))
                else {
                    break;
                };
                let Ok(id) = u32::try_from(id) else { break };
                let Some(object) = Reader::new(&bytes, first.saturating_add(offset)).read() else { continue };
                if self.entries.len() < OBJECTS {
                    self.entries.entry(id).or_insert(Entry { object, stream: None });
                }
            }
        }
        Ok(())
    }

    /// An object with references followed.
    pub(super) fn resolve(&self, object: &Object) -> Object {
        let mut object = object;
        for _ in 0..8 {
            match object {
                Object::Reference(id) => match self.entries.get(id) {
                    Some(entry) => object = &entry.object,
                    None => return Object::Null,
                },
                _ => return object.clone(),
            }
        }
        Object::Null
    }

    /// A stream unpacked; none when it is packed in a way that no text is.
    pub(super) fn stream(&mut self, id: u32) -> Result<Option<Vec<u8>>, String> {
        let Some(entry) = self.entries.get(&id) else { return Ok(None) };
        let Some(raw) = entry.stream.and_then(|(from, to)| self.bytes.get(from..to)) else { return Ok(None) };
        let filter = entry.object.get("Filter").map_or(Object::Null, |filter| self.resolve(filter));
        let mut filters = if let Object::List(list) = filter { list } else { vec![filter] };
        filters.retain(|filter| *filter != Object::Null);
        // Letters for bytes may stand around the packing, packing inside packing is what bombs are made of.
        let lettered = filters.first().is_some_and(|one| one.is_name("ASCII85Decode"));
        let unlettered = lettered.then(|| ascii85(raw));
        let raw = unlettered.as_deref().unwrap_or(raw);
        let plain = match filters.get(usize::from(lettered)..) {
            None | Some([]) => true,
            Some([one]) if one.is_name("FlateDecode") => false,
            _ => return Ok(None),
        };
        let mut bytes = Vec::new();
        let most = u64::try_from(self.left).unwrap_or(u64::MAX).saturating_add(1);
        // A stream that is damaged at its end still has its beginning.
        let _ = if plain {
            raw.take(most).read_to_end(&mut bytes)
        } else {
            ZlibDecoder::new(raw).take(most).read_to_end(&mut bytes)
        };
        self.left = self.left.checked_sub(bytes.len()).ok_or("it unpacks to more than is allowed")?;
        Ok(Some(bytes))
    }

    /// The pages in order.
    pub(super) fn pages(&self) -> Vec<Page> {
        let mut pages = Vec::new();
        let root = self
            .entries
            .values()
            .find(|entry| entry.object.get("Type").is_some_and(|kind| kind.is_name("Catalog")))
            .and_then(|entry| entry.object.get("Pages"));
        if let Some(root) = root {
            self.tree(root, &Object::Null, 0, &mut HashSet::new(), &mut pages);
        }
        if pages.is_empty() {
            let mut ids: Vec<&u32> = self.entries.keys().collect();
            ids.sort();
            for id in ids {
                if self
                    .entries
                    .get(id)
                    .is_some_and(|entry| entry.object.get("Type").is_some_and(|kind| kind.is_name("Page")))
                {
                    self.tree(&Object::Reference(*id), &Object::Null, 0, &mut HashSet::new(), &mut pages);
                }
            }
        }
        pages
    }

    fn tree(&self, node: &Object, inherited: &Object, level: usize, seen: &mut HashSet<u32>, pages: &mut Vec<Page>) {
        if let Object::Reference(id) = node
            && !seen.insert(*id)
        {
            return;
        }
        if level > LEVELS || pages.len() >= PAGES {
            return;
        }
        let node = self.resolve(node);
        let resources = node.get("Resources").map_or_else(|| inherited.clone(), |own| self.resolve(own));
        match node.get("Kids").map(|kids| self.resolve(kids)) {
            Some(Object::List(kids)) => {
                for kid in &kids {
                    self.tree(kid, &resources, level + 1, seen, pages);
                }
            }
            _ => pages.push(Page { contents: node.get("Contents").cloned().unwrap_or(Object::Null), resources }),
        }
    }
}

/// ISO 32000-1, 7.4.3.
fn ascii85(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() / 5 * 4);
    let mut group: Vec<u32> = Vec::with_capacity(5);
    let close = |group: &mut Vec<u32>, out: &mut Vec<u8>| {
        let have = group.len();
        if have >= 2 {
            group.resize(5, 84);
            let value = group.iter().fold(0_u32, |value, digit| value.wrapping_mul(85).wrapping_add(*digit));
            out.extend(value.to_be_bytes().iter().take(have - 1));
        }
        group.clear();
    };
    for &byte in raw {
        match byte {
            b'~' => break,
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => group.push(u32::from(byte - b'!')),
            _ => {}
        }
        if group.len() == 5 {
            close(&mut group, &mut out);
        }
    }
    close(&mut group, &mut out);
    out
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let (first, rest) = wanted.split_first()?;
    let mut at = 0;
    while let Some(offset) = bytes.get(at..)?.iter().position(|byte| byte == first) {
        if bytes.get(at + offset + 1..).is_some_and(|behind| behind.starts_with(rest)) {
            return Some(at + offset);
        }
        at += offset + 1;
    }
    None
}
