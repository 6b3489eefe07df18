//! Whose an email domain is (O-5).

use mandate_core::domain_owner::DomainOwners;
use mandate_core::text::Email;

use crate::world::{CUSTOMER, OTHER_CUSTOMER, PARTNER, owners};

#[test]
fn an_address_belongs_to_the_owner_of_the_longest_domain_that_matches_it_o_5() {
    let owned = owners(&[("acme.example", CUSTOMER), ("eu.acme.example", PARTNER), ("x.eu.acme.example", CUSTOMER)]);
    for (domain, owner) in [
        ("acme.example", Some(CUSTOMER)),
        ("us.acme.example", Some(CUSTOMER)),
        ("eu.acme.example", Some(PARTNER)),
        ("de.eu.acme.example", Some(PARTNER)),
        ("x.eu.acme.example", Some(CUSTOMER)),
        // A name that only ends alike is another one.
        ("notacme.example", None),
        ("example", None),
    ] {
        assert_eq!(owned.owner_of(domain).map(|owner| owner.organization), owner, "{domain}");
        if let Ok(email) = Email::parse(&format!("ana@{domain}")) {
            for organization in [CUSTOMER, PARTNER, OTHER_CUSTOMER] {
                assert_eq!(owned.is_own(&email, organization), owner == Some(organization), "{domain} {organization}");
            }
        }
    }
    assert_eq!(DomainOwners::default().owner_of("acme.example"), None);
}

#[test]
fn a_free_mail_providers_domain_gives_nothing_whoever_names_it_o_5() {
    for domain in ["gmail.com", "outlook.com", "yahoo.com"] {
        let email = Email::parse(&format!("ana@{domain}")).unwrap();
        let owned = owners(&[(domain, CUSTOMER)]);
        assert_eq!(owned.owner_of(domain).map(|owner| owner.organization), Some(CUSTOMER));
        assert!(!owned.is_own(&email, CUSTOMER), "{domain}");
    }
}
