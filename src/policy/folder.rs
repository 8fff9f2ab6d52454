//! Reads a policy folder: the only I/O of the room.
//!
//! Its own file so that everything else stays pure. Strict on purpose: a file that is not understood is
//! a problem, never skipped, because a prohibition lost to a misspelt ending would open a door silently.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::problem::{Code, Problem, Problems};
use super::shipped;

/// Largest policy file, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Most entries in a folder.
const MAX_FILES: usize = 256;
/// The file with the version of the operator's policies.
const VERSION: &str = "VERSION";

/// What a folder holds, read but not yet judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// Policy files by name, the program's own left out.
    pub(super) files: Vec<(String, String)>,
    /// The number in `VERSION`; 0 without one.
    pub(super) version: u64,
}

impl Folder {
    /// Reads `dir`.
    ///
    /// # Errors
    /// Everything that keeps the folder from being understood, all at once.
    pub(super) fn read(dir: &Path) -> Result<Self, Problems> {
        let place = dir.display().to_string();
        let unreadable = |error: std::io::Error| {
            Problems::from(whole(
                &place,
                Code::Folder,
                format!("the policy folder cannot be read: {error}"),
                "create it with your policies in it, or remove `policies` from the configuration to use those of the program",
            ))
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            names.push(name);
            if names.len() > MAX_FILES {
                return Err(whole(
                    &place,
                    Code::Folder,
                    format!("the policy folder holds more than {MAX_FILES} entries"),
                    "check that it is the folder you meant, and keep only policies in it",
                )
                .into());
            }
        }
        names.sort();

        let mut problems = Vec::new();
        let mut folder = Self { files: Vec::new(), version: 0 };
        for name in names {
            let Some(name) = name.to_str() else {
                problems.push(stranger(&name.to_string_lossy()));
                continue;
            };
            // Hidden entries are how editors and mounted volumes keep their own things.
            if name.starts_with('.') || name.ends_with(".md") {
                continue;
            }
            let known = name.ends_with(".cedar") || name == VERSION || name == shipped::SCHEMA.0;
            if !known {
                problems.push(stranger(name));
                continue;
            }
            match read_text(&dir.join(name)) {
                Err(message) => problems.push(whole(
                    name,
                    Code::Folder,
                    message,
                    "restore the file, or make it readable for the user that runs the program",
                )),
                Ok(text) => folder.take(name, text, &mut problems),
            }
        }
        if folder.files.is_empty() && problems.is_empty() {
            problems.push(whole(
                &place,
                Code::Folder,
                "the policy folder holds no policies".to_owned(),
                "put your `.cedar` files there; an empty folder would deny everything to everybody",
            ));
        }
        Problems::or_none(problems)?;
        Ok(folder)
    }

    fn take(&mut self, name: &str, text: String, problems: &mut Vec<Problem>) {
        let own = [shipped::SCHEMA, shipped::FLOOR].into_iter().find(|(own, _)| *own == name);
        if let Some((_, original)) = own {
            // A checkout may turn line ends around; that changes no rule.
            if text.replace("\r\n", "\n") != original {
                problems.push(whole(
                    name,
                    Code::Foreign,
                    "this file belongs to the program and differs from this release's".to_owned(),
                    "delete it or put this release's in its place; write rules of your own in files of your own",
                ));
            }
        } else if name == VERSION {
            match text.trim().parse() {
                Ok(version) => self.version = version,
                Err(_) => problems.push(whole(
                    name,
                    Code::Downgrade,
                    "`VERSION` does not hold a whole number".to_owned(),
                    "write one number in it and raise it with every change of the policies",
                )),
            }
        } else {
            self.files.push((name.to_owned(), text));
        }
    }
}

/// A problem with a file as a whole.
pub(super) fn whole(file: &str, code: Code, message: String, remedy: &str) -> Problem {
    Problem { code, file: file.to_owned(), line: None, column: None, message, remedy: remedy.to_owned() }
}

fn stranger(name: &str) -> Problem {
    whole(
        name,
        Code::Folder,
        "a policy folder holds only `*.cedar`, `VERSION`, `schema.cedarschema` and `*.md`".to_owned(),
        "end the name in `.cedar` if it is a policy, else move it elsewhere",
    )
}

fn read_text(path: &Path) -> Result<String, String> {
    // Looked at before it is opened: opening a named pipe would wait for ever.
    let kind = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if !kind.is_file() {
        return Err("is not a file".to_owned());
    }
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(|error| format!("cannot be read: {error}"))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("is larger than {MAX_FILE_BYTES} bytes"));
    }
    Ok(text)
}
