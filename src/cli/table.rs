//! A table that fits the terminal: columns as wide as they need, and where that is too much the widest give way, but never the first. Own file because
//! every list is shown by it. INVARIANT: cells hold one visible line each, and what names a row is whole.

use super::text;

/// Between two columns.
const GAP: usize = 2;
/// A column that gives way keeps at least this,
const LEAST: usize = 8;
/// or, where even that is too much, this.
const BARELY: usize = 3;

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With headings.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// One more row; cells may hold anything.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| text::one_line(cell)).collect());
    }

    /// The same where the number of columns is only known at work.
    pub(crate) fn cells(&mut self, cells: &[String]) {
        self.rows.push(cells.iter().map(|cell| text::one_line(cell)).collect());
    }

    /// The table as lines, at most `width` columns wide (`None`: as wide as it gets).
    pub(crate) fn render(&self, width: Option<usize>, colour: bool) -> String {
        let widths = self.widths(width);
        let mut out = String::new();
        let headings: Vec<String> = self.headings.iter().map(|heading| heading.to_uppercase()).collect();
        let head = line(&headings, &widths);
        if colour {
            out.push_str(&format!("\u{1b}[1m{head}\u{1b}[0m\n"));
        } else {
            out.push_str(&head);
            out.push('\n');
        }
        for row in &self.rows {
            out.push_str(&line(row, &widths));
            out.push('\n');
        }
        out
    }

    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let natural = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| text::width(cell));
            cells.chain(self.headings.get(column).map(|heading| text::width(heading))).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.headings.len()).map(natural).collect();
        let Some(room) = width else { return widths };
        let gaps = GAP * widths.len().saturating_sub(1);
        for least in [LEAST, BARELY] {
            while widths.iter().sum::<usize>() + gaps > room {
                // The first column names the thing: cut off, it would be good for nothing.
                let others = widths.iter_mut().skip(1).filter(|width| **width > least);
                let Some(widest) = others.max_by_key(|width| **width) else { break };
                *widest -= 1;
            }
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut out = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let cell = text::cut(cell, *width);
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
        let narrow = sample().render(Some(11), false);
        assert_eq!(narrow, "ID      SU…\nreq_1   Or…\nreq_22  日…\n");
    }

    #[test]
    fn headings_are_bold_in_colour_only() {
        assert!(sample().render(None, true).starts_with("\u{1b}[1mID"));
    }
}
