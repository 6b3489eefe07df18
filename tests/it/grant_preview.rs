//! What a grant would expose, asked before it is made or approved (G-17).

use std::collections::{BTreeMap, BTreeSet};

use mandate_tests::{Actor, Answer, Value, World, e2e, hours, json, snapshot, with};

use crate::partner_grant::{grant_path, offer, person, whole};

async fn preview(grantor: &Actor, body: Value) -> Answer {
    grantor.post(grantor.own("partner-grants/preview"), body).await
}

/// The requests of a customer that somebody sees.
async fn seen(person: &Actor, customer: &Actor) -> BTreeSet<String> {
    let list = format!("/v1/service-requests?organization_id={}&limit=100", customer.organization_id);
    let rows = person.get(list).await.expect(200).column("id");
    rows.iter().map(|id| id.as_str().unwrap_or_default().to_owned()).collect()
}

/// Messages of a request, and attachments of these.
type Written = (i64, i64);

/// What comes into sight between two moments: requests, messages, attachments and people.
fn exposed(before: &[BTreeSet<String>], after: &[BTreeSet<String>], messages: &BTreeMap<String, Written>) -> [i64; 4] {
    let gained: Vec<BTreeSet<&String>> =
        before.iter().zip(after).map(|(one, other)| other.difference(one).collect()).collect();
    let people = gained.iter().filter(|gained| !gained.is_empty()).count();
    let requests: BTreeSet<&String> = gained.into_iter().flatten().collect();
    let written = requests.iter().fold((0, 0), |(messages_total, attachments_total), request| {
        let (of_messages, of_attachments) = messages[*request];
        (messages_total + of_messages, attachments_total + of_attachments)
    });
    let whole = |count: usize| i64::try_from(count).unwrap_or(-1);
    [whole(requests.len()), written.0, written.1, whole(people)]
}

fn counted(exposure: &Value) -> [i64; 4] {
    ["requests", "messages", "attachments", "people"].map(|member| exposure[member].as_i64().unwrap_or(-1))
}

/// A customer with requests of all kinds, and a partner whose people take part in some of them.
struct Scene {
    acme: Actor,
    globex: Actor,
    eve: Actor,
    dina: Actor,
    kim: Actor,
}

impl Scene {
    async fn new(world: &World) -> Self {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let dina = globex.contact("dina", "knowledge_base").await;
        let kim = globex.contact("kim", "designated_support").await;
        let scene = Self { acme, globex, eve, dina, kim };
        scene.fill(world).await;
        scene
    }

    fn people(&self) -> [&Actor; 4] {
        [&self.globex, &self.eve, &self.dina, &self.kim]
    }

    async fn fill(&self, world: &World) {
        let (acme, agent) = (&self.acme, world.agent().await);
        let closed = acme.request("Closed").await.id();
        // Files of public messages count, those of a note and those that no message took up do not.
        let file = async |person: &Actor, request: &str| {
            person.upload(request, "log.txt", "text/plain", "a line").await.expect(201).id()
        };
        let [one, other, _] = [file(acme, &closed).await, file(acme, &closed).await, file(acme, &closed).await];
        acme.reply_with(&closed, "once more", &[&one, &other]).await;
        let note = json!({"body": "hm", "internal": true, "attachment_ids": [file(&agent, &closed).await]});
        agent.post(format!("/v1/service-requests/{closed}/messages"), note).await.expect(201);
        agent.patch(format!("/v1/service-requests/{closed}"), json!({"status": "closed"})).await.expect(200);
        let open = acme.request("Open").await.id();
        acme.reply_with(&open, "the log", &[&file(acme, &open).await]).await;
        acme.request_with(json!({"organization_id": acme.organization_id, "confidential": true})).await;
        // Eve submitted one that is confidential, and looks after one that is and one that is not.
        let grant = acme.grant_person(&self.eve, "create").await;
        self.eve.request_with(json!({"organization_id": acme.organization_id, "confidential": true})).await;
        for confidential in [true, false] {
            let members = json!({"organization_id": acme.organization_id, "confidential": confidential, "point_of_contact": self.eve.id});
            acme.request_with(members).await;
        }
        acme.post(format!("{}/revoke", grant_path(&grant)), json!({})).await.expect(200);
        world.advance(hours(1));
    }

    async fn seen(&self) -> Vec<BTreeSet<String>> {
        let mut all = Vec::new();
        for person in self.people() {
            all.push(seen(person, &self.acme).await);
        }
        all
    }

    async fn messages(&self) -> BTreeMap<String, Written> {
        let mut all = BTreeMap::new();
        for request in seen(&self.acme, &self.acme).await {
            let messages =
                self.acme.get(format!("/v1/service-requests/{request}/messages?limit=100")).await.expect(200);
            let attached = messages.rows().iter().map(|row| row["attachments"].as_array().map_or(0, Vec::len)).sum();
            let whole = |count: usize| i64::try_from(count).unwrap_or(-1);
            all.insert(request, (whole(messages.rows().len()), whole(attached)));
        }
        all
    }

    /// Previews a grant, makes it, and compares what was foretold with what everybody sees.
    async fn foretells(&self, body: Value, what: &str) -> Answer {
        let body = with(body, json!({"acknowledge_organization_wide_visibility": true}));
        let before = self.seen().await;
        let foretold = preview(&self.acme, body.clone()).await.expect(200);
        assert_eq!(self.seen().await, before, "{what}: a preview changes nothing");
        let grant = offer(&self.acme, body).await.expect(201);
        self.compare(&foretold, &before, what).await;
        grant
    }

    async fn compare(&self, foretold: &Answer, before: &[BTreeSet<String>], what: &str) {
        let (after, messages) = (self.seen().await, self.messages().await);
        assert_eq!(counted(&foretold["becomes_visible"]), exposed(before, &after, &messages), "{what}: visible");
        assert_eq!(counted(&foretold["becomes_hidden"]), exposed(&after, before, &messages), "{what}: hidden");
    }

    async fn revoke(&self, grant: &Answer) {
        self.acme.post(format!("{}/revoke", grant_path(grant)), json!({})).await.expect(200);
    }
}

e2e! {
    /// G-17, G-16, S-14: what is foretold is what comes, for every level and history scope, whatever else decides.
    async fn a_preview_foretells_what_everybody_will_see_g_17(world: World) {
        let scene = Scene::new(&world).await;
        let mut compared = 0;
        for around in [None, Some(("view", "all")), Some(("update", "new")), Some(("create", "open")), Some(("cc", "all"))] {
            let mut standing = Vec::new();
            if let Some((level, history)) = around {
                let body = json!({"grantee": whole(&scene.globex), "level": level, "history": history});
                standing.push(scene.foretells(body, &format!("all of the partner {level} {history}")).await);
                compared += 1;
            }
            // Kim has a grant of her own, which decides for her.
            standing.push(scene.acme.grant_person(&scene.kim, "cc").await);
            for (level, history) in
                [("none", "all"), ("cc", "all"), ("view", "all"), ("view", "open"), ("full_admin", "new")]
            {
                for grantee in [&scene.eve, &scene.dina] {
                    let body = json!({"grantee": person(grantee), "level": level, "history": history});
                    let grant = scene.foretells(body, &format!("{} {level} {history} in {around:?}", grantee.name)).await;
                    scene.revoke(&grant).await;
                    compared += 1;
                }
            }
            if around.is_none() {
                for (level, history) in [("cc", "all"), ("view", "open"), ("update", "new"), ("create", "all")] {
                    let body = json!({"grantee": whole(&scene.globex), "level": level, "history": history});
                    let grant = scene.foretells(body, &format!("the rest of the partner {level} {history}")).await;
                    scene.revoke(&grant).await;
                    compared += 1;
                }
            }
            for grant in &standing {
                scene.revoke(grant).await;
            }
        }
        println!("{compared} previews compared with what came of them");
        assert!(compared > 50, "{compared}");
    }

    /// G-17, G-9: the approval of a request, also where it changes a grant that there is.
    async fn an_approval_is_foretold_as_well_g_17_g_9(world: World) {
        let scene = Scene::new(&world).await;
        let acme = &scene.acme;
        acme.grant_person(&scene.eve, "cc").await;
        let new = json!({"grantee": whole(&scene.globex), "level": "view", "history": "new", "acknowledge_organization_wide_visibility": true});
        offer(acme, new).await.expect(201);
        for (grantee, terms) in [
            (person(&scene.eve), json!({"level": "update"})),
            (person(&scene.eve), json!({"level": "none"})),
            (person(&scene.dina), json!({})),
            (whole(&scene.globex), json!({"history": "all"})),
            (whole(&scene.globex), json!({"level": "cc"})),
        ] {
            let body = json!({"grantor": {"id": acme.organization_id}, "grantee": grantee, "level": "view"});
            let request = scene.globex.post(scene.globex.own("partner-grant-requests"), body).await.expect(201).id();
            let path = |verb: &str| format!("/v1/partner-grant-requests/{request}/{verb}");
            scene.globex.post(path("preview"), terms.clone()).await.expect_problem(403, "permission_required");
            let before = scene.seen().await;
            let foretold = acme.post(path("preview"), terms.clone()).await.expect(200);
            assert_eq!(acme.get(format!("/v1/partner-grant-requests/{request}")).await.expect(200)["status"], "open");
            let terms = with(terms, json!({"acknowledge_organization_wide_visibility": true}));
            acme.post(path("approve"), terms.clone()).await.expect(200);
            scene.compare(&foretold, &before, &format!("{terms} for {grantee}")).await;
            acme.post(path("preview"), json!({})).await.expect_problem(409, "invalid_transition");
        }
    }

    /// G-17, G-2: whose level changes; what is to be acknowledged; and what making it would refuse.
    async fn a_preview_names_whose_level_changes_g_17_g_2(world: World) {
        let scene = Scene::new(&world).await;
        let (acme, globex) = (&scene.acme, &scene.globex);
        acme.grant_person(&scene.kim, "none").await;
        // Who has not set a password yet will see it as soon as they did.
        globex.invited("zoe", json!({"permission": "designated_support"})).await;
        let to_all = json!({"grantee": whole(globex), "level": "view", "note": "the move"});
        snapshot!(preview(acme, to_all.clone()).await.expect(200));
        acme.grant_organization(globex, "create").await;
        let to_eve = json!({"grantee": person(&scene.eve), "level": "view"});
        snapshot!(preview(acme, to_eve).await.expect(200));
        // Dina may but read the knowledge base, so what all of Globex has is nothing to her (G-7).
        let nothing = preview(acme, json!({"grantee": person(&scene.dina), "level": "none"})).await.expect(200);
        assert_eq!((&nothing["people_gaining"], &nothing["people_losing"]), (&json!(0), &json!(0)));
        let shut_out = preview(acme, json!({"grantee": person(&scene.eve), "level": "none"})).await.expect(200);
        assert_eq!((&shut_out["people_gaining"], &shut_out["people_losing"]), (&json!(0), &json!(1)));
        let higher = preview(acme, json!({"grantee": person(&scene.eve), "level": "full_admin"})).await.expect(200);
        assert_eq!((&higher["people_gaining"], &higher["people_losing"]), (&json!(1), &json!(0)));
        assert_eq!(higher["people"][0]["before"], "create");
        // The desk sees all of it anyway, a consultant would see it anew.
        let until = json!({"level": "view", "expires_at": world.after(hours(1))});
        for (staff, requests) in [(world.agent().await, 0), (world.consultant().await, 3)] {
            let foretold = preview(acme, with(until.clone(), json!({"grantee": person(&staff)}))).await.expect(200);
            assert_eq!(foretold["becomes_visible"]["requests"], requests, "{}", staff.email);
        }

        preview(acme, to_all.clone()).await.expect_problem(409, "grant_exists");
        preview(acme, json!({"grantee": person(&scene.kim), "level": "view"})).await.expect_problem(409, "grant_exists");
        preview(acme, json!({"grantee": person(acme), "level": "view"})).await.expect_problem(422, "grantee_not_allowed");
        preview(acme, json!({"level": "all", "why": 1})).await.expect_problem(422, "validation_failed");
        let ben = acme.contact("ben", "designated_support").await;
        let asked_by = async |person: &Actor| {
            person.post(acme.own("partner-grants/preview"), to_all.clone()).await
        };
        asked_by(&ben).await.expect_problem(403, "permission_required");
        asked_by(globex).await.expect_problem(403, "permission_required");
        asked_by(&world.customer("Initech", "initech.example").await).await.expect_problem(404, "not_found");
        assert_eq!(acme.get(acme.own("partner-grants")).await.expect(200).rows().len(), 2);
        // A key is read and keeps nothing: the same one asks anew.
        let path = acme.own("partner-grants/preview");
        for level in ["view", "cc"] {
            let wanted = json!({"grantee": person(&scene.eve), "level": level});
            acme.send("POST", &path, &[("idempotency-key", "k")], wanted).await.expect(200);
        }
    }
}
