//! Providers where anybody can have an address: their domains say nothing about who somebody works for (O-5, R-14).

use crate::text::Domain;

/// Domains of well-known providers of mail for everybody, sorted: the big ones of each country, those of internet providers that
/// private customers keep for life, and those of addresses that live for minutes.
#[rustfmt::skip]
const PROVIDERS: &[&str] = &[
    "10minutemail.com", "126.com", "139.com", "163.com", "189.cn", "21cn.com", "abv.bg", "aim.com", "alice.it",
    "aliceadsl.fr", "aliyun.com", "aol.co.uk", "aol.com", "aol.de", "aol.fr", "arcor.de", "att.net", "bell.net",
    "bellsouth.net", "bigpond.com", "bigpond.net.au", "bk.ru", "bluewin.ch", "bol.com.br", "btinternet.com",
    "centrum.cz", "charter.net", "comcast.net", "cox.net", "daum.net", "earthlink.net", "email.cz", "email.de",
    "email.it", "euskalnet.net", "fastmail.com", "fastmail.fm", "foxmail.com", "free.fr", "freemail.hu", "freenet.de",
    "frontier.com", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.fr", "gmx.net", "googlemail.com",
    "guerrillamail.com", "hanmail.net", "hey.com", "hotmail.be", "hotmail.ca", "hotmail.ch", "hotmail.cl",
    "hotmail.co.jp", "hotmail.co.uk", "hotmail.com", "hotmail.com.ar", "hotmail.com.br", "hotmail.com.mx", "hotmail.de",
    "hotmail.es", "hotmail.fr", "hotmail.it", "hotmail.nl", "hotmail.se", "hushmail.com", "i.ua", "icloud.com",
    "ig.com.br", "inbox.com", "inbox.lt", "inbox.lv", "inbox.ru", "interia.pl", "internode.on.net", "juno.com",
    "kakao.com", "laposte.net", "libero.it", "list.ru", "live.be", "live.ca", "live.cl", "live.co.uk", "live.com",
    "live.com.ar", "live.com.au", "live.com.mx", "live.com.pt", "live.de", "live.dk", "live.fr", "live.it", "live.nl",
    "live.no", "live.se", "lycos.com", "mac.com", "mail.bg", "mail.com", "mail.de", "mail.ee", "mail.ru", "mailbox.org",
    "maildrop.cc", "mailfence.com", "mailinator.com", "me.com", "mindspring.com", "msn.com", "mts.net", "mweb.co.za",
    "nate.com", "naver.com", "netcologne.de", "neuf.fr", "ntlworld.com", "o2.pl", "onet.eu", "onet.pl", "online.de",
    "optonline.net", "optusnet.com.au", "orange.fr", "outlook.at", "outlook.be", "outlook.cl", "outlook.co.th",
    "outlook.com", "outlook.com.ar", "outlook.com.au", "outlook.com.br", "outlook.com.tr", "outlook.cz", "outlook.de",
    "outlook.dk", "outlook.es", "outlook.fr", "outlook.ie", "outlook.in", "outlook.it", "outlook.jp", "outlook.kr",
    "outlook.pt", "ozemail.com.au", "pm.me", "poczta.onet.pl", "posteo.de", "posteo.net", "proton.me", "protonmail.ch",
    "protonmail.com", "qq.com", "rambler.ru", "rediffmail.com", "rocketmail.com", "rogers.com", "rr.com", "runbox.com",
    "sapo.pt", "sbcglobal.net", "seznam.cz", "sfr.fr", "sharklasers.com", "shaw.ca", "sina.cn", "sina.com", "sky.com",
    "skynet.be", "sohu.com", "startmail.com", "sympatico.ca", "t-online.de", "talktalk.net", "telenet.be", "telus.net",
    "temp-mail.org", "terra.com.br", "terra.es", "tin.it", "tiscali.co.uk", "tiscali.it", "tom.com", "trashmail.com",
    "tuta.com", "tuta.io", "tutamail.com", "tutanota.com", "tutanota.de", "ukr.net", "uol.com.br", "verizon.net",
    "virgilio.it", "virgin.net", "virginmedia.com", "vivaldi.net", "walla.co.il", "walla.com", "wanadoo.fr", "web.de",
    "wp.pl", "xtra.co.nz", "ya.ru", "yahoo.at", "yahoo.be", "yahoo.ca", "yahoo.cl", "yahoo.cn", "yahoo.co.id",
    "yahoo.co.in", "yahoo.co.jp", "yahoo.co.kr", "yahoo.co.nz", "yahoo.co.th", "yahoo.co.uk", "yahoo.co.za",
    "yahoo.com", "yahoo.com.ar", "yahoo.com.au", "yahoo.com.br", "yahoo.com.cn", "yahoo.com.co", "yahoo.com.hk",
    "yahoo.com.mx", "yahoo.com.my", "yahoo.com.ph", "yahoo.com.sg", "yahoo.com.tr", "yahoo.com.tw", "yahoo.com.vn",
    "yahoo.de", "yahoo.dk", "yahoo.es", "yahoo.fr", "yahoo.gr", "yahoo.ie", "yahoo.in", "yahoo.it", "yahoo.nl",
    "yahoo.no", "yahoo.pl", "yahoo.pt", "yahoo.ro", "yahoo.se", "yandex.by", "yandex.com", "yandex.kz", "yandex.ru",
    "yandex.ua", "yeah.net", "ymail.com", "yopmail.com", "ziggo.nl", "zipmail.com.br", "zoho.com", "zohomail.com",
    "zohomail.eu",
];

/// Whether a domain is one of a free-mail provider's, or below one.
pub fn is_free_mail(domain: &Domain) -> bool {
    domain.with_parents().any(|name| PROVIDERS.binary_search(&name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_providers_are_domains_in_order_r_14() {
        assert!(PROVIDERS.is_sorted_by(|one, next| one < next));
        assert!(PROVIDERS.iter().all(|name| Domain::parse(name).is_ok_and(|domain| domain.as_str() == *name)));
    }

    #[test]
    fn a_provider_of_mail_for_everybody_is_known_and_its_look_alike_is_not_r_14() {
        for (name, is_free) in [
            ("gmail.com", true),
            ("yahoo.com.br", true),
            ("gmx.de", true),
            ("vip.163.com", true),
            ("acme.example", false),
            ("notgmail.com", false),
            ("gmail.com.acme.example", false),
            ("google.com", false),
        ] {
            assert_eq!(is_free_mail(&Domain::parse(name).unwrap()), is_free, "{name}");
        }
    }
}
