//! Who of the vendor looks after an organization (O-4).

use mandate_core::access::Standing;
use mandate_core::account_team::{AccountTeam, Places, SetFacts, allow, set};
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::staff::StaffMember;
use mandate_core::vocabulary::{Level, PersonStatus, StaffRole};

use crate::ladder::{climb, code, lacks, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, VENDOR, YESTERDAY, by, consultant, desk, id, organization, outsider, partner, reader, staff,
    standing,
};

const ADMINISTRATOR: StaffRole = StaffRole::Administrator;

fn technical() -> StaffMember {
    staff(StaffRole::TechnicalAccountManager)
}

fn success() -> StaffMember {
    staff(StaffRole::CustomerSuccessManager)
}

fn sales() -> StaffMember {
    staff(StaffRole::SalesManager)
}

/// Everybody in their place.
fn full() -> Places {
    Places {
        technical_account_manager: Some(technical().id),
        customer_success_manager: Some(success().id),
        sales_manager: Some(sales().id),
    }
}

fn facts() -> SetFacts {
    SetFacts {
        standing: desk(ADMINISTRATOR),
        organization: Some(organization(CUSTOMER)),
        team: None,
        staff: vec![technical(), success(), sales()],
    }
}

#[derive(Debug, Clone)]
struct Setting {
    facts: SetFacts,
    expected_version: Option<i64>,
}

#[test]
fn an_administrator_sets_the_account_team_o_4() {
    let world = Setting {
        facts: SetFacts { standing: Standing::Stranger, organization: None, staff: Vec::new(), ..facts() },
        expected_version: Some(7),
    };
    let change = climb(
        world,
        |world| set(&by(&staff(ADMINISTRATOR)), world.facts, full(), world.expected_version),
        [
            trips::<Setting>(Code::NotFound).until(|world| world.facts.organization = Some(organization(VENDOR))),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(Requirement::Roles(&[ADMINISTRATOR])).until(|world| world.facts.standing = partner(Level::FullAdmin)),
            lacks(Requirement::Roles(&[ADMINISTRATOR])).until(|world| world.facts.standing = desk(StaffRole::Agent)),
            lacks(Requirement::Roles(&[ADMINISTRATOR])).until(|world| world.facts.standing = desk(ADMINISTRATOR)),
            // The vendor has no account team.
            trips(Code::NotFound).until(|world| world.facts.organization = Some(organization(CUSTOMER))),
            trips(Code::VersionMismatch).with(Extra::CurrentVersion(0)).until(|world| world.expected_version = Some(0)),
            trips(Code::AccountTeamNotAllowed)
                .at("#/technical_account_manager")
                .until(|world| world.facts.staff = vec![technical()]),
            trips(Code::AccountTeamNotAllowed)
                .at("#/customer_success_manager")
                .until(|world| world.facts.staff = vec![technical(), success()]),
            trips(Code::AccountTeamNotAllowed)
                .at("#/sales_manager")
                .until(|world| world.facts.staff = vec![technical(), success(), sales()]),
        ],
    );
    let team = change.after();
    assert_eq!((team.places, team.version, team.updated_at), (full(), 1, Some(NOW)));
    assert_eq!(
        written(&change),
        [
            "account_team.updated in org_1 by staff_7 for org_1",
            "technical_account_manager: nothing -> staff_3",
            "customer_success_manager: nothing -> staff_4",
            "sales_manager: nothing -> staff_5",
        ]
    );
}

#[test]
fn a_place_takes_an_active_staff_member_with_its_role_and_all_others_are_refused_alike_o_4_x_3() {
    let places = |id| Places { technical_account_manager: Some(id), ..Places::default() };
    let refused = |staff_members: Vec<StaffMember>| {
        let facts = SetFacts { staff: staff_members, ..facts() };
        refusal(set(&by(&staff(ADMINISTRATOR)), facts, places(technical().id), None))
    };
    let unknown = refused(Vec::new());
    assert_eq!(unknown.code, Code::AccountTeamNotAllowed);
    for status in [PersonStatus::Invited, PersonStatus::Disabled] {
        assert_eq!(refused(vec![StaffMember { status, ..technical() }]), unknown);
    }
    let roles = vec![StaffRole::Agent, StaffRole::SalesManager];
    assert_eq!(refused(vec![StaffMember { roles, ..technical() }]), unknown);
    assert_eq!(refused(vec![StaffMember { id: id(99), ..technical() }]), unknown);
}

#[test]
fn setting_replaces_the_whole_team_o_4() {
    let team = AccountTeam { places: full(), updated_at: Some(YESTERDAY), version: 3, ..AccountTeam::empty(CUSTOMER) };
    let only_sales = Places { sales_manager: Some(sales().id), ..Places::default() };
    let again = |places| {
        let facts = SetFacts { team: Some(team.clone()), ..facts() };
        set(&by(&staff(ADMINISTRATOR)), facts, places, Some(3)).unwrap()
    };
    let change = again(only_sales);
    assert_eq!((change.after().places, change.after().version), (only_sales, 4));
    // The same team again is no change, nor is none where there was none.
    assert!(!again(full()).is_effective());
    let none = set(&by(&staff(ADMINISTRATOR)), facts(), Places::default(), None).unwrap();
    assert_eq!((none.is_effective(), none.after()), (false, &AccountTeam::empty(CUSTOMER)));
}

#[test]
fn who_was_disabled_or_lost_the_role_is_not_shown_o_4() {
    let team = AccountTeam { places: full(), version: 1, ..AccountTeam::empty(CUSTOMER) };
    let role = StaffRole::TechnicalAccountManager;
    let shown = |member: StaffMember| team.holder(role, &[sales(), member]).map(|member| member.id);
    assert_eq!(shown(technical()), Some(technical().id));
    assert_eq!(shown(StaffMember { status: PersonStatus::Disabled, ..technical() }), None);
    assert_eq!(shown(StaffMember { roles: vec![StaffRole::Agent], ..technical() }), None);
    assert_eq!(AccountTeam::empty(CUSTOMER).holder(role, &[technical()]), None);
}

#[test]
fn its_own_contacts_and_staff_see_the_account_team_o_4_x_3() {
    let allowed = |standing: &Standing| allow(standing, Some(organization(CUSTOMER))).map(drop);
    assert_eq!(allowed(&standing(&reader())), Ok(()));
    assert_eq!(allowed(&desk(StaffRole::Consultant)), Ok(()));
    assert_eq!(allowed(&consultant(Level::Cc)), Ok(()));
    assert_eq!(code(allowed(&partner(Level::FullAdmin))), Code::PermissionRequired);
    assert_eq!(code(allowed(&standing(&outsider()))), Code::NotFound);
    assert_eq!(code(allow(&desk(ADMINISTRATOR), Some(organization(VENDOR)))), Code::NotFound);
    assert_eq!(code(allow(&desk(ADMINISTRATOR), None)), Code::NotFound);
}
