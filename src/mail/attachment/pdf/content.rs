//! What a page shows (ISO 32000-1, 9.4): its strings in the order they are drawn, with line ends where the pen moves down.

use std::collections::HashMap;
use std::rc::Rc;

use super::file::{File, Page};
use super::font::{Font, Fonts};
use super::object::{Object, Reader};

/// Operands an operator may have.
const OPERANDS: usize = 4000;
/// Streams a page may be made of.
const STREAMS: usize = 200;

/// Writes out a page.
pub(super) fn page(
    file: &mut File<'_>,
    page: &Page,
    known: &mut Fonts,
    out: &mut String,
    limit: usize,
) -> Result<(), String> {
    let mut fonts = HashMap::new();
    if let Some(Object::Dictionary(named)) = page.resources.get("Font").map(|fonts| file.resolve(fonts)) {
        for (name, font) in named.into_iter().take(STREAMS) {
            fonts.insert(name, known.font(file, &font)?);
        }
    }
    let contents = match &page.contents {
        Object::Reference(id) => match file.resolve(&page.contents) {
            Object::List(list) => list,
            _ => vec![Object::Reference(*id)],
        },
        Object::List(list) => list.clone(),
        _ => Vec::new(),
    };
    let mut pen = Pen { font: None, line: None };
    for part in contents.iter().take(STREAMS) {
        let Object::Reference(id) = part else { continue };
        if let Some(bytes) = file.stream(*id)? {
            draw(&bytes, &fonts, &mut pen, out, limit);
        }
    }
    Ok(())
}

struct Pen<'f> {
    font: Option<&'f Font>,
    /// The height at which the last text stood, in the page's own measure.
    line: Option<f64>,
}

fn draw<'f>(bytes: &[u8], fonts: &'f HashMap<Vec<u8>, Rc<Font>>, pen: &mut Pen<'f>, out: &mut String, limit: usize) {
    let mut reader = Reader::new(bytes, 0);
    let mut held: Vec<Object> = Vec::new();
    while let Some(object) = reader.read() {
        let Object::Word(operator) = object else {
            if held.len() < OPERANDS {
                held.push(object);
            }
            continue;
        };
        if out.len() > limit {
            return;
        }
        let number = |back: usize| {
            held.len().checked_sub(back).and_then(|at| held.get(at)).and_then(Object::number).unwrap_or_default()
        };
        match operator.as_slice() {
            b"Tf" => {
                if let Some(Object::Name(name)) = held.first() {
                    pen.font = fonts.get(name).map(Rc::as_ref);
                }
            }
            b"Tj" => show(held.last(), pen, out),
            b"'" | b"\"" => {
                new_line(out);
                show(held.last(), pen, out);
            }
            b"TJ" => {
                if let Some(Object::List(pieces)) = held.last() {
                    for piece in pieces {
                        match piece {
                            // A move of a fifth of the letter's height is a space nobody wrote.
                            Object::Number(back) if *back < -180.0 => space(out),
                            _ => show(Some(piece), pen, out),
                        }
                    }
                }
            }
            b"Td" | b"TD" => {
                if number(1).abs() > 0.5 {
                    new_line(out);
                } else if number(2) > 0.5 {
                    space(out);
                }
            }
            b"T*" => new_line(out),
            b"Tm" => {
                let height = number(1);
                match pen.line {
                    Some(line) if (line - height).abs() < 1.0 => space(out),
                    Some(_) => new_line(out),
                    None => {}
                }
                pen.line = Some(height);
            }
            // A picture in the middle of the page is skipped: its bytes are no operators.
            b"ID" => {
                let rest = bytes.get(reader.at..).unwrap_or_default();
                let end = rest
                    .windows(3)
                    .position(|window| window.first().is_some_and(u8::is_ascii_whitespace) && window.ends_with(b"EI"));
                reader.at += end.map_or(rest.len(), |end| end + 3);
            }
            b"ET" => space(out),
            _ => {}
        }
        held.clear();
    }
}

fn show(text: Option<&Object>, pen: &Pen<'_>, out: &mut String) {
    if let (Some(Object::Text(codes)), Some(font)) = (text, pen.font) {
        font.show(codes, out);
    }
}

fn space(out: &mut String) {
    if !out.is_empty() && !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
}

fn new_line(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}
