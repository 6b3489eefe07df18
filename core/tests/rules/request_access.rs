//! Who does what to one service request, compared with a second statement of the rules: plain data, transcribed from them.
//!
//! Every combination is generated: two grants, each at each level, with each history scope, live, over or taken back; a
//! suspension; each permission and type, each role; each part in the request, who submitted it, whether it is confidential,
//! when it was created and closed, its status; and each thing that may be done to it.

use mandate_core::access::Standing;
use mandate_core::actor::{Actor, PersonRef, Position};
use mandate_core::effective_access::{HeldGrant, HeldGrants, Outcome, Suspension, consider};
use mandate_core::message::{CreateMessage, post};
use mandate_core::partner_grant::PartnerGrant;
use mandate_core::point_of_contact::PointOfContact;
use mandate_core::refusal::{Code, Extra, Refusal};
use mandate_core::request_access::HistoryScope;
use mandate_core::service_request::{EditFacts, EditRequest, RequestFacts, ServiceRequest, edit, view};
use mandate_core::text::{MessageBody, Subject};
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::{
    ContactType, GrantStatus, History, Involvement, Level, OrganizationStatus, Permission, RequestStatus, StaffRole,
    Vocabulary,
};

use crate::ladder::refusal;
use crate::world::{
    CUSTOMER, NOW, PARTNER, Person, TOMORROW, YESTERDAY, all_of, by, consultant, designated, ended, grant, id, manager,
    partner, partner_designated, reference, request, staff,
};

/// Which of two grants decides, by what each is: the individual's (`i`), the organization's (`o`) or none (`-`).
/// G-2: the individual's before the organization's; G-4, G-6: only what is live; G-12: nothing while a side is suspended.
const DECIDING: &[(&str, &str, &str, char)] = &[
    // the individual's, the organization's, who is suspended
    ("*", "*", "grantor", '-'),
    ("*", "*", "holder", '-'),
    ("live", "*", "nobody", 'i'),
    ("absent expired revoked", "live", "nobody", 'o'),
    ("absent expired revoked", "absent expired revoked", "nobody", '-'),
];

/// Which requests a history scope reaches (G-16), told by when they were created and closed.
const HISTORIES: &[(&str, &str, &str, bool)] = &[
    // scope, created, closed; before or after the grant was made
    ("all", "*", "*", true),
    ("open", "before", "before", false),
    ("open", "*", "*", true),
    ("new", "before", "*", false),
    ("new", "after", "*", true),
];

/// What each may do. The first row that fits counts, and each fits who is no other: read, reply, write a note, edit, and
/// say whether it is confidential.
///
/// `+` may; `.` it does not exist; `l` a level or permission is missing, `r` a role of the vendor, `p` one has to be a
/// primary support contact. Who may change something is told of a closed request instead (S-4).
const RULES: &[(&str, &str, &str, &str, &str, &str)] = &[
    // who, whether a level reaches it, confidential, part, submitted it
    // S-13: agents and duty managers see and do all; S-14: staff among them.
    ("desk", "*", "*", "*", "*", "+++++"),
    // S-3, C-6: they read the knowledge base, nothing else.
    ("knowledge_base", "*", "*", "*", "*", "....."),
    // S-3, S-5; S-14: set by a primary support contact or by its submitter.
    ("primary", "*", "*", "*", "*", "++r++"),
    ("designated", "*", "*", "*", "yes", "++r++"),
    // S-14: who gets copies of a confidential one reads it and does no more.
    ("designated", "*", "yes", "cc", "no", "+pppp"),
    ("designated", "*", "no", "*", "no", "++r+p"),
    // S-14: organization-wide visibility does not reach it, but its participants see it.
    ("designated", "*", "yes", "none", "no", "....."),
    ("designated", "*", "yes", "*", "no", "++r+p"),
    // G-3: no live grant, or `none` (G-13), gives nothing; S-7: nor does taking part without one.
    ("nothing", "*", "*", "*", "*", "....."),
    ("*", "*", "yes", "cc", "*", "+pppp"),
    // S-7: secondary or point of contact, at whatever level; S-14: a partner never opens what is confidential.
    ("*", "*", "no", "secondary point_of_contact", "yes", "++r++"),
    ("*", "*", "*", "secondary point_of_contact", "*", "++r+p"),
    // S-14: a grant does not reach what is confidential, unless its holder submitted it; G-16: nor what its scope leaves out.
    ("*", "no", "*", "cc", "*", "+llll"),
    ("*", "no", "*", "none", "*", "....."),
    ("*", "*", "yes", "none", "no", "....."),
    // The table of levels.
    ("cc", "*", "*", "cc", "*", "+llll"),
    ("cc", "*", "*", "none", "*", "....."),
    ("view", "*", "*", "*", "*", "+llll"),
    ("update create service_admin full_admin", "*", "no", "*", "yes", "++r++"),
    ("update create service_admin full_admin", "*", "*", "*", "*", "++r+p"),
];

/// Whether a cell of a row fits a word.
fn fits(cell: &str, word: &str) -> bool {
    cell == "*" || cell.split(' ').any(|one| one == word)
}

fn deciding(individual: &str, organization: &str, suspended: &str) -> char {
    let fitting = |row: &&(&str, &str, &str, char)| {
        fits(row.0, individual) && fits(row.1, organization) && fits(row.2, suspended)
    };
    DECIDING.iter().find(fitting).expect("a row").3
}

fn reached(history: &str, created: &str, closed: &str) -> bool {
    let fitting = |row: &&(&str, &str, &str, bool)| fits(row.0, history) && fits(row.1, created) && fits(row.2, closed);
    HISTORIES.iter().find(fitting).expect("a row").3
}

/// What the rules say of somebody, and of a request.
fn expected(who: &str, is_reached: bool, case: &Case) -> &'static str {
    let yes = |flag| if flag { "yes" } else { "no" };
    let words = [who, yes(is_reached), yes(case.confidential), case.part(), yes(case.submitted)];
    let fitting = |row: &&(&str, &str, &str, &str, &str, &str)| {
        [row.0, row.1, row.2, row.3, row.4].iter().zip(words).all(|(cell, word)| fits(cell, word))
    };
    RULES.iter().find(fitting).expect("a row").5
}

/// When all grants of these tests were made.
const MADE: Timestamp = NOW.minus(Span::days(10));

/// What a request is, besides whose.
#[derive(Debug, Clone, Copy)]
struct Case {
    created: &'static str,
    closed: &'static str,
    status: RequestStatus,
    confidential: bool,
    involvement: Option<Involvement>,
    submitted: bool,
}

impl Case {
    fn part(&self) -> &'static str {
        self.involvement.map_or("none", Vocabulary::name)
    }

    /// The customer's request that is all this to a person.
    fn request(&self, person: &PersonRef) -> ServiceRequest {
        let leads = self.involvement == Some(Involvement::PointOfContact);
        let before = MADE.minus(Span::days(1));
        ServiceRequest {
            status: self.status,
            submitted_by: if self.submitted { person.clone() } else { reference(&manager()) },
            point_of_contact: if leads { Some(person.clone()) } else { Some(reference(&manager())) },
            confidential: self.confidential,
            created_at: if self.created == "before" { before.minus(Span::days(1)) } else { YESTERDAY },
            closed_at: match self.closed {
                "before" => Some(before),
                "after" => Some(NOW),
                _ => None,
            },
            ..request()
        }
    }
}

/// Every request there can be.
fn cases() -> Vec<Case> {
    let open = RequestStatus::ALL.iter().copied().filter(|status| *status != RequestStatus::Closed);
    let mut stories: Vec<(&str, &str, RequestStatus)> = ["before", "after"]
        .into_iter()
        .flat_map(|created| open.clone().map(move |status| (created, "not", status)))
        .collect();
    stories.extend(
        [("before", "before"), ("before", "after"), ("after", "after")]
            .map(|(created, closed)| (created, closed, RequestStatus::Closed)),
    );
    let parts = [None].into_iter().chain(Involvement::ALL.iter().copied().map(Some));
    let mut cases = Vec::new();
    for (created, closed, status) in stories {
        for involvement in parts.clone() {
            for (confidential, submitted) in [(false, false), (false, true), (true, false), (true, true)] {
                cases.push(Case { created, closed, status, confidential, involvement, submitted });
            }
        }
    }
    cases
}

/// What core says, in the letters of [`RULES`].
fn answers(actor: &Actor, standing: &Standing, case: &Case) -> String {
    let request = case.request(&actor.reference());
    let role = case.involvement.filter(|involvement| *involvement != Involvement::PointOfContact);
    let facts = RequestFacts {
        actor: actor.clone(),
        standing: standing.clone(),
        request: Some(request),
        role,
        lead_at_rest: false,
    };
    let context = by(&designated());
    let message = |internal| {
        let command = CreateMessage { id: id(6), body: MessageBody::parse("Hello").unwrap(), internal };
        post(&context, facts.clone(), command).map(drop)
    };
    let edited = |command: EditRequest| {
        let facts = EditFacts { request: facts.clone(), assignee: None, point_of_contact: PointOfContact::Unnamed };
        edit(&context, facts, command).map(drop)
    };
    let subject = Some(Subject::parse("Another").unwrap());
    let concealed = Some(!case.confidential);
    [
        view(&facts).map(drop),
        message(false),
        message(true),
        edited(EditRequest { subject, ..EditRequest::default() }),
        edited(EditRequest { confidential: concealed, ..EditRequest::default() }),
    ]
    .into_iter()
    .map(letter)
    .collect()
}

fn letter(answer: Result<(), Refusal>) -> char {
    match answer.map_err(|refusal| refusal.code) {
        Ok(()) => '+',
        Err(Code::NotFound) => '.',
        Err(Code::PermissionRequired) => 'l',
        Err(Code::StaffOnly) => 'r',
        Err(Code::PrimarySupportContactRequired) => 'p',
        Err(Code::ServiceRequestClosed) => 'c',
        Err(other) => panic!("`{}`", other.name()),
    }
}

/// What the rules say, with a closed request's own answer for whoever may change it at all (S-4).
fn with_status(expected: &str, status: RequestStatus) -> String {
    let is_closed = status == RequestStatus::Closed;
    let changes = expected.chars().nth(3) == Some('+');
    expected
        .chars()
        .enumerate()
        .map(|(action, letter)| if is_closed && changes && action > 0 && letter != 'r' { 'c' } else { letter })
        .collect()
}

#[derive(Default)]
struct Comparison {
    compared: usize,
    differences: Vec<String>,
}

impl Comparison {
    fn ask(&mut self, who: &str, is_reached: bool, actor: &Actor, standing: &Standing, case: &Case) {
        let rules = with_status(expected(who, is_reached, case), case.status);
        let core = answers(actor, standing, case);
        self.compared += core.len();
        if core != rules && self.differences.len() < 20 {
            self.differences.push(format!("{who}, {standing:?}, {case:?}: the rules say {rules}, core says {core}"));
        }
    }

    /// Prints what was compared, and fails if anything differs.
    fn finish(self, what: &str, compared: usize) {
        println!("compared {} answers {what} with the rules: {} differences", self.compared, self.differences.len());
        assert!(self.differences.is_empty(), "{:#?}", self.differences);
        assert_eq!(self.compared, compared);
    }
}

#[test]
fn contacts_and_the_desk_do_what_the_rules_say_c_6_s_3_s_4_s_5_s_7_s_13_s_14() {
    let mut comparison = Comparison::default();
    for case in cases() {
        for permission in Permission::ALL.iter().copied() {
            for kind in ContactType::ALL.iter().copied() {
                let actor = Actor {
                    position: Position::Contact { id: designated().id, permission, kind },
                    ..designated().actor()
                };
                let who = match (permission, kind) {
                    (Permission::KnowledgeBase, _) => "knowledge_base",
                    (_, ContactType::PrimarySupport) => "primary",
                    (_, ContactType::Technical) => "designated",
                };
                comparison.ask(who, true, &actor, &Standing::of(&actor, CUSTOMER, None), &case);
            }
        }
        for role in StaffRole::ALL.iter().copied() {
            let actor = staff(role).actor();
            let who = if matches!(role, StaffRole::Agent | StaffRole::DutyManager) { "desk" } else { "nothing" };
            comparison.ask(who, true, &actor, &Standing::of(&actor, CUSTOMER, None), &case);
        }
    }
    comparison.finish("of contacts and staff", cases().len() * (6 + 7) * 5);
}

/// A grant as it may be found: which, in which state, at which level, with which scope.
type Found = Option<(&'static str, Level, History)>;

/// Every grant there can be to somebody, and none.
fn found(levels: impl Iterator<Item = Level>) -> Vec<Found> {
    let mut all = vec![None];
    for level in levels {
        all.extend(History::ALL.iter().map(|history| Some(("live", level, *history))));
        all.extend(["expired", "revoked"].map(|state| Some((state, level, History::All))));
    }
    all
}

/// The grant that was found, whole.
fn whole(number: u128, to: &Actor, is_wide: bool, found: Found) -> Option<PartnerGrant> {
    let (state, level, history) = found?;
    let grantee = if is_wide { all_of(PARTNER) } else { mandate_core::partner_grant::Grantee::Person(to.reference()) };
    let grant = PartnerGrant { scope: HistoryScope { history, since: MADE }, ..grant(number, grantee, level) };
    Some(match state {
        "expired" => PartnerGrant { expires_at: Some(YESTERDAY), ..grant },
        "revoked" => ended(GrantStatus::Revoked, grant),
        _ => PartnerGrant { expires_at: Some(TOMORROW), ..grant },
    })
}

#[test]
fn partners_and_consultants_do_what_the_rules_say_g_2_g_3_g_4_g_6_g_12_g_13_g_16_s_4_s_5_s_7_s_14() {
    let mut comparison = Comparison::default();
    let (pedro, vera) = (partner_designated().actor(), staff(StaffRole::Consultant).actor());
    let (to_one, to_all) =
        (found(Level::ALL.iter().copied()), found(Level::ALL.iter().copied().filter(|level| *level != Level::None)));
    let cases = cases();
    let mut worlds = 0;
    for (actor, wide) in [(&pedro, &to_all), (&vera, &vec![None])] {
        for individual in &to_one {
            for organization in wide {
                for suspended in ["nobody", "grantor", "holder"] {
                    let state = |found: &Found| found.map_or("absent", |found| found.0);
                    let decides = deciding(state(individual), state(organization), suspended);
                    let (mine, ours) = (whole(1, actor, false, *individual), whole(2, actor, true, *organization));
                    let suspension = {
                        let status = |side| {
                            if suspended == side { OrganizationStatus::Suspended } else { OrganizationStatus::Active }
                        };
                        Suspension { grantor: status("grantor"), holder: status("holder") }
                    };
                    // The explanation names the same grant (G-15).
                    let considered =
                        consider(NOW, actor, suspension, [mine.clone(), ours.clone()].into_iter().flatten().collect());
                    let named: Vec<u128> = considered
                        .iter()
                        .filter(|one| one.outcome == Outcome::Decides)
                        .map(|one| one.grant.id.as_u128())
                        .collect();
                    let expected: &[u128] = match decides {
                        'i' => &[1],
                        'o' => &[2],
                        _ => &[],
                    };
                    assert_eq!(named, expected, "{individual:?} {organization:?} {suspended}");
                    // What a hot read brings along: grants without an ending.
                    let brought = |grant: Option<PartnerGrant>| {
                        let grant = grant.filter(|grant| grant.ending.is_none())?;
                        Some(HeldGrant { held: grant.held(), expires_at: grant.expires_at })
                    };
                    let grants = HeldGrants { individual: brought(mine), organization: brought(ours), suspension };
                    let standing = Standing::of(actor, CUSTOMER, grants.deciding(NOW));
                    let (who, history) = match (decides, individual, organization) {
                        ('i', Some((_, level, history)), _) | ('o', _, Some((_, level, history))) => {
                            (if *level == Level::None { "nothing" } else { level.name() }, history.name())
                        }
                        _ => ("nothing", "all"),
                    };
                    worlds += 1;
                    for case in &cases {
                        comparison.ask(who, reached(history, case.created, case.closed), actor, &standing, case);
                    }
                }
            }
        }
    }
    assert_eq!(worlds, 36 * (31 + 1) * 3);
    comparison.finish("of partners and consultants", worlds * cases.len() * 5);
}

#[test]
fn whom_the_scope_leaves_out_is_told_how_they_could_update_it_after_all_g_16_x_3a() {
    let context = by(&designated());
    let old = |standing: Standing| {
        let request = ServiceRequest { created_at: MADE.minus(Span::days(1)), ..request() };
        let actor = partner_designated().actor();
        let facts =
            RequestFacts { actor, standing, request: Some(request), role: Some(Involvement::Cc), lead_at_rest: false };
        let command = CreateMessage { id: id(6), body: MessageBody::parse("Hello").unwrap(), internal: false };
        let refusal = refusal(post(&context, facts, command));
        (refusal.detail.to_string(), refusal.extras.contains(&Extra::AskForGrant))
    };
    let narrow = |standing: Standing| match standing {
        Standing::Partner(held) => {
            let scope = HistoryScope { history: History::New, since: MADE };
            Standing::Partner(mandate_core::access::HeldLevel { scope, ..held })
        }
        other => other,
    };
    // X-3a: they are told to ask for a grant where one would help, and can be asked for.
    for (standing, detail, asks) in [
        (narrow(partner(Level::Update)), "the grant does not reach this request", false),
        (narrow(partner(Level::View)), "this takes", true),
        (consultant(Level::View), "this takes", false),
    ] {
        let (said, asked) = old(standing);
        assert!(said.starts_with(detail) && asked == asks, "{said}");
    }
}

#[test]
fn a_scope_begins_right_after_its_moment_g_16() {
    let (before, after) = (MADE.minus(Span::seconds(1)), MADE.plus(Span::seconds(1)));
    for (history, created_at, closed_at, expected) in [
        (History::New, MADE, None, false),
        (History::New, after, None, true),
        (History::Open, before, Some(MADE), false),
        (History::Open, before, Some(after), true),
        (History::Open, MADE, Some(MADE), false),
        (History::All, before, Some(before), true),
    ] {
        let scope = HistoryScope { history, since: MADE };
        assert_eq!(scope.reaches(created_at, closed_at), expected, "{history:?} {created_at} {closed_at:?}");
    }
}
