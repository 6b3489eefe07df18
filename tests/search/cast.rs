//! Who and what there is when a sequence begins: names alone, which commands use and which a shrunk sequence keeps.

use mandate_core::vocabulary::{Level, Vocabulary as _};

/// An organization of the world.
pub(crate) struct Organization {
    /// What commands call it; its domain is `{name}.example`.
    pub(crate) name: &'static str,
    /// `customer` or `partner`.
    pub(crate) kind: &'static str,
}

/// Everybody's organizations but the vendor's. The first person of [`PEOPLE`] in each guards it.
pub(crate) const ORGANIZATIONS: &[Organization] = &[
    Organization { name: "acme", kind: "customer" },
    Organization { name: "initech", kind: "customer" },
    Organization { name: "stark", kind: "customer" },
    Organization { name: "globex", kind: "partner" },
    Organization { name: "hooli", kind: "partner" },
    Organization { name: "vandelay", kind: "partner" },
    Organization { name: "umbrella", kind: "partner" },
];

/// The vendor, as commands call it.
pub(crate) const VENDOR: &str = "vendor";

/// A domain that nobody of the world owns; whoever makes an address up in it reads its mail.
pub(crate) const FREE_DOMAIN: &str = "free.example";

/// What somebody is at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// A primary support contact with `manage_contacts`.
    Guardian,
    /// A primary support contact without it.
    Primary,
    /// A technical contact with `manage_contacts`.
    Manager,
    /// A technical contact with `designated_support`.
    Designated,
    /// A technical contact with `knowledge_base`.
    Reader,
    /// Staff with this role.
    Staff(&'static str),
}

/// Somebody of the world.
pub(crate) struct Person {
    /// What commands call them; the part of their email before the `@`.
    pub(crate) name: &'static str,
    /// Where they belong.
    pub(crate) organization: &'static str,
    /// What they are there.
    pub(crate) rank: Rank,
    /// Whether they were disabled before the sequence begins.
    pub(crate) is_former: bool,
    /// How often they are drawn into a coalition.
    pub(crate) weight: usize,
}

const fn contact(name: &'static str, organization: &'static str, rank: Rank, weight: usize) -> Person {
    Person { name, organization, rank, is_former: false, weight }
}

const fn former(name: &'static str, organization: &'static str, rank: Rank, weight: usize) -> Person {
    Person { name, organization, rank, is_former: true, weight }
}

const fn staff(name: &'static str, role: &'static str, weight: usize) -> Person {
    contact(name, VENDOR, Rank::Staff(role), weight)
}

/// Everybody.
pub(crate) const PEOPLE: &[Person] = &[
    contact("ann", "acme", Rank::Guardian, 2),
    contact("abe", "acme", Rank::Guardian, 1),
    contact("pia", "acme", Rank::Primary, 2),
    contact("tim", "acme", Rank::Manager, 9),
    contact("dan", "acme", Rank::Designated, 4),
    contact("dot", "acme", Rank::Designated, 5),
    contact("kim", "acme", Rank::Reader, 4),
    former("max", "acme", Rank::Manager, 6),
    former("dee", "acme", Rank::Designated, 1),
    contact("ira", "initech", Rank::Guardian, 1),
    contact("ian", "initech", Rank::Manager, 2),
    contact("ida", "initech", Rank::Designated, 1),
    contact("sue", "stark", Rank::Guardian, 2),
    contact("sid", "stark", Rank::Manager, 2),
    contact("sam", "stark", Rank::Designated, 5),
    contact("ski", "stark", Rank::Reader, 1),
    contact("gus", "globex", Rank::Guardian, 4),
    contact("gina", "globex", Rank::Designated, 7),
    contact("gil", "globex", Rank::Reader, 1),
    contact("gwen", "globex", Rank::Designated, 6),
    contact("glen", "globex", Rank::Designated, 4),
    contact("hal", "hooli", Rank::Guardian, 2),
    contact("hope", "hooli", Rank::Designated, 4),
    contact("hugo", "hooli", Rank::Designated, 8),
    contact("hana", "hooli", Rank::Designated, 3),
    contact("vera", "vandelay", Rank::Guardian, 1),
    contact("van", "vandelay", Rank::Designated, 4),
    contact("vito", "vandelay", Rank::Designated, 5),
    contact("vic", "vandelay", Rank::Designated, 3),
    contact("ulf", "umbrella", Rank::Guardian, 2),
    contact("uri", "umbrella", Rank::Designated, 6),
    contact("una", "umbrella", Rank::Designated, 5),
    contact("uma", "umbrella", Rank::Designated, 3),
    staff("admin", "administrator", 1),
    staff("alba", "agent", 5),
    staff("dirk", "duty_manager", 3),
    staff("dora", "duty_manager", 1),
    staff("tamara", "technical_account_manager", 2),
    staff("carl", "customer_success_manager", 1),
    staff("saul", "sales_manager", 1),
    staff("connie", "consultant", 6),
    staff("cole", "consultant", 2),
];

/// A grant that is there when a sequence begins.
pub(crate) struct Grant {
    /// Who made it.
    pub(crate) grantor: &'static str,
    /// Who holds it: an organization, or a person.
    pub(crate) grantee: &'static str,
    /// How far it reaches.
    pub(crate) level: Level,
    /// `all`, `open` or `new`.
    pub(crate) history: &'static str,
    /// In how many days it ends.
    pub(crate) days: Option<i64>,
}

const fn grant(grantor: &'static str, grantee: &'static str, level: Level, days: Option<i64>) -> Grant {
    Grant { grantor, grantee, level, history: "all", days }
}

/// Every grant. None that hides a higher one ends by itself: what would appear then would be nobody's doing.
pub(crate) const GRANTS: &[Grant] = &[
    grant("acme", "globex", Level::FullAdmin, Some(10)),
    grant("acme", "gwen", Level::None, None),
    grant("acme", "glen", Level::Cc, None),
    grant("acme", "hooli", Level::View, None),
    Grant { grantor: "acme", grantee: "hugo", level: Level::FullAdmin, history: "new", days: None },
    grant("acme", "hana", Level::Create, None),
    Grant { grantor: "acme", grantee: "vandelay", level: Level::Update, history: "open", days: None },
    grant("acme", "vito", Level::ServiceAdmin, None),
    grant("acme", "vic", Level::Cc, None),
    grant("acme", "uri", Level::Update, None),
    grant("acme", "una", Level::View, None),
    grant("acme", "uma", Level::Cc, None),
    grant("acme", "connie", Level::FullAdmin, Some(30)),
    grant("acme", "cole", Level::View, Some(30)),
    grant("initech", "vandelay", Level::Create, None),
    grant("initech", "globex", Level::Cc, None),
    grant("stark", "hooli", Level::View, None),
    grant("stark", "gina", Level::Cc, None),
    grant("stark", "uri", Level::FullAdmin, None),
];

/// A service request that is there when a sequence begins.
pub(crate) struct Request {
    /// What commands call it.
    pub(crate) name: &'static str,
    /// Whose it is.
    pub(crate) organization: &'static str,
    /// Who submitted it.
    pub(crate) submitter: &'static str,
    /// Who leads it, if not the submitter.
    pub(crate) lead: Option<&'static str>,
    /// Who concealed it.
    pub(crate) concealed_by: Option<&'static str>,
    /// Who takes part, and how.
    pub(crate) participants: &'static [(&'static str, &'static str)],
    /// Whether an escalation is tied to it.
    pub(crate) is_escalation: bool,
}

const fn request(name: &'static str, organization: &'static str, submitter: &'static str) -> Request {
    Request { name, organization, submitter, lead: None, concealed_by: None, participants: &[], is_escalation: false }
}

/// Every request.
pub(crate) const REQUESTS: &[Request] = &[
    Request { participants: &[("vic", "cc")], ..request("printer", "acme", "dan") },
    // About the technical manager.
    Request { concealed_by: Some("abe"), participants: &[("dot", "cc")], ..request("complaint", "acme", "abe") },
    Request { lead: Some("dan"), concealed_by: Some("ann"), ..request("audit", "acme", "ann") },
    // A primary support contact concealed what a partner had submitted.
    Request { concealed_by: Some("ann"), ..request("tender", "acme", "vito") },
    Request { lead: Some("hana"), ..request("migration", "acme", "dot") },
    Request { concealed_by: Some("dan"), participants: &[("una", "secondary")], ..request("contract", "acme", "dan") },
    request("invoice", "initech", "ida"),
    Request { concealed_by: Some("ira"), ..request("salary", "initech", "ira") },
    request("login", "stark", "sam"),
    // An escalation was opened on it.
    Request { is_escalation: true, ..request("recovery", "stark", "sam") },
    request("lease", "globex", "gina"),
    request("fleet", "vandelay", "van"),
];

/// The customer that has an escalation under way, and who opened it.
pub(crate) const ESCALATION: (&str, &str) = ("stark", "sam");

/// Somebody of the world, by name; nobody for whom a coalition made up.
pub(crate) fn person(name: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.name == name)
}

/// A request, by name.
pub(crate) fn request_named(name: &str) -> Option<&'static Request> {
    REQUESTS.iter().find(|request| request.name == name)
}

/// Whether an organization is a partner.
pub(crate) fn is_partner(organization: &str) -> bool {
    ORGANIZATIONS.iter().any(|one| one.name == organization && one.kind == "partner")
}

/// The grant of a grantor that decides for somebody when the sequence begins (G-2).
pub(crate) fn deciding(grantor: &str, who: &str) -> Option<&'static Grant> {
    let home = person(who)?.organization;
    let of = |holder: &str| GRANTS.iter().find(|grant| grant.grantor == grantor && grant.grantee == holder);
    of(who).or_else(|| of(home))
}

/// The level by which somebody acts at an organization when the sequence begins.
pub(crate) fn level(grantor: &str, who: &str) -> Option<Level> {
    deciding(grantor, who).map(|grant| grant.level).filter(|level| *level != Level::None)
}

/// The names of all levels.
pub(crate) fn level_names() -> Vec<&'static str> {
    Level::ALL.iter().map(|level| level.name()).collect()
}
