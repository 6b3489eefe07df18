//! Bulk import of contacts over HTTP (C-22): what is sent row by row, decided and answered at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, post};
use mandate_core::change::{Context, Origin};
use mandate_core::contact::{CreateFacts, Existing};
use mandate_core::contact_import::{self, Import, ImportFacts, ImportRow, RowRefusal};
use mandate_core::id::{OrganizationId, OrganizationKind};
use mandate_core::refusal::{Code, Extra};
use mandate_core::say;
use mandate_core::text::{Email, Flaw, Locale};
use mandate_core::vocabulary::Vocabulary as _;
use mandate_storage::{Fence, ReadTx, StorageError, WriteTx};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::edge::RequestInfo;
use crate::extract::{PathId, Query, collect, media_type};
use crate::input::FieldFlaw;
use crate::problem::{BodyProblems, Problem, Problems};
use crate::reply::{Answer, command};
use crate::state::App;
use crate::translation::{told, translate};
use crate::wire::{AnyIdWire, OrganizationIdWire};

mod rows;
mod table;

use rows::{Format, Rows, field};

/// The path of the operation, as the edge knows it.
pub(crate) const PATH: &str = "/v1/organizations/{organization_id}/contacts/import";
/// How long an import may take until its answer; longer than other requests, so that none is left without its outcome.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
/// How long the file may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);
/// Bytes of a file, at most.
pub(crate) const FILE_MAX: usize = 16 * 1024 * 1024;
/// Files that arrive or are imported at a time, one of each organization; the others wait for a moment and are then asked to come again.
pub(crate) const ARRIVING: usize = 8;
/// Imports at a time, of files that arrived.
pub(crate) const AT_ONCE: usize = 2;
/// New contacts that are saved at once.
const SAVED_AT_ONCE: usize = 500;

/// Flaws of one row that a rule finds, at most so many are told.
const FLAWS_MAX: usize = 10;

/// How to import.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportContactsQuery {
    /// Whether only to say what would happen; `false` if absent.
    #[param(nullable = false, example = true)]
    dry_run: Option<bool>,
}

macro_rules! files {
    ($($(#[$doc:meta])* $file:ident = $example:literal;)+) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        #[schema(value_type = String, example = $example)]
        struct $file(#[expect(dead_code, reason = "the type stands for its schema alone")] String);
    )+};
}

files! {
    /// A table with a header.
    ContactTable = "email,first_name,last_name,permission\r\nana.silva@acme.example,Ana,Silva,designated_support\r\n";
    /// The body that creates one contact, on each line.
    ContactLines = "{\"email\":\"ana.silva@acme.example\",\"first_name\":\"Ana\",\"last_name\":\"Silva\",\"permission\":\"designated_support\"}\n";
}

/// What an import did or, if it was a dry run, would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactImportView {
    /// Whether nothing was done.
    #[schema(example = true)]
    dry_run: bool,
    /// The rows of the file, without its header.
    #[schema(example = 120)]
    rows: usize,
    /// The contacts that were created or would be, if no row were refused.
    #[schema(example = 100)]
    created: usize,
    /// The rows whose email is a contact of the organization already; nothing is done about them.
    #[schema(example = 18)]
    existing: usize,
    /// The rows that are refused; while there is one, an import creates nothing.
    #[schema(example = 2)]
    refused: usize,
    /// What is wrong with them, by row.
    errors: Vec<ContactImportErrorView>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactImportErrorView {
    /// The row, from 1; the header and blank lines do not count.
    #[schema(example = 3)]
    row: usize,
    /// The line of the file on which the row begins, from 1.
    #[schema(example = 4)]
    line: usize,
    /// The column or member; empty for the row as a whole.
    #[schema(example = "email")]
    field: String,
    /// What a spreadsheet calls the cell; `null` for the row as a whole and in JSON lines.
    #[schema(required = true, example = "A4")]
    cell: Option<String>,
    /// A stable code, as creating a single contact answers it; more may be added.
    #[schema(example = "contact_in_other_organization")]
    code: String,
    /// What is wrong and what would be right, for people.
    #[schema(example = "this contact already exists but is not in your organization: `ana.silva@acme.example`")]
    message: String,
    /// Whether the contact of another organization may be invited.
    #[schema(required = true, example = true)]
    invitation_available: Option<bool>,
    /// The id of what stands in the way.
    #[schema(required = true)]
    about: Option<AnyIdWire>,
}

/// Import contacts
///
/// Creates up to 10,000 contacts from a file of at most 16 MiB, each by the rules of creating a single one, all of them or,
/// where a row is refused, none. For contact managers of the organization and partners with `full_admin`; for administrators as
/// long as no contact of the organization has ever set a password.
///
/// As `text/csv` (RFC 4180, in UTF-8): the first line names the columns `email`, `first_name`, `last_name`, `permission` and
/// perhaps `phone`, `time_zone`, `locale`, `type`, `duties`, `site_ids`, `site_shifts`, in whatever order and case. Cells are
/// separated as the header's are, by commas, semicolons or tabs, or as a line `sep=;` in front of it says; byte order marks, rows
/// in which nothing is and empty columns without a name count for nothing. Lists are separated by semicolons, a shift is written
/// `site_id:name`, and an empty cell is absent. The other columns of an export are ignored, unknown ones refused. What the export
/// wrote as `'=Pia`, so that no spreadsheet takes it for a formula, is read without the mark. Errors name the cell as a spreadsheet
/// does (`F7`). As `application/x-ndjson`: each line is the body that creates one contact.
///
/// An email that is a contact of the organization already is counted as `existing` and left alone, so that the same file can be
/// sent again. With `dry_run=true` nothing is done, and the answer names every error of every row; without it they are in the
/// problem `import_refused`, with pointers such as `#/3/email` for the third row.
#[utoipa::path(tag = "contacts", operation_id = "importContacts",
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization."), ImportContactsQuery),
    request_body(content((inline(ContactTable) = "text/csv"), (inline(ContactLines) = "application/x-ndjson")), description = "The file."),
    responses((status = 200, description = "What was done, or would be.", body = ContactImportView), Problems, BodyProblems),
    extensions(("x-codes" = json!(["permission_required", "import_refused", "import_too_long", "contact_manager_protected", "outside_customer_domains"]))))]
#[post("/v1/organizations/{organization_id}/contacts/import")]
pub(crate) async fn import_contacts(
    app: Data<Arc<App>>,
    caller: Caller,
    info: RequestInfo,
    organization: PathId<OrganizationKind>,
    query: Query<ImportContactsQuery>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let is_dry_run = query.errors.finish(|| Some(query.value.dry_run.unwrap_or(false)))?;
    let format = Format::of(media_type(&request, &Format::MEDIA_TYPES)?);
    allow(&app, &caller, organization.0).await?;
    // Held until the work is done, so that few files are in memory at a time.
    let arriving = app.imports.turn(&caller.claims).await?;
    let file = collect(payload.into_inner(), FILE_MAX, ARRIVAL).await?;
    let turn = (arriving, app.importing.turn().await?);
    let (reader, now) = (Arc::clone(&app), caller.now);
    let read = web::block(move || (turn, Sha256::digest(&file), read_file(&reader, format, file, now)));
    let (turn, digest, read) =
        read.await.map_err(|error| Problem::internal(format!("a blocking task was cancelled: {error}")))?;
    let rows = read?;
    if is_dry_run {
        let locale = info.locale().clone();
        let view = app.read(caller, move |tx, asker| {
            let _held = &turn;
            let context = Context { actor: Some(asker.actor.clone()), now: asker.now, origin: Origin::default() };
            let (_, import) = decide(tx, &context, organization.0, &rows)?;
            Ok(ContactImportView::new(true, &import, errors(&rows, &import, &locale)))
        });
        return Ok(told(info.locale(), &view.await?));
    }
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| {
        let _held = &turn;
        carry_out(tx, context, organization.0, &rows)
    };
    app.write(caller.with_body(digest.into()), command(move |_| Ok(Fence::new().uses(organization.0)), work)).await
}

/// Asks whether the caller may import at all, before anything of the file is received.
async fn allow(app: &Arc<App>, caller: &Caller, organization: OrganizationId) -> Result<(), Problem> {
    let allowed = app.read(caller.clone(), move |tx, asker| {
        let standing = tx.standing(&asker.actor, organization, asker.now)?;
        let never_entered = tx.never_entered(organization)?;
        Ok(contact_import::allow(&standing, tx.organization(organization)?.as_ref(), never_entered)?)
    });
    allowed.await
}

fn read_file(app: &App, format: Format, file: Bytes, now: mandate_core::time::Timestamp) -> Result<Rows, Problem> {
    rows::read(format, &file, |body| body.value.into_command(body.errors, app, now))
}

fn emails(rows: &[ImportRow]) -> impl Iterator<Item = &Email> {
    rows.iter().filter_map(|row| row.contact.as_ref()).map(|contact| &contact.profile.email.email)
}

fn names_sites(rows: &[ImportRow]) -> bool {
    rows.iter().filter_map(|row| row.contact.as_ref()).any(|contact| !contact.sites.is_nothing())
}

/// Loads the facts and asks core.
fn decide(
    tx: &mut ReadTx<'_>,
    context: &Context,
    organization: OrganizationId,
    rows: &Rows,
) -> Result<(ImportFacts, Import), Problem> {
    let actor = context.signed_in()?;
    let facts = ImportFacts {
        create: CreateFacts {
            standing: tx.standing(actor, organization, context.now)?,
            organization: tx.organization(organization)?,
            vendor_domains: tx.vendor_domains()?,
            owners: tx.domain_owners(emails(&rows.rows))?,
            existing: None,
            former: Vec::new(),
            never_entered: tx.never_entered(organization)?,
            sites: if names_sites(&rows.rows) { tx.sites_of(organization)? } else { Vec::new() },
        },
        existing: existing(tx, organization, &rows.rows)?,
        former: tx.former_grants_of(emails(&rows.rows), organization, context.now)?,
    };
    let import = contact_import::decide(context, &facts, &rows.rows)?;
    Ok((facts, import))
}

fn existing(
    tx: &mut ReadTx<'_>,
    organization: OrganizationId,
    rows: &[ImportRow],
) -> Result<BTreeMap<Email, Existing>, StorageError> {
    let emails = rows.iter().filter_map(|row| Some(&row.contact.as_ref()?.profile.email.email));
    tx.people_by_email(organization, &emails.collect::<Vec<_>>())
}

/// Imports inside a transaction.
fn carry_out(
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    rows: &Rows,
) -> Result<Answer, Problem> {
    let (facts, import) = decide(tx, context, organization, rows)?;
    if import.is_refused() {
        return Err(refused(rows, &import));
    }
    let mut contacts = import.contacts(context, &facts, &rows.rows);
    loop {
        let created = contacts.by_ref().take(SAVED_AT_ONCE).collect::<Result<Vec<_>, _>>()?;
        if created.is_empty() {
            break;
        }
        tx.save_welcomed(&created)?;
    }
    let view = ContactImportView::new(false, &import, Vec::new());
    Ok(Answer::ok(1, organization, &view)?.untagged())
}

/// The problem that names every error.
fn refused(rows: &Rows, import: &Import) -> Problem {
    let detail = say!(
        "{refused} of {rows} rows are not allowed, so nothing was created",
        refused = import.refused,
        rows = import.rows
    );
    let read = rows.flaws.iter().map(|(row, errors)| (*row, errors.as_slice()));
    let mut list: Vec<(usize, FieldFlaw)> = read
        .flat_map(|(row, errors)| {
            errors.iter().map(move |error| (row, FieldFlaw { pointer: below(row, error), ..error.clone() }))
        })
        .collect();
    list.extend(import.refusals.iter().flat_map(|refused| {
        let at = move |place: String| format!("/{}/{place}", refused.row);
        flaws(refused).map(move |(place, flaw)| {
            let cell = rows.cell(refused.row, field(&place));
            (refused.row, FieldFlaw { cell, ..FieldFlaw::in_body(&at(place), flaw) })
        })
    }));
    list.sort_by_key(|(row, _)| *row);
    Problem::new(Code::ImportRefused, detail).with_errors(list.into_iter().map(|(_, error)| error).collect())
}

/// The pointer into the file, of an error within one row.
fn below(row: usize, error: &FieldFlaw) -> Option<String> {
    Some(format!("#/{row}{}", error.place().trim_start_matches('#')))
}

/// What a rule finds wrong with a row: each value where it blames several, at most [`FLAWS_MAX`], else the one.
fn flaws(refused: &RowRefusal) -> impl Iterator<Item = (String, Flaw)> + '_ {
    let each = refused.refusal.extras.iter().find_map(|extra| match extra {
        Extra::Flaws(flaws) => Some(flaws.as_slice()),
        _ => None,
    });
    let one = each.is_none().then(|| {
        let flaw = Flaw { code: code(&refused.refusal), message: refused.refusal.detail.clone() };
        (refused.field().to_owned(), flaw)
    });
    let several = each.unwrap_or_default().iter().take(FLAWS_MAX);
    one.into_iter().chain(several.map(|(at, flaw)| (at.trim_start_matches("#/").to_owned(), flaw.clone())))
}

/// The code that names the flaw most finely.
fn code(refusal: &mandate_core::refusal::Refusal) -> &'static str {
    let finer = refusal.extras.iter().find_map(|extra| match extra {
        Extra::MemberCode(code) => Some(*code),
        _ => None,
    });
    finer.unwrap_or(refusal.code.name())
}

/// Every error of every row in this language, in the order of the rows.
fn errors(rows: &Rows, import: &Import, locale: &Locale) -> Vec<ContactImportErrorView> {
    let line = |row: usize| rows.lines.get(row.wrapping_sub(1)).copied().unwrap_or_default();
    let unread = rows.flaws.iter().flat_map(|(row, errors)| errors.iter().map(move |error| (*row, error)));
    let read = unread.map(|(row, error)| ContactImportErrorView {
        row,
        line: line(row),
        field: field(error.place()).to_owned(),
        cell: error.cell.clone(),
        code: error.code.clone().into_owned(),
        message: translate(&error.message, locale),
        invitation_available: None,
        about: None,
    });
    let mut list: Vec<ContactImportErrorView> = read.collect();
    let each = import.refusals.iter().flat_map(|refused| flaws(refused).map(move |flaw| (refused, flaw)));
    list.extend(each.map(|(refused, (place, flaw))| ContactImportErrorView {
        row: refused.row,
        line: line(refused.row),
        field: field(&place).to_owned(),
        cell: rows.cell(refused.row, field(&place)),
        code: flaw.code.to_owned(),
        message: translate(&flaw.message, locale),
        invitation_available: refused.refusal.extras.iter().find_map(|extra| match extra {
            Extra::InvitationAvailable(is_available) => Some(*is_available),
            _ => None,
        }),
        about: refused.refusal.extras.iter().find_map(|extra| match extra {
            Extra::About(id) => Some((*id).into()),
            _ => None,
        }),
    }));
    list.sort_by_key(|error| error.row);
    list
}

impl ContactImportView {
    fn new(dry_run: bool, import: &Import, errors: Vec<ContactImportErrorView>) -> Self {
        Self {
            dry_run,
            rows: import.rows,
            created: import.created(),
            existing: import.existing,
            refused: import.refused,
            errors,
        }
    }
}
