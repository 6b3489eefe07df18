//! Addresses that their mail servers refused for good (S-12b): noted by the worker beside the contact, without a decision and without a
//! new version, because it changes nobody's authority; as signing in is.

use diesel::prelude::*;
use mandate_core::contact::Contact;
use mandate_core::id::PersonId;
use mandate_core::text::Email;
use mandate_core::time::Timestamp;

use crate::backend::on;
use crate::column::moment;
use crate::error::StorageError;
use crate::people::PersonRow;
use crate::schema::{people, undeliverable_emails};
use crate::tx::{ReadTx, WriteTx};

impl ReadTx<'_> {
    /// The contacts of these rows, each with whether emails reach them.
    pub(crate) fn read_contacts(&mut self, rows: Vec<PersonRow>) -> Result<Vec<Contact>, StorageError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let noted: Vec<(String, String, i64)> = on!(self, |connection| undeliverable_emails::table
            .filter(undeliverable_emails::person_id.eq_any(&ids))
            .select((undeliverable_emails::person_id, undeliverable_emails::email, undeliverable_emails::since))
            .load(connection))?;
        rows.into_iter()
            .map(|row| {
                let id = row.id.clone();
                let contact = Contact::try_from(row)?;
                // It was about the address that they had then.
                let of_it =
                    noted.iter().find(|(person, email, _)| *person == id && email == contact.profile.email.as_str());
                Ok(Contact { email_undeliverable_since: of_it.map(|(.., since)| moment(*since)), ..contact })
            })
            .collect()
    }
}

impl WriteTx<'_> {
    /// Notes that the mail server of a contact's address refused it for good, and what it said; the first time counts. Nothing where
    /// the person is a staff member or has another address by now.
    pub fn note_undeliverable(
        &mut self,
        person: PersonId,
        address: &Email,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let (id, address) = (person.to_string(), address.as_str());
        let query = people::table
            .find(&id)
            .filter(people::email.eq(address).and(people::contact_type.is_not_null()))
            .select(people::organization_id);
        let organization: Option<String> = on!(self, |connection| query.first(connection).optional())?;
        let Some(organization) = organization else { return Ok(()) };
        let query = undeliverable_emails::table.find(&id).select(undeliverable_emails::email);
        let noted: Option<String> = on!(self, |connection| query.first(connection).optional())?;
        if noted.as_deref() == Some(address) {
            return Ok(());
        }
        self.forget_undeliverable(&id)?;
        let row = (
            undeliverable_emails::person_id.eq(&id),
            undeliverable_emails::organization_id.eq(&organization),
            undeliverable_emails::email.eq(address),
            undeliverable_emails::since.eq(now.micros()),
            undeliverable_emails::reason.eq(reason),
        );
        on!(self, |connection| diesel::insert_into(undeliverable_emails::table).values(row).execute(connection))?;
        Ok(())
    }

    /// Notes that an email got through to somebody.
    pub fn note_delivered(&mut self, person: PersonId) -> Result<(), StorageError> {
        self.forget_undeliverable(&person.to_string())
    }

    fn forget_undeliverable(&mut self, person: &str) -> Result<(), StorageError> {
        let row = undeliverable_emails::table.find(person);
        on!(self, |connection| diesel::delete(row).execute(connection)).map(drop)
    }
}
