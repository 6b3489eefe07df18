//! Requests that lose their point of contact, with those who may take over, and what hangs on a grant (C-15, S-7).

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use mandate_core::actor::Actor;
use mandate_core::change::Notice;
use mandate_core::contact::Contact;
use mandate_core::contact_ties::{Ties, Untied};
use mandate_core::grant_withdrawal::{Hanging, Withdrawal};
use mandate_core::handover::{HandedOver, HandoverNotice, Orphan};
use mandate_core::id::{ContactId, GrantId, LinkId, MailId, OrganizationId, PersonId, ServiceRequestId};
use mandate_core::service_request::ServiceRequest;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{MailKind, RequestStatus, Vocabulary as _};

use crate::backend::on;
use crate::batch::insert_all;
use crate::column::Cells;
use crate::error::StorageError;
use crate::schema::mail_requests;
use crate::sql::Sql;
use crate::tx::{ReadTx, Unlocked, WriteTx};

/// The condition that a request `sr` is not closed.
fn open_requests(query: Sql) -> Sql {
    query.push(" AND sr.status <> ").bind_text(RequestStatus::Closed.name()).push(" ORDER BY sr.id")
}

impl ReadTx<'_> {
    /// What hangs on a contact who stays in their organization or goes to another one (C-14, C-15).
    pub fn ties_of(&mut self, contact: &Contact, there: OrganizationId, now: Timestamp) -> Result<Ties, StorageError> {
        let whose = Sql::new("WHERE sr.point_of_contact_id = ").bind_text(contact.id);
        let requests = self.load_requests(open_requests(whose))?;
        Ok(Ties {
            grants: self.individual_grants(contact.id.into(), contact.organization, there, now)?,
            leads: self.orphans(requests)?,
            participations: self.participations_of(contact.id.into())?,
            grant_requests: self.grant_requests_of(contact.id.into())?,
        })
    }

    /// What hangs on some grants, of one person or of everybody (S-7).
    pub fn hanging_on(&mut self, grants: &[GrantId], person: Option<PersonId>) -> Result<Hanging, StorageError> {
        if grants.is_empty() {
            return Ok(Hanging::default());
        }
        let ids: Vec<String> = grants.iter().map(ToString::to_string).collect();
        let mut whose = Sql::new("WHERE sr.point_of_contact_grant IN (").bind_texts(&ids).push(")");
        if let Some(person) = person {
            whose = whose.push(" AND sr.point_of_contact_id = ").bind_text(person);
        }
        let requests = self.load_requests(whose.push(" ORDER BY sr.id"))?;
        let mut leads = Vec::with_capacity(requests.len());
        for orphan in self.orphans(requests)? {
            let lead = orphan.request.point_of_contact.as_ref().map(|lead| lead.id);
            let Some((actor, _)) = lead.map(|lead| self.actor(lead)).transpose()?.flatten() else { continue };
            leads.push((orphan, actor));
        }
        let mut parts = Vec::new();
        for (participant, candidate) in self.participants_by(&ids, person)? {
            let Some(request) = self.service_request(participant.request)? else { continue };
            parts.push((participant, request, candidate.person));
        }
        Ok(Hanging { leads, parts })
    }

    fn orphans(&mut self, requests: Vec<ServiceRequest>) -> Result<Vec<Orphan>, StorageError> {
        let mut guards = BTreeMap::<OrganizationId, Vec<Actor>>::new();
        let mut orphans = Vec::with_capacity(requests.len());
        for request in requests {
            let organization = request.organization.id;
            if let std::collections::btree_map::Entry::Vacant(place) = guards.entry(organization) {
                place.insert(self.heirs_of(organization)?);
            }
            let participants = if request.confidential { self.participants(request.id)? } else { Vec::new() };
            let participants =
                participants.into_iter().filter_map(|(part, candidate)| Some((candidate.person, part.role?)));
            orphans.push(Orphan {
                submitter: self.actor(request.submitted_by.id)?.map(|(actor, _)| actor),
                guards: guards.get(&organization).cloned().unwrap_or_default(),
                participants: participants.collect(),
                request,
            });
        }
        Ok(orphans)
    }
}

impl Unlocked<'_> {
    /// The organizations whose open requests somebody leads: who takes over is decided behind their fence (C-15).
    pub fn organizations_led_by(&mut self, contact: ContactId) -> Result<Vec<OrganizationId>, StorageError> {
        let whose = Sql::new(" WHERE sr.point_of_contact_id = ").bind_text(contact);
        self.organizations_of(whose)
    }

    /// The same of whom an invitation with this link asks to come over.
    pub fn organizations_led_by_invited(&mut self, link: LinkId) -> Result<Vec<OrganizationId>, StorageError> {
        let Some(invitation) = self.tx.invitation_of_link(link)? else { return Ok(Vec::new()) };
        self.organizations_led_by(invitation.person)
    }

    fn organizations_of(&mut self, whose: Sql) -> Result<Vec<OrganizationId>, StorageError> {
        let query = Sql::<Text>::new("SELECT DISTINCT sr.organization_id FROM service_requests sr")
            .append(whose)
            .push(" AND sr.status <> ")
            .bind_text(RequestStatus::Closed.name());
        let ids: Vec<String> = on!(self.tx, |connection| query.load(connection))?;
        ids.iter().map(|id| Cells::of("service_requests", id).id("organization_id", id)).collect()
    }
}

impl WriteTx<'_> {
    /// Saves requests that have another point of contact, and owes the heirs their emails.
    pub fn save_handed_over(&mut self, handed_over: &HandedOver, now: Timestamp) -> Result<(), StorageError> {
        handed_over.requests.iter().try_for_each(|request| self.save_service_request(request))?;
        handed_over.letters.iter().try_for_each(|letter| self.owe_list(letter, now))
    }

    /// Saves what became of what hung on a contact.
    pub fn save_untied(&mut self, untied: &Untied, now: Timestamp) -> Result<(), StorageError> {
        untied.grants.iter().try_for_each(|grant| self.save_partner_grant(grant))?;
        self.save_handed_over(&untied.handed_over, now)?;
        untied.grant_requests.iter().try_for_each(|request| self.save_grant_request(request))?;
        untied.participations.iter().try_for_each(|part| self.save_participant(part))
    }

    /// Saves what ended with a grant, or with what it gave.
    pub fn save_withdrawal(&mut self, withdrawal: &Withdrawal, now: Timestamp) -> Result<(), StorageError> {
        withdrawal.participations.iter().try_for_each(|part| self.save_participant(part))?;
        self.save_handed_over(&withdrawal.handed_over, now)
    }

    fn owe_list(&mut self, letter: &HandoverNotice, now: Timestamp) -> Result<(), StorageError> {
        let HandoverNotice { to, about, requests } = letter;
        let id = MailId::from_u128((self.state.ids)());
        let notice = Notice { id, kind: MailKind::RequestsHandedOver, to: *to, about: Some(*about), link: None };
        self.owe_mail(&notice, now)?;
        let row = |request: &ServiceRequestId| ListedRequestRow {
            mail_id: id.to_string(),
            service_request_id: request.to_string(),
        };
        let rows: Vec<ListedRequestRow> = requests.iter().map(row).collect();
        insert_all!(self, mail_requests::table, rows)
    }
}

#[derive(Insertable)]
#[diesel(table_name = mail_requests)]
struct ListedRequestRow {
    mail_id: String,
    service_request_id: String,
}

impl ReadTx<'_> {
    /// The requests that an email lists.
    pub fn requests_listed_by(&mut self, mail: MailId) -> Result<Vec<ServiceRequestId>, StorageError> {
        let mail = mail.to_string();
        let query = mail_requests::table
            .filter(mail_requests::mail_id.eq(&mail))
            .order(mail_requests::service_request_id)
            .select(mail_requests::service_request_id);
        let ids: Vec<String> = on!(self, |connection| query.load(connection))?;
        ids.iter().map(|id| Cells::of("mail_requests", id).id("service_request_id", id)).collect()
    }
}
