//! What becomes of a grant to one person who is disabled or goes elsewhere: ending takes away, it never gives (G-12).

use crate::access::HeldLevel;
use crate::change::{Authority, Change, Context};
use crate::contact::Contact;
use crate::journal::EventKind;
use crate::partner_grant::{Grantee, PartnerGrant, close};
use crate::request_access::reads;
use crate::vocabulary::{GrantStatus, Level};

/// A grant to one person, and what they would have without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Individual {
    /// The grant; it has no ending.
    pub grant: PartnerGrant,
    /// What the live grant of the same grantor gives to all of the organization where the person is.
    pub without: Option<HeldLevel>,
    /// The same of the organization to which they go.
    pub there: Option<HeldLevel>,
}

impl Individual {
    /// The level at which it goes on where all of an organization has this; none where ending it gives its holder nothing.
    ///
    /// `none` always goes on, and so does what is lower. One that reaches fewer requests goes on for these, at the level that all have:
    /// what it gave besides ends.
    fn level_beside(&self, all: Option<HeldLevel>) -> Option<Level> {
        let own = &self.grant;
        match all {
            None => (own.level == Level::None).then_some(Level::None),
            Some(all) if own.level < all.level => Some(own.level),
            Some(all) => (reads(all.level) && all.scope.reaches_beyond(own.scope)).then_some(all.level),
        }
    }
}

/// Ends the grant of a person who was disabled, for good; what of it takes away rests, and applies again when they are enabled (G-12).
pub(crate) fn end(context: &Context, authority: Authority, individual: Individual) -> Change<PartnerGrant> {
    let Some(level) = individual.level_beside(individual.without) else {
        return close(context, authority, EventKind::GrantEnded, individual.grant, GrantStatus::Ended, None);
    };
    let before = individual.grant;
    let after = PartnerGrant { level, ..before.clone() };
    if after == before {
        return Change::touch(context, authority, EventKind::GrantRested, before, after);
    }
    Change::update(context, authority, EventKind::GrantRested, before, after)
}

/// What becomes of a grant to somebody who is another record from now on: it ends, for good; what of it takes away applies to that record
/// (G-12). Where it would let them in, because all of their organization has less there, it shuts them out instead.
pub(crate) fn follow(context: &Context, individual: Individual, to: &Contact) -> Change<PartnerGrant> {
    let authority = Authority::own(individual.grant.grantor.id);
    if individual.grant.grantor.id == to.organization {
        // Its own people hold no grant of it (G-8): what takes away waits where it is, for the record after this one.
        return end(context, authority, individual);
    }
    let shut_out = || individual.level_beside(individual.without).map(|_| Level::None);
    let Some(level) = individual.level_beside(individual.there).or_else(shut_out) else {
        return close(context, authority, EventKind::GrantEnded, individual.grant, GrantStatus::Ended, None);
    };
    let before = individual.grant;
    let after = PartnerGrant { grantee: Grantee::Person(to.reference()), level, ..before.clone() };
    Change::update(context, authority, EventKind::GrantUpdated, before, after)
}

/// What becomes of grants to other records of an address that a record gets, which is made or enabled: as [`follow`] says. What the
/// organization itself granted to another record waits there, because its own people hold no grant of it (G-8).
pub(crate) fn meet(context: &Context, former: Vec<Individual>, to: &Contact) -> Vec<Change<PartnerGrant>> {
    let others = former.into_iter().filter(|one| one.grant.grantor.id != to.organization);
    others.map(|one| follow(context, one, to)).collect()
}
