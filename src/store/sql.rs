//! One SQL text for two databases: values, rows and connections that are either SQLite's or PostgreSQL's. Own file because it is the
//! place where the drivers meet; every verb above it is written once. Statements use `$1` placeholders, which all of them
//! understand. INVARIANT: SQL text is made of constants only; whatever comes from outside is bound.

use super::StoreError;
use super::sqlite::{Cells, Sqlite};
use rusqlite::types::{FromSql, FromSqlError, ValueRef};
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Executor as _, Row as _};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

/// A value to bind; `None` is NULL of that type.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}
impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}
impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}
impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        Self::Text(text.clone())
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}
impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(Some(i64::from(number)))
    }
}
impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}
impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}
impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

/// Values to bind, from anything that has a form here.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::sql::Value::from($value)),*] };
}
pub(super) use values;

/// A row of either database; columns by position.
pub(super) enum Row {
    Written(Cells),
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(super) fn text(&self, column: usize) -> Result<String, StoreError> {
        Ok(match self {
            Self::Written(cells) => cell(cells, column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
    pub(super) fn maybe_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Written(cells) => cell(cells, column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
    pub(super) fn int(&self, column: usize) -> Result<i64, StoreError> {
        Ok(match self {
            Self::Written(cells) => cell(cells, column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
    pub(super) fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(match self {
            Self::Written(cells) => cell(cells, column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
    pub(super) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        Ok(match self {
            Self::Written(cells) => cell(cells, column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
    /// A count or number that fits 32 bits.
    pub(super) fn small(&self, column: usize) -> Result<u32, StoreError> {
        u32::try_from(self.int(column)?).map_err(|_| StoreError::corrupt("a count out of range"))
    }
}

fn cell<T: FromSql>(cells: &Cells, column: usize) -> Result<T, StoreError> {
    let read =
        cells.get(column).ok_or(FromSqlError::InvalidType).and_then(|cell| T::column_result(ValueRef::from(cell)));
    read.map_err(|cause| StoreError::corrupt(format!("column {column} of the wrong shape ({cause})")))
}

/// A borrowed connection of either database: SQLite's is the writer's own, or a reader's.
pub(super) enum Conn<'c> {
    Writer(&'c mut Sqlite),
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A statement over any number of rows at once: `before`, then `(…), (…)`, then `after`. A column given as `TEXT`, `BIGINT` or `BYTEA`
/// is cast, where a bare list of values has no column to take its type from; an empty one is not.
pub(super) struct Many {
    pub(super) before: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) after: &'static str,
}

/// Rows per statement at most: powers of two below it are the only sizes ever prepared, so that few statements are cached.
const LARGEST: usize = 64;

type Texts = Mutex<HashMap<(usize, usize, bool), Arc<str>>>;

impl Many {
    /// The text for so many rows. PostgreSQL wants its placeholders numbered; SQLite takes bare ones, and looks up the name of every
    /// numbered one in a list, which costs more than the statement when there are a thousand.
    fn text(&'static self, rows: usize, numbered: bool) -> Arc<str> {
        static TEXTS: LazyLock<Texts> = LazyLock::new(Texts::default);
        let key = (std::ptr::from_ref(self).addr(), rows, numbered);
        let mut texts = TEXTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(texts.entry(key).or_insert_with(|| {
            let mut sql = String::from(self.before);
            for row in 0..rows {
                sql.push_str(if row == 0 { " (" } else { ", (" });
                for (index, cast) in self.columns.iter().enumerate() {
                    let number = row * self.columns.len() + index + 1;
                    let comma = if index == 0 { "" } else { ", " };
                    let place = if numbered { format!("${number}") } else { "?".to_owned() };
                    if cast.is_empty() {
                        sql.push_str(&format!("{comma}{place}"));
                    } else {
                        sql.push_str(&format!("{comma}CAST({place} AS {cast})"));
                    }
                }
                sql.push(')');
            }
            sql.push_str(self.after);
            sql.into()
        }))
    }
}

impl Conn<'_> {
    /// Whether this is PostgreSQL, for the few statements that really differ.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Runs a constant statement; says how many rows it touched.
    pub(super) async fn run(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        match self {
            Self::Writer(conn) => conn.run(sql, &values),
            _ => self.run_text(Arc::from(sql), values).await,
        }
    }

    /// The rows of a constant query.
    pub(super) async fn rows(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Writer(conn) => Ok(conn.rows(sql, &values)?.into_iter().map(Row::Written).collect()),
            _ => self.rows_text(Arc::from(sql), values).await,
        }
    }

    /// The first row of a constant query.
    pub(super) async fn row(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Runs a statement over many rows, given flat; says how many it touched.
    pub(super) async fn run_many(&mut self, many: &'static Many, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut touched = 0;
        for (sql, chunk) in chunks(many, values, self.is_postgres()) {
            touched += self.run_text(sql, chunk).await?;
        }
        Ok(touched)
    }

    /// The rows a statement over many rows answers.
    pub(super) async fn rows_many(&mut self, many: &'static Many, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        for (sql, chunk) in chunks(many, values, self.is_postgres()) {
            rows.extend(self.rows_text(sql, chunk).await?);
        }
        Ok(rows)
    }

    /// Runs text without values, several statements at once where needed.
    pub(super) async fn raw(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Writer(conn) => conn.raw(sql)?,
            Self::Sqlite(conn) => (**conn).execute(sqlx::raw_sql(sql)).await.map(|_| ())?,
            Self::Postgres(conn) => (**conn).execute(sqlx::raw_sql(sql)).await.map(|_| ())?,
        }
        Ok(())
    }

    async fn run_text(&mut self, sql: Arc<str>, values: Vec<Value>) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Writer(conn) => conn.run(&sql, &values)?,
            Self::Sqlite(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), sqlite(values)?);
                (**conn).execute(query).await?.rows_affected()
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), postgres(values)?);
                (**conn).execute(query).await?.rows_affected()
            }
        })
    }

    async fn rows_text(&mut self, sql: Arc<str>, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Writer(conn) => conn.rows(&sql, &values)?.into_iter().map(Row::Written).collect(),
            Self::Sqlite(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), sqlite(values)?);
                (**conn).fetch_all(query).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), postgres(values)?);
                (**conn).fetch_all(query).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }
}

fn chunks(many: &'static Many, values: Vec<Value>, numbered: bool) -> Vec<(Arc<str>, Vec<Value>)> {
    let width = many.columns.len();
    let mut left = values.len() / width;
    debug_assert_eq!(left * width, values.len(), "rows of one width");
    let mut values = values.into_iter();
    let mut chunks = Vec::new();
    while left > 0 {
        let size = if left >= LARGEST { LARGEST } else { 1 << left.ilog2() };
        chunks.push((many.text(size, numbered), values.by_ref().take(size * width).collect()));
        left -= size;
    }
    chunks
}

fn sqlite(values: Vec<Value>) -> Result<SqliteArguments, StoreError> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Text(text) => arguments.add(text),
            Value::Int(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(|cause| StoreError::Unavailable { reason: cause.to_string() })?;
    }
    Ok(arguments)
}

fn postgres(values: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Text(text) => arguments.add(text),
            Value::Int(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(|cause| StoreError::Unavailable { reason: cause.to_string() })?;
    }
    Ok(arguments)
}
