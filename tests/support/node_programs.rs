//! Programs of Node's world on loopback for one test, from packages that `cargo xtask test` puts into a folder of their own. Own file,
//! standard library only, because several kinds of test include it. INVARIANT: they end with the test that started them, also when that
//! is killed: each ends with its standard input.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What is installed together.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// What it is, for a person.
    pub(crate) name: &'static str,
    /// In these versions; the folder's name changes with them.
    pub(crate) packages: &'static [&'static str],
    /// The folder within the home folder.
    folder: &'static str,
}

/// Mocks of interfaces that are published as documents.
pub(crate) const PRISM: Bundle =
    Bundle { name: "Prism", packages: &["@stoplight/prism-cli@5.14.2"], folder: ".cache/opspilot/node-prism-5.14.2" };

/// Libraries that were written for vendors, to be run against our stand-ins of these.
pub(crate) const CLIENTS: Bundle = Bundle {
    name: "the vendors' client libraries",
    packages: &[
        "@hubspot/api-client@13.5.0",
        "pipedrive@33.7.0",
        "jsforce@3.10.14",
        "node-zendesk@6.0.1",
        "jira.js@5.4.0",
        "freshdesk-api@3.1.0",
    ],
    folder: ".cache/opspilot/node-clients-13.5.0-33.7.0-3.10.14-6.0.1-5.4.0-3.1.0",
};

/// The library by which receivers of Standard Webhooks check signatures.
pub(crate) const WEBHOOKS: Bundle = Bundle {
    name: "Standard Webhooks' own library",
    packages: &["standardwebhooks@1.1.1"],
    folder: ".cache/opspilot/node-standardwebhooks-1.1.1",
};

/// A provider of single sign-on.
pub(crate) const OIDC: Bundle = Bundle {
    name: "a provider of single sign-on (oidc-provider)",
    packages: &["oidc-provider@9.5.2"],
    folder: ".cache/opspilot/node-oidc-provider-9.5.2",
};

/// What steers a browser, judges pages by rules of accessibility, and scores them.
pub(crate) const BROWSER: Bundle = Bundle {
    name: "what steers and judges the browser (Playwright, axe, Lighthouse)",
    packages: &["playwright-core@1.56.1", "axe-core@4.10.3", "lighthouse@12.8.2"],
    folder: ".cache/opspilot/node-browser-1.56.1-4.10.3-12.8.2",
};

/// Where Debian and others put the browser itself.
const BROWSERS: [&str; 4] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/local/bin/chromium"];

/// Where Chromium is.
pub(crate) fn chromium() -> Option<&'static str> {
    BROWSERS.into_iter().find(|file| Path::new(file).exists())
}

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
        let modules = PRISM.sure()?;
        let child = Command::new("node")
            .args(["-e", include_str!("prism.js"), "prism.js"])
            .args([modules.as_path(), document])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Self::told(child)
    }

    /// A provider of single sign-on that sends browsers back to `back` and signs by `algorithm`.
    ///
    /// # Errors
    /// `NotFound` when it is not installed.
    pub(crate) fn oidc(back: &str, algorithm: &str) -> io::Result<Self> {
        let modules = OIDC.sure()?;
        let child = Command::new("node")
            .args(["-e", include_str!("oidc.js"), "oidc.js"])
            .arg(modules)
            .arg(back)
            .env("ALGORITHM", algorithm)
            .env("NODE_NO_WARNINGS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Self::told(child)
    }

    fn told(mut child: Child) -> io::Result<Self> {
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

/// A vendor's client library does what `vendor_clients.js` has for it; what it saw, as JSON.
///
/// # Errors
/// `NotFound` when it is not installed; what it said when it failed.
pub(crate) fn client(vendor: &str, given: &str) -> io::Result<String> {
    told(
        vendor,
        given,
        Command::new("node").args(["-e", include_str!("vendor_clients.js"), "vendor_clients.js"]).arg(CLIENTS.sure()?),
    )
}

/// A receiver of Standard Webhooks takes a delivery, `{"secret": …, "headers": {…}, "body": …}`, and says what it understood, as JSON.
///
/// # Errors
/// `NotFound` when the library is not installed; what it said when it refused the delivery.
pub(crate) fn receiver(given: &str) -> io::Result<String> {
    const PROGRAM: &str = "const { Webhook } = require(process.argv[2] + '/standardwebhooks');\n\
        const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n\
        new Webhook(given.secret).verify(given.body || '', given.headers, { jsonParse: false });\n\
        console.log(given.body || 'null');";
    told("receiver", given, Command::new("node").args(["-e", PROGRAM, "receiver.js"]).arg(WEBHOOKS.sure()?))
}

fn told(vendor: &str, given: &str, command: &mut Command) -> io::Result<String> {
    let mut child = command.arg(vendor).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(given.as_bytes())?;
    }
    let ended = child.wait_with_output()?;
    if ended.status.success() && !ended.stdout.is_empty() {
        return String::from_utf8(ended.stdout).map_err(io::Error::other);
    }
    Err(io::Error::other(format!("{vendor}: {}", String::from_utf8_lossy(&ended.stderr))))
}

impl Bundle {
    /// Where it is installed.
    pub(crate) fn place(&self) -> PathBuf {
        std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default().join(self.folder)
    }

    /// The folder of its packages. A file written last says that the installation was finished.
    pub(crate) fn modules(&self) -> Option<PathBuf> {
        let place = self.place();
        Some(place.join("node_modules")).filter(|modules| modules.exists() && place.join("complete").exists())
    }

    /// The folder of its packages, or that they are missing and what to do.
    pub(crate) fn sure(&self) -> io::Result<PathBuf> {
        let text = || format!("{} is not installed here; run `cargo xtask test`, which installs it", self.name);
        self.modules().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, text()))
    }
}
