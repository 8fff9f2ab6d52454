//! Every statement of the store is known to both databases: what no other case reaches is at least prepared. Own file because it reads
//! the sources: a statement that is added cannot be forgotten here.

use super::fixture::Fixture;
use super::on_both;
use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};
use std::path::Path;

on_both!(every_constant_statement_can_be_prepared);

/// The string literals of a source that are whole statements, as the compiler sees them.
pub(super) fn statements(text: &str) -> Vec<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect();
    let mut found = Vec::new();
    let mut rest = code.as_str();
    while let Some(start) = rest.find('"') {
        let mut literal = String::new();
        let mut letters = rest[start + 1..].char_indices().peekable();
        let mut end = rest.len();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    end = start + 1 + at + 1;
                    break;
                }
                '\\' => match letters.next() {
                    // A backslash at the end of a line swallows it and the indentation of the next.
                    Some((_, '\n')) => while letters.next_if(|(_, next)| next.is_whitespace()).is_some() {},
                    Some((_, escaped)) => literal.push(escaped),
                    None => {}
                },
                other => literal.push(other),
            }
        }
        rest = &rest[end..];
        // Pieces put together by a macro or around rows are prepared by the cases that run them.
        let whole = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "].iter().any(|verb| literal.starts_with(verb));
        let pieces = literal.ends_with("VALUES") || literal.ends_with(' ') || literal.ends_with("LIMIT $5");
        if whole && !pieces {
            found.push(literal);
        }
    }
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("conformance") {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(statements(&text).into_iter().map(|sql| (path.display().to_string(), sql)));
        }
    }
}

async fn every_constant_statement_can_be_prepared(on: &Fixture) {
    let mut found = Vec::new();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store")), &mut found);
    assert!(found.len() > 40, "{} statements found: the search is broken", found.len());
    let mut reader = on.store.walker().await.unwrap();
    for (file, sql) in found {
        // A few are for one of the two alone, and say so by what they use.
        let foreign = if on.store.is_shared() {
            ["sqlite_master", "= ?", "RETURNING rowid"].iter().any(|word| sql.contains(word))
        } else {
            ["information_schema", "FOR UPDATE", "pg_"].iter().any(|word| sql.contains(word))
        };
        if foreign {
            continue;
        }
        let text = AssertSqlSafe(sql.clone()).into_sql_str();
        let prepared = match &mut reader {
            crate::store::reads::Reader::Here(_) => unreachable!("it walks"),
            crate::store::reads::Reader::Sqlite(conn) => conn.prepare(text).await.map(|_| ()),
            crate::store::reads::Reader::Postgres(conn) => conn.prepare(text).await.map(|_| ()),
        };
        prepared.unwrap_or_else(|cause| panic!("{file}: {cause}\n{sql}"));
    }
}
