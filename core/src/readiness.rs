//! What an organization lacks to be well looked after (R-1 … R-11).

use crate::change::{Authority, Context, Recorded};
use crate::contact::{Contact, Others};
use crate::id::{AnyId, OrganizationId};
use crate::journal::{Entry, EventKind, Fact, Snapshot};
use crate::time::Timestamp;
use crate::vocabulary::{FindingCode, FindingSeverity, Vocabulary as _};

impl FindingCode {
    /// How urgent it is.
    pub fn severity(self) -> FindingSeverity {
        match self {
            Self::NoPrimarySupportContact | Self::NoContactManager => FindingSeverity::Critical,
            Self::SinglePrimarySupportContact
            | Self::NoBackupContactManager
            | Self::PartnerPersonAsContact
            | Self::ReviewOverdue => FindingSeverity::Warning,
            // As bad as the duty that nobody has: see the finding itself.
            Self::DutyUncovered
            | Self::FewerThanThreeContactManagers
            | Self::PrimarySupportContactCannotManage
            | Self::TrainingNeeded
            | Self::StaleContact
            | Self::GrantExpiring
            | Self::BroadGrantUnused
            | Self::SharedMailbox => FindingSeverity::Advice,
        }
    }
}

/// A critical finding, for the journal.
struct Critical {
    organization: OrganizationId,
    code: FindingCode,
}

impl Recorded for Critical {
    fn subject(&self) -> AnyId {
        self.organization.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization
    }

    fn snapshot(&self) -> Snapshot {
        vec![("code", Fact::text(self.code.name()))]
    }

    fn version(&self) -> i64 {
        1
    }

    fn next_version(self, _: Timestamp) -> Self {
        self
    }
}

/// The critical findings that appear or go away when one contact changes and the others stay as they are.
///
/// An organization is founded with both, which its first contacts clear.
pub(crate) fn shifts(
    context: &Context,
    authority: Authority,
    before: Option<&Contact>,
    after: &Contact,
    others: Others,
) -> Vec<Entry> {
    let guards: [(FindingCode, bool, fn(&Contact) -> bool); 2] = [
        (FindingCode::NoPrimarySupportContact, others.active_primary, Contact::is_active_primary),
        (FindingCode::NoContactManager, others.active_manager, Contact::is_active_manager),
    ];
    let shift = |(code, is_kept, guards): (FindingCode, bool, fn(&Contact) -> bool)| {
        let (was, is) = (before.is_some_and(guards), guards(after));
        if is_kept || was == is {
            return None;
        }
        let finding = Critical { organization: after.organization, code };
        Some(if is {
            Entry::new(context, authority, EventKind::FindingCleared, &finding, finding.snapshot(), Snapshot::new())
        } else {
            Entry::new(context, authority, EventKind::FindingOpened, &finding, Snapshot::new(), finding.snapshot())
        })
    };
    guards.into_iter().filter_map(shift).collect()
}
