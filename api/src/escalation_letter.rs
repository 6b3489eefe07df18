//! The letter of an escalation as an email: what its own signature says of it (E-6).

use std::sync::Arc;

use actix_web::web::BytesMut;
use futures_util::TryStreamExt as _;
use mandate_core::attachment::CreateAttachment;
use mandate_core::escalation_case::Letter;
use mandate_core::letter_signature::{SignatureCheck, SignatureResult};
use mandate_storage::{ReadTx, StorageError, Upload};

use crate::letter;
use crate::problem::Problem;
use crate::state::App;

/// Bytes of an email whose signature is checked, at most: it is held in memory for that.
const CHECKED_BYTES_MAX: i64 = 10 * 1024 * 1024;

/// Checks the signature of a file that was just stored, if it is an email; nothing for other files.
pub(crate) async fn check(
    app: &Arc<App>,
    upload: Upload,
    wanted: &CreateAttachment,
) -> Result<Option<SignatureCheck>, Problem> {
    let content = &wanted.content;
    let is_named_so = wanted.file_name.as_str().to_ascii_lowercase().ends_with(".eml");
    if !is_named_so && content.media_type.as_str() != "message/rfc822" {
        return Ok(None);
    }
    if content.size > CHECKED_BYTES_MAX {
        return Ok(Some(SignatureCheck::new(SignatureResult::NotChecked, None, None, app.now())));
    }
    let size = u64::try_from(content.size).unwrap_or_default();
    let unreadable = |error: String| Problem::unavailable(format!("the letter cannot be read back: {error}"));
    let stored = app.files.read(upload, size, 0..size).await.map_err(|error| unreadable(error.to_string()))?;
    let collect = stored.try_fold(BytesMut::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    let bytes = collect.await.map_err(|error| unreadable(error.to_string()))?.freeze();
    Ok(letter::check(bytes, app.now(), &app.letters).await.map(|(_, check)| check))
}

/// Whether a letter is an email that its author's own domain signed when it was received.
pub(crate) fn is_signed_by_author(tx: &mut ReadTx<'_>, letter: &Letter) -> Result<bool, StorageError> {
    let Some(author) = &letter.author_email else { return Ok(false) };
    let checks = tx.letter_signatures(&letter.attachments)?;
    Ok(checks.iter().any(|(_, check)| check.is_by(author, letter.received_at)))
}
