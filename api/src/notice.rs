//! What an owed email says, and whether its receiver may still have it: decided when it leaves.

use mandate_core::actor::Actor;
use mandate_core::id::{LinkId, PersonId, ServiceRequestId};
use mandate_core::service_request::{self, RequestFacts};
use mandate_core::session::may_sign_in;
use mandate_core::text::{Locale, TimeZone};
use mandate_core::vocabulary::{LinkPurpose, MailKind, OrganizationStatus, PersonStatus};
use mandate_storage::{Mail, ReadTx, StorageError, Store};

use crate::mail::{MailContent, PreparedMail, Receiver};
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
            let content = match mail.notice.kind {
                MailKind::Welcome => self.link(tx, mail, &person, status, LinkPurpose::Welcome)?,
                MailKind::PasswordReset => self.link(tx, mail, &person, status, LinkPurpose::PasswordReset)?,
                MailKind::PointOfContact => self.point_of_contact(tx, mail, &person, status)?,
            };
            let Some(content) = content else { return Ok(None) };
            let (locale, time_zone) = language(tx, mail.notice.to)?;
            let to = Receiver { name: person.name, email: person.email, locale, time_zone };
            Ok(Some(PreparedMail { to, content }))
        })
    }

    /// A link that is still good, to a person who can still use it.
    fn link(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
        status: OrganizationStatus,
        purpose: LinkPurpose,
    ) -> Result<Option<MailContent>, StorageError> {
        let link = match mail.notice.link {
            Some(id) => tx.link(id)?.filter(|link| link.is_live(self.clock.now()) && link.purpose == purpose),
            None => None,
        };
        let awaited = match purpose {
            LinkPurpose::Welcome => PersonStatus::Invited,
            LinkPurpose::PasswordReset => PersonStatus::Active,
            LinkPurpose::Invitation => return Ok(None),
        };
        let (Some(link), true) = (link, person.status == awaited && status == OrganizationStatus::Active) else {
            return Ok(None);
        };
        let url = self.url(purpose, link.id);
        Ok(Some(match purpose {
            LinkPurpose::Welcome => {
                let organization = tx.organization_ref(person.organization)?.map(|organization| organization.name);
                MailContent::Welcome {
                    organization: organization.unwrap_or_default(),
                    link: url,
                    expires_at: link.expires_at,
                }
            }
            LinkPurpose::PasswordReset => MailContent::PasswordReset { link: url, expires_at: link.expires_at },
            LinkPurpose::Invitation => return Ok(None),
        }))
    }

    fn url(&self, purpose: LinkPurpose, link: LinkId) -> String {
        self.settings.link(purpose, &self.sealer.link_token(link))
    }

    /// A request whose point of contact is a partner, to somebody who may read it.
    fn point_of_contact(
        &self,
        tx: &mut ReadTx<'_>,
        mail: &Mail,
        person: &Actor,
        status: OrganizationStatus,
    ) -> Result<Option<MailContent>, StorageError> {
        let id: Option<ServiceRequestId> = mail.notice.about.and_then(|about| about.as_id());
        let (Some(id), true) = (id, may_sign_in(person, status)) else { return Ok(None) };
        let facts: RequestFacts = tx.request_facts(person, id, self.clock.now())?;
        let Ok(visible) = service_request::view(&facts) else { return Ok(None) };
        let request = visible.into_value();
        let number = request.spoken_number();
        let Some(point_of_contact) = request.point_of_contact else { return Ok(None) };
        Ok(Some(MailContent::PointOfContact {
            number,
            subject: request.subject.to_string(),
            organization: request.organization.name,
            point_of_contact: point_of_contact.name,
        }))
    }
}

fn language(tx: &mut ReadTx<'_>, person: PersonId) -> Result<(Locale, TimeZone), StorageError> {
    let found = match person {
        PersonId::Contact(id) => tx.contact(id)?.map(|contact| (contact.profile.locale, contact.profile.time_zone)),
        PersonId::Staff(id) => tx.staff_member(id)?.map(|staff| (staff.profile.locale, staff.profile.time_zone)),
    };
    Ok(found.unwrap_or_default())
}
