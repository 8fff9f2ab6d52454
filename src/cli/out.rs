//! Where a command writes: data on standard output, for people or as JSON; everything else on standard error. Own file because colour,
//! width and a reader that went away are decided once. INVARIANT: nothing but data reaches standard output.

use super::failure::Failure;
use super::table::Table;
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write as _};

/// The two ways out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    /// Data as JSON.
    pub(crate) json: bool,
    /// Colours and bold on standard output.
    pub(crate) colour: bool,
    /// Columns of the terminal; `None` when output goes elsewhere.
    pub(crate) width: Option<usize>,
}

impl Out {
    /// As the environment says: `COLUMNS`, `NO_COLOR`, and whether standard output is a terminal.
    pub(crate) fn new(json: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        let terminal = io::stdout().is_terminal();
        let plain =
            variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || variable("TERM").as_deref() == Some("dumb");
        let told = variable("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
        let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = told.or_else(|| if terminal { measured() } else { None });
        Self { json, colour: terminal && !plain, width }
    }

    /// Columns to wrap running text at.
    pub(crate) fn page(&self) -> usize {
        self.width.unwrap_or(100).clamp(30, 120)
    }

    /// Writes text, and a line end when it has none.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        self.bytes(format!("{text}{end}").as_bytes())
    }

    /// Writes bytes as they are. A reader that went away, such as `head`, wants no more; what a check found still decides the exit status.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => Err(Failure::output(&cause)),
            _ => Ok(()),
        }
    }

    /// Writes a value as JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|cause| {
            Failure::failed(format!("cannot write this as JSON: {cause}; please report it (OP-9102)"))
        })?;
        self.text(&text)
    }

    /// Writes a table, and says what of it found no room.
    pub(crate) fn table(&self, table: &Table) -> Result<(), Failure> {
        self.text(&table.render(self.width, self.colour))?;
        let left_out = table.left_out(self.width);
        if !left_out.is_empty() {
            self.say(&format!("no room for: {}; widen the terminal, or add `--json`", left_out.join(", ")));
        }
        Ok(())
    }

    /// Bold, where there is colour.
    pub(crate) fn bold(&self, text: &str) -> String {
        if self.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Says something on standard error. Who closed it does not want to hear.
    pub(crate) fn say(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// A bar for long work; it shows when standard error is a terminal.
    pub(crate) fn bar(&self, total: u64, what: &'static str) -> indicatif::ProgressBar {
        let bar = indicatif::ProgressBar::with_draw_target(Some(total), indicatif::ProgressDrawTarget::stderr());
        if let Ok(style) = indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar
    }
}
