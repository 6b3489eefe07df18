//! What a search would rarely meet by chance: sequences that were tried on purpose.

use mandate_tests::json;

use crate::command::{Command, Deed, Newcomer};
use crate::in_thread;
use crate::play::{Property, Sequence, replay};
use crate::stage::{Stage, letter, nominee};
use crate::world::Payload;

fn does(actor: &str, deed: Deed) -> Command {
    Command { actor: actor.to_owned(), deed }
}

fn disable(actor: &str, whom: &str) -> Command {
    does(actor, Deed::Disable { whom: whom.to_owned() })
}

/// G-12: a partner's manager who disables and enables somebody whom a customer shut out, or lowered, does not let them in.
#[test]
fn a_partner_does_not_end_what_shuts_one_of_its_people_out() {
    in_thread(async {
        let stage = Stage::build().await;
        for shut_out in ["gwen", "glen"] {
            let enable = does("gus", Deed::Enable { whom: shut_out.to_owned() });
            let sequence = Sequence {
                coalition: vec!["gus".to_owned(), shut_out.to_owned()],
                commands: vec![disable("gus", shut_out), enable],
                ..Sequence::default()
            };
            let played = replay(&stage, &sequence, Property::Alone).await;
            assert!(played.answers.iter().all(|answer| answer.starts_with('2')), "{:?}", played.answers);
            let gained = played.breach.map(|breach| breach.gained);
            assert!(gained.is_none(), "{shut_out}: {gained:?}");
        }
    });
}

/// E-4: whom staff disabled a while ago counts as there: an escalation has to name them.
#[test]
fn staff_do_not_make_the_only_primary_support_contact_disappear_before_an_escalation() {
    in_thread(async {
        let stage = Stage::build().await;
        for who in ["dirk", "alba", "admin"] {
            let mut copy = stage.copy(&[who.to_owned()]).await;
            let world = &mut copy.world;
            assert!(world.carry_out(&disable(who, "ira")).await.starts_with('2'));
            let path = format!("/v1/organizations/{}/escalations", world.registry.organization("initech"));
            let nominee = nominee("eve1@free.example");
            let body = json!({"channel": "phone", "letter": letter(), "nominee": nominee, "unavailable": []});
            let opened = world.call("dora", "POST", &path, Payload::Json(body)).await;
            assert_eq!(opened.outcome(), "409 primary_support_contact_available", "{who} disabled her");
        }
    });
}

/// E-4: while an escalation is open, staff disable no primary support contact and no contact manager but by completing it.
#[test]
fn staff_disable_nobody_who_could_object_while_an_escalation_is_open() {
    in_thread(async {
        let stage = Stage::build().await;
        for who in ["dirk", "alba", "admin"] {
            for whom in ["sue", "sid"] {
                let mut copy = stage.copy(&[who.to_owned()]).await;
                let answer = copy.world.carry_out(&disable(who, whom)).await;
                assert!(answer.starts_with('4'), "{who} disables {whom}: {answer}");
            }
        }
    });
}

/// C-9, C-13: a made-up colleague of the partner's does not become a contact; one of the customer's own domains is not the coalition's.
#[test]
fn nobody_joins_by_an_address_of_an_honest_customer() {
    in_thread(async {
        let stage = Stage::build().await;
        let mut copy = stage.copy(&["hugo".to_owned()]).await;
        let whom = Newcomer { name: "eve1".to_owned(), domain: "acme.example".to_owned() };
        let way = crate::command::Way::Alone;
        let deed =
            Deed::Create { at: "acme".to_owned(), whom, kind: "technical", permission: "designated_support", way };
        assert_eq!(copy.world.carry_out(&does("hugo", deed)).await, "201");
        assert_eq!(copy.world.registry.members, ["hugo"]);
    });
}
