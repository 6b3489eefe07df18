//! Emails as mail programs and mail servers take them: threads (S-12a), and who is to blame when one does not arrive (S-12b).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mandate_tests::{Actor, Value, World, e2e, json, seconds};

/// A mail server that answers some commands as it was told, such as `RCPT TO:<dan@acme.example>`, and takes the others.
#[derive(Debug, Clone)]
struct MailServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// What is answered to commands that begin so.
    answers: BTreeMap<String, String>,
    /// The commands so far.
    heard: Vec<String>,
}

impl MailServer {
    /// It listens until the process ends.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let address = listener.local_addr().expect("it has an address");
        let server = Self { address, state: Arc::default() };
        let listening = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = listening.clone();
                thread::spawn(move || server.talk(stream));
            }
        });
        server
    }

    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().expect("nobody panicked"))
    }

    fn answer(&self, command: &str, answer: Option<&str>) {
        self.state(|state| match answer {
            Some(answer) => drop(state.answers.insert(command.to_owned(), answer.to_owned())),
            None => drop(state.answers.remove(command)),
        });
    }

    fn heard(&self, command: &str) -> usize {
        self.state(|state| state.heard.iter().filter(|heard| heard.starts_with(command)).count())
    }

    /// Lets time pass until a command was heard so often.
    async fn hears(&self, world: &World, command: &str, count: usize) {
        for _ in 0..500 {
            if self.heard(command) >= count {
                return;
            }
            world.advance(seconds(60));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("`{command}` was not heard {count} times: {:?}", self.state(|state| state.heard.clone()));
    }

    fn talk(&self, stream: TcpStream) {
        let mut writer = stream.try_clone().expect("a stream can be cloned");
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let mut say = |answer: &str| writer.write_all(format!("{answer}\r\n").as_bytes()).is_ok();
        say("220 test");
        while let Some(line) = lines.next() {
            let told = self.state(|state| {
                state.heard.push(line.clone());
                state
                    .answers
                    .iter()
                    .find(|(command, _)| line.starts_with(command.as_str()))
                    .map(|(_, told)| told.clone())
            });
            let go_on = match (told, line.as_str()) {
                (Some(told), _) => say(&told),
                (None, "DATA") => {
                    say("354 go on");
                    lines.by_ref().take_while(|line| line != ".").for_each(drop);
                    say("250 taken")
                }
                (None, "QUIT") => {
                    say("221 bye");
                    false
                }
                (None, line) if line.starts_with("EHLO") => say("250-test\r\n250 AUTH PLAIN"),
                (None, _) => say("250 test"),
            };
            if !go_on {
                return;
            }
        }
    }
}

/// A world whose only server sends its emails there from now on; some people of it, signed in at that server.
async fn with_server<const N: usize>(world: &World, server: &MailServer, people: [&Actor; N]) -> [Actor; N] {
    world.stop().await;
    let there = world.another_instance(&["--mail", &format!("smtp://desk:secret@{}", server.address)]).await;
    people.map(|person| person.at(&there))
}

async fn undeliverable(manager: &Actor) -> Value {
    let readiness = manager.get(manager.own("readiness")).await.expect(200);
    let findings = readiness["findings"].as_array().cloned().unwrap_or_default();
    findings.into_iter().find(|finding| finding["code"] == "email_undeliverable").unwrap_or_default()
}

async fn since(manager: &Actor, contact: &str) -> Value {
    manager.get(format!("/v1/contacts/{contact}")).await.expect(200)["email_undeliverable_since"].clone()
}

e2e! {
    /// S-12a: all that is told of one request is one thread, names the desk and the files, and asks nobody's machine for an answer.
    async fn what_is_told_of_a_request_is_one_thread(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let agent = world.agent().await;
        let request = acme.request("The printer is on fire").await;
        let other = acme.request("The printer is dusty").await;
        acme.post(format!("/v1/service-requests/{}/participants", request.id()), json!({"person_id": dan.id, "role": "cc"})).await.expect(201);
        let log = agent.upload(&request.id(), "Ana's log.txt", "text/plain", "hot").await.id();
        let picture = agent.upload(&request.id(), "fire.png", "image/png", "\u{89}PNG").await.id();
        agent.reply_with(&request.id(), "See the files.", &[&log, &picture]).await;
        agent.reply(&request.id(), "Is it hot?").await;
        agent.patch(format!("/v1/service-requests/{}", request.id()), json!({"status": "solved"})).await.expect(200);
        agent.reply(&other.id(), "Wipe it.").await;
        world.mail(&dan.email, "request_solved").await;
        world.mailbox().nth(&acme.email, "reply", 3).await;
        let number = request["number"].as_str().unwrap_or_default();
        let mails = world.mailbox().all();
        let (of_it, others): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.subject.contains(number));
        assert_eq!(of_it.iter().filter(|mail| mail.to == dan.email).count(), 4);
        let one = |header: &str| of_it.iter().map(|mail| mail.header(header).to_owned()).collect::<BTreeSet<_>>();
        let root = format!("<{}@mandate.example>", request.id());
        assert_eq!((one("References"), one("In-Reply-To")), (BTreeSet::from([root.clone()]), BTreeSet::from([root.clone()])));
        assert_eq!(one("Message-ID").len(), of_it.len());
        assert_eq!(one("Subject").len(), 1);
        assert!(others.iter().all(|mail| mail.header("References") != root));
        for mail in &of_it {
            assert_eq!(mail.subject, format!("[Vendor] Service request {number}: The printer is on fire"));
        }
        for mail in &mails {
            assert!(mail.text.trim_end().ends_with("\n\nVendor"), "{}", mail.text);
            assert_eq!((mail.header("Auto-Submitted"), mail.header("X-Auto-Response-Suppress")), ("auto-generated", "All"));
        }
        let replies = world.mailbox().of(&dan.email, "reply");
        assert!(replies[0].text.contains("\n\nFiles: Ana's log.txt, fire.png\n\n"), "{}", replies[0].text);
        assert!(replies[0].html.contains("fire.png") && !replies[1].text.contains("Files"), "{}", replies[1].text);
    }

    /// S-12b, R-16: a refusal of the receiver is final and seen by the managers, until an email gets through.
    async fn a_receiver_who_is_refused_is_marked_and_not_tried_again(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let (dan, mia) = (acme.contact("dan", "designated_support").await, acme.contact("mia", "manage_contacts").await);
        let request = acme.request("The printer is on fire").await.id();
        let participants = format!("/v1/service-requests/{request}/participants");
        let (agent, server) = (world.agent().await, MailServer::start());
        let [acme, mia, dan, agent] = with_server(&world, &server, [&acme, &mia, &dan, &agent]).await;
        let to_dan = format!("RCPT TO:<{}>", dan.email);
        server.answer(&to_dan, Some("550 5.1.1 no such user"));
        acme.post(&participants, json!({"person_id": dan.id, "role": "cc"})).await.expect(201);
        acme.eventually(format!("/v1/contacts/{}", dan.id), |contact| !contact["email_undeliverable_since"].is_null()).await;
        let marked = since(&acme, &dan.id).await;
        assert_eq!(marked, json!(world.now()));
        let found = undeliverable(&mia).await;
        assert_eq!((&found["severity"], &found["rule"], &found["total"]), (&json!("warning"), &json!("R-16"), &json!(1)));
        assert_eq!(found["contact_ids"], json!([dan.id]));
        let list = acme.get(format!("{}?sort=email", acme.own("contacts"))).await.expect(200);
        assert_eq!(list.column("email_undeliverable_since"), [marked.clone(), Value::Null, Value::Null]);
        // Nothing is tried again for three days; what is told later is, once.
        for _ in 0..8 {
            world.advance(seconds(3_600));
        }
        assert_eq!(server.heard(&to_dan), 1);
        server.answer(&to_dan, None);
        agent.reply(&request, "Is it hot?").await;
        acme.eventually(format!("/v1/contacts/{}", dan.id), |contact| contact["email_undeliverable_since"].is_null()).await;
        assert_eq!(undeliverable(&mia).await, Value::Null);
        assert_eq!(server.heard(&to_dan), 2);
        // Somebody invited whose address is refused after the letter was heard is as badly off.
        server.answer("RCPT TO:<ida@acme.example>", Some("250 go on"));
        server.answer("DATA", Some("554 5.7.1 not to this one"));
        let body = mandate_tests::with(mandate_tests::person("ida@acme.example"), json!({"permission": "knowledge_base"}));
        let ida = acme.post(acme.own("contacts"), body).await.expect(201).id();
        acme.eventually(format!("/v1/contacts/{ida}"), |contact| !contact["email_undeliverable_since"].is_null()).await;
        assert_eq!(undeliverable(&acme).await["contact_ids"], json!([ida]));
    }

    /// S-12b: what the operator must mend is tried again, is nobody's mark, and is counted.
    async fn what_the_operator_must_mend_is_tried_again(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let request = acme.request("The printer is on fire").await.id();
        let participants = format!("/v1/service-requests/{request}/participants");
        let server = MailServer::start();
        let [acme, dan] = with_server(&world, &server, [&acme, &dan]).await;
        let failures = async |fault: &str| {
            let metrics = acme.get("/metrics").await.text();
            let line = metrics.lines().find(|line| line.starts_with(&format!("mail_failures_total{{fault=\"{fault}\"}}")));
            line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or_default()
        };
        server.answer("AUTH", Some("535 5.7.8 authentication failed"));
        acme.post(&participants, json!({"person_id": dan.id, "role": "cc"})).await.expect(201);
        server.hears(&world, "AUTH", 1).await;
        server.answer("AUTH", Some("235 come in"));
        for (command, told) in [("MAIL FROM", "550 5.7.1 not you"), ("RCPT TO", "530 5.7.0 sign in first"), ("RCPT TO", "450 4.2.1 full")] {
            let before = server.heard(command);
            server.answer(command, Some(told));
            server.hears(&world, command, before + 1).await;
            server.answer(command, None);
        }
        assert_eq!(since(&acme, &dan.id).await, Value::Null);
        server.hears(&world, "DATA", 1).await;
        assert_eq!((failures("operator").await, failures("receiver").await, failures("passing").await), (3, 0, 1));
        assert_eq!(undeliverable(&acme).await, Value::Null);
    }
}
