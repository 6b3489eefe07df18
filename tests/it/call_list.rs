//! Whom agents call about a service request of severity 1 or 2 (C-19, S-12).

use mandate_tests::{Value, e2e, hours, json, snapshot};

use crate::participant::add;
use crate::service_request::request_path;

e2e! {
    /// C-19, S-12: for the desk alone, for severity 1 and 2 alone, who takes part first, and whether it is the time for it.
    async fn agents_see_whom_to_call(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        acme.grant_organization(&globex, "view").await;
        let (dan, kim) = (acme.contact("dan", "designated_support").await, acme.contact("kim", "knowledge_base").await);
        let (eve, ivy) = (globex.contact("eve", "designated_support").await, globex.contact("ivy", "designated_support").await);
        let call = |from: &str, until: &str| json!({"phone": "+1.650.555.0100", "from": from, "until": until, "time_zone": "America/Sao_Paulo"});
        for (person, preference) in [
            (&acme, json!({"severity_1": call("08:00", "18:00")})),
            (&dan, json!({"severity_1": call("22:00", "07:00"), "severity_2": call("08:00", "18:00")})),
            (&kim, json!({"severity_1": call("00:00", "00:00")})),
            (&eve, json!({"severity_1": call("00:00", "00:00"), "severity_2": call("00:00", "00:00")})),
            (&ivy, json!({"severity_1": call("00:00", "00:00")})),
        ] {
            person.patch("/v1/me", json!({"notification_preferences": preference})).await.expect(200);
        }
        let request = dan.request_with(json!({"subject": "Nobody can sign in", "severity": 1})).await;
        add(&acme, &request, &eve.id, "cc").await.expect(201);
        let path = request_path(&request);
        let (agent, duty) = (world.agent().await, world.duty_manager().await);
        // Nine o'clock in UTC is six in São Paulo.
        let seen = agent.get(&path).await.expect(200);
        snapshot!(seen);
        assert_eq!(seen.header("etag"), None, "it changes with the time of day");
        assert_eq!(duty.get(&path).await.expect(200)["call_list"], seen["call_list"]);
        for other in [&acme, &dan, &eve] {
            let answer = other.get(&path).await.expect(200);
            assert_eq!(answer["call_list"], Value::Null, "{}", other.email);
            assert!(answer.header("etag").is_some());
        }
        world.consultant().await.get(&path).await.expect_problem(404, "not_found");
        world.advance(hours(6));
        let within = |answer: &mandate_tests::Answer| -> Vec<Value> {
            answer["call_list"].as_array().expect("a list").iter().map(|row| row["within_hours"].clone()).collect()
        };
        assert_eq!(within(&agent.get(&path).await.expect(200)), [json!(false), json!(true), json!(true)]);
        agent.patch(&path, json!({"severity": 2})).await.expect(200);
        let milder = agent.get(&path).await.expect(200);
        let names: Vec<&Value> = milder["call_list"].as_array().expect("a list").iter().map(|row| &row["person"]["name"]).collect();
        assert_eq!(names, ["Dan Acme", "Eve Globex"]);
        agent.patch(&path, json!({"severity": 3})).await.expect(200);
        let mild = agent.get(&path).await.expect(200);
        assert_eq!((&mild["call_list"], mild.header("etag").is_some()), (&Value::Null, true));
        // A partner's own request is its own people's.
        let other = globex.request_with(json!({"severity": 1})).await;
        assert_eq!(agent.get(request_path(&other)).await.expect(200)["call_list"].as_array().map(Vec::len), Some(2));
        // Lists and writes leave it out.
        assert_eq!(agent.get("/v1/service-requests").await.expect(200).column("call_list"), [Value::Null, Value::Null]);
    }
}
