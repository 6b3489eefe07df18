//! What readiness is computed from: each fact where it is found, and the nearest case where it is not (R-1 … R-11).

use mandate_core::duty_coverage::OnSite;
use mandate_core::id::{ContactId, GrantId, Id, Kind, ReviewId, SiteId};
use mandate_core::readiness::{Concerned, ReadinessFacts};
use mandate_core::text::SiteName;
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::{ContactType, Duty, Permission, PersonStatus};

use super::common::{self, Database};
use super::{execute, organization, store, write};
use crate::{ReadTx, StorageError, Store};

/// When it is asked.
const NOW: Timestamp = Timestamp::from_micros(1_772_366_400_000_000);

/// A contact of the first organization: their number, and what is unusual about them.
#[derive(Clone, Copy)]
struct Someone {
    status: &'static str,
    kind: &'static str,
    permission: &'static str,
    duties: &'static str,
    email: (&'static str, &'static str),
    sites: Option<&'static str>,
    trains: bool,
    created: Span,
    signed_in: Option<Span>,
}

/// An active reader who signed in today.
const USUAL: Someone = Someone {
    status: "active",
    kind: "technical",
    permission: "knowledge_base",
    duties: "[]",
    email: ("ana", "acme.example"),
    sites: None,
    trains: false,
    created: Span::days(0),
    signed_in: Some(Span::days(0)),
};

fn insert(tx: &mut ReadTx<'_>, number: u128, someone: Someone) -> Result<(), StorageError> {
    let (id, organization) = (ContactId::from_u128(number), organization(1));
    let Someone { status, kind, permission, duties, email: (local, domain), trains, .. } = someone;
    let created = NOW.minus(someone.created).micros();
    let signed_in = someone.signed_in.map_or("NULL".to_owned(), |ago| NOW.minus(ago).micros().to_string());
    let sites = someone.sites.map_or("NULL".to_owned(), |sites| format!("'{sites}'"));
    let note = if trains { "'console'" } else { "NULL" };
    execute(
        tx,
        &format!(
            "INSERT INTO people VALUES ('{id}', '{organization}', '{number}{local}@{domain}', 'A', 'B', '', '', NULL, 'UTC', 'en', \
             '{kind}', '{permission}', '{duties}', '[]', '{status}', NULL, NULL, NULL, {created}, NULL, 0, {signed_in}, NULL, 1, \
             {sites}, NULL, NULL, {note}, NULL, NULL, '{local}', '{domain}')"
        ),
    )
}

fn facts(store: &Store) -> ReadinessFacts {
    store.read(|tx| tx.readiness_facts(organization(1), NOW)).unwrap()
}

/// A store whose first organization has these contacts, numbered from 1.
fn store_with(database: &Database, people: &[Someone]) -> Store {
    let store = store(database);
    change(&store, "UPDATE organizations SET kind = 'customer', status = 'active'");
    replace_people(&store, people);
    store
}

fn replace_people(store: &Store, people: &[Someone]) {
    write(store, |tx| {
        execute(tx, "DELETE FROM people")?;
        people.iter().zip(1..).try_for_each(|(someone, number)| insert(tx, number, *someone))
    })
    .unwrap();
}

fn change(store: &Store, sql: &str) {
    write(store, |tx| execute(tx, sql)).unwrap();
}

fn these<K: Kind>(total: i64, ids: &[u128]) -> Concerned<Id<K>> {
    Concerned { total, ids: ids.iter().map(|id| Id::from_u128(*id)).collect() }
}

/// Just longer than this.
fn longer(span: Span) -> Span {
    Span::seconds(span.as_seconds() + 1)
}

on_both! {
    /// R-1, R-2, R-3, R-4: guards are counted by status, permission and type.
    fn guards_are_counted(database: Database) {
        let manager = Someone { permission: "manage_contacts", ..USUAL };
        let primary = Someone { kind: "primary_support", ..manager };
        let below = Someone { permission: "designated_support", ..primary };
        let off = |someone: Someone, status| Someone { status, ..someone };
        let people = [
            primary, manager, manager, below, below, off(below, "invited"), off(below, "disabled"),
            off(manager, "transferred"), USUAL, off(primary, "invited"),
        ];
        let facts = facts(&store_with(&database, &people));
        let mut guards: Vec<_> = facts
            .guards
            .iter()
            .map(|group| (group.status, group.permission, group.kind, group.total, group.oldest.as_u128(), group.newest.as_u128()))
            .collect();
        guards.sort_unstable();
        use {ContactType::{PrimarySupport, Technical}, Permission::{DesignatedSupport, ManageContacts}, PersonStatus::{Active, Invited}};
        assert_eq!(
            guards,
            [
                (Invited, DesignatedSupport, PrimarySupport, 1, 6, 6),
                (Invited, ManageContacts, PrimarySupport, 1, 10, 10),
                (Active, DesignatedSupport, PrimarySupport, 2, 4, 5),
                (Active, ManageContacts, Technical, 2, 2, 3),
                (Active, ManageContacts, PrimarySupport, 1, 1, 1),
            ]
        );
        assert_eq!(facts.primaries_below, these(2, &[5, 4]));
    }

    /// R-5: the duties of active contacts, and where those with a duty on site work, if there are several places.
    fn duties_are_found(database: Database) {
        const PLANT: &str = r#"{"site_00000000000000000000000001":["day"],"site_00000000000000000000000002":[]}"#;
        let with_duties = |duties| Someone { duties, ..USUAL };
        let people = [
            with_duties(r#"["it","security"]"#),
            with_duties(r#"["it"]"#),
            with_duties(r#"["it"]"#),
            Someone { status: "invited", ..with_duties(r#"["operations"]"#) },
            Someone { sites: Some(PLANT), ..with_duties(r#"["it"]"#) },
            Someone { sites: Some(PLANT), ..with_duties(r#"["security"]"#) },
            Someone { sites: Some(PLANT), status: "disabled", ..with_duties(r#"["site_administrator"]"#) },
        ];
        let store = store_with(&database, &people);
        for number in [1, 2] {
            let (id, organization, person) = (SiteId::from_u128(number), organization(1), ContactId::from_u128(1));
            let archived = if number == 1 { "NULL" } else { "5" };
            let row = format!("'{id}', '{organization}', 'S', 's{number}', 'UTC', '[]', {archived}, 0, '{person}', 0, 1");
            change(&store, &format!("INSERT INTO sites VALUES ({row})"));
        }
        let one = facts(&store);
        assert_eq!(one.duties.into_iter().collect::<Vec<_>>(), [Duty::It, Duty::Security]);
        assert_eq!((one.sites.len(), one.on_site), (1, Vec::new()), "one place is not several");
        change(&store, "UPDATE sites SET archived_at = NULL");
        let shifts = [SiteName::parse("day").unwrap()].into();
        let sites = [(SiteId::from_u128(1), shifts), (SiteId::from_u128(2), [].into())];
        assert_eq!(facts(&store).on_site, [OnSite { duty: Duty::It, sites: sites.into() }]);
    }

    /// R-6: addresses in the domain of another partner, whatever its subdomains.
    fn people_of_partners_are_found(database: Database) {
        let at = |domain| Someone { email: ("ana", domain), ..USUAL };
        let people = [
            at("partner.example"), at("eu.partner.example"), at("acme.example"), at("notpartner.example"), at("example"),
            Someone { status: "disabled", ..at("partner.example") },
        ];
        let (own, other) = (organization(1), organization(2));
        let store = store_with(&database, &people);
        for (domain, owner) in [("acme.example", own), ("partner.example", other)] {
            change(&store, &format!("INSERT INTO organization_domains VALUES ('{domain}', '{owner}')"));
        }
        assert_eq!(facts(&store).partner_people, these(0, &[]), "the other one is a customer");
        change(&store, "UPDATE organizations SET kind = 'partner'");
        assert_eq!(facts(&store).partner_people, these(2, &[2, 1]));
    }

    /// R-7: the last review that was completed, and the one that is open.
    fn reviews_are_found(database: Database) {
        let review = |number: u128, closed: &str| {
            let (id, organization) = (ReviewId::from_u128(number), organization(1));
            format!("INSERT INTO contact_reviews VALUES ('{id}', '{organization}', {number}, NULL, {closed}, 0, 1);")
        };
        let store = store_with(&database, &[]);
        let none = facts(&store);
        assert_eq!((none.reviewed_at, none.open_review), (None, None));
        change(&store, &(review(1, "7") + &review(2, "9") + &review(3, "NULL")));
        let some = facts(&store);
        assert_eq!(some.reviewed_at.map(|moment| moment.micros()), Some(9));
        assert_eq!(some.open_review, Some(ReviewId::from_u128(3)));
    }

    /// R-8: designated contacts who lack training, as long as they are active or invited.
    fn who_lacks_training_is_found(database: Database) {
        let lacks = Someone { trains: true, permission: "designated_support", ..USUAL };
        let people = [
            lacks,
            Someone { permission: "manage_contacts", status: "invited", ..lacks },
            Someone { permission: "knowledge_base", ..lacks },
            Someone { status: "disabled", ..lacks },
            Someone { trains: false, ..lacks },
        ];
        assert_eq!(facts(&store_with(&database, &people)).untrained, these(2, &[2, 1]));
    }

    /// R-9: longer than 180 days without signing in, or since the creation for who never did; longest first.
    fn who_does_not_sign_in_is_found(database: Database) {
        let limit = Span::days(180);
        let ago = |span| Someone { created: Span::days(999), signed_in: Some(span), ..USUAL };
        let never = |span| Someone { created: span, signed_in: None, ..USUAL };
        let people = [
            ago(longer(limit)), ago(limit), never(Span::days(200)), never(limit), ago(Span::days(300)),
            Someone { status: "disabled", ..ago(Span::days(400)) }, Someone { status: "invited", ..never(Span::days(400)) },
        ];
        let store = store_with(&database, &people);
        assert_eq!(facts(&store).stale, these(3, &[5, 3, 1]));
        replace_people(&store, &vec![never(Span::days(181)); 101]);
        let many = facts(&store).stale;
        assert_eq!((many.total, many.ids.len()), (101, 100));
    }

    /// R-10: live grants that end within 30 days, and broad ones that were made or raised, and used, more than 90 days ago.
    fn grants_are_found(database: Database) {
        struct Grant { grantee: &'static str, level: &'static str, ends: Option<Span>, ended: bool, made: Span, used: Option<Span> }
        let old = longer(Span::days(90));
        let usual = || Grant { grantee: "organization", level: "create", ends: None, ended: false, made: old, used: None };
        let grants = [
            Grant { ends: Some(Span::days(30)), made: Span::days(1), ..usual() },
            Grant { ends: Some(longer(Span::days(30))), made: Span::days(1), ..usual() },
            Grant { ends: Some(Span::seconds(0)), ..usual() },
            Grant { ends: Some(Span::days(1)), ended: true, ..usual() },
            Grant { grantee: "contact", level: "none", ends: Some(Span::days(1)), ..usual() },
            usual(),
            Grant { made: Span::days(90), ..usual() },
            Grant { level: "update", ..usual() },
            Grant { grantee: "contact", level: "full_admin", ..usual() },
            Grant { used: Some(Span::days(90)), ..usual() },
            Grant { used: Some(old), level: "service_admin", ..usual() },
            Grant { ended: true, ..usual() },
        ];
        let (grantor, holder, person) = (organization(1), organization(2), ContactId::from_u128(1));
        let sql = |(number, grant): (usize, &Grant)| {
            let id = GrantId::from_u128(u128::try_from(number).unwrap() + 1);
            let Grant { grantee, level, .. } = grant;
            let ends = grant.ends.map_or("NULL".to_owned(), |span| NOW.plus(span).micros().to_string());
            let ended = if grant.ended { "1" } else { "NULL" };
            let made = NOW.minus(grant.made).micros();
            let mut sql = format!(
                "INSERT INTO partner_grants (id, grantor_id, grantee_type, grantee_id, grantee_organization_id, level, expires_at, note, \
                 ended_at, ended_status, ended_by, ended_reason, created_at, raised_at, created_by, updated_at, version) VALUES ('{id}', '{grantor}', '{grantee}', 'grantee {number}', '{holder}', '{level}', {ends}, NULL, \
                 {ended}, NULL, NULL, NULL, 0, {made}, '{person}', 0, 1);"
            );
            if let Some(ago) = grant.used {
                let at = NOW.minus(ago).micros();
                sql += &format!(
                    "INSERT INTO journal VALUES ('{grantor}', {number}, 'entry {number}', '', {at}, NULL, '{grantor}', '{id}', '', '', '', '', NULL, '', '');"
                );
            }
            sql
        };
        let sql: String = grants.iter().enumerate().map(sql).collect();
        let store = store_with(&database, &[]);
        change(&store, &sql);
        let found = facts(&store);
        assert_eq!(found.expiring, these(2, &[5, 1]), "soonest first");
        assert_eq!(found.unused, these(2, &[6, 11]));
        change(&store, &format!("UPDATE organizations SET status = 'suspended' WHERE id = '{holder}'"));
        let found = facts(&store);
        assert_eq!((found.expiring, found.unused), (these(0, &[]), these(0, &[])), "they rest with their holder (G-12)");
    }

    /// R-11: active contacts whose address is a role's.
    fn shared_mailboxes_are_found(database: Database) {
        let called = |local| Someone { email: (local, "acme.example"), ..USUAL };
        let people = [
            called("info"), called("support"), called("supporter"), called("infos"),
            Someone { status: "invited", ..called("admin") }, called("helpdesk"),
        ];
        assert_eq!(facts(&store_with(&database, &people)).mailboxes, these(3, &[6, 2, 1]));
    }
}
