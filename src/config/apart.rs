//! Sources that would take the same items. Own file because no source sees another: each names its grounds, and they are held against each
//! other here. INVARIANT: folders are compared as the system would resolve them, links and `..` included, whether they exist yet or not;
//! nothing is made or opened.

use super::name_of;
use super::node::Node;
use super::problem::Code;
use super::read::Reader;
use super::settings::SourceSettings;
use opspilot_sdk::Ground;
use std::io;
use std::path::{Component, Path, PathBuf};

/// As many links as the system follows in one path.
const MOST_LINKS: u32 = 40;

/// A ground of a source, resolved.
struct Held<'s> {
    source: &'s str,
    /// The table of the source in the file.
    index: usize,
    key: &'static str,
    ground: Ground,
}

/// Refuses every source that would take what another takes, or has put aside. `written` are the tables of the sources.
pub(super) fn judge(reader: &mut Reader, written: &[Node], sources: &[SourceSettings], data_dir: &Path) {
    let (mut takes, mut leaves) = (Vec::new(), Vec::new());
    for source in sources {
        let Some(index) = written.iter().position(|node| name_of(node) == Some(source.name.as_str())) else { continue };
        let held = |(key, ground): &(&'static str, Ground)| Held {
            source: &source.name,
            index,
            key,
            ground: resolved(ground, data_dir),
        };
        let grounds = source.prepared.grounds();
        takes.extend(grounds.takes.iter().map(held));
        leaves.extend(grounds.leaves.iter().map(held));
    }
    for (at, one) in takes.iter().enumerate() {
        if let Some(first) = takes.iter().take(at).find(|first| first.index != one.index && first.ground == one.ground)
        {
            let message = format!(
                "source `{}` takes from {}, and source `{}` does too: an item would go to whichever is first, or to both",
                one.source,
                shown(&one.ground),
                first.source
            );
            refuse(reader, written, one, message);
        }
        for put in leaves.iter().filter(|put| overlap(one, put)) {
            let message = match put.index == one.index {
                true => format!(
                    "source `{}` takes from {} and puts what it has taken back there, so it would come again and again",
                    one.source,
                    shown(&one.ground)
                ),
                false => format!(
                    "source `{}` takes from {}, where source `{}` puts what it has taken ({}), so it would be taken twice",
                    one.source,
                    shown(&one.ground),
                    put.source,
                    shown(&put.ground)
                ),
            };
            refuse(reader, written, one, message);
        }
    }
}

/// Whether what `put` leaves is, or may become, what `one` takes. What a source leaves above its own folder never reaches it.
fn overlap(one: &Held<'_>, put: &Held<'_>) -> bool {
    match (&one.ground, &put.ground) {
        (Ground::Folder(taken), Ground::Folder(left)) if one.index != put.index => taken.starts_with(left),
        (taken, left) => taken == left,
    }
}

fn refuse(reader: &mut Reader, written: &[Node], one: &Held<'_>, message: String) {
    let key = format!("options.{}", one.key);
    let Some(node) = written.get(one.index) else { return };
    let place = node.place_of(&key).clone();
    let help = match one.ground {
        Ground::Folder(_) => "give each source folders of its own, or take one of the two out",
        Ground::Mailbox { .. } => "let each source read folders of its own, or take one of the two out",
    };
    reader.add(Code::Shared.as_str(), place, format!("source[{}].{key}", one.index), message, help);
}

fn shown(ground: &Ground) -> String {
    match ground {
        Ground::Folder(path) => format!("the folder `{}`", path.display()),
        Ground::Mailbox { server, account, folder } => format!("the folder `{folder}` of `{account}` at `{server}`"),
    }
}

fn resolved(ground: &Ground, data_dir: &Path) -> Ground {
    match ground {
        Ground::Folder(path) => Ground::Folder(resolve(&data_dir.join(path), MOST_LINKS)),
        mailbox @ Ground::Mailbox { .. } => mailbox.clone(),
    }
}

/// The path without links and `..`, as far as it exists; what does not exist yet is read as it would be made.
fn resolve(path: &Path, links: u32) -> PathBuf {
    let mut so_far = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                so_far.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                so_far.push(part);
                so_far = follow(so_far, links);
            }
        }
    }
    so_far
}

/// Where a path leads whose folder is resolved: a link to something that is missing leads to where it would be.
fn follow(path: PathBuf, links: u32) -> PathBuf {
    match (path.canonicalize(), path.read_link(), path.parent()) {
        (Ok(found), _, _) => found,
        (Err(cause), Ok(target), Some(folder)) if cause.kind() == io::ErrorKind::NotFound && links > 0 => {
            resolve(&folder.join(target), links - 1)
        }
        _ => path,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{MOST_LINKS, resolve};
    use std::os::unix::fs::symlink;
    use std::path::Path;

    #[test]
    fn one_folder_is_one_path_however_it_is_written() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        std::fs::create_dir_all(home.join("real/in")).unwrap();
        symlink("real", home.join("link")).unwrap();
        symlink(home.join("to come"), home.join("early")).unwrap();
        symlink("round", home.join("round")).unwrap();
        let at = |path: &str| resolve(&home.join(path), MOST_LINKS);
        for (written, expected) in [
            ("real/in", "real/in"),
            ("./real//in/", "real/in"),
            ("real/in/../in", "real/in"),
            ("link/in", "real/in"),
            // `..` behind a link leads to where the link points, not to where it stands.
            ("link/../real/in", "real/in"),
            ("link/in/..", "real"),
            ("missing/../real/in", "real/in"),
            ("missing/a/../b", "missing/b"),
            ("link/missing/in", "real/missing/in"),
            ("early/in", "to come/in"),
        ] {
            assert_eq!(at(written), home.join(expected), "{written}");
        }
        assert!(at("round/in").starts_with(&home), "a link in a circle ends");
        assert_eq!(resolve(Path::new("/../.."), MOST_LINKS), Path::new("/"));
    }
}
