//! What the contract shows is what the server takes: each request example is sent, and answered as documented.

use std::collections::{BTreeMap, BTreeSet};

use mandate_tests::{Actor, Answer, Value, World, days, e2e, json, person, seconds, with};

use crate::escalation::stage_at;
use crate::openapi::{document, operations};

/// What every id of an example ends with, after its prefix.
const EXAMPLE: &str = "_01h455vb4pex5vsknk084sn02q";
/// The tokens of examples.
const LINK: &str = "bGluay10b2tlbg…";
const REFRESH: &str = "c2Vzc2lvbi1yZWZyZXNo…";

/// Sends examples. What an example cannot know, ids and tokens, is replaced by what it stands for at the moment.
struct Examples {
    document: Value,
    /// By the prefix of an id, or by a token of an example.
    stands_for: BTreeMap<String, String>,
    sent: BTreeSet<String>,
}

impl Examples {
    fn new() -> Self {
        Self { document: document(), stands_for: BTreeMap::new(), sent: BTreeSet::new() }
    }

    /// From now on ids of this kind stand for this one.
    fn know(&mut self, id: &str) {
        let (prefix, _) = id.split_once('_').unwrap_or_else(|| panic!("`{id}` is no id"));
        self.stands_for.insert(prefix.to_owned(), id.to_owned());
    }

    fn token(&mut self, example: &str, token: String) {
        self.stands_for.insert(example.to_owned(), token);
    }

    /// A text of an example, as it is to be sent.
    fn meant(&self, text: &str) -> String {
        let known = |name: &str| self.stands_for.get(name).cloned().unwrap_or_else(|| panic!("what is `{text}`?"));
        match text.strip_suffix(EXAMPLE) {
            Some(prefix) => known(prefix),
            None if [LINK, REFRESH].contains(&text) => known(text),
            None => text.to_owned(),
        }
    }

    fn meant_by(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.meant(text)),
            Value::Array(items) => items.iter().map(|item| self.meant_by(item)).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), self.meant_by(value))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// What a reference leads to.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let pointer = value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        pointer.map_or(value, |pointer| self.document.pointer(pointer).expect("references lead somewhere"))
    }

    /// The example of a schema, or of what its schema is a list of.
    fn example_of<'a>(&'a self, holder: &'a Value) -> Option<&'a Value> {
        let own = |value: &'a Value| value.get("example").or_else(|| value.get("examples").and_then(|all| all.get(0)));
        let schema = self.resolve(holder.get("schema").unwrap_or(&Value::Null));
        own(holder).or_else(|| own(schema)).or_else(|| schema.get("items").and_then(own))
    }

    /// Sends the example of an operation, and every optional parameter's example for itself, and expects what the document
    /// says of success. Answers what the example brought.
    async fn send(&mut self, who: &Actor, operation: &str) -> Answer {
        self.send_with(who, operation, json!({})).await
    }

    /// As [`Examples::send`], with other members in the body where the example cannot know better.
    async fn send_with(&mut self, who: &Actor, operation: &str, members: Value) -> Answer {
        let all = operations(&self.document);
        let found = all.into_iter().find(|(_, one)| one["operationId"] == operation);
        let (place, shown) = found.unwrap_or_else(|| panic!("`{operation}` is not in the document"));
        let (method, template) = place.split_once(' ').expect("a method and a path");
        let (mut path, mut headers, mut optional) = (template.to_owned(), Vec::new(), Vec::new());
        for parameter in shown["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let Some(example) = self.example_of(parameter) else { continue };
            // Of a list one is enough.
            let example = example.get(0).unwrap_or(example);
            let text = self.meant(example.as_str().map_or_else(|| example.to_string(), str::to_owned).as_str());
            match parameter["in"].as_str() {
                Some("path") => path = path.replace(&format!("{{{name}}}"), &text),
                Some("header") if parameter["required"] == true || name == "Content-Digest" => {
                    headers.push((name.to_owned(), text));
                }
                // A version is that of one resource, and a key that of one request.
                Some("header") if ["If-Match", "Idempotency-Key"].contains(&name) => {}
                place => optional.push((place == Some("query"), name.to_owned(), text)),
            }
        }
        let expected: Vec<u16> = shown["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(status, _)| status.parse().ok())
            .filter(|status| *status < 400)
            .collect();
        let bodies = shown["requestBody"]["content"].as_object().into_iter().flatten();
        let mut bodies: Vec<(String, Option<Value>)> = bodies
            .map(|(media_type, body)| {
                let example = self.example_of(body).unwrap_or_else(|| panic!("{operation} shows no body"));
                (media_type.clone(), Some(self.meant_by(example)))
            })
            .collect();
        if bodies.is_empty() {
            bodies.push((String::new(), None));
        }
        let mut first = None;
        for (media_type, body) in bodies {
            let mut headers: Vec<(&str, &str)> = headers.iter().map(|(name, text)| (&**name, &**text)).collect();
            let answer = match body {
                None => who.send(method, &path, &headers, ()).await,
                Some(Value::String(text)) => {
                    headers.push(("content-type", &media_type));
                    who.send(method, &path, &headers, text.as_str()).await
                }
                Some(body) => {
                    headers.push(("content-type", &media_type));
                    who.send(method, &path, &headers, with(body, members.clone())).await
                }
            };
            assert!(
                expected.contains(&answer.status),
                "{operation} is not answered as documented ({expected:?}):\n{answer}"
            );
            first.get_or_insert(answer);
        }
        for (is_query, name, text) in optional.into_iter().filter(|_| method == "GET") {
            let answer = if is_query {
                let query = format!("{path}?{name}={}", text.replace(' ', "%20").replace('+', "%2B"));
                who.send(method, &query, &[], ()).await
            } else {
                who.send(method, &path, &[(&name, &text)], ()).await
            };
            assert!(expected.contains(&answer.status), "{operation} with {name} `{text}`:\n{answer}");
        }
        self.sent.insert(operation.to_owned());
        let answer = first.expect("something was sent");
        if let Some(id) = answer.body["id"].as_str() {
            self.know(id);
        }
        answer
    }

    /// The operations whose examples were not sent.
    fn left(&self) -> Vec<&str> {
        let ids = operations(&self.document).into_iter().filter_map(|(_, shown)| shown["operationId"].as_str());
        ids.filter(|id| !self.sent.contains(*id)).collect()
    }
}

/// The vendor brings a customer in, whose first contact signs in.
async fn begin(world: &World, show: &mut Examples) -> Actor {
    let (admin, nobody) = (world.admin().await, world.anonymous());
    for probe in ["getLiveness", "getReadiness", "getMetrics", "getOpenApiJson", "getOpenApiYaml", "getProblem"] {
        show.send(&nobody, probe).await;
    }
    show.send(&admin, "createOrganization").await;
    for read in
        ["getOrganization", "listOrganizations", "updateOrganization", "suspendOrganization", "resumeOrganization"]
    {
        show.send(&admin, read).await;
    }
    show.token(LINK, world.mail("ana.silva@acme.example", "welcome").await.token());
    show.send(&nobody, "confirmWelcome").await;
    let session = show.send(&nobody, "createSession").await;
    show.token(REFRESH, session["refresh_token"].as_str().unwrap_or_default().to_owned());
    show.send(&nobody, "refreshSession").await;
    show.send(&nobody, "createPasswordReset").await;
    show.token(LINK, world.mail("ana.silva@acme.example", "password_reset").await.token());
    show.send(&nobody, "confirmPasswordReset").await;
    let ana = world.sign_in("ana.silva@acme.example").await;
    for own in ["getMe", "updateMe", "listSessions"] {
        show.send(&ana, own).await;
    }
    show.know(&world.sign_in("ana.silva@acme.example").await.session_id());
    show.send(&ana, "deleteSession").await;
    ana
}

/// The vendor's own people, and who of them looks after the customer.
async fn vendor(world: &World, show: &mut Examples, customer: &str) {
    let admin = world.admin().await;
    show.know(&admin.organization_id);
    for step in
        ["createStaff", "getStaff", "listStaff", "updateStaff", "resendStaffWelcome", "disableStaff", "enableStaff"]
    {
        show.send(&admin, step).await;
    }
    show.know(customer);
    show.know(&world.staff("tam", &["technical_account_manager"]).await.id);
    for step in ["setAccountTeam", "getAccountTeam"] {
        show.send(&admin, step).await;
    }
    let agent = world.agent().await;
    for step in ["createArticle", "getArticle", "listArticles", "updateArticle"] {
        show.send(&agent, step).await;
    }
}

/// The customer keeps its list of contacts right.
async fn contacts(world: &World, show: &mut Examples, ana: &Actor) {
    for step in
        ["createSite", "getSite", "listSites", "updateSite", "createContact", "getContact", "resendContactWelcome"]
    {
        show.send(ana, step).await;
    }
    for step in [
        "updateContact",
        "listContacts",
        "listContactManagers",
        "listPointOfContactCandidates",
        "disableContact",
        "enableContact",
    ] {
        show.send(ana, step).await;
    }
    show.send(&world.agent().await, "noteContactTraining").await;
    for step in
        ["importContacts", "getOrganizationReadiness", "startContactReview", "getContactReview", "listContactReviews"]
    {
        show.send(ana, step).await;
    }
    for step in ["listReviewedContacts", "confirmContacts"] {
        show.send(ana, step).await;
    }
}

/// A partner is granted access, asks for more, and loses a person.
async fn partners(world: &World, show: &mut Examples, ana: &Actor) {
    let globex = world.partner("Globex", "globex.example").await;
    let mei = globex.contact("mei", "designated_support").await;
    let somebody = show.stands_for["contact"].clone();
    show.know(&mei.id);
    for step in
        ["previewPartnerGrant", "createPartnerGrant", "getPartnerGrant", "listPartnerGrants", "updatePartnerGrant"]
    {
        show.send(ana, step).await;
    }
    for step in ["getPartnerGrantHistory", "getEffectiveAccess"] {
        show.send(ana, step).await;
    }
    show.know(&globex.organization_id);
    for step in
        ["listReceivedGrants", "createPartnerGrantRequest", "getPartnerGrantRequest", "getPartnerGrantRequestHistory"]
    {
        show.send(&globex, step).await;
    }
    show.send(&globex, "listPartnerGrantRequests").await;
    for step in ["previewPartnerGrantRequest", "approvePartnerGrantRequest", "revokePartnerGrant"] {
        show.send(ana, step).await;
    }
    show.send(&globex, "createPartnerGrantRequest").await;
    show.send(ana, "declinePartnerGrantRequest").await;
    for step in ["createPartnerGrantRequest", "withdrawPartnerGrantRequest"] {
        show.send(&globex, step).await;
    }
    show.know(&ana.organization_id);
    let body = with(person("mei@acme.example"), json!({"permission": "designated_support"}));
    globex.post(globex.own("contacts"), body).await.expect(201);
    for step in ["createInvitation", "getInvitation", "listInvitations"] {
        show.send(ana, step).await;
    }
    // An email about an invitation that was taken back before is not sent.
    world.mail("mei@acme.example", "invitation").await;
    for step in ["cancelInvitation", "createInvitation"] {
        show.send(ana, step).await;
    }
    show.token(LINK, world.mailbox().nth("mei@acme.example", "invitation", 2).await.token());
    show.send(&world.anonymous(), "acceptInvitation").await;
    show.know(&somebody);
}

/// A service request from the first word to the last.
async fn requests(show: &mut Examples, ana: &Actor) {
    for step in [
        "createServiceRequest",
        "getServiceRequest",
        "createMessage",
        "listMessages",
        "uploadAttachment",
        "getAttachment",
    ] {
        show.send(ana, step).await;
    }
    for step in ["getAttachmentContent", "listAttachments", "addParticipant", "listParticipants", "removeParticipant"] {
        show.send(ana, step).await;
    }
    for step in ["listServiceRequestViewers", "listServiceRequests", "updateServiceRequest"] {
        show.send(ana, step).await;
    }
}

/// The customer's primary support contact is gone for a while, and there is a way back in.
async fn escalations(world: &World, show: &mut Examples, ana: &Actor) {
    let duty = |name| world.staff(name, &["duty_manager"]);
    let (opener, reviewer, approver, other) =
        (duty("opener").await, duty("reviewer").await, duty("approver").await, duty("other").await);
    show.know(&ana.id);
    // The number that the example confirms is hers, since a moment ago.
    ana.patch("/v1/me", json!({"phone": "+1.650.555.0199"})).await.expect(200);
    world.advance(seconds(10));
    for step in ["openEscalation", "getEscalation", "listEscalations", "updateEscalation", "uploadEscalationAttachment"]
    {
        show.send(&opener, step).await;
    }
    let path = format!("/v1/escalations/{}", show.stands_for["esc"]);
    // Somebody of the account team knows the number that was recorded a moment ago.
    let tam = world.staff("knowing", &["technical_account_manager"]).await;
    let team = json!({"technical_account_manager": tam.id});
    world.admin().await.put(ana.own("account-team"), team).await.expect(200);
    show.send(&tam, "confirmEscalationNumber").await;
    for step in ["reviewEscalation", "verifyEscalation", "requestEscalationInformation"] {
        show.send(&reviewer, step).await;
    }
    let letter = json!({"letter": {"received_at": world.now()}});
    show.send_with(&opener, "updateEscalation", letter).await;
    show.send(&opener, "provideEscalationInformation").await;
    let escalation = reviewer.get(&path).await.expect(200);
    let missing = escalation["missing"].as_array().cloned().unwrap_or_default();
    let items: Vec<Value> = missing.iter().map(|item| json!({"item": item, "method": "letter_read"})).collect();
    let verified = reviewer.post(format!("{path}/verify"), json!({"items": items})).await.expect(200);
    show.send_with(&approver, "approveEscalation", json!({"version": verified["version"]})).await;
    show.send(ana, "objectToEscalation").await;
    show.send(&other, "resumeEscalation").await;
    show.send(&reviewer, "getEscalationCaseFile").await;
    world.advance(days(2));
    show.sent.insert("completeEscalation".to_owned());
    // It shows nothing but its path; and the server completes it as well, perhaps before.
    let completed = approver.post(format!("{path}/complete"), ()).await;
    assert!([200, 409].contains(&completed.status), "{completed}");
    // Whoever is said to be unavailable and objects can be turned to, so that it is in review again (E-9).
    opener.eventually(&path, |answer| answer["status"] == "in_review").await;
}

/// How an escalation ends otherwise.
async fn other_endings(world: &World, show: &mut Examples) {
    let manager = world.customer("Initech", "initech.example").await;
    let duty = |name| world.staff(name, &["duty_manager"]);
    let (opener, approver) = (duty("opener").await, duty("approver").await);
    show.know(&manager.organization_id);
    show.know(&manager.id);
    let nominee = json!({"email": "nora.lima@initech.example", "first_name": "Nora", "last_name": "Lima"});
    for (who, ending) in [(&opener, "withdrawEscalation"), (&approver, "rejectEscalation")] {
        show.send_with(&opener, "openEscalation", json!({"nominee": nominee})).await;
        if ending == "rejectEscalation" {
            show.send(&approver, "reviewEscalation").await;
        }
        show.send(who, ending).await;
    }
}

/// Somebody whom the desk disabled says by the link of their notice that they are there.
async fn objection_by_link(world: &World, show: &mut Examples) {
    let stage = stage_at(world, "Wonka", "wonka.example").await;
    let disable = format!("/v1/contacts/{}/disable", stage.guardian.id);
    world.agent().await.post(disable, json!({"reason": "has left"})).await.expect(200);
    stage.approved().await;
    show.token(LINK, world.mail(&stage.guardian.email, "escalation_notice").await.token());
    show.send(&world.anonymous(), "objectToEscalationByLink").await;
}

e2e! {
    async fn every_example_of_the_document_is_taken(world: World) {
        let mut show = Examples::new();
        let ana = begin(&world, &mut show).await;
        vendor(&world, &mut show, &ana.organization_id).await;
        contacts(&world, &mut show, &ana).await;
        partners(&world, &mut show, &ana).await;
        requests(&mut show, &ana).await;
        escalations(&world, &mut show, &ana).await;
        other_endings(&world, &mut show).await;
        objection_by_link(&world, &mut show).await;
        assert_eq!(show.left(), Vec::<&str>::new(), "examples that nobody sent");
    }
}
