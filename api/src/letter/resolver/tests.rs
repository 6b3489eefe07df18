use std::net::UdpSocket;
use std::thread;

use mail_auth::hickory_resolver::config::NameServerConfig;
use mail_auth::hickory_resolver::proto::op::Message;
use mail_auth::hickory_resolver::proto::rr::rdata::TXT;
use mail_auth::hickory_resolver::proto::rr::{RData, Record};
use mandate_core::letter_signature::SignatureResult;

use super::*;
use crate::letter::tests::{outcome, public_key, signed};

/// A resolver that asks a server of DNS which answers every question so: with these texts, or without any.
fn served(code: ResponseCode, texts: Vec<String>) -> LetterResolver {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut server = NameServerConfig::udp(address.ip());
    server.connections[0].port = address.port();
    thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let query = Message::from_vec(&buffer[..length]).unwrap();
            let mut answer = Message::error_msg(query.metadata.id, query.metadata.op_code, code);
            let question = query.queries[0].clone();
            if !texts.is_empty() {
                let data = RData::TXT(TXT::new(texts.clone()));
                answer.add_answer(Record::from_rdata(question.name().clone(), 60, data));
            }
            answer.add_query(question);
            socket.send_to(&answer.to_vec().unwrap(), peer).unwrap();
        }
    });
    let mut config = ResolverConfig::default();
    config.name_servers.push(server);
    let mut options = ResolverOpts::default();
    (options.timeout, options.attempts) = (ATTEMPT_WAIT, 1);
    LetterResolver::new(Source::System, config, options).unwrap()
}

#[actix_web::test]
async fn keys_are_asked_of_dns_in_as_many_pieces_as_they_come_e_6() {
    let key = public_key();
    let (begin, end) = key.split_at(60);
    let resolver = served(ResponseCode::NoError, vec![begin.to_owned(), end.to_owned()]);
    let check = outcome(signed("acme.example"), &resolver).await;
    assert_eq!((check.result, check.aligned), (SignatureResult::Pass, true));
}

#[actix_web::test]
async fn a_key_that_is_not_there_fails_and_a_server_that_cannot_say_leaves_it_open_e_6() {
    for (code, result) in [
        (ResponseCode::NXDomain, SignatureResult::Fail),
        (ResponseCode::NoError, SignatureResult::Fail),
        (ResponseCode::ServFail, SignatureResult::NotChecked),
        (ResponseCode::Refused, SignatureResult::NotChecked),
    ] {
        let check = outcome(signed("acme.example"), &served(code, Vec::new())).await;
        assert_eq!((check.result, check.aligned), (result, false), "{code}");
        assert_eq!(check.domain.as_deref(), Some("acme.example"));
    }
    let nobody = LetterResolver::new(Source::System, ResolverConfig::default(), ResolverOpts::default()).unwrap();
    assert_eq!(outcome(signed("acme.example"), &nobody).await.result, SignatureResult::NotChecked);
}

#[test]
fn records_are_lines_of_name_and_text() {
    let read =
        records("# keys\n\nMail._domainkey.Acme.example\tv=DKIM1; p=abc\r\nx.example. one\nx.example  two\n").unwrap();
    assert_eq!(read["mail._domainkey.acme.example."], ["v=DKIM1; p=abc"]);
    assert_eq!(read["x.example."], ["one", "two"]);
    assert_eq!(read.len(), 2);
    let error = records("# keys\nx.example\n").unwrap_err();
    assert!(error.starts_with("line 2 has a name without a value"), "{error}");
}

#[actix_web::test]
async fn a_file_that_cannot_be_read_is_named() {
    let error = LetterResolver::open(&DnsSource::File("/nowhere/dns.txt".into())).err().unwrap().to_string();
    assert!(error.starts_with("/nowhere/dns.txt: "), "{error}");
}
