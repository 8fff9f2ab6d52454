//! The example requests that come with the program. Own file because it is the one list of them; a test holds it against the folder.

/// How an example arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// Posted to the webhook, signed.
    Webhook,
    /// Copied into the drop folder: a request per row.
    Drop,
    /// Handed in by hand.
    Hand,
}

/// An example.
#[derive(Clone, Copy, Debug)]
pub(super) struct Example {
    /// Name of its file.
    pub(super) name: &'static str,
    /// Its text.
    pub(super) text: &'static str,
}

impl Example {
    /// How it arrives.
    pub(super) fn road(&self) -> Road {
        match self.name.rsplit_once('.') {
            Some((_, "json")) => Road::Webhook,
            Some((_, "csv")) => Road::Drop,
            _ => Road::Hand,
        }
    }

    /// How many requests it becomes.
    pub(super) fn requests(&self) -> usize {
        if self.road() == Road::Drop { self.text.lines().count().saturating_sub(1) } else { 1 }
    }
}

macro_rules! examples {
    ($($name:literal),+ $(,)?) => {
        /// Every example, in order.
        pub(super) const EXAMPLES: &[Example] =
            &[$(Example { name: $name, text: include_str!(concat!("../../../workflows/examples/", $name)) }),+];
    };
}

examples![
    "01-order-automation.json",
    "02-shop-outage.json",
    "03-double-charge.json",
    "04-new-starters.json",
    "05-workshop-booking.json",
    "06-data-deletion.json",
    "07-late-delivery.json",
    "08-hosting-questions.json",
    "09-wartungsvertrag.json",
    "10-bank-details.eml",
    "11-forwarded-leak.eml",
    "12-monday-batch.csv",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/workflows/examples");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, EXAMPLES.iter().map(|example| example.name).collect::<Vec<_>>());
    }

    #[test]
    fn every_road_is_taken() {
        for road in [Road::Webhook, Road::Drop, Road::Hand] {
            assert!(EXAMPLES.iter().any(|example| example.road() == road), "{road:?}");
        }
    }
}
