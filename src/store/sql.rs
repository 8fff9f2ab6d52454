//! One SQL text for two databases: values, rows and connections that are either SQLite's or PostgreSQL's. Own file because it is the
//! place where the drivers meet; every verb above it is written once. Statements use `$1` placeholders, which all of them
//! understand. INVARIANT: SQL text is made of constants only; whatever comes from outside is bound.

use super::StoreError;
use super::sqlite::{Cells, Sqlite};
use rusqlite::types::{FromSql, FromSqlError, ValueRef};
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Executor as _, Row as _};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

/// A value to bind, lent where its owner outlives the statement; `None` is NULL of that type.
#[derive(Clone, Debug)]
pub(super) enum Value<'v> {
    Text(Option<Cow<'v, str>>),
    Int(Option<i64>),
    Bytes(Option<Cow<'v, [u8]>>),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}
impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(Cow::Owned(text)))
    }
}
impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::from(text.as_str())
    }
}
impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(text: Option<&'v str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}
impl<'v> From<&'v Option<String>> for Value<'v> {
    fn from(text: &'v Option<String>) -> Self {
        Self::from(text.as_deref())
    }
}
impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Cow::Owned))
    }
}
impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}
impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Int(Some(i64::from(number)))
    }
}
impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}
impl<'v> From<&'v [u8]> for Value<'v> {
    fn from(bytes: &'v [u8]) -> Self {
        Self::Bytes(Some(Cow::Borrowed(bytes)))
    }
}
impl From<Vec<u8>> for Value<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(Cow::Owned(bytes)))
    }
}

/// Values to bind, from anything that has a form here.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::sql::Value::from($value)),*] };
}
pub(super) use values;

/// A row of either database; columns by position.
pub(super) enum Row {
    Here(Cells),
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(super) fn text(&self, column: usize) -> Result<String, StoreError> {
        Ok(match self {
            Self::Here(cells) => cell(cells, column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
    pub(super) fn maybe_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Here(cells) => cell(cells, column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
    pub(super) fn int(&self, column: usize) -> Result<i64, StoreError> {
        Ok(match self {
            Self::Here(cells) => cell(cells, column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
    pub(super) fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(match self {
            Self::Here(cells) => cell(cells, column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
    pub(super) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        Ok(match self {
            Self::Here(cells) => cell(cells, column)?,
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

/// A borrowed connection of either database; SQLite's is called here, or on a thread of its own.
pub(super) enum Conn<'c> {
    Here(&'c mut Sqlite),
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A statement over any number of rows at once: `before`, which ends in `VALUES`, then `(…), (…)`, then `after`. A column given as `TEXT`,
/// `BIGINT` or `BYTEA` is cast, where a bare list of values has no column to take its type from; an empty one is not. PostgreSQL gets
/// the columns as arrays in place of the list, so that one text does for any number of rows.
pub(super) struct Many {
    pub(super) before: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) after: &'static str,
}

/// Contents longer than this go down one by one, by [`Conn::put`]; in bytes.
pub(super) const LONG: usize = 1 << 20;

/// Rows per statement of SQLite at most: powers of two below it are the only sizes ever prepared, so that few statements are cached.
const LARGEST: usize = 64;
/// Rows per statement of PostgreSQL at most, which bounds the size of one message.
const LONGEST: usize = 256;

type Texts = Mutex<HashMap<(usize, usize), Arc<str>>>;

impl Many {
    /// SQLite's text for so many rows; PostgreSQL's is that for none. Placeholders are bare: SQLite looks up the name of every numbered
    /// one in a list, which costs more than the statement when there are a thousand.
    fn text(&'static self, rows: usize, make: impl FnOnce() -> String) -> Arc<str> {
        static TEXTS: LazyLock<Texts> = LazyLock::new(Texts::default);
        let mut texts = TEXTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(texts.entry((std::ptr::from_ref(self).addr(), rows)).or_insert_with(|| make().into()))
    }

    fn listed(&self, rows: usize) -> String {
        let place = |cast: &&str| if cast.is_empty() { "?".to_owned() } else { format!("CAST(? AS {cast})") };
        let row = format!("({})", self.columns.iter().map(place).collect::<Vec<_>>().join(", "));
        format!("{} {}{}", self.before, vec![row; rows].join(", "), self.after)
    }

    fn in_arrays(&self, columns: &[Column]) -> String {
        let before = self.before.strip_suffix("VALUES").unwrap_or(self.before);
        let arrays = columns.iter().enumerate().map(|(index, column)| format!("${}::{}", index + 1, column.array()));
        format!("{before}SELECT * FROM UNNEST({}){}", arrays.collect::<Vec<_>>().join(", "), self.after)
    }
}

/// The values of one column, for PostgreSQL.
enum Column {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    /// An empty one, for values like this.
    fn like(value: &Value<'_>) -> Self {
        match value {
            Value::Text(_) => Self::Text(Vec::new()),
            Value::Int(_) => Self::Int(Vec::new()),
            Value::Bytes(_) => Self::Bytes(Vec::new()),
        }
    }

    fn array(&self) -> &'static str {
        match self {
            Self::Text(_) => "TEXT[]",
            Self::Int(_) => "BIGINT[]",
            Self::Bytes(_) => "BYTEA[]",
        }
    }

    fn push(&mut self, value: Value<'_>) -> Result<(), StoreError> {
        match (self, value) {
            (Self::Text(column), Value::Text(text)) => column.push(text.map(Cow::into_owned)),
            (Self::Int(column), Value::Int(number)) => column.push(number),
            (Self::Bytes(column), Value::Bytes(bytes)) => column.push(bytes.map(Cow::into_owned)),
            _ => return Err(StoreError::corrupt("a column of two types")),
        }
        Ok(())
    }
}

impl Conn<'_> {
    /// Whether this is PostgreSQL, for the few statements that really differ.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Runs a constant statement; says how many rows it touched.
    pub(super) async fn run(&mut self, sql: &'static str, values: Vec<Value<'_>>) -> Result<u64, StoreError> {
        match self {
            Self::Here(conn) => conn.run(sql, &values),
            _ => self.run_text(Arc::from(sql), values).await,
        }
    }

    /// The rows of a constant query.
    pub(super) async fn rows(&mut self, sql: &'static str, values: Vec<Value<'_>>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Here(conn) => Ok(conn.rows(sql, &values)?.into_iter().map(Row::Here).collect()),
            _ => self.rows_text(Arc::from(sql), values).await,
        }
    }

    /// The first row of a constant query.
    pub(super) async fn row(&mut self, sql: &'static str, values: Vec<Value<'_>>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Runs a statement over many rows, given flat; says how many it touched.
    pub(super) async fn run_many(&mut self, many: &'static Many, values: Vec<Value<'_>>) -> Result<u64, StoreError> {
        let mut touched = 0;
        match self {
            Self::Postgres(conn) => {
                for (sql, arguments) in arrays(many, values)? {
                    let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
                    touched += (**conn).execute(query).await?.rows_affected();
                }
            }
            Self::Here(conn) => {
                let sql = many.text(1, || many.listed(1));
                touched += conn.run_each(&sql, values.chunks_exact(many.columns.len()))?;
            }
            Self::Sqlite(_) => {
                for (sql, chunk) in chunks(many, values) {
                    touched += self.run_text(sql, chunk).await?;
                }
            }
        }
        Ok(touched)
    }

    /// The rows a statement over many rows answers.
    pub(super) async fn rows_many(
        &mut self,
        many: &'static Many,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        match self {
            Self::Postgres(conn) => {
                for (sql, arguments) in arrays(many, values)? {
                    let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
                    rows.extend((**conn).fetch_all(query).await?.into_iter().map(Row::Postgres));
                }
            }
            _ => {
                for (sql, chunk) in chunks(many, values) {
                    rows.extend(self.rows_text(sql, chunk).await?);
                }
            }
        }
        Ok(rows)
    }

    /// Keeps a content under its digest, unless it is there; unlike a [`Value`], it is not copied on its way down.
    pub(super) async fn put(&mut self, digest: &str, bytes: &[u8]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO blob (digest, bytes) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
        let failed = |cause: sqlx::error::BoxDynError| StoreError::Unavailable { reason: cause.to_string() };
        match self {
            Self::Here(conn) => conn.put(digest, bytes)?,
            Self::Sqlite(conn) => {
                (**conn).execute(sqlx::query_with(SQL, sqlite(values![digest, bytes])?)).await?;
            }
            Self::Postgres(conn) => {
                let mut arguments = PgArguments::default();
                arguments.add(digest).and_then(|()| arguments.add(bytes)).map_err(failed)?;
                (**conn).execute(sqlx::query_with(SQL, arguments)).await?;
            }
        }
        Ok(())
    }

    /// Runs text without values, several statements at once where needed.
    pub(super) async fn raw(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Here(conn) => conn.raw(sql)?,
            Self::Sqlite(conn) => (**conn).execute(sqlx::raw_sql(sql)).await.map(|_| ())?,
            Self::Postgres(conn) => (**conn).execute(sqlx::raw_sql(sql)).await.map(|_| ())?,
        }
        Ok(())
    }

    async fn run_text(&mut self, sql: Arc<str>, values: Vec<Value<'_>>) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Here(conn) => conn.run(&sql, &values)?,
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

    async fn rows_text(&mut self, sql: Arc<str>, values: Vec<Value<'_>>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Here(conn) => conn.rows(&sql, &values)?.into_iter().map(Row::Here).collect(),
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

fn chunks<'v>(many: &'static Many, values: Vec<Value<'v>>) -> Vec<(Arc<str>, Vec<Value<'v>>)> {
    let width = many.columns.len();
    let mut left = values.len() / width;
    debug_assert_eq!(left * width, values.len(), "rows of one width");
    let mut values = values.into_iter();
    let mut chunks = Vec::new();
    while left > 0 {
        let size = if left >= LARGEST { LARGEST } else { 1 << left.ilog2() };
        chunks.push((many.text(size, || many.listed(size)), values.by_ref().take(size * width).collect()));
        left -= size;
    }
    chunks
}

fn arrays(many: &'static Many, values: Vec<Value<'_>>) -> Result<Vec<(Arc<str>, PgArguments)>, StoreError> {
    let width = many.columns.len();
    let mut left = values.len() / width;
    let mut values = values.into_iter();
    let mut statements = Vec::new();
    while left > 0 {
        let size = left.min(LONGEST);
        let mut columns: Vec<Column> = values.as_slice().iter().take(width).map(Column::like).collect();
        for _ in 0..size {
            for (column, value) in columns.iter_mut().zip(values.by_ref()) {
                column.push(value)?;
            }
        }
        let text = many.text(0, || many.in_arrays(&columns));
        let mut arguments = PgArguments::default();
        for column in columns {
            match column {
                Column::Text(texts) => arguments.add(texts),
                Column::Int(numbers) => arguments.add(numbers),
                Column::Bytes(bytes) => arguments.add(bytes),
            }
            .map_err(|cause| StoreError::Unavailable { reason: cause.to_string() })?;
        }
        statements.push((text, arguments));
        left -= size;
    }
    Ok(statements)
}

fn sqlite(values: Vec<Value<'_>>) -> Result<SqliteArguments, StoreError> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Text(text) => arguments.add(text.as_deref()),
            Value::Int(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes.as_deref()),
        }
        .map_err(|cause| StoreError::Unavailable { reason: cause.to_string() })?;
    }
    Ok(arguments)
}

fn postgres(values: Vec<Value<'_>>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Text(text) => arguments.add(text.as_deref()),
            Value::Int(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes.as_deref()),
        }
        .map_err(|cause| StoreError::Unavailable { reason: cause.to_string() })?;
    }
    Ok(arguments)
}
