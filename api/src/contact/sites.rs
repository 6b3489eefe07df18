//! Where contacts work, over HTTP (O-5).

use std::collections::BTreeSet;

use mandate_core::contact::Sites;
use mandate_core::contact_site::{CONTACT_SHIFTS_MAX, CONTACT_SITES_MAX, WantedSites};
use mandate_core::id::{OrganizationId, SiteId};
use mandate_core::say;
use mandate_core::site::Site;
use mandate_core::text::{Flaw, SiteName};
use mandate_storage::{ReadTx, StorageError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::input::Errors;
use crate::wire::SiteIdWire;

/// A shift of a site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteShiftView {
    /// The site.
    site_id: SiteIdWire,
    /// What the shift is called.
    #[schema(example = "night")]
    name: String,
}

pub(crate) fn site_shifts(sites: &Sites) -> Vec<SiteShiftView> {
    let views = |(site, shifts): (&SiteId, &BTreeSet<SiteName>)| {
        let view = |name: &SiteName| SiteShiftView { site_id: (*site).into(), name: name.to_string() };
        shifts.iter().map(view).collect::<Vec<_>>()
    };
    sites.iter().flat_map(views).collect()
}

/// A shift of a site in which a contact shall work.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteShiftBody {
    /// The site; one of those at which the contact works.
    #[schema(required = true, nullable = false)]
    site_id: Option<SiteIdWire>,
    /// What the shift is called.
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "night")]
    name: Option<String>,
}

/// Reads where a contact shall work; absent members stay as they are.
pub(super) fn wanted_sites(
    errors: &mut Errors,
    ids: Option<Vec<SiteIdWire>>,
    shifts: Option<Vec<SiteShiftBody>>,
) -> WantedSites {
    let mut bounded = |at, count: Option<usize>, max: usize| {
        if count.is_some_and(|count| count > max) {
            errors.add(at, Flaw::new("too_long", say!("must have at most {max} elements", max)));
        }
    };
    bounded("/site_ids", ids.as_ref().map(Vec::len), CONTACT_SITES_MAX);
    bounded("/site_shifts", shifts.as_ref().map(Vec::len), CONTACT_SHIFTS_MAX);
    let read = |(index, shift): (usize, SiteShiftBody)| {
        let site = errors.given(&format!("/site_shifts/{index}/site_id"), shift.site_id);
        let name = errors.required(&format!("/site_shifts/{index}/name"), &shift.name, SiteName::parse);
        Some((site?.0, name?))
    };
    WantedSites {
        ids: ids.map(|ids| ids.into_iter().map(|id| id.0).collect()),
        shifts: shifts.map(|shifts| shifts.into_iter().take(CONTACT_SHIFTS_MAX).enumerate().filter_map(read).collect()),
    }
}

/// The organization's sites, where the command is about any.
pub(crate) fn sites_for(
    tx: &mut ReadTx<'_>,
    wanted: &WantedSites,
    organization: OrganizationId,
) -> Result<Vec<Site>, StorageError> {
    if wanted.is_nothing() { Ok(Vec::new()) } else { tx.sites_of(organization) }
}
