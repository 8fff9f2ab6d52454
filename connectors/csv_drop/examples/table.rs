//! Shows what is recognised in files, one JSON object a line: `cargo run -p opspilot-csv-drop --example table -- FILE…`

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    for file in std::env::args().skip(1) {
        let table = opspilot_csv_drop::read_table(&std::fs::read(&file)?);
        let (encoding, dialect) = (table.charset.encoding.name(), table.dialect);
        let line = serde_json::json!({
            "file": file, "encoding": encoding, "delimiter": dialect.delimiter, "quote": dialect.quote,
            "backslash": dialect.escape == opspilot_csv_drop::Escape::Backslash, "table": table.rows,
        });
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}
