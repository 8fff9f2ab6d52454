//! The record reader against an independent one, against cuts at every place, and against broken quoting.

use super::{Found, Record, Records};
use crate::dialect::{Dialect, Escape};
use crate::fault::Fault;
use proptest::prelude::*;

const COMMA: Dialect = Dialect { delimiter: Some(','), quote: Some('"'), escape: Escape::Doubled };

fn read(mut records: Records, text: &str, chunk: usize) -> Vec<Record> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        match records.cut() {
            Found::Record(record) => out.push(record),
            Found::End => return out,
            Found::Hungry if rest.is_empty() => records.finish(),
            Found::Hungry => {
                let mut cut = chunk.max(1).min(rest.len());
                while !rest.is_char_boundary(cut) {
                    cut += 1;
                }
                let (now, later) = rest.split_at(cut);
                records.push(now);
                rest = later;
            }
        }
    }
}

fn cells(records: &[Record]) -> Vec<Vec<&str>> {
    records.iter().map(|record| record.cells.iter().map(String::as_str).collect()).collect()
}

#[test]
fn quoting_and_line_ends() {
    let records = read(Records::strict(COMMA, 1000), "a,b\r\n\"x,\r\ny\",\"say \"\"hi\"\"\"\rc,\n\nd,\"\"", 1);
    assert_eq!(cells(&records), [vec!["a", "b"], vec!["x,\r\ny", "say \"hi\""], vec!["c", ""], vec!["d", ""]]);
    assert_eq!(records.iter().map(|record| record.line).collect::<Vec<_>>(), [1, 2, 4, 6]);
}

#[test]
fn a_missing_quote_costs_its_line_alone() {
    let text = "1,\"open\n2,b\n3,\"c\"\n4,d\n";
    let records = read(Records::strict(COMMA, 1000), text, 3);
    assert_eq!(records.first().and_then(|record| record.fault.clone()), Some(Fault::Quote));
    assert_eq!(cells(&records), [vec![], vec!["2", "b"], vec!["3", "c"], vec!["4", "d"]]);
}

#[test]
fn an_open_quote_at_byte_one_costs_the_first_line_alone() {
    let text = format!("\"id,text\n{}", "1,hello\n".repeat(5000));
    let records = read(Records::strict(COMMA, 1000), &text, 700);
    assert_eq!(records.len(), 5001);
    assert_eq!(records.iter().filter(|record| record.fault.is_some()).count(), 1);
    assert_eq!(records.last().map(|record| record.line), Some(5001));
}

#[test]
fn an_endless_line_is_skipped_without_being_held() {
    let text = format!("a,b\n1,{}\n2,x\n", "y".repeat(50_000));
    for chunk in [1, 999, 1000, 60_000] {
        let records = read(Records::strict(COMMA, 1000), &text, chunk);
        assert_eq!(records.get(1).and_then(|record| record.fault.clone()), Some(Fault::TooLong { bytes: 50_002 }));
        assert_eq!(records.get(2).map(|record| (record.line, record.cells.len())), Some((3, 2)));
    }
}

#[test]
fn undecodable_bytes_and_nul_spoil_their_row_alone() {
    let mut records = Records::strict(COMMA, 1000);
    records.push("a,b\n1,");
    records.push_malformed("UTF-8");
    records.push("\n2,x\n3,\0\n");
    let records = read(records, "", 1);
    assert_eq!(
        records.iter().map(|record| record.fault.clone()).collect::<Vec<_>>(),
        [None, Some(Fault::Undecodable { encoding: "UTF-8" }), None, Some(Fault::Nul)]
    );
}

proptest! {
    #[test]
    fn chunks_never_matter(text in "[ab\",;\r\n\\\\é\u{0}]{0,120}", chunk in 1usize..20, max in 4usize..60) {
        let whole = read(Records::strict(COMMA, max), &text, usize::MAX);
        prop_assert_eq!(&read(Records::strict(COMMA, max), &text, chunk), &whole);
        // Nothing is lost: every character but line ends stands in a record or in an over-long line.
        if whole.iter().all(|record| !matches!(record.fault, Some(Fault::TooLong { .. }))) {
            let kept: String = whole.iter().flat_map(|record| record.text.chars()).filter(|c| !"\r\n".contains(*c)).collect();
            let all: String = text.chars().filter(|c| !"\r\n".contains(*c)).collect();
            prop_assert_eq!(kept, all);
        }
    }

    #[test]
    fn agrees_with_an_independent_reader_on_what_an_independent_writer_wrote(
        table in proptest::collection::vec(proptest::collection::vec("[ab\",;'\n\r é]{0,8}", 2..5), 1..8), chunk in 1usize..50,
    ) {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in &table {
            writer.write_record(row).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let records = read(Records::strict(COMMA, 10_000), &text, chunk);
        prop_assert_eq!(records.into_iter().map(|record| record.cells).collect::<Vec<_>>(), table);
    }
}
