//! Where contacts work: at which sites of their organization, and there in which shifts (O-5).

use std::collections::BTreeSet;

use crate::contact::Sites;
use crate::id::SiteId;
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::site::Site;
use crate::text::{Flaw, SiteName, fold};
use crate::vocabulary::Vocabulary as _;

/// Sites at which one contact works, at most.
pub const CONTACT_SITES_MAX: usize = 500;
/// Shifts that are named for one contact, at most.
pub const CONTACT_SHIFTS_MAX: usize = 1_000;

/// Where a contact shall work, in the order in which it was asked for; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedSites {
    /// At these sites. Those that stay keep their shifts, unless shifts are given too.
    pub ids: Option<Vec<SiteId>>,
    /// In these shifts; at a site without one, in all of them.
    pub shifts: Option<Vec<(SiteId, SiteName)>>,
}

impl WantedSites {
    /// Whether nothing is asked for.
    pub fn is_nothing(&self) -> bool {
        self.ids.is_none() && self.shifts.is_none()
    }
}

impl From<Sites> for WantedSites {
    fn from(sites: Sites) -> Self {
        let shifts = sites.iter().flat_map(|(site, names)| names.iter().map(|name| (*site, name.clone())));
        Self { shifts: Some(shifts.collect()), ids: Some(sites.into_keys().collect()) }
    }
}

/// Where a contact works from now on.
///
/// A site that was archived meanwhile, or a shift that its site lost, may stay where it stands; it cannot be added.
///
/// *Errors*: `site_not_allowed` for what is no site in use of the organization, and for what is no shift of a site at which
/// the contact works; the same for what is another's and for what does not exist.
pub(crate) fn assign(present: &Sites, wanted: &WantedSites, in_use: &[Site]) -> Result<Sites, Refusal> {
    let site_in_use = |id: &SiteId| in_use.iter().find(|site| site.id == *id && site.archived_at.is_none());
    let mut flaws = Vec::new();
    let mut assigned = Sites::new();
    match &wanted.ids {
        None => assigned.clone_from(present),
        Some(ids) => {
            for (index, id) in ids.iter().enumerate() {
                let shifts = present.get(id);
                if shifts.is_none() && site_in_use(id).is_none() {
                    let message = say!("`{id}` is no site of the organization that is in use", id);
                    flaws.push((format!("#/site_ids/{index}"), Flaw::new(Code::SiteNotAllowed.name(), message)));
                }
                assigned.insert(*id, shifts.cloned().unwrap_or_default());
            }
        }
    }
    let Some(shifts) = &wanted.shifts else { return settled(assigned, flaws) };
    assigned.values_mut().for_each(BTreeSet::clear);
    for (index, (id, name)) in shifts.iter().enumerate() {
        let stood = || present.get(id)?.iter().find(|other| fold(other.as_str()) == fold(name.as_str()));
        let shift = site_in_use(id).and_then(|site| site.shift(name)).or_else(stood);
        let (Some(shifts), Some(shift)) = (assigned.get_mut(id), shift) else {
            let message = say!("`{name}` is no shift of `{id}`, or the contact does not work at that site", name, id);
            flaws.push((format!("#/site_shifts/{index}"), Flaw::new(Code::SiteNotAllowed.name(), message)));
            continue;
        };
        shifts.insert(shift.clone());
    }
    settled(assigned, flaws)
}

/// What was assigned, if nothing was wrong with it.
fn settled(assigned: Sites, flaws: Vec<(String, Flaw)>) -> Result<Sites, Refusal> {
    match flaws.first() {
        None => Ok(assigned),
        Some((_, flaw)) => {
            Err(Refusal::new(Code::SiteNotAllowed, flaw.message.clone()).with(Extra::Flaws(flaws.clone())))
        }
    }
}
