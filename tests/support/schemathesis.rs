//! Schemathesis: a program that reads an interface's own description, asks for everything in it in all ways it can think of, right and
//! wrong, and holds every answer against the description. Own file, standard library only, because the project's own commands install it.

use std::io;
use std::path::PathBuf;

/// In this version; the folder's name changes with it.
pub(crate) const PACKAGES: [&str; 1] = ["schemathesis==4.32.5"];
/// The folder within the home folder.
const FOLDER: &str = ".cache/opspilot/schemathesis-4.32.5";

/// Where it is installed, under a Python of its own.
pub(crate) fn place() -> PathBuf {
    std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default().join(FOLDER)
}

/// The program. A file written last says that the installation was finished.
///
/// # Errors
/// `NotFound` when it is not installed.
pub(crate) fn program() -> io::Result<PathBuf> {
    let place = place();
    let program = Some(place.join("bin/schemathesis")).filter(|file| file.exists() && place.join("complete").exists());
    let text = "Schemathesis is not installed here; run `cargo xtask test`, which installs it";
    program.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, text))
}
