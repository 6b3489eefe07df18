//! Sites: where an organization works, perhaps in shifts, each in a time zone (O-5). Who works there is in
//! [`crate::contact_site`].

use crate::access::{Action, Standing, Visible, require};
use crate::actor::Actor;
use crate::change::{Authority, Change, Context, Recorded};
use crate::hours::{Hours, TimeOfDay};
use crate::id::{AnyId, OrganizationId, PersonId, SiteId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::organization::{Organization, expect_version};
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::text::{Flaw, SiteName, TimeZone, fold};
use crate::time::Timestamp;
use crate::vocabulary::OrganizationType;

/// Shifts of a site, at most.
pub const SHIFTS_MAX: usize = 20;
/// Sites of an organization that are not archived, at most.
pub const SITES_MAX: usize = 500;

/// A part of the day in which people work at a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// What it is called.
    pub name: SiteName,
    /// When it is at work.
    pub hours: Hours,
}

/// Where an organization works (O-5). It is archived, never deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it is called; among the organization's sites in use no two are called the same, whatever the case.
    pub name: SiteName,
    /// Where it is.
    pub time_zone: TimeZone,
    /// Its shifts, in the order given; none where the site works as one.
    pub shifts: Vec<Shift>,
    /// Since when it is out of use, if it is.
    pub archived_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who created it.
    pub created_by: PersonId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl Site {
    /// The shift of this name, as the site spells it, whatever the case.
    pub fn shift(&self, name: &SiteName) -> Option<&SiteName> {
        let wanted = fold(name.as_str());
        self.shifts.iter().map(|shift| &shift.name).find(|name| fold(name.as_str()) == wanted)
    }
}

impl Recorded for Site {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization
    }

    fn snapshot(&self) -> Snapshot {
        let shifts = self.shifts.iter().map(|shift| format!("{} {}", shift.name, shift.hours));
        vec![
            ("name", Fact::text(&self.name)),
            ("time_zone", Fact::text(&self.time_zone)),
            ("shifts", Fact::Texts(shifts.collect())),
            ("archived_at", Fact::optional(self.archived_at.as_ref())),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// A shift to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewShift {
    /// What it shall be called.
    pub name: SiteName,
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends.
    pub until: TimeOfDay,
    /// Where these times are told; its site's time zone if absent.
    pub time_zone: Option<TimeZone>,
}

/// The shifts that a site shall have.
///
/// *Shape*: at most [`SHIFTS_MAX`], no two of the same name, whatever the case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewShifts(Vec<NewShift>);

impl NewShifts {
    /// Takes shifts together.
    ///
    /// *Errors*: `too_long` of the whole, or `repeated` of the shift at this index.
    pub fn parse(shifts: Vec<NewShift>) -> Result<Self, (Option<usize>, Flaw)> {
        if shifts.len() > SHIFTS_MAX {
            return Err((None, Flaw::new("too_long", say!("must have at most {max} elements", max = SHIFTS_MAX))));
        }
        let names: Vec<String> = shifts.iter().map(|shift| fold(shift.name.as_str())).collect();
        let is_repeated = |(index, name): &(usize, &String)| names.iter().take(*index).any(|other| other == *name);
        if let Some((index, _)) = names.iter().enumerate().find(is_repeated) {
            let name = shifts.get(index).map(|shift| shift.name.to_string()).unwrap_or_default();
            let message = say!("`{name}` is the name of an earlier shift of the site; each needs its own", name);
            return Err((Some(index), Flaw::new("repeated", message)));
        }
        Ok(Self(shifts))
    }

    /// The shifts of a site in this time zone.
    fn at(self, time_zone: &TimeZone) -> Vec<Shift> {
        let shift = |shift: NewShift| Shift {
            name: shift.name,
            hours: Hours {
                from: shift.from,
                until: shift.until,
                time_zone: shift.time_zone.unwrap_or_else(|| time_zone.clone()),
            },
        };
        self.0.into_iter().map(shift).collect()
    }
}

/// A site to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateSite {
    /// Its id.
    pub id: SiteId,
    /// What it shall be called.
    pub name: SiteName,
    /// Where it is.
    pub time_zone: TimeZone,
    /// Its shifts.
    pub shifts: NewShifts,
}

/// What stands in the way of a name or of one more site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The other site in use that has the name.
    pub namesake: Option<SiteId>,
    /// How many sites are in use.
    pub in_use: usize,
}

/// What must be known to create a site.
#[derive(Debug, Clone)]
pub struct CreateFacts {
    /// What the actor is to the organization.
    pub standing: Standing,
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// Whether there is room for it.
    pub room: Room,
}

/// Creates a site (O-5).
///
/// *Decides*: visible? may manage contacts? not the vendor, who has none? room for one more? name free?
pub fn create(context: &Context, facts: CreateFacts, command: CreateSite) -> Result<Change<Site>, Refusal> {
    let organization = of_a_customer(&facts.standing, Action::ManageContacts, facts.organization)?;
    refuse_surplus(facts.room)?;
    refuse_namesake(&command.name, facts.room)?;
    let site = Site {
        id: command.id,
        organization: organization.id,
        name: command.name,
        shifts: command.shifts.at(&command.time_zone),
        time_zone: command.time_zone,
        archived_at: None,
        created_at: context.now,
        created_by: context.signed_in()?.id(),
        updated_at: context.now,
        version: 1,
    };
    Ok(Change::create(context, facts.standing.authority(organization.id), EventKind::SiteCreated, site))
}

/// The organization, if somebody may do this towards it and it is not the vendor, who has neither contacts nor what goes
/// with them.
///
/// *Errors*: `not_found`, `permission_required`, `staff_only`.
pub(crate) fn of_a_customer(
    standing: &Standing,
    action: Action,
    organization: Option<Organization>,
) -> Result<Organization, Refusal> {
    let organization = organization.ok_or_else(Refusal::not_found)?;
    require(standing, action, organization.id)?;
    match organization.kind {
        OrganizationType::Customer | OrganizationType::Partner => Ok(organization),
        OrganizationType::Vendor => Err(Refusal::not_found()),
    }
}

fn refuse_surplus(room: Room) -> Result<(), Refusal> {
    if room.in_use < SITES_MAX {
        return Ok(());
    }
    let detail =
        say!("the organization has {in_use} sites in use, and may have {max}", in_use = room.in_use, max = SITES_MAX);
    Err(Refusal::new(Code::TooManySites, detail))
}

fn refuse_namesake(name: &SiteName, room: Room) -> Result<(), Refusal> {
    match room.namesake {
        None => Ok(()),
        Some(namesake) => {
            let detail = say!("`{name}` is the name of another site in use", name);
            Err(Refusal::new(Code::SiteExists, detail).with(Extra::About(namesake.into())))
        }
    }
}

/// Allows listing an organization's sites (O-5).
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow_list(standing: &Standing, organization: Option<Organization>) -> Result<(), Refusal> {
    of_a_customer(standing, Action::ReadSites, organization).map(|_| ())
}

/// Shows a site to whoever sees the list.
///
/// *Errors*: `not_found`, `permission_required`.
pub fn view(actor: &Actor, standing: &Standing, site: Option<Site>) -> Result<Visible<Site>, Refusal> {
    let site = site.ok_or_else(Refusal::not_found)?;
    require(standing, Action::ReadSites, site.organization)?;
    Ok(Visible::new(site, actor))
}

/// What changes in a site; absent members stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditSite {
    /// What it is called.
    pub name: Option<SiteName>,
    /// Where it is. Shifts that went by the site's time zone go on to do so.
    pub time_zone: Option<TimeZone>,
    /// Its shifts; replaces all of them.
    pub shifts: Option<NewShifts>,
    /// Whether it is out of use.
    pub archived: Option<bool>,
    /// The version that the editor saw.
    pub expected_version: Option<i64>,
}

/// What must be known to edit a site.
#[derive(Debug, Clone)]
pub struct EditFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the site's organization.
    pub standing: Standing,
    /// The site, if it exists.
    pub site: Option<Site>,
    /// Whether there is room for it, under the name that it shall have.
    pub room: Room,
}

/// Edits a site, archives it, or takes it back into use (O-5).
///
/// *Decides*: visible? may manage contacts? version? room for one more, if it comes back into use? name free, if it is in use
/// and the name is new there?
pub fn edit(context: &Context, facts: EditFacts, command: EditSite) -> Result<Change<Site>, Refusal> {
    let before = view(&facts.actor, &facts.standing, facts.site)?.into_value();
    require(&facts.standing, Action::ManageContacts, before.organization)?;
    expect_version(command.expected_version, before.version)?;
    let time_zone = command.time_zone.unwrap_or_else(|| before.time_zone.clone());
    let after = Site {
        name: command.name.unwrap_or_else(|| before.name.clone()),
        shifts: match command.shifts {
            Some(shifts) => shifts.at(&time_zone),
            None => moved(&before, &time_zone),
        },
        time_zone,
        archived_at: match command.archived {
            None => before.archived_at,
            Some(false) => None,
            Some(true) => before.archived_at.or(Some(context.now)),
        },
        ..before.clone()
    };
    let comes_back = before.archived_at.is_some() && after.archived_at.is_none();
    if comes_back {
        refuse_surplus(facts.room)?;
    }
    if after.archived_at.is_none() && (comes_back || after.name != before.name) {
        refuse_namesake(&after.name, facts.room)?;
    }
    let authority: Authority = facts.standing.authority(before.organization);
    Ok(Change::update(context, authority, EventKind::SiteUpdated, before, after))
}

/// The shifts of a site that moves to another time zone.
fn moved(site: &Site, time_zone: &TimeZone) -> Vec<Shift> {
    let moved = |shift: &Shift| {
        let goes_along = shift.hours.time_zone == site.time_zone;
        let zone = if goes_along { time_zone } else { &shift.hours.time_zone };
        Shift { hours: Hours { time_zone: zone.clone(), ..shift.hours.clone() }, ..shift.clone() }
    };
    site.shifts.iter().map(moved).collect()
}
