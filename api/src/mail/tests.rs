use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use mandate_core::text::LOCALES;

use super::template::Template;
use super::*;
use crate::settings::MailTarget;

const LINK: &str = "https://support.example.com/desk/welcome?token=\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn now() -> Timestamp {
    Timestamp::parse("2026-03-01T12:00:00.25Z").unwrap()
}

/// One of each kind; a kind that is new does not compile without its line.
fn content(kind: MailKind) -> MailContent {
    let expires_at = Timestamp::parse("2026-03-04T02:30:00Z").unwrap();
    let (link, organization) = (LINK.to_owned(), "Acme".to_owned());
    let (person, email) = ("Caro O'Hara".to_owned(), "caro.ohara@acme.example".to_owned());
    match kind {
        MailKind::Welcome => MailContent::Welcome { organization, link, expires_at },
        MailKind::PasswordReset => MailContent::PasswordReset { link, expires_at },
        MailKind::PointOfContact => {
            MailContent::PointOfContact { request: told(organization), point_of_contact: "Bo Berg".to_owned() }
        }
        MailKind::Invitation => MailContent::Invitation {
            organization,
            current_organization: "Zenith & Sons".to_owned(),
            inviter: "Bo Berg".to_owned(),
            link,
            expires_at,
        },
        MailKind::InvitationAccepted => MailContent::InvitationAccepted { organization, person, email },
        MailKind::ContactTransferred => MailContent::ContactTransferred { organization, person, email },
        MailKind::AuthorityChanged => MailContent::AuthorityChanged {
            organization,
            person,
            people: "Ana Silva <ana@acme.example>: primary_support, manage_contacts, active".to_owned(),
        },
        MailKind::ContactDisabled => MailContent::ContactDisabled { organization },
        MailKind::RequestsHandedOver => MailContent::RequestsHandedOver {
            organization,
            requests: "SR-000123: Label printer offline\nSR-000124: Login page shows error 500".to_owned(),
        },
        MailKind::PasswordChanged => MailContent::PasswordChanged { changed_at: now() },
        MailKind::ParticipantAdded => MailContent::ParticipantAdded(told(organization)),
        MailKind::Reply => MailContent::Reply {
            request: told(organization),
            author: person,
            message: "Hello <b>Ana</b>,\n\n\tunplug it {link}.\r\n> Is it hot?\u{202e}\n\n\u{1b}[1mYours".to_owned(),
            files: vec!["log {link}.txt".to_owned(), "<screen>.png".to_owned()],
        },
        MailKind::RequestSolved => MailContent::RequestSolved(told(organization)),
        MailKind::RequestClosed => MailContent::RequestClosed(told(organization)),
        MailKind::GrantRequestReceived => MailContent::Grant(GrantMail::RequestReceived {
            terms: GrantTerms { level: "update".to_owned(), grantee: "Bo Berg".to_owned(), ..terms(Some(expires_at)) },
            partner: "Bridge & Co".to_owned(),
            asker: person,
            message: "we begin with the {level} in June".to_owned(),
            lapses_at: now(),
        }),
        MailKind::GrantRequestApproved => MailContent::Grant(GrantMail::RequestApproved(terms(Some(expires_at)))),
        MailKind::GrantRequestDeclined => MailContent::Grant(GrantMail::RequestDeclined {
            customer: organization,
            grantee: "Bo Berg".to_owned(),
            reason: "we work with another partner".to_owned(),
        }),
        MailKind::GrantRequestLapsed => MailContent::Grant(GrantMail::RequestLapsed {
            customer: "acme.example".to_owned(),
            grantee: "Bo Berg".to_owned(),
            asked_at: now(),
        }),
        MailKind::GrantExpiring => MailContent::Grant(GrantMail::Expiring(terms(Some(expires_at)))),
        MailKind::ReceivedGrantExpiring => MailContent::Grant(GrantMail::ReceivedExpiring(terms(Some(expires_at)))),
        MailKind::PartnerRoster => MailContent::Grant(GrantMail::Roster {
            organization,
            partner: "Bridge & Co".to_owned(),
            level: "view".to_owned(),
            joined: "Bo Berg, Li Wei … (+9950)".to_owned(),
            left: person,
        }),
        MailKind::EscalationOpened
        | MailKind::EscalationReviewed
        | MailKind::EscalationInformation
        | MailKind::EscalationNotice
        | MailKind::EscalationObjected
        | MailKind::EscalationReturned
        | MailKind::EscalationCompleted
        | MailKind::EscalationRejected
        | MailKind::EscalationWithdrawn
        | MailKind::EscalationLapsed => MailContent::Escalation(EscalationMail {
            link: if kind == MailKind::EscalationNotice {
                "http://mandate.example/objection?token=…".to_owned()
            } else {
                String::new()
            },
            kind,
            escalation: "esc_01h455vb4pex5vsknk084sn02q".to_owned(),
            organization,
            person,
            email,
            reason: "the signature cannot be read {due}".to_owned(),
            completes_at: Some(expires_at),
        }),
    }
}

fn told(organization: String) -> RequestTold {
    let (id, subject) = (ServiceRequestId::from_u128(9), "Printer {link} on fire".to_owned());
    RequestTold { id, number: "SR-001042".to_owned(), subject, organization }
}

fn terms(expires_at: Option<Timestamp>) -> GrantTerms {
    let (organization, grantee, level) = ("Acme".to_owned(), "Bridge & Co".to_owned(), "create".to_owned());
    GrantTerms { organization, grantee, level, expires_at }
}

fn contents() -> impl Iterator<Item = MailContent> {
    MailKind::ALL.iter().map(|kind| content(*kind))
}

fn mail(content: MailContent, locale: &str) -> PreparedMail {
    let to = Receiver {
        name: "Ana Silva".to_owned(),
        email: Email::parse("ana.silva@acme.example").unwrap(),
        locale: Locale::parse(locale).unwrap(),
        time_zone: TimeZone::parse("America/Sao_Paulo").unwrap(),
    };
    PreparedMail { to, content }
}

fn written(mail: &PreparedMail, encoding: Encoding) -> String {
    let from = "Support Desk <support@example.com>".parse().unwrap();
    let writer = Writer::new(from, "support.example.com", "Northwind", encoding);
    let message = writer.write(MailId::from_u128(7), mail, now()).unwrap();
    String::from_utf8(message.formatted()).unwrap()
}

#[test]
fn every_kind_in_every_language() {
    for content in contents() {
        for locale in LOCALES {
            let name = format!("{}-{locale}", content.kind().name());
            let text = written(&mail(content.clone(), locale), Encoding::EightBit);
            insta::assert_snapshot!(name, text.replace("\r\n", "\n"));
        }
    }
}

/// Each language has words of its own for everything: English stands in for none that is known.
#[test]
fn every_language_has_its_own_templates() {
    for kind in MailKind::ALL {
        let templates = LOCALES.iter().map(|locale| Template::of(*kind, &Locale::parse(locale).unwrap()));
        let mut subjects = Vec::new();
        for template in templates {
            assert!(!template.subject.is_empty() && !template.text.is_empty(), "{kind:?}");
            // Whoever clicks a link knows what it does.
            assert_eq!(template.text.contains("\n\n{link}\n\n"), !template.button.is_empty(), "{kind:?}");
            assert!(!subjects.contains(&template.subject), "{kind:?}: {}", template.subject);
            subjects.push(template.subject);
        }
    }
}

/// The HTML part of an email.
fn html(mail: &PreparedMail) -> String {
    let text = written(mail, Encoding::EightBit);
    let (_, html) = text.split_once("Content-Type: text/html").unwrap();
    let (_, html) = html.split_once("\r\n\r\n").unwrap();
    html.split_once("\r\n--=").unwrap().0.to_owned()
}

#[test]
fn nothing_that_people_typed_makes_html() {
    let evil = "<img src=\"https://evil.example/x.png\"> </p>&lt; {link} javascript:alert('x')".to_owned();
    let content = MailContent::Invitation {
        organization: evil.clone(),
        current_organization: evil.clone(),
        inviter: evil.clone(),
        link: "https://host/?a=1&token=\"><b>".to_owned(),
        expires_at: now(),
    };
    let mut mail = mail(content, "en");
    mail.to.name = evil.clone();
    let html = html(&mail);
    // As many elements as the template makes, and none of theirs.
    for (tag, count) in [("<img", 0), ("<b>", 0), ("<p ", 7), ("</p>", 7), ("<a ", 1), ("<blockquote", 1)] {
        assert_eq!(html.matches(tag).count(), count, "{tag} in {html}");
    }
    assert!(
        html.contains("&lt;img src=&quot;https://evil.example/x.png&quot;&gt; &lt;/p&gt;&amp;lt; {link}"),
        "{html}"
    );
    assert!(html.contains("<a href=\"https://host/?a=1&amp;token=&quot;&gt;&lt;b&gt;\" style="), "{html}");
}

#[test]
fn what_there_is_not_takes_its_paragraph_along() {
    let whole = written(&mail(content(MailKind::GrantRequestApproved), "en"), Encoding::EightBit);
    let open = written(&mail(MailContent::Grant(GrantMail::RequestApproved(terms(None))), "en"), Encoding::EightBit);
    assert!(whole.contains("It ends on") && !open.contains("It ends on"), "{open}");
    assert_eq!(open.matches("<p ").count() + 1, whole.matches("<p ").count());
    assert!(!open.contains("{expires}"), "{open}");
}

#[test]
fn html_loads_nothing_and_says_its_language() {
    for content in contents() {
        for locale in LOCALES {
            let html = html(&mail(content.clone(), locale));
            assert!(html.starts_with("<!DOCTYPE html>\r\n<html lang=\""), "{html}");
            assert!(html.contains(&format!("<html lang=\"{locale}\">")), "{html}");
            let outside = ["src=", "url(", "<link", "<script", "@import", "<img"];
            assert!(outside.iter().all(|needle| !html.contains(needle)), "{html}");
            // A button, and the same link to be read and copied.
            let links = html.matches(LINK).count() + html.matches("http://mandate.example/objection").count();
            assert_eq!(links, if html.contains("<a ") { 2 } else { 0 }, "{html}");
        }
    }
}

#[test]
fn a_link_stands_in_one_line_whatever_the_language() {
    for content in [MailKind::Welcome, MailKind::PasswordReset, MailKind::Invitation].map(content) {
        for locale in LOCALES {
            let text = written(&mail(content.clone(), locale), Encoding::EightBit);
            assert!(text.split("\r\n").any(|line| line == LINK), "{text}");
        }
        let english = written(&mail(content, "en"), Encoding::SevenBit);
        assert!(english.split("\r\n").any(|line| line == LINK), "{english}");
        assert!(english.contains("Content-Transfer-Encoding: 7bit"), "{english}");
    }
}

#[test]
fn mail_servers_of_any_age_get_ascii() {
    for content in contents() {
        for locale in LOCALES {
            assert!(written(&mail(content.clone(), locale), Encoding::SevenBit).is_ascii());
        }
    }
}

#[test]
fn nothing_that_people_typed_makes_a_header_or_a_receiver() {
    let evil = "x\r\nBcc: eve@evil.example\r\n\r\n.\r\n{email}\u{2028}\0".to_owned();
    let request = RequestTold { subject: evil.clone(), number: evil.clone(), ..told(evil.clone()) };
    let content = MailContent::PointOfContact { request, point_of_contact: evil.clone() };
    let mut mail = mail(content, "en");
    mail.to.name = format!("\"Ana\" <eve@evil.example>, {evil}");
    for encoding in [Encoding::EightBit, Encoding::SevenBit] {
        let text = written(&mail, encoding);
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let names: Vec<&str> = unfolded.split("\r\n").map(|line| line.split_once(':').unwrap().0).collect();
        let expected = [
            "Message-ID",
            "Date",
            "From",
            "To",
            "Subject",
            "X-Mandate-Kind",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "In-Reply-To",
            "References",
            "Content-Language",
            "MIME-Version",
            "Content-Type",
        ];
        assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
        assert_eq!(names.len(), expected.len(), "{names:?}");
    }
    let from = "support@example.com".parse().unwrap();
    let message =
        Writer::new(from, "host", "Northwind", Encoding::EightBit).write(MailId::from_u128(1), &mail, now()).unwrap();
    let receivers: Vec<String> = message.envelope().to().iter().map(ToString::to_string).collect();
    assert_eq!(receivers, ["ana.silva@acme.example"]);
}

/// The value of a header, in one line.
fn header(text: &str, name: &str) -> Option<String> {
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ");
    unfolded.split("\r\n").find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::to_owned)
}

/// S-12a: one thread of all that is told of one service request, in each language; other emails are in none.
#[test]
fn emails_about_one_request_are_one_thread() {
    let root = "<sr_00000000000000000000000009@support.example.com>";
    for locale in LOCALES {
        let mut subjects = std::collections::BTreeSet::new();
        for kind in MailKind::ALL {
            let mail = mail(content(*kind), locale);
            let text = written(&mail, Encoding::SevenBit);
            let thread = [header(&text, "References"), header(&text, "In-Reply-To")];
            match mail.content.request() {
                Some(_) => {
                    assert_eq!(thread, [Some(root.to_owned()), Some(root.to_owned())], "{kind:?}");
                    assert_ne!(header(&text, "Message-ID").as_deref(), Some(root), "{kind:?}");
                    subjects.insert(header(&written(&mail, Encoding::EightBit), "Subject"));
                }
                None => assert_eq!(thread, [None, None], "{kind:?}"),
            }
            assert_eq!(header(&text, "Auto-Submitted").as_deref(), Some("auto-generated"));
            assert_eq!(header(&text, "X-Auto-Response-Suppress").as_deref(), Some("All"));
        }
        assert_eq!(subjects.len(), 1, "{subjects:?}");
    }
}

/// S-12a: whose desk it is, and the files of the message.
#[test]
fn emails_name_the_desk_and_the_files() {
    for content in contents() {
        let rendered = template::render(&mail(content.clone(), "en"), "Northwind").unwrap();
        assert!(rendered.text.ends_with("\n\nNorthwind\n"), "{}", rendered.text);
        assert!(rendered.html.contains("<p style=\"margin:0 0 16px\">Northwind</p>"), "{}", rendered.html);
        let is_told = rendered.subject == "[Northwind] Service request SR-001042: Printer {link} on fire";
        assert_eq!(is_told, content.request().is_some(), "{}", rendered.subject);
    }
    let text = |content| template::render(&mail(content, "en"), "Northwind").unwrap().text;
    assert!(text(content(MailKind::Reply)).contains("\n\nFiles: log {link}.txt, <screen>.png\n\n"));
    let MailContent::Reply { request, author, message, .. } = content(MailKind::Reply) else { panic!("a reply") };
    assert!(!text(MailContent::Reply { request, author, message, files: Vec::new() }).contains("Files"));
}

#[test]
fn the_same_email_has_the_same_message_id() {
    let text = written(&mail(content(MailKind::Welcome), "en"), Encoding::EightBit);
    assert!(text.contains("Message-ID: <mail_00000000000000000000000007@support.example.com>\r\n"), "{text}");
}

fn message(locale: &str, encoding: Encoding) -> Message {
    let from = "support@example.com".parse().unwrap();
    Writer::new(from, "host", "Northwind", encoding)
        .write(MailId::from_u128(7), &mail(content(MailKind::Welcome), locale), now())
        .unwrap()
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn into_a_directory_an_email_is_written_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("var").join("mail");
    let mailer = Mailer::new(&MailTarget::parse(&format!("file:{}", path.display())).unwrap()).unwrap();
    let message = message("es", mailer.encoding());
    mailer.deliver(MailId::from_u128(7), &message).unwrap();
    mailer.deliver(MailId::from_u128(7), &message).unwrap();
    assert_eq!(names_in(&path), ["mail_00000000000000000000000007.eml"]);
    let text = std::fs::read(path.join("mail_00000000000000000000000007.eml")).unwrap();
    assert_eq!(text, message.formatted());
    std::fs::remove_dir_all(&path).unwrap();
    assert!(mailer.deliver(MailId::from_u128(7), &message).is_err());
}

/// A mail server of the plainest kind, for one email; answers what it was told.
fn server(listener: TcpListener, receiver_answer: &'static str) -> Vec<String> {
    let (stream, _) = listener.accept().unwrap();
    let (mut writer, mut lines) = (stream.try_clone().unwrap(), BufReader::new(stream).lines());
    let mut told = Vec::new();
    let mut answer = |text: &str| writer.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    answer("220 test");
    while let Some(Ok(line)) = lines.next() {
        match line.split(' ').next().unwrap_or_default() {
            "RCPT" => answer(receiver_answer),
            "DATA" => {
                answer("354 go on");
                told.extend(lines.by_ref().map(Result::unwrap).take_while(|line| line != "."));
                answer("250 taken");
            }
            "QUIT" => {
                answer("221 bye");
                break;
            }
            _ => answer("250 test"),
        }
        told.push(line);
    }
    told
}

fn to_server(receiver_answer: &'static str) -> (Result<(), DeliveryError>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("smtp://canary@{}", listener.local_addr().unwrap());
    let mailer = Mailer::new(&MailTarget::parse(&target).unwrap()).unwrap();
    let server = thread::spawn(move || server(listener, receiver_answer));
    let result = mailer.deliver(MailId::from_u128(7), &message("es", mailer.encoding()));
    drop(mailer);
    (result, server.join().unwrap())
}

#[test]
fn a_mail_server_gets_the_email() {
    let (result, told) = to_server("250 yes");
    assert_eq!(result, Ok(()));
    assert!(told.iter().any(|line| line == "RCPT TO:<ana.silva@acme.example>"), "{told:?}");
    assert!(told.iter().any(|line| line == "X-Mandate-Kind: welcome"), "{told:?}");
}

/// S-12b: what is said to the receiver alone is about them.
#[test]
fn whose_fault_a_refusal_is_depends_on_what_was_refused() {
    for (answer, fault) in [
        ("550 5.1.1 no such user", Fault::Receiver),
        ("552 full for good", Fault::Receiver),
        ("450 4.2.1 try later", Fault::Passing),
        ("421 too many", Fault::Passing),
        ("530 5.7.0 sign in first", Fault::Operator),
        ("535 5.7.8 who are you", Fault::Operator),
    ] {
        assert_eq!(to_server(answer).0.map_err(|error| error.fault()), Err(fault), "{answer}");
    }
}

#[test]
fn what_a_mail_server_refuses_is_an_error_without_secrets() {
    let (result, _) = to_server("550 no such user");
    let error = result.unwrap_err().to_string();
    assert!(error.contains("550") && !error.contains("canary") && !error.contains("token"), "{error}");
    let mailer = Mailer::new(&MailTarget::parse("smtp://canary:canary@127.0.0.1:1").unwrap()).unwrap();
    let error = mailer.deliver(MailId::from_u128(7), &message("en", mailer.encoding())).unwrap_err();
    assert_eq!(error.fault(), Fault::Passing, "nobody is there now");
    assert!(!error.to_string().contains("canary"), "{error}");
    assert!(DeliveryError::new("x\r\n".repeat(1_000)).to_string().len() <= 300);
}
