//! What goes into statements and comes out of queries: numbers and texts, which every engine has.

use probity_jose::UnixTime;

/// A parameter or a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// No value.
    Null,
    /// A 64-bit number.
    Int(i64),
    /// A text.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<UnixTime> for Value {
    fn from(time: UnixTime) -> Self {
        time.as_secs().into()
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<u64> for Value {
    /// A number over 2^63 is kept as 2^63 - 1: such are only moments after the end of time.
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of a query's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row(Vec<Value>);

/// A row that no version of this program has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is inconsistent: {0}")]
pub struct Inconsistent(pub(crate) &'static str);

impl Row {
    pub(super) const fn new(columns: Vec<Value>) -> Self {
        Self(columns)
    }

    /// A text column.
    ///
    /// # Errors
    /// [`Inconsistent`] when it is none.
    pub(crate) fn text(&self, column: usize) -> Result<&str, Inconsistent> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(Inconsistent("a text is missing")),
        }
    }

    /// A text column that may have no value.
    ///
    /// # Errors
    /// [`Inconsistent`] when it is a number.
    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&str>, Inconsistent> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// A number column that is not negative.
    ///
    /// # Errors
    /// [`Inconsistent`] when it is not that.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: usize) -> Result<T, Inconsistent> {
        match self.0.get(column) {
            Some(Value::Int(number)) => T::try_from(*number).map_err(|_| Inconsistent("a number is out of range")),
            _ => Err(Inconsistent("a number is missing")),
        }
    }

    /// A moment.
    ///
    /// # Errors
    /// [`Inconsistent`] when it is not that.
    pub(crate) fn time(&self, column: usize) -> Result<UnixTime, Inconsistent> {
        self.number(column).map(UnixTime::from_secs)
    }

    /// Whether the column has no value.
    pub(crate) fn is_null(&self, column: usize) -> bool {
        matches!(self.0.get(column), Some(Value::Null))
    }
}
