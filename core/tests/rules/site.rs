//! Sites and their shifts (O-5).

use mandate_core::access::Standing;
use mandate_core::hours::TimeOfDay;
use mandate_core::id::SiteId;
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::site::{
    self, CreateFacts, CreateSite, EditFacts, EditSite, NewShift, NewShifts, Room, SHIFTS_MAX, SITES_MAX, Site,
};
use mandate_core::text::{SiteName, TimeZone};
use mandate_core::vocabulary::{Level, Permission, StaffRole};

use crate::ladder::{climb, code, lacks, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, OTHER_CUSTOMER, Person as _, VENDOR, YESTERDAY, by, consultant, designated, desk, guardian, id,
    manager, organization, outsider, partner, partner_designated, reader, staff, standing,
};

const SITE: SiteId = SiteId::from_u128(1);
const OTHER_SITE: SiteId = SiteId::from_u128(2);
const FREE: Room = Room { namesake: None, in_use: 0 };

pub(crate) fn name(text: &str) -> SiteName {
    SiteName::parse(text).unwrap()
}

fn zone(text: &str) -> TimeZone {
    TimeZone::parse(text).unwrap()
}

/// A shift to be, in the time zone of its site unless another one is given.
fn shift(shift_name: &str, from: &str, until: &str, time_zone: Option<&str>) -> NewShift {
    let [from, until] = [from, until].map(|time| TimeOfDay::parse(time).unwrap());
    NewShift { name: name(shift_name), from, until, time_zone: time_zone.map(zone) }
}

/// A day and a night shift; the night is told in Tokyo's time.
fn two_shifts() -> NewShifts {
    let shifts = vec![shift("day", "06:00", "18:00", None), shift("night", "18:00", "06:00", Some("Asia/Tokyo"))];
    NewShifts::parse(shifts).unwrap()
}

fn create_facts(standing: Standing) -> CreateFacts {
    CreateFacts { standing, organization: Some(organization(CUSTOMER)), room: FREE }
}

fn new_site() -> CreateSite {
    CreateSite { id: SITE, name: name("Plant"), time_zone: zone("Europe/Lisbon"), shifts: two_shifts() }
}

/// A site of the customer with this number and name, and shifts of these names.
pub(crate) fn site_with(number: u128, site_name: &str, shifts: &[&str]) -> Site {
    let shifts = shifts.iter().map(|name| shift(name, "06:00", "18:00", None)).collect();
    let command = CreateSite {
        id: SiteId::from_u128(number),
        name: name(site_name),
        shifts: NewShifts::parse(shifts).unwrap(),
        ..new_site()
    };
    let created = site::create(&by(&manager()), create_facts(standing(&manager())), command).unwrap();
    Site { created_at: YESTERDAY, updated_at: YESTERDAY, ..created.after().clone() }
}

/// The customer's site, with a day and a night shift.
fn plant() -> Site {
    let created = site::create(&by(&manager()), create_facts(standing(&manager())), new_site()).unwrap();
    Site { created_at: YESTERDAY, updated_at: YESTERDAY, ..created.after().clone() }
}

#[test]
fn a_contact_manager_creates_a_site_with_shifts_o_5() {
    let world = CreateFacts {
        standing: Standing::Stranger,
        organization: None,
        room: Room { namesake: Some(OTHER_SITE), in_use: SITES_MAX },
    };
    let created = climb(
        world,
        |facts| site::create(&by(&manager()), facts, new_site()),
        [
            trips::<CreateFacts>(Code::NotFound).until(|facts| facts.organization = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|facts| facts.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|facts| facts.standing = partner(Level::ServiceAdmin)),
            lacks(Requirement::Level(Level::FullAdmin)).until(|facts| facts.standing = standing(&manager())),
            trips(Code::TooManySites).until(|facts| facts.room.in_use = SITES_MAX - 1),
            trips(Code::SiteExists).with(Extra::About(OTHER_SITE.into())).until(|facts| facts.room.namesake = None),
        ],
    );
    let site = created.after();
    assert_eq!((site.organization, site.created_at, site.archived_at, site.version), (CUSTOMER, NOW, None, 1));
    assert_eq!(site.created_by, manager().id.into());
    // A shift is told in the time zone of its site unless it has one of its own.
    let hours: Vec<String> = site.shifts.iter().map(|shift| format!("{} {}", shift.name, shift.hours)).collect();
    assert_eq!(hours, ["day 06:00-18:00 Europe/Lisbon", "night 18:00-06:00 Asia/Tokyo"]);
    assert_eq!(written(&created), ["site.created in org_1 by contact_2 for org_1"]);
}

#[test]
fn the_vendor_has_no_sites_o_5() {
    let vendor = || Some(organization(VENDOR));
    let administrator = staff(StaffRole::Administrator);
    // Nobody gets so far as to create one; whoever may read is told that there are none to be.
    let created = site::create(
        &by(&administrator),
        CreateFacts { organization: vendor(), ..create_facts(desk(StaffRole::Administrator)) },
        new_site(),
    );
    assert_eq!(code(created), Code::PermissionRequired);
    let by_grant = CreateFacts { organization: vendor(), ..create_facts(consultant(Level::FullAdmin)) };
    assert_eq!(code(site::create(&by(&administrator), by_grant, new_site())), Code::NotFound);
    assert_eq!(code(site::allow_list(&desk(StaffRole::Agent), vendor())), Code::NotFound);
}

#[test]
fn the_shifts_of_a_site_have_names_of_their_own_and_are_not_too_many_o_5() {
    let named = |names: &[&str]| {
        let shifts = names.iter().map(|name| shift(name, "06:00", "06:00", None)).collect();
        NewShifts::parse(shifts).map(drop).map_err(|(index, flaw)| (index, flaw.code))
    };
    assert_eq!(named(&["day", "night"]), Ok(()));
    assert_eq!(named(&["day", "night", "Day"]), Err((Some(2), "repeated")));
    assert_eq!(named(&["ﬁrst", "first"]), Err((Some(1), "repeated")));
    let many: Vec<String> = (0..=SHIFTS_MAX).map(|number| format!("shift {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(named(&many), Err((None, "too_long")));
    assert_eq!(named(&many[1..]), Ok(()));
}

fn edit_facts(site: Option<Site>) -> EditFacts {
    EditFacts { actor: manager().actor(), standing: standing(&manager()), site, room: FREE }
}

#[derive(Debug, Clone)]
struct Editing {
    facts: EditFacts,
    command: EditSite,
}

#[test]
fn a_contact_manager_edits_a_site_and_takes_it_back_from_the_archive_o_5() {
    let world = Editing {
        facts: EditFacts {
            standing: Standing::Stranger,
            room: Room { namesake: Some(OTHER_SITE), in_use: SITES_MAX },
            ..edit_facts(None)
        },
        command: EditSite {
            name: Some(name("Works")),
            archived: Some(false),
            expected_version: Some(7),
            ..EditSite::default()
        },
    };
    let edited = climb(
        world,
        |world| site::edit(&by(&manager()), world.facts, world.command),
        [
            trips::<Editing>(Code::NotFound)
                .until(|world| world.facts.site = Some(Site { archived_at: Some(YESTERDAY), ..plant() })),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.standing = standing(&manager())),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
            trips(Code::TooManySites).until(|world| world.facts.room.in_use = SITES_MAX - 1),
            trips(Code::SiteExists)
                .with(Extra::About(OTHER_SITE.into()))
                .until(|world| world.facts.room.namesake = None),
        ],
    );
    let archived = format!("archived_at: {YESTERDAY} -> nothing");
    assert_eq!(written(&edited), ["site.updated in org_1 by contact_2 for org_1", "name: Plant -> Works", &archived]);
    assert_eq!((edited.after().version, edited.after().updated_at), (2, NOW));
}

#[test]
fn what_is_archived_stays_so_and_takes_no_room_and_no_name_o_5() {
    let full = EditFacts { room: Room { namesake: Some(OTHER_SITE), in_use: SITES_MAX }, ..edit_facts(Some(plant())) };
    let edit = |facts: EditFacts, command: EditSite| site::edit(&by(&manager()), facts, command);
    // To be archived, a site needs neither.
    let archived = edit(full.clone(), EditSite { archived: Some(true), ..EditSite::default() }).unwrap();
    assert_eq!(archived.after().archived_at, Some(NOW));
    let archive = Site { archived_at: Some(YESTERDAY), ..plant() };
    let renamed = EditSite { name: Some(name("Works")), archived: Some(true), ..EditSite::default() };
    let renamed = edit(EditFacts { site: Some(archive), ..full.clone() }, renamed).unwrap();
    assert_eq!(renamed.after().archived_at, Some(YESTERDAY));
    // In use, it keeps its place whatever there is room for, and needs a name of its own only when it gets a new one.
    let kept = EditSite { archived: Some(false), name: Some(name("Plant")), ..EditSite::default() };
    assert!(!edit(full.clone(), kept).unwrap().is_effective());
    let taken = EditSite { name: Some(name("plant")), ..EditSite::default() };
    assert_eq!(code(edit(full, taken)), Code::SiteExists);
}

#[test]
fn shifts_that_go_by_the_sites_time_zone_go_along_o_5() {
    let edit = |command| site::edit(&by(&manager()), edit_facts(Some(plant())), command).unwrap();
    let moved = edit(EditSite { time_zone: Some(zone("Europe/Madrid")), ..EditSite::default() });
    assert_eq!(
        written(&moved),
        [
            "site.updated in org_1 by contact_2 for org_1",
            "time_zone: Europe/Lisbon -> Europe/Madrid",
            "shifts: day 06:00-18:00 Europe/Lisbon night 18:00-06:00 Asia/Tokyo -> day 06:00-18:00 Europe/Madrid night 18:00-06:00 Asia/Tokyo",
        ]
    );
    let late = NewShifts::parse(vec![shift("late", "14:00", "22:00", None)]).unwrap();
    let replaced = edit(EditSite { shifts: Some(late), ..EditSite::default() });
    assert_eq!(replaced.after().shifts[0].hours.to_string(), "14:00-22:00 Europe/Lisbon");
    assert_eq!(replaced.after().shifts.len(), 1);
}

#[test]
fn everybody_of_the_organization_sees_its_sites_o_5_x_3() {
    let viewed = |standing: &Standing| {
        let list = site::allow_list(standing, Some(organization(CUSTOMER))).map_err(|refusal| refusal.code);
        let one = site::view(&reader().actor(), standing, Some(plant())).map(drop).map_err(|refusal| refusal.code);
        assert_eq!(list, one);
        one
    };
    assert_eq!(viewed(&standing(&reader())), Ok(()));
    assert_eq!(viewed(&partner(Level::FullAdmin)), Ok(()));
    assert_eq!(viewed(&desk(StaffRole::SalesManager)), Ok(()));
    assert_eq!(viewed(&partner(Level::ServiceAdmin)), Err(Code::PermissionRequired));
    assert_eq!(viewed(&desk(StaffRole::Consultant)), Err(Code::StaffOnly));
    assert_eq!(viewed(&Standing::of(&outsider().actor(), CUSTOMER, None)), Err(Code::NotFound));
    let hidden = refusal(site::view(&partner_designated().actor(), &Standing::Stranger, Some(plant())));
    assert_eq!(hidden, refusal(site::view(&guardian().actor(), &standing(&guardian()), None)));
    let foreign = Site { organization: OTHER_CUSTOMER, id: id(9), ..plant() };
    let standing = Standing::of(&guardian().actor(), OTHER_CUSTOMER, None);
    assert_eq!(hidden, refusal(site::view(&guardian().actor(), &standing, Some(foreign))));
}
