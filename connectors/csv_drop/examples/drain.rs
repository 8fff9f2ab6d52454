//! Drains a generated file through the source and prints rows, time and the largest resident memory. Run by hand, in release:
//! `cargo run --release -p opspilot-csv-drop --example drain -- rows 1000000` or `-- quote 2000000000`, `-- field 500000000`, `-- ragged 400000`,
//! `-- file FILE`.

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use opspilot_csv_drop::{CsvDrop, Options};
use opspilot_sdk::{BuildContext, Built, Clock, Settled, Spec};
use std::io::{BufWriter, Write};
use std::sync::{Arc, Mutex};

struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        self.0.lock().map_or(Timestamp::UNIX_EPOCH, |now| *now)
    }
}

fn generate(path: &std::path::Path, what: &str, size: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    match what {
        "field" => {
            write!(out, "name;message\nAda;hello there\nBob;\"")?;
            (0..size / 100).try_for_each(|_| out.write_all(&[b'x'; 100]))?;
            writeln!(out, "\"\nCy;all good")?;
        }
        "ragged" => {
            writeln!(out, "name;message\nAda;hello there")?;
            (0..size / 4).try_for_each(|_| writeln!(out, "bad"))?;
            writeln!(out, "Cy;all good")?;
        }
        _ => {
            if what == "quote" {
                write!(out, "\"")?;
            }
            writeln!(out, "name;email;subject;message")?;
            let rows = if what == "rows" { size } else { size / 100 };
            for row in 0..rows {
                writeln!(
                    out,
                    "Person {row};p{row}@example.org;Request {row};\"Please look at number {row}; it is; well; not as it was\""
                )?;
            }
        }
    }
    out.flush()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let what = arguments.first().map_or("rows", String::as_str);
    let size = arguments.get(1).and_then(|size| size.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(Hand(Mutex::new("2026-03-02T08:00:00Z".parse()?)));
    let options: Options = serde_json::from_str(r#"{"dir": "drop"}"#)?;
    let settings = CsvDrop::validate(options)?;
    let context = BuildContext { name: "drain".to_owned(), data_dir: folder.path().to_owned(), clock: clock.clone() };
    let Built::Pulled(mut source) = CsvDrop::build(settings, context)? else { return Err("a folder is pulled".into()) };
    if what == "file" {
        let file = arguments.get(1).ok_or("which file?")?;
        let name = std::path::Path::new(file).file_name().ok_or("which file?")?;
        std::fs::copy(file, folder.path().join("drop").join(name))?;
    } else {
        generate(&folder.path().join("drop/big.csv"), what, size)?;
    }
    let (start, mut longest) = (std::time::Instant::now(), std::time::Duration::ZERO);
    let (mut cursor, mut rows, mut idle, mut shown) = (None, 0u64, 0, 0);
    while idle < 10 {
        let step = std::time::Instant::now();
        let polled = source.poll(cursor.clone(), 1000).now_or_never().ok_or("file work never waits")?;
        longest = longest.max(step.elapsed());
        let batch = match polled {
            Ok(batch) => batch,
            Err(error) => {
                eprintln!("{error}");
                continue;
            }
        };
        if let Some(progress) = &batch.progress {
            let percent = progress.done * 100 / progress.total.unwrap_or(1).max(1);
            if percent / 25 != shown {
                shown = percent / 25;
                eprintln!("{}: {percent} %, {rows} rows", progress.what);
            }
        }
        rows += batch.envelopes.len() as u64;
        if let Some(id) = batch.id {
            cursor = batch.cursor;
            source.settle(id, Settled::Committed).now_or_never().ok_or("file work never waits")??;
            idle = 0;
        } else if batch.again_in.is_some() {
            idle += 1;
        }
        if let Ok(mut now) = clock.0.lock() {
            *now += SignedDuration::from_millis(700);
        }
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let memory = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();
    eprintln!("{rows} rows in {:?}, longest step {longest:?}, {memory}", start.elapsed());
    Ok(())
}
