//! Pages that tests write from the code and compare with it.

use std::fs;
use std::path::{Path, PathBuf};

/// The top of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Whether the files shall be written instead of compared.
pub(crate) fn rewrites() -> bool {
    std::env::var("MANDATE_UPDATE").is_ok_and(|value| value == "1")
}

/// Compares a file of the project with what it should say, or writes it where that is asked for.
pub(crate) fn compare(path: &str, text: &str, rewrite: &str) {
    let file = root().join(path);
    if rewrites() {
        fs::write(&file, text).expect("a page can be written");
    }
    // What the page is written from has changed. Read the difference as its reader would, then write it anew.
    let is_same = fs::read_to_string(&file).unwrap_or_default() == text;
    assert!(is_same, "{path} differs from what it is written from\nrun: {rewrite}");
}
