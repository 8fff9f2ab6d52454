//! Where the configuration file is looked for. Own file because commands that write a configuration need the same answer.

use std::path::{Path, PathBuf};

/// Name of the file.
pub const FILE_NAME: &str = "opspilot.toml";

/// The places that are looked at when no file is named, in order: the current folder, the user's configuration folder, the system's.
pub fn places(var: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let set = |name: &str| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG base directory specification asks to ignore a relative path here.
    let user = set("XDG_CONFIG_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".config")));
    let mut places = vec![PathBuf::from(FILE_NAME)];
    places.extend(user.map(|dir| dir.join("opspilot").join(FILE_NAME)));
    places.push(Path::new("/etc/opspilot").join(FILE_NAME));
    places
}

/// The file that was given, whether it is there or not; otherwise the first of [`places`] that is there. `var` reads an environment
/// variable.
pub fn find_file(given: Option<&Path>, var: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    given.map(Path::to_path_buf).or_else(|| places(var).into_iter().find(|place| place.exists()))
}
