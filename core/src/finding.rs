//! What a readiness finding says: what is wrong, whom it concerns, and what would mend it (section 6 of the rules).

use crate::duty_coverage::{DUTIES_ON_SITE, Place};
use crate::id::{ContactId, GrantId, ReviewId};
use crate::readiness::Concerned;
use crate::text::Domain;
use crate::time::Timestamp;
use crate::vocabulary::{Duty, FindingCode, FindingSeverity, Vocabulary as _};

/// Something that an organization lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub code: FindingCode,
    /// How urgent it is.
    pub severity: FindingSeverity,
    /// What is wrong and what to do, in whole sentences.
    pub message: String,
    /// The duty that nobody has.
    pub duty: Option<Duty>,
    /// Where nobody has it, if it is about one place.
    pub place: Option<Place>,
    /// The contacts concerned, as far as they are named.
    pub contacts: Vec<ContactId>,
    /// The grants concerned, as far as they are named.
    pub grants: Vec<GrantId>,
    /// How many contacts, grants or places are concerned; 0 where nobody is there to be concerned.
    pub total: i64,
    /// What would mend it.
    pub remedy: Remedy,
}

/// What somebody can do about a finding. Where several things are concerned, it names the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Create a contact.
    CreateContact,
    /// Give a contact other permissions or duties.
    EditContact(ContactId),
    /// Disable a contact.
    DisableContact(ContactId),
    /// Send a contact the welcome email again.
    ResendWelcome(ContactId),
    /// Ask support.
    CreateRequest,
    /// Make a grant.
    CreateGrant,
    /// Give a grant another end.
    EditGrant(GrantId),
    /// Revoke a grant.
    RevokeGrant(GrantId),
    /// Start a contact review.
    StartReview,
    /// Go on with the contact review that is open.
    ContinueReview(ReviewId),
}

impl FindingCode {
    /// The rule that it holds.
    pub fn rule(self) -> &'static str {
        match self {
            Self::NoPrimarySupportContact => "R-1",
            Self::SinglePrimarySupportContact => "R-2",
            Self::NoContactManager | Self::NoBackupContactManager | Self::FewerThanThreeContactManagers => "R-3",
            Self::PrimarySupportContactCannotManage | Self::SiteAdministratorNotPrimary => "R-4",
            Self::DutyUncovered => "R-5",
            Self::PartnerPersonAsContact => "R-6",
            Self::ReviewOverdue => "R-7",
            Self::TrainingNeeded => "R-8",
            Self::StaleContact => "R-9",
            Self::GrantExpiring | Self::BroadGrantUnused => "R-10",
            Self::SharedMailbox => "R-11",
            Self::EmailUndeliverable => "R-16",
            Self::ContactsOutsideDomains => "R-17",
        }
    }
}

impl Finding {
    /// A finding that nobody is there to be concerned by.
    pub(crate) fn new(code: FindingCode, remedy: Remedy) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message(code, 0),
            duty: None,
            place: None,
            contacts: Vec::new(),
            grants: Vec::new(),
            total: 0,
            remedy,
        }
    }

    /// A finding about contacts.
    pub(crate) fn of_contacts(code: FindingCode, concerned: &Concerned<ContactId>, remedy: Remedy) -> Self {
        let Concerned { total, ids } = concerned;
        Self { message: message(code, *total), contacts: ids.clone(), total: *total, ..Self::new(code, remedy) }
    }

    /// A finding about grants.
    pub(crate) fn of_grants(code: FindingCode, concerned: &Concerned<GrantId>, remedy: Remedy) -> Self {
        let Concerned { total, ids } = concerned;
        Self { message: message(code, *total), grants: ids.clone(), total: *total, ..Self::new(code, remedy) }
    }

    /// Nobody in the whole organization has a duty.
    pub(crate) fn of_duty(duty: Duty) -> Self {
        let message = format!(
            "No active contact has the duty `{}`. Create a contact who has it, or give it to one whom you have.",
            duty.name()
        );
        Self::about_duty(duty, message)
    }

    /// Nobody has a duty at one of several places.
    pub(crate) fn of_place(duty: Duty, place: &Place) -> Self {
        let site = &place.site_name;
        let at = place
            .shift
            .as_ref()
            .map_or_else(|| format!("at `{site}`"), |shift| format!("at `{site}` in the shift `{shift}`"));
        let message = format!(
            "No active contact has the duty `{}` {at}. Create a contact who has it there, or let one whom you have work there.",
            duty.name()
        );
        Self { place: Some(place.clone()), ..Self::about_duty(duty, message) }
    }

    /// Nobody has a duty at more places than are named.
    pub(crate) fn of_further_places(duty: Duty, places: usize) -> Self {
        let message = format!(
            "No active contact has the duty `{}` at {places} further sites or shifts. Cover those that are named first.",
            duty.name()
        );
        Self { total: i64::try_from(places).unwrap_or(i64::MAX), ..Self::about_duty(duty, message) }
    }

    fn about_duty(duty: Duty, message: String) -> Self {
        let severity = if DUTIES_ON_SITE.contains(&duty) { FindingSeverity::Warning } else { FindingSeverity::Advice };
        let finding = Self::new(FindingCode::DutyUncovered, Remedy::CreateContact);
        Self { severity, message, duty: Some(duty), total: 1, ..finding }
    }

    /// Active contacts have addresses outside the organization's domains, or its domains lie around or within another's.
    pub(crate) fn of_domains(outside: &Concerned<ContactId>, overlapping: &[Domain]) -> Self {
        let code = FindingCode::ContactsOutsideDomains;
        let names: Vec<String> = overlapping.iter().map(|domain| format!("`{domain}`")).collect();
        let overlap = format!(
            "Domains of the organization and of another one lie within each other: {}. An address belongs to the owner of the longest \
             domain that it lies in; have support put right what is not meant so.",
            names.join(", ")
        );
        let remedy = outside.ids.first().map_or(Remedy::CreateRequest, |first| Remedy::DisableContact(*first));
        let mut finding = Self::of_contacts(code, outside, remedy);
        match (outside.total, overlapping.is_empty()) {
            (_, true) => {}
            (0, false) => finding.message = overlap,
            (_, false) => finding.message = format!("{} {overlap}", finding.message),
        }
        finding
    }

    /// The contacts were not reviewed in time.
    pub(crate) fn of_review(reviewed_at: Option<Timestamp>, remedy: Remedy) -> Self {
        let when = reviewed_at.map_or_else(
            || "The list of contacts was never reviewed to the end".to_owned(),
            |moment| format!("The last contact review was completed at {moment}, longer ago than the review period"),
        );
        let what = match remedy {
            Remedy::ContinueReview(_) => "Finish the review that is open.",
            _ => "Start a contact review, and confirm, correct or disable everybody in it.",
        };
        Self { message: format!("{when}. {what}"), ..Self::new(FindingCode::ReviewOverdue, remedy) }
    }
}

/// What is wrong with so many contacts or grants, and what to do. Duties and reviews say it more exactly themselves.
fn message(code: FindingCode, total: i64) -> String {
    let some = |one: &str, several: &str| if total == 1 { format!("1 {one}") } else { format!("{total} {several}") };
    match code {
        FindingCode::NoPrimarySupportContact => "No active contact is a primary support contact, so nobody can ask for what \
             is restricted. Have whoever was invited to be one set a password, or ask support with a service request of the \
             category `primary_contact_recovery`."
            .to_owned(),
        FindingCode::SinglePrimarySupportContact => "Only one active contact is a primary support contact. Appoint a second \
             one, so that one absence does not stop you."
            .to_owned(),
        FindingCode::NoContactManager => "No active contact manages contacts, so nobody can keep the list right. Have whoever \
             was invited to do so set a password, or ask support with a service request."
            .to_owned(),
        FindingCode::NoBackupContactManager => {
            "Only one active contact manages contacts. Give another one `manage_contacts` as a backup.".to_owned()
        }
        FindingCode::FewerThanThreeContactManagers => "Only two active contacts manage contacts. Give a third one \
             `manage_contacts`, so that one may be away while another leaves."
            .to_owned(),
        FindingCode::PrimarySupportContactCannotManage => format!(
            "{} manage contacts. Give them `manage_contacts`.",
            some("active primary support contact cannot", "active primary support contacts cannot")
        ),
        FindingCode::SiteAdministratorNotPrimary => format!(
            "{} no primary support contact who manages contacts. Appoint them, or give the duty to somebody who is.",
            some("active contact with the duty `site_administrator` is", "active contacts with the duty `site_administrator` are")
        ),
        FindingCode::ContactsOutsideDomains => format!(
            "{} in none of the organization's domains. Have support add the domain if it is yours, or disable who does not belong here.",
            some("active contact has an email address", "active contacts have email addresses")
        ),
        FindingCode::DutyUncovered => "Nobody has a duty that somebody should have. Give it to a contact.".to_owned(),
        FindingCode::PartnerPersonAsContact => format!(
            "{} of a partner organization. Make a grant to the partner or its people instead, and disable the contacts here.",
            some("active contact has an email address", "active contacts have email addresses")
        ),
        FindingCode::ReviewOverdue => "The contacts were not reviewed in time. Review them.".to_owned(),
        FindingCode::TrainingNeeded => format!(
            "Support noted that {} training. Have them trained and tell support, or name somebody else.",
            some("designated contact lacks", "designated contacts lack")
        ),
        FindingCode::StaleContact => format!(
            "{} not signed in for 180 days. Find out whether they are still there, and disable those who left.",
            some("active contact has", "active contacts have")
        ),
        FindingCode::GrantExpiring => format!(
            "{} within 30 days. Give a later end to what is still needed.",
            some("grant ends", "grants end")
        ),
        FindingCode::BroadGrantUnused => format!(
            "{} used for 90 days. Revoke what is not needed, or lower it.",
            some(
                "organization-wide grant at `create` or above was not",
                "organization-wide grants at `create` or above were not"
            )
        ),
        FindingCode::EmailUndeliverable => format!(
            "{} by the mail server, so what is told by email does not arrive. Have the mailbox mended, or create a contact with \
             an address that is read and disable this one.",
            some("contact has an email address that is refused", "contacts have email addresses that are refused")
        ),
        FindingCode::SharedMailbox => format!(
            "{} of a role instead of a person. Create a contact for each person behind it, and disable the role's.",
            some("active contact has the address", "active contacts have the addresses")
        ),
    }
}
