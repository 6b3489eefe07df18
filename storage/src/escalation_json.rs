//! The parts of an escalation that are kept as JSON, written and read back by the same names.

use std::collections::BTreeSet;

use mandate_core::actor::PersonRef;
use mandate_core::escalation::{Act, Approval, EscalationStatus, State, Traces};
use mandate_core::escalation_case::{
    Case, ConfirmedNumber, Letter, MailingAddress, Nominee, Unavailable, Verification,
};
use mandate_core::id::{Id, Kind, PersonId};
use mandate_core::text::{AddressLine, Country, Email, Flaw, JobTitle, Note, PersonName, Phone, TimeZone};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::Vocabulary;
use serde_json::{Value, json};

use crate::column::moment;

/// A text that can be missing.
fn text<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

/// Reads members of a JSON object; `None` is a damaged row.
#[derive(Debug, Clone, Copy)]
struct Members<'a>(&'a Value);

impl<'a> Members<'a> {
    fn str(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// A member that is there, read by core.
    fn read<T>(self, name: &str, parse: impl FnOnce(&str) -> Result<T, Flaw>) -> Option<T> {
        parse(self.str(name)?).ok()
    }

    /// A member that may be null.
    fn optional<T>(self, name: &str, parse: impl FnOnce(&str) -> Result<T, Flaw>) -> Option<Option<T>> {
        match self.0.get(name)? {
            Value::Null => Some(None),
            value => Some(Some(parse(value.as_str()?).ok()?)),
        }
    }

    fn flag(self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    fn moment(self, name: &str) -> Option<Timestamp> {
        self.0.get(name)?.as_i64().map(moment)
    }

    fn word<V: Vocabulary>(self, name: &str) -> Option<V> {
        V::from_name(self.str(name)?)
    }

    fn id<K: Kind>(self, name: &str) -> Option<Id<K>> {
        Id::parse(self.str(name)?).ok()
    }

    fn list<T>(self, name: &str, read: impl FnMut(&Value) -> Option<T>) -> Option<Vec<T>> {
        self.0.get(name)?.as_array()?.iter().map(read).collect()
    }
}

pub(crate) fn letter(letter: &Letter) -> Value {
    json!({
        "author_name": text(letter.author_name.as_ref()), "author_title": text(letter.author_title.as_ref()),
        "author_seniority": letter.author_seniority.map(Vocabulary::name), "author_email": text(letter.author_email.as_ref()),
        "signed": letter.signed, "received_at": letter.received_at.map(Timestamp::micros),
        "grants_contact_creation": letter.grants_contact_creation,
        "attachments": letter.attachments.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn read_letter(value: &Value) -> Option<Letter> {
    let members = Members(value);
    Some(Letter {
        author_name: members.optional("author_name", PersonName::kept)?,
        author_title: members.optional("author_title", JobTitle::kept)?,
        author_seniority: match value.get("author_seniority")? {
            Value::Null => None,
            _ => Some(members.word("author_seniority")?),
        },
        author_email: members.optional("author_email", Email::kept)?,
        signed: members.flag("signed")?,
        received_at: match value.get("received_at")? {
            Value::Null => None,
            _ => Some(members.moment("received_at")?),
        },
        grants_contact_creation: members.flag("grants_contact_creation")?,
        attachments: members.list("attachments", |id| Id::parse(id.as_str()?).ok())?.into_iter().collect(),
    })
}

pub(crate) fn nominee(nominee: &Nominee) -> Value {
    let address = |address: &MailingAddress| {
        json!({
            "lines": address.lines.iter().map(ToString::to_string).collect::<Vec<_>>(), "city": address.city.to_string(),
            "region": text(address.region.as_ref()), "postal_code": text(address.postal_code.as_ref()),
            "country": address.country.to_string(),
        })
    };
    json!({
        "email": nominee.email.to_string(), "first_name": nominee.first_name.to_string(),
        "last_name": nominee.last_name.to_string(), "phone": text(nominee.phone.as_ref()),
        "time_zone": nominee.time_zone.to_string(), "mailing_address": nominee.mailing_address.as_ref().map(address),
    })
}

fn read_nominee(value: &Value) -> Option<Nominee> {
    let members = Members(value);
    Some(Nominee {
        email: members.read("email", Email::kept)?,
        first_name: members.read("first_name", PersonName::kept)?,
        last_name: members.read("last_name", PersonName::kept)?,
        phone: members.optional("phone", Phone::parse)?,
        time_zone: members.read("time_zone", TimeZone::parse)?,
        mailing_address: match value.get("mailing_address")? {
            Value::Null => None,
            address => Some(read_address(Members(address))?),
        },
    })
}

fn read_address(members: Members<'_>) -> Option<MailingAddress> {
    Some(MailingAddress {
        lines: members.list("lines", |line| AddressLine::kept(line.as_str()?).ok())?,
        city: members.read("city", AddressLine::kept)?,
        region: members.optional("region", AddressLine::kept)?,
        postal_code: members.optional("postal_code", AddressLine::kept)?,
        country: members.read("country", Country::parse)?,
    })
}

pub(crate) fn unavailable(unavailable: &[Unavailable]) -> Value {
    let one = |one: &Unavailable| json!({"contact": one.contact.to_string(), "reason": one.reason.name(), "note": text(one.note.as_ref())});
    unavailable.iter().map(one).collect()
}

/// Reads what an escalation asks for from its three columns.
pub(crate) fn read_case(letter: &str, nominee: &str, unavailable: &str) -> Option<Case> {
    let [letter, nominee, unavailable]: [Value; 3] = [
        serde_json::from_str(letter).ok()?,
        serde_json::from_str(nominee).ok()?,
        serde_json::from_str(unavailable).ok()?,
    ];
    let one = |value: &Value| {
        let members = Members(value);
        Some(Unavailable {
            contact: members.id("contact")?,
            reason: members.word("reason")?,
            note: members.optional("note", Note::kept)?,
        })
    };
    Some(Case {
        letter: read_letter(&letter)?,
        nominee: read_nominee(&nominee)?,
        unavailable: unavailable.as_array()?.iter().map(one).collect::<Option<_>>()?,
    })
}

pub(crate) fn verified(verified: &[Verification]) -> Value {
    let one = |one: &Verification| {
        json!({
            "item": one.item.name(), "method": one.method.name(), "note": text(one.note.as_ref()),
            "number": text(one.number.as_ref()), "by": one.by.id.to_string(), "by_name": one.by.name,
            "by_organization": one.by.organization.to_string(), "at": one.at.micros(),
        })
    };
    verified.iter().map(one).collect()
}

pub(crate) fn read_verified(text: &str) -> Option<Vec<Verification>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let one = |value: &Value| {
        let members = Members(value);
        Some(Verification {
            item: members.word("item")?,
            method: members.word("method")?,
            note: members.optional("note", Note::kept)?,
            number: members.optional("number", Phone::parse)?,
            by: read_by(members)?,
            at: members.moment("at")?,
        })
    };
    value.as_array()?.iter().map(one).collect()
}

/// Who did something, under `by`.
fn read_by(members: Members<'_>) -> Option<PersonRef> {
    Some(PersonRef {
        id: PersonId::parse(members.str("by")?).ok()?,
        name: members.str("by_name")?.to_owned(),
        organization: members.id("by_organization")?,
    })
}

pub(crate) fn act(act: &Act) -> Value {
    json!({"by": act.by.map(|by| by.to_string()), "at": act.at.micros(), "reason": text(act.reason.as_ref())})
}

fn read_act_value(value: &Value) -> Option<Act> {
    let members = Members(value);
    let by = match value.get("by")? {
        Value::Null => None,
        by => Some(PersonId::parse(by.as_str()?).ok()?),
    };
    Some(Act { by, at: members.moment("at")?, reason: members.optional("reason", Note::kept)? })
}

pub(crate) fn read_act(text: &str) -> Option<Act> {
    read_act_value(&serde_json::from_str(text).ok()?)
}

fn approval(approval: &Approval) -> Value {
    json!({
        "by": approval.by.to_string(), "at": approval.at.micros(), "completes_at": approval.completes_at.micros(),
        "rests_since": approval.rests_since.map(Timestamp::micros),
    })
}

fn read_approval(value: &Value) -> Option<Approval> {
    let members = Members(value);
    Some(Approval {
        by: PersonId::parse(members.str("by")?).ok()?,
        at: members.moment("at")?,
        completes_at: members.moment("completes_at")?,
        // Approvals that were given before it was known do not say it.
        rests_since: members.moment("rests_since"),
    })
}

/// What is remembered of an escalation.
pub(crate) fn traces(traces: &Traces) -> Value {
    let people = |people: &BTreeSet<PersonId>| people.iter().map(ToString::to_string).collect::<Vec<_>>();
    let confirmed = |one: &ConfirmedNumber| {
        json!({
            "number": one.number.to_string(), "by": one.by.id.to_string(), "by_name": one.by.name,
            "by_organization": one.by.organization.to_string(), "note": one.note.to_string(), "at": one.at.micros(),
        })
    };
    let seen: serde_json::Map<String, Value> =
        traces.seen.iter().map(|(contact, at)| (contact.to_string(), at.micros().into())).collect();
    json!({
        "changed_by": people(&traces.changed_by), "verified_by": people(&traces.verified_by),
        "brought": traces.brought.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "confirmed": traces.confirmed.iter().map(confirmed).collect::<Vec<_>>(),
        "objected": people(&traces.objected), "seen": seen,
    })
}

/// Reads what is remembered; what a member does not say, nobody remembers.
pub(crate) fn read_traces(text: &str) -> Option<Traces> {
    let value: Value = serde_json::from_str(text).ok()?;
    let members = Members(&value);
    let has = |name: &str| value.get(name).is_some();
    let people = |name: &str| -> Option<BTreeSet<PersonId>> {
        let read = |id: &Value| PersonId::parse(id.as_str()?).ok();
        if has(name) { Some(members.list(name, read)?.into_iter().collect()) } else { Some(BTreeSet::new()) }
    };
    let brought = |number: &Value| Phone::parse(number.as_str()?).ok();
    let confirmed = |value: &Value| {
        let members = Members(value);
        Some(ConfirmedNumber {
            number: members.read("number", Phone::parse)?,
            by: read_by(members)?,
            note: members.read("note", Note::kept)?,
            at: members.moment("at")?,
        })
    };
    let seen = |(contact, at): (&String, &Value)| Some((Id::parse(contact).ok()?, moment(at.as_i64()?)));
    Some(Traces {
        changed_by: people("changed_by")?,
        verified_by: people("verified_by")?,
        brought: if has("brought") { members.list("brought", brought)?.into_iter().collect() } else { BTreeSet::new() },
        confirmed: if has("confirmed") { members.list("confirmed", confirmed)? } else { Vec::new() },
        objected: people("objected")?,
        seen: match value.get("seen") {
            Some(value) => value.as_object()?.iter().map(seen).collect::<Option<_>>()?,
            None => Default::default(),
        },
    })
}

/// Where an escalation stands, under the name of the state.
pub(crate) fn state(state: &State) -> Value {
    let status = state.status().name();
    match state {
        State::Submitted => json!({"status": status}),
        State::InReview { returned } => json!({"status": status, "returned": text(returned.as_ref())}),
        State::InformationRequested(request) => json!({"status": status, "act": act(request)}),
        State::Approved(given) => json!({"status": status, "approval": approval(given)}),
        State::Objected { objection, stopped } => {
            json!({"status": status, "act": act(objection), "stopped": self::state(stopped)})
        }
        State::Completed { approval: given, contact, at } => {
            json!({"status": status, "approval": approval(given), "contact": contact.to_string(), "at": at.micros()})
        }
        State::Rejected(done) | State::Withdrawn(done) => json!({"status": status, "act": act(done)}),
        State::Lapsed { at } => json!({"status": status, "at": at.micros()}),
    }
}

pub(crate) fn read_state(text: &str) -> Option<State> {
    read_state_value(&serde_json::from_str(text).ok()?)
}

fn read_state_value(value: &Value) -> Option<State> {
    let members = Members(value);
    let act = || read_act_value(value.get("act")?);
    Some(match members.word("status")? {
        EscalationStatus::Submitted => State::Submitted,
        EscalationStatus::InReview => State::InReview { returned: members.optional("returned", Note::kept)? },
        EscalationStatus::InformationRequested => State::InformationRequested(act()?),
        EscalationStatus::Approved => State::Approved(read_approval(value.get("approval")?)?),
        EscalationStatus::Objected => {
            State::Objected { objection: act()?, stopped: Box::new(read_state_value(value.get("stopped")?)?) }
        }
        EscalationStatus::Completed => State::Completed {
            approval: read_approval(value.get("approval")?)?,
            contact: members.id("contact")?,
            at: members.moment("at")?,
        },
        EscalationStatus::Rejected => State::Rejected(act()?),
        EscalationStatus::Withdrawn => State::Withdrawn(act()?),
        EscalationStatus::Lapsed => State::Lapsed { at: members.moment("at")? },
    })
}

#[cfg(test)]
mod tests {
    use mandate_core::escalation_case::{Absence, Item, Method, Seniority};

    use super::*;

    fn moment_of(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn duty_manager() -> PersonId {
        PersonId::Staff(Id::from_u128(7))
    }

    #[test]
    fn a_case_survives_writing_and_reading_e_3_e_4() {
        let line = |text| AddressLine::parse(text).unwrap();
        let full = Case {
            letter: Letter {
                author_name: PersonName::parse("Carla \"C\" Director").ok(),
                author_title: JobTitle::parse("COO").ok(),
                author_seniority: Some(Seniority::CLevel),
                author_email: Email::parse("carla@acme.example").ok(),
                signed: true,
                received_at: Some(moment_of(5)),
                grants_contact_creation: true,
                attachments: [Id::from_u128(1), Id::from_u128(2)].into(),
            },
            nominee: Nominee {
                email: Email::parse("nora@acme.example").unwrap(),
                first_name: PersonName::parse("Nora").unwrap(),
                last_name: PersonName::parse("Lima").unwrap(),
                phone: Phone::parse("+1.650.555.0100").ok(),
                time_zone: TimeZone::parse("America/Lima").unwrap(),
                mailing_address: Some(MailingAddress {
                    lines: vec![line("1 Main Street"), line("Floor 2")],
                    city: line("Lima"),
                    region: None,
                    postal_code: Some(line("15001")),
                    country: Country::parse("PE").unwrap(),
                }),
            },
            unavailable: vec![Unavailable {
                contact: Id::from_u128(3),
                reason: Absence::OnLeave,
                note: Note::parse("since May").ok(),
            }],
        };
        let bare = Case {
            letter: Letter::default(),
            nominee: Nominee { phone: None, mailing_address: None, ..full.nominee.clone() },
            unavailable: Vec::new(),
        };
        for case in [full, bare] {
            let columns = (letter(&case.letter), nominee(&case.nominee), unavailable(&case.unavailable));
            let read = read_case(&columns.0.to_string(), &columns.1.to_string(), &columns.2.to_string());
            assert_eq!(read, Some(case));
        }
        assert_eq!(read_case("{}", "{}", "[]"), None);
    }

    #[test]
    fn what_was_verified_survives_e_6() {
        let by = PersonRef { id: duty_manager(), name: "Dora Duty".to_owned(), organization: Id::from_u128(9) };
        let number = Phone::parse("+1.650.555.0199").ok();
        let all = vec![
            Verification {
                item: Item::Signature,
                method: Method::LetterRead,
                note: None,
                number: None,
                by: by.clone(),
                at: moment_of(1),
            },
            Verification {
                item: Item::NomineePhone,
                method: Method::CallBack,
                note: Note::parse("she answered").ok(),
                number,
                by,
                at: moment_of(2),
            },
        ];
        assert_eq!(read_verified(&verified(&all).to_string()), Some(all));
        assert_eq!(read_verified("[{}]"), None);
    }

    #[test]
    fn what_is_remembered_survives_e_6_e_6a_e_8_e_9() {
        let by = PersonRef { id: duty_manager(), name: "Dora Duty".to_owned(), organization: Id::from_u128(9) };
        let number = Phone::parse("+1.650.555.0199").unwrap();
        let all = Traces {
            changed_by: [duty_manager()].into(),
            verified_by: [duty_manager(), PersonId::Contact(Id::from_u128(3))].into(),
            brought: [number.clone()].into(),
            confirmed: vec![ConfirmedNumber { number, by, note: Note::parse("hers").unwrap(), at: moment_of(1) }],
            objected: [PersonId::Contact(Id::from_u128(4))].into(),
            seen: [(Id::from_u128(3), moment_of(2))].into(),
        };
        assert_eq!(read_traces(&traces(&all).to_string()), Some(all));
        assert_eq!(read_traces("{}"), Some(Traces::default()));
        assert_eq!(read_traces(r#"{"changed_by": [7]}"#), None);
    }

    #[test]
    fn each_state_survives_with_what_is_true_in_it_e_5() {
        let done = |by| Act { by, at: moment_of(3), reason: Note::parse("because").ok() };
        let given = Approval {
            by: duty_manager(),
            at: moment_of(4),
            completes_at: moment_of(5),
            rests_since: Some(moment_of(4)),
        };
        let states = [
            State::Submitted,
            State::InReview { returned: None },
            State::InReview { returned: Note::parse("she went elsewhere").ok() },
            State::InformationRequested(done(Some(duty_manager()))),
            State::Approved(given.clone()),
            State::Objected { objection: done(None), stopped: Box::new(State::Approved(given.clone())) },
            State::Completed { approval: given, contact: Id::from_u128(4), at: moment_of(6) },
            State::Rejected(done(Some(duty_manager()))),
            State::Withdrawn(Act { reason: None, ..done(None) }),
            State::Lapsed { at: moment_of(7) },
        ];
        for one in states {
            assert_eq!(read_state(&state(&one).to_string()), Some(one));
        }
        assert_eq!(read_state(r#"{"status": "approved"}"#), None);
    }
}
