use super::*;

fn read(arguments: &[&str]) -> Result<Settings, Problems> {
    Settings::from_arguments([&["mandate"], arguments].concat())
}

#[test]
fn without_anything_set_there_is_a_server_to_try() {
    let settings = read(&[]).unwrap();
    let lines: Vec<String> = settings.describe().iter().map(|(name, value)| format!("{name}={value}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    DATABASE_URL=sqlite://mandate.db
    MANDATE_POOL_SIZE=8
    MANDATE_QUEUE_MAX=512
    MANDATE_LISTEN=127.0.0.1:8080
    MANDATE_PUBLIC_URL=http://127.0.0.1:8080
    MANDATE_TRUSTED_PROXIES=
    MANDATE_CORS_ORIGINS=
    MANDATE_REQUEST_TIMEOUT=10s
    MANDATE_FILES=file:var/files
    MANDATE_MAIL=file:var/mail
    MANDATE_MAIL_FROM=Mandate <no-reply@localhost>
    MANDATE_DNS=system
    MANDATE_LINK_TEMPLATE={public_url}/{purpose}?token={token}
    MANDATE_ADMIN_EMAIL=
    MANDATE_ADMIN_PASSWORD=
    MANDATE_VENDOR_NAME=Vendor
    MANDATE_VENDOR_DOMAINS=
    MANDATE_ACCESS_TOKEN_TTL=15m
    MANDATE_SESSION_TTL=30d
    MANDATE_WELCOME_TTL=3d
    MANDATE_RESET_TTL=1h
    MANDATE_INVITATION_TTL=7d
    MANDATE_ESCALATION_WAIT=1d
    MANDATE_CALL_BACK_AGE=30d
    MANDATE_REVIEW_PERIOD=90d
    MANDATE_CLOSE_AFTER=14d
    MANDATE_IDEMPOTENCY_TTL=30d
    MANDATE_KEYS=database
    MANDATE_LOG=info
    MANDATE_LOG_FORMAT=json
    MANDATE_PASSWORD_COST=19456:2
    ");
}

#[test]
fn every_setting_is_an_option_and_a_variable_and_is_described() {
    let definition = Cli::definition();
    let mut variables: Vec<String> = definition
        .get_arguments()
        .filter_map(|option| option.get_env())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let mut described: Vec<String> =
        read(&[]).unwrap().describe().into_iter().map(|(name, _)| name.to_owned()).collect();
    for option in definition.get_arguments().filter(|option| option.get_env().is_some()) {
        let variable = option.get_env().unwrap().to_string_lossy().to_lowercase().replace('_', "-");
        let option = option.get_long().unwrap();
        assert!(variable == option || variable == format!("mandate-{option}"), "{option}");
    }
    variables.sort();
    described.sort();
    assert_eq!(variables, described);
}

#[test]
fn what_is_set_is_read() {
    let settings = read(&[
        "serve",
        "--database-url=postgres://mandate:canary@db/mandate",
        "--listen=0.0.0.0:80",
        "--public-url=https://support.example.com/desk/",
        "--trusted-proxies=10.0.0.0/8, ::1",
        "--mail=smtps://canary:canary@mail.example.com:465",
        "--mail-from=Support Desk <support@example.com>",
        "--dns=file:/run/dns.txt",
        "--link-template=https://app.example.com/#/{purpose}?token={token}",
        "--admin-email=ada@vendor.example",
        "--admin-password=canary in a coal mine",
        "--vendor-domains=vendor.example,vendor.test",
        "--session-ttl=7d",
        "--access-token-ttl=5m",
        "--keys=file:/run/keys.json",
    ])
    .unwrap();
    assert_eq!(settings.public_url.as_str(), "https://support.example.com/desk");
    assert_eq!(settings.public_url.host(), "support.example.com");
    assert!(settings.trusts("10.1.2.3".parse().unwrap()) && settings.trusts("::ffff:10.1.2.3".parse().unwrap()));
    assert!(!settings.trusts("11.1.2.3".parse().unwrap()) && settings.trusts("::1".parse().unwrap()));
    assert_eq!(settings.link(LinkPurpose::PasswordReset, "abc"), "https://app.example.com/#/password-reset?token=abc");
    assert_eq!(settings.vendor_domains.len(), 2);
    assert_eq!(settings.session_ttl, Span::days(7));
    let described = format!("{:?}", settings.describe());
    for shown in [
        "smtps://[hidden]@mail.example.com:465",
        "postgres://db/mandate",
        "7d",
        "5m",
        "10.0.0.0/8,::1/128",
        "file:/run/dns.txt",
    ] {
        assert!(described.contains(shown), "{shown} in {described}");
    }
    for printed in [described, format!("{settings:?}")] {
        assert!(!printed.contains("canary"), "{printed}");
    }
}

#[test]
fn all_problems_are_told_at_once_with_what_would_be_right() {
    let problems = read(&[
        "--database-url=mysql://mandate:canary@db",
        "--pool-size=0",
        "--queue-max=many",
        "--listen=localhost",
        "--public-url=support.example.com",
        "--trusted-proxies=10.0.0.0/33",
        "--cors-origins=https://desk.example,https://desk.example/app",
        "--request-timeout=0s",
        "--mail=smtp://canary:can@ry@",
        "--mail-from=support",
        "--dns=1.1.1.1",
        "--link-template={public_url}/{purpose}/{token}",
        "--admin-email=Ada@vendor.example",
        "--admin-password=canary",
        "--vendor-name=",
        "--vendor-domains=vendor.example,Vendor.test",
        "--access-token-ttl=2d",
        "--session-ttl=1w",
        "--welcome-ttl=",
        "--keys=vault",
        "--log=info,=,=",
        "--log-format=xml",
        "--password-cost=1",
    ])
    .unwrap_err();
    assert!(!problems.to_string().contains("canary"));
    insta::assert_snapshot!(problems, @r"
    23 problems with the settings
      DATABASE_URL: the database URL must begin with `sqlite://` or `postgres://`, as in `sqlite://var/mandate.db`
      MANDATE_POOL_SIZE: `0` is not a whole number from 1 to 200
      MANDATE_QUEUE_MAX: `many` is not a whole number from 0 to 100000
      MANDATE_LISTEN: `localhost` is not an address and port such as `127.0.0.1:8080` or `[::]:8080`
      MANDATE_PUBLIC_URL: `support.example.com` is not a URL such as `https://support.example.com`, without query or fragment
      MANDATE_TRUSTED_PROXIES: `10.0.0.0/33` is not an address or network such as `10.0.0.7` or `10.0.0.0/8`
      MANDATE_CORS_ORIGINS: `https://desk.example/app` is not an origin such as `https://support.example.com`, in lower case and without a path, nor `*`
      MANDATE_REQUEST_TIMEOUT: `0s` is not a duration such as `30s`, `15m`, `24h` or `30d`, from 1s to 1h
      MANDATE_MAIL: must be `file:directory`, `smtp://user:password@host:port` or `smtps://user:password@host:port`, where characters such as `@` in the password are percent-encoded
      MANDATE_MAIL_FROM: `support` is not a sender such as `Support <support@example.com>`
      MANDATE_DNS: `1.1.1.1` is neither `system`, `off` nor `file:path`
      MANDATE_LINK_TEMPLATE: `{public_url}/{purpose}/{token}` must hold `?token={token}` once, and may hold `{public_url}` and `{purpose}` but no other braces
      MANDATE_ADMIN_EMAIL: `Ada@vendor.example` has upper-case letters; the email is the user id and is kept in lower case: `ada@vendor.example`
      MANDATE_ADMIN_PASSWORD: must have at least 12 characters
      MANDATE_VENDOR_NAME: must not be blank
      MANDATE_VENDOR_DOMAINS: `Vendor.test` is not a domain name in lower case such as `example.com` (international names as `xn--…`)
      MANDATE_ACCESS_TOKEN_TTL: `2d` is not a duration such as `30s`, `15m`, `24h` or `30d`, from 1s to 1d
      MANDATE_SESSION_TTL: `1w` is not a duration such as `30s`, `15m`, `24h` or `30d`, from 1s to 3650d
      MANDATE_WELCOME_TTL: `` is not a duration such as `30s`, `15m`, `24h` or `30d`, from 1s to 3650d
      MANDATE_KEYS: `vault` is neither `database` nor `file:path`
      MANDATE_LOG: `info,=,=` is not a level, one of `off`, `error`, `warn`, `info`, `debug` and `trace`, nor levels by module as in `info,mandate_storage=debug`
      MANDATE_LOG_FORMAT: `xml` is neither `json` nor `text`
      MANDATE_PASSWORD_COST: `1` is not a cost such as `19456:2`
    ");
}

#[test]
fn an_administrator_needs_an_email_and_a_good_password() {
    let problem = |arguments: &[&str]| read(arguments).unwrap_err().0.join("\n");
    assert!(problem(&["--admin-email=ada@vendor.example"]).starts_with("MANDATE_ADMIN_PASSWORD: must be set"));
    assert!(problem(&["--admin-password=a good long one"]).starts_with("MANDATE_ADMIN_EMAIL: must be set"));
    let like_email = problem(&["--admin-email=lovelace@vendor.example", "--admin-password=lovelace lovelace!"]);
    assert!(like_email.contains("must not contain the name"), "{like_email}");
    let none = read(&["--admin-email=", "--admin-password="]).unwrap();
    assert!(none.administrator.is_none());
}

#[test]
fn the_log_is_never_switched_off_by_a_misspelt_level() {
    let log =
        |text: &str| read(&["--log", text]).map(|settings| settings.log).map_err(|problems| problems.0.join("\n"));
    for text in [
        "info",
        "WARN",
        "off",
        "info,mandate_storage=debug",
        "mandate_api=debug",
        "warn,mandate::access=off",
        "info,mandate_api[request{request_id=x}]=trace",
        "info,[request]",
        "3",
    ] {
        assert_eq!(log(text), Ok(text.to_owned()));
    }
    assert_eq!(log(" info, mandate_storage=debug "), Ok("info,mandate_storage=debug".to_owned()));
    for (text, told) in [
        (
            "warning",
            "`warning` is not a level, one of `off`, `error`, `warn`, `info`, `debug` and `trace`; a module is",
        ),
        ("information", "`information` is not a level"),
        ("info,mandate_storage", "`mandate_storage` is not a level"),
        ("info,warning", "`warning` is not a level"),
        ("verbose,mandate_api=info", "`verbose` is not a level"),
        ("mandate_api=warning", "`mandate_api=warning` is not a level"),
        ("mandate_api=", "`mandate_api=` is not a level"),
        ("", "`` is not a level"),
        (" , ", "` , ` is not a level"),
    ] {
        let problem = log(text).expect_err(text);
        assert!(problem.starts_with(&format!("MANDATE_LOG: {told}")), "{problem}");
        assert!(problem.contains("`info,mandate_storage=debug`"), "{problem}");
    }
}

#[test]
fn no_part_of_a_password_is_told_with_what_is_wrong() {
    for text in [
        "postgres://desk:can%ary@db/m",
        "postgres://desk:can%zzary@db/m",
        "postgres://desk:canary%@db/m",
        "postgres://desk:can@ary@db/m",
        "postgres://desk:can/ary@db/m",
        "postgres://desk:can?ary@db/m",
        "postgres://desk:can?a/ry@db/m",
        "postgres://desk:canary@[::1/m",
        "postgres://desk:canary@[::1]5432/m",
        "postgres://desk:canary/m",
        "postgres://db/m?user=desk&password=can%ary",
        "postgres://db/m?user=desk&password=can&ary",
        "postgres://db/m?user=desk&password=can=ary",
        "postgres://desk:canary%00@db/m",
    ] {
        let problems = read(&["--database-url", text]).expect_err(text).to_string();
        assert!(!problems.contains("can") && !problems.contains("ary"), "{text}: {problems}");
        assert!(problems.contains("DATABASE_URL: the database URL must be"), "{text}: {problems}");
    }
    for text in [
        "postgres://desk:can%40%2Fary@db:5432/m",
        "postgres://%2Frun%2Fpostgresql/m?user=desk",
        "postgresql:///m?host=/run/postgresql&port=5433",
        "postgres://desk:canary@one:5432,two/m?sslmode=verify-full&sslrootcert=/etc/db.pem",
        "postgres://desk:canary@[fd00::1]:5432,[fd00::2]/m",
        "postgres://",
    ] {
        let settings = read(&["--database-url", text]).unwrap_or_else(|problems| panic!("{text}: {problems}"));
        assert!(!format!("{settings:?}{:?}", settings.describe()).contains("can"), "{text}");
    }
}

#[test]
fn mail_servers_get_passwords_encrypted_alone() {
    let url = |text: &str| match MailTarget::parse(text) {
        Ok(MailTarget::Smtp(smtp)) => smtp.url.expose().to_owned(),
        Ok(MailTarget::Directory(_)) => "directory".to_owned(),
        Err(_) => "refused".to_owned(),
    };
    for (text, expected) in [
        ("smtp://localhost:1025", "smtp://localhost:1025"),
        ("smtp://u:p@127.0.0.1:1025", "smtp://u:p@127.0.0.1:1025"),
        ("smtp://mail.example.com:25", "smtp://mail.example.com:25?tls=opportunistic"),
        ("smtp://u:p@mail.example.com:587", "smtp://u:p@mail.example.com:587?tls=required"),
        ("smtp://u:p@mail.example.com:587?tls=none", "smtp://u:p@mail.example.com:587"),
        ("smtps://u:p%40@mail.example.com", "smtps://u:p%40@mail.example.com"),
        ("file:var/mail", "directory"),
        ("file:", "refused"),
        ("smtp://", "refused"),
        ("smtp://host?tls=maybe", "refused"),
        ("http://host", "refused"),
        ("mail.example.com:25", "refused"),
    ] {
        assert_eq!(url(text), expected, "{text}");
    }
}

#[test]
fn link_templates_carry_the_token() {
    for text in [
        "{public_url}/{purpose}",
        "{public_url}?token={token}&again=?token={token}",
        "{public_url}/{kind}?token={token}",
        "/welcome?token={token}",
        "https://host/a b?token={token}",
        "https://host/{?token={token}",
    ] {
        assert!(LinkTemplate::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_sender_is_made_from_the_public_url_if_it_has_a_name() {
    let sender = |arguments: &[&str]| read(arguments).map(|settings| settings.mail_from.to_string());
    assert_eq!(
        sender(&["--public-url=https://support.example.com"]).unwrap(),
        "Mandate <no-reply@support.example.com>"
    );
    assert_eq!(sender(&["--listen=[::1]:80"]).unwrap(), "Mandate <no-reply@localhost>");
    assert!(sender(&["--mail=smtp://localhost:25"]).unwrap_err().to_string().contains("MANDATE_MAIL_FROM"));
}

#[test]
fn files_are_kept_in_a_folder_or_a_bucket() {
    let bucket = |name: &str, prefix: &str| FilesTarget::Bucket { name: name.to_owned(), prefix: prefix.to_owned() };
    for (text, target, shown) in [
        ("file:var/files", FilesTarget::Folder("var/files".into()), "file:var/files"),
        ("s3://desk", bucket("desk", ""), "s3://desk"),
        ("s3://desk/", bucket("desk", ""), "s3://desk"),
        ("s3://desk.eu-1/mandate/files/", bucket("desk.eu-1", "mandate/files"), "s3://desk.eu-1/mandate/files"),
    ] {
        assert_eq!(FilesTarget::parse(text), Ok(target.clone()), "{text}");
        assert_eq!(target.to_string(), shown);
    }
    for text in
        ["", "file:", "var/files", "s3:", "s3://", "s3:///files", "s3://Desk", "s3://desk?region=x", "https://desk"]
    {
        assert!(FilesTarget::parse(text).is_err(), "{text}");
    }
}

#[test]
fn origins_are_as_browsers_send_them() {
    for origin in ["https://desk.example", "http://localhost:5173", "http://[::1]:8080", "*"] {
        assert_eq!(Origin::parse(origin).unwrap().to_string(), origin);
    }
    for origin in [
        "",
        "desk.example",
        "https://Desk.example",
        "https://desk.example/",
        "null",
        "https://*.example",
        "ftp://desk.example",
    ] {
        assert!(Origin::parse(origin).is_err(), "{origin}");
    }
}

#[test]
fn the_demo_logs_less_unless_asked() {
    let log = |arguments: &[&str]| read(arguments).unwrap().log;
    assert_eq!(log(&[]), "info");
    assert_eq!(log(&["demo"]), "warn");
    assert_eq!(log(&["demo", "--log", "info"]), "info");
    assert_eq!(log(&["--log", "info", "demo"]), "info");
}
