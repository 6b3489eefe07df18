//! Uploads: never unknown, never taken away from whoever takes them up (S-6).

use mandate_core::attachment::Place;
use mandate_core::id::{AttachmentId, ServiceRequestId};
use mandate_core::time::{Span, Timestamp};

use super::common::{self, Database};
use super::{NOW, execute, organization, person, store, write};
use crate::{StorageError, Store, Upload};

fn upload(number: u128) -> Upload {
    Upload { id: AttachmentId::from_u128(number), place: Place::Request(ServiceRequestId::from_u128(1)) }
}

/// A store with a request, and uploads to it that began at these moments.
fn begun(database: &Database, moments: &[Timestamp]) -> Store {
    let store = store(database);
    let (request, organization, person) = (upload(1).place.id(), organization(1), person());
    write(&store, |tx| {
        execute(
            tx,
            &format!(
                "INSERT INTO service_requests (id, number, organization_id, subject, category, severity, status, \
                 submitted_by, submitter_organization_id, created_at, updated_at, activity_at, version, confidential) VALUES \
                 ('{request}', 1, '{organization}', '', '', 1, '', '{person}', '{organization}', 0, 0, 0, 1, FALSE)"
            ),
        )?;
        for (number, moment) in (1..).zip(moments) {
            tx.begin_upload(upload(number), *moment)?;
        }
        Ok(())
    })
    .unwrap();
    store
}

/// Makes a draft of an upload, as the save of an attachment does.
fn draft(store: &Store, number: u128, now: Timestamp) -> Result<(), StorageError> {
    let (Upload { id, place }, person) = (upload(number), person());
    write(store, |tx| {
        tx.keep_upload(id, now)?;
        execute(
            tx,
            &format!(
                "INSERT INTO attachments VALUES ('{id}', '{}', NULL, '{person}', '', '', '', 1, '', 0, 1, NULL)",
                place.id()
            ),
        )
    })
}

on_both! {
    fn what_is_old_is_abandoned_and_can_not_be_taken_up_any_more_s_6(database: Database) {
        let later = NOW.plus(Span::minutes(1));
        let store = begun(&database, &[NOW, NOW, NOW, later]);
        draft(&store, 2, NOW).unwrap();
        // Kept meanwhile: its day begins anew.
        draft(&store, 3, later).unwrap();
        let abandon = |limit| write(&store, |tx| tx.abandon_uploads(later, limit));
        assert_eq!(abandon(1), Ok(vec![upload(1)]));
        assert_eq!(abandon(10), Ok(vec![upload(1), upload(2)]));
        assert_eq!(store.glance(|tx| tx.attachment(upload(2).id)), Ok(None));
        for number in [1, 2] {
            assert_eq!(draft(&store, number, later), Err(StorageError::Contention));
            assert_eq!(write(&store, |tx| tx.release_upload(upload(number).id)), Err(StorageError::Contention));
            write(&store, |tx| tx.forget_upload(upload(number).id)).unwrap();
        }
        assert_eq!(abandon(10), Ok(Vec::new()));
        // What nobody abandoned is not forgotten.
        write(&store, |tx| tx.forget_upload(upload(4).id)).unwrap();
        write(&store, |tx| tx.release_upload(upload(3).id)).unwrap();
        assert_eq!(write(&store, |tx| tx.abandon_uploads(later.plus(Span::days(9)), 10)), Ok(vec![upload(4)]));
    }

    fn an_upload_that_became_a_draft_after_all_is_left_alone_s_6(database: Database) {
        let store = begun(&database, &[NOW, NOW, NOW]);
        draft(&store, 1, NOW).unwrap();
        let abandon = |number| write(&store, |tx| tx.abandon_upload(upload(number).id));
        assert_eq!((abandon(1), abandon(2), abandon(9)), (Ok(false), Ok(true), Ok(false)));
        // The draft can still be taken up.
        write(&store, |tx| tx.release_upload(upload(1).id)).unwrap();
        assert_eq!(draft(&store, 2, NOW), Err(StorageError::Contention));
        draft(&store, 3, NOW).unwrap();
    }
}
