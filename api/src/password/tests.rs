use super::*;

fn code(text: &str) -> &'static str {
    NewPassword::parse(&Secret::new(text)).err().map_or("accepted", |flaw| flaw.code)
}

#[test]
fn passwords_have_12_to_128_characters_of_whatever_kind() {
    assert_eq!(code("quite-short"), "password_too_short");
    assert_eq!(code("twelve chars"), "accepted");
    assert_eq!(code("all lower case words"), "accepted");
    assert_eq!(code("73920184650817"), "accepted");
    assert_eq!(code("пароль из слов"), "accepted");
    let text: String = ('!'..='~').chain('!'..='~').take(PASSWORD_MAX + 1).collect();
    assert_eq!(code(&text), "password_too_long");
    assert_eq!(code(&text[..PASSWORD_MAX]), "accepted");
    assert_eq!(code(&text[1..]), "accepted");
}

#[test]
fn characters_are_counted_after_normalization() {
    assert_eq!(code("éèêëíìîïóòôõ"), "accepted");
    assert_eq!(code("e\u{301}e\u{300}e\u{302}e\u{308}i\u{301}i\u{300}"), "password_too_short");
}

#[test]
fn the_first_that_others_would_try_are_refused() {
    for text in [
        "password1234",
        "PASSWORD1234",
        "Password2026!",
        "P@ssw0rd1234!",
        "passwordpassword",
        "Welcome12345!",
        "administrator",
        "Administrator1",
        "letmeinplease",
        "changeme12345",
        "iloveyouforever",
        "qwertyuiop123",
        "!!!!summer2026",
        "Contraseña123",
        "1qaz2wsx3edc",
        "mandate-2026-2026",
    ] {
        assert_eq!(code(text), "password_too_common", "{text}");
    }
}

#[test]
fn repetitions_and_sequences_are_refused() {
    for text in [
        "aaaaaaaaaaaa",
        "abababababab",
        "xyz!xyz!xyz!",
        "hq7!zphq7!zp",
        "123456789012",
        "098765432109",
        "abcdefghijklm",
        "zyxwvutsrqponm",
        "qwertyuiopasdf",
        "1q2w3e4r5t6y",
        "ZAQ!zaq!ZAQ!",
    ] {
        assert_eq!(code(text), "password_too_common", "{text}");
    }
    assert_eq!(code("abcdefghijkm"), "accepted");
}

#[test]
fn a_password_is_not_made_of_the_email() {
    let suits = |password: &str, email: &str| {
        let email = Email::parse(email).unwrap();
        NewPassword::parse(&Secret::new(password)).unwrap().suits(&email).err().map_or("accepted", |flaw| flaw.code)
    };
    assert_eq!(suits("Ana.Silva@acme.example", "ana.silva@acme.example"), "password_like_email");
    assert_eq!(suits("i am ANA.SILVA!", "ana.silva@acme.example"), "password_like_email");
    assert_eq!(suits("ana@acme.example", "ana@acme.example"), "password_like_email");
    assert_eq!(suits("banana and mango", "ana@acme.example"), "accepted");
}

#[test]
fn common_passwords_are_written_as_they_are_compared() {
    assert!(COMMON.lines().count() > 300);
    for common in COMMON.lines() {
        assert_eq!(fold(common), common);
        assert!(!common.trim().is_empty());
    }
}

#[test]
fn costs_are_read_and_printed() {
    assert_eq!(PasswordCost::parse("19456:2"), Ok(PasswordCost::STANDARD));
    assert_eq!(PasswordCost::LEAST.to_string(), "8:1");
    for text in ["", "8", "8:0", "1:1", "8:1:1", "x:1", "99999999:1"] {
        assert!(PasswordCost::parse(text).is_err(), "{text}");
    }
}

#[tokio::test]
async fn a_password_matches_its_hash_in_every_unicode_form() {
    let passwords = Passwords::new(PasswordCost::LEAST).unwrap();
    let hash = passwords.hash(&NewPassword::parse(&Secret::new("un café très noir")).unwrap()).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
    let verify = async |text: &str| passwords.verify_or_dummy(Some(&hash), &Secret::new(text)).await;
    assert_eq!(verify("un café très noir").await, Ok(true));
    assert_eq!(verify("un cafe\u{301} tre\u{300}s noir").await, Ok(true));
    assert_eq!(verify("un cafe tres noir").await, Ok(false));
    assert_eq!(verify("").await, Ok(false));
    let again = passwords.hash(&NewPassword::parse(&Secret::new("un café très noir")).unwrap()).await.unwrap();
    assert_ne!(again, hash);
}

#[tokio::test]
async fn without_a_hash_nothing_matches_not_even_the_dummy() {
    let passwords = Passwords::new(PasswordCost::LEAST).unwrap();
    for text in ["the password of nobody", "", "another password"] {
        assert_eq!(passwords.verify_or_dummy(None, &Secret::new(text)).await, Ok(false));
    }
    assert_eq!(passwords.verify_or_dummy(Some("no hash"), &Secret::new("x")).await, Err(PasswordError::Failed));
}

#[test]
fn hashes_of_another_cost_are_outdated() {
    let (old, new) = (Passwords::new(PasswordCost::LEAST).unwrap(), PasswordCost { memory_kib: 16, passes: 1 });
    let new = Passwords::new(new).unwrap();
    assert!(!old.is_outdated(&old.dummy));
    assert!(new.is_outdated(&old.dummy));
    assert!(new.is_outdated("no hash"));
}

#[tokio::test]
async fn whoever_comes_when_too_many_wait_is_sent_away() {
    let passwords = Passwords::new(PasswordCost::LEAST).unwrap();
    let running = passwords.running.clone().acquire_many_owned(2).await.unwrap();
    let waiting = passwords.waiting.clone().acquire_many_owned(WAITING_MAX as u32).await.unwrap();
    assert_eq!(passwords.verify_or_dummy(None, &Secret::new("x")).await, Err(PasswordError::Busy));
    drop((running, waiting));
    assert_eq!(passwords.verify_or_dummy(None, &Secret::new("x")).await, Ok(false));
}
