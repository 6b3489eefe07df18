//! Numbers of service requests: reserved in blocks, so that writers do not wait for each other. A number is never reused;
//! what is left of a block when the server stops is skipped.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use mandate_storage::{Fence, StorageError, Store};

/// How many numbers are reserved at a time.
const BLOCK: i64 = 32;

/// Hands out the numbers of service requests.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    block: Arc<Mutex<Range<i64>>>,
}

impl Numbers {
    /// The next number of the present block; none if there is none left, or another thread is at it.
    pub fn take(&self) -> Option<i64> {
        self.block.try_lock().ok()?.next()
    }

    /// The next number, from a new block if need be. Blocks; not to be called inside a write.
    ///
    /// *Errors*: storage's failures.
    pub fn reserve(&self, store: &Store) -> Result<i64, StorageError> {
        // A range has no broken state that a panic could leave behind.
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = block.next() {
            return Ok(number);
        }
        let first = store.write(|unlocked| unlocked.lock(&Fence::new())?.reserve_request_numbers(BLOCK))?;
        *block = first + 1..first + BLOCK;
        Ok(first)
    }

    /// Takes a number back that was not used, if it was the last one handed out; otherwise it is skipped.
    pub fn give_back(&self, number: i64) {
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        if block.start == number + 1 {
            block.start = number;
        }
    }
}
