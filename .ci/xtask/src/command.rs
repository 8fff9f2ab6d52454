//! Running other programs: said before, never reading from the terminal, and an error that names the command.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A command about to be run in the project's folder.
#[derive(Debug)]
pub(crate) struct Task(Command);

/// The project's folder: two above this package.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_owned).unwrap_or_default()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |told| root().join(told))
}

/// Any program.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Task {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    Task(command)
}

/// The cargo that runs us, with these arguments.
pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Task {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).args(args)
}

impl Task {
    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    fn line(&self) -> String {
        let program = Path::new(self.0.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let args = self.0.get_args().map(|arg| arg.to_string_lossy().into_owned());
        std::iter::once(program).chain(args).collect::<Vec<_>>().join(" ")
    }

    /// Runs it; an error when it fails.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let line = self.line();
        eprintln!("\n$ {line}");
        let status = self.0.status().map_err(|cause| io::Error::other(format!("`{line}`: {cause}")))?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("`{line}` failed ({status})"))) }
    }

    /// Runs it, shows all that it says, and gives it back too; whether it went well.
    pub(crate) fn overheard(mut self) -> io::Result<(bool, String)> {
        use std::io::{BufRead as _, BufReader};
        let line = self.line();
        eprintln!("\n$ {line}");
        let wrong = |cause: io::Error| io::Error::other(format!("`{line}`: {cause}"));
        // Both streams into one pipe, so that they stay in order.
        let (reader, writer) = io::pipe()?;
        self.0.stdout(writer.try_clone()?).stderr(writer);
        let mut child = self.0.spawn().map_err(wrong)?;
        // Our own ends of the pipe must go, or it never ends.
        drop(self.0);
        let mut heard = String::new();
        for said in BufReader::new(reader).split(b'\n') {
            let said = said?;
            let said = String::from_utf8_lossy(&said);
            eprintln!("{said}");
            heard.push_str(&said);
            heard.push('\n');
        }
        Ok((child.wait()?.success(), heard))
    }

    /// Whether it can be run and goes well, in silence.
    pub(crate) fn works(mut self) -> bool {
        self.0.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }
}
