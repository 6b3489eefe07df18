//! The calls that `mandate demo` prints do what they say.

use std::process::Command;

use mandate_api::demo::start_demo;
use mandate_api::settings::Settings;

/// The statuses that the story announces, in order: `# What it shows. → 200`.
pub(crate) fn announced(story: &str) -> Vec<String> {
    let call = |line: &&str| line.starts_with("# ") && line.contains(" → ");
    story.lines().filter(call).filter_map(|line| line.rsplit(' ').next()).map(str::to_owned).collect()
}

#[actix_web::test]
async fn every_printed_call_answers_as_announced() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: the printed calls are pasted into a shell, and there is no curl");
        return;
    }
    let settings = ["mandate", "--listen", "127.0.0.1:0", "--password-cost", "8:1"];
    // As a whole: its data is gone when it is dropped.
    let demo = start_demo(Settings::from_arguments(settings).unwrap()).await.unwrap();
    let story = &demo.story;
    let pasted = story.split_once("# Paste this first").unwrap().1.rsplit_once("\nStop with").unwrap().0;
    let script = format!("# {pasted}");
    let output =
        actix_web::web::block(move || Command::new("sh").arg("-c").arg(script).output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answered: Vec<&str> = text.lines().filter(|line| line.len() == 3 && line.parse::<u16>().is_ok()).collect();
    // Whoever changes the story changes the announced statuses with it; a dozen calls is what the README promises.
    assert!(answered.len() >= 12, "{text}");
    assert_eq!(answered, announced(story), "{text}");
    demo.server.stop().await.unwrap();
}
