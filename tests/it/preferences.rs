//! Notification preferences (C-9, C-19).

use mandate_core::journal::EventKind;
use mandate_tests::{Actor, Answer, Value, e2e, json, snapshot};

const PREFERENCES: &str = "notification_preferences";

/// Edits one's own preferences.
async fn edit(person: &Actor, preferences: Value) -> Answer {
    person.patch("/v1/me", json!({PREFERENCES: preferences})).await
}

/// Places and codes of what was wrong.
fn errors(refused: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = refused["errors"].as_array().into_iter().flatten();
    errors
        .map(|error| (text(&error["pointer"]).replace("#/notification_preferences", ""), text(&error["code"])))
        .collect()
}

e2e! {
    /// C-19, C-9, C-1: a merge patch within a merge patch.
    async fn a_contact_says_how_they_want_to_be_told(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let kai = acme.contact_with("kai", json!({"permission": "knowledge_base", "time_zone": "Europe/Lisbon"})).await;
        let me = kai.get("/v1/me").await.expect(200);
        let usual = json!({"email": true, "severity_1": null, "severity_2": null});
        assert_eq!(me[PREFERENCES], usual);
        let call = json!({"phone": "+351.21.000.0000", "from": "08:00", "until": "18:00"});
        let edited = edit(&kai, json!({"email": false, "severity_1": call})).await.expect(200);
        snapshot!(edited);
        let at_home = json!({"phone": "+351.21.000.0000", "from": "08:00", "until": "18:00", "time_zone": "Europe/Lisbon"});
        assert_eq!(edited[PREFERENCES], json!({"email": false, "severity_1": at_home, "severity_2": null}));
        // Absent stays, on every level.
        let edited = edit(&kai, json!({"severity_1": {"until": "02:30"}})).await.expect(200);
        assert_eq!(
            (&edited[PREFERENCES]["severity_1"]["from"], &edited[PREFERENCES]["severity_1"]["until"], &edited[PREFERENCES]["email"]),
            (&json!("08:00"), &json!("02:30"), &json!(false))
        );
        // Hours stay as they were told when somebody moves; a new preference is told where they live then.
        let moved = json!({"time_zone": "America/Lima", PREFERENCES: {"severity_2": call}});
        let moved = kai.patch("/v1/me", moved).await.expect(200);
        assert_eq!(moved[PREFERENCES]["severity_1"]["time_zone"], "Europe/Lisbon");
        assert_eq!(moved[PREFERENCES]["severity_2"]["time_zone"], "America/Lima");
        let home = edit(&kai, json!({"severity_1": {"time_zone": null}, "severity_2": {"time_zone": "Asia/Tokyo"}})).await.expect(200);
        assert_eq!(home[PREFERENCES]["severity_1"]["time_zone"], "America/Lima");
        assert_eq!(home[PREFERENCES]["severity_2"]["time_zone"], "Asia/Tokyo");
        let version = home["version"].clone();
        for nothing in [json!({}), json!({"severity_1": {}}), json!({"email": false, "severity_2": {"from": "08:00"}})] {
            assert_eq!(edit(&kai, nothing).await.expect(200)["version"], version);
        }
        // Managers see those of others and change none; null clears.
        let record = format!("/v1/contacts/{}", kai.id);
        assert_eq!(acme.get(&record).await.expect(200)[PREFERENCES], home[PREFERENCES]);
        acme.patch(&record, json!({PREFERENCES: {"email": true}})).await.expect_problem(403, "permission_required");
        let cleared = edit(&kai, json!({"email": true, "severity_1": null, "severity_2": null})).await.expect(200);
        assert_eq!(cleared[PREFERENCES], usual);
        kai.patch(&record, json!({PREFERENCES: {"email": false}})).await.expect(200);
        let ben = acme.contact("ben", "designated_support").await;
        ben.patch(&record, json!({PREFERENCES: {"email": true}})).await.expect_problem(403, "permission_required");
        kai.send("PATCH", "/v1/me", &[("if-match", "\"1\"")], json!({PREFERENCES: {"email": true}})).await.expect_problem(412, "version_mismatch");
        let journal = world.journal(&acme.organization_id);
        let last = journal.iter().rfind(|entry| entry.kind == EventKind::ContactUpdated).map(|entry| (entry.before.as_str(), entry.after.as_str()));
        assert_eq!(last, Some((r#"{"email_notifications":true}"#, r#"{"email_notifications":false}"#)));
    }

    /// C-19, C-4: each flaw at its place, and nothing half done.
    async fn what_is_wrong_with_preferences_is_said_at_its_place(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let agent = world.agent().await;
        for (preferences, expected) in [
            (json!(null), vec![("", "required")]),
            (json!("never"), vec![("", "invalid_type")]),
            (json!({"email": null}), vec![("/email", "required")]),
            (json!({"email": "yes"}), vec![("/email", "invalid_type")]),
            (json!({"severity_3": null}), vec![("/severity_3", "unknown_member")]),
            (json!({"severity_1": []}), vec![("/severity_1", "invalid_type")]),
            (json!({"severity_1": {}}), vec![("/severity_1/phone", "required"), ("/severity_1/from", "required"), ("/severity_1/until", "required")]),
            (json!({"severity_1": {"phone": "112", "from": "08:00"}}), vec![("/severity_1/until", "required")]),
            (
                json!({"severity_1": {"phone": "650-555", "from": "8:00", "until": "24:00", "time_zone": "Mars/Olympus", "days": 5}, "severity_2": {"phone": null, "from": 8}}),
                vec![
                    ("/severity_1/days", "unknown_member"),
                    ("/severity_2/from", "invalid_type"),
                    ("/severity_1/phone", "phone_format"),
                    ("/severity_1/from", "time_of_day_invalid"),
                    ("/severity_1/until", "time_of_day_invalid"),
                    ("/severity_1/time_zone", "time_zone_unknown"),
                    ("/severity_2/phone", "required"),
                ],
            ),
        ] {
            for path in ["/v1/me".to_owned(), format!("/v1/contacts/{}", acme.id)] {
                let body = json!({"locale": "es", PREFERENCES: preferences});
                let refused = acme.patch(&path, body).await.expect_problem(422, "validation_failed");
                let expected: Vec<_> = expected.iter().map(|(at, code)| ((*at).to_owned(), (*code).to_owned())).collect();
                assert_eq!(errors(&refused), expected, "{preferences}");
            }
        }
        snapshot!(edit(&acme, json!({"severity_1": {"from": "08:00"}, "severity_2": {}})).await.expect(422));
        assert_eq!(acme.get("/v1/me").await.expect(200)["locale"], "en");
        // Staff have none.
        assert_eq!(agent.get("/v1/me").await.expect(200)[PREFERENCES], Value::Null);
        snapshot!(edit(&agent, json!({"email": false})).await.expect_problem(422, "validation_failed"));
    }
}
