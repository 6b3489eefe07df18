//! Numbers of service requests, handed out in blocks: a counter that each creation raised would make them all wait for each other.
//!
//! A block is reserved in a transaction of its own. What is left of it when the server stops is never used.

use diesel::prelude::*;

use crate::backend::on;
use crate::error::StorageError;
use crate::schema::number_blocks;
use crate::tx::WriteTx;

/// The row that counts service requests.
const SERVICE_REQUEST: &str = "service_request";

impl WriteTx<'_> {
    /// Reserves `count` numbers for service requests, and says which is the first.
    pub fn reserve_request_numbers(&mut self, count: i64) -> Result<i64, StorageError> {
        let row = number_blocks::table.find(SERVICE_REQUEST);
        let update = diesel::update(row).set(number_blocks::next.eq(number_blocks::next + count));
        let rows = on!(self, |connection| update.execute(connection))?;
        self.expect_one(rows, "number_blocks", SERVICE_REQUEST)?;
        let next = on!(self, |connection| row.select(number_blocks::next).first::<i64>(connection))?;
        Ok(next - count)
    }
}
