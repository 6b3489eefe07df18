//! What an owed email says, and whether its receiver may still have it: decided when it leaves.

mod authority;
mod escalation;
mod grant;

use mandate_core::access::{Standing, Visible};
use mandate_core::actor::Actor;
use mandate_core::broadcast::{self, ReceiverFacts};
use mandate_core::contact::{self, Contact};
use mandate_core::id::{AnyId, Id, Kind, LinkId, OrganizationId, PersonId, ServiceRequestId};
use mandate_core::invitation::{self, Invitation, InvitationFacts};
use mandate_core::preferences::NotificationPreferences;
use mandate_core::service_request;
use mandate_core::session::{Link, may_sign_in};
use mandate_core::staff::StaffMember;
use mandate_core::text::{Locale, TimeZone};
use mandate_core::vocabulary::{LinkPurpose, MailKind, OrganizationStatus, PersonStatus, RequestStatus};
use mandate_storage::{Mail, ReadTx, StorageError, Store};

use crate::mail::{MailContent, PreparedMail, Receiver, RequestTold};
use crate::seal::Sealer;
use crate::settings::Settings;
use crate::sources::SteadyClock;

/// Prepares emails.
pub struct Notices {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: SteadyClock,
    /// Seals links.
    pub sealer: Sealer,
    /// How links look.
    pub settings: Settings,
}

impl Notices {
    /// The email, or nothing if its receiver may not have it any more.
    ///
    /// *Errors*: storage's failures.
    pub fn prepare(&self, mail: &Mail) -> Result<Option<PreparedMail>, StorageError> {
        self.store.read(|tx| {
            let Some((person, status)) = tx.actor(mail.notice.to)? else { return Ok(None) };
            let (locale, time_zone, preferences) = preferences(tx, mail.notice.to)?;
            let content = match mail.notice.kind {
                MailKind::Welcome => self.welcome(tx, mail, &person, status)?,
                MailKind::PasswordReset => self.password_reset(tx, mail, &person, status)?,
                MailKind::Invitation => self.invitation(tx, mail, &person)?,
                MailKind::ContactDisabled => self.contact_disabled(tx, &person)?,
                MailKind::AuthorityChanged => self.authority_changed(tx, mail, &person, status)?,
                MailKind::EscalationNotice => self.escalation_notice(tx, mail, &person, status)?,
                // What follows is for those who may sign in: nobody else is told of anything (C-15).
                _ if !may_sign_in(&person, status) => None,
                kind if !preferences.wants(kind) => None,
                MailKind::PointOfContact => self.point_of_contact(tx, mail, &person)?,
                MailKind::RequestsHandedOver => self.handed_over(tx, mail, &person)?,
                MailKind::InvitationAccepted => self.invitation_accepted(tx, mail, &person)?,
                MailKind::ContactTransferred => self.contact_transferred(tx, mail, &person)?,
                MailKind::GrantRequestReceived
                | MailKind::GrantRequestApproved
                | MailKind::GrantRequestDeclined
                | MailKind::GrantRequestLapsed
                | MailKind::GrantExpiring
                | MailKind::ReceivedGrantExpiring
                | MailKind::PartnerRoster => self.grant(tx, mail, &person)?,
                MailKind::EscalationOpened
                | MailKind::EscalationReviewed
                | MailKind::EscalationInformation
                | MailKind::EscalationObjected
                | MailKind::EscalationReturned
                | MailKind::EscalationCompleted
                | MailKind::EscalationRejected
                | MailKind::EscalationWithdrawn
                | MailKind::EscalationLapsed => self.escalation(tx, mail, &person)?,
                MailKind::PasswordChanged => Some(MailContent::PasswordChanged { changed_at: mail.created_at }),
                MailKind::ParticipantAdded => self.participant_added(tx, mail, &person)?,
                MailKind::Reply => self.reply(tx, mail, &person)?,
                MailKind::RequestSolved => {
                    self.status(tx, mail, &person, RequestStatus::Solved)?.map(MailContent::RequestSolved)
                }
                MailKind::RequestClosed => {
                    self.status(tx, mail, &person, RequestStatus::Closed)?.map(MailContent::RequestClosed)
                }
            };
            let Some(content) = content else { return Ok(None) };
            let to = Receiver { name: person.name, email: person.email, locale, time_zone };
            Ok(Some(PreparedMail { to, content }))
        })
    }

    /// A first password, for somebody who has none yet.
    fn welcome(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
        status: OrganizationStatus,
    ) -> Result<Option<MailContent>, StorageError> {
        let link = self.live_link(tx, mail, LinkPurpose::Welcome)?;
        let is_awaited = person.status == PersonStatus::Invited && status == OrganizationStatus::Active;
        let Some(link) = link.filter(|_| is_awaited) else { return Ok(None) };
        let (organization, link, expires_at) =
            (name(tx, person.organization)?, self.url(LinkPurpose::Welcome, link.id), link.expires_at);
        Ok(Some(MailContent::Welcome { organization, link, expires_at }))
    }

    /// Another password, for somebody who may sign in.
    fn password_reset(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
        status: OrganizationStatus,
    ) -> Result<Option<MailContent>, StorageError> {
        let link = self.live_link(tx, mail, LinkPurpose::PasswordReset)?;
        let Some(link) = link.filter(|_| may_sign_in(person, status)) else { return Ok(None) };
        let (link, expires_at) = (self.url(LinkPurpose::PasswordReset, link.id), link.expires_at);
        Ok(Some(MailContent::PasswordReset { link, expires_at }))
    }

    /// A pending invitation, to somebody who is still where they were invited from, whether they can sign in there or not.
    fn invitation(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<MailContent>, StorageError> {
        let (link, invitation) = (self.live_link(tx, mail, LinkPurpose::Invitation)?, invitation_of(tx, mail)?);
        let (Some(link), Some(invitation)) = (link, invitation) else { return Ok(None) };
        let organization = tx.organization(invitation.organization)?;
        let organization = organization.filter(|inviting| inviting.status == OrganizationStatus::Active);
        let inviter = tx.actor(invitation.created_by)?.map(|(inviter, _)| inviter.name);
        let is_awaited = invitation.is_pending(self.clock.now()) && person.status != PersonStatus::Transferred;
        let (Some(organization), Some(inviter), true) = (organization, inviter, is_awaited) else { return Ok(None) };
        Ok(Some(MailContent::Invitation {
            organization: organization.name.to_string(),
            current_organization: name(tx, person.organization)?,
            inviter,
            link: self.url(LinkPurpose::Invitation, link.id),
            expires_at: link.expires_at,
        }))
    }

    /// The link that an email carries, if it is still good.
    fn live_link(&self, tx: &mut ReadTx<'_>, mail: &Mail, purpose: LinkPurpose) -> Result<Option<Link>, StorageError> {
        let Some(id) = mail.notice.link else { return Ok(None) };
        Ok(tx.link(id)?.filter(|link| link.is_live(self.clock.now()) && link.purpose == purpose))
    }

    fn url(&self, purpose: LinkPurpose, link: LinkId) -> String {
        self.settings.link(purpose, &self.sealer.link_token(link))
    }

    /// Who came, to whoever invited them and may still see the invitation.
    fn invitation_accepted(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<MailContent>, StorageError> {
        let Some(found) = invitation_of(tx, mail)? else { return Ok(None) };
        let standing = tx.standing(person, found.organization, self.clock.now())?;
        let facts = InvitationFacts { actor: person.clone(), standing, invitation: Some(found) };
        let Ok(visible) = invitation::view(facts) else { return Ok(None) };
        let Some(id) = visible.value().ending.as_ref().and_then(|ending| ending.contact) else { return Ok(None) };
        let Some(contact) = tx.contact(id)? else { return Ok(None) };
        Ok(Some(MailContent::InvitationAccepted {
            organization: name(tx, visible.value().organization)?,
            person: contact.name(),
            email: contact.profile.email.to_string(),
        }))
    }

    /// Who left, to a contact manager of the organization that they left.
    fn contact_transferred(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<MailContent>, StorageError> {
        let Some(left) = about(mail).map(|id| tx.contact(id)).transpose()?.flatten() else { return Ok(None) };
        let standing = tx.standing(person, left.organization, self.clock.now())?;
        let Some(visible) = managed(person, &standing, left) else { return Ok(None) };
        let left = visible.value();
        Ok(Some(MailContent::ContactTransferred {
            organization: name(tx, left.organization)?,
            person: left.name(),
            email: left.profile.email.to_string(),
        }))
    }

    /// A request whose point of contact is a partner, to somebody who may read it.
    fn point_of_contact(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<MailContent>, StorageError> {
        let Some(id) = about(mail) else { return Ok(None) };
        let facts = tx.request_facts(person, id, self.clock.now())?;
        let Ok(visible) = service_request::view(&facts) else { return Ok(None) };
        let request = RequestTold::from(visible.value());
        let Some(point_of_contact) = visible.into_value().point_of_contact else { return Ok(None) };
        Ok(Some(MailContent::PointOfContact { request, point_of_contact: point_of_contact.name }))
    }
}

/// What is told to those who take part in a service request, or whose organization was granted to see it (S-7, S-12).
impl Notices {
    /// Somebody who was added and still takes part.
    fn participant_added(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
    ) -> Result<Option<MailContent>, StorageError> {
        let Some(id) = about(mail) else { return Ok(None) };
        let visible = broadcast::added(&tx.request_facts(person, id, self.clock.now())?);
        Ok(visible.map(|visible| MailContent::ParticipantAdded(RequestTold::from(visible.value()))))
    }

    /// A public reply, to whom it still concerns.
    fn reply(&self, tx: &mut ReadTx<'_>, mail: &Mail, person: &Actor) -> Result<Option<MailContent>, StorageError> {
        let Some(message) = about(mail).map(|id| tx.message(id)).transpose()?.flatten() else { return Ok(None) };
        let Some(facts) = self.receiver(tx, message.request, person)? else { return Ok(None) };
        let Some(visible) = broadcast::reply(&facts, &message) else { return Ok(None) };
        let (request, message) = visible.value();
        let author = message.author.as_ref().map(|author| author.name.clone());
        let files = tx.attachments_of(&[message.id])?;
        Ok(Some(MailContent::Reply {
            request: RequestTold::from(request),
            author: author.unwrap_or_else(|| self.settings.vendor_name.to_string()),
            message: message.body.to_string(),
            files: files.iter().map(|file| file.file_name.to_string()).collect(),
        }))
    }

    /// A status that staff set, to whom it still concerns and as long as it is so.
    fn status(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
        status: RequestStatus,
    ) -> Result<Option<RequestTold>, StorageError> {
        let Some(id) = about(mail) else { return Ok(None) };
        let Some(facts) = self.receiver(tx, id, person)? else { return Ok(None) };
        let visible = broadcast::status(&facts, status);
        Ok(visible.map(|visible| RequestTold::from(visible.value())))
    }

    /// What decides whether a request concerns somebody.
    fn receiver(
        &self,
        tx: &mut ReadTx<'_>,
        request: ServiceRequestId,
        person: &Actor,
    ) -> Result<Option<ReceiverFacts>, StorageError> {
        let facts = tx.request_facts(person, request, self.clock.now())?;
        let Some(request) = &facts.request else { return Ok(None) };
        let submitter = tx.actor(request.submitted_by.id)?;
        let submitter_is_here = submitter.is_some_and(|(submitter, status)| {
            submitter.organization == request.organization.id && may_sign_in(&submitter, status)
        });
        Ok(Some(ReceiverFacts { submitter_is_here, request: facts }))
    }
}

/// The contact, for who still manages contacts where they were.
fn managed(person: &Actor, standing: &Standing, left: Contact) -> Option<Visible<Contact>> {
    invitation::allow_list(standing, left.organization).ok()?;
    contact::view(person, standing, Some(left)).ok()
}

fn invitation_of(tx: &mut ReadTx<'_>, mail: &Mail) -> Result<Option<Invitation>, StorageError> {
    Ok(about(mail).map(|id| tx.invitation(id)).transpose()?.flatten())
}

/// The id of what an email is about, if it is about a thing of this kind.
fn about<K: Kind>(mail: &Mail) -> Option<Id<K>> {
    mail.notice.about.and_then(AnyId::as_id)
}

/// What an organization is called.
fn name(tx: &mut ReadTx<'_>, organization: OrganizationId) -> Result<String, StorageError> {
    Ok(tx.organization_ref(organization)?.map(|organization| organization.name).unwrap_or_default())
}

/// In which words and hours to write to somebody, and of what they want to be told. Staff always want all of it.
fn preferences(
    tx: &mut ReadTx<'_>,
    person: PersonId,
) -> Result<(Locale, TimeZone, NotificationPreferences), StorageError> {
    let contact = |contact: Contact| (contact.profile.locale, contact.profile.time_zone, contact.preferences);
    let staff =
        |staff: StaffMember| (staff.profile.locale, staff.profile.time_zone, NotificationPreferences::default());
    let found = match person {
        PersonId::Contact(id) => tx.contact(id)?.map(contact),
        PersonId::Staff(id) => tx.staff_member(id)?.map(staff),
    };
    Ok(found.unwrap_or_default())
}
