//! Sites of an organization, with their shifts (O-5).

use mandate_storage::JournalEntry;
use mandate_tests::{Actor, Answer, Value, e2e, json, snapshot, with};

async fn create(manager: &Actor, members: Value) -> Answer {
    let body = with(json!({"name": "Plant", "time_zone": "America/Sao_Paulo"}), members);
    manager.post(manager.own("sites"), body).await
}

fn site(id: &str) -> String {
    format!("/v1/sites/{id}")
}

/// The names in the list of sites.
async fn names(actor: &Actor, query: &str) -> Vec<String> {
    let list = actor.get(format!("{}{query}", actor.own("sites"))).await.expect(200);
    list.column("name").iter().map(|name| name.as_str().unwrap_or_default().to_owned()).collect()
}

e2e! {
    /// O-5, X-3: by contact managers, and seen by everybody of the organization.
    async fn an_organization_keeps_its_sites(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let kai = acme.contact("kai", "knowledge_base").await;
        let created = create(
            &acme,
            json!({"name": "  São Paulo plant ", "shifts": [
                {"name": "day", "from": "06:00", "until": "18:00"},
                {"name": "night", "from": "18:00", "until": "06:00", "time_zone": "America/Manaus"},
            ]}),
        )
        .await
        .expect(201);
        snapshot!(created);
        let path = site(&created.id());
        assert_eq!(created.header("location"), Some(path.as_str()));
        assert_eq!(kai.get(&path).await.expect(200).body, created.body);
        kai.send("GET", &path, &[("if-none-match", "\"1\"")], ()).await.expect(304);
        snapshot!(kai.get(kai.own("sites")).await.expect(200));
        // Not for who may only look, and not there for strangers.
        kai.patch(&path, json!({"archived": true})).await.expect_problem(403, "permission_required");
        kai.post(kai.own("sites"), json!({"name": "Office", "time_zone": "UTC"})).await.expect_problem(403, "permission_required");
        for answer in [
            globex.get(&path).await,
            globex.get(acme.own("sites")).await,
            globex.patch(&path, json!({"archived": true})).await,
            globex.post(acme.own("sites"), json!({"name": "Office", "time_zone": "UTC"})).await,
        ] {
            answer.expect_problem(404, "not_found");
        }
        acme.grant_organization(&globex, "full_admin").await;
        let office = json!({"name": "Office", "time_zone": "UTC"});
        let office = globex.post(acme.own("sites"), office).await.expect(201);
        assert_eq!((&office["created_by"], &office["organization_id"]), (&json!(globex.id), &json!(acme.organization_id)));
        // The vendor has none.
        let (agent, admin) = (world.agent().await, world.admin().await);
        assert_eq!(agent.get(acme.own("sites")).await.expect(200).rows().len(), 2);
        agent.get(agent.own("sites")).await.expect_problem(404, "not_found");
        admin.post(admin.own("sites"), json!({"name": "Desk", "time_zone": "UTC"})).await.expect_problem(403, "permission_required");
        // A repetition has one effect.
        let again = async || {
            let body = json!({"name": "Barn", "time_zone": "UTC"});
            acme.send("POST", &acme.own("sites"), &[("idempotency-key", "barn")], body).await.expect(201)
        };
        let (first, second) = (again().await, again().await);
        assert_eq!((&first.body, second.header("idempotent-replayed")), (&second.body, Some("true")));
    }

    /// O-5: edited, archived and taken back; never deleted.
    async fn a_site_is_edited_and_archived(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let shifts = json!([{"name": "day", "from": "06:00", "until": "18:00"}]);
        let path = site(&create(&acme, json!({"shifts": shifts})).await.expect(201).id());
        let moved = acme.patch(&path, json!({"name": "Works", "time_zone": "America/Bogota"})).await.expect(200);
        assert_eq!(moved["shifts"][0]["time_zone"], "America/Bogota", "a shift that goes by its site's time zone goes along");
        assert_eq!(acme.patch(&path, json!({"name": "Works"})).await.expect(200)["version"], 2, "nothing changed");
        acme.send("PATCH", &path, &[("if-match", "\"1\"")], json!({"shifts": []})).await.expect_problem(412, "version_mismatch");
        snapshot!(acme.patch(&path, json!({"shifts": [], "archived": true})).await.expect(200));
        assert_eq!((names(&acme, "?archived=false").await, names(&acme, "?archived=true").await), (vec![], vec!["Works".to_owned()]));
        acme.delete(&path).await.expect_problem(405, "method_not_allowed");
        // The name is free again, and taken when the site is to come back.
        let other = create(&acme, json!({"name": "WORKS"})).await.expect(201).id();
        let taken = acme.patch(&path, json!({"archived": false})).await.expect_problem(409, "site_exists");
        assert_eq!(taken["about"], json!([other]));
        snapshot!(create(&acme, json!({"name": "works"})).await.expect_problem(409, "site_exists"));
        acme.patch(site(&other), json!({"name": "Office"})).await.expect(200);
        let back = acme.patch(&path, json!({"archived": false})).await.expect(200);
        assert_eq!((&back["archived"], &back["archived_at"]), (&json!(false), &Value::Null));
        assert_eq!(names(&acme, "").await, ["Office", "Works"]);
        let kinds: Vec<String> = world.journal(&acme.organization_id).iter().map(kind).filter(|kind| kind.starts_with("site.")).collect();
        assert_eq!(kinds, ["site.created", "site.updated", "site.updated", "site.created", "site.updated", "site.updated"]);
    }

    /// O-5, X-5: each wrong value has its place, and nothing is half done.
    async fn a_site_is_refused_with_every_error_at_once(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let shift = |members: Value| {
            let shift = with(json!({"name": "day", "from": "06:00", "until": "18:00"}), members);
            json!({"shifts": [{"name": "night", "from": "18:00", "until": "06:00"}, shift]})
        };
        for (members, pointer, code) in [
            (json!({"name": null}), "#/name", "required"),
            (json!({"name": " "}), "#/name", "blank"),
            (json!({"name": "x".repeat(101)}), "#/name", "too_long"),
            (json!({"time_zone": null}), "#/time_zone", "required"),
            (json!({"time_zone": "Mars/Olympus"}), "#/time_zone", "time_zone_unknown"),
            (json!({"shifts": {}}), "#/shifts", "invalid_type"),
            (json!({"archived": true}), "#/archived", "unknown_member"),
            (shift(json!({"name": null})), "#/shifts/1/name", "required"),
            (shift(json!({"name": "a\u{7}"})), "#/shifts/1/name", "control_character"),
            (shift(json!({"name": "Night"})), "#/shifts/1/name", "repeated"),
            (shift(json!({"from": "6:00"})), "#/shifts/1/from", "time_of_day_invalid"),
            (shift(json!({"from": 6})), "#/shifts/1/from", "invalid_type"),
            (shift(json!({"until": "24:00"})), "#/shifts/1/until", "time_of_day_invalid"),
            (shift(json!({"until": null})), "#/shifts/1/until", "required"),
            (shift(json!({"time_zone": "Europe"})), "#/shifts/1/time_zone", "time_zone_unknown"),
            (shift(json!({"colour": "red"})), "#/shifts/1/colour", "unknown_member"),
        ] {
            let refused = create(&acme, members.clone()).await.expect_problem(422, "validation_failed");
            let errors = refused["errors"].as_array().cloned().unwrap_or_default();
            assert_eq!(errors.len(), 1, "{members}: {refused}");
            assert_eq!((&errors[0]["pointer"], &errors[0]["code"]), (&json!(pointer), &json!(code)), "{members}: {refused}");
        }
        let many = |count: usize| {
            let shift = |number| json!({"name": format!("shift {number}"), "from": "06:00", "until": "06:00"});
            json!({"shifts": (0..count).map(shift).collect::<Vec<_>>()})
        };
        let refused = create(&acme, many(21)).await.expect_problem(422, "validation_failed");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("#/shifts"), &json!("too_long")));
        assert_eq!(names(&acme, "").await, [""; 0], "nothing was created");
        let path = site(&create(&acme, many(20)).await.expect(201).id());
        snapshot!(acme.patch(&path, json!({
            "name": null, "time_zone": "CEST+", "archived": null, "id": "site_1",
            "shifts": [{"from": "25:00", "until": ""}, {"name": "day", "from": "06:00", "until": "18:00"}],
        })).await.expect(422));
        acme.patch(&path, json!({"shifts": null})).await.expect_problem(422, "validation_failed");
        // A shift without hours is the whole day.
        let always = create(&acme, json!({"name": "Depot", "shifts": [{"name": "always"}]})).await.expect(201);
        assert_eq!((&always["shifts"][0]["from"], &always["shifts"][0]["until"]), (&json!("00:00"), &json!("00:00")));
        for query in ["?archived=maybe", "?archive=true", "?limit=0", "?cursor=x", "?archived=true&archived=false"] {
            acme.get(format!("{}{query}", acme.own("sites"))).await.expect(422);
        }
    }

    /// The list goes on where the page ended.
    async fn sites_are_listed_by_name_in_pages(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        for name in ["beta", "Alpha", "gamma", "Delta", "épsilon"] {
            create(&acme, json!({"name": name})).await.expect(201);
        }
        let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
        loop {
            let page = acme.get(format!("{}{query}", acme.own("sites"))).await.expect(200);
            seen.extend(page.column("name"));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, ["Alpha", "beta", "Delta", "gamma", "épsilon"]);
        // Of two who want the same name at once, one gets it.
        let elsewhere = acme.at(&world.another_instance(&[]).await);
        for round in 0..5 {
            let body = json!({"name": format!("Race {round}"), "time_zone": "UTC"});
            let (one, two) = tokio::join!(
                acme.post(acme.own("sites"), body.clone()),
                elsewhere.post(acme.own("sites"), body)
            );
            let mut codes = [(one.status, one.code()), (two.status, two.code())];
            codes.sort_unstable();
            assert_eq!(codes, [(201, ""), (409, "site_exists")], "{one}\n{two}");
        }
    }
}

fn kind(entry: &JournalEntry) -> String {
    use mandate_core::vocabulary::Vocabulary as _;
    entry.kind.name().to_owned()
}
