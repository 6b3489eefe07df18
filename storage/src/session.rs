//! Sign-ins, single-use links, passwords and failed attempts. Times and counters here carry no authority of their own:
//! whether a person may sign in is read from `people` each time.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use mandate_core::id::{LinkId, PersonId, SessionId};
use mandate_core::session::{CallerFacts, Link, Session, SignIn};
use mandate_core::throttle::Failures;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{LinkPurpose, PersonStatus, Vocabulary as _};

use crate::backend::on;
use crate::batch::insert_all;
use crate::column::{Cells, moment};
use crate::error::StorageError;
use crate::people::{ACTOR_COLUMNS, ActorColumns, ActorRow};
use crate::schema::{credentials, links, people, sessions, sign_in_failures};
use crate::sql::Sql;
use crate::tx::{ReadTx, WriteTx};

/// The columns of a session: `sessions s`.
pub(crate) const SESSION_COLUMNS: &str =
    "s.id, s.person_id, s.generation, s.rotated_at, s.created_at, s.expires_at, s.ended_at";

/// The SQL types of [`SESSION_COLUMNS`].
pub(crate) type SessionColumns = (Text, Text, BigInt, BigInt, BigInt, BigInt, Nullable<BigInt>);

/// A row of `sessions`.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub(crate) struct SessionRow {
    id: String,
    person_id: String,
    generation: i64,
    rotated_at: i64,
    created_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
}

impl SessionRow {
    pub(crate) fn read(self) -> Result<Session, StorageError> {
        let cells = Cells::of("sessions", &self.id);
        Ok(Session {
            id: cells.id("id", &self.id)?,
            person: cells.person_id("person_id", &self.person_id)?,
            generation: self.generation,
            rotated_at: moment(self.rotated_at),
            created_at: moment(self.created_at),
            expires_at: moment(self.expires_at),
            ended_at: self.ended_at.map(moment),
        })
    }
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.to_string(),
            person_id: session.person.to_string(),
            generation: session.generation,
            rotated_at: session.rotated_at.micros(),
            created_at: session.created_at.micros(),
            expires_at: session.expires_at.micros(),
            ended_at: session.ended_at.map(Timestamp::micros),
        }
    }
}

/// The session, its person and the state of their organization, as a piece of SQL.
pub(crate) const CALLER_FROM: &str =
    " FROM sessions s JOIN people p ON p.id = s.person_id JOIN organizations o ON o.id = p.organization_id ";

/// Puts the facts about a caller together.
pub(crate) fn read_caller(session: SessionRow, actor: ActorRow) -> Result<CallerFacts, StorageError> {
    let session = session.read()?;
    let (actor, organization_status) = actor.read()?;
    Ok(CallerFacts { session, actor, organization_status })
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = links, treat_none_as_default_value = false)]
struct LinkRow {
    id: String,
    person_id: String,
    purpose: String,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
    voided_at: Option<i64>,
}

impl LinkRow {
    fn read(self) -> Result<Link, StorageError> {
        let cells = Cells::of("links", &self.id);
        Ok(Link {
            id: cells.id("id", &self.id)?,
            person: cells.person_id("person_id", &self.person_id)?,
            purpose: cells.word("purpose", &self.purpose)?,
            created_at: moment(self.created_at),
            expires_at: moment(self.expires_at),
            used_at: self.used_at.map(moment),
            voided_at: self.voided_at.map(moment),
        })
    }
}

impl From<&Link> for LinkRow {
    fn from(link: &Link) -> Self {
        Self {
            id: link.id.to_string(),
            person_id: link.person.to_string(),
            purpose: link.purpose.name().to_owned(),
            created_at: link.created_at.micros(),
            expires_at: link.expires_at.micros(),
            used_at: link.used_at.map(Timestamp::micros),
            voided_at: link.voided_at.map(Timestamp::micros),
        }
    }
}

impl ReadTx<'_> {
    /// Who a session belongs to, as they are now; one statement.
    pub fn caller(&mut self, session: SessionId) -> Result<Option<CallerFacts>, StorageError> {
        let query = Sql::<(SessionColumns, ActorColumns)>::new("SELECT ")
            .push(SESSION_COLUMNS)
            .push(", ")
            .push(ACTOR_COLUMNS)
            .push(CALLER_FROM)
            .push("WHERE s.id = ")
            .bind_text(session);
        let row: Option<(SessionRow, ActorRow)> = on!(self, |connection| query.get_result(connection).optional())?;
        row.map(|(session, actor)| read_caller(session, actor)).transpose()
    }

    /// The sessions of a person that are good now, newest first. At most 1,000.
    pub fn sessions_of(&mut self, person: PersonId, now: Timestamp) -> Result<Vec<Session>, StorageError> {
        let person = person.to_string();
        let rows: Vec<SessionRow> = on!(self, |connection| sessions::table
            .filter(sessions::person_id.eq(&person).and(sessions::ended_at.is_null()))
            .filter(sessions::expires_at.gt(now.micros()))
            .order((sessions::created_at.desc(), sessions::id.desc()))
            .limit(1_000)
            .select(SessionRow::as_select())
            .load(connection))?;
        rows.into_iter().map(SessionRow::read).collect()
    }

    /// A link.
    pub fn link(&mut self, id: LinkId) -> Result<Option<Link>, StorageError> {
        let id = id.to_string();
        let row: Option<LinkRow> =
            on!(self, |connection| links::table.find(&id).select(LinkRow::as_select()).first(connection).optional())?;
        row.map(LinkRow::read).transpose()
    }

    /// The stored hash of a person's password, if they have set one.
    pub fn password_hash(&mut self, person: PersonId) -> Result<Option<String>, StorageError> {
        let person = person.to_string();
        on!(self, |connection| credentials::table
            .find(&person)
            .select(credentials::password_hash)
            .first(connection)
            .optional())
    }

    /// The failures of an account or address.
    pub fn sign_in_failures(&mut self, scope: &str) -> Result<Option<Failures>, StorageError> {
        let row: Option<(i64, i64, i64, i64)> = on!(self, |connection| sign_in_failures::table
            .find(scope)
            .select((
                sign_in_failures::failures,
                sign_in_failures::first_at,
                sign_in_failures::last_at,
                sign_in_failures::blocked_until,
            ))
            .first(connection)
            .optional())?;
        Ok(row.map(|(count, first_at, last_at, blocked_until)| Failures {
            count,
            first_at: moment(first_at),
            last_at: moment(last_at),
            blocked_until: moment(blocked_until),
        }))
    }
}

impl WriteTx<'_> {
    /// Begins a session and notes the sign-in.
    pub fn save_sign_in(&mut self, sign_in: &SignIn) -> Result<(), StorageError> {
        let row = SessionRow::from(sign_in.session());
        on!(self, |connection| diesel::insert_into(sessions::table).values(&row).execute(connection))?;
        let rows = on!(self, |connection| diesel::update(people::table.find(&row.person_id))
            .set(people::last_sign_in_at.eq(row.created_at))
            .execute(connection))?;
        self.expect_one(rows, "people", &row.person_id)
    }

    /// Moves a session on, if it is still at the generation that was read and was not ended meanwhile.
    pub fn save_session(&mut self, before_generation: i64, session: &Session) -> Result<(), StorageError> {
        let row = SessionRow::from(session);
        let rows = on!(self, |connection| diesel::update(sessions::table.find(&row.id))
            .filter(sessions::generation.eq(before_generation).and(sessions::ended_at.is_null()))
            .set((
                sessions::generation.eq(row.generation),
                sessions::rotated_at.eq(row.rotated_at),
                sessions::expires_at.eq(row.expires_at),
                sessions::ended_at.eq(row.ended_at),
            ))
            .execute(connection))?;
        self.expect_one(rows, "sessions", &row.id)
    }

    /// Ends one session of a person; false if they have no such session that is good.
    pub fn end_session(&mut self, person: PersonId, session: SessionId, now: Timestamp) -> Result<bool, StorageError> {
        let (person, session) = (person.to_string(), session.to_string());
        let rows = on!(self, |connection| diesel::update(sessions::table.find(&session))
            .filter(sessions::person_id.eq(&person).and(sessions::ended_at.is_null()))
            .filter(sessions::expires_at.gt(now.micros()))
            .set(sessions::ended_at.eq(now.micros()))
            .execute(connection))?;
        Ok(rows > 0)
    }

    /// Ends all sessions of a person; tells how many there were that were good.
    pub fn end_sessions_of(&mut self, person: PersonId, now: Timestamp) -> Result<usize, StorageError> {
        let person = person.to_string();
        on!(self, |connection| diesel::update(sessions::table)
            .filter(sessions::person_id.eq(&person).and(sessions::ended_at.is_null()))
            .filter(sessions::expires_at.gt(now.micros()))
            .set(sessions::ended_at.eq(now.micros()))
            .execute(connection))
    }

    /// Ends what lets a person act, once they may not sign in any more (C-15); tells how many sessions it was.
    pub(crate) fn silence(
        &mut self,
        person: PersonId,
        status: PersonStatus,
        now: Timestamp,
    ) -> Result<usize, StorageError> {
        match status {
            PersonStatus::Active | PersonStatus::Invited => Ok(0),
            PersonStatus::Disabled | PersonStatus::Transferred => {
                self.void_links(person, None, now)?;
                self.end_sessions_of(person, now)
            }
        }
    }

    /// Makes the unused links of a person void; those of one purpose, or all.
    fn void_links(&mut self, person: PersonId, purpose: Option<&str>, now: Timestamp) -> Result<(), StorageError> {
        let person = person.to_string();
        on!(self, |connection| {
            let mut query = diesel::update(links::table)
                .filter(
                    links::person_id.eq(person.clone()).and(links::used_at.is_null()).and(links::voided_at.is_null()),
                )
                .into_boxed();
            query = match purpose {
                Some(purpose) => query.filter(links::purpose.eq(purpose.to_owned())),
                // Who was put aside may object all the same (E-4).
                None => query.filter(links::purpose.ne(LinkPurpose::Objection.name())),
            };
            query.set(links::voided_at.eq(now.micros())).execute(connection)
        })?;
        Ok(())
    }

    /// Makes a link void, unless it was used.
    pub(crate) fn void_link(&mut self, link: LinkId, now: Timestamp) -> Result<(), StorageError> {
        let id = link.to_string();
        on!(self, |connection| diesel::update(links::table.find(&id))
            .filter(links::used_at.is_null().and(links::voided_at.is_null()))
            .set(links::voided_at.eq(now.micros()))
            .execute(connection))?;
        Ok(())
    }

    /// Keeps a new link; the older ones for the same purpose are void (C-12), but for invitations, which come from several.
    pub fn save_link(&mut self, link: &Link) -> Result<(), StorageError> {
        if !matches!(link.purpose, LinkPurpose::Invitation) {
            self.void_links(link.person, Some(link.purpose.name()), link.created_at)?;
        }
        self.insert_links([link])
    }

    /// Keeps the first links of people who are new; there are no older ones.
    pub(crate) fn insert_links<'l>(&mut self, links: impl IntoIterator<Item = &'l Link>) -> Result<(), StorageError> {
        let rows: Vec<LinkRow> = links.into_iter().map(LinkRow::from).collect();
        insert_all!(self, links::table, rows)
    }

    /// Uses up a link; of two at once, one wins.
    pub fn use_link(&mut self, used: &Link) -> Result<(), StorageError> {
        let id = used.id.to_string();
        let at = used.used_at.map(Timestamp::micros);
        let rows = on!(self, |connection| diesel::update(links::table.find(&id))
            .filter(links::used_at.is_null().and(links::voided_at.is_null()))
            .set(links::used_at.eq(at))
            .execute(connection))?;
        self.expect_one(rows, "links", &id)
    }

    /// Keeps a password's hash in place of the older one.
    pub fn save_password(&mut self, person: PersonId, hash: &str, now: Timestamp) -> Result<(), StorageError> {
        let person = person.to_string();
        on!(self, |connection| diesel::delete(credentials::table.find(&person)).execute(connection))?;
        let row = (
            credentials::person_id.eq(person),
            credentials::password_hash.eq(hash),
            credentials::changed_at.eq(now.micros()),
        );
        on!(self, |connection| diesel::insert_into(credentials::table).values(row.clone()).execute(connection))?;
        Ok(())
    }

    /// Gives a person's next record the password that they have, so that they sign in as before (C-14).
    pub fn carry_password(&mut self, from: PersonId, to: PersonId, now: Timestamp) -> Result<(), StorageError> {
        match self.password_hash(from)? {
            Some(hash) => self.save_password(to, &hash, now),
            None => Ok(()),
        }
    }

    /// Keeps another hash of the same password, unless the password was changed meanwhile.
    pub fn renew_password_hash(&mut self, person: PersonId, before: &str, after: &str) -> Result<(), StorageError> {
        let person = person.to_string();
        on!(self, |connection| diesel::update(credentials::table.find(&person))
            .filter(credentials::password_hash.eq(before))
            .set(credentials::password_hash.eq(after))
            .execute(connection))?;
        Ok(())
    }

    /// Makes others who count failures of this account or address wait until the commit, so that few of them come too late.
    pub fn hold_sign_in_failures(&mut self, scope: &str) -> Result<(), StorageError> {
        on!(self, |connection| diesel::update(sign_in_failures::table.find(scope))
            .set(sign_in_failures::failures.eq(sign_in_failures::failures))
            .execute(connection))?;
        Ok(())
    }

    /// Keeps the failures of an account or address in place of those that were read; of two who count at once, one is
    /// repeated, so that none is lost.
    pub fn save_sign_in_failures(
        &mut self,
        scope: &str,
        before: Option<&Failures>,
        after: &Failures,
    ) -> Result<(), StorageError> {
        let values = (
            sign_in_failures::failures.eq(after.count),
            sign_in_failures::first_at.eq(after.first_at.micros()),
            sign_in_failures::last_at.eq(after.last_at.micros()),
            sign_in_failures::blocked_until.eq(after.blocked_until.micros()),
        );
        let rows = match before {
            Some(before) => on!(self, |connection| diesel::update(sign_in_failures::table.find(scope))
                .filter(sign_in_failures::failures.eq(before.count))
                .filter(sign_in_failures::last_at.eq(before.last_at.micros()))
                .set(values)
                .execute(connection))?,
            None => {
                let row = (sign_in_failures::scope.eq(scope), values);
                on!(self, |connection| diesel::insert_into(sign_in_failures::table).values(row).execute(connection))?
            }
        };
        self.expect_one(rows, "sign_in_failures", scope)
    }

    /// Forgets what cannot matter any more: failures that nobody remembers, and sessions and links that are long over.
    /// Tells how many rows it was.
    pub fn forget_spent(&mut self, failures_before: Timestamp, over_before: Timestamp) -> Result<usize, StorageError> {
        let failures = on!(self, |connection| diesel::delete(sign_in_failures::table)
            .filter(sign_in_failures::last_at.lt(failures_before.micros()))
            .filter(sign_in_failures::blocked_until.lt(failures_before.micros()))
            .execute(connection))?;
        let sessions = on!(self, |connection| diesel::delete(sessions::table)
            .filter(sessions::expires_at.lt(over_before.micros()).or(sessions::ended_at.lt(over_before.micros())))
            .execute(connection))?;
        let links = on!(self, |connection| diesel::delete(links::table)
            .filter(links::expires_at.lt(over_before.micros()))
            .execute(connection))?;
        let objections = Sql::<()>::new("DELETE FROM objection_links WHERE link_id NOT IN (SELECT l.id FROM links l)");
        on!(self, |connection| objections.execute(connection))?;
        Ok(failures + sessions + links)
    }

    /// Forgets the failures of an account.
    pub fn forget_sign_in_failures(&mut self, scope: &str) -> Result<(), StorageError> {
        on!(self, |connection| diesel::delete(sign_in_failures::table.find(scope)).execute(connection))?;
        Ok(())
    }
}
