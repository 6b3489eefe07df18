//! How a contact wants to be told of things (C-19).

use crate::hours::{Hours, TimeOfDay};
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::text::{Flaw, Phone, TimeZone};
use crate::vocabulary::MailKind;

/// Whether to write emails, and when to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationPreferences {
    /// Whether emails about service requests and partner grants are wanted. Those that carry a link are sent anyway.
    pub email: bool,
    /// On which phone, and when, to be called about severity 1; nothing for never.
    pub severity_1: Option<CallPreference>,
    /// The same for severity 2.
    pub severity_2: Option<CallPreference>,
}

impl Default for NotificationPreferences {
    fn default() -> Self {
        Self { email: true, severity_1: None, severity_2: None }
    }
}

/// On which phone, and when, somebody may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPreference {
    /// The number.
    pub phone: Phone,
    /// When.
    pub hours: Hours,
}

impl NotificationPreferences {
    /// Whether emails of this kind are wanted: those about service requests and partner grants can be switched off, the others
    /// tell what one must know.
    pub fn wants(&self, kind: MailKind) -> bool {
        self.email || !kind.can_be_switched_off()
    }

    /// Whether, and when, to be called about a severity.
    pub fn call_about(&self, severity: i32) -> Option<&CallPreference> {
        match severity {
            1 => self.severity_1.as_ref(),
            2 => self.severity_2.as_ref(),
            _ => None,
        }
    }

    /// What is wrong with the preferences of somebody who has none.
    pub fn not_for_staff() -> Flaw {
        Flaw::new("contacts_only", say!("only contacts have notification preferences: leave it out"))
    }
}

/// What changes in the preferences; absent members stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditPreferences {
    /// Whether emails are wanted.
    pub email: Option<bool>,
    /// Calls about severity 1; `Some(None)` for none any more.
    pub severity_1: Option<Option<EditCall>>,
    /// Calls about severity 2.
    pub severity_2: Option<Option<EditCall>>,
}

/// What changes in when somebody may be called; absent members stay, and where there is nothing yet all but the time zone
/// must be given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditCall {
    /// The number.
    pub phone: Option<Phone>,
    /// When the hours begin.
    pub from: Option<TimeOfDay>,
    /// When they end.
    pub until: Option<TimeOfDay>,
    /// Where these times are told; `Some(None)` for the contact's own time zone.
    pub time_zone: Option<Option<TimeZone>>,
}

/// A value and where it belongs, or what is missing there.
type Flaws = Vec<(String, Flaw)>;

impl EditPreferences {
    /// The preferences after the change of a contact who lives in this time zone.
    ///
    /// *Errors*: `validation_failed`, with each member that is missing.
    pub(crate) fn apply(
        self,
        present: &NotificationPreferences,
        home: &TimeZone,
    ) -> Result<NotificationPreferences, Refusal> {
        let mut flaws = Flaws::new();
        let after = NotificationPreferences {
            email: self.email.unwrap_or(present.email),
            severity_1: call("severity_1", self.severity_1, present.severity_1.as_ref(), home, &mut flaws),
            severity_2: call("severity_2", self.severity_2, present.severity_2.as_ref(), home, &mut flaws),
        };
        if flaws.is_empty() {
            return Ok(after);
        }
        let detail = say!("a new call preference needs `phone`, `from` and `until`");
        Err(Refusal::new(Code::ValidationFailed, detail).with(Extra::Flaws(flaws)))
    }
}

fn call(
    name: &str,
    edit: Option<Option<EditCall>>,
    present: Option<&CallPreference>,
    home: &TimeZone,
    flaws: &mut Flaws,
) -> Option<CallPreference> {
    let Some(edit) = edit else { return present.cloned() };
    let edit = edit?;
    let mut lacks = |member: &str| {
        let flaw = Flaw::new("required", say!("must be given, because there is no such preference yet"));
        flaws.push((format!("#/notification_preferences/{name}/{member}"), flaw));
    };
    let phone = edit.phone.or_else(|| present.map(|call| call.phone.clone()));
    let from = edit.from.or_else(|| present.map(|call| call.hours.from));
    let until = edit.until.or_else(|| present.map(|call| call.hours.until));
    for (member, is_given) in [("phone", phone.is_some()), ("from", from.is_some()), ("until", until.is_some())] {
        if !is_given {
            lacks(member);
        }
    }
    let time_zone = match edit.time_zone {
        Some(time_zone) => time_zone,
        None => present.map(|call| call.hours.time_zone.clone()),
    };
    let hours = Hours { from: from?, until: until?, time_zone: time_zone.unwrap_or_else(|| home.clone()) };
    Some(CallPreference { phone: phone?, hours })
}
