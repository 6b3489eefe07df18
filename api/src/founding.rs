//! The first start: the vendor's organization and its first administrator (O-1, api.md section 5).

use mandate_core::change::{Context, Origin};
use mandate_core::contact::WelcomeIds;
use mandate_core::id::OrganizationId;
use mandate_core::organization::{Organization, adopt_vendor_domains, found_vendor};
use mandate_core::person::NewProfile;
use mandate_core::session::Link;
use mandate_core::staff::{NewStaff, StaffMember, found_administrator, resend_first_welcome};
use mandate_core::text::{Email, Locale, PersonName, TimeZone};
use mandate_core::vocabulary::{LinkPurpose, PersonStatus, StaffRole};
use mandate_storage::{Fence, StorageError, Store, Unlocked, WriteTx};

use crate::password::Passwords;
use crate::seal::Sealer;
use crate::settings::Settings;
use crate::sources::{Ids, SteadyClock};

/// What the first start needs.
pub struct Founding<'a> {
    /// The database, migrated.
    pub store: &'a Store,
    /// The configuration.
    pub settings: &'a Settings,
    /// The time.
    pub clock: &'a SteadyClock,
    /// New ids.
    pub ids: &'a Ids,
    /// Hashes the administrator's password.
    pub passwords: &'a Passwords,
    /// Seals the set-up link.
    pub sealer: &'a Sealer,
}

/// How the first administrator gets in, where no password was configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetUp {
    /// The user id.
    pub email: Email,
    /// Where the password is set, once.
    pub link: String,
}

impl Founding<'_> {
    /// Creates what is missing. Does nothing at a later start, but for domains that were added to the configuration.
    ///
    /// *Errors*: in words, for the operator.
    pub async fn run(&self) -> Result<Option<SetUp>, String> {
        let is_founded =
            self.store.read(|tx| Ok(tx.vendor()?.is_some())).map_err(|error: StorageError| error.to_string())?;
        let hash = match &self.settings.administrator {
            Some(administrator) if !is_founded => {
                let hashed = self.passwords.hash(&administrator.password).await;
                Some(hashed.map_err(|error| format!("the administrator's password cannot be hashed: {error}"))?)
            }
            Some(administrator) => {
                let email = administrator.email.as_str();
                tracing::info!(
                    email,
                    "the vendor exists already: MANDATE_ADMIN_EMAIL and MANDATE_ADMIN_PASSWORD are not used"
                );
                None
            }
            None => None,
        };
        let person = self.administrator().map_err(|flaw| flaw.to_string())?;
        let ids = (self.ids.fresh(), person);
        let link = self.store.write(|unlocked| self.found(unlocked, &ids, hash.as_deref()));
        let link = link.map_err(|error: StorageError| error.to_string())?;
        Ok(link.map(|(email, link)| SetUp {
            email,
            link: self.settings.link(LinkPurpose::Welcome, &self.sealer.link_token(link.id)),
        }))
    }

    fn administrator(&self) -> Result<NewStaff, mandate_core::text::Flaw> {
        let email = match (&self.settings.administrator, self.settings.vendor_domains.first()) {
            (Some(administrator), _) => administrator.email.clone(),
            (None, Some(domain)) => Email::parse(&format!("administrator@{domain}"))?,
            (None, None) => Email::parse("administrator@localhost.invalid")?,
        };
        let now = self.clock.now();
        Ok(NewStaff {
            id: self.ids.fresh(),
            profile: NewProfile {
                email: email.into(),
                first_name: PersonName::parse("First")?,
                last_name: PersonName::parse("Administrator")?,
                phone: None,
                time_zone: TimeZone::default(),
                locale: Locale::default(),
            },
            roles: vec![StaffRole::Administrator],
            welcome: WelcomeIds {
                link: self.ids.fresh(),
                mail: self.ids.fresh(),
                expires_at: now.plus(self.settings.welcome_ttl),
            },
        })
    }

    fn context(&self) -> Context {
        Context { actor: None, now: self.clock.now(), origin: Origin { request_id: "start".to_owned(), address: None } }
    }

    fn found(
        &self,
        unlocked: Unlocked<'_>,
        (vendor_id, person): &(OrganizationId, NewStaff),
        hash: Option<&str>,
    ) -> Result<Option<(Email, Link)>, StorageError> {
        // Two instances that start at once wait for each other here: no organization has the id 0.
        let mut tx = unlocked.lock(&Fence::new().changes(OrganizationId::from_u128(0)))?;
        let context = self.context();
        let domains = self.settings.vendor_domains.clone();
        match tx.vendor()? {
            Some(vendor) => {
                tx.save_organization(&adopt_vendor_domains(&context, vendor.clone(), domains))?;
                self.invite_again(&mut tx, &context, &vendor, person.welcome)
            }
            None => {
                tx.save_organization(&found_vendor(&context, *vendor_id, self.settings.vendor_name.clone(), domains))?;
                let created = found_administrator(&context, *vendor_id, person.clone(), hash.is_some());
                tx.save_staff(&created.staff)?;
                match hash {
                    Some(hash) => {
                        tx.save_password(person.id.into(), hash, context.now)?;
                        Ok(None)
                    }
                    None => {
                        tx.save_link(&created.link)?;
                        Ok(Some((person.profile.email.email.clone(), created.link)))
                    }
                }
            }
        }
    }

    /// As long as no administrator has ever set a password, each start makes a new set-up link.
    fn invite_again(
        &self,
        tx: &mut WriteTx<'_>,
        context: &Context,
        vendor: &Organization,
        welcome: WelcomeIds,
    ) -> Result<Option<(Email, Link)>, StorageError> {
        let members = tx.staff_members(vendor.id)?;
        let is_first = |member: &&StaffMember| member.created_by.is_none() && member.status == PersonStatus::Invited;
        let Some(first) = members.iter().find(is_first) else { return Ok(None) };
        let invited = resend_first_welcome(context, first.clone(), welcome);
        tx.save_staff(&invited.staff)?;
        tx.save_link(&invited.link)?;
        Ok(Some((first.profile.email.clone(), invited.link)))
    }
}
