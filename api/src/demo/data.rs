//! The sample data: a vendor with its staff, three customers, two partners, their people, grants in every state and some
//! forty service requests in three languages.

use actix_web::http::Method;
use mandate_core::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::calls::Cast;
use super::filler::{Filler, text};

/// How long ago the story begins.
pub(super) const DAYS: i64 = 60;

pub(super) const ADMINISTRATOR: &str = "admin@northwind.example";
const AGENT: &str = "rosa.keller@northwind.example";
const DUTY_MANAGER: &str = "tom.lindqvist@northwind.example";
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

/// Who asks, category, severity, subject, first message, the desk's reply, the answer to that.
type Thread = (&'static str, &'static str, i32, &'static str, &'static str, &'static str, &'static str);

const THREADS: &[Thread] = &[
    (
        "carla.dunn@acme.example",
        "incident",
        1,
        "Warehouse scanners cannot sign in",
        "Since 06:00 no scanner signs in. Error 500 after the password.",
        "A certificate expired on our side; it is renewed. Please try again.",
        "All scanners are back. Thank you!",
    ),
    (
        "carla.dunn@acme.example",
        "question",
        3,
        "How do we export last year's tickets?",
        "We need them as CSV for the auditors.",
        "Reports > Export, choose the period. The file has one row per ticket.",
        "",
    ),
    (
        "ben.carter@acme.example",
        "incident",
        2,
        "Chat widget blank on Safari",
        "The widget stays white on Safari 19, other browsers are fine.",
        "We can reproduce it and have a fix in test.",
        "",
    ),
    (
        "ana.brooks@acme.example",
        "password_reset",
        2,
        "Reset the site administrator's password",
        "Our administrator is locked out; please reset by phone.",
        "Reset after a call-back to the number on record.",
        "Confirmed, she is in.",
    ),
    (
        "henry.gale@acme.example",
        "feature_request",
        4,
        "Dark mode for the agent desktop",
        "Night shifts would love it.",
        "",
        "",
    ),
    (
        "ana.brooks@acme.example",
        "upgrade",
        3,
        "Plan the upgrade to 26B",
        "We would like the second weekend of next month.",
        "Booked. The checklist is attached to the change.",
        "",
    ),
    (
        "gina.frost@acme.example",
        "access_request",
        3,
        "Audit access for two weeks",
        "Our auditor needs to read configuration records.",
        "",
        "",
    ),
    (
        "henry.gale@acme.example",
        "incident",
        3,
        "Knowledge articles show broken images",
        "Images uploaded before May answer 404.",
        "They were moved to the new store; a redirect is being set up.",
        "",
    ),
    (
        "carla.dunn@acme.example",
        "question",
        4,
        "Limits of the public API",
        "How many calls per minute may our integration make?",
        "Six hundred per integration user; bursts of twice that are fine.",
        "Perfect, that is plenty.",
    ),
    (
        "ben.carter@acme.example",
        "incident",
        2,
        "Emails arrive two hours late",
        "Replies from agents reach our customers with a delay since Monday.",
        "The queue was stuck behind one mailbox. It has drained.",
        "",
    ),
    (
        "lucia.herrera@andino.example",
        "incident",
        1,
        "El portal no responde desde las 8:00",
        "Ningún cliente puede abrir solicitudes. Vemos el error 503.",
        "Hemos reiniciado el nodo afectado; el servicio está restablecido.",
        "Confirmado, gracias por la rapidez.",
    ),
    (
        "sofia.vargas@andino.example",
        "question",
        3,
        "¿Cómo añadimos un campo al formulario?",
        "Necesitamos el número de sucursal en cada solicitud.",
        "En Configuración > Formularios puede añadir el campo como obligatorio.",
        "",
    ),
    (
        "mateo.rios@andino.example",
        "incident",
        2,
        "Los informes nocturnos no llegan",
        "Desde el viernes no recibimos el informe de las 02:00.",
        "El programador tenía una zona horaria equivocada; ya está corregido.",
        "",
    ),
    (
        "lucia.herrera@andino.example",
        "hidden_configuration",
        3,
        "Activar la retención de siete años",
        "Por regulación debemos conservar los mensajes siete años.",
        "",
        "",
    ),
    (
        "sofia.vargas@andino.example",
        "feature_request",
        4,
        "Firma electrónica en las solicitudes",
        "Nos permitiría eliminar el papel.",
        "",
        "",
    ),
    (
        "mateo.rios@andino.example",
        "question",
        3,
        "Migración de contactos desde el sistema anterior",
        "Tenemos 4.200 contactos en una hoja de cálculo.",
        "La importación masiva acepta CSV; le envío la plantilla.",
        "Recibida, la probamos esta semana.",
    ),
    (
        "lucia.herrera@andino.example",
        "site_deletion",
        4,
        "Eliminar el entorno de pruebas antiguo",
        "Ya no lo utilizamos desde marzo.",
        "",
        "",
    ),
    (
        "sofia.vargas@andino.example",
        "incident",
        3,
        "Acentos incorrectos en los correos",
        "Los asuntos muestran caracteres extraños en Outlook.",
        "Corregido en la plantilla; los nuevos correos salen bien.",
        "",
    ),
    (
        "paula.nunes@cafes.example",
        "incident",
        2,
        "Pedidos do site não viram chamados",
        "Desde ontem os pedidos do formulário não aparecem.",
        "A integração foi reativada e os pedidos pendentes foram importados.",
        "Tudo certo agora, obrigada!",
    ),
    (
        "rui.almeida@cafes.example",
        "question",
        4,
        "Onde troco o idioma da página?",
        "Queremos oferecer também em espanhol.",
        "Em Site > Idiomas; a tradução padrão já vem instalada.",
        "",
    ),
    (
        "paula.nunes@cafes.example",
        "contact_record_edit",
        3,
        "Corrigir o sobrenome de um contato",
        "O cadastro de Rui está com o sobrenome antigo.",
        "Corrigido. A alteração está no histórico.",
        "",
    ),
    (
        "rui.almeida@cafes.example",
        "incident",
        3,
        "Anexos acima de 10 MB falham",
        "O envio para aos 60 % com arquivos grandes.",
        "Estamos investigando o tempo limite do proxy.",
        "",
    ),
    (
        "rui.almeida@cafes.example",
        "feature_request",
        4,
        "Aviso no WhatsApp",
        "Nossos clientes preferem mensagens a e-mails.",
        "",
        "",
    ),
    (
        "paula.nunes@cafes.example",
        "question",
        3,
        "Como ver quem leu um artigo?",
        "Gostaríamos de medir o uso da base de conhecimento.",
        "O relatório Artigos > Leituras mostra por dia e por perfil.",
        "",
    ),
    (
        "mei.wong@globex.example",
        "question",
        3,
        "Sandbox for our consultants",
        "We train six new people next week and need a sandbox.",
        "Created; the invitation is in your mailbox.",
        "Everybody is in, thanks.",
    ),
    (
        "priya.nair@globex.example",
        "incident",
        3,
        "Partner portal: filter resets itself",
        "The customer filter is lost after each reply.",
        "Known, fixed in the next release.",
        "",
    ),
    (
        "otto.baum@globex.example",
        "feature_request",
        4,
        "Bulk reply",
        "Answering the same question for ten customers takes long.",
        "",
        "",
    ),
    (
        "quim.soler@initech.example",
        "question",
        3,
        "Certificación de nuestros técnicos",
        "¿Cuándo es la próxima convocatoria?",
        "El día 15; les he reservado cuatro plazas.",
        "Muchas gracias.",
    ),
    (
        "vera.lozano@initech.example",
        "incident",
        2,
        "No recibimos avisos de severidad 1",
        "Ayer perdimos un aviso durante la guardia.",
        "El número de teléfono tenía un dígito de menos; está corregido.",
        "",
    ),
    (
        "carla.dunn@acme.example",
        "incident",
        2,
        "Search finds nothing after the maintenance",
        "Any word answers zero results since last night.",
        "The index is being rebuilt; two hours to go.",
        "",
    ),
    (
        "henry.gale@acme.example",
        "question",
        4,
        "Which browsers are supported?",
        "We are planning new kiosks.",
        "The last two versions of Chrome, Edge, Firefox and Safari.",
        "",
    ),
    (
        "ben.carter@acme.example",
        "question",
        3,
        "Single sign-on with two domains",
        "Can people of both our domains use the same provider?",
        "",
        "",
    ),
    (
        "sofia.vargas@andino.example",
        "question",
        4,
        "Horario de soporte en festivos",
        "¿Hay guardia el día 8?",
        "Sí, la severidad 1 se atiende siempre.",
        "",
    ),
    (
        "rui.almeida@cafes.example",
        "incident",
        4,
        "Logotipo cortado no celular",
        "Em telas pequenas o logotipo some pela metade.",
        "",
        "",
    ),
    (
        "paula.nunes@cafes.example",
        "incident",
        3,
        "Relatório mensal com dia a menos",
        "O mês termina no dia 30 mesmo quando tem 31.",
        "Erro de fuso horário; corrigido e reprocessado.",
        "Conferido, agora bate.",
    ),
    (
        "mateo.rios@andino.example",
        "incident",
        3,
        "El chat pierde mensajes al cambiar de red",
        "Al pasar de Wi-Fi a datos se pierde el último mensaje.",
        "",
        "",
    ),
];

/// Requests that a partner submits for a customer: who, the customer's place in [`ORGANIZATIONS`], severity, subject, message.
const FOR_CUSTOMERS: &[(&str, usize, i32, &str, &str)] = &[
    (
        "mei.wong@globex.example",
        1,
        2,
        "Integración con el core bancario se detiene",
        "El conector deja de leer tras 10.000 registros.",
    ),
    (
        "priya.nair@globex.example",
        1,
        3,
        "Cambio de dominio del portal",
        "El banco publica el portal bajo un dominio nuevo el lunes.",
    ),
    (
        "quim.soler@initech.example",
        0,
        3,
        "Nightly import needs a larger window",
        "Acme's import takes 70 minutes; the window is 60.",
    ),
    (
        "quim.soler@initech.example",
        0,
        2,
        "Reset an administrator for Acme",
        "Their administrator left his phone on a plane.",
    ),
];

/// Fills the database and tells who is who.
pub(super) async fn fill(filler: &Filler, now: Timestamp) -> Result<Cast, String> {
    let organizations = organizations(filler).await?;
    filler.accept_invitations(&["eva.stone@acme.example"]).await?;
    filler.advance(Span::days(1), now);
    let grants = grants(filler, &organizations, now).await?;
    filler.advance(Span::days(12), now);
    let requests = requests(filler, &organizations, now).await?;
    endings(filler, &organizations, &grants, now).await?;
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

/// The id of somebody, by email.
async fn person_id(filler: &Filler, email: &str) -> Result<String, String> {
    text(&filler.call(email, Method::GET, "/v1/me", Value::Null).await?, "id")
}

/// Makes grants: by whom, of which organization, to whom, at which level, for how many days.
async fn grants(filler: &Filler, ids: &[String], now: Timestamp) -> Result<Vec<String>, String> {
    let at = |index: usize| ids.get(index).cloned().unwrap_or_default();
    let organization = |index: usize| json!({"type": "organization", "id": at(index)});
    let person = async |email: &str| Ok::<_, String>(json!({"type": "contact", "id": person_id(filler, email).await?}));
    let consultant = json!({"type": "staff", "id": person_id(filler, CONSULTANT).await?});
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
            filler.post(AGENT, &path, json!({"body": reply})).await?;
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
    let walter = person_id(filler, "walter.pons@initech.example").await?;
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

async fn cast(filler: &Filler, ids: &[String], request: String) -> Result<Cast, String> {
    let at = |index: usize| ids.get(index).cloned().unwrap_or_default();
    Ok(Cast {
        acme: at(0),
        globex: at(3),
        otto: person_id(filler, "otto.baum@globex.example").await?,
        mei: person_id(filler, "mei.wong@globex.example").await?,
        carla: person_id(filler, "carla.dunn@acme.example").await?,
        ana: person_id(filler, "ana.brooks@acme.example").await?,
        request,
    })
}
