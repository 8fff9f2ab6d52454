//! A real Redmine (Debian's, 5.0) on loopback with a database of its own, one for all tests of a run. Own file, because the connector's
//! tests, the daemon's and the project's own commands include it. The database is made once and copied: that takes a quarter of a minute.

use super::leased::{self, Leased, Server};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts it.
const PROGRAM: &str = "/usr/share/redmine";
/// What is put into it.
const SEED: &str = include_str!("redmine_seed.rb");

/// An account there; the rights of each stand in the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Account {
    /// All that is needed and nothing more; tasks are taken back by a status.
    Writer,
    /// May delete too.
    Remover,
    /// May not make notes private.
    Public,
    /// Sees issues and no private notes.
    Client,
    /// A person who works there.
    Agent,
    /// May do everything.
    Admin,
}

impl Account {
    /// Its key.
    pub(crate) fn key(self) -> String {
        self.digit().repeat(40)
    }

    /// Its key for feeds, in which Redmine shows texts as its pages do.
    pub(crate) fn feed_key(self) -> String {
        format!("f{}", self.digit().repeat(39))
    }

    fn digit(self) -> &'static str {
        match self {
            Self::Writer => "1",
            Self::Remover => "2",
            Self::Public => "3",
            Self::Client => "4",
            Self::Agent => "5",
            Self::Admin => "a",
        }
    }
}

struct Redmine;

/// The server of this run.
///
/// # Errors
/// `NotFound` when it is not installed.
pub(crate) fn start() -> io::Result<Leased> {
    if !is_installed() {
        let text = "Redmine is not installed here; run `cargo xtask test`, which installs it, or `apt-get install redmine redmine-sqlite puma`";
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    leased::lease::<Redmine>()
}

/// Whether it can be started.
pub(crate) fn is_installed() -> bool {
    let puma = ["/usr/bin/puma", "/usr/local/bin/puma"].iter().any(|file| Path::new(file).exists());
    puma && Path::new(PROGRAM).join("config.ru").exists()
}

/// Makes what servers are copied from, unless it is there; where it is.
///
/// # Errors
/// What Redmine said.
pub(crate) fn prepare() -> io::Result<PathBuf> {
    let version = std::fs::read_to_string(Path::new(PROGRAM).join("lib/redmine/version.rb"))?;
    leased::kept("redmine", &[&version, SEED], |place| {
        run(Command::new("cp").args(["-a", &format!("{PROGRAM}/."), "."]).current_dir(place))?;
        // Links that lead to Debian's own instance.
        for link in ["Gemfile.lock", "instances", "config/database.yml"] {
            let _ = std::fs::remove_file(place.join(link));
        }
        for folder in ["tmp/pdf", "tmp/pids", "log", "files", "plugins", "public/plugin_assets", "instances"] {
            std::fs::create_dir_all(place.join(folder))?;
        }
        std::os::unix::fs::symlink("..", place.join("instances/default"))?;
        let database = "production:\n  adapter: sqlite3\n  database: db/tests.sqlite\n  timeout: 20000\n";
        std::fs::write(place.join("config/database.yml"), database)?;
        let gems = std::fs::read_to_string(place.join("Gemfile"))?;
        let debians = "Dir['/usr/share/redmine/{config,instances/*/config}/database.yml']";
        std::fs::write(place.join("Gemfile"), gems.replace(debians, "Dir[File.join(__dir__, 'config/database.yml')]"))?;
        std::fs::write(place.join("Gemfile.local"), "gem 'puma'\n")?;
        std::fs::write(place.join("seed.rb"), SEED)?;
        for args in [&["install", "--local", "--quiet"][..], &["exec", "ruby", "seed.rb"]] {
            run(Command::new("bundle").args(args).current_dir(place).envs(Redmine::variables(place)))?;
        }
        Ok(())
    })
}

fn run(command: &mut Command) -> io::Result<()> {
    leased::run(command).map(|_| ())
}

impl Server for Redmine {
    const NAME: &'static str = "redmine";
    const QUESTION: &'static str = "/issues.json";

    fn furnish(folder: &Path, _port: u16) -> io::Result<()> {
        let place = prepare()?;
        run(Command::new("cp").args(["-a", &format!("{}/.", place.display()), "."]).current_dir(folder))
    }

    fn command(_folder: &Path, port: u16) -> Vec<String> {
        let place = format!("tcp://127.0.0.1:{port}");
        // One request at a time: two that write at once are more than its SQLite bears.
        ["bundle", "exec", "puma", "-e", "production", "-t", "1:1", "-b", &place].map(str::to_owned).into()
    }

    fn variables(folder: &Path) -> Vec<(String, String)> {
        let folder = folder.display().to_string();
        let gems = format!("{folder}/Gemfile");
        [
            ("HOME", folder.as_str()),
            ("RAILS_ENV", "production"),
            ("BUNDLE_WITHOUT", "test"),
            ("BUNDLE_GEMFILE", &gems),
            // Signs cookies of browsers, of which there are none.
            ("SECRET_KEY_BASE", &"0123456789abcdef".repeat(8)),
            ("SCHEMA", "/dev/null"),
            ("REDMINE_LANG", "en"),
            ("RUBYOPT", "-W0"),
            ("LANG", "C.UTF-8"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }
}
