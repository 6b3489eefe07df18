//! What contacts and staff members have in common: who they are, and that they can be disabled.

use crate::id::PersonId;
use crate::journal::{Fact, Snapshot};
use crate::refusal::Refusal;
use crate::text::{Email, Locale, Note, PersonName, Phone, TimeZone, TypedEmail};
use crate::time::Timestamp;

/// Who somebody is (C-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user id (C-2).
    pub email: Email,
    /// First name (C-3).
    pub first_name: PersonName,
    /// Last name (C-3).
    pub last_name: PersonName,
    /// Phone (C-4).
    pub phone: Option<Phone>,
    /// Time zone.
    pub time_zone: TimeZone,
    /// Language of emails.
    pub locale: Locale,
}

impl Profile {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        vec![
            ("email", Fact::text(&self.email)),
            ("first_name", Fact::text(&self.first_name)),
            ("last_name", Fact::text(&self.last_name)),
            ("phone", Fact::optional(self.phone.as_ref())),
            ("time_zone", Fact::text(&self.time_zone)),
            ("locale", Fact::text(&self.locale)),
        ]
    }
}

/// Who somebody shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// The user id, as typed.
    pub email: TypedEmail,
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// Phone.
    pub phone: Option<Phone>,
    /// Time zone.
    pub time_zone: TimeZone,
    /// Language of emails.
    pub locale: Locale,
}

impl NewProfile {
    /// Takes the profile as it is to be kept.
    ///
    /// *Errors*: `validation_failed` at the email if it was not typed in lower case (C-2).
    pub(crate) fn settle(self) -> Result<Profile, Refusal> {
        if let Some(flaw) = &self.email.case {
            return Err(Refusal::flawed("#/email", flaw.clone()));
        }
        Ok(self.in_lower_case())
    }

    /// Takes the profile with its email in lower case, however it was typed.
    pub(crate) fn in_lower_case(self) -> Profile {
        Profile {
            email: self.email.email,
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            time_zone: self.time_zone,
            locale: self.locale,
        }
    }
}

/// What changes in a profile; absent members stay, and the email always does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditProfile {
    /// First name.
    pub first_name: Option<PersonName>,
    /// Last name.
    pub last_name: Option<PersonName>,
    /// Phone; `Some(None)` clears it.
    pub phone: Option<Option<Phone>>,
    /// Time zone.
    pub time_zone: Option<TimeZone>,
    /// Language of emails.
    pub locale: Option<Locale>,
}

impl EditProfile {
    /// Whether it touches only what everybody may change of themselves (C-9).
    pub(crate) fn is_ones_own(&self) -> bool {
        self.first_name.is_none() && self.last_name.is_none()
    }

    /// The profile after the change.
    pub(crate) fn apply(self, profile: &Profile) -> Profile {
        Profile {
            email: profile.email.clone(),
            first_name: self.first_name.unwrap_or_else(|| profile.first_name.clone()),
            last_name: self.last_name.unwrap_or_else(|| profile.last_name.clone()),
            phone: self.phone.unwrap_or_else(|| profile.phone.clone()),
            time_zone: self.time_zone.unwrap_or_else(|| profile.time_zone.clone()),
            locale: self.locale.unwrap_or_else(|| profile.locale.clone()),
        }
    }
}

/// That somebody was disabled (C-15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabling {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: PersonId,
    /// Why.
    pub reason: Note,
}

impl Disabling {
    pub(crate) fn fact(disabling: Option<&Self>) -> Fact {
        Fact::optional(disabling.map(|disabling| &disabling.reason))
    }
}
