//! What the guides show is what happens: their calls are pasted into a shell, as a reader would.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use actix_web::web;
use mandate_api::demo::start_demo;
use mandate_api::serve::{Server, start};
use mandate_api::settings::Settings;
use mandate_api::sources::{Clock, Ids};
use tempfile::TempDir;

use crate::demo::announced;
use crate::generated::root;

/// Where a reader's server listens.
const READERS: &str = "http://127.0.0.1:8080";

/// Goes before what is pasted: each call leaves its status in a file, and who waits for an email waits until there is one,
/// which takes less than a second or, on a busy machine, more.
const PRELUDE: &str = r#"
curl() { command curl "$@" -w '%{stderr}%{http_code}\n' 2>> statuses; }
sleep() { ((SECONDS < 60)) && command sleep 0.1 || exit 1; compgen -G 'var/mail/*.eml' > /dev/null || sleep; }
"#;

/// The fenced blocks of a page: what stands behind the first fence, and the text.
fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

/// What a reader of a page pastes: the blocks that are `sh` and no more. Those with a title are for elsewhere.
fn calls(page: &str) -> String {
    let pasted: Vec<&str> = blocks(page).filter(|(info, _)| *info == "sh").map(|(_, text)| text).collect();
    pasted.join("\n")
}

/// A server on an empty database, with the settings that a page starts it with: lines such as `MANDATE_ADMIN_EMAIL=… \`.
async fn serve(page: &str, folder: &Path) -> Server {
    let place = folder.display();
    let mut arguments = vec![
        "mandate".to_owned(),
        format!("--database-url=sqlite://{place}/mandate.db"),
        format!("--mail=file:{place}/var/mail"),
        format!("--files=file:{place}/var/files"),
        "--listen=127.0.0.1:0".to_owned(),
        "--password-cost=8:1".to_owned(),
    ];
    for line in page.lines().filter_map(|line| line.strip_prefix("MANDATE_")) {
        if let Some((name, value)) = line.strip_suffix(" \\").and_then(|setting| setting.split_once('=')) {
            arguments.push(format!("--{}={}", name.to_lowercase().replace('_', "-"), value.trim_matches('\'')));
        }
    }
    let settings = Settings::from_arguments(arguments.iter().map(String::as_str)).unwrap();
    start(settings, Clock::System, Ids::System).await.unwrap()
}

/// Pastes calls into one shell in a folder; the statuses that they answered, and what was printed.
async fn paste(calls: &str, address: SocketAddr, folder: &Path) -> (Vec<String>, String) {
    let script = format!("{PRELUDE}{}", calls.replace(READERS, &format!("http://{address}")));
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &script]).current_dir(folder);
    let output = web::block(move || shell.output().unwrap()).await.unwrap();
    let statuses = fs::read_to_string(folder.join("statuses")).unwrap_or_default();
    let printed = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{complaints}\n{statuses}");
    (statuses.lines().map(str::to_owned).collect(), printed)
}

/// A page, and the folder of who reads it; nothing, where there is not what its calls need.
fn read(path: &str, needed: &[&str]) -> Option<(String, TempDir)> {
    let is_missing = |program: &&&str| Command::new(program).arg("--version").output().is_err();
    if let Some(program) = needed.iter().find(is_missing) {
        eprintln!("skipped: the calls of {path} are pasted into a shell, and there is no {program}");
        return None;
    }
    let page = fs::read_to_string(root().join(path)).unwrap();
    Some((page, tempfile::tempdir().unwrap()))
}

#[actix_web::test]
async fn getting_started_does_what_it_says() {
    let Some((page, folder)) = read("docs/getting-started.md", &["bash", "curl"]) else { return };
    let server = serve(&page, folder.path()).await;
    let calls = calls(&page);
    let (answered, printed) = paste(&calls, server.addr, folder.path()).await;
    assert!(!answered.is_empty());
    assert_eq!(answered, announced(&calls), "{printed}");
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn scripts_do_what_their_guide_says() {
    let Some((page, folder)) = read("docs/scripts.md", &["bash", "curl", "python3"]) else { return };
    let settings = ["mandate", "--listen", "127.0.0.1:0", "--password-cost", "8:1"];
    // As a whole: its data is gone when it is dropped.
    let demo = start_demo(Settings::from_arguments(settings).unwrap()).await.unwrap();
    for (info, text) in blocks(&page) {
        if let Some(name) = info.strip_prefix("python title=") {
            fs::write(folder.path().join(name.trim_matches('"')), text).unwrap();
        }
    }
    let calls = calls(&page);
    let (answered, printed) = paste(&calls, demo.server.addr, folder.path()).await;
    assert!(!answered.is_empty());
    assert_eq!(answered, announced(&calls), "{printed}");
    let (_, told) = blocks(&page).find(|(info, _)| *info == "text").unwrap();
    assert!(printed.ends_with(&format!("{told}\n")), "{printed}");
    demo.server.stop().await.unwrap();
}

#[actix_web::test]
async fn the_first_calls_of_the_readme_are_answered() {
    let Some((page, folder)) = read("README.md", &["bash", "curl"]) else { return };
    let server = serve(&page, folder.path()).await;
    // One of the calls uploads the page itself.
    fs::write(folder.path().join("README.md"), &page).unwrap();
    let (_, first_calls) = page.split_once("\n## First calls\n").unwrap();
    let (answered, printed) = paste(&calls(first_calls), server.addr, folder.path()).await;
    // Signed in, a customer, a password, signed in, a request, a file, a message, a participant, and all mistakes at once.
    assert_eq!(answered, ["201", "201", "200", "201", "201", "201", "201", "201", "422"], "{printed}");
    server.stop().await.unwrap();
}
