//! Contacts at sites and in shifts of their organization (O-5).

use mandate_tests::{Actor, Answer, Value, e2e, json, snapshot};

async fn site(manager: &Actor, name: &str, shifts: &[&str]) -> String {
    let shift = |name: &&str| json!({"name": name, "from": "06:00", "until": "18:00"});
    let shifts: Vec<Value> = shifts.iter().map(shift).collect();
    let body = json!({"name": name, "time_zone": "UTC", "shifts": shifts});
    manager.post(manager.own("sites"), body).await.expect(201).id()
}

/// Where a contact works, as the answer says.
fn places(contact: &Answer) -> (Value, Value) {
    (contact["site_ids"].clone(), contact["site_shifts"].clone())
}

/// The one error of a refusal: where, and its code.
fn error(refused: &Answer) -> (String, String) {
    let text = |member: &str| refused["errors"][0][member].as_str().unwrap_or_default().to_owned();
    assert_eq!(refused["errors"].as_array().map(Vec::len), Some(1), "{refused}");
    (text("pointer"), text("code"))
}

e2e! {
    /// O-5, C-1
    async fn a_contact_works_at_sites_and_there_in_shifts(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (plant, office) = (site(&acme, "Plant", &["day", "night"]).await, site(&acme, "Office", &[]).await);
        let members = json!({"permission": "designated_support", "site_ids": [office, plant],
            "site_shifts": [{"site_id": plant, "name": "Night"}]});
        let ana = acme.invited("ana", members).await;
        let night = json!([{"site_id": plant, "name": "night"}]);
        assert_eq!(places(&ana), (json!([plant, office]), night.clone()));
        let path = format!("/v1/contacts/{}", ana.id());
        let patch = async |body: Value| places(&acme.patch(&path, body).await.expect(200));
        // Sites that stay keep their shifts.
        assert_eq!(patch(json!({"site_ids": [plant]})).await, (json!([plant]), night.clone()));
        assert_eq!(patch(json!({"site_ids": [plant, office]})).await, (json!([plant, office]), night));
        assert_eq!(patch(json!({"site_shifts": []})).await, (json!([plant, office]), json!([])));
        let day = json!([{"site_id": plant, "name": "day"}]);
        assert_eq!(patch(json!({"site_shifts": day})).await, (json!([plant, office]), day));
        assert_eq!(patch(json!({"site_ids": []})).await, (json!([]), json!([])));
        // Who looks after nothing but themselves does not move themselves.
        let dan = acme.contact("dan", "designated_support").await;
        let own = dan.patch(format!("/v1/contacts/{}", dan.id), json!({"site_ids": [plant]})).await;
        own.expect_problem(403, "permission_required");
    }

    /// O-5, X-3: what is another's, archived or nobody's is refused alike, and named by its place.
    async fn a_contact_works_at_no_site_of_others(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        let (plant, barn) = (site(&acme, "Plant", &["day"]).await, site(&acme, "Barn", &["milking"]).await);
        let theirs = site(&initech, "Plant", &["day"]).await;
        let ben = acme.invited("ben", json!({"permission": "knowledge_base", "site_ids": [barn]})).await.id();
        acme.patch(format!("/v1/sites/{barn}"), json!({"archived": true})).await.expect(200);
        let body = |members: Value| {
            let body = json!({"email": "ana@acme.example", "first_name": "Ana", "last_name": "Silva", "permission": "knowledge_base"});
            mandate_tests::with(body, members)
        };
        let refused = async |members: Value| {
            error(&acme.post(acme.own("contacts"), body(members)).await.expect_problem(422, "site_not_allowed"))
        };
        let at = |pointer: &str| (pointer.to_owned(), "site_not_allowed".to_owned());
        for other in [theirs.as_str(), barn.as_str(), "site_01h455vb4pex5vsknk084sn02q"] {
            assert_eq!(refused(json!({"site_ids": [plant, other]})).await, at("#/site_ids/1"));
            let shifts = json!([{"site_id": plant, "name": "day"}, {"site_id": other, "name": "milking"}]);
            assert_eq!(refused(json!({"site_ids": [plant], "site_shifts": shifts})).await, at("#/site_shifts/1"));
        }
        let shift = json!([{"site_id": plant, "name": "night"}]);
        assert_eq!(refused(json!({"site_ids": [plant], "site_shifts": shift})).await, at("#/site_shifts/0"));
        assert_eq!(refused(json!({"site_shifts": [{"site_id": plant, "name": "day"}]})).await, at("#/site_shifts/0"));
        snapshot!(acme.post(acme.own("contacts"), body(json!({"site_ids": [theirs]}))).await.expect(422));
        // Where an archived site stands, it may stay; it cannot be added.
        let path = format!("/v1/contacts/{ben}");
        let kept = acme.patch(&path, json!({"site_ids": [barn, plant]})).await.expect(200);
        assert_eq!(kept["site_ids"], json!([plant, barn]));
        acme.patch(&path, json!({"site_ids": [plant]})).await.expect(200);
        acme.patch(&path, json!({"site_ids": [plant, barn]})).await.expect_problem(422, "site_not_allowed");
        let wrong = json!({"site_ids": ["contact_1", plant, 7], "site_shifts": [{"site_id": plant}, {"name": " "}, "day"]});
        snapshot!(acme.post(acme.own("contacts"), body(wrong)).await.expect(422));
        snapshot!(acme.patch(&path, json!({"site_ids": null, "site_shifts": null})).await.expect(422));
    }

    /// O-5, C-22: an import names sites as single creation does, and an export comes back with them.
    async fn imported_contacts_work_at_sites(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        let (plant, theirs) = (site(&acme, "Plant", &["day", "night"]).await, site(&initech, "Plant", &[]).await);
        let import = async |path: &str, file: String| {
            acme.send("POST", path, &[("content-type", "text/csv")], file.as_str()).await
        };
        let head = "email,first_name,last_name,permission,site_ids,site_shifts";
        let path = acme.own("contacts/import");
        let rows = format!("{head}\nana@acme.example,Ana,Silva,knowledge_base,{plant},{plant}:night\n");
        let refused = import(&format!("{path}?dry_run=true"), format!("{rows}ben@acme.example,Ben,Costa,knowledge_base,{theirs},\n")).await;
        let error = refused.expect(200)["errors"][0].clone();
        assert_eq!((&error["row"], &error["field"], &error["code"]), (&json!(2), &json!("site_ids"), &json!("site_not_allowed")));
        import(&path, rows).await.expect(200);
        let list = acme.get(format!("{}?site_id={plant}", acme.own("contacts"))).await.expect(200);
        assert_eq!(list.column("site_shifts"), [json!([{"site_id": plant, "name": "night"}])]);
        let csv = acme.send("GET", &acme.own("contacts"), &[("accept", "text/csv")], ()).await.expect(200);
        assert!(csv.text().contains(&format!("{plant}:night")), "{}", csv.text());
    }

    /// C-18, O-5
    async fn contacts_are_found_by_the_sites_where_they_work(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (plant, office) = (site(&acme, "Plant", &["day"]).await, site(&acme, "Office", &[]).await);
        let at = |sites: &[&String]| json!({"permission": "knowledge_base", "site_ids": sites});
        acme.invited("ana", at(&[&plant])).await;
        acme.invited("ben", at(&[&plant, &office])).await;
        acme.invited("cem", at(&[])).await;
        let found = async |query: String| {
            let list = acme.get(format!("{}?{query}", acme.own("contacts"))).await.expect(200);
            list.column("first_name")
        };
        assert_eq!(found(format!("site_id={plant}")).await, ["Ana", "Ben"]);
        assert_eq!(found(format!("site_id={office}")).await, ["Ben"]);
        assert_eq!(found(format!("site_id={office}&site_id={plant}&site_id={plant}")).await, ["Ana", "Ben"]);
        assert_eq!(found(format!("site_id={office}&status=active")).await, Vec::<Value>::new());
        assert_eq!(found("site_id=site_01h455vb4pex5vsknk084sn02q".to_owned()).await, Vec::<Value>::new());
        acme.get(format!("{}?site_id=%25", acme.own("contacts"))).await.expect_problem(422, "validation_failed");
    }
}
