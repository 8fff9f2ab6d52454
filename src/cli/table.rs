//! A table that fits the terminal: columns as wide as they need, and where that is too much, free text is cut first, then the columns that can
//! best be spared are left out. Own file because every list is shown by it. INVARIANT: cells hold one visible line each; a heading is never cut,
//! nor what names a row, nor, where a table says which columns give way, anything in the others: a line is rather too long.

use super::text;

/// Between two columns.
const GAP: usize = 2;
/// A column of which nothing is said keeps at least this, and its heading.
const LEAST: usize = 12;

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// Columns that give way and how much of them stays; where none is named, all but the first.
    gives: &'static [(&'static str, usize)],
    /// Columns that are left out where there is no room, the first of them first.
    spares: &'static [&'static str],
}

/// What of a table fits.
#[derive(Debug)]
struct Fit {
    /// Columns and how wide they are.
    columns: Vec<(usize, usize)>,
    /// Headings of columns that say something and found no room.
    left_out: Vec<&'static str>,
}

impl Table {
    /// With headings.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new(), gives: &[], spares: &[] }
    }

    /// The same with the columns of free text named, each with how many columns of the terminal it keeps: these alone are cut.
    pub(crate) fn gives(self, columns: &'static [(&'static str, usize)]) -> Self {
        debug_assert!(columns.iter().all(|(column, _)| self.headings.contains(column)), "{columns:?}");
        Self { gives: columns, ..self }
    }

    /// The same with the columns named that can be spared, the least important first.
    pub(crate) fn spares(self, columns: &'static [&'static str]) -> Self {
        debug_assert!(columns.iter().all(|column| self.headings.contains(column)), "{columns:?}");
        Self { spares: columns, ..self }
    }

    /// One more row; cells may hold anything.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| text::one_line(cell)).collect());
    }

    /// The same where the number of columns is only known at work.
    pub(crate) fn cells(&mut self, cells: &[String]) {
        self.rows.push(cells.iter().map(|cell| text::one_line(cell)).collect());
    }

    /// The table as lines, at most `width` columns wide where that can be (`None`: as wide as it gets).
    pub(crate) fn render(&self, width: Option<usize>, colour: bool) -> String {
        let Fit { columns, .. } = self.fit(width);
        let mut out = String::new();
        let headings: Vec<String> = self.headings.iter().map(|heading| heading.to_uppercase()).collect();
        let head = line(&headings, &columns);
        if colour {
            out.push_str(&format!("\u{1b}[1m{head}\u{1b}[0m\n"));
        } else {
            out.push_str(&head);
            out.push('\n');
        }
        for row in &self.rows {
            out.push_str(&line(row, &columns));
            out.push('\n');
        }
        out
    }

    /// Headings of the columns for which `width` has no room.
    pub(crate) fn left_out(&self, width: Option<usize>) -> Vec<&'static str> {
        self.fit(width).left_out
    }

    fn fit(&self, width: Option<usize>) -> Fit {
        let natural: Vec<usize> = (0..self.headings.len()).map(|column| self.natural(column)).collect();
        let mut fit = Fit { columns: natural.iter().copied().enumerate().collect(), left_out: Vec::new() };
        let Some(room) = width else { return fit };
        let taken = |columns: &[(usize, usize)], width: &dyn Fn(usize) -> usize| {
            columns.iter().map(|(column, _)| width(*column)).sum::<usize>() + GAP * columns.len().saturating_sub(1)
        };
        let full = |column: usize| natural.get(column).copied().unwrap_or_default();
        // What says nothing is no loss.
        if taken(&fit.columns, &full) > room {
            fit.columns.retain(|(column, _)| !self.is_spare(*column) || !self.is_empty(*column));
        }
        let least = |column: usize| self.least(column, full(column));
        for spare in self.spares {
            if taken(&fit.columns, &least) <= room {
                break;
            }
            let before = fit.columns.len();
            fit.columns.retain(|(column, _)| self.headings.get(*column) != Some(spare));
            if fit.columns.len() < before {
                fit.left_out.push(spare);
            }
        }
        let gaps = GAP * fit.columns.len().saturating_sub(1);
        while fit.columns.iter().map(|(_, width)| width).sum::<usize>() + gaps > room {
            let wide = fit.columns.iter_mut().filter(|(column, width)| *width > least(*column));
            let Some((_, widest)) = wide.max_by_key(|(_, width)| *width) else { break };
            *widest -= 1;
        }
        fit
    }

    /// How wide a column would like to be.
    fn natural(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| text::width(cell));
        cells.chain(self.headings.get(column).map(|heading| text::width(heading))).max().unwrap_or(0)
    }

    /// How narrow it may become.
    fn least(&self, column: usize, natural: usize) -> usize {
        let Some(heading) = self.headings.get(column) else { return natural };
        // The first column names the thing: cut off, it would be good for nothing.
        let keeps = match self.gives {
            [] => (column > 0).then_some(LEAST),
            gives => gives.iter().find(|(named, _)| named == heading).map(|(_, keeps)| *keeps),
        };
        keeps.map_or(natural, |keeps| natural.min(keeps.max(text::width(heading))))
    }

    fn is_spare(&self, column: usize) -> bool {
        self.headings.get(column).is_some_and(|heading| self.spares.contains(heading))
    }

    fn is_empty(&self, column: usize) -> bool {
        self.rows.iter().all(|row| row.get(column).is_none_or(String::is_empty))
    }
}

fn line(cells: &[String], columns: &[(usize, usize)]) -> String {
    let mut out = String::new();
    for (column, width) in columns {
        let cell = text::cut(cells.get(*column).map_or("", String::as_str), *width);
        out.push_str(&cell);
        out.extend(std::iter::repeat_n(' ', width.saturating_sub(text::width(&cell)) + GAP));
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&["id", "subject"]);
        table.row(["req_1".into(), "Order intake: offer wanted\nand more".into()]);
        table.row(["req_22".into(), "日本語の件名".into()]);
        table
    }

    #[test]
    fn as_wide_as_needed_without_a_terminal() {
        let expected = "ID      SUBJECT\nreq_1   Order intake: offer wanted and more\nreq_22  日本語の件名\n";
        assert_eq!(sample().render(None, false), expected);
    }

    #[test]
    fn the_widest_column_gives_way() {
        let shown = sample().render(Some(24), false);
        assert_eq!(shown, "ID      SUBJECT\nreq_1   Order intake: o…\nreq_22  日本語の件名\n");
        assert!(shown.lines().all(|line| text::width(line) <= 24));
        // Whatever the terminal, a heading stands whole and the name of a row, too.
        let narrow = sample().render(Some(11), false);
        assert_eq!(narrow, "ID      SUBJECT\nreq_1   Order intak…\nreq_22  日本語の件名\n");
    }

    fn queue(claimed: &str) -> Table {
        let table = Table::new(&["brief", "state", "digest", "claimed", "subject"]);
        let mut table = table.gives(&[("subject", 12)]).spares(&["state", "claimed"]);
        let brief = "brf_01m7y5xfqefsqa6dh1bs0ar5nc".to_owned();
        table.row([brief, "redrafting".into(), "cd10e00d".into(), claimed.into(), "An offer for forty chairs".into()]);
        table
    }

    #[test]
    fn what_can_be_spared_goes_before_anything_that_is_needed_is_cut() {
        assert!(queue("").left_out(None).is_empty());
        // Nobody claimed it: the empty column goes first, and without a word.
        let shown = queue("").render(Some(80), false);
        assert_eq!(
            shown.lines().nth(1),
            Some("brf_01m7y5xfqefsqa6dh1bs0ar5nc  redrafting  cd10e00d  An offer for forty chairs")
        );
        assert!(queue("").left_out(Some(80)).is_empty());
        let held = queue("bartholomew");
        assert!(held.left_out(Some(80)).is_empty());
        assert_eq!(held.left_out(Some(78)), ["state"]);
        assert_eq!(held.left_out(Some(60)), ["state", "claimed"]);
        let narrow = held.render(Some(60), false);
        assert!(
            narrow.contains("BRIEF") && narrow.contains("  cd10e00d  An offer f") && narrow.contains('…'),
            "{narrow}"
        );
        assert!(narrow.lines().all(|line| text::width(line) <= 60), "{narrow}");
        // Where nothing is left to give, a line is too long rather than worthless.
        let tiny = held.render(Some(20), false);
        assert!(tiny.contains("brf_01m7y5xfqefsqa6dh1bs0ar5nc  cd10e00d  An offer fo…"), "{tiny}");
    }

    #[test]
    fn headings_are_bold_in_colour_only() {
        assert!(sample().render(None, true).starts_with("\u{1b}[1mID"));
    }
}
