//! Requests for grants (G-9).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use mandate_core::actor::{OrganizationRef, PersonRef};
use mandate_core::change::Change;
use mandate_core::grant_request::{Decision, GrantRequest, LAPSE, NamedGrantor};
use mandate_core::grant_request_notice;
use mandate_core::id::{AnyId, GrantRequestId, OrganizationId, PersonId};
use mandate_core::text::{Domain, Note};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{GrantRequestStatus, Vocabulary as _};

use crate::backend::on;
use crate::batch::save_row;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::partner_grant::read_grantee;
use crate::people::full_name;
use crate::schema::{grant_requests, organization_domains};
use crate::sql::{Sql, any_of, once};
use crate::tx::{ReadTx, Unlocked, WriteTx};

#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = grant_requests, treat_none_as_null = true)]
struct GrantRequestRow {
    id: String,
    named: String,
    grantor_id: Option<String>,
    grantee_type: String,
    grantee_id: String,
    grantee_organization_id: String,
    level: String,
    expires_at: Option<i64>,
    message: Option<String>,
    renews_grant_id: Option<String>,
    decided_at: Option<i64>,
    decided_status: Option<String>,
    decided_by: Option<String>,
    decided_reason: Option<String>,
    grant_id: Option<String>,
    created_at: i64,
    created_by: String,
    updated_at: i64,
    version: i64,
}

impl From<&GrantRequest> for GrantRequestRow {
    fn from(request: &GrantRequest) -> Self {
        let decision = request.decision.as_ref();
        Self {
            id: request.id.to_string(),
            named: request.named.to_string(),
            grantor_id: request.grantor.as_ref().map(|grantor| grantor.id.to_string()),
            grantee_type: request.grantee.kind().name().to_owned(),
            grantee_id: request.grantee.id().to_string(),
            grantee_organization_id: request.grantee.organization().to_string(),
            level: request.level.name().to_owned(),
            expires_at: request.expires_at.map(Timestamp::micros),
            message: request.message.as_ref().map(ToString::to_string),
            renews_grant_id: request.renews.map(|grant| grant.to_string()),
            decided_at: decision.map(|decision| decision.at.micros()),
            decided_status: decision.map(|decision| decision.status.name().to_owned()),
            decided_by: decision.and_then(|decision| decision.by).map(|by| by.to_string()),
            decided_reason: decision.and_then(|decision| decision.reason.as_ref()).map(ToString::to_string),
            grant_id: decision.and_then(|decision| decision.grant).map(|grant| grant.to_string()),
            created_at: request.created_at.micros(),
            created_by: request.created_by.id.to_string(),
            updated_at: request.updated_at.micros(),
            version: request.version,
        }
    }
}

type RequestColumns = (
    (
        Text,
        Text,
        Nullable<Text>,
        Nullable<Text>,
        Text,
        Text,
        Text,
        Text,
        Nullable<BigInt>,
        Nullable<Text>,
        Nullable<Text>,
    ),
    (Nullable<BigInt>, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (BigInt, Text, BigInt, BigInt),
    (Text, Nullable<Text>, Nullable<Text>),
    (Text, Text, Text),
);

const REQUEST_SELECT: &str = "SELECT q.id, q.named, q.grantor_id, r.name, q.grantee_type, q.grantee_id, \
     q.grantee_organization_id, q.level, q.expires_at, q.message, q.renews_grant_id, q.decided_at, q.decided_status, \
     q.decided_by, q.decided_reason, q.grant_id, q.created_at, q.created_by, q.updated_at, q.version, \
     h.name, p.first_name, p.last_name, m.first_name, m.last_name, m.organization_id \
     FROM grant_requests q LEFT JOIN organizations r ON r.id = q.grantor_id \
     JOIN organizations h ON h.id = q.grantee_organization_id LEFT JOIN people p ON p.id = q.grantee_id \
     JOIN people m ON m.id = q.created_by ";

type RequestTerms = (
    String,
    String,
    Option<String>,
    Option<String>,
    String,
    String,
    String,
    String,
    Option<i64>,
    Option<String>,
    Option<String>,
);

type RequestDecision = (Option<i64>, Option<String>, Option<String>, Option<String>, Option<String>);

#[derive(Debug, Queryable)]
struct LoadedRequest {
    terms: RequestTerms,
    decision: RequestDecision,
    record: (i64, String, i64, i64),
    names: (String, Option<String>, Option<String>),
    maker: (String, String, String),
}

impl LoadedRequest {
    fn read(self) -> Result<GrantRequest, StorageError> {
        let (id, named, grantor, grantor_name, kind, grantee, holder, level, expires_at, message, renews) = self.terms;
        let (decided_at, decided_status, decided_by, reason, grant) = self.decision;
        let (created_at, created_by, updated_at, version) = self.record;
        let (first_name, last_name, maker_organization) = self.maker;
        let cells = Cells::of("grant_requests", &id);
        let read_note = |cells: &Cells<'_>, text: &str| cells.read("note", Note::kept(text).ok());
        let decision = match (decided_at, decided_status) {
            (Some(at), Some(status)) => Some(Decision {
                at: moment(at),
                status: cells.word("decided_status", &status)?,
                by: cells.optional_person_id("decided_by", decided_by.as_deref())?,
                reason: cells.optional(reason.as_deref(), read_note)?,
                grant: cells.optional_id("grant_id", grant.as_deref())?,
            }),
            _ => None,
        };
        let grantor = match (grantor, grantor_name) {
            (Some(id), Some(name)) => Some(OrganizationRef { id: cells.id("grantor_id", &id)?, name }),
            _ => None,
        };
        Ok(GrantRequest {
            id: cells.id("id", &id)?,
            named: match OrganizationId::parse(&named) {
                Ok(id) => NamedGrantor::Id(id),
                Err(_) => NamedGrantor::Domain(cells.read("named", Domain::kept(&named).ok())?),
            },
            grantor,
            grantee: read_grantee(&cells, &kind, &grantee, &holder, self.names)?,
            level: cells.word("level", &level)?,
            expires_at: expires_at.map(moment),
            message: cells.optional(message.as_deref(), read_note)?,
            renews: cells.optional_id("renews_grant_id", renews.as_deref())?,
            decision,
            created_at: moment(created_at),
            created_by: PersonRef {
                id: cells.person_id("created_by", &created_by)?,
                name: full_name(&first_name, &last_name),
                organization: cells.id("organization_id", &maker_organization)?,
            },
            updated_at: moment(updated_at),
            version,
        })
    }
}

/// From whose side requests are listed (G-9).
#[derive(Debug, Clone, Copy)]
pub enum RequestSide {
    /// Made by this partner and its people.
    Sent(OrganizationId),
    /// Made to this customer.
    Received(OrganizationId),
}

/// Requests in one of these states; in any state if none is named.
fn in_states(statuses: &[GrantRequestStatus], now: Timestamp) -> Sql {
    let lapsed = now.minus(LAPSE).micros();
    any_of(once(statuses).map(|status| match status {
        GrantRequestStatus::Open => Sql::new("(q.decided_at IS NULL AND q.created_at > ").bind_big(lapsed).push(")"),
        GrantRequestStatus::Lapsed => Sql::new("(q.decided_at IS NULL AND q.created_at <= ").bind_big(lapsed).push(")"),
        decided => Sql::new("q.decided_status = ").bind_text(decided.name()),
    }))
}

impl ReadTx<'_> {
    /// A request.
    pub fn grant_request(&mut self, id: GrantRequestId) -> Result<Option<GrantRequest>, StorageError> {
        Ok(self.load_grant_requests(Sql::new("WHERE q.id = ").bind_text(id))?.pop())
    }

    /// The newest request without a decision for a grantee under a name.
    pub fn request_by_name(
        &mut self,
        grantee: AnyId,
        named: &NamedGrantor,
    ) -> Result<Option<GrantRequest>, StorageError> {
        let whose = Sql::new("WHERE q.decided_at IS NULL AND q.grantee_id = ")
            .bind_text(grantee)
            .push(" AND q.named = ")
            .bind_text(named)
            .push(" ORDER BY q.created_at DESC, q.id DESC LIMIT 1");
        Ok(self.load_grant_requests(whose)?.pop())
    }

    /// The newest open request that is older than this one, to the same customer for the same grantee under another name (G-9).
    pub fn older_grant_request(
        &mut self,
        request: &GrantRequest,
        now: Timestamp,
    ) -> Result<Option<GrantRequest>, StorageError> {
        let Some(grantor) = &request.grantor else { return Ok(None) };
        let whose = Sql::new("WHERE q.decided_at IS NULL AND q.grantee_id = ")
            .bind_text(request.grantee.id())
            .push(" AND q.grantor_id = ")
            .bind_text(grantor.id)
            .push(" AND q.created_at > ")
            .bind_big(now.minus(LAPSE).micros())
            .push(" AND (q.created_at, q.id) < (")
            .bind_big(request.created_at.micros())
            .push(", ")
            .bind_text(request.id)
            .push(") ORDER BY q.created_at DESC, q.id DESC LIMIT 1");
        Ok(self.load_grant_requests(whose)?.pop())
    }

    /// The requests without a decision that a person made or that were made for them (C-15).
    pub fn grant_requests_of(&mut self, person: PersonId) -> Result<Vec<GrantRequest>, StorageError> {
        let whose = Sql::new("WHERE q.decided_at IS NULL AND (q.created_by = ")
            .bind_text(person)
            .push(" OR q.grantee_id = ")
            .bind_text(person)
            .push(") ORDER BY q.id");
        self.load_grant_requests(whose)
    }

    /// The organization that a domain belongs to.
    pub fn organization_of_domain(&mut self, domain: &Domain) -> Result<Option<OrganizationId>, StorageError> {
        let query = organization_domains::table
            .filter(organization_domains::domain.eq(domain.as_str()))
            .select(organization_domains::organization_id);
        let found: Option<String> = on!(self, |connection| query.first(connection).optional())?;
        Cells::of("organization_domains", domain.as_str()).optional_id("organization_id", found.as_deref())
    }

    /// Requests of one side, newest first (G-9).
    pub fn grant_requests(
        &mut self,
        side: RequestSide,
        now: Timestamp,
        statuses: &[GrantRequestStatus],
        page: &Page,
    ) -> Result<Slice<GrantRequest>, StorageError> {
        let mut whose = match side {
            RequestSide::Sent(holder) => Sql::new("WHERE q.grantee_organization_id = ").bind_text(holder),
            // Of several open ones for the same grantee, asked under several names, the oldest (G-9).
            RequestSide::Received(grantor) => Sql::new("WHERE q.grantor_id = ")
                .bind_text(grantor)
                .push(
                    " AND (q.decided_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM grant_requests e WHERE e.grantor_id = q.grantor_id \
                     AND e.grantee_id = q.grantee_id AND e.decided_at IS NULL AND (e.created_at, e.id) < (q.created_at, q.id) \
                     AND e.created_at > ",
                )
                .bind_big(now.minus(LAPSE).micros())
                .push("))"),
        };
        whose = whose.append(in_states(statuses, now));
        whose = page.descending(whose, "q.created_at", "q.id");
        Ok(Slice::cut(self.load_grant_requests(whose)?, page, |request| Position {
            key: SortKey::Number(request.created_at.micros()),
            id: request.id.to_string(),
        }))
    }

    fn load_grant_requests(&mut self, whose: Sql) -> Result<Vec<GrantRequest>, StorageError> {
        let query = Sql::<RequestColumns>::new(REQUEST_SELECT).append(whose);
        let rows: Vec<LoadedRequest> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(LoadedRequest::read).collect()
    }
}

impl Unlocked<'_> {
    /// The two sides of a request: whose people ask, and whom, if that is anybody.
    pub fn sides_of_grant_request(
        &mut self,
        id: GrantRequestId,
    ) -> Result<Option<(OrganizationId, Option<OrganizationId>)>, StorageError> {
        let found = self.tx.grant_request(id)?;
        Ok(found.map(|request| (request.grantee.organization(), request.grantor.map(|grantor| grantor.id))))
    }
}

impl WriteTx<'_> {
    /// Saves a request for a grant.
    pub fn save_grant_request(&mut self, change: &Change<GrantRequest>) -> Result<(), StorageError> {
        let row = GrantRequestRow::from(change.after());
        save_row!(self, grant_requests, &row, change)?;
        self.schedule(change.after().id.into(), grant_request_notice::schedule(change))?;
        self.record(change)
    }
}
