//! What readiness is computed from: counts and bounded ids, by indexes that were made for them (R-1 … R-11).
//!
//! The words in these statements are spelled out, not bound, because SQLite uses a partial index only where the statement says
//! what the index says.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use mandate_core::domain_owner::{DomainOwner, DomainOwners};
use mandate_core::duty_coverage::{DUTIES_ON_SITE, OnSite, Place, places, uncovered};
use mandate_core::id::{Id, Kind, OrganizationId, ReviewId};
use mandate_core::readiness::{
    CONCERNED_MAX, Concerned, EXPIRING_WITHIN, Guards, ROLE_MAILBOXES, ReadinessFacts, STALE_AFTER, UNUSED_AFTER,
    foreign_domains, partner_domains,
};
use mandate_core::text::{Domain, Email};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{Duty, FindingCode, Level, Vocabulary as _};

use crate::backend::on;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::partner_grant::live;
use crate::people::read_sites;
use crate::sql::Sql;
use crate::tx::ReadTx;

/// Domains that are looked up at once; fewer are filled up, so that there are few different statements.
const DOMAINS_AT_ONCE: usize = 32;

/// Contacts with a duty on site who are looked at first: if there are more, they cover every place nearly always.
const SOME_ON_SITE: i64 = 500;

/// Rows of a finding's code, the id of a thing that it concerns, and how many it concerns.
type ConcernedRow = (String, String, i64);

impl ReadTx<'_> {
    /// What readiness of an organization is computed from, in a dozen statements, however many contacts it has.
    pub fn readiness_facts(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<ReadinessFacts, StorageError> {
        let sites = self.sites_of(organization)?;
        let places = places(&sites);
        let on_site = if places.len() > 1 { self.on_site(organization, &places)? } else { Vec::new() };
        let (used, owners) = self.domains_used(organization)?;
        let foreign = foreign_domains(organization, &used, &owners);
        let domains = partner_domains(organization, used, &owners);
        let (reviewed_at, open_review) = self.reviews(organization)?;
        let people = self.concerned_contacts(organization)?;
        let grants = self.concerned_grants(organization, now)?;
        Ok(ReadinessFacts {
            guards: self.guards(organization)?,
            primaries_below: part(&people, FindingCode::PrimarySupportContactCannotManage)?,
            duties: self.duties_held(organization)?,
            sites,
            on_site,
            partner_people: part(
                &self.people_in(organization, &domains, FindingCode::PartnerPersonAsContact)?,
                FindingCode::PartnerPersonAsContact,
            )?,
            outside: part(
                &self.people_in(organization, &foreign, FindingCode::ContactsOutsideDomains)?,
                FindingCode::ContactsOutsideDomains,
            )?,
            overlapping: self.overlapping_domains(organization)?,
            administrators_below: part(&people, FindingCode::SiteAdministratorNotPrimary)?,
            reviewed_at,
            open_review,
            untrained: part(&people, FindingCode::TrainingNeeded)?,
            stale: part(&self.stale_contacts(organization, now)?, FindingCode::StaleContact)?,
            expiring: part(&grants, FindingCode::GrantExpiring)?,
            unused: part(&grants, FindingCode::BroadGrantUnused)?,
            mailboxes: part(&people, FindingCode::SharedMailbox)?,
            undeliverable: part(&people, FindingCode::EmailUndeliverable)?,
        })
    }

    fn guards(&mut self, organization: OrganizationId) -> Result<Vec<Guards>, StorageError> {
        let query = Sql::<(Text, Text, Text, BigInt, Text, Text)>::new(
            "SELECT p.status, p.permission, p.contact_type, COUNT(*), MIN(p.id), MAX(p.id) FROM people p \
             WHERE p.status IN ('active', 'invited') AND (p.permission = 'manage_contacts' OR p.contact_type = 'primary_support') \
             AND p.organization_id = ",
        )
        .bind_text(organization)
        .push(" GROUP BY p.status, p.permission, p.contact_type");
        let rows: Vec<(String, String, String, i64, String, String)> = on!(self, |connection| query.load(connection))?;
        rows.iter()
            .map(|(status, permission, kind, total, oldest, newest)| {
                let cells = Cells::of("people", oldest);
                Ok(Guards {
                    status: cells.word("status", status)?,
                    permission: cells.word("permission", permission)?,
                    kind: cells.word("contact_type", kind)?,
                    total: *total,
                    oldest: cells.id("id", oldest)?,
                    newest: cells.id("id", newest)?,
                })
            })
            .collect()
    }

    /// The duties that active contacts have: from one set of duties in the index to the next, of which there are 31 at most.
    fn duties_held(&mut self, organization: OrganizationId) -> Result<BTreeSet<Duty>, StorageError> {
        const NEXT: &str = "(SELECT MIN(p.duties) FROM people p WHERE p.status = 'active' AND p.duties <> '[]' AND p.organization_id = ";
        let query = Sql::<Text>::new("WITH RECURSIVE held (duties) AS (SELECT ")
            .push(NEXT)
            .bind_text(organization)
            .push(") UNION ALL SELECT ")
            .push(NEXT)
            .bind_text(organization)
            .push(" AND p.duties > h.duties) FROM held h WHERE h.duties IS NOT NULL) SELECT h.duties FROM held h WHERE h.duties IS NOT NULL");
        let rows: Vec<String> = on!(self, |connection| query.load(connection))?;
        let read = |duties: &String| Cells::of("people", organization.to_string().as_str()).words("duties", duties);
        Ok(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?.concat().into_iter().collect())
    }

    /// Where active contacts work who have a duty that each place needs somebody for. Where a part of them covers every place,
    /// the rest is not looked at.
    fn on_site(&mut self, organization: OrganizationId, places: &[Place]) -> Result<Vec<OnSite>, StorageError> {
        let mut all = Vec::new();
        for duty in DUTIES_ON_SITE.iter().copied() {
            let mut on_site = self.on_site_among(organization, duty, SOME_ON_SITE)?;
            if !uncovered(duty, places, &on_site).is_empty() {
                on_site = self.on_site_among(organization, duty, i64::MAX)?;
            }
            all.extend(on_site);
        }
        Ok(all)
    }

    fn on_site_among(
        &mut self,
        organization: OrganizationId,
        duty: Duty,
        at_most: i64,
    ) -> Result<Vec<OnSite>, StorageError> {
        // All duties begin with a bracket: that says which index is meant, which SQLite would overlook otherwise.
        let query = Sql::<Text>::new(
            "SELECT DISTINCT s.sites FROM (SELECT p.sites FROM people p WHERE p.status = 'active' AND p.duties <> '[]' \
             AND p.duties > '[' AND p.sites IS NOT NULL AND p.organization_id = ",
        )
        .bind_text(organization)
        .push(" AND p.duties LIKE ")
        .bind_text(format!("%\"{}\"%", duty.name()))
        .push(" LIMIT ")
        .bind_big(at_most)
        .push(") s");
        let rows: Vec<String> = on!(self, |connection| query.load(connection))?;
        let id = organization.to_string();
        let cells = Cells::of("people", &id);
        rows.iter().map(|sites| Ok(OnSite { duty, sites: read_sites(&cells, sites)? })).collect()
    }

    /// The organization's domains that lie within a domain of another organization, or around one.
    fn overlapping_domains(&mut self, organization: OrganizationId) -> Result<Vec<Domain>, StorageError> {
        let query = Sql::<Text>::new(
            "SELECT DISTINCT d.domain FROM organization_domains d JOIN organization_domains e ON e.organization_id <> d.organization_id \
             AND (e.domain LIKE '%.' || d.domain OR d.domain LIKE '%.' || e.domain) WHERE d.organization_id = ",
        )
        .bind_text(organization)
        .push(" ORDER BY d.domain LIMIT ")
        .bind_big(named_at_most());
        let names: Vec<String> = on!(self, |connection| query.load(connection))?;
        names
            .iter()
            .map(|name| Cells::of("organization_domains", name).read("domain", Domain::kept(name).ok()))
            .collect()
    }

    /// The email domains of active contacts, from one domain in the index to the next, and whose these are.
    fn domains_used(&mut self, organization: OrganizationId) -> Result<(Vec<Domain>, DomainOwners), StorageError> {
        const NEXT: &str =
            "(SELECT MIN(p.email_domain) FROM people p WHERE p.status = 'active' AND p.organization_id = ";
        let query = Sql::<Text>::new("WITH RECURSIVE used (domain) AS (SELECT ")
            .push(NEXT)
            .bind_text(organization)
            .push(") UNION ALL SELECT ")
            .push(NEXT)
            .bind_text(organization)
            .push(" AND p.email_domain > u.domain) FROM used u WHERE u.domain IS NOT NULL) SELECT u.domain FROM used u WHERE u.domain IS NOT NULL");
        let rows: Vec<String> = on!(self, |connection| query.load(connection))?;
        let id = organization.to_string();
        let read = |text: &String| Cells::of("people", &id).read("email_domain", Domain::kept(text).ok());
        let used: Vec<Domain> = rows.iter().map(read).collect::<Result<_, _>>()?;
        let names: BTreeSet<&str> = used.iter().flat_map(Domain::with_parents).collect();
        let owners = self.owners_named(&names.into_iter().map(str::to_owned).collect::<Vec<_>>())?;
        Ok((used, owners))
    }

    /// Whose the domains of some addresses are, and the domains above them (O-5).
    pub fn domain_owners<'e>(
        &mut self,
        emails: impl IntoIterator<Item = &'e Email>,
    ) -> Result<DomainOwners, StorageError> {
        let mut names = BTreeSet::new();
        for email in emails {
            names.extend(email.domains());
        }
        self.owners_named(&names.into_iter().map(str::to_owned).collect::<Vec<_>>())
    }

    pub(crate) fn owners_named(&mut self, names: &[String]) -> Result<DomainOwners, StorageError> {
        if names.is_empty() {
            return Ok(DomainOwners::default());
        }
        let query = Sql::<(Text, Text, Text)>::new(
            "SELECT d.domain, d.organization_id, o.kind FROM organization_domains d JOIN organizations o ON o.id = d.organization_id \
             WHERE d.domain IN (",
        )
        .bind_texts(filled(names))
        .push(")");
        let rows: Vec<(String, String, String)> = on!(self, |connection| query.load(connection))?;
        rows.iter()
            .map(|(domain, organization, kind)| {
                let cells = Cells::of("organization_domains", domain);
                Ok(DomainOwner {
                    domain: cells.read("domain", Domain::kept(domain).ok())?,
                    organization: cells.id("organization_id", organization)?,
                    kind: cells.word("organizations.kind", kind)?,
                })
            })
            .collect::<Result<_, _>>()
            .map(DomainOwners::new)
    }

    /// When the last contact review was completed, and which one is open.
    fn reviews(&mut self, organization: OrganizationId) -> Result<(Option<Timestamp>, Option<ReviewId>), StorageError> {
        let query = Sql::<(Nullable<BigInt>, Nullable<Text>)>::new(
            "SELECT MAX(r.closed_at), MAX(CASE WHEN r.closed_at IS NULL THEN r.id END) FROM contact_reviews r \
             WHERE r.organization_id = ",
        )
        .bind_text(organization);
        let (closed_at, open): (Option<i64>, Option<String>) = on!(self, |connection| query.get_result(connection))?;
        let open = open.map(|id| Cells::of("contact_reviews", &id).id("id", &id)).transpose()?;
        Ok((closed_at.map(moment), open))
    }

    /// The contacts of, newest first.
    fn concerned_contacts(&mut self, organization: OrganizationId) -> Result<Vec<ConcernedRow>, StorageError> {
        let found = Sql::new(
            "SELECT 'primary_support_contact_cannot_manage' AS code, p.id FROM people p WHERE p.status IN ('active', 'invited') \
             AND (p.permission = 'manage_contacts' OR p.contact_type = 'primary_support') AND p.status = 'active' \
             AND p.contact_type = 'primary_support' AND p.permission <> 'manage_contacts' AND p.organization_id = ",
        )
        .bind_text(organization)
        .push(
            " UNION ALL SELECT 'training_needed', p.id FROM people p WHERE p.training_note IS NOT NULL \
             AND p.status IN ('active', 'invited') AND p.permission IN ('designated_support', 'manage_contacts') AND p.organization_id = ",
        )
        .bind_text(organization)
        .push(
            " UNION ALL SELECT 'site_administrator_not_primary', p.id FROM people p WHERE p.status = 'active' AND p.duties <> '[]' \
             AND p.duties > '[' AND p.duties LIKE '%\"site_administrator\"%' \
             AND NOT (p.contact_type = 'primary_support' AND p.permission = 'manage_contacts') AND p.organization_id = ",
        )
        .bind_text(organization)
        .push(" UNION ALL SELECT 'shared_mailbox', p.id FROM people p WHERE p.status = 'active' AND p.organization_id = ")
        .bind_text(organization)
        .push(" AND p.email_local IN (")
        .bind_texts(ROLE_MAILBOXES)
        .push(
            ") UNION ALL SELECT 'email_undeliverable', p.id FROM undeliverable_emails u JOIN people p ON p.id = u.person_id \
             AND p.email = u.email WHERE p.status IN ('active', 'invited') AND u.organization_id = ",
        )
        .bind_text(organization);
        self.concerned(found, "f.id DESC")
    }

    /// The active contacts whose address is in one of these domains, newest first.
    fn people_in(
        &mut self,
        organization: OrganizationId,
        domains: &[Domain],
        code: FindingCode,
    ) -> Result<Vec<ConcernedRow>, StorageError> {
        if domains.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = domains.iter().map(ToString::to_string).collect();
        let query = Sql::<(Text, Text, BigInt)>::new(
            "WITH found AS MATERIALIZED (SELECT p.id FROM people p WHERE p.status = 'active' AND p.organization_id = ",
        )
        .bind_text(organization)
        .push(" AND p.email_domain IN (")
        .bind_texts(filled(&names))
        .push(")) SELECT ")
        .bind_text(code.name())
        .push(", f.id, (SELECT COUNT(*) FROM found) FROM found f ORDER BY f.id DESC LIMIT ")
        .bind_big(named_at_most());
        on!(self, |connection| query.load(connection))
    }

    /// The grants of R-10 that give something now; those first that end first, or were made first.
    fn concerned_grants(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Vec<ConcernedRow>, StorageError> {
        // What was granted to a suspended organization or its people gives nothing (G-12).
        const OF: &str = " FROM partner_grants g JOIN organizations h ON h.id = g.grantee_organization_id AND h.status = 'active' WHERE ";
        let broad = Level::ALL.iter().filter(|level| **level >= Level::Create).map(|level| level.name());
        let unused_since = now.minus(UNUSED_AFTER).micros();
        let found = Sql::new("SELECT 'grant_expiring' AS code, g.id, g.expires_at AS at")
            .push(OF)
            .append(live(now))
            .push(" AND g.grantor_id = ")
            .bind_text(organization)
            .push(" AND g.expires_at <= ")
            .bind_big(now.plus(EXPIRING_WITHIN).micros())
            .push(" UNION ALL SELECT 'broad_grant_unused', g.id, g.raised_at")
            .push(OF)
            .append(live(now))
            .push(" AND g.grantee_type = 'organization' AND g.grantor_id = ")
            .bind_text(organization)
            .push(" AND g.level IN (")
            .bind_texts(broad)
            .push(") AND g.raised_at < ")
            .bind_big(unused_since)
            .push(" AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.grant_id = g.id AND j.at >= ")
            .bind_big(unused_since)
            .push(")");
        self.concerned(found, "f.at, f.id")
    }

    /// For each code that was found, how many things it concerns, and the first of them in this order.
    fn concerned(&mut self, found: Sql, order: &'static str) -> Result<Vec<ConcernedRow>, StorageError> {
        let query = Sql::<(Text, Text, BigInt)>::new("WITH found AS (")
            .append(found)
            .push(
                ") SELECT r.code, r.id, r.total FROM (SELECT f.code, f.id, COUNT(*) OVER (PARTITION BY f.code) AS total, \
                 ROW_NUMBER() OVER (PARTITION BY f.code ORDER BY ",
            )
            .push(order)
            .push(") AS place FROM found f) r WHERE r.place <= ")
            .bind_big(named_at_most())
            .push(" ORDER BY r.code, r.place");
        on!(self, |connection| query.load(connection))
    }

    /// The contacts of R-9, those first who were away longest. There may be very many: they are counted in the index, and only
    /// those that are named are looked at.
    fn stale_contacts(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Vec<ConcernedRow>, StorageError> {
        let before = now.minus(STALE_AFTER).micros();
        let active = || {
            Sql::<()>::new(" FROM people p WHERE p.status = 'active' AND p.organization_id = ").bind_text(organization)
        };
        let signed_in = || active().push(" AND p.last_sign_in_at < ").bind_big(before);
        let never = || active().push(" AND p.last_sign_in_at IS NULL AND p.created_at < ").bind_big(before);
        let query = Sql::<(Text, Text, BigInt)>::new("SELECT 'stale_contact', s.id, (SELECT COUNT(*)")
            .append(signed_in())
            .push(") + (SELECT COUNT(*)")
            .append(never())
            .push(") FROM (SELECT a.id, a.at FROM (SELECT p.id, p.last_sign_in_at AS at")
            .append(signed_in())
            .push(" ORDER BY p.last_sign_in_at, p.created_at, p.id LIMIT ")
            .bind_big(named_at_most())
            .push(") a UNION ALL SELECT n.id, n.at FROM (SELECT p.id, p.created_at AS at")
            .append(never())
            .push(" ORDER BY p.created_at, p.id LIMIT ")
            .bind_big(named_at_most())
            .push(") n) s ORDER BY s.at, s.id LIMIT ")
            .bind_big(named_at_most());
        on!(self, |connection| query.load(connection))
    }
}

/// [`CONCERNED_MAX`], for the database.
fn named_at_most() -> i64 {
    i64::try_from(CONCERNED_MAX).unwrap_or(i64::MAX)
}

/// Values for `IN (…)`, filled up to a multiple of [`DOMAINS_AT_ONCE`] by repeating the last.
fn filled(values: &[String]) -> impl Iterator<Item = &String> {
    let count = values.len().next_multiple_of(DOMAINS_AT_ONCE);
    values.iter().chain(values.last().into_iter().cycle()).take(count)
}

/// What one finding concerns, among the rows of several.
fn part<K: Kind>(rows: &[ConcernedRow], code: FindingCode) -> Result<Concerned<Id<K>>, StorageError> {
    let rows = || rows.iter().filter(|(name, ..)| name == code.name());
    let ids = rows().map(|(_, id, _)| Cells::of("findings", id).id("id", id)).collect::<Result<_, _>>()?;
    Ok(Concerned { total: rows().next().map_or(0, |(.., total)| *total), ids })
}
