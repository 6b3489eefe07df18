//! The access table, compared with a second statement of it: plain data, transcribed from the rules.

use std::fmt::Write as _;

use mandate_core::access::{Action, Standing, Verdict, decide, require};
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::vocabulary::{Category, ContactType, Level, Permission, StaffRole, Vocabulary};

use crate::ladder::refusal;
use crate::world::{CUSTOMER, consultant, desk, levels, member, partner};

/// Every standing, with a name to print: a contact of the organization of each permission and type, a partner of each
/// level, a staff member of each role without a grant, a consultant with a grant of each level, and a stranger.
fn standings() -> Vec<(String, Standing)> {
    let kinds = |permission: Permission| ContactType::ALL.iter().map(move |kind| (permission, *kind));
    let members = Permission::ALL.iter().flat_map(|permission| kinds(*permission)).map(|(permission, kind)| {
        (format!("contact, {} {}", permission.name(), kind.name()), member(permission, kind))
    });
    let partners = levels().map(|level| (format!("partner, {}", level.name()), partner(level)));
    let staff = StaffRole::ALL.iter().map(|role| (format!("staff, {}", role.name()), desk(*role)));
    let consultants = levels().map(|level| (format!("staff, consultant with {}", level.name()), consultant(level)));
    let stranger = ("stranger".to_owned(), Standing::Stranger);
    members.chain(partners).chain(staff).chain(consultants).chain([stranger]).collect()
}

/// The rules, cell by cell, in the order of [`standings`]:
/// contacts (`knowledge_base`, `designated_support`, `manage_contacts`; each technical, then primary support),
/// partners (`cc` to `full_admin`), roles without a grant (agent, duty manager, three account roles, consultant,
/// administrator), the consultant by a grant (`cc` to `full_admin`), the stranger.
///
/// `+` may; `.` may not know; else what would have been enough (X-3a): `d` designated_support,
/// `m` manage_contacts, `P` a primary support contact, `r` a role of the vendor, `1`-`6` a level from `cc` to
/// `full_admin`.
const RULES: &[(&str, &str)] = &[
    // O-1, X-3: whoever has to do with it knows it; staff know all of them.
    ("read_organization", "++++++ ++++++ +++++++ ++++++ ."),
    // The vendor's administrators alone.
    ("manage_organization", "rrrrrr rrrrrr rrrrrr+ rrrrrr ."),
    // C-18: anyone in the organization; level table, manage contacts; C-11: the staff who keep records.
    ("list_contact_managers", "++++++ 66666+ ++rrrr+ 66666+ ."),
    // C-18: designated_support or above; level table, manage contacts; C-11.
    ("read_contacts", "dd++++ 66666+ ++rrrr+ 66666+ ."),
    // C-6, C-9, G-3: contact managers, and full_admin.
    ("manage_contacts", "mmmm++ 66666+ mmmmmmm 66666+ ."),
    // C-9, C-11: the same, and the staff who keep records.
    ("disable_contacts", "mmmm++ 66666+ ++rrrr+ 66666+ ."),
    // C-9: authority over authority stays with the organization; neither partners nor staff by any level.
    ("manage_managers", "mmmm++ mmmmmm mmmmmmm mmmmmm ."),
    // C-10: a primary support contact who manages contacts; nobody by any level at all.
    ("appoint_primary_support", "mmmmP+ PPPPPP PPPPPPP PPPPPP ."),
    // C-14, C-20: contact managers, full_admin, and the staff who keep records.
    ("read_reviews", "mmmm++ 66666+ ++rrrr+ 66666+ ."),
    // C-21: staff, the desk's agents among them.
    ("note_training", "rrrrrr rrrrrr ++rrrrr rrrrrr ."),
    // O-5: anyone of the organization; full_admin, who keeps the contacts; staff who look after customers.
    ("read_sites", "++++++ 66666+ +++++r+ 66666+ ."),
    // O-4: its own contacts, and staff; partners have their own account team.
    ("read_account_team", "++++++ kkkkkk +++++++ ++++++ ."),
    // Section 6: designated_support or above, full_admin, staff who look after customers.
    ("read_readiness", "dd++++ 66666+ +++++r+ 66666+ ."),
    // G-10: the grantor's own; no partner reads the list of the grants that its customer made.
    ("read_grants", "dd++++ dddddd ++rrrr+ dddddd ."),
    // G-9: designated_support or above, of its own people alone.
    ("ask_for_grants", "dd++++ dddddd ddddddd dddddd ."),
    // G-5: contact managers of the grantor; never a partner, full_admin included; never staff.
    ("manage_grants", "mmmm++ mmmmmm mmmmmmm mmmmmm ."),
    // G-5: what these levels give, only a primary support contact who manages contacts gives.
    ("grant_administration", "mmmmP+ PPPPPP PPPPPPP PPPPPP ."),
    // S-3; level table, read requests; S-13.
    ("read_requests", "dd++++ 2+++++ ++rrrrr 2+++++ ."),
    // S-3; level table, update requests; S-13.
    ("update_requests", "dd++++ 33++++ ++rrrrr 33++++ ."),
    // S-2; level table, create requests; S-13.
    ("create_request", "dd++++ 444+++ ++rrrrr 444+++ ."),
    // S-8; level table, primary-support-only requests.
    ("create_restricted_request", "ddP+P+ 5555++ PPPPPPP 5555++ ."),
    // S-8: partners, whatever their level, are not supported for upgrades.
    ("create_upgrade_request", "ddP+P+ PPPPPP PPPPPPP PPPPPP ."),
    // E-11: inside the organization, designated_support and above; staff who look after customers; no partner.
    ("read_escalations", "dd++++ dddddd +++++r+ dddddd ."),
    // E-2: a contact of the organization; by phone the duty manager; the technical account manager or sales manager.
    ("open_escalation", "dd++++ dddddd r++r+rr dddddd ."),
    // E-6: only a duty manager.
    ("decide_escalations", "rrrrrr rrrrrr r+rrrrr rrrrrr ."),
    // S-5, S-13.
    ("work_on_requests", "rrrrrr rrrrrr ++rrrrr rrrrrr ."),
];

/// A verdict as a letter of [`RULES`].
fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Permit => '+',
        Verdict::Hidden => '.',
        Verdict::Denied(Requirement::PrimarySupport) => 'P',
        Verdict::Denied(Requirement::Roles(_)) => 'r',
        Verdict::Denied(Requirement::Permission(Permission::KnowledgeBase)) => 'k',
        Verdict::Denied(Requirement::Permission(Permission::DesignatedSupport)) => 'd',
        Verdict::Denied(Requirement::Permission(Permission::ManageContacts)) => 'm',
        Verdict::Denied(Requirement::Level(level)) => match level {
            Level::None => '0',
            Level::Cc => '1',
            Level::View => '2',
            Level::Update => '3',
            Level::Create => '4',
            Level::ServiceAdmin => '5',
            Level::FullAdmin => '6',
        },
    }
}

/// The code that a letter of [`RULES`] is answered with.
fn code(letter: char) -> Code {
    match letter {
        '.' => Code::NotFound,
        'P' => Code::PrimarySupportContactRequired,
        'r' => Code::StaffOnly,
        _ => Code::PermissionRequired,
    }
}

#[test]
fn the_access_table_is_what_the_rules_say_c_6_c_9_c_10_g_3_g_5_s_2_s_3_s_8_s_13_x_3() {
    let standings = standings();
    let mut compared = 0;
    let mut differences = Vec::new();
    assert_eq!(RULES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names::<Action>());
    for (action, (name, cells)) in Action::ALL.iter().zip(RULES) {
        let cells: Vec<char> = cells.chars().filter(|cell| *cell != ' ').collect();
        assert_eq!(cells.len(), standings.len(), "{name}");
        for ((who, standing), expected) in standings.iter().zip(cells) {
            compared += 1;
            let verdict = decide(standing, *action);
            if letter(verdict) != expected {
                differences.push(format!("{name}, {who}: the rules say {expected}, core says {}", letter(verdict)));
            }
            match require(standing, *action, CUSTOMER) {
                Ok(()) => assert_eq!(verdict, Verdict::Permit),
                Err(refusal) => assert_eq!(refusal.code, code(letter(verdict)), "{name}, {who}"),
            }
        }
    }
    println!("compared {compared} cells of the access table with the rules");
    assert_eq!(compared, 26 * 26);
    assert!(differences.is_empty(), "{differences:#?}");
}

fn names<V: Vocabulary>() -> Vec<&'static str> {
    V::ALL.iter().map(|member| member.name()).collect()
}

#[test]
fn the_access_table_reads_as_printed() {
    let mut table = String::new();
    for action in Action::ALL {
        writeln!(table, "{}", action.name()).unwrap();
        let mut answers: Vec<(String, Vec<String>)> = Vec::new();
        for (who, standing) in standings() {
            let answer = match decide(&standing, *action) {
                Verdict::Permit => "yes".to_owned(),
                Verdict::Denied(requirement) => format!("no, this takes {}", requirement.wording()),
                Verdict::Hidden => "hidden".to_owned(),
            };
            match answers.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, people)) => people.push(who),
                None => answers.push((answer, vec![who])),
            }
        }
        for (answer, people) in answers {
            writeln!(table, "  {answer}:").unwrap();
            for group in ["contact", "partner", "staff", "stranger"] {
                let of_group: Vec<&str> = people.iter().filter_map(|who| who.strip_prefix(group)).collect();
                let names: Vec<&str> = of_group.iter().map(|name| name.trim_start_matches(", ")).collect();
                match names[..] {
                    [] => {}
                    [""] => writeln!(table, "    {group}").unwrap(),
                    _ => writeln!(table, "    {group}: {}", names.join("; ")).unwrap(),
                }
            }
        }
    }
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("access_table", table);
    });
}

#[test]
fn each_permission_and_each_level_includes_the_one_before_it_c_6_g_3() {
    let permits = |standing: &Standing, action| decide(standing, action) == Verdict::Permit;
    let mut compared = 0;
    for action in Action::ALL.iter().copied() {
        for kind in ContactType::ALL.iter().copied() {
            for pair in Permission::ALL.windows(2) {
                let (lower, higher) = (member(pair[0], kind), member(pair[1], kind));
                assert!(!permits(&lower, action) || permits(&higher, action), "{} {lower:?}", action.name());
                compared += 1;
            }
        }
        for pair in Level::ALL.windows(2).filter(|pair| pair[0] != Level::None) {
            let (lower, higher) = (partner(pair[0]), partner(pair[1]));
            assert!(!permits(&lower, action) || permits(&higher, action), "{} {lower:?}", action.name());
            compared += 1;
        }
    }
    assert_eq!(compared, 26 * (4 + 5));
}

#[test]
fn a_refusal_names_what_would_have_been_enough_and_whom_to_ask_x_3a() {
    for action in Action::ALL.iter().copied() {
        for (who, standing) in standings() {
            let Verdict::Denied(requirement) = decide(&standing, action) else { continue };
            let refusal = refusal(require(&standing, action, CUSTOMER));
            let ask = Extra::AskContactManagersOf(CUSTOMER);
            // Whom to ask is said where the asker may see them (C-18).
            let sees = decide(&standing, Action::ListContactManagers) == Verdict::Permit;
            let asks = sees && !matches!(requirement, Requirement::Roles(_));
            assert!(refusal.extras.contains(&Extra::Required(requirement)), "{who}");
            assert_eq!(refusal.extras.contains(&ask), asks, "{who}");
            assert_eq!(refusal.detail.to_string(), format!("this takes {}", requirement.wording()));
            // Who gets what was named is through, or hears of the one thing that is still missing.
            let next = match (&standing, requirement) {
                (Standing::Member { kind, .. }, Requirement::Permission(needed)) => member(needed, *kind),
                (Standing::Member { permission, .. }, Requirement::PrimarySupport) => {
                    member(*permission, ContactType::PrimarySupport)
                }
                (Standing::Partner(_), Requirement::Level(needed)) => partner(needed),
                (Standing::Staff { .. }, Requirement::Level(needed)) => consultant(needed),
                (_, Requirement::Roles(roles)) => desk(roles[0]),
                // Only contacts of the organization may at all.
                (_, Requirement::Permission(needed)) => member(needed, ContactType::Technical),
                (_, Requirement::PrimarySupport) => member(Permission::ManageContacts, ContactType::PrimarySupport),
                (_, Requirement::Level(_)) => panic!("{who} has no level"),
            };
            match decide(&next, action) {
                Verdict::Permit => {}
                Verdict::Denied(then) => assert_eq!(
                    (requirement, then),
                    (Requirement::Permission(action.lowest_permission().unwrap()), Requirement::PrimarySupport),
                    "{who}"
                ),
                Verdict::Hidden => panic!("{who} is told too much"),
            }
        }
    }
}

#[test]
fn restricted_categories_take_more_than_a_designated_contact_s_8() {
    // Transcribed from S-8: `s` takes service_admin or a primary support contact, `u` a primary support contact.
    let rules = [
        ("question", ' '),
        ("incident", ' '),
        ("feature_request", ' '),
        ("password_reset", 's'),
        ("contact_record_edit", 's'),
        ("hidden_configuration", 's'),
        ("site_deletion", 's'),
        ("access_request", 's'),
        ("upgrade", 'u'),
        ("contact_deactivation", ' '),
        ("primary_contact_recovery", ' '),
    ];
    assert_eq!(names::<Category>(), rules.map(|(name, _)| name));
    for (category, (name, rule)) in Category::ALL.iter().zip(rules) {
        let permits = |standing| decide(&standing, Action::to_create(*category)) == Verdict::Permit;
        let technical = permits(member(Permission::ManageContacts, ContactType::Technical));
        let primary = permits(member(Permission::DesignatedSupport, ContactType::PrimarySupport));
        let by_level: Vec<bool> = levels().map(|level| permits(partner(level))).collect();
        let expected = match rule {
            's' => [false, false, false, false, true, true],
            'u' => [false; 6],
            _ => [false, false, false, true, true, true],
        };
        assert_eq!((technical, primary), (rule == ' ', true), "{name}");
        assert_eq!(by_level, expected, "{name}");
    }
}
