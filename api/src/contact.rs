//! Contacts over HTTP: create, list, read, edit (C-1 … C-13, C-16, C-18). Their life cycle is in [`crate::contact_state`].

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use mandate_core::change::Context;
use mandate_core::contact::{self, Contact, CreateFacts, EditContact, EditFacts, NewContact, Welcomed};
use mandate_core::contact_ties::Ties;
use mandate_core::domain_owner::DomainOwners;
use mandate_core::id::{ContactId, ContactKind, OrganizationId, OrganizationKind};
use mandate_core::person::EditProfile;
use mandate_core::text::{EMAIL_MAX, Locale, PERSON_NAME_MAX, PHONE_MAX, PersonName, Phone, TimeZone};
use mandate_core::vocabulary::{ContactType, Permission};
use mandate_storage::{Fence, ReadTx, Unlocked, WriteTx};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::extract::{Body, PathId};
use crate::input::{Errors, present};
use crate::person::PersonBody;
use crate::preferences::{self, NotificationPreferencesBody};
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{ContactIdWire, ContactTypeIn, DutyIn, OrganizationIdWire, PermissionIn, SiteIdWire};

mod sites;
mod view;

use sites::{SiteShiftBody, wanted_sites};
pub(crate) use sites::{SiteShiftView, site_shifts, sites_for};
pub use view::ContactView;

/// A contact to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ben.costa@acme.example", "first_name": "Ben", "last_name": "Costa",
    "permission": "designated_support", "phone": "+1.650.555.0101", "time_zone": "America/Sao_Paulo"
}))]
pub struct CreateContactBody {
    /// The user id, in lower case; unique over all organizations.
    #[validate(length(max = EMAIL_MAX))]
    #[schema(
        required = true,
        nullable = false,
        format = "email",
        max_length = 254,
        example = "ana.silva@acme.example"
    )]
    email: Option<String>,
    /// First name.
    #[validate(length(max = PERSON_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Ana")]
    first_name: Option<String>,
    /// Last name.
    #[validate(length(max = PERSON_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Silva")]
    last_name: Option<String>,
    /// Phone: groups of digits separated by full stops.
    #[validate(length(max = PHONE_MAX))]
    #[schema(max_length = 32, example = "+1.650.555.0100")]
    phone: Option<String>,
    /// IANA time zone name; `UTC` if absent.
    #[schema(example = "America/Sao_Paulo")]
    time_zone: Option<String>,
    /// Language of emails: `en` (the default), `es` or `pt-BR`.
    #[schema(example = "pt-BR")]
    locale: Option<String>,
    /// `technical` (the default) or `primary_support`.
    #[serde(rename = "type")]
    kind: Option<ContactTypeIn>,
    /// What they may do.
    #[schema(required = true, nullable = false)]
    permission: Option<PermissionIn>,
    /// What they look after.
    #[serde(default)]
    duties: Vec<DutyIn>,
    /// The sites where they work: sites of the organization that are not archived.
    #[serde(default)]
    #[schema(max_items = 500)]
    site_ids: Vec<SiteIdWire>,
    /// The shifts in which they work at these sites; for a site that is not named here, all of them.
    #[serde(default)]
    #[schema(max_items = 1000)]
    site_shifts: Vec<SiteShiftBody>,
}

impl CreateContactBody {
    /// Reads the contact to be, with new ids.
    ///
    /// *Errors*: `validation_failed` with every error.
    pub(crate) fn into_command(
        self,
        mut errors: Errors,
        app: &App,
        now: mandate_core::time::Timestamp,
    ) -> Result<NewContact, Problem> {
        let permission = errors.given("/permission", self.permission);
        let person = PersonBody {
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            time_zone: self.time_zone,
            locale: self.locale,
        };
        let profile = person.read(&mut errors, "");
        let site_ids = Some(self.site_ids).filter(|ids| !ids.is_empty());
        let site_shifts = Some(self.site_shifts).filter(|shifts| !shifts.is_empty());
        let sites = wanted_sites(&mut errors, site_ids, site_shifts);
        errors.finish(|| {
            Some(NewContact {
                id: app.id(),
                profile: profile?,
                kind: self.kind.map_or(ContactType::Technical, |kind| kind.0),
                permission: permission?.0,
                duties: self.duties.into_iter().map(|duty| duty.0).collect(),
                sites,
                welcome: app.welcome(now),
            })
        })
    }
}

/// Create a contact
///
/// For contact managers of the organization and partners with `full_admin`; for administrators as long as no contact of
/// the organization has ever set a password. Who acts by a grant makes no contact managers and primary support contacts, and
/// brings in people of the organization's own domains alone. The contact gets a welcome email with a link to set a password and
/// is `invited` until then.
#[utoipa::path(tag = "contacts", operation_id = "createContact", request_body = CreateContactBody,
    params(("organization_id" = OrganizationIdWire, Path, description = "The organization.")),
    responses((status = 201, description = "The new contact.", body = ContactView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["permission_required", "primary_support_contact_required", "contact_manager_protected", "outside_customer_domains", "contact_exists", "contact_in_other_organization", "vendor_staff_not_allowed", "contact_combination_invalid", "site_not_allowed"]))))]
#[post("/v1/organizations/{organization_id}/contacts")]
pub(crate) async fn create_contact(
    app: Data<Arc<App>>,
    caller: Caller,
    organization: PathId<OrganizationKind>,
    body: Body<CreateContactBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors, &app, caller.now)?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| create(tx, context, organization.0, &wanted);
    app.write(caller.with_body(body.digest), command(move |_| Ok(Fence::new().changes(organization.0)), work)).await
}

fn create(
    tx: &mut WriteTx<'_>,
    context: &Context,
    organization: OrganizationId,
    wanted: &NewContact,
) -> Result<Answer, Problem> {
    let facts = create_facts(tx, context, organization, wanted)?;
    let created = contact::create(context, facts, wanted.clone())?;
    save_new(tx, &created)?;
    Answer::created(
        format!("/v1/contacts/{}", wanted.id),
        1,
        wanted.id,
        &ContactView::of(created.contact.after(), context.signed_in()?),
    )
}

/// What must be known to create a contact.
pub(crate) fn create_facts(
    tx: &mut ReadTx<'_>,
    context: &Context,
    organization: OrganizationId,
    wanted: &NewContact,
) -> Result<CreateFacts, Problem> {
    let (actor, email) = (context.signed_in()?, &wanted.profile.email.email);
    Ok(CreateFacts {
        standing: tx.standing(actor, organization, context.now)?,
        organization: tx.organization(organization)?,
        vendor_domains: tx.vendor_domains()?,
        owners: tx.domain_owners([email])?,
        existing: tx.person_by_email(email, Some(organization))?,
        former: tx.former_grants(email, organization, None, context.now)?,
        never_entered: tx.never_entered(organization)?,
        sites: sites_for(tx, &wanted.sites, organization)?,
    })
}

/// Saves a contact who was created, with the welcome link.
pub(crate) fn save_new(tx: &mut WriteTx<'_>, created: &Welcomed) -> Result<(), Problem> {
    Ok(tx.save_welcomed(std::slice::from_ref(created))?)
}

/// Read a contact
///
/// For designated contacts of the organization, partners with `full_admin`, the desk, and the contact themselves.
#[utoipa::path(tag = "contacts", operation_id = "getContact", params(("contact_id" = ContactIdWire, Path, description = "The contact.")),
    responses((status = 200, description = "The contact.", body = ContactView), NotModified, Problems),
    extensions(("x-codes" = json!(["permission_required", "staff_only"]))))]
#[get("/v1/contacts/{contact_id}")]
pub(crate) async fn get_contact(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ContactKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let (version, view) = app
        .read(caller, move |tx, asker| {
            let found = tx.contact(id.0)?;
            let standing = match &found {
                Some(found) => tx.standing(&asker.actor, found.organization, asker.now)?,
                None => mandate_core::access::Standing::Stranger,
            };
            let visible = contact::view(&asker.actor, &standing, found)?;
            Ok((visible.value().version, ContactView::of(visible.value(), &asker.actor)))
        })
        .await?;
    Ok(if_none_match.answer(version, view))
}

/// What changes in a contact; absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"permission": "manage_contacts", "type": "primary_support", "phone": null}))]
pub struct PatchContactBody {
    /// First name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, example = "Ana")]
    first_name: Option<Option<String>>,
    /// Last name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, example = "Silva")]
    last_name: Option<Option<String>>,
    /// Phone; `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 32, example = "+1.650.555.0100")]
    phone: Option<Option<String>>,
    /// IANA time zone name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, example = "America/Sao_Paulo")]
    time_zone: Option<Option<String>>,
    /// Language of emails: `en`, `es` or `pt-BR`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, example = "pt-BR")]
    locale: Option<Option<String>>,
    /// `technical` or `primary_support`; takes an active primary support contact who manages contacts.
    #[serde(default, rename = "type", deserialize_with = "present")]
    #[schema(value_type = Option<ContactTypeIn>, nullable = false)]
    kind: Option<Option<ContactTypeIn>>,
    /// What they may do.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<PermissionIn>, nullable = false)]
    permission: Option<Option<PermissionIn>>,
    /// What they look after; replaces the list.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<DutyIn>>, nullable = false)]
    duties: Option<Option<Vec<DutyIn>>>,
    /// The sites where they work; replaces the list. Sites that stay keep their shifts, unless these are given too.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<SiteIdWire>>, nullable = false, max_items = 500)]
    site_ids: Option<Option<Vec<SiteIdWire>>>,
    /// The shifts in which they work at their sites; replaces the list.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<SiteShiftBody>>, nullable = false, max_items = 1000)]
    site_shifts: Option<Option<Vec<SiteShiftBody>>>,
    /// How they want to be told of things: a merge patch of its own.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NotificationPreferencesBody>, nullable = false)]
    notification_preferences: Option<Option<NotificationPreferencesBody>>,
}

impl PatchContactBody {
    fn into_command(self, mut errors: Errors) -> Result<EditContact, Problem> {
        let first_name = errors.not_null("/first_name", self.first_name);
        let last_name = errors.not_null("/last_name", self.last_name);
        let time_zone = errors.not_null("/time_zone", self.time_zone);
        let locale = errors.not_null("/locale", self.locale);
        let site_ids = errors.not_null("/site_ids", self.site_ids);
        let site_shifts = errors.not_null("/site_shifts", self.site_shifts);
        let edit = EditContact {
            profile: EditProfile {
                first_name: errors.optional("/first_name", &first_name, PersonName::parse),
                last_name: errors.optional("/last_name", &last_name, PersonName::parse),
                phone: errors.patch("/phone", &self.phone, Phone::parse),
                time_zone: errors.optional("/time_zone", &time_zone, TimeZone::parse),
                locale: errors.optional("/locale", &locale, Locale::parse),
            },
            kind: errors.not_null("/type", self.kind).map(|kind| kind.0),
            permission: errors.not_null("/permission", self.permission).map(|permission| permission.0),
            duties: errors
                .not_null("/duties", self.duties)
                .map(|duties| duties.into_iter().map(|duty| duty.0).collect::<BTreeSet<_>>()),
            sites: wanted_sites(&mut errors, site_ids, site_shifts),
            preferences: preferences::read(self.notification_preferences, &mut errors),
            expected_version: None,
        };
        errors.finish(|| Some(edit))
    }
}

/// Edit a contact
///
/// For contact managers of the organization and partners with `full_admin`, who change no contact managers and primary support
/// contacts. Everybody may change their own phone, time zone, locale and notification preferences; the last are nobody else's.
/// The email is the user id and stays. An edit by a manager of the organization counts as a correction in the open contact review.
#[utoipa::path(tag = "contacts", operation_id = "updateContact", params(("contact_id" = ContactIdWire, Path, description = "The contact.")),
    request_body(content = PatchContactBody, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The contact.", body = ContactView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["outside_customer_domains", "permission_required", "primary_support_contact_required", "contact_manager_protected", "staff_only", "own_record", "last_contact_manager", "last_primary_support_contact", "invalid_transition", "contact_combination_invalid", "site_not_allowed"]))))]
#[patch("/v1/contacts/{contact_id}")]
pub(crate) async fn update_contact(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ContactKind>,
    if_match: IfMatch,
    body: Body<PatchContactBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors)?;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &_| edit(tx, context, id.0, &if_match, &wanted);
    app.write(caller, command(move |unlocked: &mut Unlocked<'_>| fence(unlocked, id.0), work)).await
}

/// The fence of a command that changes a contact: whoever takes over what they look after must hold still (C-15).
pub(crate) fn fence(unlocked: &mut Unlocked<'_>, contact: ContactId) -> Result<Fence, Problem> {
    let organization = unlocked.organization_of_contact(contact)?;
    let led = unlocked.organizations_led_by(contact)?;
    Ok(led.into_iter().fold(Fence::new(), Fence::uses).changes(organization))
}

/// Edits a contact inside a transaction; also what `PATCH /v1/me` does.
pub(crate) fn edit(
    tx: &mut WriteTx<'_>,
    context: &Context,
    id: ContactId,
    if_match: &IfMatch,
    wanted: &EditContact,
) -> Result<Answer, Problem> {
    let change = change(tx, context, id, if_match, wanted)?;
    Answer::ok(change.version, change.id, &ContactView::of(&change, context.signed_in()?))
}

/// Decides and saves an edit; answers the contact as it is then.
pub(crate) fn change(
    tx: &mut WriteTx<'_>,
    context: &Context,
    id: ContactId,
    if_match: &IfMatch,
    wanted: &EditContact,
) -> Result<Contact, Problem> {
    let actor = context.signed_in()?.clone();
    let found = tx.contact(id)?;
    let facts = match &found {
        Some(found) => EditFacts {
            standing: tx.standing(&actor, found.organization, context.now)?,
            others: tx.others_than(id, found.organization)?,
            sites: sites_for(tx, &wanted.sites, found.organization)?,
            review: tx.open_review_of(id, found.organization, context.now)?,
            owners: match wanted.permission {
                Some(_) => tx.domain_owners([&found.profile.email])?,
                None => DomainOwners::default(),
            },
            ties: match wanted.permission {
                Some(Permission::KnowledgeBase) => tx.ties_of(found, found.organization, context.now)?,
                Some(Permission::DesignatedSupport | Permission::ManageContacts) | None => Ties::default(),
            },
            actor,
            contact: Some(found.clone()),
        },
        None => return Err(mandate_core::refusal::Refusal::not_found().into()),
    };
    let expected_version = expected(if_match, found.map(|found| found.version));
    let edited = contact::edit(context, facts, EditContact { expected_version, ..wanted.clone() })?;
    tx.save_contact(&edited.contact)?;
    tx.save_untied(&edited.untied, context.now)?;
    edited.review.iter().try_for_each(|step| tx.save_review_step(step))?;
    Ok(edited.contact.after().clone())
}
