//! Lists of service requests, newest activity first: a reach from core, narrowed by filters (S-11).
//!
//! There are two ways to the same rows, and a test compares them with core's decisions one by one. A list is *walked* where an index
//! leads to its rows: everybody's for the desk, those of certain people, those that have a word. It is *merged* from the
//! organizations that somebody reaches, where that may be hundreds; if they are many, the newest of everybody come first.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mandate_core::actor::Actor;
use mandate_core::request_access::{Reach, acting_levels, reading_levels};
use mandate_core::service_request::ServiceRequest;
use mandate_core::text::SearchWords;
use mandate_core::time::Timestamp;

use crate::backend::{AnyConnection, on};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::partner_grant::{deciding_grants, live_grantors, reaching, upheld};
use crate::request_filter::{RequestFilter, RequestView};
use crate::request_words::{Searched, Spread};
use crate::service_request::{LoadedRequest, REQUEST_COLUMNS, REQUEST_NAMES, RequestColumns};
use crate::sql::Sql;
use crate::tx::ReadTx;

/// How many of the newest requests of a list are asked whether they have words that many have, before the index is.
const WINDOWS: [usize; 4] = [256, 1_024, 2_048, 4_096];
/// The largest page for which the newest requests of everybody are looked at.
const RECENT_MAX: usize = 100;

/// What the access table says, as a piece of SQL. The two are compared in tests (S-11).
fn reached(reach: &Reach, actor: &Actor, now: Timestamp) -> Sql {
    let mut query = Sql::new(" AND (");
    if reach.reaches_everything() {
        return query.push("TRUE)");
    }
    let named = |query: Sql| {
        query
            .push("(sr.point_of_contact_id = ")
            .bind_text(reach.person())
            .push(" AND ")
            .append(upheld(LEAD, actor, now))
            .push(") OR EXISTS (SELECT 1 FROM participants pa WHERE pa.service_request_id = sr.id AND pa.person_id = ")
            .bind_text(reach.person())
            .push(" AND ")
            .append(upheld(PART, actor, now))
            .push(")")
    };
    if reach.reaches_own() {
        query = query.push("(sr.organization_id = ").bind_text(reach.organization());
        if !reach.guards_own() {
            query = named(
                query.push(" AND (NOT sr.confidential OR sr.submitted_by = ").bind_text(reach.person()).push(" OR "),
            );
            query = query.push(")");
        }
        query = query.push(") OR ");
    }
    query = query
        .push("(sr.organization_id IN (")
        .append(live_grantors(actor, now, reading_levels()))
        .push(") AND ")
        .append(reaching(actor, now))
        .push(") OR ((");
    named(query).push(") AND sr.organization_id IN (").append(live_grantors(actor, now, acting_levels())).push(")))")
}

/// The condition that the grant of a source `s` reaches a request `sr` (G-16).
const SINCE: &str = " AND sr.created_at > s.created_after AND (sr.closed_at IS NULL OR sr.closed_at > s.closed_after)";

/// The grant behind the point of contact of a request `sr`, and behind a part `pa`.
const LEAD: &str = "sr.point_of_contact_grant";
const PART: &str = "pa.grant_id";

/// The condition that a request `sr` belongs to any source. It is no plain condition, so that PostgreSQL asks it of one request after
/// the other, newest first, rather than beginning with all requests of all sources.
const ACTING: &str = " AND COALESCE(sr.organization_id IN (SELECT s.organization_id FROM source s), FALSE)";

/// The condition that a request `sr` of a source `s` is not kept from those who take no part in it (S-14).
const OPEN: &str = " AND (s.guarded = 1 OR NOT sr.confidential)";

/// Where so many organizations are reached, so many of everybody's newest requests are looked at, which costs less than a look at each
/// organization. In tests these are few.
const RECENT: [&str; 2] = if cfg!(test) { ["8", "64"] } else { ["128", "4096"] };

/// The condition that a request `sr` is reached by any source, or is one that somebody takes part in; most are told by their
/// organization alone.
const REACHED: &str = ") AS sr WHERE (NOT sr.confidential AND sr.organization_id IN \
     (SELECT s.organization_id FROM source s WHERE s.reads = 1 AND s.created_after < 0 AND s.closed_after < 0)) \
     OR (sr.organization_id IN (SELECT s.organization_id FROM source s) AND (EXISTS \
     (SELECT 1 FROM source s WHERE s.organization_id = sr.organization_id AND s.reads = 1";

/// The condition that the page is not full of the newest requests of everybody.
const MISSING: &str = " AND (SELECT m.missing FROM missing m) > 0";

/// A list of service requests, without its pages.
struct List<'a> {
    actor: &'a Actor,
    reach: &'a Reach,
    now: Timestamp,
    filter: &'a RequestFilter,
}

impl List<'_> {
    /// Whether an index leads to the rows; else the list is merged.
    fn is_walked(&self) -> bool {
        self.reach.reaches_everything() || self.filter.names_people()
    }

    /// The places of this part of the list with one more condition: of all requests, or of those whose numbers are rows `s` of a
    /// table. Each is asked whether it is reached.
    fn walked(&self, numbers: Option<(&AnyConnection, &'static str)>, condition: Sql, page: &Page) -> Sql {
        let arm = |whose: Sql| {
            let requests = Sql::new(" FROM service_requests sr WHERE TRUE")
                .append(whose)
                .append(reached(self.reach, self.actor, self.now))
                .append(self.filter.of_organization("sr.organization_id", self.reach.organization()))
                .append(self.filter.conditions(self.now))
                .append(condition.clone());
            let select = Sql::new("SELECT sr.id, sr.activity_at, sr.number");
            let query = match numbers {
                None => select.append(requests),
                Some((connection, table)) => {
                    let own = requests.push(" AND sr.number = s.number LIMIT 1");
                    select.push(" FROM ").push(table).push(" s").append(connection.of_each(own)).push(" WHERE TRUE")
                }
            };
            page.newest(query, "sr.activity_at", "sr.id")
        };
        if self.filter.view != RequestView::Mine {
            return arm(Sql::new(""));
        }
        let mine = |column| arm(Sql::new(column).bind_text(self.reach.person()));
        let columns = [" AND sr.submitted_by = ", " AND sr.point_of_contact_id = ", " AND sr.assigned_to = "];
        first_of(columns.map(mine), page)
    }

    /// The places of this part of the list, from the organizations that are reached.
    ///
    /// Where these are many, the newest requests of everybody often fill the page: they are `recent`. If any are `missing`, the
    /// `newest` few of each organization are looked up by index, together about twice as many as are wanted. What is older than the
    /// last wanted one of these, the `horizon`, is not looked at, and neither is an organization without anything younger. Beside
    /// them there is what its reader takes part in, whatever else is reached.
    fn merged(&self, connection: &AnyConnection, page: &Page) -> Sql {
        let wanted = page.at_least();
        let of_source = |condition: &'static str, rows: Sql| {
            let requests = Sql::new(" FROM service_requests sr WHERE sr.organization_id = s.organization_id")
                .push(OPEN)
                .push(SINCE)
                .push(condition)
                .append(self.filter.conditions(self.now));
            connection.of_each(page.newest_of(requests, "sr.activity_at", "sr.id", rows))
        };
        let few = Sql::new("(SELECT 2 * ").push(wanted).push(" / (COUNT(*) + 1) + 1 FROM source)");
        let named = |how: &'static str, behind: Sql, condition: &'static str| {
            let requests = Sql::new("SELECT sr.id, sr.activity_at, sr.number FROM service_requests sr")
                .push(how)
                .bind_text(self.reach.person())
                .append(behind)
                .push(condition);
            page.newest(requests.append(self.filter.conditions(self.now)), "sr.activity_at", "sr.id")
        };
        let acting = |column: &'static str| Sql::new(ACTING).push(" AND ").append(upheld(column, self.actor, self.now));
        let places = [
            Sql::new("SELECT r.id, r.activity_at, r.number FROM recent r"),
            Sql::new("SELECT sr.id, sr.activity_at, sr.number FROM (SELECT DISTINCT n.organization_id, n.guarded, n.created_after, n.closed_after FROM newest n) AS s")
                .append(of_source(" AND sr.activity_at >= (SELECT h.activity_at FROM horizon h)", Sql::new(wanted))),
            named(" WHERE sr.point_of_contact_id = ", acting(LEAD), ""),
            named(" JOIN participants pa ON pa.service_request_id = sr.id WHERE pa.person_id = ", acting(PART), MISSING),
            named(
                " JOIN source s ON s.organization_id = sr.organization_id WHERE sr.confidential AND s.reads = 1 AND (NOT sr.sealed OR sr.submitter_organization_id = sr.organization_id) AND sr.submitted_by = ",
                Sql::new(SINCE),
                "",
            ),
        ];
        Sql::new("WITH source AS MATERIALIZED (")
            .append(self.sources())
            .push("), recent AS MATERIALIZED (")
            .append(self.recent(page))
            .push("), missing AS MATERIALIZED (SELECT ")
            .push(wanted)
            .push(" - COUNT(*) AS missing FROM recent), newest AS MATERIALIZED (SELECT s.organization_id, s.guarded, s.created_after, s.closed_after, sr.activity_at FROM source s")
            .append(of_source("", few))
            .push(" WHERE s.reads = 1")
            .push(MISSING)
            .push(" ORDER BY sr.activity_at DESC, sr.id DESC LIMIT ")
            .push(wanted)
            .push("), horizon AS MATERIALIZED (SELECT CASE WHEN COUNT(*) = ")
            .push(wanted)
            .push(" THEN MIN(n.activity_at) ELSE 0 END AS activity_at FROM newest n) ")
            .append(first_of(places, page))
    }

    /// Those of the newest requests of everybody that are on the page. With filters there would be too few.
    fn recent(&self, page: &Page) -> Sql {
        let all = Sql::<()>::new(
            "SELECT sr.id, sr.activity_at, sr.number, sr.organization_id, sr.confidential, sr.created_at, sr.closed_at \
             FROM service_requests sr WHERE TRUE",
        );
        let is_worth_it = page.limit <= RECENT_MAX && self.filter.is_plain();
        let [sources, rows] = if is_worth_it { RECENT } else { ["0", "0"] };
        let rows = Sql::new("(SELECT CASE WHEN COUNT(*) < ")
            .push(sources)
            .push(" THEN 0 ELSE ")
            .push(rows)
            .push(" END FROM source)");
        let reached = Sql::new("SELECT sr.id, sr.activity_at, sr.number FROM (")
            .append(page.newest_of(all, "sr.activity_at", "sr.id", rows))
            .push(REACHED)
            .push(OPEN)
            .push(SINCE)
            .push(") OR sr.id IN (SELECT pa.service_request_id FROM participants pa WHERE pa.person_id = ")
            .bind_text(self.reach.person())
            .push(" AND ")
            .append(upheld(PART, self.actor, self.now))
            .push(")))");
        let first = Page { limit: page.limit, after: None };
        first.newest(reached, "sr.activity_at", "sr.id")
    }

    /// The organizations whose requests are reached, all of them or those that the reader takes part in, and since when.
    fn sources(&self) -> Sql {
        let own = self.reach.organization();
        let granted = deciding_grants(self.actor, self.now, &self.filter.of_organization("g.grantor_id", own));
        if !self.reach.reaches_own() {
            return granted;
        }
        Sql::new("SELECT o.id AS organization_id, 1 AS reads, ")
            .push(if self.reach.guards_own() { "1" } else { "0" })
            .push(" AS guarded, -1 AS created_after, -1 AS closed_after FROM organizations o WHERE o.id = ")
            .bind_text(own)
            .append(self.filter.of_organization("o.id", own))
            .push(" UNION ALL ")
            .append(granted)
    }

    /// How many of the newest requests are asked for words, one after the other, so that a page is found among them if it is among so
    /// many.
    ///
    /// A walk ends with the page, whatever its window; of a merge all is read. Where even the largest would be too small, a merge is
    /// looked at a little nevertheless: the list may be short.
    fn windows(&self, many: usize) -> &'static [usize] {
        let first = WINDOWS.iter().position(|window| many + many / 4 <= *window);
        match (self.is_walked(), first) {
            (true, Some(_)) => &WINDOWS[WINDOWS.len() - 1..],
            (true, None) => &[],
            (false, Some(first)) => &WINDOWS[first..],
            (false, None) => &WINDOWS[..1],
        }
    }

    /// Whose words are searched: internal notes are the desk's alone (S-5).
    fn searched(&self) -> Searched {
        if self.reach.reaches_everything() { Searched::All } else { Searched::Visible }
    }
}

/// The first places of several lists together, each place once.
fn first_of<const N: usize>(lists: [Sql; N], page: &Page) -> Sql {
    let mut all = Sql::new("SELECT a.id, a.activity_at, a.number FROM (");
    for (position, list) in lists.into_iter().enumerate() {
        all = all
            .push(if position == 0 { "SELECT * FROM (" } else { " UNION SELECT * FROM (" })
            .append(list)
            .push(") AS one");
    }
    let first = Page { limit: page.limit, after: None };
    first.newest(all.push(") AS a"), "a.activity_at", "a.id")
}

impl ReadTx<'_> {
    /// Requests within a reach, newest activity first (S-11).
    pub fn service_requests(
        &mut self,
        actor: &Actor,
        reach: &Reach,
        now: Timestamp,
        filter: &RequestFilter,
        page: &Page,
    ) -> Result<Slice<ServiceRequest>, StorageError> {
        let list = List { actor, reach, now, filter };
        let result = self.connection().keep_plans();
        self.settle(result)?;
        let requests = match &filter.search {
            None => {
                let newest = self.newest(&list, page);
                self.requests_at(newest)?
            }
            Some(search) => self.found_requests(&list, search, page)?,
        };
        Ok(Slice::cut(requests, page, |request| Position {
            key: SortKey::Number(request.activity_at.micros()),
            id: request.id.to_string(),
        }))
    }

    /// The part of a list that has the words of a search.
    ///
    /// Where few have one of them, these alone are looked at. Else the list is walked until the page is full; if that takes too
    /// long, for many have the word but few of this list, the index is asked all the same.
    fn found_requests(
        &mut self,
        list: &List<'_>,
        search: &SearchWords,
        page: &Page,
    ) -> Result<Vec<ServiceRequest>, StorageError> {
        let word = match self.spread(search)? {
            Spread::Few(word) => Some(word),
            Spread::OneIn(many) => {
                let all_words = self.has_words(search.as_slice(), list.searched());
                for window in list.windows(page.limit.saturating_mul(many)) {
                    let newest = Page { limit: *window, after: page.after.clone() };
                    let newest = self.newest(list, &newest);
                    let walk = Sql::new("SELECT sr.id, sr.activity_at FROM (")
                        .append(newest.clone())
                        .push(") AS sr WHERE TRUE")
                        .append(all_words.clone());
                    let first = Page { limit: page.limit, after: None };
                    let found = self.requests_at(first.newest(walk, "sr.activity_at", "sr.id"))?;
                    if found.len() > page.limit {
                        return Ok(found);
                    }
                    let count = Sql::<BigInt>::new("SELECT COUNT(*) FROM (").append(newest).push(") AS place");
                    let count: i64 = on!(self, |connection| count.get_result(connection))?;
                    if usize::try_from(count).is_ok_and(|count| count <= *window) {
                        return Ok(found);
                    }
                }
                search.as_slice().first().map(String::as_str)
            }
        };
        let Some(word) = word else { return Ok(Vec::new()) };
        let others: Vec<String> = search.as_slice().iter().filter(|other| *other != word).cloned().collect();
        let others = self.has_words(&others, list.searched());
        // What has the word is looked for first, whatever the planner guesses, and only that is asked for the rest.
        let matching =
            Sql::new("WITH matching AS MATERIALIZED (").append(self.numbers_with(word, list.searched())).push(") ");
        let found = list.walked(Some((self.connection(), "matching")), others, page);
        self.requests_at(matching.append(found))
    }

    /// The places of this part of a list, `id`, `activity_at` and `number`, newest first: the way of core's reach and of the filter.
    fn newest(&mut self, list: &List<'_>, page: &Page) -> Sql {
        if list.is_walked() { list.walked(None, Sql::new(""), page) } else { list.merged(self.connection(), page) }
    }

    /// The requests at these places of a list, newest activity first, with everybody whom they name.
    fn requests_at(&mut self, places: Sql) -> Result<Vec<ServiceRequest>, StorageError> {
        let query = Sql::<RequestColumns>::new("SELECT ")
            .push(REQUEST_COLUMNS)
            .push(" FROM (")
            .append(places)
            .push(") AS place JOIN service_requests sr ON sr.id = place.id")
            .push(REQUEST_NAMES)
            .push("ORDER BY place.activity_at DESC, place.id DESC");
        let rows: Vec<LoadedRequest> = on!(self, |connection| query.load(connection))?;
        rows.into_iter().map(LoadedRequest::read).collect()
    }
}
