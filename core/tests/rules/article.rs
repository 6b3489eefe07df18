//! The knowledge base (C-6).

use mandate_core::article::{Article, CreateArticle, EditArticle, create, edit, view};
use mandate_core::change::Change;
use mandate_core::id::PersonId;
use mandate_core::refusal::Code;
use mandate_core::text::{ArticleBody, Language, ProductName, Subject};
use mandate_core::vocabulary::{StaffRole, Vocabulary as _};

use crate::ladder::{climb, code, trips, written};
use crate::world::{NOW, Person, VENDOR, YESTERDAY, by, id, partner_reader, reader, staff};
use mandate_core::refusal::{Extra, Requirement};

fn product(name: &str) -> ProductName {
    ProductName::parse(name).unwrap()
}

fn article() -> Article {
    Article {
        id: id(1),
        number: 42,
        vendor: VENDOR,
        title: Subject::parse("Reset the console").unwrap(),
        body: ArticleBody::parse("Hold the red button.").unwrap(),
        language: Language::parse("en").unwrap(),
        products: vec![product("Console")],
        last_reviewed_at: YESTERDAY,
        archived_at: None,
        created_at: YESTERDAY,
        created_by: PersonId::Staff(id(1)),
        updated_at: YESTERDAY,
        version: 1,
    }
}

fn archived() -> Article {
    Article { archived_at: Some(YESTERDAY), ..article() }
}

fn command() -> CreateArticle {
    let Article { id, number, title, body, language, .. } = article();
    CreateArticle {
        id,
        number,
        title,
        body,
        language,
        products: vec![product("Tablet"), product("Console"), product("Tablet")],
    }
}

#[test]
fn the_desk_writes_articles_and_nobody_else_does_c_6() {
    for role in StaffRole::ALL {
        let written = create(&by(&staff(*role)), command());
        assert_eq!(written.is_ok(), matches!(role, StaffRole::Agent | StaffRole::DutyManager), "{}", role.name());
    }
    assert_eq!(code(create(&by(&reader()), command())), Code::StaffOnly);
    let change = create(&by(&staff(StaffRole::Agent)), command()).unwrap();
    let expected = Article {
        products: vec![product("Console"), product("Tablet")],
        last_reviewed_at: NOW,
        created_at: NOW,
        updated_at: NOW,
        ..article()
    };
    assert_eq!((change.after(), change.after().spoken_number().as_str()), (&expected, "KB-000042"));
    assert_eq!(written(&change), ["article.created in org_9 by staff_1 for org_9"]);
}

#[test]
fn knowledge_base_and_above_read_what_is_in_the_knowledge_base_c_6() {
    let reads = |person: &dyn Fn() -> mandate_core::actor::Actor, article| view(&person(), Some(article)).is_ok();
    let desk = || staff(StaffRole::Agent).actor();
    for person in [&|| reader().actor(), &|| partner_reader().actor(), &|| staff(StaffRole::Consultant).actor()]
        as [&dyn Fn() -> mandate_core::actor::Actor; 3]
    {
        assert!(reads(person, article()));
        assert!(!reads(person, archived()));
    }
    assert!(reads(&desk, article()) && reads(&desk, archived()));
    assert_eq!(code(view(&reader().actor(), Some(archived()))), Code::NotFound);
    assert_eq!(code(view(&reader().actor(), None)), Code::NotFound);
}

fn edited(command: EditArticle) -> Change<Article> {
    edit(&by(&staff(StaffRole::Agent)), Some(article()), command).unwrap()
}

#[derive(Debug, Clone)]
struct Edition {
    by: mandate_core::change::Context,
    article: Option<Article>,
    command: EditArticle,
}

#[test]
fn the_desk_edits_reviews_and_archives_articles_c_6() {
    let world = Edition {
        by: by(&reader()),
        article: None,
        command: EditArticle {
            title: Some(Subject::parse("Reset it").unwrap()),
            archived: Some(true),
            reviewed: true,
            expected_version: Some(9),
            ..EditArticle::default()
        },
    };
    let roles = Requirement::Roles(&[StaffRole::Agent, StaffRole::DutyManager]);
    let change = climb(
        world,
        |world| edit(&world.by, world.article, world.command),
        [
            trips::<Edition>(Code::NotFound).until(|world| world.article = Some(archived())),
            trips(Code::NotFound).until(|world| world.article = Some(article())),
            trips(Code::StaffOnly)
                .with(Extra::Required(roles))
                .until(|world| world.by = by(&staff(StaffRole::DutyManager))),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
        ],
    );
    assert_eq!(
        written(&change),
        [
            "article.updated in org_9 by staff_2 for org_9",
            "title: Reset the console -> Reset it",
            "last_reviewed_at: 2026-02-28T12:00:00Z -> 2026-03-01T12:00:00Z",
            "archived_at: nothing -> 2026-03-01T12:00:00Z",
        ]
    );
    assert!(!edited(EditArticle::default()).is_effective());
    assert!(!edited(EditArticle { archived: Some(false), ..EditArticle::default() }).is_effective());
    let back = EditArticle { archived: Some(false), ..EditArticle::default() };
    let back = edit(&by(&staff(StaffRole::Agent)), Some(archived()), back).unwrap();
    assert_eq!(back.after().archived_at, None);
}
