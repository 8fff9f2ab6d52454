//! Shows what is recognised in a file: `cargo run -p opspilot-csv-drop --example table FILE`.
fn main() {
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let table = opspilot_csv_drop::read_table(&bytes);
        eprintln!("{file}: {:?} {:?} {:?}", table.charset, table.dialect, table.rows.iter().take(10).collect::<Vec<_>>());
    }
}
