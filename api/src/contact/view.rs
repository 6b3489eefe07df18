//! A contact as the API shows them.

use mandate_core::actor::Actor;
use mandate_core::contact::{Contact, reads_reason, reads_training};
use serde::Serialize;
use utoipa::ToSchema;

use super::sites::{SiteShiftView, site_shifts};
use crate::preferences::NotificationPreferencesView;
use crate::wire::{
    ContactIdWire, ContactTypeOut, DutyOut, OrganizationIdWire, PermissionOut, PersonIdWire, PersonStatusOut,
    SiteIdWire, TimestampWire,
};

/// A contact of a customer or partner.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    /// Their id.
    id: ContactIdWire,
    /// Where they belong.
    organization_id: OrganizationIdWire,
    /// The user id.
    #[schema(format = "email", example = "ana.silva@acme.example")]
    email: String,
    /// First name.
    #[schema(example = "Ana")]
    first_name: String,
    /// Last name.
    #[schema(example = "Silva")]
    last_name: String,
    /// First and last name.
    #[schema(example = "Ana Silva")]
    name: String,
    /// Phone.
    #[schema(required = true, example = "+1.650.555.0100")]
    phone: Option<String>,
    /// IANA time zone name.
    #[schema(example = "America/Sao_Paulo")]
    time_zone: String,
    /// Language of emails.
    #[schema(example = "pt-BR")]
    locale: String,
    /// `technical` or `primary_support`.
    #[serde(rename = "type")]
    kind: ContactTypeOut,
    /// `knowledge_base`, `designated_support` or `manage_contacts`, each including those before it.
    permission: PermissionOut,
    /// What they look after.
    duties: Vec<DutyOut>,
    /// The sites where they work.
    site_ids: Vec<SiteIdWire>,
    /// The shifts in which they work at these sites; for a site that is not named here, all of them.
    site_shifts: Vec<SiteShiftView>,
    /// How they want to be told of things.
    notification_preferences: NotificationPreferencesView,
    /// What training they lack, as staff noted it; for contact managers, primary support contacts, staff and the contact.
    #[schema(required = true, example = "has not seen the new console")]
    training_note: Option<String>,
    /// When it was noted.
    #[schema(required = true)]
    training_noted_at: Option<TimestampWire>,
    /// Who noted it.
    #[schema(required = true)]
    training_noted_by: Option<PersonIdWire>,
    /// `invited`, `active`, `disabled` or `transferred`.
    status: PersonStatusOut,
    /// Why they were disabled, while they are; for contact managers, primary support contacts and staff.
    #[schema(required = true, example = "left the company")]
    disabled_reason: Option<String>,
    /// When they were disabled, while they are.
    #[schema(required = true)]
    disabled_at: Option<TimestampWire>,
    /// Who disabled them, while they are.
    #[schema(required = true)]
    disabled_by: Option<PersonIdWire>,
    /// Since when the mail server of their address refuses it for good, until an email gets through or the address is another.
    #[schema(required = true)]
    email_undeliverable_since: Option<TimestampWire>,
    /// When they last signed in.
    #[schema(required = true)]
    last_sign_in_at: Option<TimestampWire>,
    /// When a contact manager last confirmed them.
    #[schema(required = true)]
    last_confirmed_at: Option<TimestampWire>,
    /// Who confirmed them last.
    #[schema(required = true)]
    last_confirmed_by: Option<PersonIdWire>,
    /// When they were created.
    created_at: TimestampWire,
    /// Who created them; `null` for the system.
    #[schema(required = true)]
    created_by: Option<PersonIdWire>,
    /// When they were last changed.
    updated_at: TimestampWire,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

impl ContactView {
    /// A contact as one reader sees them.
    pub(crate) fn of(contact: &Contact, reader: &Actor) -> Self {
        let training = contact.training.as_ref();
        let (reads_reason, reads_training) = (reads_reason(reader, contact), reads_training(reader, contact));
        Self {
            id: contact.id.into(),
            organization_id: contact.organization.into(),
            email: contact.profile.email.to_string(),
            first_name: contact.profile.first_name.to_string(),
            last_name: contact.profile.last_name.to_string(),
            name: contact.name(),
            phone: contact.profile.phone.as_ref().map(ToString::to_string),
            time_zone: contact.profile.time_zone.to_string(),
            locale: contact.profile.locale.to_string(),
            kind: contact.kind.into(),
            permission: contact.permission.into(),
            duties: contact.duties.iter().copied().map(Into::into).collect(),
            site_ids: contact.sites.keys().copied().map(Into::into).collect(),
            site_shifts: site_shifts(&contact.sites),
            notification_preferences: NotificationPreferencesView::from(&contact.preferences),
            training_note: training.filter(|_| reads_training).map(|training| training.note.to_string()),
            training_noted_at: training.map(|training| training.at.into()),
            training_noted_by: training.map(|training| training.by.into()),
            status: contact.status.into(),
            disabled_reason: contact
                .disabled
                .as_ref()
                .filter(|_| reads_reason)
                .map(|disabled| disabled.reason.to_string()),
            disabled_at: contact.disabled.as_ref().map(|disabled| disabled.at.into()),
            disabled_by: contact.disabled.as_ref().map(|disabled| disabled.by.into()),
            email_undeliverable_since: contact.email_undeliverable_since.map(Into::into),
            last_sign_in_at: contact.last_sign_in_at.map(Into::into),
            last_confirmed_at: contact.last_confirmed_at.map(Into::into),
            last_confirmed_by: contact.last_confirmed_by.map(Into::into),
            created_at: contact.created_at.into(),
            created_by: contact.created_by.map(Into::into),
            updated_at: contact.updated_at.into(),
            version: contact.version,
        }
    }
}
