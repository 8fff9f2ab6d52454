//! Room on the disk that the data folder lies on. Own file because readiness, metrics and `doctor` ask the same question. INVARIANT: a
//! disk that can take nothing more is told before the next commit fails.

use crate::web::Check;
use std::path::Path;

/// Less room than this, in bytes, and the daemon calls itself unready: commits and the folding back of the log are about to fail.
const LEAST: u64 = 16 << 20;
/// On a small disk it is this part of it.
const PART: u64 = 20;

/// What a disk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Bytes that we may still write.
    pub(crate) free: u64,
    /// Bytes in all.
    pub(crate) size: u64,
    /// Whether it can be written at all.
    pub(crate) writable: bool,
}

impl Room {
    /// Room where a path lies (`statvfs`, POSIX.1-2017); `None` when the system does not tell.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        let told = rustix::fs::statvfs(path).ok()?;
        Some(Self {
            free: told.f_bavail.saturating_mul(told.f_frsize),
            size: told.f_blocks.saturating_mul(told.f_frsize),
            writable: !told.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
        })
    }

    fn suffices(self) -> bool {
        self.writable && self.free >= LEAST.min(self.size / PART)
    }
}

/// What `/readyz` tells about the disk.
pub(super) fn check(folder: &Path) -> Check {
    let (ok, detail) = match Room::at(folder) {
        None => (true, "the system does not tell how much room there is".to_owned()),
        Some(room) if !room.writable => (false, "the disk of the data folder cannot be written".to_owned()),
        Some(room) if !room.suffices() => (false, format!("{} MB left; make room", room.free / 1_000_000)),
        Some(room) => (true, format!("{} MB left", room.free / 1_000_000)),
    };
    Check { name: "disk".to_owned(), ok, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_or_cannot_be_written_does_not_suffice() {
        let room = |free, size, writable| Room { free, size, writable }.suffices();
        assert!(room(LEAST, 1 << 40, true) && !room(LEAST - 1, 1 << 40, true));
        assert!(room(1 << 20, 20 << 20, true) && !room((1 << 20) - 1, 20 << 20, true), "a small disk");
        assert!(!room(1 << 40, 1 << 40, false));
    }

    #[test]
    fn the_room_of_a_folder_is_told() {
        let room = Room::at(&std::env::temp_dir()).unwrap();
        assert!(room.size > 0 && room.free <= room.size);
        assert_eq!(Room::at(Path::new("/no/such/folder")), None);
    }
}
