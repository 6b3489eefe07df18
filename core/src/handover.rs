//! Who looks after a service request when its point of contact cannot any more (C-15, S-7, S-14).

use std::collections::BTreeMap;

use crate::access::Standing;
use crate::actor::{Actor, PersonRef};
use crate::change::{Authority, Change, Context};
use crate::id::{AnyId, PersonId, ServiceRequestId};
use crate::request_access::{RequestTraits, sight};
use crate::request_record;
use crate::service_request::ServiceRequest;
use crate::vocabulary::{ContactType, Involvement, PersonStatus};

/// A request that is not closed and loses its point of contact, with those of its organization who may take over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The request.
    pub request: ServiceRequest,
    /// Whoever submitted it, as they are now.
    pub submitter: Option<Actor>,
    /// The active primary support contacts and contact managers of its organization, by name.
    pub guards: Vec<Actor>,
    /// Who takes part in it besides; needed only where it is confidential.
    pub participants: Vec<(Actor, Involvement)>,
}

/// Who is asked first to take over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum First<'a> {
    /// The contact manager who disabled the point of contact.
    Manager(&'a Actor),
    /// Whoever submitted the request.
    Submitter,
    /// Nobody before the primary support contacts.
    Nobody,
}

/// Requests that go from one point of contact to others.
#[derive(Debug, Default)]
pub struct HandedOver {
    /// The requests.
    pub requests: Vec<Change<ServiceRequest>>,
    /// What the heirs are told, each by one email.
    pub letters: Vec<HandoverNotice>,
}

/// One email to an heir, with the list of what they look after from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverNotice {
    /// The heir.
    pub to: PersonId,
    /// Who looked after these before, or the grant by which they did.
    pub about: AnyId,
    /// The requests; at least one.
    pub requests: Vec<ServiceRequestId>,
}

/// Gives each request to an heir or, where there is none, to nobody.
///
/// *Decides*: whoever is asked first; else a primary support contact, else a contact manager, in each case somebody active of the
/// request's own organization who sees its requests. A confidential one goes only to who could see it before: a primary support
/// contact, else whoever is asked first, its submitter, or who takes part in it.
pub(crate) fn hand_over(
    context: &Context,
    authority: Authority,
    (gone, about): (PersonId, AnyId),
    first: First<'_>,
    orphans: Vec<Orphan>,
) -> HandedOver {
    let mut lists = BTreeMap::<PersonId, Vec<ServiceRequestId>>::new();
    let requests = orphans.into_iter().map(|orphan| {
        let heir = heir(&orphan, gone, first);
        if let Some(heir) = &heir {
            lists.entry(heir.id).or_default().push(orphan.request.id);
        }
        request_record::hand_over(context, authority, orphan.request, heir)
    });
    let requests = requests.collect();
    let letters = lists.into_iter().map(|(to, requests)| HandoverNotice { to, about, requests });
    HandedOver { requests, letters: letters.collect() }
}

impl HandedOver {
    /// These and others.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.requests.extend(other.requests);
        self.letters.extend(other.letters);
        self
    }

    /// The same with one email to each heir.
    #[must_use]
    pub(crate) fn gathered(self) -> Self {
        let mut letters = BTreeMap::<PersonId, HandoverNotice>::new();
        for letter in self.letters {
            let known = letters.entry(letter.to).or_insert_with(|| HandoverNotice {
                to: letter.to,
                about: letter.about,
                requests: Vec::new(),
            });
            known.requests.extend(letter.requests);
        }
        Self { letters: letters.into_values().collect(), ..self }
    }
}

/// Who takes over a request from somebody.
fn heir(orphan: &Orphan, gone: PersonId, first: First<'_>) -> Option<PersonRef> {
    let request = &orphan.request;
    let is_primary = |actor: &&Actor| {
        matches!(
            Standing::of(actor, request.organization.id, None),
            Standing::Member { kind: ContactType::PrimarySupport, .. }
        )
    };
    let first = match first {
        First::Manager(manager) => Some(manager),
        First::Submitter => orphan.submitter.as_ref(),
        First::Nobody => None,
    };
    let (primaries, managers) =
        (orphan.guards.iter().filter(is_primary), orphan.guards.iter().filter(|guard| !is_primary(guard)));
    let roles: BTreeMap<PersonId, Involvement> =
        orphan.participants.iter().map(|(actor, role)| (actor.id(), *role)).collect();
    let could_see = |actor: &&Actor| {
        let standing = Standing::of(actor, request.organization.id, None);
        let is_here = matches!(standing, Standing::Member { .. })
            && matches!(actor.status, PersonStatus::Active | PersonStatus::Invited);
        let traits = RequestTraits::of(request, actor.id(), roles.get(&actor.id()).copied());
        is_here && actor.id() != gone && sight(&standing, traits).is_some()
    };
    let heir = if request.confidential {
        let named = orphan.submitter.iter().chain(orphan.participants.iter().map(|(actor, _)| actor));
        let first_primary = first.into_iter().filter(is_primary);
        first_primary.chain(primaries).chain(first).chain(named).find(could_see)
    } else {
        first.into_iter().chain(primaries).chain(managers).find(could_see)
    };
    heir.map(Actor::reference)
}
