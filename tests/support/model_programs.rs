//! Real servers of models on loopback for one test: LiteLLM's proxy, and llama.cpp with a model made on the spot, each under a Python of
//! its own that `cargo xtask test` sets up. Own file, standard library only, because several kinds of test include it. INVARIANT: they end
//! with the test that started them, also when that is killed: each ends with its standard input.

use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What is installed, in these versions; the folder's name changes with them.
pub(crate) const PACKAGES: [&str; 2] = ["litellm[proxy]==1.106.2", "xllamacpp==2026.10.11549"];
/// The folder within the home folder.
const FOLDER: &str = ".cache/opspilot/models-1.106.2-11549";

/// A key that LiteLLM takes.
pub(crate) const GATEWAY_KEY: &str = "sk-gateway";
/// The key that llama.cpp takes.
pub(crate) const LLAMA_KEY: &str = "tiny-key";

/// A running server; ends when dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    /// Where it listens on loopback.
    pub(crate) port: u16,
}

impl Program {
    /// LiteLLM's proxy, before a server at `upstream`; keeps its files in `folder`, which the caller owns.
    ///
    /// # Errors
    /// `NotFound` when it is not installed.
    pub(crate) fn litellm(folder: &Path, upstream: &str) -> io::Result<Self> {
        Self::start(include_str!("litellm_gateway.py"), folder, &[upstream])
    }

    /// llama.cpp's server with the model `tiny`.
    ///
    /// # Errors
    /// `NotFound` when it is not installed.
    pub(crate) fn llama(folder: &Path) -> io::Result<Self> {
        Self::start(include_str!("llama.py"), folder, &[])
    }

    fn start(program: &str, folder: &Path, args: &[&str]) -> io::Result<Self> {
        let python = python().ok_or_else(|| {
            let text = "LiteLLM and llama.cpp are not installed here; run `cargo xtask test`, which installs them";
            io::Error::new(io::ErrorKind::NotFound, text)
        })?;
        let log = folder.join("program.log");
        let mut child = Command::new(python)
            .args(["-c", program])
            .arg(folder)
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log)?)
            .spawn()?;
        let mut line = String::new();
        if let Some(said) = child.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let Ok(port) = line.trim().parse() else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::other(format!("it did not start: {}", std::fs::read_to_string(log)?)));
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

/// The Python that has them. A file written last says that the installation was finished.
pub(crate) fn python() -> Option<PathBuf> {
    let place = place();
    Some(place.join("bin/python")).filter(|python| python.exists() && place.join("complete").exists())
}
