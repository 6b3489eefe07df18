//! Oneself over HTTP (C-9).

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch};
use mandate_core::actor::Actor;
use mandate_core::change::Context;
use mandate_core::contact::{Contact, EditContact};
use mandate_core::effective_access::{self, ActsFor};
use mandate_core::id::PersonId;
use mandate_core::person::EditProfile;
use mandate_core::preferences::NotificationPreferences;
use mandate_core::refusal::Refusal;
use mandate_core::staff::{self, EditStaff, StaffFacts, StaffMember};
use mandate_core::text::{Locale, Phone, TimeZone};
use mandate_core::time::Timestamp;
use mandate_storage::{Fence, ReadTx, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::IfMatch;
use crate::contact::{SiteShiftView, site_shifts};
use crate::extract::Body;
use crate::input::{Errors, present};
use crate::person::PrincipalView;
use crate::preferences::{self, NotificationPreferencesBody, NotificationPreferencesView};
use crate::problem::{BodyProblems, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{ContactTypeOut, DutyOut, GrantIdWire, LevelOut, OrganizationIdWire, SiteIdWire, TimestampWire};

/// An organization for which one may act.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActsForView {
    /// The organization.
    organization_id: OrganizationIdWire,
    /// What it is called.
    #[schema(example = "Acme Corporation")]
    name: String,
    /// At which level.
    level: LevelOut,
    /// By which grant.
    grant_id: GrantIdWire,
}

impl From<&ActsFor> for ActsForView {
    fn from(acts_for: &ActsFor) -> Self {
        Self {
            organization_id: acts_for.organization.id.into(),
            name: acts_for.organization.name.clone(),
            level: acts_for.held.level.into(),
            grant_id: acts_for.held.grant.into(),
        }
    }
}

/// Oneself.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    /// Who is signed in.
    #[serde(flatten)]
    principal: PrincipalView,
    /// First name.
    #[schema(example = "Ana")]
    first_name: String,
    /// Last name.
    #[schema(example = "Silva")]
    last_name: String,
    /// Phone.
    #[schema(required = true, example = "+1.650.555.0100")]
    phone: Option<String>,
    /// IANA time zone name.
    #[schema(example = "America/Sao_Paulo")]
    time_zone: String,
    /// Language of emails.
    #[schema(example = "pt-BR")]
    locale: String,
    /// `technical` or `primary_support`; `null` for staff.
    #[schema(required = true)]
    contact_type: Option<ContactTypeOut>,
    /// What a contact looks after; empty for staff.
    duties: Vec<DutyOut>,
    /// The sites where a contact works; empty for staff.
    site_ids: Vec<SiteIdWire>,
    /// The shifts in which a contact works at these sites; for a site that is not named here, all of them.
    site_shifts: Vec<SiteShiftView>,
    /// How a contact wants to be told of things; `null` for staff.
    #[schema(required = true)]
    notification_preferences: Option<NotificationPreferencesView>,
    /// When a contact manager last confirmed a contact; `null` for staff.
    #[schema(required = true)]
    last_confirmed_at: Option<TimestampWire>,
    /// The organizations for which one may act by a grant.
    acts_for: Vec<ActsForView>,
    /// When one was created.
    created_at: TimestampWire,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

/// The own record.
enum Own {
    Contact(Box<Contact>),
    Staff(Box<StaffMember>),
}

impl Own {
    fn version(&self) -> i64 {
        match self {
            Self::Contact(contact) => contact.version,
            Self::Staff(staff) => staff.version,
        }
    }

    fn read(tx: &mut ReadTx<'_>, id: PersonId) -> Result<Self, Problem> {
        let found = match id {
            PersonId::Contact(id) => tx.contact(id)?.map(|contact| Self::Contact(Box::new(contact))),
            PersonId::Staff(id) => tx.staff_member(id)?.map(|staff| Self::Staff(Box::new(staff))),
        };
        Ok(found.ok_or_else(Refusal::not_found)?)
    }

    fn view(&self, actor: &Actor, acts_for: &[ActsFor]) -> MeView {
        let principal = PrincipalView::from(actor);
        let acts_for = acts_for.iter().map(ActsForView::from).collect();
        match self {
            Self::Contact(contact) => MeView {
                principal,
                first_name: contact.profile.first_name.to_string(),
                last_name: contact.profile.last_name.to_string(),
                phone: contact.profile.phone.as_ref().map(ToString::to_string),
                time_zone: contact.profile.time_zone.to_string(),
                locale: contact.profile.locale.to_string(),
                contact_type: Some(contact.kind.into()),
                duties: contact.duties.iter().copied().map(Into::into).collect(),
                site_ids: contact.sites.keys().copied().map(Into::into).collect(),
                site_shifts: site_shifts(&contact.sites),
                notification_preferences: Some((&contact.preferences).into()),
                last_confirmed_at: contact.last_confirmed_at.map(Into::into),
                acts_for,
                created_at: contact.created_at.into(),
                version: contact.version,
            },
            Self::Staff(staff) => MeView {
                principal,
                first_name: staff.profile.first_name.to_string(),
                last_name: staff.profile.last_name.to_string(),
                phone: staff.profile.phone.as_ref().map(ToString::to_string),
                time_zone: staff.profile.time_zone.to_string(),
                locale: staff.profile.locale.to_string(),
                contact_type: None,
                duties: Vec::new(),
                site_ids: Vec::new(),
                site_shifts: Vec::new(),
                notification_preferences: None,
                last_confirmed_at: None,
                acts_for,
                created_at: staff.created_at.into(),
                version: staff.version,
            },
        }
    }
}

fn view(tx: &mut ReadTx<'_>, actor: &Actor, now: Timestamp) -> Result<(i64, MeView), Problem> {
    let own = Own::read(tx, actor.id())?;
    let acts_for = effective_access::acts_for(now, tx.connections_of(actor)?);
    Ok((own.version(), own.view(actor, &acts_for)))
}

/// Read oneself
///
/// The signed-in person, and the organizations for which they may act now.
#[utoipa::path(tag = "me", operation_id = "getMe", responses((status = 200, description = "The signed-in person.", body = MeView), Problems))]
#[get("/v1/me")]
pub(crate) async fn get_me(app: Data<Arc<App>>, caller: Caller) -> Result<HttpResponse, Problem> {
    // No entity tag: `acts_for` changes without the own record's version.
    let (_, view) = app.read(caller, |tx, asker| view(tx, &asker.actor, asker.now)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// What changes in one's own profile; absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "phone": "+1.650.555.0100", "time_zone": "America/Sao_Paulo",
    "notification_preferences": {"email": true, "severity_1": {"phone": "+1.650.555.0100", "from": "22:00", "until": "06:00"}}
}))]
pub struct PatchMeBody {
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
    /// How one wants to be told of things: a merge patch of its own. For contacts.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NotificationPreferencesBody>, nullable = false)]
    notification_preferences: Option<Option<NotificationPreferencesBody>>,
}

impl PatchMeBody {
    fn read(self, mut errors: Errors, person: PersonId) -> Result<EditContact, Problem> {
        if matches!(person, PersonId::Staff(_)) && self.notification_preferences.is_some() {
            errors.add("/notification_preferences", NotificationPreferences::not_for_staff());
        }
        let time_zone = errors.not_null("/time_zone", self.time_zone);
        let locale = errors.not_null("/locale", self.locale);
        let profile = EditProfile {
            phone: errors.patch("/phone", &self.phone, Phone::parse),
            time_zone: errors.optional("/time_zone", &time_zone, TimeZone::parse),
            locale: errors.optional("/locale", &locale, Locale::parse),
            ..EditProfile::default()
        };
        let preferences = preferences::read(self.notification_preferences, &mut errors);
        errors.finish(|| Some(EditContact { profile, preferences, ..EditContact::default() }))
    }
}

/// Edit one's own profile
///
/// Phone, time zone, locale and, for contacts, notification preferences. Type, permission and status are for others to change.
#[utoipa::path(tag = "me", operation_id = "updateMe", request_body(content = PatchMeBody, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The signed-in person.", body = MeView), Problems, BodyProblems, WriteProblems))]
#[patch("/v1/me")]
pub(crate) async fn update_me(
    app: Data<Arc<App>>,
    caller: Caller,
    if_match: IfMatch,
    body: Body<PatchMeBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.read(body.errors, caller.claims.person)?;
    let organization = caller.claims.organization;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| edit(tx, context, &if_match, &wanted);
    app.write(caller, command(move |_| Ok(Fence::new().changes(organization)), work)).await
}

fn edit(tx: &mut WriteTx<'_>, context: &Context, if_match: &IfMatch, wanted: &EditContact) -> Result<Answer, Problem> {
    let actor = context.signed_in()?;
    match actor.id() {
        PersonId::Contact(id) => {
            crate::contact::change(tx, context, id, if_match, wanted)?;
        }
        PersonId::Staff(id) => {
            let found = tx.staff_member(id)?;
            let expected_version = expected(if_match, found.as_ref().map(|staff| staff.version));
            let edit = EditStaff { profile: wanted.profile.clone(), expected_version, ..EditStaff::default() };
            tx.save_staff(&staff::edit(context, StaffFacts { actor: actor.clone(), staff: found }, edit)?)?;
        }
    }
    let (version, view) = view(tx, actor, context.now)?;
    Answer::ok(version, actor.id(), &view)
}
