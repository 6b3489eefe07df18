//! Which level applies, what it gives, and when it ends (G-2 … G-4, G-12, G-13, G-15, S-8, X-1).

use std::sync::Arc;

use mandate_tests::{Actor, Answer, Instance, Value, e2e, hours, json, person, seconds, snapshot, with};

use crate::access::{grouped, outcome};
use crate::grant_reminder::settled;
use crate::partner_grant::{grant_path, offer, person as grantee};

const LEVELS: &[&str] = &["none", "cc", "view", "update", "create", "service_admin", "full_admin"];

const CATEGORIES: &[&str] = &[
    "question",
    "incident",
    "feature_request",
    "primary_contact_recovery",
    "password_reset",
    "contact_record_edit",
    "hidden_configuration",
    "site_deletion",
    "access_request",
    "upgrade",
    "contact_deactivation",
];

fn request_path(request: &Answer) -> String {
    format!("/v1/service-requests/{}", request.id())
}

fn access_path(acme: &Actor, person: &Actor) -> String {
    format!("/v1/organizations/{}/effective-access?person_id={}", acme.organization_id, person.id)
}

/// Somebody who holds a level, and what they try it on.
struct Trial<'a> {
    acme: &'a Actor,
    holder: Actor,
    /// A request that they have nothing to do with, one whose point of contact they are, and one that is closed.
    open: Answer,
    own: Answer,
    closed: Answer,
    /// A contact of the grantor.
    ben: Answer,
}

impl Trial<'_> {
    async fn on_requests(&self) -> Vec<(String, String)> {
        let (holder, acme) = (&self.holder, self.acme);
        let mut seen = Vec::new();
        let mut note = |what: &str, answer: &Answer| seen.push((what.to_owned(), outcome(answer)));
        note("read a request", &holder.get(request_path(&self.open)).await);
        note("read a closed request", &holder.get(request_path(&self.closed)).await);
        note("read the own request", &holder.get(request_path(&self.own)).await);
        note("read messages", &holder.get(format!("{}/messages", request_path(&self.open))).await);
        note("see who can see it", &holder.get(format!("{}/viewers", request_path(&self.open))).await);
        note("update a request", &holder.patch(request_path(&self.open), json!({"subject": holder.name})).await);
        note("update a closed request", &holder.patch(request_path(&self.closed), json!({"severity": 1})).await);
        note("update the own request", &holder.patch(request_path(&self.own), json!({"severity": 1})).await);
        let messages = format!("{}/messages", request_path(&self.open));
        note("write a message", &holder.post(&messages, json!({"body": "Hello"})).await);
        note(
            "write in the own request",
            &holder.post(format!("{}/messages", request_path(&self.own)), json!({"body": "Hi"})).await,
        );
        note("write a note", &holder.post(&messages, json!({"body": "Hello", "internal": true})).await);
        note("assign", &holder.patch(request_path(&self.open), json!({"assigned_to": null})).await);
        for category in CATEGORIES {
            let body = json!({"organization_id": acme.organization_id, "subject": "New", "category": category,
                "severity": 4, "message": "Please"});
            note(&format!("create {category}"), &holder.post("/v1/service-requests", body).await);
        }
        let list = holder
            .get(format!(
                "/v1/service-requests?organization_id={}&created_before={}&limit=100",
                acme.organization_id,
                self.open["created_at"].as_str().unwrap_or_default()
            ))
            .await
            .expect(200);
        let reach = match list.rows() {
            [] => "lists nothing",
            [row] if row["id"] == self.own["id"] => "lists the own request alone",
            _ => "lists all",
        };
        seen.push(("list requests".to_owned(), reach.to_owned()));
        seen
    }

    async fn on_contacts_and_grants(&self, round: usize) -> Vec<(String, String)> {
        let (holder, acme) = (&self.holder, self.acme);
        let mut seen = Vec::new();
        let mut note = |what: &str, answer: &Answer| seen.push((what.to_owned(), outcome(answer)));
        note("read the organization", &holder.get(format!("/v1/organizations/{}", acme.organization_id)).await);
        note("list its contact managers", &holder.get(acme.own("contact-managers")).await);
        note("list its contacts", &holder.get(acme.own("contacts")).await);
        let ben = format!("/v1/contacts/{}", self.ben.id());
        note("read a contact", &holder.get(&ben).await);
        note("edit a contact", &holder.patch(&ben, json!({"duties": ["it"]})).await);
        note("appoint a primary support contact", &holder.patch(&ben, json!({"type": "primary_support"})).await);
        let newcomer = with(person(&format!("new{round}@acme.example")), json!({"permission": "designated_support"}));
        note("create a contact", &holder.post(acme.own("contacts"), newcomer).await);
        note("disable a contact", &holder.post(format!("{ben}/disable"), json!({"reason": "left"})).await);
        note("enable a contact", &holder.post(format!("{ben}/enable"), ()).await);
        note("list its grants", &holder.get(acme.own("partner-grants")).await);
        let body = json!({"grantee": grantee(holder), "level": "full_admin"});
        note("make a grant", &holder.post(acme.own("partner-grants"), body).await);
        note("explain somebody's access", &holder.get(access_path(acme, acme)).await);
        note("explain the own access", &holder.get(access_path(acme, holder)).await);
        seen
    }
}

e2e! {
    /// G-3, G-13, S-8, S-11: one person per level, everything that they could try.
    async fn each_level_gives_exactly_the_rights_of_its_row(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let agent = world.agent().await;
        let mut rows: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for (round, level) in LEVELS.iter().enumerate() {
            let holder = globex.contact(&level.replace('_', "-"), "designated_support").await;
            let grant = acme.grant_person(&holder, "create").await;
            let own = acme.request_with(json!({"subject": "Own", "point_of_contact": holder.id})).await;
            let closed = acme.request("Closed").await;
            agent.patch(request_path(&closed), json!({"status": "closed"})).await.expect(200);
            world.advance(seconds(1));
            let open = acme.request("Open").await;
            acme.patch(grant_path(&grant), json!({"level": level})).await.expect(200);
            let ben = acme.invited(&format!("ben{round}"), json!({"permission": "designated_support"})).await;
            let trial = Trial { acme: &acme, holder, open, own, closed, ben };
            let seen = [trial.on_requests().await, trial.on_contacts_and_grants(round).await].concat();
            for (what, outcome) in seen {
                let cell = ((*level).to_owned(), outcome);
                match rows.iter_mut().find(|(known, _)| *known == what) {
                    Some((_, cells)) => cells.push(cell),
                    None => rows.push((what, vec![cell])),
                }
            }
        }
        snapshot!(world.text("what each level gives", grouped(&rows)));
    }

    /// G-2, G-13, X-3a: no maximum, no sum; and once the individual's grant is gone, the organization's shows again.
    async fn the_individuals_grant_decides_before_the_organizations(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (low, high) = (globex.contact("low", "designated_support").await, globex.contact("high", "knowledge_base").await);
        let shut = globex.contact("shut", "manage_contacts").await;
        acme.grant_organization(&globex, "create").await;
        let request = request_path(&acme.request("The printer is on fire").await);
        for actor in [&globex, &low, &shut] {
            actor.patch(&request, json!({"subject": actor.name})).await.expect(200);
            actor.get(acme.own("contacts")).await.expect_problem(403, "permission_required");
        }
        // Who may but read the knowledge base has nothing of what the organization was granted (G-7).
        high.patch(&request, json!({"subject": "Mine"})).await.expect_problem(404, "not_found");
        high.get(acme.own("contacts")).await.expect_problem(404, "not_found");
        let to_low = acme.grant_person(&low, "view").await;
        let to_high = acme.grant_person(&high, "full_admin").await;
        let to_shut = acme.grant_person(&shut, "none").await;
        low.get(&request).await.expect(200);
        snapshot!(low.patch(&request, json!({"subject": "Mine"})).await.expect(403));
        let body = json!({"organization_id": acme.organization_id, "subject": "New", "category": "question",
            "severity": 3, "message": "Why?"});
        low.post("/v1/service-requests", body.clone()).await.expect_problem(403, "permission_required");
        high.get(acme.own("contacts")).await.expect(200);
        globex.patch(&request, json!({"severity": 1})).await.expect(200);
        // Shut out: nothing is there, in no list, and no more is said than of what never was.
        shut.get(&request).await.expect_problem(404, "not_found");
        shut.post("/v1/service-requests", body.clone()).await.expect_problem(404, "not_found");
        shut.get(format!("/v1/organizations/{}", acme.organization_id)).await.expect_problem(404, "not_found");
        assert_eq!(shut.get("/v1/service-requests").await.expect(200).rows().len(), 0);
        assert_eq!(shut.get("/v1/me").await.expect(200)["acts_for"], json!([]));
        let seen = shut.get("/v1/organizations").await.expect(200).column("id");
        assert_eq!(seen, [json!(globex.organization_id)]);

        for (actor, grant) in [(&low, &to_low), (&high, &to_high), (&shut, &to_shut)] {
            acme.post(format!("{}/revoke", grant_path(grant)), json!({})).await.expect(200);
            let (made, code) = if actor.id == high.id { (404, "not_found") } else { (201, "permission_required") };
            actor.post("/v1/service-requests", body.clone()).await.expect(made);
            let seen = actor.get(acme.own("contacts")).await;
            assert_eq!(seen.code(), code, "{}: {seen}", actor.email);
        }
    }

    /// G-4, X-4a: by the server's clock, not at the next clean-up; and a clock that steps back revives nothing.
    async fn from_the_moment_of_its_expiry_a_grant_gives_nothing(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (eve, shut) = (globex.contact("eve", "designated_support").await, globex.contact("shut", "designated_support").await);
        let consultant = world.consultant().await;
        let request = acme.request("The printer is on fire").await;
        let path = request_path(&request);
        let past = json!({"grantee": grantee(&eve), "level": "view", "expires_at": world.now()});
        snapshot!(offer(&acme, past).await.expect_problem(422, "expiry_in_past"));
        let endless = json!({"grantee": grantee(&consultant), "level": "view"});
        snapshot!(offer(&acme, endless).await.expect_problem(422, "expiry_required"));
        let to_staff = acme.grant_person(&consultant, "view").await;
        let endless = acme.patch(grant_path(&to_staff), json!({"expires_at": null})).await;
        endless.expect_problem(422, "expiry_required");

        let end = world.after(hours(1));
        let ends = |level: &str, who: &Actor| json!({"grantee": grantee(who), "level": level, "expires_at": end});
        let to_eve = offer(&acme, ends("full_admin", &eve)).await.expect(201);
        acme.patch(grant_path(&to_staff), json!({"expires_at": end})).await.expect(200);
        world.advance(seconds(3599));
        for actor in [&eve, &consultant] {
            actor.get(&path).await.expect(200);
        }
        world.advance(seconds(1));
        for actor in [&eve, &consultant] {
            actor.get(&path).await.expect_problem(404, "not_found");
            assert_eq!(actor.get("/v1/service-requests").await.expect(200).rows().len(), 0);
            assert_eq!(actor.get("/v1/me").await.expect(200)["acts_for"], json!([]));
        }
        eve.post(format!("{path}/messages"), json!({"body": "Hello"})).await.expect_problem(404, "not_found");
        assert_eq!(acme.get(grant_path(&to_eve)).await.expect(200)["status"], "expired");
        world.advance(seconds(-3600));
        eve.get(&path).await.expect_problem(404, "not_found");
        assert_eq!(acme.get(grant_path(&to_eve)).await.expect(200)["status"], "expired");
        world.advance(seconds(3600));

        // An expired individual grant hides nothing, whether it was higher or shut the person out.
        acme.grant_organization(&globex, "view").await;
        let end = json!({"grantee": grantee(&shut), "level": "none", "expires_at": world.after(hours(1))});
        offer(&acme, end).await.expect(201);
        eve.get(&path).await.expect(200);
        eve.get(acme.own("contacts")).await.expect_problem(403, "permission_required");
        shut.get(&path).await.expect_problem(404, "not_found");
        world.advance(hours(1));
        shut.get(&path).await.expect(200);
    }

    /// G-12
    async fn the_grants_of_the_disabled_end_for_good_and_those_of_the_suspended_rest(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let (admin, consultant) = (world.admin().await, world.consultant().await);
        let path = request_path(&acme.request("The printer is on fire").await);
        let to_eve = acme.grant_person(&eve, "create").await;
        let to_staff = acme.grant_person(&consultant, "view").await;
        acme.grant_organization(&globex, "view").await;
        let (token, suspend) = (eve.access_token(), |who: &Actor, verb: &str| format!("/v1/organizations/{}/{verb}", who.organization_id));

        admin.post(suspend(&globex, "suspend"), ()).await.expect(200);
        for actor in [&eve, &globex] {
            actor.get(&path).await.expect_problem(401, "unauthenticated");
        }
        snapshot!(acme.get(access_path(&acme, &eve)).await.expect(200));
        assert_eq!(acme.get(grant_path(&to_eve)).await.expect(200)["status"], "live");
        admin.post(suspend(&globex, "resume"), ()).await.expect(200);
        eve.with_token(&token).patch(&path, json!({"severity": 1})).await.expect(200);
        admin.post(suspend(&acme, "suspend"), ()).await.expect(200);
        for actor in [&eve, &globex, &consultant] {
            actor.get(&path).await.expect_problem(404, "not_found");
            assert_eq!(actor.get("/v1/service-requests").await.expect(200).rows().len(), 0);
        }
        admin.post(suspend(&acme, "resume"), ()).await.expect(200);
        consultant.get(&path).await.expect(200);

        globex.post(format!("/v1/contacts/{}/disable", eve.id), json!({"reason": "left"})).await.expect(200);
        admin.post(format!("/v1/staff/{}/disable", consultant.id), json!({"reason": "left"})).await.expect(200);
        let ended = acme.get(grant_path(&to_eve)).await.expect(200);
        snapshot!(ended);
        assert_eq!(acme.get(grant_path(&to_staff)).await.expect(200)["status"], "ended");
        globex.post(format!("/v1/contacts/{}/enable", eve.id), ()).await.expect(200);
        admin.post(format!("/v1/staff/{}/enable", consultant.id), ()).await.expect(200);
        let eve = world.instance().accept(&world.mailbox().nth(&eve.email, "welcome", 2).await).await;
        let consultant = world.instance().accept(&world.mailbox().nth(&consultant.email, "welcome", 2).await).await;
        consultant.get(&path).await.expect_problem(404, "not_found");
        eve.get(&path).await.expect(200);
        eve.patch(&path, json!({"severity": 1})).await.expect_problem(403, "permission_required");
        assert_eq!(acme.get(grant_path(&to_eve)).await.expect(200)["status"], "ended");
    }

    /// G-15
    async fn effective_access_says_which_grant_decides_and_why_the_others_do_not(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ben = acme.contact("ben", "knowledge_base").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (eve, kim) = (globex.contact("eve", "designated_support").await, globex.contact("kim", "knowledge_base").await);
        let (agent, consultant) = (world.agent().await, world.consultant().await);
        let ends = json!({"grantee": grantee(&eve), "level": "full_admin", "expires_at": world.after(hours(1))});
        offer(&acme, ends).await.expect(201);
        world.advance(hours(2));
        let revoked = acme.grant_person(&eve, "update").await;
        acme.post(format!("{}/revoke", grant_path(&revoked)), json!({})).await.expect(200);
        acme.grant_organization(&globex, "create").await;
        world.advance(hours(1));
        acme.grant_person(&eve, "view").await;
        snapshot!(acme.get(access_path(&acme, &eve)).await.expect(200));
        acme.grant_person(&kim, "none").await;
        acme.grant_person(&consultant, "view").await;
        let outcomes = |answer: &Answer| {
            let considered = answer["considered"].as_array().into_iter().flatten();
            considered.map(|one| one["outcome"].clone()).collect::<Vec<_>>()
        };
        for (who, path, level, considered) in [
            (&globex, "organization_grant", json!("create"), vec!["decides"]),
            (&kim, "none", json!("none"), vec!["decides", "hidden_by_individual_grant"]),
            (&ben, "own_organization", Value::Null, vec![]),
            (&agent, "staff_role", Value::Null, vec![]),
            (&consultant, "individual_grant", json!("view"), vec!["decides"]),
            (&world.admin().await, "none", Value::Null, vec![]),
        ] {
            let answer = acme.get(access_path(&acme, who)).await.expect(200);
            assert_eq!((&answer["path"], &answer["level"]), (&json!(path), &level), "{}", who.email);
            assert_eq!(outcomes(&answer), considered, "{}", who.email);
            // Whoever it is about may ask too; without naming anybody it is about oneself.
            if who.id.starts_with("contact") || level != Value::Null {
                let own = who.get(acme.own("effective-access")).await.expect(200);
                assert_eq!((&own["person"], &own["path"]), (&answer["person"], &answer["path"]), "{}", who.email);
            }
        }
        // The desk may ask, a partner may not ask about others, and nobody probes who exists.
        agent.get(access_path(&acme, &eve)).await.expect(200);
        eve.get(access_path(&acme, &globex)).await.expect_problem(403, "permission_required");
        ben.get(access_path(&acme, &eve)).await.expect_problem(403, "permission_required");
        let stranger = world.partner("Umbrella", "umbrella.example").await;
        stranger.get(access_path(&acme, &stranger)).await.expect_problem(404, "not_found");
        acme.get(access_path(&acme, &stranger)).await.expect_problem(404, "not_found");
        let nobody = "effective-access?person_id=contact_01h455vb4pex5vsknk084sn02q";
        acme.get(acme.own(nobody)).await.expect_problem(404, "not_found");
        acme.get(acme.own("effective-access?person_id=ben")).await.expect_problem(422, "validation_failed");
    }

    /// G-4, G-12: a whole session through a grant, recorded, and sent again after the grant has gone in each way.
    async fn once_a_grant_is_gone_no_channel_gives_anything(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let admin = world.admin().await;
        let other = world.another_instance(&[]).await;
        for way in ["revoked", "expired", "shut out", "person disabled", "partner suspended", "customer suspended"] {
            let domain = format!("{}.example", way.replace(' ', "-"));
            let globex = world.partner(way, &domain).await;
            let eve = globex.contact("eve", "designated_support").await;
            let body = json!({"grantee": grantee(&eve), "level": "create", "expires_at": world.after(hours(1))});
            let grant = offer(&acme, body).await.expect(201);
            let secret = acme.request("Secret: the printer").await;
            let before = session(&other, &eve, &acme, &secret).await;
            assert!(before.iter().all(|answer| answer.status < 300), "{way}");
            match way {
                "revoked" => drop(acme.post(format!("{}/revoke", grant_path(&grant)), json!({})).await.expect(200)),
                "expired" => world.advance(hours(1)),
                "shut out" => drop(acme.patch(grant_path(&grant), json!({"level": "none"})).await.expect(200)),
                "person disabled" => {
                    let disable = format!("/v1/contacts/{}/disable", eve.id);
                    globex.post(disable, json!({"reason": "left"})).await.expect(200);
                }
                "partner suspended" => drop(admin.post(globex.own("suspend"), ()).await.expect(200)),
                _ => drop(admin.post(acme.own("suspend"), ()).await.expect(200)),
            }
            // What the end of a grant ends, the server ends by itself.
            settled(&world).await;
            let count = world.journal(&acme.organization_id).len();
            for answer in session(&other, &eve, &acme, &secret).await {
                let is_refused = matches!(answer.status, 401 | 404) || answer.body["data"] == json!([]);
                assert!(is_refused, "{way}: {answer}");
                assert!(!answer.text().contains("printer"), "{way}: {answer}");
            }
            assert_eq!(world.journal(&acme.organization_id).len(), count, "{way}: something was written");
        }
    }
}

/// What a partner does with a customer's request, at two instances: reads, lists, writes; with keys, so that the second time
/// stored answers could be given.
async fn session(other: &Arc<Instance>, eve: &Actor, acme: &Actor, secret: &Answer) -> Vec<Answer> {
    let (path, organization) = (request_path(secret), &acme.organization_id);
    let keyed = |key: &'static str| [("idempotency-key", key)];
    let create = json!({"organization_id": organization, "subject": "Another printer", "category": "question",
        "severity": 3, "message": "Why?"});
    let mut answers = Vec::new();
    for read in [
        path.clone(),
        format!("{path}/messages"),
        format!("/v1/organizations/{organization}"),
        format!("/v1/service-requests?organization_id={organization}"),
        format!("/v1/service-requests?organization_id={organization}&view=customers&q=printer"),
        format!("/v1/service-requests?view=mine&submitted_by={}&organization_id={organization}", eve.id),
    ] {
        answers.push(eve.get(read).await);
    }
    answers.push(eve.at(other).patch(&path, json!({"severity": 1})).await);
    answers.push(eve.send("POST", &format!("{path}/messages"), &keyed("message"), json!({"body": "printer"})).await);
    answers.push(eve.send("POST", "/v1/service-requests", &keyed("create"), create).await);
    answers
}
