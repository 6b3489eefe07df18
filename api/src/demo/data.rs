//! The sample data: a vendor with its staff, three customers, two partners, their people, grants in every state and some
//! forty service requests in three languages.

use actix_web::http::Method;
use mandate_core::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::calls::Cast;
use super::escalation::escalate;
use super::filler::{Filler, text};
use super::records::{id_of, keep};
use super::threads::{FOR_CUSTOMERS, THREADS};

/// How long ago the story begins.
pub(super) const DAYS: i64 = 60;

pub(super) const ADMINISTRATOR: &str = "admin@northwind.example";
const AGENT: &str = "rosa.keller@northwind.example";
pub(super) const DUTY_MANAGER: &str = "tom.lindqvist@northwind.example";
const CONSULTANT: &str = "ines.moreau@northwind.example";

/// Name, role.
const STAFF: &[(&str, &str, &str)] = &[
    ("Rosa", "Keller", "agent"),
    ("Yusuf", "Demir", "agent"),
    ("Tom", "Lindqvist", "duty_manager"),
    ("Ines", "Moreau", "consultant"),
    ("Hana", "Sato", "technical_account_manager"),
    ("Liam", "Byrne", "customer_success_manager"),
    ("Nora", "Fischer", "sales_manager"),
];

struct Organization {
    kind: &'static str,
    name: &'static str,
    domain: &'static str,
    locale: &'static str,
    time_zone: &'static str,
    /// The first one becomes primary support contact with `manage_contacts`.
    people: &'static [Person],
}

struct Person {
    first: &'static str,
    last: &'static str,
    kind: &'static str,
    permission: &'static str,
    duties: &'static [&'static str],
}

const fn person(
    first: &'static str,
    last: &'static str,
    kind: &'static str,
    permission: &'static str,
    duties: &'static [&'static str],
) -> Person {
    Person { first, last, kind, permission, duties }
}

const ORGANIZATIONS: &[Organization] = &[
    Organization {
        kind: "customer",
        name: "Acme Logistics",
        domain: "acme.example",
        locale: "en",
        time_zone: "America/New_York",
        people: &[
            person("Ana", "Brooks", "primary_support", "manage_contacts", &["site_administrator"]),
            person("Ben", "Carter", "technical", "manage_contacts", &["it"]),
            person("Carla", "Dunn", "technical", "designated_support", &["operations"]),
            person("Dev", "Patel", "technical", "knowledge_base", &[]),
            person("Gina", "Frost", "primary_support", "designated_support", &["security"]),
            person("Henry", "Gale", "technical", "designated_support", &["web_development"]),
        ],
    },
    Organization {
        kind: "customer",
        name: "Banco Andino",
        domain: "andino.example",
        locale: "es",
        time_zone: "America/Bogota",
        people: &[
            person("Lucía", "Herrera", "primary_support", "manage_contacts", &["site_administrator", "security"]),
            person("Mateo", "Ríos", "technical", "manage_contacts", &["it"]),
            person("Sofía", "Vargas", "technical", "designated_support", &["operations"]),
        ],
    },
    Organization {
        kind: "customer",
        name: "Cafés do Sul",
        domain: "cafes.example",
        locale: "pt-BR",
        time_zone: "America/Sao_Paulo",
        people: &[
            person("Paula", "Nunes", "primary_support", "manage_contacts", &["it", "site_administrator"]),
            person("Rui", "Almeida", "technical", "designated_support", &["web_development"]),
        ],
    },
    Organization {
        kind: "partner",
        name: "Globex Consulting",
        domain: "globex.example",
        locale: "en",
        time_zone: "Europe/London",
        people: &[
            person("Mei", "Wong", "primary_support", "manage_contacts", &["it"]),
            person("Otto", "Baum", "technical", "designated_support", &[]),
            person("Priya", "Nair", "technical", "designated_support", &["operations"]),
        ],
    },
    Organization {
        kind: "partner",
        name: "Initech Services",
        domain: "initech.example",
        locale: "es",
        time_zone: "Europe/Madrid",
        people: &[
            person("Quim", "Soler", "primary_support", "manage_contacts", &["it"]),
            person("Vera", "Lozano", "technical", "designated_support", &[]),
            person("Walter", "Pons", "technical", "designated_support", &[]),
        ],
    },
];

/// Fills the database and tells who is who.
pub(super) async fn fill(filler: &Filler, now: Timestamp) -> Result<Cast, String> {
    let organizations = organizations(filler).await?;
    filler.accept_invitations(&["eva.stone@acme.example"]).await?;
    keep(filler, &organizations).await?;
    filler.advance(Span::days(1), now);
    let grants = grants(filler, &organizations, now).await?;
    filler.advance(Span::days(12), now);
    let requests = requests(filler, &organizations, now).await?;
    endings(filler, &organizations, &grants, now).await?;
    ask(filler, &organizations).await?;
    escalate(filler, &organizations).await?;
    cast(filler, &organizations, requests).await
}

fn email(person: &Person, domain: &str) -> String {
    let plain = |name: &str| name.to_lowercase().replace('í', "i");
    format!("{}.{}@{domain}", plain(person.first), plain(person.last))
}

fn body(organization: &Organization, person: &Person) -> Value {
    json!({
        "email": email(person, organization.domain), "first_name": person.first, "last_name": person.last,
        "phone": "+1.650.555.0100", "time_zone": organization.time_zone, "locale": organization.locale,
    })
}

/// Makes the organizations with their people and the vendor's staff; answers the organizations' ids in order.
async fn organizations(filler: &Filler) -> Result<Vec<String>, String> {
    let me = filler.call(ADMINISTRATOR, Method::GET, "/v1/me", Value::Null).await?;
    let vendor = text(&me, "organization_id")?;
    for (first, last, role) in STAFF {
        let email = format!("{}.{}@northwind.example", first.to_lowercase(), last.to_lowercase());
        let body = json!({"email": email, "first_name": first, "last_name": last, "roles": [role]});
        filler.post(ADMINISTRATOR, &format!("/v1/organizations/{vendor}/staff"), body).await?;
    }
    let mut ids = Vec::new();
    for organization in ORGANIZATIONS {
        let Some((first, others)) = organization.people.split_first() else { continue };
        let first_contact = body(organization, first);
        let wanted = json!({"kind": organization.kind, "name": organization.name, "domains": [organization.domain], "first_contact": first_contact});
        let id = text(&filler.post(ADMINISTRATOR, "/v1/organizations", wanted).await?, "id")?;
        filler.accept_invitations(&[]).await?;
        let manager = email(first, organization.domain);
        for person in others {
            let mut wanted = body(organization, person);
            wanted["type"] = json!(person.kind);
            wanted["permission"] = json!(person.permission);
            wanted["duties"] = json!(person.duties);
            filler.post(&manager, &format!("/v1/organizations/{id}/contacts"), wanted).await?;
        }
        ids.push(id);
    }
    let acme = ids.first().ok_or("no organization was made")?;
    let invited = json!({"email": "eva.stone@acme.example", "first_name": "Eva", "last_name": "Stone", "permission": "knowledge_base"});
    filler.accept_invitations(&[]).await?;
    filler.post("ana.brooks@acme.example", &format!("/v1/organizations/{acme}/contacts"), invited).await?;
    Ok(ids)
}

/// Makes grants: by whom, of which organization, to whom, at which level, for how many days.
async fn grants(filler: &Filler, ids: &[String], now: Timestamp) -> Result<Vec<String>, String> {
    let at = |index: usize| ids.get(index).cloned().unwrap_or_default();
    let organization = |index: usize| json!({"type": "organization", "id": at(index)});
    let person = async |email: &str| Ok::<_, String>(json!({"type": "contact", "id": id_of(filler, email).await?}));
    let consultant = json!({"type": "staff", "id": id_of(filler, CONSULTANT).await?});
    let (ana, lucia, paula) = ("ana.brooks@acme.example", "lucia.herrera@andino.example", "paula.nunes@cafes.example");
    let soon = Some(now.plus(Span::days(20)));
    let over = Some(filler.time().plus(Span::days(30)));
    let wanted = [
        (ana, 0, organization(3), "view", None),
        (ana, 0, person("otto.baum@globex.example").await?, "none", None),
        (ana, 0, person("quim.soler@initech.example").await?, "full_admin", None),
        (lucia, 1, organization(3), "create", soon),
        (lucia, 1, consultant, "view", soon),
        (lucia, 1, person("walter.pons@initech.example").await?, "update", None),
        (paula, 2, organization(4), "update", over),
        (paula, 2, person("vera.lozano@initech.example").await?, "cc", None),
        (paula, 2, organization(3), "service_admin", None),
    ];
    let mut made = Vec::new();
    for (who, grantor, grantee, level, expires_at) in wanted {
        let body = json!({
            "grantee": grantee, "level": level, "acknowledge_organization_wide_visibility": true,
            "expires_at": expires_at.map(|moment| moment.to_string()),
        });
        let path = format!("/v1/organizations/{}/partner-grants", at(grantor));
        made.push(text(&filler.post(who, &path, body).await?, "id")?);
    }
    Ok(made)
}

/// Makes the requests with their threads; answers the id of the first one.
async fn requests(filler: &Filler, ids: &[String], now: Timestamp) -> Result<String, String> {
    let mut first = String::new();
    for (index, (who, category, severity, subject, message, reply, thanks)) in THREADS.iter().enumerate() {
        let wanted = json!({"subject": subject, "category": category, "severity": severity, "message": message});
        let id = text(&filler.post(who, "/v1/service-requests", wanted).await?, "id")?;
        if first.is_empty() {
            let ben = json!({"person_id": id_of(filler, "ben.carter@acme.example").await?, "role": "secondary"});
            filler.post(who, &format!("/v1/service-requests/{id}/participants"), ben).await?;
        }
        filler.advance(Span::hours(9), now);
        let path = format!("/v1/service-requests/{id}/messages");
        if index % 5 == 0 {
            filler
                .post(
                    AGENT,
                    &path,
                    json!({"body": "Seen twice this week; compare with the other tenants.", "internal": true}),
                )
                .await?;
        }
        if !reply.is_empty() {
            // The first one comes with a file.
            let attached = if first.is_empty() {
                vec![
                    filler
                        .upload(
                            AGENT,
                            &format!("/v1/service-requests/{id}"),
                            ("renewal.log", "text/plain"),
                            "05:58 certificate expired\n07:41 certificate renewed\n",
                        )
                        .await?,
                ]
            } else {
                Vec::new()
            };
            filler.post(AGENT, &path, json!({"body": reply, "attachment_ids": attached})).await?;
        }
        if !thanks.is_empty() {
            filler.advance(Span::hours(3), now);
            filler.post(who, &path, json!({"body": thanks})).await?;
            filler
                .call(AGENT, Method::PATCH, &format!("/v1/service-requests/{id}"), json!({"status": "solved"}))
                .await?;
        }
        if index % 7 == 0 && !thanks.is_empty() {
            filler
                .call(DUTY_MANAGER, Method::PATCH, &format!("/v1/service-requests/{id}"), json!({"status": "closed"}))
                .await?;
        }
        if first.is_empty() {
            first = id;
        }
    }
    for (who, customer, severity, subject, message) in FOR_CUSTOMERS {
        let organization_id = ids.get(*customer).cloned().unwrap_or_default();
        let wanted = json!({"organization_id": organization_id, "subject": subject, "category": "incident", "severity": severity, "message": message});
        filler.post(who, "/v1/service-requests", wanted).await?;
        filler.advance(Span::hours(5), now);
    }
    Ok(first)
}

/// Takes one grant back, and lets one end with its holder; one more has expired by now.
async fn endings(filler: &Filler, ids: &[String], grants: &[String], now: Timestamp) -> Result<(), String> {
    let revoked = grants.last().ok_or("no grant was made")?;
    let path = format!("/v1/partner-grants/{revoked}/revoke");
    filler.post("paula.nunes@cafes.example", &path, json!({"reason": "the project is over"})).await?;
    let walter = id_of(filler, "walter.pons@initech.example").await?;
    let path = format!("/v1/contacts/{walter}/disable");
    filler.post("quim.soler@initech.example", &path, json!({"reason": "left the company"})).await?;
    let acme = ids.first().cloned().unwrap_or_default();
    let left = json!({"email": "frank.ivers@acme.example", "first_name": "Frank", "last_name": "Ivers", "permission": "designated_support"});
    let contact = filler.post("ana.brooks@acme.example", &format!("/v1/organizations/{acme}/contacts"), left).await?;
    let path = format!("/v1/contacts/{}/disable", text(&contact, "id")?);
    filler.post("ana.brooks@acme.example", &path, json!({"reason": "changed to another department"})).await?;
    filler.advance(Span::days(DAYS), now);
    Ok(())
}

/// A partner has asked for a grant, and nobody has answered yet.
async fn ask(filler: &Filler, ids: &[String]) -> Result<(), String> {
    let initech = ids.get(4).cloned().unwrap_or_default();
    let vera = json!({"type": "contact", "id": id_of(filler, "vera.lozano@initech.example").await?});
    let wanted = json!({
        "grantor": {"domain": "acme.example"}, "grantee": vera, "level": "update", "message": "we begin with the migration soon",
    });
    let path = format!("/v1/organizations/{initech}/partner-grant-requests");
    filler.post("quim.soler@initech.example", &path, wanted).await.map(drop)
}

async fn cast(filler: &Filler, ids: &[String], request: String) -> Result<Cast, String> {
    let at = |index: usize| ids.get(index).cloned().unwrap_or_default();
    Ok(Cast {
        acme: at(0),
        globex: at(3),
        otto: id_of(filler, "otto.baum@globex.example").await?,
        mei: id_of(filler, "mei.wong@globex.example").await?,
        carla: id_of(filler, "carla.dunn@acme.example").await?,
        ana: id_of(filler, "ana.brooks@acme.example").await?,
        request,
    })
}
