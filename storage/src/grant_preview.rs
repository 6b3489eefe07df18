//! What a grant would bring into sight (G-17): what a level reaches, said in SQL as the lists of requests say it.
//!
//! Each condition is driven from the side that is few: from a request to those whom it names, from a person to the requests that name
//! them; so neither the people nor the requests are multiplied with each other.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use mandate_core::access::HeldLevel;
use mandate_core::actor::PersonRef;
use mandate_core::grant_preview::{Group, NAMED_MAX, Shift};
use mandate_core::id::OrganizationId;
use mandate_core::request_access::reads;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{History, Permission, PersonStatus, Vocabulary as _};

use crate::backend::on;
use crate::column::Cells;
use crate::error::StorageError;
use crate::partner_grant::{live, upheld_by_any};
use crate::people::full_name;
use crate::sql::Sql;
use crate::tx::ReadTx;

/// What comes into sight, and for how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Service requests that somebody would see and does not see now.
    pub requests: i64,
    /// Public messages in them.
    pub messages: i64,
    /// Attachments of these messages.
    pub attachments: i64,
    /// People, active or invited, who would see one of them and do not see it now.
    pub people: i64,
}

/// Some people, and how many they all are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// The first of them, by name.
    pub named: Vec<PersonRef>,
    /// How many there are.
    pub total: i64,
}

/// The live individual grants `g` of a grantor to a person `p`.
fn individual_grant(grantor: OrganizationId, now: Timestamp) -> Sql {
    Sql::new("EXISTS (SELECT 1 FROM partner_grants g WHERE g.grantee_id = p.id AND g.grantor_id = ")
        .bind_text(grantor)
        .push(" AND ")
        .append(live(now))
        .push(")")
}

/// The people `p` of an organization, active or invited.
fn people_of(organization: OrganizationId) -> Sql {
    Sql::new("p.organization_id = ")
        .bind_text(organization)
        .push(" AND p.status IN (")
        .bind_texts([PersonStatus::Active, PersonStatus::Invited].map(|status| status.name()))
        .push(")")
}

/// The people `p` of a group.
fn of_group(group: &Group, grantor: OrganizationId, now: Timestamp) -> Sql {
    match group {
        Group::Person(person) => Sql::new("p.id = ").bind_text(person.id),
        // What all of an organization is granted is for its designated contacts (G-7).
        Group::Organization(organization) => people_of(*organization)
            .push(" AND p.permission <> ")
            .bind_text(Permission::KnowledgeBase.name())
            .push(" AND NOT ")
            .append(individual_grant(grantor, now)),
    }
}

/// Whether a level reaches a request `sr` that is not confidential, or that its holder submitted (G-16).
fn reached_by(held: Option<HeldLevel>) -> Sql {
    let reading = held.filter(|held| reads(held.level));
    let since = |condition: &'static str, held: HeldLevel| Sql::new(condition).bind_big(held.scope.since.micros());
    match reading {
        None => Sql::new("FALSE"),
        Some(held) => match held.scope.history {
            History::All => Sql::new("TRUE"),
            History::Open => since("(sr.closed_at IS NULL OR sr.closed_at > ", held).push(")"),
            History::New => since("sr.created_at > ", held),
        },
    }
}

/// What a shift does to requests `sr` and people `p`.
struct Sight<'a> {
    shift: &'a Shift,
    now: Timestamp,
}

impl Sight<'_> {
    fn group(&self) -> Sql {
        of_group(self.shift.group(), self.shift.grantor(), self.now)
    }

    /// Requests `sr` of the grantor that the level reaches afterwards and not before.
    fn newly_reached(&self) -> Sql {
        Sql::new("sr.organization_id = ")
            .bind_text(self.shift.grantor())
            .push(" AND ")
            .append(reached_by(self.shift.after()))
            .push(" AND NOT ")
            .append(reached_by(self.shift.before()))
    }

    /// That `p` takes no part in `sr`: who does and is let in at all sees it before as well as afterwards.
    fn unnamed(&self) -> Sql {
        if self.shift.before().is_none() {
            return Sql::new("");
        }
        Sql::new(
            " AND (sr.point_of_contact_id IS NULL OR sr.point_of_contact_id <> p.id) \
             AND NOT EXISTS (SELECT 1 FROM participants pa WHERE pa.service_request_id = sr.id AND pa.person_id = p.id)",
        )
    }

    /// Whether taking part begins to count.
    fn lets_in(&self) -> bool {
        self.shift.before().is_none() && self.shift.after().is_some()
    }

    /// Requests `sr` that somebody of the group begins to see.
    fn requests(&self) -> Sql {
        let somebody = |which: &'static str| {
            let who = Sql::<()>::new("EXISTS (SELECT 1 FROM people p WHERE ").push(which).append(self.group());
            who.append(self.unnamed()).push(")")
        };
        let mut query = Sql::new("sr.organization_id = ")
            .bind_text(self.shift.grantor())
            .push(" AND ((")
            .append(self.newly_reached())
            .push(" AND NOT sr.confidential AND ")
            .append(somebody(""))
            .push(") OR (")
            .append(self.newly_reached())
            .push(" AND sr.confidential AND NOT sr.sealed AND ")
            .append(somebody("p.id = sr.submitted_by AND "))
            .push(")");
        if self.lets_in() {
            query = query
                .push(" OR ")
                .append(somebody("p.id = sr.point_of_contact_id AND "))
                .push(" AND ")
                .append(upheld_by_any("sr.point_of_contact_grant", self.now))
                .push(" OR EXISTS (SELECT 1 FROM participants pa JOIN people p ON p.id = pa.person_id WHERE pa.service_request_id = sr.id AND ")
                .append(upheld_by_any("pa.grant_id", self.now))
                .push(" AND ")
                .append(self.group())
                .push(")");
        }
        query.push(")")
    }

    /// People `p` of the group who begin to see a request.
    fn people(&self) -> Sql {
        let some = |which: &'static str| {
            let request =
                Sql::<()>::new("EXISTS (SELECT 1 FROM service_requests sr WHERE ").append(self.newly_reached());
            request.push(which).append(self.unnamed()).push(")")
        };
        let mut query = self
            .group()
            .push(" AND (")
            .append(some(" AND NOT sr.confidential"))
            .push(" OR ")
            .append(some(" AND sr.confidential AND NOT sr.sealed AND sr.submitted_by = p.id"));
        if self.lets_in() {
            query = query
                .push(" OR EXISTS (SELECT 1 FROM service_requests sr WHERE sr.point_of_contact_id = p.id AND sr.organization_id = ")
                .bind_text(self.shift.grantor())
                .push(
                    ") OR EXISTS (SELECT 1 FROM participants pa JOIN service_requests sr ON sr.id = pa.service_request_id \
                     WHERE pa.person_id = p.id AND sr.organization_id = ",
                )
                .bind_text(self.shift.grantor())
                .push(")");
        }
        query.push(")")
    }
}

impl ReadTx<'_> {
    /// What a shift brings into sight.
    pub fn exposure(&mut self, shift: &Shift, now: Timestamp) -> Result<Exposure, StorageError> {
        let sight = Sight { shift, now };
        let requests = Sql::new("FROM service_requests sr WHERE ").append(sight.requests());
        let requests = self.count(requests)?;
        if requests == 0 {
            return Ok(Exposure::default());
        }
        let of_messages = |from: &'static str| {
            let messages = Sql::new(from)
                .push(" JOIN service_requests sr ON sr.id = m.service_request_id WHERE NOT m.internal AND ");
            messages.append(sight.requests())
        };
        Ok(Exposure {
            requests,
            messages: self.count(of_messages("FROM messages m"))?,
            attachments: self.count(of_messages("FROM attachments a JOIN messages m ON m.id = a.message_id"))?,
            people: self.count(Sql::new("FROM people p WHERE ").append(sight.people()))?,
        })
    }

    /// Those for whom a grant would decide.
    pub fn people_of_group(
        &mut self,
        group: &Group,
        grantor: OrganizationId,
        now: Timestamp,
    ) -> Result<People, StorageError> {
        let organization = match group {
            Group::Person(person) => return Ok(People { named: vec![person.clone()], total: 1 }),
            Group::Organization(organization) => *organization,
        };
        let total = self.count(Sql::new("FROM people p WHERE ").append(of_group(group, grantor, now)))?;
        let query = Sql::<(Text, Text, Text)>::new("SELECT p.id, p.first_name, p.last_name FROM people p WHERE ")
            .append(of_group(group, grantor, now))
            .push(" ORDER BY p.sort_name, p.id LIMIT ")
            .bind_big(i64::try_from(NAMED_MAX).unwrap_or(i64::MAX));
        let rows: Vec<(String, String, String)> = on!(self, |connection| query.load(connection))?;
        let named = rows.iter().map(|(id, first_name, last_name)| {
            Ok(PersonRef {
                id: Cells::of("people", id).person_id("id", id)?,
                name: full_name(first_name, last_name),
                organization,
            })
        });
        Ok(People { named: named.collect::<Result<_, StorageError>>()?, total })
    }

    /// How many people of an organization an individual grant decides for, whatever their organization holds (G-2).
    pub fn people_with_own_grants(
        &mut self,
        organization: OrganizationId,
        grantor: OrganizationId,
        now: Timestamp,
    ) -> Result<i64, StorageError> {
        let people = Sql::new("FROM people p WHERE ").append(people_of(organization)).push(" AND ");
        self.count(people.append(individual_grant(grantor, now)))
    }

    fn count(&mut self, from: Sql) -> Result<i64, StorageError> {
        let query = Sql::<BigInt>::new("SELECT COUNT(*) ").append(from);
        on!(self, |connection| query.get_result(connection))
    }
}
