//! Every operation of `openapi.yaml` as everybody: the matrix, and that what one may not know of answers as what
//! does not exist.

use std::collections::{BTreeMap, BTreeSet};

use mandate_tests::{Actor, Answer, Payload, Value, World, days, e2e, json, person, snapshot, with};

use crate::partner_grant::{offer, person as grantee, whole};

/// What an answer says, in short.
pub(crate) fn outcome(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.code()).trim_end().to_owned()
}

/// Rows of cells, each with its column's name, as text: those who fare alike in one line.
pub(crate) fn grouped(rows: &[(String, Vec<(String, String)>)]) -> String {
    let mut text = String::new();
    for (row, cells) in rows {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for (column, cell) in cells {
            match groups.iter_mut().find(|(known, _)| known == cell) {
                Some((_, columns)) => columns.push(column),
                None => groups.push((cell, vec![column])),
            }
        }
        text += &format!("{row}\n");
        for (cell, columns) in groups {
            text += &format!("    {cell}: {}\n", columns.join(", "));
        }
    }
    text
}

/// An operation as the document has it.
struct Operation {
    id: String,
    method: String,
    path: String,
    /// Whether no credentials are asked for.
    is_public: bool,
}

fn operations() -> Vec<Operation> {
    let document: Value = yaml_serde::from_str(&mandate_api::openapi::yaml()).expect("the document is YAML");
    let is_open = |security: &Value| security.as_array().is_some_and(|all| all.is_empty() || all.contains(&json!({})));
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let security = operation.get("security").unwrap_or(&document["security"]);
            operations.push(Operation {
                id: id.to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                is_public: security.is_null() || is_open(security),
            });
        }
    }
    operations
}

/// The customer whose things everybody tries to reach, and those things.
struct Scene {
    world: World,
    acme: Actor,
    globex: Actor,
    ben: Actor,
    spare: Actor,
    vendor: String,
    grant: String,
    request: String,
    attachment: String,
    session: String,
    site: String,
    review: String,
    /// The organization of those who are invited.
    umbrella: Actor,
    invited: String,
    article: String,
    /// Somebody who takes part in the request.
    helper: String,
    /// Makes names of things differ.
    count: usize,
}

impl Scene {
    async fn new(world: &World) -> Self {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let ben = acme.contact("ben", "designated_support").await;
        let spare = world.staff("spare", &["sales_manager"]).await;
        let grant = acme.grant_organization(&globex, "view").await.id();
        let request = acme.request("The printer is on fire").await.id();
        let attachment = acme.upload(&request, "fire.txt", "text/plain", "It burns.").await.expect(201).id();
        acme.reply_with(&request, "See the file.", &[&attachment]).await;
        let session = world.sign_in(&acme.email).await.session_id();
        let review = acme.post(acme.own("contact-reviews"), ()).await.expect(201).id();
        let site = json!({"name": "Plant", "time_zone": "America/Sao_Paulo"});
        let site = acme.post(acme.own("sites"), site).await.expect(201).id();
        let vendor = spare.organization_id.clone();
        let article = json!({"title": "Reset", "body": "Hold the button."});
        let article = world.agent().await.post("/v1/articles", article).await.expect(201).id();
        let helper = acme.invited("hal", json!({"permission": "designated_support"})).await.id();
        let umbrella = world.customer("Umbrella", "umbrella.example").await;
        let invited = String::new();
        Self {
            world: world.clone(),
            acme,
            globex,
            ben,
            spare,
            vendor,
            grant,
            request,
            attachment,
            session,
            site,
            article,
            review,
            umbrella,
            invited,
            helper,
            count: 0,
        }
    }

    /// Who tries, by what they are to the customer.
    async fn actors(&self) -> Vec<(&'static str, Actor)> {
        let (world, acme, globex) = (&self.world, &self.acme, &self.globex);
        let mut actors = vec![
            ("nobody", world.anonymous()),
            ("stranger", world.customer("Initech", "initech.example").await),
            ("knowledge_base member", acme.contact("kim", "knowledge_base").await),
            ("designated_support member", acme.contact("dan", "designated_support").await),
            ("contact manager", acme.contact("mia", "manage_contacts").await),
            ("primary contact manager", acme.clone()),
            ("partner by an organization-wide view", globex.contact("wim", "designated_support").await),
        ];
        for (name, level) in [
            ("partner shut out by none", "none"),
            ("partner with cc", "cc"),
            ("partner with view", "view"),
            ("partner with update", "update"),
            ("partner with create", "create"),
            ("partner with service_admin", "service_admin"),
            ("partner with full_admin", "full_admin"),
        ] {
            let partner = globex.contact(&level.replace('_', "-"), "designated_support").await;
            acme.grant_person(&partner, level).await;
            actors.push((name, partner));
        }
        actors.push(("consultant without grant", world.consultant().await));
        actors.push(("agent", world.agent().await));
        actors.push(("administrator", world.admin().await));
        actors
    }

    fn fresh(&mut self, domain: &str) -> Value {
        self.count += 1;
        person(&format!("fresh{}@{domain}", self.count))
    }

    /// A contact of the customer for one trial alone.
    async fn contact(&mut self) -> String {
        let body = with(self.fresh("acme.example"), json!({"permission": "designated_support"}));
        self.acme.post(self.acme.own("contacts"), body).await.expect(201).id()
    }

    /// A staff member for one trial alone.
    async fn staff(&mut self) -> String {
        let body = with(self.fresh("vendor.example"), json!({"roles": ["consultant"]}));
        let path = format!("/v1/organizations/{}/staff", self.vendor);
        self.world.admin().await.post(path, body).await.expect(201).id()
    }

    /// An invitation of the customer's to somebody who exists for one trial alone.
    async fn invitation(&mut self) -> String {
        let body = json!({"email": self.wanted().await, "permission": "knowledge_base"});
        self.acme.post(self.acme.own("invitations"), body).await.expect(201).id()
    }

    /// The email of a contact elsewhere whom the customer may invite.
    async fn wanted(&mut self) -> String {
        let body = with(self.fresh("acme.example"), json!({"permission": "knowledge_base"}));
        let contact = self.umbrella.post(self.umbrella.own("contacts"), body).await.expect(201);
        contact["email"].as_str().unwrap_or_default().to_owned()
    }

    /// An escalation of the customer's that nobody has looked at yet; another one that is under way is rejected for it.
    async fn escalation(&mut self) -> String {
        let duty = self.world.duty_manager().await;
        let list = self.acme.own("escalations");
        let query = "status=submitted&status=in_review&status=information_requested&status=approved&status=objected";
        for found in duty.get(format!("{list}?{query}")).await.expect(200).rows() {
            let id = found["id"].as_str().unwrap_or_default();
            if found["status"] == "submitted" {
                return id.to_owned();
            }
            // Somebody who did nothing else, for nobody decides about what they changed.
            let closer = self.world.staff("closer", &["duty_manager"]).await;
            closer.post(format!("/v1/escalations/{id}/reject"), json!({"reason": "again"})).await.expect(200);
        }
        let opened = self.acme.post(list, self.escalating()).await.expect(201);
        opened.id()
    }

    /// What opens an escalation for the customer.
    fn escalating(&self) -> Value {
        json!({"channel": "service_request", "nominee": {"email": "nora@acme.example", "first_name": "Nora", "last_name": "Lima"},
            "unavailable": [{"contact_id": self.acme.id, "reason": "on_leave"}]})
    }

    /// What the parameters of an operation's path are: things that exist, and that no trial before this one has used up.
    async fn parameters(&mut self, operation: &str) -> BTreeMap<&'static str, String> {
        let organization = match operation {
            "listStaff" | "createStaff" => self.vendor.clone(),
            "createPartnerGrantRequest" => self.globex.organization_id.clone(),
            _ => self.acme.organization_id.clone(),
        };
        let (mut contact, mut staff) = (self.ben.id.clone(), self.spare.id.clone());
        let mut grant = self.grant.clone();
        let (mut grant_request, mut invitation) = (String::new(), String::new());
        let escalation = if operation.contains("scalation") { self.escalation().await } else { String::new() };
        match operation {
            "createInvitation" => self.invited = self.wanted().await,
            "getInvitation" | "cancelInvitation" => invitation = self.invitation().await,
            "disableContact" | "resendContactWelcome" => contact = self.contact().await,
            "enableContact" => {
                contact = self.contact().await;
                let disable = format!("/v1/contacts/{contact}/disable");
                self.acme.post(disable, json!({"reason": "left"})).await.expect(200);
            }
            "disableStaff" | "resendStaffWelcome" => staff = self.staff().await,
            "enableStaff" => {
                staff = self.staff().await;
                let disable = format!("/v1/staff/{staff}/disable");
                self.world.admin().await.post(disable, json!({"reason": "left"})).await.expect(200);
            }
            "approvePartnerGrantRequest"
            | "previewPartnerGrantRequest"
            | "declinePartnerGrantRequest"
            | "withdrawPartnerGrantRequest"
            | "getPartnerGrantRequest"
            | "getPartnerGrantRequestHistory" => {
                let holder = with(self.fresh("globex.example"), json!({"permission": "knowledge_base"}));
                let holder = self.globex.post(self.globex.own("contacts"), holder).await.expect(201).id();
                let body = json!({"grantor": {"id": self.acme.organization_id},
                    "grantee": {"type": "contact", "id": holder}, "level": "view"});
                grant_request =
                    self.globex.post(self.globex.own("partner-grant-requests"), body).await.expect(201).id();
            }
            "removeParticipant" => {
                let participants = format!("/v1/service-requests/{}/participants", self.request);
                let added = self.acme.post(participants, json!({"person_id": self.helper, "role": "cc"})).await;
                assert!(matches!(added.status, 200 | 201), "{added}");
            }
            "revokePartnerGrant" => {
                let holder = with(self.fresh("globex.example"), json!({"permission": "knowledge_base"}));
                let holder = self.globex.post(self.globex.own("contacts"), holder).await.expect(201).id();
                let body = json!({"grantee": {"type": "contact", "id": holder}, "level": "view"});
                grant = self.acme.post(self.acme.own("partner-grants"), body).await.expect(201).id();
            }
            _ => {}
        }
        BTreeMap::from([
            ("organization_id", organization),
            ("contact_id", contact),
            ("staff_id", staff),
            ("grant_id", grant),
            ("invitation_id", invitation),
            ("partner_grant_request_id", grant_request),
            ("article_id", self.article.clone()),
            ("escalation_id", escalation),
            ("service_request_id", self.request.clone()),
            ("attachment_id", self.attachment.clone()),
            ("session_id", self.session.clone()),
            ("site_id", self.site.clone()),
            ("contact_review_id", self.review.clone()),
            ("person_id", self.helper.clone()),
            ("code", "not_found".to_owned()),
        ])
    }

    /// The query and body that an operation takes, as somebody would send them who may do it. Nothing for operations that are
    /// not known here.
    fn rest(&mut self, operation: &str) -> Option<(String, Payload)> {
        let nothing = || (String::new(), Payload::Nothing);
        let send = |body: Value| (String::new(), body.into());
        Some(match operation {
            "getLiveness" | "getMetrics" | "getOpenApiJson" | "getOpenApiYaml" | "getProblem" | "getReadiness" => {
                nothing()
            }
            "getContact" | "getMe" | "listOrganizations" | "getOrganization" | "listContactManagers" => nothing(),
            "listContacts" | "listPartnerGrants" | "listReceivedGrants" | "listStaff" | "getPartnerGrant" => nothing(),
            "getPartnerGrantHistory" | "listServiceRequests" | "getServiceRequest" | "listMessages" => nothing(),
            "listSites" | "getSite" | "getAccountTeam" | "getOrganizationReadiness" => nothing(),
            "listServiceRequestViewers" | "listSessions" | "getStaff" | "deleteSession" => nothing(),
            "enableContact" | "resendContactWelcome" | "resumeOrganization" | "suspendOrganization" => nothing(),
            "enableStaff" | "resendStaffWelcome" => nothing(),
            // One is open: whoever may start one is told that.
            "getContactReview" | "listContactReviews" | "listReviewedContacts" | "startContactReview" => nothing(),
            // Their manager stays pending, so that the review stays open.
            "confirmContacts" => send(json!({"contact_ids": [self.ben.id]})),
            "noteContactTraining" => send(json!({"needed": true, "note": "New console"})),
            "listInvitations" | "getInvitation" | "cancelInvitation" => nothing(),
            "createInvitation" => send(json!({"email": self.invited, "permission": "knowledge_base"})),
            "getEffectiveAccess" => (format!("?person_id={}", self.ben.id), Payload::Nothing),
            "updateContact" | "updateMe" | "updateStaff" => send(json!({"phone": null})),
            "disableContact" | "disableStaff" => send(json!({"reason": "left"})),
            "revokePartnerGrant" => send(json!({"reason": "over"})),
            "createOrganization" => {
                let name = format!("Organization {}", self.count);
                send(
                    json!({"kind": "customer", "name": name, "domains": [], "first_contact": self.fresh("new.example")}),
                )
            }
            "updateOrganization" => send(json!({"name": "Acme"})),
            "createContact" => send(with(self.fresh("acme.example"), json!({"permission": "knowledge_base"}))),
            "importContacts" => {
                let line = with(self.fresh("acme.example"), json!({"permission": "knowledge_base"}));
                ("?dry_run=false".to_owned(), Payload::Raw(line.to_string().into_bytes()))
            }
            "createSite" => {
                self.count += 1;
                send(json!({"name": format!("Site {}", self.count), "time_zone": "UTC"}))
            }
            "updateSite" => send(json!({"archived": false})),
            "setAccountTeam" => send(json!({"sales_manager": self.spare.id})),
            "createStaff" => send(with(self.fresh("vendor.example"), json!({"roles": ["agent"]}))),
            "previewPartnerGrant" => send(json!({"grantee": grantee(&self.globex), "level": "view"})),
            "createPartnerGrant" => {
                let expiry = self.world.after(days(1));
                send(json!({"grantee": grantee(&self.spare), "level": "view", "expires_at": expiry}))
            }
            "listArticles" | "getArticle" | "listPartnerGrantRequests" => nothing(),
            "getPartnerGrantRequest" | "getPartnerGrantRequestHistory" => nothing(),
            "createArticle" => send(json!({"title": "Reset", "body": "Hold the button."})),
            "updateArticle" => send(json!({"reviewed": true})),
            "createPartnerGrantRequest" => {
                self.count += 1;
                let domain = format!("asked{}.example", self.count);
                send(json!({"grantor": {"domain": domain}, "grantee": whole(&self.globex), "level": "view"}))
            }
            "approvePartnerGrantRequest" | "previewPartnerGrantRequest" => send(json!({"level": "cc"})),
            "declinePartnerGrantRequest" => send(json!({"reason": "no"})),
            "withdrawPartnerGrantRequest" => send(json!({})),
            "listParticipants" | "listPointOfContactCandidates" | "removeParticipant" => nothing(),
            "addParticipant" => send(json!({"person_id": self.helper, "role": "cc"})),
            "updatePartnerGrant" => send(json!({"note": "seen"})),
            "createServiceRequest" => send(json!({"organization_id": self.acme.organization_id, "subject": "Help",
                "category": "question", "severity": 3, "message": "Please"})),
            "updateServiceRequest" => send(json!({"severity": 3})),
            "createMessage" => send(json!({"body": "Hello"})),
            "listAttachments" | "getAttachment" | "getAttachmentContent" => nothing(),
            "uploadAttachment" => (String::new(), Payload::Raw(b"Hello".to_vec())),
            "listEscalations" | "getEscalation" | "getEscalationCaseFile" | "reviewEscalation" => nothing(),
            "provideEscalationInformation" | "withdrawEscalation" | "completeEscalation" => nothing(),
            "openEscalation" => send(self.escalating()),
            "updateEscalation" => send(json!({"letter": {"signed": true}})),
            "uploadEscalationAttachment" => (String::new(), Payload::Raw(b"Hello".to_vec())),
            "verifyEscalation" => send(json!({"items": [{"item": "nominee_email", "method": "letter_read"}]})),
            "requestEscalationInformation" => send(json!({"message": "who signed?"})),
            "approveEscalation" => send(json!({"version": 1})),
            "confirmEscalationNumber" => send(json!({"number": "+1.650.555.0199", "note": "hers for years"})),
            "objectToEscalationByLink" => send(json!({"token": "nothing", "reason": "no"})),
            "rejectEscalation" | "objectToEscalation" | "resumeEscalation" => send(json!({"reason": "no"})),
            // Whoever signs in has no credentials yet: that these can be reached says enough.
            "createPasswordReset" => send(json!({"email": "nobody@nowhere.example"})),
            "acceptInvitation" => send(json!({"token": "nothing"})),
            "confirmPasswordReset" | "confirmWelcome" | "createSession" | "refreshSession" => send(json!({})),
            _ => return None,
        })
    }
}

async fn send(actor: &Actor, operation: &Operation, path: &str, (query, body): &(String, Payload)) -> Answer {
    let media_type = match (operation.id.as_str(), operation.method.as_str()) {
        ("importContacts", _) => "application/x-ndjson",
        (_, "PATCH") => "application/merge-patch+json",
        _ => "application/json",
    };
    let named = ("content-disposition", "attachment; filename=\"hello.txt\"");
    let headers: &[_] = match body {
        Payload::Nothing => &[],
        Payload::Raw(_) if matches!(operation.id.as_str(), "uploadAttachment" | "uploadEscalationAttachment") => {
            &[("content-type", "text/plain"), named]
        }
        Payload::Raw(_) | Payload::Json(_) => &[("content-type", media_type)],
    };
    actor.send(&operation.method, &format!("{path}{query}"), headers, body.clone()).await
}

/// The path with its parameters in their places.
fn filled(path: &str, parameters: &BTreeMap<&str, String>) -> String {
    parameters.iter().fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
}

/// The path with each of these in the place of its parameter: a random id of the same kind, one of another kind that exists,
/// and what is no id at all.
fn unknown(scene: &Scene, operation: &Operation, present: &BTreeMap<&str, String>) -> Vec<(String, String)> {
    let parameter = operation.path.split(['{', '}']).nth(1).unwrap_or_default();
    let kind = present.get(parameter).and_then(|id| id.split_once('_')).map_or("", |(kind, _)| kind);
    let other = if kind == "sr" { &scene.grant } else { &scene.request };
    [
        format!("{kind}_01h455vb4pex5vsknk084sn02q"),
        other.clone(),
        "1".to_owned(),
        format!("{kind}_01h455vb4pex5vsknk084sn02"),
        "x%00'--%2F".to_owned(),
    ]
    .into_iter()
    .map(|id| (id.clone(), operation.path.replace(&format!("{{{parameter}}}"), &id)))
    .collect()
}

/// All of an answer but what tells one request from another.
pub(crate) fn essence(answer: &Answer) -> (u16, BTreeSet<String>, String) {
    let own = [answer["request_id"].as_str().unwrap_or("-").to_owned()];
    let headers =
        answer.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "connection" | "date" | "x-request-id"));
    let headers = headers.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    (answer.status, headers.collect(), answer.text().replace(&own[0], "[request_id]"))
}

e2e! {
    /// X-3a, S-11: a new operation fails this test until it has its line in `rest`.
    async fn every_operation_answers_everybody_as_the_access_table_says(world: World) {
        let mut scene = Scene::new(&world).await;
        let actors = scene.actors().await;
        let mut rows = Vec::new();
        let mut flaws = Vec::new();
        let mut compared = 0;
        for operation in &operations() {
            let mut cells = Vec::new();
            for (name, actor) in &actors {
                let parameters = scene.parameters(&operation.id).await;
                let Some(rest) = scene.rest(&operation.id) else {
                    flaws.push(format!("`{}` is new: say in `rest` what it takes", operation.id));
                    break;
                };
                let path = filled(&operation.path, &parameters);
                let answer = send(actor, operation, &path, &rest).await;
                cells.push(((*name).to_owned(), outcome(&answer)));
                if *name == "nobody" && (answer.status == 401) == operation.is_public {
                    flaws.push(format!("{} for nobody: {}", operation.id, answer.status));
                }
                if operation.id == "suspendOrganization" && answer.status == 200 {
                    actor.post(scene.acme.own("resume"), ()).await.expect(200);
                }
                // Whom a refusal says to ask, one can look up (X-3a).
                if let Some(whom) = answer["ask"]["path"].as_str().filter(|_| answer["ask"]["method"] == "GET") {
                    actor.get(whom).await.expect(200);
                }
                // Who may not know of it cannot tell it from what is not there.
                let is_everybodys = operation.path.starts_with("/v1/articles");
                let is_hidden = matches!(answer.status, 401 | 404) || (*name == "stranger" && !is_everybodys);
                if operation.path.contains("_id}") && is_hidden {
                    let staff_only = answer.status == 403;
                    for (id, path) in unknown(&scene, operation, &parameters) {
                        let other = send(actor, operation, &path, &rest).await;
                        compared += 1;
                        // That the vendor exists is no secret: its own affairs are refused whatever the id, unless it is none.
                        let is_no_id = staff_only && other.status == 404 && !id.ends_with("02q");
                        if essence(&other) != essence(&answer) && !is_no_id {
                            flaws.push(format!("{} as {name}: `{id}` answers\n{other}\nbut what exists\n{answer}", operation.id));
                        }
                    }
                }
            }
            rows.push((format!("{} {} {}", operation.id, operation.method, operation.path), cells));
        }
        assert!(flaws.is_empty(), "{}", flaws.join("\n\n"));
        snapshot!(world.text("every operation as everybody", grouped(&rows)));
        println!("{}: {compared} answers compared", operations().len());
        assert!(compared > 500, "{compared}");
    }

    /// X-3, X-3a: ids in bodies and queries give nothing away either.
    async fn ids_of_others_in_bodies_and_queries_say_no_more_than_ids_of_nothing(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        let theirs = initech.request("Not yours").await.id();
        let body = json!({"subject": "Help", "category": "question", "severity": 3, "message": "Please"});
        let closed = format!("/v1/service-requests/{theirs}");
        world.agent().await.patch(closed, json!({"status": "closed"})).await.expect(200);
        for (member, known, random) in [
            ("organization_id", &initech.organization_id, "org_01h455vb4pex5vsknk084sn02q"),
            ("follow_up_of", &theirs, "sr_01h455vb4pex5vsknk084sn02q"),
        ] {
            let [one, other] = [known.as_str(), random].map(|id| with(body.clone(), json!({member: id})));
            let one = acme.post("/v1/service-requests", one).await;
            let other = acme.post("/v1/service-requests", other).await;
            assert_eq!(essence(&one), essence(&other), "{member}");
        }
        for (parameter, known, random) in [
            ("organization_id", &initech.organization_id, "org_01h455vb4pex5vsknk084sn02q"),
            ("submitted_by", &initech.id, "contact_01h455vb4pex5vsknk084sn02q"),
            ("point_of_contact", &initech.id, "contact_01h455vb4pex5vsknk084sn02q"),
            ("q", &"Not yours".replace(' ', "%20"), "nothing"),
        ] {
            let [one, other] = [known.as_str(), random].map(|id| format!("/v1/service-requests?{parameter}={id}"));
            let (one, other) = (acme.get(one).await.expect(200), acme.get(other).await.expect(200));
            assert_eq!((essence(&one), one.rows().len()), (essence(&other), 0), "{parameter}");
        }
        // Nobody of another customer can be named, nor told from nobody.
        let path = format!("/v1/service-requests/{}", acme.request("Ours").await.id());
        let named = [initech.id.as_str(), "contact_01h455vb4pex5vsknk084sn02q"].map(|id| json!({"point_of_contact": id}));
        let [known, random] = &named;
        let one = acme.post("/v1/service-requests", with(body.clone(), known.clone())).await;
        let other = acme.post("/v1/service-requests", with(body.clone(), random.clone())).await;
        assert_eq!((essence(&one), one.status), (essence(&other), 422));
        let (one, other) = (acme.patch(&path, known.clone()).await, acme.patch(&path, random.clone()).await);
        assert_eq!((essence(&one), one.status), (essence(&other), 422));
        for (one, other) in [
            (grantee(&initech), json!({"type": "contact", "id": "contact_01h455vb4pex5vsknk084sn02q"})),
            (whole(&initech), json!({"type": "organization", "id": "org_01h455vb4pex5vsknk084sn02q"})),
            (
                json!({"type": "contact", "email": initech.email}),
                json!({"type": "contact", "email": "manager@nowhere.example"}),
            ),
        ] {
            let [one, other] = [one, other].map(|grantee| json!({"grantee": grantee, "level": "cc"}));
            let (one, other) = (offer(&acme, one).await, offer(&acme, other).await);
            assert_eq!((essence(&one), one.status), (essence(&other), 422));
        }
        let path = |id: &str| acme.own(&format!("effective-access?person_id={id}"));
        let one = acme.get(path(&initech.id)).await;
        let other = acme.get(path("contact_01h455vb4pex5vsknk084sn02q")).await;
        assert_eq!(essence(&one), essence(&other));
    }
}
