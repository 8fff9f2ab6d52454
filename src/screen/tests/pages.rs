//! The page about screening says what the code does.

use super::preset;
use crate::screen::{Boundary, Kind, Treatment, detectors};

const PAGE: &str = include_str!("../../../docs/screening.md");

#[test]
fn the_page_describes_every_kind_and_every_kind_has_a_detector() {
    for kind in Kind::ALL {
        assert!(PAGE.contains(&format!("\n| `{kind}` | ")), "{kind} has no row");
        assert!(detectors().any(|about| about.kind == kind), "{kind} has no detector");
    }
}

#[test]
fn the_page_shows_what_the_presets_mask_and_hold() {
    for name in Boundary::presets() {
        let row = PAGE.lines().find(|line| line.starts_with(&format!("| `{name}`"))).unwrap();
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let listed = |cell: &str, kind: Kind| cell.split(", ").any(|word| word == kind.name());
        let boundary = preset(name);
        for kind in Kind::ALL {
            let treatment = boundary.treatment(kind);
            assert_eq!(listed(cells[3], kind), treatment == Treatment::Redact, "{name} masks {kind}");
            let holds = listed(cells[4], kind) || (cells[4] == "everything else" && !listed(cells[2], kind));
            assert_eq!(holds, treatment == Treatment::Hold, "{name} holds {kind}");
        }
    }
}
