//! The harness itself: what stories rely on.

use mandate_tests::{days, e2e, hours, snapshot};

e2e! {
    async fn everybody_can_be_brought_in(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let ana = acme.contact("ana", "designated_support").await;
        let paul = acme.primary_contact("paul", "manage_contacts").await;
        let (agent, duty, consultant) = (world.agent().await, world.duty_manager().await, world.consultant().await);
        for (actor, name) in [(&ana, "Ana Acme"), (&paul, "Paul Acme"), (&globex, "Manager Globex"), (&duty, "Duty Vendor")] {
            assert_eq!(actor.get("/v1/me").await.expect(200)["name"], name);
        }
        acme.grant_organization(&globex, "view").await;
        acme.grant_person(&consultant, "create").await;
        let request = ana.request("The printer is on fire").await.id();
        consultant.request_for(&acme.organization_id, "The extinguisher is empty").await;
        agent.reply(&request, "Leave the room.").await;
        snapshot!(globex.get(format!("/v1/service-requests/{request}")).await.expect(200));
        snapshot!(globex.get("/v1/service-requests?view=customers&limit=1").await.expect(200));
        snapshot!(world.anonymous().get("/v1/me").await.expect_problem(401, "unauthenticated"));
    }

    async fn time_passes_as_the_story_wants(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let before = acme.access_token();
        world.advance(hours(49));
        assert_eq!(world.now(), "2026-03-03T10:00:00Z");
        assert_eq!(world.after(days(1)), "2026-03-04T10:00:00Z");
        acme.with_token(&before).get("/v1/me").await.expect(401);
        acme.get("/v1/me").await.expect(200);
        assert_ne!(acme.access_token(), before);
    }

    async fn a_server_is_restarted_and_gets_company(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        world.restart().await;
        acme.get("/v1/me").await.expect(200);
        let other = world.another_instance(&["--access-token-ttl", "5m"]).await;
        assert_ne!(other.address(), world.instance().address());
        let elsewhere = acme.at(&other);
        elsewhere.get("/v1/me").await.expect(200);
        let (here, there) = tokio::join!(acme.request("Here"), elsewhere.request("There"));
        assert_ne!(here.id(), there.id());
    }

    async fn the_real_program_can_be_killed(world: World) {
        let mut process = world.process(&[("MANDATE_ACCESS_TOKEN_TTL", "5m")]).await;
        let acme = process.customer("Acme", "acme.example").await;
        let request = acme.request("The printer is on fire").await.id();
        process.kill();
        process.start_again().await;
        acme.get(format!("/v1/service-requests/{request}")).await.expect(200);
    }
}
