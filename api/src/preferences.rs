//! Notification preferences over HTTP (C-19).

use mandate_core::hours::TimeOfDay;
use mandate_core::preferences::{CallPreference, EditCall, EditPreferences, NotificationPreferences};
use mandate_core::text::{Phone, TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{Errors, present};

/// On which phone, and when, somebody may be called.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallPreferenceView {
    /// The number.
    #[schema(example = "+1.650.555.0100")]
    phone: String,
    /// When the hours begin, `HH:MM`.
    #[schema(example = "08:00")]
    from: String,
    /// When they end; the whole day if it is the same as `from`, over midnight if it is earlier.
    #[schema(example = "18:00")]
    until: String,
    /// Where these times are told: an IANA time zone name.
    #[schema(example = "America/Sao_Paulo")]
    time_zone: String,
}

impl From<&CallPreference> for CallPreferenceView {
    fn from(call: &CallPreference) -> Self {
        Self {
            phone: call.phone.to_string(),
            from: call.hours.from.to_string(),
            until: call.hours.until.to_string(),
            time_zone: call.hours.time_zone.to_string(),
        }
    }
}

/// How a contact wants to be told of things.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationPreferencesView {
    /// Whether emails about service requests and partner grants are wanted. Those that carry a link are sent anyway.
    #[schema(example = true)]
    email: bool,
    /// Calls about severity 1; `null` for none.
    #[schema(required = true)]
    severity_1: Option<CallPreferenceView>,
    /// Calls about severity 2; `null` for none.
    #[schema(required = true)]
    severity_2: Option<CallPreferenceView>,
}

impl From<&NotificationPreferences> for NotificationPreferencesView {
    fn from(preferences: &NotificationPreferences) -> Self {
        Self {
            email: preferences.email,
            severity_1: preferences.severity_1.as_ref().map(Into::into),
            severity_2: preferences.severity_2.as_ref().map(Into::into),
        }
    }
}

/// What changes in the preferences; absent members stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationPreferencesBody {
    /// Whether emails about service requests and partner grants are wanted.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>, nullable = false, example = true)]
    email: Option<Option<bool>>,
    /// Calls about severity 1; `null` for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<CallPreferenceBody>)]
    severity_1: Option<Option<CallPreferenceBody>>,
    /// Calls about severity 2; `null` for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<CallPreferenceBody>)]
    severity_2: Option<Option<CallPreferenceBody>>,
}

/// What changes in when somebody may be called; absent members stay. Where nothing was said before, all but the time zone must
/// be given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallPreferenceBody {
    /// The number: groups of digits separated by full stops.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, max_length = 32, example = "+1.650.555.0100")]
    phone: Option<Option<String>>,
    /// When the hours begin, `HH:MM`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, example = "08:00")]
    from: Option<Option<String>>,
    /// When they end; the whole day if it is the same as `from`, over midnight if it is earlier.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, example = "18:00")]
    until: Option<Option<String>>,
    /// Where these times are told: an IANA time zone name; the contact's own if absent at first, or `null`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "America/Sao_Paulo")]
    time_zone: Option<Option<String>>,
}

/// Reads the member `notification_preferences` of a merge patch.
pub(crate) fn read(body: Option<Option<NotificationPreferencesBody>>, errors: &mut Errors) -> EditPreferences {
    const AT: &str = "/notification_preferences";
    let body = errors.not_null(AT, body).unwrap_or_default();
    EditPreferences {
        email: errors.not_null(&format!("{AT}/email"), body.email),
        severity_1: body.severity_1.map(|call| call.map(|call| call.read(&format!("{AT}/severity_1"), errors))),
        severity_2: body.severity_2.map(|call| call.map(|call| call.read(&format!("{AT}/severity_2"), errors))),
    }
}

impl CallPreferenceBody {
    fn read(self, below: &str, errors: &mut Errors) -> EditCall {
        let at = |member: &str| format!("{below}/{member}");
        let phone = errors.not_null(&at("phone"), self.phone);
        let from = errors.not_null(&at("from"), self.from);
        let until = errors.not_null(&at("until"), self.until);
        EditCall {
            phone: errors.optional(&at("phone"), &phone, Phone::parse),
            from: errors.optional(&at("from"), &from, TimeOfDay::parse),
            until: errors.optional(&at("until"), &until, TimeOfDay::parse),
            time_zone: errors.patch(&at("time_zone"), &self.time_zone, TimeZone::parse),
        }
    }
}
