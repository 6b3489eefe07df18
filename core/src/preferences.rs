//! How a contact wants to be told of things (C-19).

use crate::hours::Hours;
use crate::text::Phone;

/// Whether to write emails, and when to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationPreferences {
    /// Whether emails about service requests are wanted. Those that carry a link are sent anyway.
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
