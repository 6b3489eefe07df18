//! Who takes part in service requests (S-7).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use mandate_core::actor::PersonRef;
use mandate_core::change::Change;
use mandate_core::id::{OrganizationId, PersonId, ServiceRequestId};
use mandate_core::participant::Participant;
use mandate_core::request_access::HeldRole;
use mandate_core::viewer::Candidate;
use mandate_core::vocabulary::Vocabulary as _;

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::people::full_name;
use crate::schema::participants;
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};
use crate::viewer::{CandidateColumns, CandidateRow, read_candidate, select_candidate};

type ParticipantColumns = (CandidateColumns, (Text, Text, BigInt, BigInt), (Text, Text, Text, Text));
type ParticipantRow = (CandidateRow, (String, String, i64, i64), (String, String, String, String));

const FURTHER_COLUMNS: &str = ", pa.service_request_id, sr.organization_id, pa.added_at, pa.version, pa.added_by, ab.first_name, \
     ab.last_name, ab.organization_id FROM participants pa JOIN people p ON p.id = pa.person_id \
     JOIN organizations o ON o.id = p.organization_id JOIN people ab ON ab.id = pa.added_by \
     JOIN service_requests sr ON sr.id = pa.service_request_id LEFT JOIN organizations ro ON ro.id = sr.organization_id \
     LEFT JOIN partner_grants gi ON gi.grantor_id = ro.id AND gi.ended_at IS NULL AND gi.grantee_id = p.id \
     LEFT JOIN partner_grants go ON go.grantor_id = ro.id AND go.ended_at IS NULL AND go.grantee_id = o.id ";

fn read((candidate, participation, adder): ParticipantRow) -> Result<(Participant, Candidate), StorageError> {
    let candidate = read_candidate(candidate)?;
    let (request, organization, added_at, version) = participation;
    let (added_by, first_name, last_name, home) = adder;
    let cells = Cells::of("participants", &request);
    let participant = Participant {
        request: cells.id("service_request_id", &request)?,
        organization: cells.id("organization_id", &organization)?,
        person: candidate.person.reference(),
        role: candidate.role.map(|held| held.role),
        grant: candidate.role.and_then(|held| held.grant),
        added_at: moment(added_at),
        added_by: PersonRef {
            id: cells.person_id("added_by", &added_by)?,
            name: full_name(&first_name, &last_name),
            organization: cells.id("people.organization_id", &home)?,
        },
        version,
    };
    Ok((participant, candidate))
}

impl ReadTx<'_> {
    /// Everybody who takes part in a request beside its point of contact, in the order in which they were added, with all that
    /// decides what they may see. There are few.
    pub fn participants(&mut self, request: ServiceRequestId) -> Result<Vec<(Participant, Candidate)>, StorageError> {
        let whose = Sql::new("WHERE pa.service_request_id = ").bind_text(request);
        self.load_participants(whose.push(" ORDER BY pa.added_at, pa.person_id"))
    }

    /// How somebody takes part in a request.
    pub fn participant(
        &mut self,
        request: ServiceRequestId,
        person: PersonId,
    ) -> Result<Option<Participant>, StorageError> {
        let whose = Sql::new("WHERE pa.service_request_id = ").bind_text(request).push(" AND pa.person_id = ");
        Ok(self.load_participants(whose.bind_text(person))?.pop().map(|(participant, _)| participant))
    }

    /// How somebody takes part in everything in which they do (C-15).
    pub fn participations_of(&mut self, person: PersonId) -> Result<Vec<Participant>, StorageError> {
        let whose = Sql::new("WHERE pa.person_id = ").bind_text(person).push(" ORDER BY pa.service_request_id");
        Ok(self.load_participants(whose)?.into_iter().map(|(participant, _)| participant).collect())
    }

    /// Who takes part in anything by one of these grants: one person, or everybody (S-7).
    pub(crate) fn participants_by(
        &mut self,
        grants: &[String],
        person: Option<PersonId>,
    ) -> Result<Vec<(Participant, Candidate)>, StorageError> {
        let mut whose = Sql::new("WHERE pa.grant_id IN (").bind_texts(grants).push(")");
        if let Some(person) = person {
            whose = whose.push(" AND pa.person_id = ").bind_text(person);
        }
        self.load_participants(whose.push(" ORDER BY pa.service_request_id, pa.person_id"))
    }

    fn load_participants(&mut self, whose: Sql) -> Result<Vec<(Participant, Candidate)>, StorageError> {
        let query = select_candidate::<ParticipantColumns>().push(FURTHER_COLUMNS).append(whose);
        let rows: Vec<ParticipantRow> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(read).collect()
    }

    /// Somebody who may come to take part in a request of an organization, with the role that they have in it.
    pub fn candidate(
        &mut self,
        person: PersonId,
        organization: OrganizationId,
        role: Option<HeldRole>,
    ) -> Result<Option<Candidate>, StorageError> {
        let Some((person, organization_status)) = self.actor(person)? else { return Ok(None) };
        let grants = self.held_grants(&person, organization)?;
        Ok(Some(Candidate { person, organization_status, grants, role }))
    }
}

impl WriteTx<'_> {
    /// Saves a participation; one that has ended is deleted, the journal keeps it.
    pub fn save_participant(&mut self, change: &Change<Participant>) -> Result<(), StorageError> {
        if !change.is_effective() {
            return Ok(());
        }
        let after = change.after();
        let (request, person) = (after.request.to_string(), after.person.id.to_string());
        let rows = match (change.before(), after.role) {
            (None, role) => {
                let row = (
                    participants::service_request_id.eq(&request),
                    participants::person_id.eq(&person),
                    participants::role.eq(role.map(|role| role.name()).unwrap_or_default()),
                    participants::added_at.eq(after.added_at.micros()),
                    participants::added_by.eq(after.added_by.id.to_string()),
                    participants::version.eq(after.version),
                    participants::grant_id.eq(after.grant.map(|grant| grant.to_string())),
                );
                on!(self, |connection| diesel::insert_into(participants::table)
                    .values(row.clone())
                    .execute(connection))?
            }
            (Some(before), role) => {
                let row =
                    participants::table.find((&request, &person)).filter(participants::version.eq(before.version));
                match role {
                    Some(role) => {
                        let new = (
                            participants::role.eq(role.name()),
                            participants::version.eq(after.version),
                            participants::added_by.eq(after.added_by.id.to_string()),
                            participants::grant_id.eq(after.grant.map(|grant| grant.to_string())),
                        );
                        on!(self, |connection| diesel::update(row).set(new).execute(connection))?
                    }
                    None => on!(self, |connection| diesel::delete(row).execute(connection))?,
                }
            }
        };
        self.expect_one(rows, "participants", &request)?;
        self.record(change)
    }
}
