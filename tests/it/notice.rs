//! Emails that are not sent any more, and those that tell somebody what happened (C-14, C-15).

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use mandate_api::keyring::{KeyHome, KeyRing, Lifetimes};
use mandate_api::mail::MailContent;
use mandate_api::notice::Notices;
use mandate_api::seal::Sealer;
use mandate_api::settings::Settings;
use mandate_api::sources::{Clock, Ids, SteadyClock};
use mandate_core::change::Notice;
use mandate_core::id::{AnyId, InvitationId, LinkId, MailId, PersonId};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::MailKind;
use mandate_storage::{Mail, PoolSettings, StorageError, Store};
use mandate_tests::{Actor, PASSWORD, World, days, e2e, hours, json, with};

use crate::invitation::{abroad, accept, invite, token};

/// The database of a story, beside its server.
pub(crate) fn open(url: &str) -> (Settings, Store) {
    let settings = Settings::from_arguments(["mandate", "--database-url", url]).expect("the harness makes valid URLs");
    let pool = PoolSettings { size: 1, ..PoolSettings::default() };
    let store = Store::open(&settings.database, pool, Ids::System.as_source()).expect("the database can be opened");
    (settings, store)
}

/// What the worker would send now.
fn prepare(url: &str, now: Timestamp, notice: Notice) -> Option<MailContent> {
    let (settings, store) = open(url);
    let clock = SteadyClock::new(Clock::Manual(Arc::new(AtomicI64::new(now.micros()))), now);
    let home = KeyHome::at(&settings.keys, &store);
    let ring = KeyRing::open(home, clock.clone(), Ids::System, Lifetimes::of(&settings)).expect("there are keys");
    let notices = Notices { store, clock, sealer: Sealer::new(Arc::new(ring)), settings };
    let mail = Mail { notice, created_at: now, due_at: now, attempts: 0 };
    notices.prepare(&mail).expect("the database can be read").map(|mail| mail.content)
}

/// Whether an email that was held up would still leave.
pub(crate) async fn leaves(world: &World, kind: MailKind, to: &str, about: Option<&str>, link: Option<LinkId>) -> bool {
    let now = Timestamp::parse(&world.now()).expect("stories have a time");
    let to = PersonId::parse(to).expect("stories know ids of people");
    let about = about.map(|id| AnyId::parse(id).expect("stories know ids"));
    let notice = Notice { id: MailId::from_u128(1), kind, to, about, link };
    let url = world.database_url().to_owned();
    let prepared = tokio::task::spawn_blocking(move || prepare(&url, now, notice));
    prepared.await.expect("preparing does not panic").is_some()
}

/// The link of an invitation, which the API does not show.
async fn link_of(world: &World, invitation: &str) -> LinkId {
    let (url, id) = (world.database_url().to_owned(), InvitationId::parse(invitation).expect("stories know ids"));
    let found = tokio::task::spawn_blocking(move || open(&url).1.read::<_, StorageError>(|tx| tx.invitation(id)));
    let found = found.await.expect("reading does not panic").expect("the database can be read");
    found.expect("the invitation exists").link
}

/// Whether a link is void, which the API shows only together with all that makes it useless.
async fn is_void(world: &World, link: LinkId) -> bool {
    let url = world.database_url().to_owned();
    let found = tokio::task::spawn_blocking(move || open(&url).1.read::<_, StorageError>(|tx| tx.link(link)));
    let found = found.await.expect("reading does not panic").expect("the database can be read");
    found.expect("the link exists").voided_at.is_some()
}

async fn disable(manager: &Actor, id: &str) {
    manager.post(format!("/v1/contacts/{id}/disable"), json!({"reason": "left"})).await.expect(200);
}

e2e! {
    /// C-14: as long as it is pending and its link good, also where the contact cannot sign in.
    async fn an_invitation_leaves_only_while_it_is_pending(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let admin = world.admin().await;
        let olga = abroad(&world, &zenith, "olga", json!({})).await;
        let made = invite(&acme, &olga.email, json!({})).await.expect(201).id();
        let link = link_of(&world, &made).await;
        let goes = async |link: Option<LinkId>| leaves(&world, MailKind::Invitation, &olga.id, Some(&made), link).await;
        assert!(goes(Some(link)).await);
        assert!(!goes(None).await && !goes(Some(LinkId::from_u128(1))).await);
        // An organization that is suspended invites nobody meanwhile.
        admin.post(acme.own("suspend"), ()).await.expect(200);
        assert!(!goes(Some(link)).await);
        admin.post(acme.own("resume"), ()).await.expect(200);
        assert!(goes(Some(link)).await);
        // To be disabled cancels it (C-15); whose records are all disabled is created and not invited (C-13), until enabled again.
        disable(&zenith, &olga.id).await;
        assert!(!goes(Some(link)).await);
        invite(&acme, &olga.email, json!({})).await.expect_problem(422, "invitation_not_available");
        zenith.post(format!("/v1/contacts/{}/enable", olga.id), ()).await.expect(200);
        let again = invite(&acme, &olga.email, json!({})).await.expect(201).id();
        let link = link_of(&world, &again).await;
        let goes = async || leaves(&world, MailKind::Invitation, &olga.id, Some(&again), Some(link)).await;
        assert!(goes().await);
        assert!(!is_void(&world, link).await);
        acme.post(format!("/v1/invitations/{again}/cancel"), ()).await.expect(200);
        assert!(is_void(&world, link).await, "at once");
        assert!(!goes().await);
        // … and not to who went over, nor after its time.
        let pia = abroad(&world, &zenith, "pia", json!({})).await;
        let made = invite(&acme, &pia.email, json!({})).await.expect(201).id();
        let link = Some(link_of(&world, &made).await);
        accept(&world, &token(&world, &pia.email, 1).await).await.expect(200);
        assert!(!leaves(&world, MailKind::Invitation, &pia.id, Some(&made), link).await);
        let uma = abroad(&world, &zenith, "uma", json!({})).await;
        let made = invite(&acme, &uma.email, json!({})).await.expect(201).id();
        let link = Some(link_of(&world, &made).await);
        assert!(leaves(&world, MailKind::Invitation, &uma.id, Some(&made), link).await);
        world.advance(days(7));
        assert!(!leaves(&world, MailKind::Invitation, &uma.id, Some(&made), link).await);
    }

    /// C-15: whoever was disabled, demoted or went over meanwhile hears nothing.
    async fn nobody_is_told_what_they_may_not_know_any_more(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let zenith = world.customer("Zenith", "zenith.example").await;
        let tom = acme.contact("tom", "manage_contacts").await;
        let zoe = abroad(&world, &zenith, "zoe", json!({"permission": "manage_contacts"})).await;
        let olga = abroad(&world, &zenith, "olga", json!({})).await;
        let made = invite(&tom, &olga.email, json!({})).await.expect(201).id();
        let accepted = accept(&world, &token(&world, &olga.email, 1).await).await.expect(200);
        let came = accepted["contact_id"].as_str().unwrap_or_default().to_owned();
        let to_tom = async || leaves(&world, MailKind::InvitationAccepted, &tom.id, Some(&made), None).await;
        let to_zoe = async || leaves(&world, MailKind::ContactTransferred, &zoe.id, Some(&olga.id), None).await;
        let changed = async |id: &str| leaves(&world, MailKind::PasswordChanged, id, None, None).await;
        assert!(to_tom().await && to_zoe().await && changed(&tom.id).await && changed(&came).await);
        assert!(!changed(&olga.id).await, "the old record is history");
        // Demoted.
        let record = format!("/v1/contacts/{}", tom.id);
        acme.patch(&record, json!({"permission": "designated_support"})).await.expect(200);
        zenith.patch(format!("/v1/contacts/{}", zoe.id), json!({"permission": "designated_support"})).await.expect(200);
        assert!(!to_tom().await && !to_zoe().await && changed(&tom.id).await);
        acme.patch(&record, json!({"permission": "manage_contacts"})).await.expect(200);
        zenith.patch(format!("/v1/contacts/{}", zoe.id), json!({"permission": "manage_contacts"})).await.expect(200);
        assert!(to_tom().await && to_zoe().await);
        // Gone over, and disabled.
        invite(&acme, &zoe.email, json!({})).await.expect(201);
        accept(&world, &token(&world, &zoe.email, 1).await).await.expect(200);
        disable(&acme, &tom.id).await;
        assert!(!to_tom().await && !to_zoe().await && !changed(&tom.id).await && !changed(&zoe.id).await);
        // What somebody offered who is disabled is void, and so is their link (C-15).
        let kim = acme.contact("kim", "manage_contacts").await;
        let pia = abroad(&world, &zenith, "pia", json!({})).await;
        let made = invite(&kim, &pia.email, json!({})).await.expect(201).id();
        let link = link_of(&world, &made).await;
        disable(&acme, &kim.id).await;
        assert!(is_void(&world, link).await);
        assert!(!leaves(&world, MailKind::Invitation, &pia.id, Some(&made), Some(link)).await);
        // An organization that is suspended is told nothing.
        assert!(changed(&came).await);
        world.admin().await.post(acme.own("suspend"), ()).await.expect(200);
        assert!(!changed(&came).await);
    }

    /// After a reset, not after the first password.
    async fn whoever_sets_another_password_is_told(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let members = with(json!({"permission": "designated_support"}), json!({"time_zone": "America/Sao_Paulo", "locale": "es"}));
        let ben = acme.contact_with("ben", members).await;
        world.advance(hours(1));
        world.anonymous().post("/v1/password-resets", json!({"email": ben.email})).await.expect(202);
        let token = world.mail(&ben.email, "password_reset").await.token();
        let confirm = json!({"token": token, "password": "another good password"});
        world.anonymous().post("/v1/password-resets/confirm", confirm).await.expect(200);
        let told = world.mail(&ben.email, "password_changed").await;
        assert_eq!(told.subject, "Su contraseña ha cambiado");
        let moment = "2026-03-01 07:00 (America/Sao_Paulo)";
        assert!(told.text.contains(moment) && told.html.contains(moment), "{}", told.text);
        let agent = world.agent().await;
        world.anonymous().post("/v1/password-resets", json!({"email": agent.email})).await.expect(202);
        let token = world.mail(&agent.email, "password_reset").await.token();
        let confirm = json!({"token": token, "password": PASSWORD});
        world.anonymous().post("/v1/password-resets/confirm", confirm).await.expect(200);
        world.mail(&agent.email, "password_changed").await;
        assert_eq!(world.mailbox().all().iter().filter(|mail| mail.kind == "password_changed").count(), 2);
    }
}
