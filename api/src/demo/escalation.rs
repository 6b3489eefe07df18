//! An escalation in review: the primary support contact of the coffee company does not answer any more.

use serde_json::{Value, json};

use super::data::DUTY_MANAGER;
use super::filler::{Filler, text};
use super::records::id_of;

const RUI: &str = "rui.almeida@cafes.example";

/// The letter, as a mail program saved it.
const LETTER: &str = "From: Teresa Moura <teresa.moura@cafes.example>\r\n\
    To: support@northwind.example\r\n\
    Subject: Our new primary support contact\r\n\
    \r\n\
    Bia Prado is our primary support contact from now on, and shall have permission to create contact records for us.\r\n\
    You reach her at bia.prado@cafes.example, +55.11.5555.0100, Rua do Porto 12, Santos.\r\n\
    \r\n\
    Teresa Moura, Director of Operations\r\n";

/// A contact of the coffee company asks for another primary support contact, and a duty manager has begun to verify the letter.
pub(super) async fn escalate(filler: &Filler, ids: &[String]) -> Result<(), String> {
    let cafes = ids.get(2).cloned().unwrap_or_default();
    let paula = id_of(filler, "paula.nunes@cafes.example").await?;
    let wanted = json!({
        "channel": "service_request",
        "letter": {
            "author_name": "Teresa Moura", "author_title": "Director of Operations", "author_seniority": "director",
            "author_email": "teresa.moura@cafes.example", "signed": true, "grants_contact_creation": true,
        },
        "nominee": {
            "email": "bia.prado@cafes.example", "first_name": "Bia", "last_name": "Prado", "phone": "+55.11.5555.0100",
            "time_zone": "America/Sao_Paulo",
            "mailing_address": {"lines": ["Rua do Porto 12"], "city": "Santos", "country": "BR"},
        },
        "unavailable": [{"contact_id": paula, "reason": "unreachable", "note": "three calls in a week, no answer"}],
    });
    let opened = filler.post(RUI, &format!("/v1/organizations/{cafes}/escalations"), wanted).await?;
    let path = format!("/v1/escalations/{}", text(&opened, "id")?);
    filler.upload(RUI, &path, ("letter.eml", "message/rfc822"), LETTER).await?;
    filler.post(DUTY_MANAGER, &format!("{path}/review"), json!({})).await?;
    let read: Vec<Value> =
        ["author_title", "author_seniority", "nominee_email", "nominee_mailing_address", "express_statement"]
            .iter()
            .map(|item| json!({"item": item, "method": "letter_read"}))
            .collect();
    filler.post(DUTY_MANAGER, &format!("{path}/verify"), json!({"items": read})).await.map(drop)
}
