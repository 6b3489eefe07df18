//! The knowledge base over HTTP.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use mandate_core::article::{self, Article, CreateArticle, EditArticle};
use mandate_core::change::Context;
use mandate_core::id::ArticleKind;
use mandate_core::say;
use mandate_core::text::{
    ArticleBody, Flaw, Language, MESSAGE_MAX, ProductName, SEARCH_MAX, SUBJECT_MAX, SearchWords, Subject,
};
use mandate_storage::{ArticleFilter, Fence, WriteTx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::caller::Caller;
use crate::conditional::{IfMatch, IfNoneMatch};
use crate::extract::{Body, PathId, Query};
use crate::input::{Errors, present};
use crate::page::page;
use crate::problem::{BodyProblems, NotModified, Problem, Problems, WriteProblems};
use crate::reply::{Answer, command, expected};
use crate::state::App;
use crate::wire::{ArticleIdWire, PersonIdWire, TimestampWire};

/// Products of one article, at most.
const PRODUCTS_MAX: u64 = 20;

/// An article of the knowledge base, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleSummaryView {
    /// Its id.
    id: ArticleIdWire,
    /// The number that people say.
    #[schema(example = "KB-000042")]
    number: String,
    /// What it is about.
    #[schema(example = "Reset the console")]
    title: String,
    /// The language that it is written in, a tag of BCP 47.
    #[schema(example = "en")]
    language: String,
    /// The products that it is about.
    #[schema(example = json!(["Console"]))]
    products: Vec<String>,
    /// When somebody last made sure that it is right.
    last_reviewed_at: TimestampWire,
    /// Whether it was taken out of the knowledge base; only the desk sees it then.
    #[schema(example = false)]
    archived: bool,
    /// When it was written.
    created_at: TimestampWire,
    /// By whom.
    created_by: PersonIdWire,
    /// When it was last changed.
    updated_at: TimestampWire,
    /// Grows by one with each change.
    #[schema(example = 1)]
    version: i64,
}

impl From<&Article> for ArticleSummaryView {
    fn from(article: &Article) -> Self {
        Self {
            id: article.id.into(),
            number: article.spoken_number(),
            title: article.title.to_string(),
            language: article.language.to_string(),
            products: article.products.iter().map(ToString::to_string).collect(),
            last_reviewed_at: article.last_reviewed_at.into(),
            archived: article.archived_at.is_some(),
            created_at: article.created_at.into(),
            created_by: article.created_by.into(),
            updated_at: article.updated_at.into(),
            version: article.version,
        }
    }
}

page!(ArticlePage, ArticleSummaryView);

/// An article of the knowledge base.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleView {
    /// All but the text.
    #[serde(flatten)]
    summary: ArticleSummaryView,
    /// The text, in Markdown.
    #[schema(example = "Hold the red button for *ten* seconds.")]
    body: String,
}

impl From<&Article> for ArticleView {
    fn from(article: &Article) -> Self {
        Self { summary: article.into(), body: article.body.to_string() }
    }
}

/// An article to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Reset the console", "body": "Hold the red button for *ten* seconds.", "language": "en",
    "products": ["Console"]
}))]
pub struct CreateArticleBody {
    /// What it is about.
    #[validate(length(max = SUBJECT_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 200, example = "Reset the console")]
    title: Option<String>,
    /// The text, in Markdown. Whoever shows it takes care that no HTML in it comes to life.
    #[validate(length(max = MESSAGE_MAX))]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 65536,
        example = "Hold the red button for *ten* seconds."
    )]
    body: Option<String>,
    /// The language that it is written in, a tag of BCP 47; `en` if absent.
    #[schema(example = "en")]
    language: Option<String>,
    /// The products that it is about.
    #[serde(default)]
    #[validate(length(max = PRODUCTS_MAX))]
    #[schema(max_items = 20, example = json!(["Console"]))]
    products: Vec<String>,
}

/// Write an article
///
/// For agents and duty managers.
#[utoipa::path(tag = "articles", operation_id = "createArticle", request_body = CreateArticleBody,
    responses((status = 201, description = "The new article.", body = ArticleView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only"]))))]
#[post("/v1/articles")]
pub(crate) async fn create_article(
    app: Data<Arc<App>>,
    caller: Caller,
    body: Body<CreateArticleBody>,
) -> Result<HttpResponse, Problem> {
    let Body { value, mut errors, digest } = body;
    let title = errors.required("/title", &value.title, Subject::parse);
    let text = errors.required("/body", &value.body, ArticleBody::parse);
    let language = errors.keep("/language", Language::parse(value.language.as_deref().unwrap_or("en")));
    let products = errors.each("/products", &value.products, ProductName::parse);
    let wanted = errors.finish(|| {
        Some(CreateArticle { id: app.id(), number: 0, title: title?, body: text?, language: language?, products })
    })?;
    let vendor = caller.claims.organization;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let number = tx.next_article_number()?;
        let article = article::create(context, CreateArticle { number, ..wanted.clone() })?;
        tx.save_article(&article)?;
        Answer::created(format!("/v1/articles/{}", wanted.id), 1, wanted.id, &ArticleView::from(article.after()))
    };
    app.write(caller.with_body(digest), command(move |_| Ok(Fence::new().uses(vendor)), work)).await
}

/// Which articles to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListArticlesQuery {
    /// Words: each begins a word of the title, the text, a product or the number.
    #[validate(length(max = SEARCH_MAX))]
    #[param(nullable = false, max_length = 200, example = "reset console")]
    q: Option<String>,
    /// In one of these languages.
    #[serde(default)]
    #[param(example = json!(["en"]))]
    language: Vec<String>,
    /// About one of these products.
    #[serde(default)]
    #[param(example = json!(["Console"]))]
    product: Vec<String>,
    /// `true`: those that were taken out of the knowledge base, for the desk; `false`: the others. Both, as far as one may
    /// see them, if absent.
    #[param(nullable = false, example = false)]
    archived: Option<bool>,
    /// Rows in a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the next page begins, from `next_cursor`.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List articles
///
/// For everybody who is signed in, the last reviewed first; without their texts.
#[utoipa::path(tag = "articles", operation_id = "listArticles", params(ListArticlesQuery),
    responses((status = 200, description = "A page of articles.", body = ArticlePage), Problems))]
#[get("/v1/articles")]
pub(crate) async fn list_articles(
    app: Data<Arc<App>>,
    caller: Caller,
    query: Query<ListArticlesQuery>,
) -> Result<HttpResponse, Problem> {
    let Query { value, mut errors, listing } = query;
    let request = app.page(&caller, &mut errors, listing, value.limit, &value.cursor);
    let search = errors.optional("q", &value.q, SearchWords::parse);
    let languages = errors.each("language", &value.language, Language::parse);
    let products = errors.each("product", &value.product, ProductName::parse);
    let filter = errors.finish(|| Some(ArticleFilter { languages, products, search }))?;
    let page = request.page.clone();
    let slice = app
        .read(caller, move |tx, asker| {
            let reach = article::reach(&asker.actor, value.archived);
            Ok(tx.articles(reach, &filter, &page)?)
        })
        .await?;
    Ok(request.answer::<ArticlePage>(slice.rows.iter().map(ArticleSummaryView::from).collect(), slice.next.as_ref()))
}

/// Read an article
///
/// For everybody who is signed in; one that was taken out of the knowledge base for the desk alone.
#[utoipa::path(tag = "articles", operation_id = "getArticle", params(("article_id" = ArticleIdWire, Path, description = "The article.")),
    responses((status = 200, description = "The article.", body = ArticleView), NotModified, Problems))]
#[get("/v1/articles/{article_id}")]
pub(crate) async fn get_article(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ArticleKind>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let visible = app.read(caller, move |tx, asker| Ok(article::view(&asker.actor, tx.article(id.0)?)?)).await?;
    Ok(if_none_match.answer(visible.value().version, ArticleView::from(visible.value())))
}

/// What changes in an article; absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reviewed": true}))]
pub struct PatchArticleBody {
    /// What it is about.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 200, example = "Reset the console")]
    title: Option<Option<String>>,
    /// The text, in Markdown.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 65536, example = "Hold the red button for *ten* seconds.")]
    body: Option<Option<String>>,
    /// The language that it is written in, a tag of BCP 47.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, example = "en")]
    language: Option<Option<String>>,
    /// The products that it is about; replaces the list.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 20, example = json!(["Console"]))]
    products: Option<Option<Vec<String>>>,
    /// Whether it is taken out of the knowledge base, or back in.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>, nullable = false, example = false)]
    archived: Option<Option<bool>>,
    /// `true`: somebody has made sure today that it is right.
    #[schema(nullable = false, example = true)]
    reviewed: Option<bool>,
}

impl PatchArticleBody {
    fn into_command(self, mut errors: Errors) -> Result<EditArticle, Problem> {
        let title = errors.not_null("/title", self.title);
        let body = errors.not_null("/body", self.body);
        let language = errors.not_null("/language", self.language);
        let products = errors.not_null("/products", self.products);
        if products
            .as_ref()
            .is_some_and(|products| u64::try_from(products.len()).is_ok_and(|count| count > PRODUCTS_MAX))
        {
            errors
                .add("/products", Flaw::new("too_long", say!("must have at most {max} elements", max = PRODUCTS_MAX)));
        }
        let wanted = EditArticle {
            title: errors.optional("/title", &title, Subject::parse),
            body: errors.optional("/body", &body, ArticleBody::parse),
            language: errors.optional("/language", &language, Language::parse),
            products: products.map(|products| errors.each("/products", &products, ProductName::parse)),
            archived: errors.not_null("/archived", self.archived),
            reviewed: self.reviewed.unwrap_or(false),
            expected_version: None,
        };
        errors.finish(|| Some(wanted))
    }
}

/// Edit an article
///
/// For agents and duty managers.
#[utoipa::path(tag = "articles", operation_id = "updateArticle", params(("article_id" = ArticleIdWire, Path, description = "The article.")),
    request_body(content = PatchArticleBody, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The article.", body = ArticleView), Problems, BodyProblems, WriteProblems),
    extensions(("x-codes" = json!(["staff_only"]))))]
#[patch("/v1/articles/{article_id}")]
pub(crate) async fn update_article(
    app: Data<Arc<App>>,
    caller: Caller,
    id: PathId<ArticleKind>,
    if_match: IfMatch,
    body: Body<PatchArticleBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.into_command(body.errors)?;
    let organization = caller.claims.organization;
    let work = move |_: &App, tx: &mut WriteTx<'_>, context: &Context| {
        let found = tx.article(id.0)?;
        let expected_version = expected(&if_match, found.as_ref().map(|article| article.version));
        let change = article::edit(context, found, EditArticle { expected_version, ..wanted.clone() })?;
        tx.save_article(&change)?;
        Answer::ok(change.after().version, id.0, &ArticleView::from(change.after()))
    };
    app.write(caller, command(move |_| Ok(Fence::new().uses(organization)), work)).await
}
