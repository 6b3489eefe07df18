//! Emails about who decides in an organization, and about what goes to others with them (C-9, C-15).

use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::contact::{self, Contact};
use mandate_core::id::{OrganizationId, OrganizationKind, PersonId};
use mandate_core::manager_protection::has_authority;
use mandate_core::service_request;
use mandate_core::session::may_sign_in;
use mandate_core::vocabulary::{OrganizationStatus, PersonStatus, Vocabulary as _};
use mandate_storage::{Mail, ReadTx, StorageError};

use super::{Notices, about, name};
use crate::mail::MailContent;

impl Notices {
    /// That staff disabled a contact, to the contact, as long as they are disabled (C-15).
    pub(super) fn contact_disabled(
        &self,
        tx: &mut ReadTx<'_>,
        person: &Actor,
    ) -> Result<Option<MailContent>, StorageError> {
        let is_disabled = person.status == PersonStatus::Disabled;
        let organization = name(tx, person.organization)?;
        Ok(is_disabled.then_some(MailContent::ContactDisabled { organization }))
    }

    /// That a contact manager or primary support contact was made, promoted, demoted or disabled: as they are now, to those who decide
    /// beside them, and to themselves also where they were disabled (C-9).
    pub(super) fn authority_changed(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
        status: OrganizationStatus,
    ) -> Result<Option<MailContent>, StorageError> {
        let decides = may_sign_in(person, status) && decides(person);
        if let Some(id) = about::<OrganizationKind>(mail) {
            return if decides { self.those_who_decide(tx, id, person).map(Some) } else { Ok(None) };
        }
        let Some(id) = about(mail) else { return Ok(None) };
        let Some(changed) = tx.contact(id)? else { return Ok(None) };
        let is_self = person.id() == PersonId::Contact(changed.id);
        // Whom staff disabled has another email, and who was never active has a welcome email.
        let by_staff = changed.disabled.as_ref().is_some_and(|disabling| matches!(disabling.by, PersonId::Staff(_)));
        let is_told = match changed.status {
            PersonStatus::Disabled if is_self => !by_staff,
            PersonStatus::Active | PersonStatus::Invited | PersonStatus::Disabled | PersonStatus::Transferred => {
                may_sign_in(person, status) && (is_self || (decides && person.organization == changed.organization))
            }
        };
        if !is_told {
            return Ok(None);
        }
        Ok(Some(MailContent::AuthorityChanged {
            organization: name(tx, changed.organization)?,
            person: changed.name(),
            people: line(&changed),
        }))
    }

    fn those_who_decide(
        &self,
        tx: &mut ReadTx<'_>,
        organization: OrganizationId,
        person: &Actor,
    ) -> Result<MailContent, StorageError> {
        let standing = Standing::of(person, organization, None);
        let managers = if contact::allow_list(&standing, organization).is_ok() {
            tx.those_who_decide(organization)?
        } else {
            Vec::new()
        };
        let named = managers.iter().take(PEOPLE_MAX).map(line).collect::<Vec<_>>();
        let organization = name(tx, organization)?;
        Ok(MailContent::AuthorityChanged { person: organization.clone(), organization, people: named.join("\n") })
    }

    /// The service requests that somebody looks after from now on, as far as they still do (C-15).
    pub(super) fn handed_over(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<MailContent>, StorageError> {
        let mut lines = Vec::new();
        let mut organization = String::new();
        for id in tx.requests_listed_by(mail.notice.id)? {
            let facts = tx.request_facts(person, id, self.clock.now())?;
            let Ok(visible) = service_request::view(&facts) else { continue };
            let request = visible.value();
            let leads = request.point_of_contact.as_ref().is_some_and(|contact| contact.id == person.id());
            if leads && request.is_open() {
                organization.clone_from(&request.organization.name);
                lines.push(format!("{}: {}", request.spoken_number(), request.subject));
            }
        }
        let requests = lines.join("\n");
        Ok((!lines.is_empty()).then_some(MailContent::RequestsHandedOver { organization, requests }))
    }
}

/// People whom an email names.
const PEOPLE_MAX: usize = 50;

fn decides(person: &Actor) -> bool {
    match &person.position {
        mandate_core::actor::Position::Contact { permission, kind, .. } => has_authority(*kind, *permission),
        mandate_core::actor::Position::Staff { .. } => false,
    }
}

fn line(contact: &Contact) -> String {
    let (kind, permission, status) = (contact.kind.name(), contact.permission.name(), contact.status.name());
    format!("{} <{}>: {kind}, {permission}, {status}", contact.name(), contact.profile.email)
}
