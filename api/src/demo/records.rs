//! How the organizations of the sample data keep their lists right: sites, account teams, reviews, training notes, call
//! hours; and the knowledge base.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::data::ADMINISTRATOR;
use super::filler::{Filler, text};

const AGENT: &str = "rosa.keller@northwind.example";
const ANA: &str = "ana.brooks@acme.example";
const BEN: &str = "ben.carter@acme.example";

/// Title, language, product, text.
const ARTICLES: &[(&str, &str, &str, &str)] = &[
    (
        "Bring a label printer back online",
        "en",
        "Warehouse",
        "1. Open *Devices*.\n2. Choose the printer and **Reconnect**.\n3. Print a test page.",
    ),
    (
        "Recuperar el acceso de un administrador",
        "es",
        "Console",
        "Pida a un contacto principal de soporte que abra una solicitud de la categoría `password_reset`.",
    ),
    (
        "Preparar uma atualização de versão",
        "pt-BR",
        "Console",
        "Verifique as integrações, avise os usuários e abra uma solicitação da categoria `upgrade`.",
    ),
];

/// Sites, account teams, a review under way, a training note, call hours and articles; `ids` are the organizations'.
pub(super) async fn keep(filler: &Filler, ids: &[String]) -> Result<(), String> {
    let acme = ids.first().ok_or("no organization was made")?;
    for (title, language, product, body) in ARTICLES {
        let article = json!({"title": title, "language": language, "products": [product], "body": body});
        filler.post(AGENT, "/v1/articles", article).await?;
    }
    account_teams(filler, ids).await?;
    sites(filler, acme).await?;
    let review = filler.post(ANA, &format!("/v1/organizations/{acme}/contact-reviews"), json!({})).await?;
    let (carla, dev) =
        (id_of(filler, "carla.dunn@acme.example").await?, id_of(filler, "dev.patel@acme.example").await?);
    let confirm = format!("/v1/contact-reviews/{}/confirm", text(&review, "id")?);
    filler.post(BEN, &confirm, json!({"contact_ids": [carla, dev]})).await?;
    let henry = id_of(filler, "henry.gale@acme.example").await?;
    let note = json!({"needed": true, "note": "has not seen the new console"});
    filler.post(AGENT, &format!("/v1/contacts/{henry}/training"), note).await?;
    let call = json!({"phone": "+1.650.555.0199", "from": "07:00", "until": "22:00"});
    let preferences = json!({"notification_preferences": {"severity_1": call}});
    filler.call(ANA, Method::PATCH, "/v1/me", preferences).await.map(drop)
}

/// Who of the vendor looks after each customer and partner.
async fn account_teams(filler: &Filler, ids: &[String]) -> Result<(), String> {
    let team = json!({
        "technical_account_manager": id_of(filler, "hana.sato@northwind.example").await?,
        "customer_success_manager": id_of(filler, "liam.byrne@northwind.example").await?,
        "sales_manager": id_of(filler, "nora.fischer@northwind.example").await?,
    });
    for organization in ids {
        let path = format!("/v1/organizations/{organization}/account-team");
        filler.call(ADMINISTRATOR, Method::PUT, &path, team.clone()).await?;
    }
    Ok(())
}

/// Acme works at two sites, one of them in shifts.
async fn sites(filler: &Filler, acme: &str) -> Result<(), String> {
    let path = format!("/v1/organizations/{acme}/sites");
    let harbour = json!({
        "name": "Harbour", "time_zone": "America/New_York",
        "shifts": [{"name": "day", "from": "06:00", "until": "18:00"}, {"name": "night", "from": "18:00", "until": "06:00"}],
    });
    let harbour = text(&filler.post(ANA, &path, harbour).await?, "id")?;
    let office = json!({"name": "Office", "time_zone": "America/Chicago"});
    let office = text(&filler.post(ANA, &path, office).await?, "id")?;
    let ben = json!({"site_ids": [harbour], "site_shifts": [{"site_id": harbour, "name": "day"}]});
    filler.call(ANA, Method::PATCH, &format!("/v1/contacts/{}", id_of(filler, BEN).await?), ben).await?;
    let ana = json!({"site_ids": [harbour, office]});
    filler.call(BEN, Method::PATCH, &format!("/v1/contacts/{}", id_of(filler, ANA).await?), ana).await.map(drop)
}

/// The id of somebody, by email.
pub(super) async fn id_of(filler: &Filler, email: &str) -> Result<String, String> {
    text(&filler.call(email, Method::GET, "/v1/me", Value::Null).await?, "id")
}
