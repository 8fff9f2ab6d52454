//! Text out of files: what common programs write is read, what is built to hurt is refused.

use std::io::{Cursor, Write as _};
use std::path::Path;

use zip::write::{SimpleFileOptions, ZipWriter};

use super::text;
use crate::mail::Limits;

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/attachments");
    std::fs::read(folder.join(name)).expect("the file is there")
}

fn read(name: &str, bytes: &[u8]) -> Option<Result<String, String>> {
    text(Some(name), "application/octet-stream", None, bytes, &Limits::default())
}

fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        writer.write_all(bytes).expect("its content");
    }
    writer.finish().expect("a packed file").into_inner()
}

#[test]
fn a_document_is_read() {
    let read = read("lift.docx", &file("lift.docx"));
    assert_eq!(read, Some(Ok("The lift is broken & stuck.\nfloor\tstate\n3\tbroken\nThanks\n".to_owned())));
}

#[test]
fn a_sheet_is_read() {
    let read = read("floors.xlsx", &file("floors.xlsx"));
    assert_eq!(read, Some(Ok("Floors\nfloor\twhen\tcost\n3\t2025-05-05\t12.5\nGröße & <x>\ttrue".to_owned())));
}

#[test]
fn pdf_files_are_read() {
    let invoice = read("invoice.pdf", &file("invoice.pdf")).and_then(Result::ok).expect("read");
    assert!(invoice.starts_with("Invoice 4711 for the lift repair\nAmount: 120.50 EUR due 5 May\nGröße änderung Kraków Ελλάδα\n\nSecond page."), "{invoice}");
    let letters = read("letters.pdf", &file("letters.pdf")).and_then(Result::ok).expect("read");
    assert!(letters.contains("Hello from another maker") && letters.contains("Second line"), "{letters}");
}

#[test]
fn plain_files_are_read_in_their_character_set() {
    assert_eq!(
        text(Some("a.csv"), "text/csv", Some("iso-8859-1"), b"gr\xf6\xdfe;1\r\n", &Limits::default()),
        Some(Ok("größe;1\n".to_owned()))
    );
    assert_eq!(read("a.html", b"<p>one<p>two"), Some(Ok("one\n\ntwo\n".to_owned())));
    assert_eq!(read("a.png", b"\x89PNG"), None);
    assert_eq!(read("a.txt", b"PK\x03\x04"), None);
    assert!(read("a.txt", b"MZ\0\0\0").is_some_and(|read| read.is_err()));
}

#[test]
fn a_bomb_is_refused() {
    let zeros = vec![b' '; 40 * 1024 * 1024];
    let bomb = packed(&[("word/document.xml", &zeros)]);
    assert!(bomb.len() < 100_000);
    assert_eq!(read("a.docx", &bomb), Some(Err("it unpacks to more than is allowed".to_owned())));
    let parts = vec![b' '; 10 * 1024 * 1024];
    let bomb = packed(&[("a", &parts), ("b", &parts), ("c", &parts), ("d", &parts)]);
    assert_eq!(read("a.xlsx", &bomb), Some(Err("it unpacks to more than is allowed".to_owned())));
}

#[test]
fn a_bomb_that_lies_about_its_size_is_refused() {
    let zeros = vec![b' '; 40 * 1024 * 1024];
    let mut bomb = packed(&[("word/document.xml", &zeros)]);
    let size = u32::try_from(zeros.len()).expect("small").to_le_bytes();
    while let Some(at) = bomb.windows(4).position(|window| window == size) {
        bomb[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    assert!(read("a.docx", &bomb).is_some_and(|read| read.is_err()));
}

#[test]
fn hostile_pdf_files_end_somewhere() {
    let many = 50_000;
    for body in [
        "1 0 obj [ ".repeat(many),
        "1 0 obj << /A ".repeat(many),
        "1 0 obj ( ".repeat(many),
        "1 0 obj <<>> stream\n".repeat(many),
        "1 0 obj << /Type /Catalog /Pages 1 0 R /Kids [1 0 R] >> endobj ".repeat(many / 10),
        "[".repeat(many),
        "1 0 obj <</Type/Catalog/Pages 2 0 R>> 2 0 obj <</Kids[3 0 R 3 0 R 2 0 R]>> 3 0 obj <</Kids[2 0 R]>>"
            .to_owned(),
    ] {
        assert!(read("a.pdf", format!("%PDF-1.7\n{body}").as_bytes()).is_some_and(|read| read.is_err()));
    }
}
