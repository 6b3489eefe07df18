//! When the server itself tells of a thing, and that it does so once.
//!
//! Whoever takes a telling has it until the commit; what is told, and when next, commits with it.

use diesel::prelude::*;
use mandate_core::change::Notice;
use mandate_core::id::{AnyId, MailId};
use mandate_core::telling::{Schedule, Telling};
use mandate_core::time::Timestamp;

use crate::backend::on;
use crate::column::Cells;
use crate::error::StorageError;
use crate::schema::tellings;
use crate::tx::{ReadTx, WriteTx};

/// The number of the first telling of a thing.
const FIRST_TURN: i64 = 1;

/// A thing that there is something to tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTelling {
    /// The thing.
    pub about: AnyId,
    due_at: i64,
    turn: i64,
}

/// The row of a telling, as long as nobody took it or moved it.
#[diesel::dsl::auto_type(no_type_alias)]
fn of(due: &DueTelling) -> _ {
    let id: String = due.about.to_string();
    let (turn, due_at): (i64, i64) = (due.turn, due.due_at);
    tellings::table
        .filter(tellings::about_id.eq(id))
        .filter(tellings::turn.eq(turn))
        .filter(tellings::due_at.eq(due_at))
}

impl ReadTx<'_> {
    /// Things that are to be told of, the longest due first, at most `limit`.
    pub fn due_tellings(&mut self, now: Timestamp, limit: i64) -> Result<Vec<DueTelling>, StorageError> {
        let query = tellings::table
            .filter(tellings::due_at.le(now.micros()))
            .order((tellings::due_at, tellings::about_id))
            .limit(limit);
        let rows: Vec<(String, i64, i64)> = on!(self, |connection| query.load(connection))?;
        rows.iter()
            .map(|(id, due_at, turn)| {
                let about = Cells::of("tellings", id).any_id("about_id", id)?;
                Ok(DueTelling { about, due_at: *due_at, turn: *turn })
            })
            .collect()
    }
}

impl WriteTx<'_> {
    /// Writes down when a thing is to be told of.
    pub(crate) fn schedule(&mut self, about: AnyId, schedule: Schedule) -> Result<(), StorageError> {
        let due_at = match schedule {
            Schedule::Keep => return Ok(()),
            Schedule::At(due_at) => Some(due_at),
            Schedule::Never => None,
        };
        let about = about.to_string();
        on!(self, |connection| diesel::delete(tellings::table.find(&about)).execute(connection))?;
        let Some(due_at) = due_at else { return Ok(()) };
        let row = (tellings::about_id.eq(&about), tellings::due_at.eq(due_at.micros()), tellings::turn.eq(FIRST_TURN));
        on!(self, |connection| diesel::insert_into(tellings::table).values(row).execute(connection)).map(drop)
    }

    /// Takes a telling; false if somebody else did, or the thing is to be told of at another moment.
    pub fn take_telling(&mut self, due: &DueTelling) -> Result<bool, StorageError> {
        let taken = diesel::update(of(due)).set(tellings::turn.eq(due.turn + 1));
        on!(self, |connection| taken.execute(connection)).map(|rows| rows == 1)
    }

    /// Tells: writes the journal, owes the emails, and puts down when to look at the thing again. It was taken before.
    pub fn tell(&mut self, due: &DueTelling, telling: &Telling) -> Result<(), StorageError> {
        self.state.entries.extend_from_slice(telling.entries());
        let notices: Vec<Notice> = telling
            .letters()
            .iter()
            .map(|letter| Notice {
                id: MailId::from_u128((self.state.ids)()),
                kind: letter.kind,
                to: letter.to,
                about: Some(letter.about),
                link: None,
            })
            .collect();
        self.owe_mails(&notices.iter().map(|notice| (notice, telling.at())).collect::<Vec<_>>())?;
        let taken = DueTelling { turn: due.turn + 1, ..*due };
        let rows = match telling.next() {
            Some(next) => {
                let later = diesel::update(of(&taken)).set(tellings::due_at.eq(next.micros()));
                on!(self, |connection| later.execute(connection))?
            }
            None => on!(self, |connection| diesel::delete(of(&taken)).execute(connection))?,
        };
        self.expect_one(rows, "tellings", taken.about)
    }

    /// Puts a telling off that failed; nothing, if somebody else took it meanwhile.
    pub fn postpone_telling(&mut self, due: &DueTelling, until: Timestamp) -> Result<(), StorageError> {
        let later = diesel::update(of(due)).set(tellings::due_at.eq(until.micros()));
        on!(self, |connection| later.execute(connection)).map(drop)
    }
}
