//! What contacts and staff members have in common over HTTP.

use mandate_core::actor::{Actor, PersonRef, Position};
use mandate_core::person::NewProfile;
use mandate_core::text::{EMAIL_MAX, Locale, PERSON_NAME_MAX, PHONE_MAX, PersonName, Phone, TimeZone, TypedEmail};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::input::Errors;
use crate::wire::{OrganizationIdWire, PermissionOut, PersonIdWire, StaffRoleOut};

/// A person as others see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonRefView {
    /// The contact's or staff member's id.
    id: PersonIdWire,
    /// First and last name.
    #[schema(example = "Ana Silva")]
    name: String,
    /// Where they belong.
    organization_id: OrganizationIdWire,
}

impl From<&PersonRef> for PersonRefView {
    fn from(person: &PersonRef) -> Self {
        Self { id: person.id.into(), name: person.name.clone(), organization_id: person.organization.into() }
    }
}

/// Who is signed in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PrincipalView {
    /// The contact's or staff member's id.
    id: PersonIdWire,
    /// `contact` or `staff`; more kinds may come.
    #[serde(rename = "type")]
    #[schema(example = "contact", extensions(("x-extensible-enum" = json!(["contact", "staff", "client"]))))]
    kind: String,
    /// First and last name.
    #[schema(example = "Ana Silva")]
    name: String,
    /// The user id.
    #[schema(format = "email", example = "ana.silva@acme.example")]
    email: String,
    /// Where they belong.
    organization_id: OrganizationIdWire,
    /// What a contact may do; `null` for staff.
    #[schema(required = true)]
    permission: Option<PermissionOut>,
    /// What a staff member does; `null` for contacts.
    #[schema(required = true)]
    roles: Option<Vec<StaffRoleOut>>,
}

impl From<&Actor> for PrincipalView {
    fn from(actor: &Actor) -> Self {
        let (kind, permission, roles) = match &actor.position {
            Position::Contact { permission, .. } => ("contact", Some((*permission).into()), None),
            Position::Staff { roles, .. } => ("staff", None, Some(roles.iter().copied().map(Into::into).collect())),
        };
        Self {
            id: actor.id().into(),
            kind: kind.to_owned(),
            name: actor.name.clone(),
            email: actor.email.to_string(),
            organization_id: actor.organization.into(),
            permission,
            roles,
        }
    }
}

/// Who somebody is.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonBody {
    /// The user id, in lower case; unique over all organizations.
    #[validate(length(max = EMAIL_MAX))]
    #[schema(
        required = true,
        nullable = false,
        format = "email",
        max_length = 254,
        example = "ana.silva@acme.example"
    )]
    pub email: Option<String>,
    /// First name.
    #[validate(length(max = PERSON_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Ana")]
    pub first_name: Option<String>,
    /// Last name.
    #[validate(length(max = PERSON_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Silva")]
    pub last_name: Option<String>,
    /// Phone: groups of digits separated by full stops.
    #[validate(length(max = PHONE_MAX))]
    #[schema(max_length = 32, example = "+1.650.555.0100")]
    pub phone: Option<String>,
    /// IANA time zone name; `UTC` if absent.
    #[schema(example = "America/Sao_Paulo")]
    pub time_zone: Option<String>,
    /// Language of emails: `en` (the default), `es` or `pt-BR`.
    #[schema(example = "pt-BR")]
    pub locale: Option<String>,
}

impl PersonBody {
    /// Reads the members, which lie below this place in the body.
    pub fn read(self, errors: &mut Errors, below: &str) -> Option<NewProfile> {
        let at = |member: &str| format!("{below}/{member}");
        let first_name = errors.required(&at("first_name"), &self.first_name, PersonName::parse);
        let last_name = errors.required(&at("last_name"), &self.last_name, PersonName::parse);
        let phone = errors.optional(&at("phone"), &self.phone, Phone::parse);
        let time_zone = errors.optional(&at("time_zone"), &self.time_zone, TimeZone::parse);
        let locale = errors.optional(&at("locale"), &self.locale, Locale::parse);
        let email = errors.required(&at("email"), &self.email, TypedEmail::parse);
        if let Some(TypedEmail { case: Some(flaw), .. }) = &email
            && !errors.is_empty()
        {
            // The rules look at the case last (O-2, C-2); where other members are wrong they are not asked.
            errors.add(&at("email"), flaw.clone());
        }
        Some(NewProfile {
            email: email?,
            first_name: first_name?,
            last_name: last_name?,
            phone,
            time_zone: time_zone.unwrap_or_default(),
            locale: locale.unwrap_or_default(),
        })
    }
}
