//! A server that is slow to start, one for all tests of a run, each of which is a process of its own. Own file, standard library only,
//! because every kind of test includes it. The runner of the tests is the parent of each: the first test that wants a server starts it
//! under a warden, a shell that ends it and removes its folder when the runner is gone, however it went.
//!
//! INVARIANT: only what was started here is ever ended, by the process that is its parent.

use std::fs::File;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::{CommandExt as _, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The longest time to wait for a server to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the server as its child, ends it when the runner is gone, and removes the folder then.
const WARDEN: &str = r#"folder=$1 runner=$2; shift 2
"$@" >"$folder/said" 2>&1 </dev/null & server=$!
(tail --pid="$runner" -f /dev/null; kill "$server" 2>/dev/null) &
wait "$server"
[ -d "/proc/$runner" ] || rm -rf "$folder" "$folder.lock""#;

/// How a server is made.
pub(crate) trait Server {
    /// A short name for its folder.
    const NAME: &'static str;

    /// Puts all that it needs into its folder.
    fn furnish(folder: &Path, port: u16) -> io::Result<()>;

    /// What to run in the folder.
    fn command(folder: &Path, port: u16) -> Vec<String>;

    /// What must be set for it to run.
    fn variables(folder: &Path) -> Vec<(String, String)>;

    /// A request that it answers when it is ready.
    const QUESTION: &'static str;
}

/// Where a running server is.
#[derive(Clone, Debug)]
pub(crate) struct Leased {
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
}

/// The server of this run, started when it is not.
///
/// # Errors
/// What it said when it does not start.
pub(crate) fn lease<S: Server>() -> io::Result<Leased> {
    let runner = parent_id();
    let folder = std::env::temp_dir().join(format!("opspilot-{}-{runner}", S::NAME));
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    if let Some(port) = running::<S>(&folder) {
        return Ok(Leased { folder, port });
    }
    // What is left of a runner that had the same number.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder)?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    if let Err(cause) = S::furnish(&folder, port) {
        let _ = std::fs::remove_dir_all(&folder);
        let _ = std::fs::remove_file(folder.with_extension("lock"));
        return Err(cause);
    }
    let account = account()?;
    if let Some((user, group)) = account {
        give(&folder, user, group)?;
        std::os::unix::fs::chown(folder.with_extension("lock"), Some(user), Some(group))?;
    }
    let mut warden = Command::new("sh");
    warden.args(["-c", WARDEN, "warden"]).arg(&folder).arg(runner.to_string()).args(S::command(&folder, port));
    warden.envs(S::variables(&folder)).current_dir(&folder);
    warden.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Its own group, so that an interrupt at the terminal reaches the runner first.
    warden.process_group(0);
    if let Some((user, group)) = account {
        warden.uid(user).gid(group);
    }
    let mut warden = warden.spawn()?;
    let begun = Instant::now();
    while !answers::<S>(port) {
        if begun.elapsed() > PATIENCE || warden.try_wait()?.is_some() {
            let said = std::fs::read_to_string(folder.join("said")).unwrap_or_default();
            return Err(io::Error::other(format!("{} did not start: {said}", S::NAME)));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::write(folder.join("port"), port.to_string())?;
    Ok(Leased { folder, port })
}

fn answers<S: Server>(port: u16) -> bool {
    ask(port, "GET", S::QUESTION, &[], "").is_ok()
}

fn running<S: Server>(folder: &Path) -> Option<u16> {
    let port = std::fs::read_to_string(folder.join("port")).ok()?.parse().ok()?;
    answers::<S>(port).then_some(port)
}

/// Asks a server over HTTP as a person's browser or program would; status and body.
///
/// # Errors
/// It does not answer in HTTP.
pub(crate) fn ask(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<(u16, String)> {
    use std::io::{Read as _, Write as _};
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // Of HTTP 1.0 an answer ends with its connection.
    let mut asked = format!("{method} {path} HTTP/1.0\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        asked.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{asked}\r\n{body}").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("it does not answer in HTTP"))?;
    Ok((status, body.to_owned()))
}

/// What is made once and copied often: in a folder of this account's own, made anew by `make` when one of `marks` changes. Whoever makes it
/// at the same time makes the same.
pub(crate) fn kept(name: &str, marks: &[&str], make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    marks.hash(&mut hasher);
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let place = home.join(format!(".cache/opspilot/{name}-{:016x}", hasher.finish()));
    if place.exists() {
        return Ok(place);
    }
    let draft = place.with_extension(std::process::id().to_string());
    let _ = std::fs::remove_dir_all(&draft);
    std::fs::create_dir_all(&draft)?;
    if let Err(cause) = make(&draft) {
        let _ = std::fs::remove_dir_all(&draft);
        return Err(cause);
    }
    match std::fs::rename(&draft, &place) {
        Err(_) if place.exists() => std::fs::remove_dir_all(&draft)?,
        renamed => renamed?,
    }
    Ok(place)
}

/// Runs a program and says what it said when it failed.
pub(crate) fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(io::Error::other(format!("{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr))))
}

/// The account that a server runs as when this process is root, which is more than it needs.
fn account() -> io::Result<Option<(u32, u32)>> {
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    let line = accounts.lines().find_map(|line| line.strip_prefix("nobody:"));
    let mut fields = line.into_iter().flat_map(|line| line.split(':')).skip(1);
    let mut number = || fields.next().and_then(|field| field.parse().ok());
    match (number(), number()) {
        (Some(user), Some(group)) => Ok(Some((user, group))),
        _ => Err(io::Error::other("no account `nobody` to run a server as")),
    }
}

fn give(path: &Path, user: u32, group: u32) -> io::Result<()> {
    std::os::unix::fs::lchown(path, Some(user), Some(group))?;
    if path.symlink_metadata()?.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give(&entry?.path(), user, group)?;
        }
    }
    Ok(())
}
