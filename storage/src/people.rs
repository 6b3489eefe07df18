//! The rows of contacts and staff members; which of the two a row is, its id says.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use mandate_core::actor::{Actor, PersonRef, Position};
use mandate_core::contact::{Contact, Existing, Others, Sites, Training};
use mandate_core::hours::{Hours, TimeOfDay};
use mandate_core::id::{ContactId, OrganizationId, PersonId, StaffId};
use mandate_core::person::{Disabling, Profile};
use mandate_core::preferences::{CallPreference, NotificationPreferences};
use mandate_core::staff::StaffMember;
use mandate_core::text::{Email, Locale, Note, PersonName, Phone, SiteName, TimeZone, fold};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{OrganizationStatus, OrganizationType, PersonStatus, StaffRole, Vocabulary as _};
use serde_json::{Value, json};

use crate::backend::on;
use crate::column::{Cells, moment, words_json};
use crate::error::StorageError;
use crate::people_words::search_of;
use crate::schema::{credentials, people};
use crate::sql::Sql;
use crate::tx::ReadTx;

/// Emails that are looked up at once.
const EMAILS_AT_ONCE: usize = 500;

/// A row of `people`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = people, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct PersonRow {
    pub(crate) id: String,
    pub(crate) organization_id: String,
    email: String,
    first_name: String,
    last_name: String,
    pub(crate) search: String,
    pub(crate) sort_name: String,
    phone: Option<String>,
    time_zone: String,
    locale: String,
    contact_type: Option<String>,
    permission: Option<String>,
    duties: String,
    roles: String,
    status: String,
    status_reason: Option<String>,
    status_at: Option<i64>,
    status_by: Option<String>,
    created_at: i64,
    created_by: Option<String>,
    updated_at: i64,
    // Signing in writes it without a new version; a save must not put an older value back.
    #[diesel(skip_update)]
    last_sign_in_at: Option<i64>,
    last_confirmed_at: Option<i64>,
    pub(crate) version: i64,
    sites: Option<String>,
    preferences: Option<String>,
    last_confirmed_by: Option<String>,
    training_note: Option<String>,
    training_at: Option<i64>,
    training_by: Option<String>,
    email_local: String,
    email_domain: String,
}

/// The columns of a [`PersonRow`]: `people p`, as the table has them.
pub(crate) const PERSON_COLUMNS: &str = "p.id, p.organization_id, p.email, p.first_name, p.last_name, p.search, p.sort_name, \
     p.phone, p.time_zone, p.locale, p.contact_type, p.permission, p.duties, p.roles, p.status, p.status_reason, p.status_at, \
     p.status_by, p.created_at, p.created_by, p.updated_at, p.last_sign_in_at, p.last_confirmed_at, p.version, p.sites, p.preferences, \
     p.last_confirmed_by, p.training_note, p.training_at, p.training_by, p.email_local, p.email_domain";

impl PersonRow {
    /// A row of somebody, without what only a contact or only a staff member has.
    fn new(id: String, organization: OrganizationId, profile: &Profile, disabled: Option<&Disabling>) -> Self {
        let Profile { email, first_name, last_name, phone, time_zone, locale } = profile;
        Self {
            id,
            organization_id: organization.to_string(),
            email: email.to_string(),
            first_name: first_name.to_string(),
            last_name: last_name.to_string(),
            search: search_of(profile),
            sort_name: fold(&format!("{last_name} {first_name}")),
            phone: phone.as_ref().map(ToString::to_string),
            time_zone: time_zone.to_string(),
            locale: locale.to_string(),
            contact_type: None,
            permission: None,
            duties: "[]".to_owned(),
            roles: "[]".to_owned(),
            status: String::new(),
            status_reason: disabled.map(|disabled| disabled.reason.to_string()),
            status_at: disabled.map(|disabled| disabled.at.micros()),
            status_by: disabled.map(|disabled| disabled.by.to_string()),
            created_at: 0,
            created_by: None,
            updated_at: 0,
            last_sign_in_at: None,
            last_confirmed_at: None,
            version: 0,
            sites: None,
            preferences: None,
            last_confirmed_by: None,
            training_note: None,
            training_at: None,
            training_by: None,
            email_local: email.local_part().to_owned(),
            email_domain: email.domain().to_owned(),
        }
    }

    fn profile(&self) -> Result<Profile, StorageError> {
        let cells = Cells::of("people", &self.id);
        Ok(Profile {
            email: cells.read("email", Email::kept(&self.email).ok())?,
            first_name: cells.read("first_name", PersonName::kept(&self.first_name).ok())?,
            last_name: cells.read("last_name", PersonName::kept(&self.last_name).ok())?,
            phone: cells.optional(self.phone.as_deref(), |cells, text| cells.read("phone", Phone::parse(text).ok()))?,
            time_zone: cells.read("time_zone", TimeZone::parse(&self.time_zone).ok())?,
            locale: cells.read("locale", Locale::parse(&self.locale).ok())?,
        })
    }

    fn disabled(&self) -> Result<Option<Disabling>, StorageError> {
        let cells = Cells::of("people", &self.id);
        let (Some(reason), Some(at), Some(by)) = (&self.status_reason, self.status_at, &self.status_by) else {
            return Ok(None);
        };
        Ok(Some(Disabling {
            at: moment(at),
            by: cells.person_id("status_by", by)?,
            reason: cells.read("status_reason", Note::kept(reason).ok())?,
        }))
    }
}

/// What only contacts have, and only some of them.
impl PersonRow {
    fn sites(&self) -> Result<Sites, StorageError> {
        let cells = Cells::of("people", &self.id);
        self.sites.as_deref().map_or(Ok(Sites::new()), |json| read_sites(&cells, json))
    }

    fn preferences(&self) -> Result<NotificationPreferences, StorageError> {
        read_preferences(&Cells::of("people", &self.id), self.preferences.as_deref())
    }

    fn training(&self) -> Result<Option<Training>, StorageError> {
        let cells = Cells::of("people", &self.id);
        let (Some(note), Some(at), Some(by)) = (&self.training_note, self.training_at, &self.training_by) else {
            return Ok(None);
        };
        Ok(Some(Training {
            note: cells.read("training_note", Note::kept(note).ok())?,
            at: moment(at),
            by: cells.person_id("training_by", by)?,
        }))
    }
}

/// Sites as a JSON object: the shifts of each. Nothing for none, which most contacts have.
fn sites_json(sites: &Sites) -> Option<String> {
    let shifts = |shifts: &BTreeSet<SiteName>| shifts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let members = sites.iter().map(|(site, names)| (site.to_string(), Value::from(shifts(names))));
    (!sites.is_empty()).then(|| Value::Object(members.collect()).to_string())
}

/// Sites from such an object.
pub(crate) fn read_sites(cells: &Cells<'_>, json: &str) -> Result<Sites, StorageError> {
    let sites: BTreeMap<String, Vec<String>> = cells.read("sites", serde_json::from_str(json).ok())?;
    let shift = |name: &String| cells.read("sites", SiteName::kept(name).ok());
    sites
        .iter()
        .map(|(id, shifts)| Ok((cells.id("sites", id)?, shifts.iter().map(shift).collect::<Result<_, _>>()?)))
        .collect()
}

/// Preferences as a JSON object; nothing for the usual ones.
fn preferences_json(preferences: &NotificationPreferences) -> Option<String> {
    let call = |call: &CallPreference| {
        let Hours { from, until, time_zone } = &call.hours;
        json!({"phone": call.phone.to_string(), "from": from.to_string(), "until": until.to_string(),
            "time_zone": time_zone.to_string()})
    };
    let NotificationPreferences { email, severity_1, severity_2 } = preferences;
    (*preferences != NotificationPreferences::default()).then(|| {
        json!({"email": email, "severity_1": severity_1.as_ref().map(call), "severity_2": severity_2.as_ref().map(call)})
            .to_string()
    })
}

/// Preferences from such an object.
pub(crate) fn read_preferences(cells: &Cells<'_>, json: Option<&str>) -> Result<NotificationPreferences, StorageError> {
    let Some(json) = json else { return Ok(NotificationPreferences::default()) };
    let json: Value = cells.read("preferences", serde_json::from_str(json).ok())?;
    let call = |name: &str| match json.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(call) => cells.read("preferences", read_call(call)).map(Some),
    };
    Ok(NotificationPreferences {
        email: cells.read("preferences", json.get("email").and_then(Value::as_bool))?,
        severity_1: call("severity_1")?,
        severity_2: call("severity_2")?,
    })
}

fn read_call(call: &Value) -> Option<CallPreference> {
    let text = |name: &str| call.get(name).and_then(Value::as_str);
    Some(CallPreference {
        phone: Phone::parse(text("phone")?).ok()?,
        hours: Hours {
            from: TimeOfDay::parse(text("from")?).ok()?,
            until: TimeOfDay::parse(text("until")?).ok()?,
            time_zone: TimeZone::parse(text("time_zone")?).ok()?,
        },
    })
}

impl From<&Contact> for PersonRow {
    fn from(contact: &Contact) -> Self {
        let duties: Vec<_> = contact.duties.iter().copied().collect();
        Self {
            contact_type: Some(contact.kind.name().to_owned()),
            permission: Some(contact.permission.name().to_owned()),
            duties: words_json(&duties),
            status: contact.status.name().to_owned(),
            created_at: contact.created_at.micros(),
            created_by: contact.created_by.map(|by| by.to_string()),
            updated_at: contact.updated_at.micros(),
            last_sign_in_at: contact.last_sign_in_at.map(Timestamp::micros),
            last_confirmed_at: contact.last_confirmed_at.map(Timestamp::micros),
            version: contact.version,
            sites: sites_json(&contact.sites),
            preferences: preferences_json(&contact.preferences),
            last_confirmed_by: contact.last_confirmed_by.map(|by| by.to_string()),
            training_note: contact.training.as_ref().map(|training| training.note.to_string()),
            training_at: contact.training.as_ref().map(|training| training.at.micros()),
            training_by: contact.training.as_ref().map(|training| training.by.to_string()),
            ..Self::new(contact.id.to_string(), contact.organization, &contact.profile, contact.disabled.as_ref())
        }
    }
}

impl From<&StaffMember> for PersonRow {
    fn from(staff: &StaffMember) -> Self {
        Self {
            roles: words_json(&staff.roles),
            status: staff.status.name().to_owned(),
            created_at: staff.created_at.micros(),
            created_by: staff.created_by.map(|by| by.to_string()),
            updated_at: staff.updated_at.micros(),
            last_sign_in_at: staff.last_sign_in_at.map(Timestamp::micros),
            version: staff.version,
            ..Self::new(staff.id.to_string(), staff.organization, &staff.profile, staff.disabled.as_ref())
        }
    }
}

impl TryFrom<PersonRow> for Contact {
    type Error = StorageError;

    fn try_from(row: PersonRow) -> Result<Self, StorageError> {
        let cells = Cells::of("people", &row.id);
        Ok(Self {
            id: cells.id("id", &row.id)?,
            organization: cells.id("organization_id", &row.organization_id)?,
            profile: row.profile()?,
            kind: cells.word("contact_type", row.contact_type.as_deref().unwrap_or_default())?,
            permission: cells.word("permission", row.permission.as_deref().unwrap_or_default())?,
            duties: cells.words("duties", &row.duties)?.into_iter().collect(),
            status: cells.word("status", &row.status)?,
            disabled: row.disabled()?,
            created_at: moment(row.created_at),
            created_by: cells.optional_person_id("created_by", row.created_by.as_deref())?,
            updated_at: moment(row.updated_at),
            last_sign_in_at: row.last_sign_in_at.map(moment),
            last_confirmed_at: row.last_confirmed_at.map(moment),
            last_confirmed_by: cells.optional_person_id("last_confirmed_by", row.last_confirmed_by.as_deref())?,
            sites: row.sites()?,
            preferences: row.preferences()?,
            training: row.training()?,
            email_undeliverable_since: None,
            version: row.version,
        })
    }
}

impl TryFrom<PersonRow> for StaffMember {
    type Error = StorageError;

    fn try_from(row: PersonRow) -> Result<Self, StorageError> {
        let cells = Cells::of("people", &row.id);
        Ok(Self {
            id: cells.id("id", &row.id)?,
            organization: cells.id("organization_id", &row.organization_id)?,
            profile: row.profile()?,
            roles: cells.words("roles", &row.roles)?,
            status: cells.word("status", &row.status)?,
            disabled: row.disabled()?,
            created_at: moment(row.created_at),
            created_by: cells.optional_person_id("created_by", row.created_by.as_deref())?,
            updated_at: moment(row.updated_at),
            last_sign_in_at: row.last_sign_in_at.map(moment),
            version: row.version,
        })
    }
}

/// The columns of an actor: `people p JOIN organizations o`.
pub(crate) const ACTOR_COLUMNS: &str = "p.id, p.organization_id, p.email, p.first_name, p.last_name, p.contact_type, p.permission, p.roles, p.status, o.kind, o.status";

/// The SQL types of [`ACTOR_COLUMNS`].
pub(crate) type ActorColumns = (Text, Text, Text, Text, Text, Nullable<Text>, Nullable<Text>, Text, Text, Text, Text);

/// A row of [`ACTOR_COLUMNS`].
#[derive(Debug, Queryable)]
pub(crate) struct ActorRow {
    id: String,
    organization_id: String,
    email: String,
    first_name: String,
    last_name: String,
    contact_type: Option<String>,
    permission: Option<String>,
    roles: String,
    status: String,
    organization_kind: String,
    organization_status: String,
}

impl ActorRow {
    /// The actor, and whether their organization may use the system.
    pub(crate) fn read(self) -> Result<(Actor, OrganizationStatus), StorageError> {
        let cells = Cells::of("people", &self.id);
        let position = match cells.person_id("id", &self.id)? {
            PersonId::Contact(id) => Position::Contact {
                id,
                permission: cells.word("permission", self.permission.as_deref().unwrap_or_default())?,
                kind: cells.word("contact_type", self.contact_type.as_deref().unwrap_or_default())?,
            },
            PersonId::Staff(id) => Position::Staff { id, roles: cells.words::<StaffRole>("roles", &self.roles)? },
        };
        let actor = Actor {
            position,
            organization: cells.id("organization_id", &self.organization_id)?,
            organization_kind: cells.word::<OrganizationType>("organizations.kind", &self.organization_kind)?,
            name: full_name(&self.first_name, &self.last_name),
            email: cells.read("email", Email::kept(&self.email).ok())?,
            status: cells.word("status", &self.status)?,
        };
        let status = cells.word("organizations.status", &self.organization_status)?;
        Ok((actor, status))
    }
}

/// First and last name as others see them.
pub(crate) fn full_name(first_name: &str, last_name: &str) -> String {
    format!("{first_name} {last_name}")
}

impl ReadTx<'_> {
    fn person_row(&mut self, id: PersonId) -> Result<Option<PersonRow>, StorageError> {
        let id = id.to_string();
        on!(self, |connection| people::table.find(&id).select(PersonRow::as_select()).first(connection).optional())
    }

    /// A contact.
    pub fn contact(&mut self, id: ContactId) -> Result<Option<Contact>, StorageError> {
        let row = self.person_row(id.into())?;
        Ok(self.read_contacts(row.into_iter().collect())?.pop())
    }

    /// The contacts with these ids, in no order.
    pub(crate) fn contacts_with(&mut self, ids: impl Iterator<Item = ContactId>) -> Result<Vec<Contact>, StorageError> {
        let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
        let rows: Vec<PersonRow> = on!(self, |connection| people::table
            .filter(people::id.eq_any(&ids))
            .select(PersonRow::as_select())
            .load(connection))?;
        self.read_contacts(rows)
    }

    /// A staff member.
    pub fn staff_member(&mut self, id: StaffId) -> Result<Option<StaffMember>, StorageError> {
        self.person_row(id.into())?.map(StaffMember::try_from).transpose()
    }

    /// All staff members of an organization, by name. There are few.
    pub fn staff_members(&mut self, organization: OrganizationId) -> Result<Vec<StaffMember>, StorageError> {
        let organization = organization.to_string();
        let rows: Vec<PersonRow> = on!(self, |connection| people::table
            .filter(people::organization_id.eq(&organization))
            .order((people::sort_name, people::id))
            .limit(1_000)
            .select(PersonRow::as_select())
            .load(connection))?;
        rows.into_iter().map(StaffMember::try_from).collect()
    }

    /// Who has this email: an invited or active record or a staff member, or else a disabled record of the organization that asks (C-13).
    pub fn person_by_email(
        &mut self,
        email: &Email,
        organization: Option<OrganizationId>,
    ) -> Result<Option<Existing>, StorageError> {
        let found = self.holders(organization, &[email])?;
        Ok(found.into_values().next())
    }

    /// Who has which of these emails, for those that somebody has: a contact of the organization, whatever became of them, or else as
    /// [`ReadTx::person_by_email`] says.
    pub fn people_by_email(
        &mut self,
        organization: OrganizationId,
        emails: &[&Email],
    ) -> Result<BTreeMap<Email, Existing>, StorageError> {
        let mut found = BTreeMap::new();
        for emails in emails.chunks(EMAILS_AT_ONCE) {
            found.extend(self.holders(Some(organization), emails)?);
            found.extend(self.own_records(organization, emails)?);
        }
        Ok(found)
    }

    fn own_records(
        &mut self,
        organization: OrganizationId,
        emails: &[&Email],
    ) -> Result<BTreeMap<Email, Existing>, StorageError> {
        let texts: Vec<&str> = emails.iter().map(|email| email.as_str()).collect();
        let home = organization.to_string();
        let query = people::table
            .filter(people::organization_id.eq(&home).and(people::email.eq_any(&texts)))
            .order(people::id)
            .select((people::email, people::id));
        let rows: Vec<(String, String)> = on!(self, |connection| query.load(connection))?;
        let read = |(email, id): &(String, String)| {
            let cells = Cells::of("people", id);
            let email = cells.read("email", Email::kept(email).ok())?;
            Ok((email, Existing { person: cells.person_id("id", id)?, organization }))
        };
        rows.iter().map(read).collect()
    }

    fn holders(
        &mut self,
        organization: Option<OrganizationId>,
        emails: &[&Email],
    ) -> Result<BTreeMap<Email, Existing>, StorageError> {
        let texts: Vec<&str> = emails.iter().map(|email| email.as_str()).collect();
        let query = people::table.filter(people::email.eq_any(&texts)).order(people::id).select((
            people::email,
            people::id,
            people::organization_id,
            people::status,
        ));
        let rows: Vec<(String, String, String, String)> = on!(self, |connection| query.load(connection))?;
        let mut found = BTreeMap::<Email, (u8, Existing)>::new();
        for (email, id, home, status) in rows {
            let cells = Cells::of("people", &id);
            let (person, home) = (cells.person_id("id", &id)?, cells.id("organization_id", &home)?);
            let rank = match cells.word("status", &status)? {
                PersonStatus::Active | PersonStatus::Invited => 3,
                PersonStatus::Disabled if matches!(person, PersonId::Staff(_)) => 2,
                PersonStatus::Disabled if organization == Some(home) => 1,
                PersonStatus::Disabled | PersonStatus::Transferred => continue,
            };
            let email = cells.read("email", Email::kept(&email).ok())?;
            let holder = (rank, Existing { person, organization: home });
            match found.get(&email) {
                Some((higher, _)) if *higher >= rank => {}
                _ => drop(found.insert(email, holder)),
            }
        }
        Ok(found.into_iter().map(|(email, (_, holder))| (email, holder)).collect())
    }

    /// A person as an actor, and whether their organization may use the system.
    pub fn actor(&mut self, id: PersonId) -> Result<Option<(Actor, OrganizationStatus)>, StorageError> {
        self.one_actor(Sql::new("WHERE p.id = ").bind_text(id))
    }

    /// The person who signs in with this email.
    pub fn actor_by_email(&mut self, email: &Email) -> Result<Option<(Actor, OrganizationStatus)>, StorageError> {
        let whose = Sql::new("WHERE p.status <> ")
            .bind_text(PersonStatus::Transferred.name())
            .push(" AND p.email = ")
            .bind_text(email)
            .push(" ORDER BY CASE WHEN p.status IN ('active', 'invited') THEN 0 ELSE 1 END, p.id LIMIT 1");
        self.one_actor(whose)
    }

    fn one_actor(&mut self, whose: Sql) -> Result<Option<(Actor, OrganizationStatus)>, StorageError> {
        let query = Sql::<ActorColumns>::new("SELECT ")
            .push(ACTOR_COLUMNS)
            .push(" FROM people p JOIN organizations o ON o.id = p.organization_id ")
            .append(whose);
        let row: Option<ActorRow> = on!(self, |connection| query.get_result(connection).optional())?;
        row.map(ActorRow::read).transpose()
    }

    /// Whether no contact of an organization has ever set a password (C-10).
    pub fn never_entered(&mut self, organization: OrganizationId) -> Result<bool, StorageError> {
        let organization = organization.to_string();
        let entered: Option<String> = on!(self, |connection| credentials::table
            .inner_join(people::table)
            .filter(people::organization_id.eq(&organization))
            .select(credentials::person_id)
            .first(connection)
            .optional())?;
        Ok(entered.is_none())
    }

    /// Who is left in an organization besides one contact (C-11).
    pub fn others_than(&mut self, contact: ContactId, organization: OrganizationId) -> Result<Others, StorageError> {
        let rest = self.active_guards(organization, Some(contact))?;
        Ok(Others {
            active_manager: rest.iter().any(Contact::is_active_manager),
            active_primary: rest.iter().any(Contact::is_active_primary),
            active_appointer: rest.iter().any(Contact::is_active_appointer),
        })
    }

    /// Who takes over from a disabled contact when staff disabled them (C-15): a primary support contact if one is left,
    /// else a contact manager.
    pub fn successor_of(
        &mut self,
        contact: ContactId,
        organization: OrganizationId,
    ) -> Result<Option<PersonRef>, StorageError> {
        let rest = self.active_guards(organization, Some(contact))?;
        let primary = rest.iter().find(|contact| contact.is_active_primary());
        Ok(primary.or_else(|| rest.iter().find(|contact| contact.is_active_manager())).map(Contact::reference))
    }

    /// The active contact managers and primary support contacts of an organization, by name, as actors.
    pub(crate) fn heirs_of(&mut self, organization: OrganizationId) -> Result<Vec<Actor>, StorageError> {
        let query = Sql::<ActorColumns>::new("SELECT ")
            .push(ACTOR_COLUMNS)
            .push(" FROM people p JOIN organizations o ON o.id = p.organization_id WHERE p.status IN ('active', 'invited') AND p.status = 'active'")
            .push(" AND (p.permission = 'manage_contacts' OR p.contact_type = 'primary_support') AND p.organization_id = ")
            .bind_text(organization)
            .push(" ORDER BY p.sort_name, p.id");
        let rows: Vec<ActorRow> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(|row| Ok(row.read()?.0)).collect()
    }

    /// The active contact managers and primary support contacts, by name; all but one.
    fn active_guards(
        &mut self,
        organization: OrganizationId,
        but: Option<ContactId>,
    ) -> Result<Vec<Contact>, StorageError> {
        self.guards_in(organization, " AND p.status = 'active'", but)
    }

    /// The contact managers and primary support contacts who are active, or invited and decide from the moment on in which they follow
    /// their link, by name.
    pub fn those_who_decide(&mut self, organization: OrganizationId) -> Result<Vec<Contact>, StorageError> {
        self.guards_in(organization, "", None)
    }

    fn guards_in(
        &mut self,
        organization: OrganizationId,
        status: &'static str,
        but: Option<ContactId>,
    ) -> Result<Vec<Contact>, StorageError> {
        // The words stand in the statement, because SQLite takes the index for a few of all people no other way.
        let mut query = Sql::<people::SqlType>::new("SELECT ")
            .push(PERSON_COLUMNS)
            .push(" FROM people p WHERE p.status IN ('active', 'invited')")
            .push(status)
            .push(" AND (p.permission = 'manage_contacts' OR p.contact_type = 'primary_support') AND p.organization_id = ")
            .bind_text(organization);
        if let Some(contact) = but {
            query = query.push(" AND p.id <> ").bind_text(contact);
        }
        query = query.push(" ORDER BY p.sort_name, p.id");
        let rows: Vec<PersonRow> = on!(self, |connection| query.load(connection))?;
        self.read_contacts(rows)
    }

    /// The active contact managers of an organization, by name (C-18).
    pub fn contact_managers(&mut self, organization: OrganizationId) -> Result<Vec<Contact>, StorageError> {
        let mut guards = self.active_guards(organization, None)?;
        guards.retain(Contact::is_active_manager);
        Ok(guards)
    }
}
