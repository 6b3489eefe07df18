//! The data of the benchmark: a support desk of 1,000 organizations, 5,000 contacts and 20,000 service requests with three
//! messages each. The same rows at each run, but for their times.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, PgConnection, QueryResult, RunQueryDsl as _, SqliteConnection, sql_types::Text};
use mandate_core::id::{ContactId, GrantId, Id, Kind, MessageId, OrganizationId, PersonId, ServiceRequestId, StaffId};
use mandate_core::text::{fold, words};

const ORGANIZATIONS: usize = 1_000;
const PARTNERS: usize = 20;
const CONTACTS_OF_ONE: usize = 5;
/// The customers of the partner whose people are measured.
const CUSTOMERS: std::ops::Range<usize> = 20..70;
/// Organizations with many requests; the others have few. Together they have 20,000.
const BUSY: std::ops::Range<usize> = 60..160;
const REQUESTS_OF_BUSY: usize = 110;
const REQUESTS_OF_OTHERS: usize = 10;
const MESSAGES_OF_ONE: usize = 3;
/// Those whose contacts create requests and write messages: some that have nothing else to do with what is measured.
const WRITERS: std::ops::Range<usize> = 500..516;
/// Whose contact manager imports contacts; nobody else has anything to do with it.
const IMPORTER: usize = 900;
const AGENTS: usize = 10;
const ROWS_AT_ONCE: usize = 500;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// What is written of wide tables; the rest of a row is what its migration says.
const GRANTS: &str = "partner_grants (id, grantor_id, grantee_type, grantee_id, grantee_organization_id, level, expires_at, note, \
    created_at, created_by, updated_at, version)";
const REQUESTS: &str = "service_requests (id, number, organization_id, subject, category, severity, status, submitted_by, \
    submitter_organization_id, point_of_contact_id, point_of_contact_organization_id, assigned_to, created_at, updated_at, \
    activity_at, solved_at, version)";
const MESSAGES: &str = "messages (id, service_request_id, author_id, internal, body, created_at)";

/// The words that requests are found by, as each database keeps them.
const WORDS_IN_POSTGRES: &str = "INSERT INTO request_words (number, part, internal, words) \
    SELECT number, 0, FALSE, array_to_tsvector(string_to_array(lower(subject), ' ')) FROM service_requests";
const WORDS_IN_SQLITE: &str = "INSERT INTO request_words (number, part, internal, words) \
    SELECT number, 0, FALSE, lower(subject) FROM service_requests; \
    INSERT INTO request_words_fts (rowid, words) SELECT number * 1000000 + part, words FROM request_words";

/// Who asks for what.
#[derive(Debug)]
pub(crate) struct Cast {
    /// The user id of a contact of the partner.
    pub(crate) partner: String,
    /// That contact's id.
    pub(crate) partner_id: String,
    /// The partner's customers.
    pub(crate) customers: Vec<String>,
    /// Their requests.
    pub(crate) customers_requests: Vec<String>,
    /// The user id of a contact of an organization with many requests.
    pub(crate) contact: String,
    /// The user ids of those who write, with the ids of their organizations' requests.
    pub(crate) writers: Vec<(String, Vec<String>)>,
    /// The user id of a contact manager whose organization has five contacts and gets very many.
    pub(crate) importer: String,
    /// That organization.
    pub(crate) importing: String,
}

/// Rows of one table, written many at a time.
struct Rows<'a> {
    connection: &'a mut dyn Batch,
    table: &'static str,
    values: Vec<String>,
}

/// A connection to either database.
pub(crate) trait Batch {
    /// Runs statements.
    fn run(&mut self, statements: &str) -> QueryResult<()>;
}

impl<C: SimpleConnection> Batch for C {
    fn run(&mut self, statements: &str) -> QueryResult<()> {
        self.batch_execute(statements)
    }
}

impl Rows<'_> {
    fn add(&mut self, values: String) -> QueryResult<()> {
        self.values.push(values);
        if self.values.len() == ROWS_AT_ONCE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> QueryResult<()> {
        if self.values.is_empty() {
            return Ok(());
        }
        let values = std::mem::take(&mut self.values).join("), (");
        self.connection.run(&format!("INSERT INTO {} VALUES ({values})", self.table))
    }
}

/// An id of the project's form: a UUIDv7 of an early time.
fn id<K: Kind>(number: usize) -> Id<K> {
    let mixed = u128::try_from(number).unwrap_or_default().wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let time = 0x0190_0000_0000 + u128::try_from(number).unwrap_or_default();
    Id::from_u128(time << 80 | 7 << 76 | (mixed >> 64 & 0xfff) << 64 | 2 << 62 | mixed & ((1 << 62) - 1))
}

fn organization(number: usize) -> OrganizationId {
    id(number)
}

fn contact(organization: usize, number: usize) -> ContactId {
    id(organization * CONTACTS_OF_ONE + number)
}

fn email(organization: usize, number: usize) -> String {
    format!("contact{number}@organization{organization:04}.example")
}

fn requests_of(organization: usize) -> std::ops::Range<usize> {
    let busy_before = organization.clamp(BUSY.start, BUSY.end) - BUSY.start;
    let first = busy_before * REQUESTS_OF_BUSY + (organization - busy_before) * REQUESTS_OF_OTHERS;
    first..first + if BUSY.contains(&organization) { REQUESTS_OF_BUSY } else { REQUESTS_OF_OTHERS }
}

/// Fills a database that the product has founded, so that there are an administrator and keys.
///
/// Everybody's password is the administrator's.
pub(crate) fn fill(url: &str) -> QueryResult<Cast> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let now = i64::try_from(now).unwrap_or_default();
    let failed = |error: diesel::ConnectionError| diesel::result::Error::QueryBuilderError(error.into());
    match url.strip_prefix("sqlite://") {
        Some(path) => {
            let mut connection = SqliteConnection::establish(path).map_err(failed)?;
            let vendor = diesel::sql_query(VENDOR).get_result::<Vendor>(&mut connection)?;
            connection.transaction(|connection| everything(connection, &vendor.id, now))?;
            connection.run(WORDS_IN_SQLITE)?;
        }
        None => {
            let mut connection = PgConnection::establish(url).map_err(failed)?;
            let vendor = diesel::sql_query(VENDOR).get_result::<Vendor>(&mut connection)?;
            connection.transaction(|connection| everything(connection, &vendor.id, now))?;
            connection.run(WORDS_IN_POSTGRES)?;
            connection.run("VACUUM ANALYZE")?;
            connection.run("CHECKPOINT")?;
        }
    }
    let requests = |organization: usize| requests_of(organization).map(|n| id_text::<ServiceRequestId>(id(n)));
    Ok(Cast {
        partner: email(0, 0),
        partner_id: contact(0, 0).to_string(),
        customers: CUSTOMERS.map(|number| organization(number).to_string()).collect(),
        customers_requests: CUSTOMERS.flat_map(requests).collect(),
        contact: email(BUSY.start, 0),
        writers: WRITERS.map(|number| (email(number, 0), requests(number).collect())).collect(),
        importer: email(IMPORTER, 0),
        importing: organization(IMPORTER).to_string(),
    })
}

/// Forgets the emails that are owed, so that sending them is not measured, and looks at the tables.
pub(crate) fn settle(url: &str) -> QueryResult<()> {
    const FORGET: &str = "UPDATE mails SET done_at = created_at, outcome = 'dropped' WHERE done_at IS NULL";
    let failed = |error: diesel::ConnectionError| diesel::result::Error::QueryBuilderError(error.into());
    match url.strip_prefix("sqlite://") {
        Some(path) => SqliteConnection::establish(path).map_err(failed)?.run(FORGET),
        None => {
            let mut connection = PgConnection::establish(url).map_err(failed)?;
            connection.run(FORGET)?;
            connection.run("VACUUM ANALYZE")
        }
    }
}

fn id_text<T: ToString>(id: T) -> String {
    id.to_string()
}

const VENDOR: &str = "SELECT id FROM organizations WHERE kind = 'vendor'";

#[derive(diesel::QueryableByName)]
struct Vendor {
    #[diesel(sql_type = Text)]
    id: String,
}

fn everything(connection: &mut dyn Batch, vendor: &str, now: i64) -> QueryResult<()> {
    organizations(connection, now)?;
    people(connection, vendor, now)?;
    grants(connection, now)?;
    requests(connection, now)?;
    messages(connection, now)?;
    let password = "(SELECT password_hash FROM credentials LIMIT 1)";
    let who = [0, BUSY.start, IMPORTER].into_iter().chain(WRITERS).map(|number| format!("'{}'", contact(number, 0)));
    let who = who.collect::<Vec<_>>().join(", ");
    connection.run(&format!(
        "INSERT INTO credentials SELECT id, {password}, {now} FROM people WHERE id IN ({who});
         UPDATE number_blocks SET next = 100001 WHERE name = 'service_request'"
    ))
}

fn table<'a>(connection: &'a mut dyn Batch, table: &'static str) -> Rows<'a> {
    Rows { connection, table, values: Vec::new() }
}

fn organizations(connection: &mut dyn Batch, now: i64) -> QueryResult<()> {
    let domain = |number: usize| format!("organization{number:04}.example");
    let mut rows = table(connection, "organizations");
    for number in 0..ORGANIZATIONS {
        let (id, kind) = (organization(number), if number < PARTNERS { "partner" } else { "customer" });
        let (name, domain) = (format!("Organization {number:04}"), domain(number));
        rows.add(format!(
            "'{id}', '{kind}', '{name}', '{}', '[\"{domain}\"]', 'active', 1, {now}, {now}, NULL",
            fold(&name)
        ))?;
    }
    rows.flush()?;
    rows.table = "organization_domains";
    for number in 0..ORGANIZATIONS {
        rows.add(format!("'{}', '{}'", domain(number), organization(number)))?;
    }
    rows.flush()?;
    rows.table = "journal_heads (organization_id, sequence, hash)";
    let connection = rows.connection;
    connection.run(
        "INSERT INTO journal_heads SELECT o.id, 0, h.hash FROM organizations o, \
         (SELECT previous_hash AS hash FROM journal WHERE sequence = 1 LIMIT 1) h WHERE o.kind <> 'vendor'",
    )
}

fn people(connection: &mut dyn Batch, vendor: &str, now: i64) -> QueryResult<()> {
    let mut rows = table(connection, "people");
    let mut kept = Vec::new();
    let mut add = |id: PersonId, organization: &str, email: String, last: String, rest: [&str; 4]| {
        let [kind, permission, duties, roles] = rest;
        let own = words(&format!("Ana {last} {email}"));
        let search: String = own.iter().map(|word| format!(" {word}")).collect();
        kept.extend(own.into_iter().map(|word| format!("'{organization}', '{word}', '{id}'")));
        let (local, domain) = email.split_once('@').unwrap_or_default();
        rows.add(format!(
            "'{id}', '{organization}', '{email}', 'Ana', '{last}', '{search}', '{} ana', NULL, 'UTC', 'en', {kind}, \
             {permission}, '{duties}', '{roles}', 'active', NULL, NULL, NULL, {now}, NULL, {now}, NULL, NULL, 1, \
             NULL, NULL, NULL, NULL, NULL, NULL, '{local}', '{domain}'",
            fold(&last)
        ))
    };
    for number in 0..ORGANIZATIONS {
        for place in 0..CONTACTS_OF_ONE {
            let rest = match place {
                0 => ["'primary_support'", "'manage_contacts'", "[\"it\"]", "[]"],
                _ => ["'technical'", "'designated_support'", "[]", "[]"],
            };
            let organization = organization(number).to_string();
            let last = format!("Silva {number} {place}");
            add(contact(number, place).into(), &organization, email(number, place), last, rest)?;
        }
    }
    for number in 0..AGENTS {
        let id: StaffId = id(number);
        let (email, last) = (format!("agent{number}@vendor.example"), format!("Agent {number}"));
        add(id.into(), vendor, email, last, ["NULL", "NULL", "[]", "[\"agent\"]"])?;
    }
    rows.flush()?;
    rows.table = "people_words";
    kept.into_iter().try_for_each(|word| rows.add(word))?;
    rows.flush()
}

fn grants(connection: &mut dyn Batch, now: i64) -> QueryResult<()> {
    let mut rows = table(connection, GRANTS);
    let mut count = 0;
    let mut add = |grantor: usize, kind: &str, grantee: String, holder: usize, level: &str| {
        let grant: GrantId = id(count);
        count += 1;
        rows.add(format!(
            "'{grant}', '{}', '{kind}', '{grantee}', '{}', '{level}', {}, NULL, {now}, '{}', {now}, 1",
            organization(grantor),
            organization(holder),
            now + 365 * DAY,
            contact(grantor, 0)
        ))
    };
    for customer in CUSTOMERS {
        add(customer, "organization", organization(0).to_string(), 0, "create")?;
        // Others of the partner are raised or shut out.
        let level = if customer % 2 == 0 { "full_admin" } else { "none" };
        add(customer, "contact", contact(0, 1).to_string(), 0, level)?;
    }
    for partner in 1..PARTNERS {
        for customer in 0..10 {
            let grantor = 200 + partner * 10 + customer;
            add(grantor, "organization", organization(partner).to_string(), partner, "view")?;
        }
    }
    rows.flush()
}

/// When a request was last touched: spread over half a year, in another order than the requests themselves.
fn activity(number: usize, now: i64) -> i64 {
    now - 180 * DAY + i64::try_from(number * 7_919 % 20_011).unwrap_or_default() * 12 * MINUTE
}

/// A contact of the organization.
fn submitter(organization: usize, number: usize) -> ContactId {
    contact(organization, number % CONTACTS_OF_ONE)
}

fn requests(connection: &mut dyn Batch, now: i64) -> QueryResult<()> {
    const CATEGORIES: [&str; 3] = ["question", "incident", "feature_request"];
    let mut rows = table(connection, REQUESTS);
    for customer in 0..ORGANIZATIONS {
        for number in requests_of(customer) {
            let (request, own): (ServiceRequestId, _) = (id(number), organization(customer));
            let subject = format!("Login page {number} shows error 500 after the update");
            let (at, who) = (activity(number, now), submitter(customer, number));
            let status = ["open", "waiting_on_support", "waiting_on_customer", "solved"][number % 4];
            let status = if WRITERS.contains(&customer) { "open" } else { status };
            let solved_at = if status == "solved" { at.to_string() } else { "NULL".to_owned() };
            let agent: StaffId = id(number % AGENTS);
            let assigned = if number.is_multiple_of(5) { "NULL".to_owned() } else { format!("'{agent}'") };
            rows.add(format!(
                "'{request}', {}, '{own}', '{subject}', '{}', {}, '{status}', '{who}', '{own}', '{who}', '{own}', \
                 {assigned}, {}, {at}, {at}, {solved_at}, 3",
                number + 1,
                CATEGORIES[number % 3],
                number % 4 + 1,
                at - DAY,
            ))?;
        }
    }
    rows.flush()
}

fn messages(connection: &mut dyn Batch, now: i64) -> QueryResult<()> {
    let mut rows = table(connection, MESSAGES);
    let mut body = String::new();
    for customer in 0..ORGANIZATIONS {
        for number in requests_of(customer) {
            let request: ServiceRequestId = id(number);
            for place in 0..MESSAGES_OF_ONE {
                let message: MessageId = id(number * MESSAGES_OF_ONE + place);
                let agent: StaffId = id(number % AGENTS);
                let who = submitter(customer, number);
                let author = if place == 1 { PersonId::from(agent) } else { PersonId::from(who) };
                body.clear();
                for line in 0..4 {
                    let _ = write!(body, "Since this morning nobody of us can sign in, see entry {number}-{line}. ");
                }
                let at = activity(number, now) - DAY + i64::try_from(place).unwrap_or_default() * DAY / 2;
                rows.add(format!("'{message}', '{request}', '{author}', FALSE, '{body}', {at}"))?;
            }
        }
    }
    rows.flush()
}
