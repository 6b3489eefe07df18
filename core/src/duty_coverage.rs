//! Whether somebody looks after each duty, and where there are several sites or shifts, in each of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::contact::Sites;
use crate::id::SiteId;
use crate::site::Site;
use crate::text::{SiteName, fold};
use crate::vocabulary::Duty;

/// The duties that each site and shift needs somebody of its own for (O-5).
pub const DUTIES_ON_SITE: &[Duty] = &[Duty::It, Duty::SiteAdministrator];

/// A place of work: a site as a whole where it has no shifts, else one of its shifts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The site.
    pub site: SiteId,
    /// What the site is called.
    pub site_name: SiteName,
    /// The shift, where the site has any.
    pub shift: Option<SiteName>,
}

/// The places of these sites, in their order; archived sites are none.
pub fn places(sites: &[Site]) -> Vec<Place> {
    let of_site = |site: &Site| {
        let place = |shift| Place { site: site.id, site_name: site.name.clone(), shift };
        if site.shifts.is_empty() {
            vec![place(None)]
        } else {
            site.shifts.iter().map(|shift| place(Some(shift.name.clone()))).collect()
        }
    };
    sites.iter().filter(|site| site.archived_at.is_none()).flat_map(of_site).collect()
}

/// That some active contact has a duty on site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnSite {
    /// Which.
    pub duty: Duty,
    /// Where they work.
    pub sites: Sites,
}

/// The places at which nobody has a duty.
///
/// Whoever works at a site without naming shifts is there in all of them. Whoever works at no site is at none: where there are
/// several places, nobody can say at which of them such a contact would be found.
pub fn uncovered<'a>(duty: Duty, places: &'a [Place], on_site: &[OnSite]) -> Vec<&'a Place> {
    let mut covered: BTreeMap<SiteId, Covered> = BTreeMap::new();
    for (site, shifts) in on_site.iter().filter(|somebody| somebody.duty == duty).flat_map(|somebody| &somebody.sites) {
        let covered = covered.entry(*site).or_default();
        covered.is_whole |= shifts.is_empty();
        covered.shifts.extend(shifts.iter().map(|name| fold(name.as_str())));
    }
    let is_open = |place: &&Place| match (covered.get(&place.site), &place.shift) {
        (None, _) => true,
        // Shifts that the site had once: whoever worked in one of them works there still.
        (Some(_), None) => false,
        (Some(covered), Some(shift)) => !covered.is_whole && !covered.shifts.contains(&fold(shift.as_str())),
    };
    places.iter().filter(is_open).collect()
}

/// What of a site is covered.
#[derive(Default)]
struct Covered {
    is_whole: bool,
    shifts: BTreeSet<String>,
}
