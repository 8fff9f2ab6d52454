//! Programs of Node's world on loopback for one test, from packages that `cargo xtask test` puts into a folder of their own. Own file,
//! standard library only, because several kinds of test include it. INVARIANT: they end with the test that started them, also when that
//! is killed: each ends with its standard input.

use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What is installed, in these versions; the folder's name changes with them.
pub(crate) const PACKAGES: [&str; 1] = ["@stoplight/prism-cli@5.14.2"];
/// The folder within the home folder.
const FOLDER: &str = ".cache/opspilot/node-prism-5.14.2";

/// A running program; ends when dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    /// Where it listens on loopback.
    pub(crate) port: u16,
}

impl Program {
    /// Prism, with a document of OpenAPI.
    ///
    /// # Errors
    /// `NotFound` when it is not installed.
    pub(crate) fn prism(document: &Path) -> io::Result<Self> {
        let modules = modules().ok_or_else(|| {
            let text = "Prism is not installed here; run `cargo xtask test`, which installs it";
            io::Error::new(io::ErrorKind::NotFound, text)
        })?;
        let mut child = Command::new("node")
            .args(["-e", include_str!("prism.js"), "prism.js"])
            .args([modules.as_path(), document])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(said) = child.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let Ok(port) = line.trim().parse() else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::other("it told no port; what it said stands above"));
        };
        Ok(Self { child, port })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where they are installed.
pub(crate) fn place() -> PathBuf {
    std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default().join(FOLDER)
}

/// The folder of the packages. A file written last says that the installation was finished.
pub(crate) fn modules() -> Option<PathBuf> {
    let place = place();
    Some(place.join("node_modules")).filter(|modules| modules.exists() && place.join("complete").exists())
}
