//! The list of contacts as CSV (C-18, C-22): read page after page while it leaves, and each time by somebody who still may.

use std::io;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;
use futures_util::{TryStreamExt as _, stream};
use mandate_core::contact::{self, Contact};
use mandate_core::id::OrganizationId;
use mandate_core::text::BYTE_ORDER_MARK;
use mandate_core::vocabulary::Vocabulary as _;
use mandate_storage::{ContactFilter, Page, Position, Slice};

use crate::caller::Caller;
use crate::contact_csv::{ADDED, IMPORTED, row};
use crate::problem::Problem;
use crate::state::App;

/// Contacts that are read at once.
const PAGE: usize = 500;

/// A list that leaves as CSV.
pub(crate) struct Export {
    /// The application.
    pub(crate) app: Arc<App>,
    /// Whoever asked.
    pub(crate) caller: Caller,
    /// Whose contacts they are.
    pub(crate) organization: OrganizationId,
    /// Which of them, in which order.
    pub(crate) filter: ContactFilter,
    /// Whether the file begins with a byte order mark, without which some spreadsheets take it for another encoding than UTF-8.
    pub(crate) is_marked: bool,
}

impl Export {
    /// Answers 200 and streams the rows.
    ///
    /// What goes wrong before the first row is an error; what goes wrong later breaks the connection off, so that nobody takes a
    /// part for the whole.
    ///
    /// *Errors*: `not_found`, `permission_required`, storage's failures.
    pub(crate) async fn answer(self) -> Result<HttpResponse, Problem> {
        let slice = self.page(None).await?;
        let mark = if self.is_marked { BYTE_ORDER_MARK.to_string() } else { String::new() };
        let mut head = csv_writer(mark);
        head.write_record(IMPORTED.iter().chain(&ADDED)).map_err(unwritten)?;
        let begin = (Some(written(head, &slice.rows)?), slice.next);
        let rows = stream::try_unfold((self, begin), |(export, (ready, next))| async move {
            let (bytes, next) = match (ready, next) {
                (Some(bytes), next) => (bytes, next),
                (None, None) => return Ok(None),
                (None, after) => {
                    let slice = export.page(after).await?;
                    (written(csv_writer(String::new()), &slice.rows)?, slice.next)
                }
            };
            Ok(Some((bytes, (export, (None, next)))))
        });
        Ok(HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8; header=present")
            .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"contacts.csv\""))
            .streaming(rows.map_err(broken_off)))
    }

    /// The rows behind a position, if the caller may see them at this moment: a long export has more than one.
    async fn page(&self, after: Option<Position>) -> Result<Slice<Contact>, Problem> {
        let mut caller = self.caller.clone();
        caller.now = self.app.now();
        let (organization, filter, page) = (self.organization, self.filter.clone(), Page { limit: PAGE, after });
        let read = self.app.read(caller, move |tx, asker| {
            let standing = tx.standing(&asker.actor, organization, asker.now)?;
            contact::allow_list(&standing, organization)?;
            Ok(tx.contacts(organization, &filter, &page)?)
        });
        read.await
    }
}

/// Ends the connection without the end of the body. The answer has begun, so the edge cannot say any more what happened.
fn broken_off(problem: Problem) -> io::Error {
    tracing::warn!(code = problem.code().name(), cause = problem.cause(), "an export was broken off");
    io::Error::other(problem.to_string())
}

/// Writes rows behind what the file begins with.
fn csv_writer(begin: String) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(begin.into_bytes())
}

fn written(mut writer: csv::Writer<Vec<u8>>, contacts: &[Contact]) -> Result<Bytes, Problem> {
    for contact in contacts {
        writer.write_record(row(contact)).map_err(unwritten)?;
    }
    writer.into_inner().map(Bytes::from).map_err(unwritten)
}

fn unwritten(error: impl std::fmt::Display) -> Problem {
    Problem::internal(format!("CSV cannot be written: {error}"))
}

#[cfg(test)]
mod tests;
