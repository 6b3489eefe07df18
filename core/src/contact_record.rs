//! What the journal tells of a contact.

use std::collections::BTreeSet;

use crate::change::Recorded;
use crate::contact::{Contact, Sites};
use crate::id::{AnyId, OrganizationId, SiteId};
use crate::journal::{Fact, Snapshot};
use crate::person::Disabling;
use crate::preferences::CallPreference;
use crate::text::SiteName;
use crate::time::Timestamp;
use crate::vocabulary::Vocabulary as _;

/// Each site with its shifts, as one text.
fn sites_facts(sites: &Sites) -> Vec<String> {
    let words = |(site, shifts): (&SiteId, &BTreeSet<SiteName>)| {
        std::iter::once(site.to_string()).chain(shifts.iter().map(ToString::to_string)).collect::<Vec<_>>().join(" / ")
    };
    sites.iter().map(words).collect()
}

fn call_fact(call: Option<&CallPreference>) -> Fact {
    call.map_or(Fact::Null, |call| Fact::text(format!("{} {}", call.phone, call.hours)))
}

impl Recorded for Contact {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization
    }

    fn snapshot(&self) -> Snapshot {
        let mut members = self.profile.snapshot();
        members.extend([
            ("type", Fact::text(self.kind.name())),
            ("permission", Fact::text(self.permission.name())),
            ("duties", Fact::Texts(self.duties.iter().map(|duty| duty.name().to_owned()).collect())),
            ("sites", Fact::Texts(sites_facts(&self.sites))),
            ("email_notifications", Fact::Flag(self.preferences.email)),
            ("severity_1_calls", call_fact(self.preferences.severity_1.as_ref())),
            ("severity_2_calls", call_fact(self.preferences.severity_2.as_ref())),
            ("training_note", Fact::optional(self.training.as_ref().map(|training| &training.note))),
            ("status", Fact::text(self.status.name())),
            ("disabled_reason", Disabling::fact(self.disabled.as_ref())),
        ]);
        members
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}
