//! The highest time seen, so that a clock that was set back is noticed.

use diesel::prelude::*;
use mandate_core::time::Timestamp;

use crate::backend::on;
use crate::column::moment;
use crate::error::StorageError;
use crate::schema::clock;
use crate::tx::{ReadTx, WriteTx};

/// The key of the one row.
const ROW: i32 = 1;

impl ReadTx<'_> {
    /// The highest time that was ever raised to; 1970 before the first.
    pub fn highest_time(&mut self) -> Result<Timestamp, StorageError> {
        let query = clock::table.find(ROW).select(clock::highest);
        on!(self, |connection| query.first::<i64>(connection)).map(moment)
    }
}

impl WriteTx<'_> {
    /// Raises the highest time; a lower one changes nothing.
    pub fn raise_time(&mut self, now: Timestamp) -> Result<(), StorageError> {
        let row = clock::table.filter(clock::id.eq(ROW)).filter(clock::highest.lt(now.micros()));
        let update = diesel::update(row).set(clock::highest.eq(now.micros()));
        on!(self, |connection| update.execute(connection)).map(|_| ())
    }

    /// Writes the highest time as it is, to see whether the database takes writes.
    pub(crate) fn touch_clock(&mut self) -> Result<(), StorageError> {
        let update = diesel::update(clock::table.find(ROW)).set(clock::highest.eq(clock::highest));
        let rows = on!(self, |connection| update.execute(connection))?;
        self.expect_one(rows, "clock", ROW)
    }
}
