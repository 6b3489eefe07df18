//! Notification preferences over HTTP (C-19).

use mandate_core::preferences::{CallPreference, NotificationPreferences};
use serde::Serialize;
use utoipa::ToSchema;

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
    /// Whether emails about service requests are wanted. Those that carry a link are sent anyway.
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
