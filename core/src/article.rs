//! The knowledge base: articles that agents write and every contact may read (C-6).

use crate::access::{DESK, Visible, require_role};
use crate::actor::Actor;
use crate::change::{Authority, Change, Context, Recorded};
use crate::id::{AnyId, ArticleId, OrganizationId, PersonId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::organization::expect_version;
use crate::refusal::Refusal;
use crate::text::{ArticleBody, Language, ProductName, Subject};
use crate::time::Timestamp;

/// An article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// Its id.
    pub id: ArticleId,
    /// The number that people say, as `KB-000042`.
    pub number: i64,
    /// The vendor, in whose journal its changes are written.
    pub vendor: OrganizationId,
    /// What it is about.
    pub title: Subject,
    /// The text, in Markdown.
    pub body: ArticleBody,
    /// The language that it is written in.
    pub language: Language,
    /// The products that it is about, in order, each once.
    pub products: Vec<ProductName>,
    /// When somebody last made sure that it is right.
    pub last_reviewed_at: Timestamp,
    /// When it was taken out of the knowledge base, if it was; only those who write articles see it since.
    pub archived_at: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: PersonId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl Article {
    /// The number as people say it.
    pub fn spoken_number(&self) -> String {
        format!("KB-{:06}", self.number)
    }
}

impl Recorded for Article {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.vendor
    }

    fn snapshot(&self) -> Snapshot {
        vec![
            ("number", Fact::text(self.spoken_number())),
            ("title", Fact::text(&self.title)),
            ("body", Fact::text(&self.body)),
            ("language", Fact::text(&self.language)),
            ("products", Fact::Texts(self.products.iter().map(ToString::to_string).collect())),
            ("last_reviewed_at", Fact::text(self.last_reviewed_at)),
            ("archived_at", Fact::optional(self.archived_at.as_ref())),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// An article to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateArticle {
    /// Its id.
    pub id: ArticleId,
    /// Its number.
    pub number: i64,
    /// What it is about.
    pub title: Subject,
    /// The text.
    pub body: ArticleBody,
    /// The language.
    pub language: Language,
    /// The products.
    pub products: Vec<ProductName>,
}

/// Writes an article.
///
/// *Errors*: `staff_only` for everybody but the desk.
pub fn create(context: &Context, command: CreateArticle) -> Result<Change<Article>, Refusal> {
    let actor = context.signed_in()?;
    require_role(actor, DESK, actor.organization)?;
    let article = Article {
        id: command.id,
        number: command.number,
        vendor: actor.organization,
        title: command.title,
        body: command.body,
        language: command.language,
        products: once(command.products),
        last_reviewed_at: context.now,
        archived_at: None,
        created_at: context.now,
        created_by: actor.id(),
        updated_at: context.now,
        version: 1,
    };
    Ok(Change::create(context, Authority::own(actor.organization), EventKind::ArticleCreated, article))
}

/// Shows an article: to everybody who is signed in while it is in the knowledge base, then to the desk alone (C-6).
///
/// *Errors*: `not_found`.
pub fn view(actor: &Actor, article: Option<Article>) -> Result<Visible<Article>, Refusal> {
    let article = article.ok_or_else(Refusal::not_found)?;
    if article.archived_at.is_some() && !sees_archived(actor) {
        return Err(Refusal::not_found());
    }
    Ok(Visible::new(article, actor))
}

/// Whether an actor sees the articles that were taken out of the knowledge base.
fn sees_archived(actor: &Actor) -> bool {
    actor.has_role(DESK)
}

/// Which articles a list may reach. Made by this crate alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArticleReach {
    current: bool,
    archived: bool,
}

impl ArticleReach {
    /// Whether those in the knowledge base are reached.
    pub fn reaches_current(self) -> bool {
        self.current
    }

    /// Whether those that were taken out of it are reached.
    pub fn reaches_archived(self) -> bool {
        self.archived
    }
}

/// Which articles a list may reach for its reader, who wants those that were taken out of the knowledge base, the others, or
/// both. A wish for what one may not see brings nothing back.
pub fn reach(actor: &Actor, archived: Option<bool>) -> ArticleReach {
    ArticleReach { current: archived != Some(true), archived: archived != Some(false) && sees_archived(actor) }
}

/// What changes in an article; absent members stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditArticle {
    /// What it is about.
    pub title: Option<Subject>,
    /// The text.
    pub body: Option<ArticleBody>,
    /// The language.
    pub language: Option<Language>,
    /// The products; replaces the list.
    pub products: Option<Vec<ProductName>>,
    /// Whether it is taken out of the knowledge base, or back in.
    pub archived: Option<bool>,
    /// Whether the author made sure that it is right, also where nothing else changes.
    pub reviewed: bool,
    /// The version that the editor saw.
    pub expected_version: Option<i64>,
}

/// Edits an article.
///
/// *Decides*: visible? of the desk? version?
pub fn edit(context: &Context, article: Option<Article>, command: EditArticle) -> Result<Change<Article>, Refusal> {
    let actor = context.signed_in()?;
    let before = view(actor, article)?.into_value();
    require_role(actor, DESK, before.vendor)?;
    expect_version(command.expected_version, before.version)?;
    let archived_at = match command.archived {
        Some(true) => before.archived_at.or(Some(context.now)),
        Some(false) => None,
        None => before.archived_at,
    };
    let after = Article {
        title: command.title.unwrap_or_else(|| before.title.clone()),
        body: command.body.unwrap_or_else(|| before.body.clone()),
        language: command.language.unwrap_or_else(|| before.language.clone()),
        products: command.products.map_or_else(|| before.products.clone(), once),
        last_reviewed_at: if command.reviewed { context.now } else { before.last_reviewed_at },
        archived_at,
        ..before.clone()
    };
    Ok(Change::update(context, Authority::own(before.vendor), EventKind::ArticleUpdated, before, after))
}

/// In order, each once.
fn once(mut products: Vec<ProductName>) -> Vec<ProductName> {
    products.sort();
    products.dedup();
    products
}
