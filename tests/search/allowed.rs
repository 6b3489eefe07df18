//! What is given on purpose: the short list of gains that are no finds, each with its rule.

use mandate_core::vocabulary::Level;

use crate::authority::{Authority, Power};
use crate::cast::{GRANTS, Person, Rank, VENDOR, is_partner, level, person, request_named};

/// What contacts of an organization may do that partners never do, as far as designated contacts may (C-6, E-11).
const DESIGNATED_ROWS: &[&str] = &[
    "read_organization",
    "list_contact_managers",
    "read_contacts",
    "read_sites",
    "read_account_team",
    "read_readiness",
    "read_grants",
    "ask_for_grants",
    "read_requests",
    "update_requests",
    "create_request",
    "read_escalations",
    "open_escalation",
];

/// Somebody of the coalition as they were when the sequence began, with what they could do and read then.
pub(crate) struct Giver<'a> {
    /// Who.
    pub(crate) person: &'static Person,
    /// What they could do and read.
    pub(crate) before: &'a Authority,
}

/// Where a power is held.
fn place(power: &Power) -> &str {
    match power {
        Power::Row(organization, _) => organization,
        Power::Read(name) | Power::Update(name) | Power::Message(name, _) | Power::Attachment(name) => {
            request_named(name).map_or("", |request| request.organization)
        }
        Power::Escalation(organization) => organization,
        Power::Contact(name) => person(name).map_or("", |person| person.organization),
    }
}

/// The request that a power is about.
fn request(power: &Power) -> Option<&'static crate::cast::Request> {
    match power {
        Power::Read(name) | Power::Update(name) | Power::Message(name, _) | Power::Attachment(name) => {
            request_named(name)
        }
        Power::Row(..) | Power::Escalation(_) | Power::Contact(_) => None,
    }
}

/// By which rule somebody could give a power to a receiver, if by any. The receiver is nobody of the cast where the coalition made
/// them up.
pub(crate) fn gift(giver: &Giver<'_>, receiver: Option<&Person>, power: &Power) -> Option<&'static str> {
    let at = place(power);
    let is_own = giver.person.organization == at && !giver.person.is_former;
    let guards = is_own && matches!(giver.person.rank, Rank::Guardian | Rank::Primary);
    let manages = is_own && matches!(giver.person.rank, Rank::Guardian | Rank::Manager);
    let is_desk = matches!(giver.person.rank, Rank::Staff("agent" | "duty_manager"));
    let joins = receiver.is_none_or(|receiver| receiver.organization == at);
    if manages && guards && joins {
        return Some("C-9, C-10");
    }
    if let Some(request) = request(power) {
        if request.is_escalation {
            // E-11: nobody lets anybody from outside in, whoever they are.
            let lets_in = guards || is_desk || (is_own && giver.person.name == request.submitter);
            return (lets_in && joins && receiver.is_some()).then_some("S-14");
        }
        if request.concealed_by.is_some() {
            let is_submitter = is_own && giver.person.name == request.submitter;
            return (guards || is_desk || is_submitter).then_some("S-14");
        }
        if is_own && giver.before.contains(&Power::Update(request.name)) {
            return Some("S-7");
        }
    }
    if manages && (guards || giver.before.contains(power)) {
        return Some("C-9, G-5");
    }
    if joins && level(at, giver.person.name) == Some(Level::FullAdmin) && receiver.is_some_and(was_plain) {
        // A partner who manages contacts makes designated contacts of the organization's own people, and enables such.
        let is_designated = match power {
            Power::Row(_, action) => DESIGNATED_ROWS.contains(action),
            Power::Read(_) | Power::Update(_) | Power::Message(..) | Power::Attachment(_) => true,
            Power::Escalation(_) | Power::Contact(_) => true,
        };
        return is_designated.then_some("C-9, G-3");
    }
    whole_partner(giver, receiver, at, power)
}

/// Whether somebody was no contact manager and no primary support contact.
fn was_plain(person: &Person) -> bool {
    matches!(person.rank, Rank::Designated | Rank::Reader)
}

/// What a partner's manager gives by making somebody a designated contact of the partner: what the whole partner was granted, unless
/// the customer said otherwise about this person (G-2, G-7, G-12).
fn whole_partner(giver: &Giver<'_>, receiver: Option<&Person>, at: &str, power: &Power) -> Option<&'static str> {
    let home = giver.person.organization;
    let manages_home =
        matches!(giver.person.rank, Rank::Guardian | Rank::Manager) && home != VENDOR && is_partner(home);
    let is_of_home = receiver.is_none_or(|receiver| receiver.organization == home);
    let is_singled_out = receiver
        .is_some_and(|receiver| GRANTS.iter().any(|grant| grant.grantor == at && grant.grantee == receiver.name));
    (manages_home && is_of_home && !is_singled_out && giver.before.contains(power)).then_some("G-7")
}

/// By which rule the union of a coalition may come to hold more than before, if by any.
pub(crate) fn union_gain(coalition: &[Giver<'_>], power: &Power) -> Option<&'static str> {
    let at = place(power);
    let promotes = |giver: &Giver<'_>| level(at, giver.person.name) == Some(Level::FullAdmin);
    if coalition.iter().any(promotes) {
        let plain = coalition.iter().filter(|one| one.person.organization == at && was_plain(one.person));
        for receiver in plain {
            for giver in coalition.iter().filter(|giver| promotes(giver)) {
                if let Some(rule) = gift(giver, Some(receiver.person), power) {
                    return Some(rule);
                }
            }
        }
    }
    None
}
