//! Articles of the knowledge base, and their words.

use diesel::dsl::max;
use diesel::prelude::*;
use mandate_core::article::{Article, ArticleReach};
use mandate_core::change::Change;
use mandate_core::id::ArticleId;
use mandate_core::text::{ArticleBody, Language, ProductName, SearchWords, Subject, words};
use mandate_core::time::Timestamp;

use crate::backend::on;
use crate::batch::save_row;
use crate::column::{Cells, moment, texts_json};
use crate::error::StorageError;
use crate::page::{Page, Position, Slice, SortKey};
use crate::schema::articles;
use crate::sql::{Sql, any_of, once};
use crate::tx::{ReadTx, WriteTx};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = articles, treat_none_as_null = true)]
struct ArticleRow {
    id: String,
    number: i64,
    vendor_id: String,
    title: String,
    body: String,
    language: String,
    products: String,
    last_reviewed_at: i64,
    archived_at: Option<i64>,
    created_at: i64,
    created_by: String,
    updated_at: i64,
    version: i64,
}

impl From<&Article> for ArticleRow {
    fn from(article: &Article) -> Self {
        Self {
            id: article.id.to_string(),
            number: article.number,
            vendor_id: article.vendor.to_string(),
            title: article.title.to_string(),
            body: article.body.to_string(),
            language: article.language.to_string(),
            products: texts_json(article.products.iter().map(ToString::to_string)),
            last_reviewed_at: article.last_reviewed_at.micros(),
            archived_at: article.archived_at.map(Timestamp::micros),
            created_at: article.created_at.micros(),
            created_by: article.created_by.to_string(),
            updated_at: article.updated_at.micros(),
            version: article.version,
        }
    }
}

impl TryFrom<ArticleRow> for Article {
    type Error = StorageError;

    fn try_from(row: ArticleRow) -> Result<Self, StorageError> {
        let cells = Cells::of("articles", &row.id);
        let product = |text: &String| cells.read("products", ProductName::kept(text).ok());
        Ok(Self {
            id: cells.id("id", &row.id)?,
            number: row.number,
            vendor: cells.id("vendor_id", &row.vendor_id)?,
            title: cells.read("title", Subject::kept(&row.title).ok())?,
            body: cells.read("body", ArticleBody::parse(&row.body).ok())?,
            language: cells.read("language", Language::parse(&row.language).ok())?,
            products: cells.texts("products", &row.products)?.iter().map(product).collect::<Result<_, _>>()?,
            last_reviewed_at: moment(row.last_reviewed_at),
            archived_at: row.archived_at.map(moment),
            created_at: moment(row.created_at),
            created_by: cells.person_id("created_by", &row.created_by)?,
            updated_at: moment(row.updated_at),
            version: row.version,
        })
    }
}

/// Which articles a list asks for; empty filters ask for all.
#[derive(Debug, Clone, Default)]
pub struct ArticleFilter {
    /// In one of these languages.
    pub languages: Vec<Language>,
    /// About one of these products.
    pub products: Vec<ProductName>,
    /// Whose title, text, products or number have words that begin with these.
    pub search: Option<SearchWords>,
}

impl ReadTx<'_> {
    /// An article.
    pub fn article(&mut self, id: ArticleId) -> Result<Option<Article>, StorageError> {
        let id = id.to_string();
        let row: Option<ArticleRow> = on!(self, |connection| articles::table
            .find(&id)
            .select(ArticleRow::as_select())
            .first(connection)
            .optional())?;
        row.map(Article::try_from).transpose()
    }

    /// The articles that a reach allows, the last reviewed first.
    pub fn articles(
        &mut self,
        reach: ArticleReach,
        filter: &ArticleFilter,
        page: &Page,
    ) -> Result<Slice<Article>, StorageError> {
        let mut query = Sql::<articles::SqlType>::new(
            "SELECT a.id, a.number, a.vendor_id, a.title, a.body, a.language, a.products, a.last_reviewed_at, \
             a.archived_at, a.created_at, a.created_by, a.updated_at, a.version FROM articles a WHERE TRUE",
        );
        if !filter.languages.is_empty() {
            query = query.push(" AND a.language IN (").bind_texts(once(&filter.languages)).push(")");
        }
        // Not LIKE, which minds case in PostgreSQL alone.
        let about = |product: &ProductName| {
            let cell = serde_json::Value::from(product.as_str()).to_string();
            Sql::new("REPLACE(a.products, ").bind_text(cell).push(", '') <> a.products")
        };
        query = query.append(any_of(once(&filter.products).map(about)));
        query = match (reach.reaches_current(), reach.reaches_archived()) {
            (true, true) => query,
            (true, false) => query.push(" AND a.archived_at IS NULL"),
            (false, true) => query.push(" AND a.archived_at IS NOT NULL"),
            (false, false) => return Ok(Slice { rows: Vec::new(), next: None }),
        };
        if let Some(search) = &filter.search {
            let matching = self.connection().full_text_match("articles_fts", search);
            query = query.push(" AND a.number IN (SELECT rowid FROM articles_fts WHERE ").append(matching).push(")");
        }
        query = page.descending(query, "a.last_reviewed_at", "a.id");
        let rows: Vec<ArticleRow> = on!(self, |connection| query.load(connection))?;
        let Slice { rows, next } =
            Slice::cut(rows, page, |row| Position { key: SortKey::Number(row.last_reviewed_at), id: row.id.clone() });
        Ok(Slice { rows: rows.into_iter().map(Article::try_from).collect::<Result<_, _>>()?, next })
    }
}

impl WriteTx<'_> {
    /// The number of an article to be; of two at once, one is repeated.
    pub fn next_article_number(&mut self) -> Result<i64, StorageError> {
        let highest: Option<i64> =
            on!(self, |connection| articles::table.select(max(articles::number)).first(connection))?;
        Ok(highest.unwrap_or(0) + 1)
    }

    /// Saves an article and its words.
    pub fn save_article(&mut self, change: &Change<Article>) -> Result<(), StorageError> {
        let row = ArticleRow::from(change.after());
        if !change.is_effective() {
            return Ok(());
        }
        save_row!(self, articles, &row, change)?;
        if change.before().is_some() {
            let forget = Sql::<()>::new("DELETE FROM articles_fts WHERE rowid = ").bind_big(row.number);
            on!(self, |connection| forget.execute(connection))?;
        }
        let article = change.after();
        let mut found_by = words(article.title.as_str());
        found_by.extend(words(article.body.as_str()));
        found_by.extend(article.products.iter().flat_map(|product| words(product.as_str())));
        found_by.extend(words(&article.spoken_number()));
        let insert = Sql::<()>::new("INSERT INTO articles_fts (rowid, words) VALUES (")
            .bind_big(row.number)
            .push(", ")
            .append(self.connection().full_text(&found_by))
            .push(")");
        on!(self, |connection| insert.execute(connection))?;
        self.record(change)
    }
}
