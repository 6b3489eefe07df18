//! Bulk import of contacts, and the list as CSV, which an import reads back (C-22).

use mandate_tests::{Actor, Answer, e2e, json, snapshot};

pub(crate) const CSV: &[(&str, &str)] = &[("content-type", "text/csv")];
const NDJSON: &[(&str, &str)] = &[("content-type", "application/x-ndjson; charset=utf-8")];

pub(crate) async fn import(actor: &Actor, headers: &[(&str, &str)], query: &str, file: impl AsRef<[u8]>) -> Answer {
    import_into(actor, actor, headers, query, file).await
}

/// The same by somebody of perhaps another organization.
pub(crate) async fn import_into(
    anybody_of_it: &Actor,
    actor: &Actor,
    headers: &[(&str, &str)],
    query: &str,
    file: impl AsRef<[u8]>,
) -> Answer {
    actor
        .send("POST", &format!("{}{query}", anybody_of_it.own("contacts/import")), headers, file.as_ref().to_vec())
        .await
}

/// What an answer counts: rows, created, existing, refused.
fn counts(answer: &Answer) -> [i64; 4] {
    ["rows", "created", "existing", "refused"].map(|member| answer[member].as_i64().unwrap_or(-1))
}

async fn emails(actor: &Actor) -> Vec<String> {
    let list = actor.get(format!("{}?limit=100&sort=email", actor.own("contacts"))).await.expect(200);
    list.column("email").iter().map(|email| email.as_str().unwrap_or_default().to_owned()).collect()
}

async fn export(actor: &Actor, query: &str) -> Answer {
    actor.send("GET", &format!("{}{query}", actor.own("contacts")), &[("accept", "text/csv")], ()).await
}

/// The records of a CSV.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.expect("CSV").iter().map(str::to_owned).collect()).collect()
}

/// Everything that an import reads of the contacts, but what tells one organization from another.
fn essence(text: &str, domain: &str) -> Vec<Vec<String>> {
    let mut rows: Vec<_> = records(&text.replace(domain, "domain")).into_iter().map(|row| row[..11].to_vec()).collect();
    rows.sort();
    rows
}

const GOOD: &str = "email,first_name,last_name,permission,type,duties,phone,time_zone,locale\r\n\
    ana@acme.example,Ana,\"Silva, Dr.\",designated_support,,it; security,+1.650.555.0100,America/Sao_Paulo,pt-BR\r\n\
    ben@acme.example,Ben,\"O\"\"Neill\",knowledge_base,technical,,'+1.650.555.0101,,\r\n\
    \r\n\
    pia@acme.example,\"=Pia\",@Costa,manage_contacts,primary_support,operations,,,es\r\n";

e2e! {
    /// C-1, C-12, C-22, X-2: a dry run does nothing; an import creates all; the same file again creates nothing.
    async fn a_file_is_tried_then_taken_and_harmless_when_it_comes_again(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let before = world.journal(&acme.organization_id).len();
        let tried = import(&acme, CSV, "?dry_run=true", GOOD).await.expect(200);
        snapshot!(tried);
        assert_eq!(counts(&tried), [3, 3, 0, 0]);
        assert_eq!(emails(&acme).await, ["manager@acme.example"]);
        let taken = import(&acme, CSV, "", GOOD).await.expect(200);
        assert_eq!((counts(&taken), taken["dry_run"].as_bool()), ([3, 3, 0, 0], Some(false)));
        snapshot!(acme.get(acme.own("contacts")).await.expect(200));
        // Each of them as if created alone: a journal entry, a link by email, the first sign-in.
        let journal = world.journal(&acme.organization_id);
        let kinds: Vec<String> = journal.iter().skip(before).map(|entry| format!("{:?}", entry.kind)).collect();
        assert_eq!(kinds, ["ContactCreated"; 3]);
        let ana = world.instance().accept(&world.mail("ana@acme.example", "welcome").await).await;
        ana.get("/v1/me").await.expect(200);
        world.mail("pia@acme.example", "welcome").await;
        for (query, headers, file) in [
            ("?dry_run=false", CSV, GOOD.to_owned()),
            ("?dry_run=true", CSV, format!("\u{feff}{}", GOOD.replace("\r\n", "\n"))),
        ] {
            let again = import(&acme, headers, query, file).await.expect(200);
            assert_eq!(counts(&again), [3, 0, 3, 0], "{again}");
        }
        assert_eq!(world.journal(&acme.organization_id).len(), before + 4, "nothing but the first sign-in");
        assert_eq!(world.mailbox().all().iter().filter(|mail| mail.to == "ben@acme.example").count(), 1);
        // One more row among those that are there.
        let more = format!("{GOOD}zoe@acme.example,Zoe,Zed,knowledge_base,,,,,\r\n");
        assert_eq!(counts(&import(&acme, CSV, "", more).await.expect(200)), [4, 1, 3, 0]);
        assert_eq!(emails(&acme).await.len(), 5);
    }

    /// C-2, C-3, C-4, C-7, C-10, C-13, C-22, O-2: every error of every row at once, with the codes of single creation.
    async fn a_refused_row_refuses_the_file_and_every_error_is_named(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.customer("Globex", "globex.example").await;
        let lent = globex.invited("lent", json!({"permission": "knowledge_base"})).await;
        assert_eq!(lent["email"], "lent@globex.example");
        let strays = "email,first_name,last_name,permission\nstray@acme.example,Stray,Cat,knowledge_base\n";
        assert_eq!(counts(&import(&globex, CSV, "", strays).await.expect(200)), [1, 1, 0, 0]);
        let mia = acme.contact("mia", "manage_contacts").await;
        let file = "permission,email,first_name,last_name,phone,type,time_zone,locale,duties,status,id\n\
            knowledge_base,good@acme.example,Good,Person,,,,,,active,contact_1\n\
            knowledge_base,Upper@acme.example,Upper,Case,,,,,,,\n\
            all,not-an-address,123,,650-555-0100,robot,Mars/Olympus,tlh,it;gardening,,\n\
            knowledge_base,staff@eu.Vendor.example,Staff,Member,,,,,,,\n\
            manage_contacts,boss@acme.example,\"Big\nBoss\",Boss,,,,,,,\n\
            manage_contacts,chief@acme.example,Chief,Chief,,primary_support,,,,,\n\
            knowledge_base,stray@acme.example,Stray,Cat,,,,,,,\n\
            knowledge_base,lent@globex.example,Lent,One,,,,,,,\n\
            knowledge_base,good@acme.example,Good,Again,,,,,,,\n\
            knowledge_base,few@acme.example,Few\n\
            knowledge_base,mia@acme.example,Mia,Acme,,,,,,,\n";
        snapshot!(import(&mia, CSV, "?dry_run=true", file).await.expect(200));
        snapshot!(import(&mia, CSV, "", file).await.expect_problem(422, "import_refused"));
        assert_eq!(emails(&acme).await, ["manager@acme.example", "mia@acme.example"]);
        // The guard may appoint one, but not with the knowledge base alone (C-7, C-10).
        let idle = "email,first_name,last_name,permission,type\nidle@acme.example,Idle,Guard,knowledge_base,primary_support\n";
        snapshot!(import(&acme, CSV, "?dry_run=true", idle).await.expect(200));
    }

    /// C-22, X-5: JSON lines are read as strictly as bodies are, each by itself.
    async fn json_lines_are_the_bodies_of_single_creation(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let line = |name: &str| {
            json!({"email": format!("{name}@acme.example"), "first_name": name, "last_name": "Lines",
                "permission": "designated_support", "duties": ["it", "security"], "phone": null}).to_string()
        };
        let good = format!("{}\r\n\n{}\n{}", line("ana"), line("ben"), line("kai"));
        assert_eq!(counts(&import(&acme, NDJSON, "?dry_run=true", &good).await.expect(200)), [3, 3, 0, 0]);
        assert_eq!(counts(&import(&acme, NDJSON, "", &good).await.expect(200)), [3, 3, 0, 0]);
        assert_eq!(counts(&import(&acme, NDJSON, "", &good).await.expect(200)), [3, 0, 3, 0]);
        let odd = format!(
            "{}\n{{\"email\": \"a@acme.example\", \"email\": \"b@acme.example\"}}\n[]\n{{\"emial\": 1, \"duties\": [\"it\", \"x\"]}}\n{{\n",
            line("zoe")
        );
        snapshot!(import(&acme, NDJSON, "?dry_run=true", &odd).await.expect(200));
        snapshot!(import(&acme, NDJSON, "", &odd).await.expect_problem(422, "import_refused"));
    }

    /// C-22: what is no file of contacts is refused as a whole, and says what would be one.
    async fn a_file_that_cannot_be_read_is_refused_as_a_whole(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let header = "email,first_name,last_name,permission\n";
        for (headers, file, status, code) in [
            (CSV, String::new(), 400, "malformed_request"),
            (CSV, format!("{header}\"ana@acme.example,Ana,Silva,knowledge_base\n"), 400, "malformed_request"),
            (&[("content-type", "application/json")][..], "{}".to_owned(), 415, "unsupported_media_type"),
            (&[("content-type", "text/csv; charset=latin1")][..], header.to_owned(), 415, "unsupported_media_type"),
            (&[("content-type", "text/csv"), ("content-encoding", "gzip")][..], header.to_owned(), 415, "unsupported_media_type"),
            (&[][..], header.to_owned(), 415, "unsupported_media_type"),
        ] {
            import(&acme, headers, "", file).await.expect_problem(status, code);
        }
        import(&acme, CSV, "", b"email,first_name,last_name,permission\na\xff").await.expect_problem(400, "malformed_request");
        snapshot!(import(&acme, CSV, "", "Email,first_name,first_name,shoe/size,,id,permission\n").await.expect(422));
        snapshot!(import(&acme, CSV, "", "email|first_name|last_name|permission\n").await.expect(422));
        snapshot!(import(&acme, CSV, "?dryrun=true", header).await.expect(422));
        assert_eq!(counts(&import(&acme, CSV, "", header).await.expect(200)), [0, 0, 0, 0]);
        assert_eq!(counts(&import(&acme, NDJSON, "", "").await.expect(200)), [0, 0, 0, 0]);
        let row = |number: usize| format!("n{number}@acme.example,Ana,Silva,knowledge_base\n");
        let long: String = std::iter::once(header.to_owned()).chain((0..10_001).map(row)).collect();
        snapshot!(import(&acme, CSV, "?dry_run=true", long).await.expect_problem(422, "import_too_long"));
        let large = vec![b'\n'; 16 * 1024 * 1024 + 1];
        import(&acme, CSV, "", large).await.expect_problem(413, "body_too_large");
        assert_eq!(emails(&acme).await, ["manager@acme.example"]);
    }

    /// C-9, C-10, C-22, G-3, X-3: who creates contacts imports them, and nobody else.
    async fn an_import_is_for_those_who_create_contacts(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (mia, dan) = (acme.contact("mia", "manage_contacts").await, acme.contact("dan", "designated_support").await);
        let helper = globex.contact("helper", "designated_support").await;
        acme.grant_person(&helper, "full_admin").await;
        let path = format!("{}?dry_run=true", acme.own("contacts/import"));
        for (actor, status) in [(&acme, 200), (&mia, 200), (&helper, 200), (&dan, 403), (&globex, 404), (&world.agent().await, 403), (&world.admin().await, 403)] {
            actor.send("POST", &path, CSV, GOOD).await.expect(status);
            // Whoever may not learns nothing from a broken file, and whoever may knows that it is broken.
            let broken = actor.send("POST", &path, CSV, "x\n").await;
            assert_eq!(broken.status, if status == 200 { 422 } else { status }, "{broken}");
        }
        world.anonymous().send("POST", &path, CSV, GOOD).await.expect(401);
        // An administrator onboards an organization that nobody of entered yet.
        let admin = world.admin().await;
        let body = json!({"kind": "customer", "name": "Initech", "domains": ["initech.example"],
            "first_contact": mandate_tests::person("boss@initech.example")});
        let initech = admin.post("/v1/organizations", body).await.expect(201).id();
        let file = GOOD.replace("acme", "initech");
        let onboarded = admin.send("POST", &format!("/v1/organizations/{initech}/contacts/import"), CSV, file.as_str()).await;
        assert_eq!(counts(&onboarded.expect(200)), [3, 3, 0, 0]);
    }

    /// C-22: one key, one import; a dry run has nothing to remember.
    async fn an_import_with_a_key_happens_once(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let keyed = [("content-type", "text/csv"), ("idempotency-key", "import-1")];
        import(&acme, &keyed, "?dry_run=true", GOOD).await.expect(200);
        let first = import(&acme, &keyed, "", GOOD).await.expect(200);
        let again = import(&acme, &keyed, "", GOOD).await.expect(200);
        assert_eq!((counts(&again), again.header("idempotent-replayed")), (counts(&first), Some("true")));
        let other = GOOD.replace("Ana", "Eva");
        import(&acme, &keyed, "", other).await.expect_problem(422, "idempotency_key_reused");
        // Two at once create everybody once.
        let file: String = (0..50).map(|n| format!("n{n}@acme.example,Ana,Silva,knowledge_base\n")).collect();
        let file = format!("email,first_name,last_name,permission\n{file}");
        let (one, two) = tokio::join!(import(&acme, CSV, "", &file), import(&acme, CSV, "", &file));
        let (one, two) = (one.expect(200), two.expect(200));
        let mut created = [counts(&one)[1], counts(&two)[1]];
        created.sort_unstable();
        assert_eq!(created, [0, 50]);
    }

    /// C-18, C-22: the way out, by filter and order, and what a spreadsheet would run is defused.
    async fn the_list_leaves_as_csv(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        import(&acme, CSV, "", GOOD).await.expect(200);
        let ben = acme.get(format!("{}?q=ben", acme.own("contacts"))).await.expect(200).rows()[0]["id"].clone();
        let disable = format!("/v1/contacts/{}/disable", ben.as_str().unwrap_or_default());
        acme.post(disable, json!({"reason": "left"})).await.expect(200);
        let whole = export(&acme, "").await.expect(200);
        snapshot!(whole);
        assert_eq!(whole.header("vary"), Some("accept"));
        assert_eq!(acme.get(acme.own("contacts")).await.expect(200).header("vary"), Some("accept"));
        let some = export(&acme, "?status=invited&sort=email&order=desc").await.expect(200).text();
        let first: Vec<String> = records(&some).into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(first, ["email", "pia@acme.example", "ana@acme.example"]);
        assert_eq!(records(&export(&acme, "?q=nobody").await.expect(200).text()).len(), 1, "the header alone");
        snapshot!(export(&acme, "?limit=5&cursor=x&staus=active").await.expect(422));
        let dan = acme.contact("dan", "designated_support").await;
        export(&dan, "").await.expect(200);
        let kai = acme.contact("kai", "knowledge_base").await;
        export(&kai, "").await.expect_problem(403, "permission_required");
        for (accept, expected) in [
            ("application/json, text/csv", "application/json"),
            ("text/csv;q=0.9, application/json;q=0.8", "text/csv; charset=utf-8; header=present"),
            ("*/*", "application/json"),
        ] {
            let answer = acme.send("GET", &acme.own("contacts"), &[("accept", accept)], ()).await.expect(200);
            assert_eq!(answer.header("content-type"), Some(expected), "{accept}");
        }
        acme.send("GET", &acme.own("contacts"), &[("accept", "text/html")], ()).await.expect_problem(406, "not_acceptable");
    }

    /// C-22: what an export wrote, an import reads back without loss, elsewhere and at home.
    async fn an_export_comes_back_without_loss(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        let nasty = ["=1+1 A", "+A", "-A", "@A", "'A", "'=A", "''+A", "A\"B", "A,B", "A;B", "A\\B", "Ünal 李", "A'", "=cmd|' /C calc'!A0"];
        for (number, name) in nasty.iter().enumerate() {
            let body = json!({"email": format!("{}n{number}@acme.example", ["=", "+", "-", "'", ""][number % 5]), "first_name": name,
                "last_name": nasty[(number + 3) % nasty.len()], "phone": "+1.650.555.0100", "permission": "designated_support",
                "duties": if number % 2 == 0 { json!([]) } else { json!(["it", "operations", "security"]) },
                "time_zone": "Europe/Lisbon", "locale": "es", "type": if number % 3 == 0 { "primary_support" } else { "technical" }});
            acme.post(acme.own("contacts"), body).await.expect(201);
        }
        let out = export(&acme, "").await.expect(200).text();
        for row in records(&out).iter().skip(1) {
            let (phone, others) = (&row[3], row.iter().enumerate().filter(|(place, _)| *place != 3));
            assert!(others.into_iter().all(|(_, cell)| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
            // What holds digits and full stops alone is no formula, and leaves as whoever dials it needs it.
            assert!(phone.is_empty() || phone == "+1.650.555.0100", "{row:?}");
        }
        // Home again: nobody is new, nobody changes.
        let home = import(&acme, CSV, "", &out).await.expect(200);
        assert_eq!(counts(&home), [15, 0, 15, 0]);
        assert_eq!(export(&acme, "").await.expect(200).text(), out);
        // Elsewhere, with other addresses: everybody but the manager of that name, who is there.
        let moved = import(&initech, CSV, "", out.replace("acme.example", "initech.example")).await.expect(200);
        assert_eq!(counts(&moved), [15, 14, 1, 0]);
        let there = export(&initech, "").await.expect(200).text();
        let but_managers = |text: &str, domain: &str| {
            essence(text, domain).into_iter().filter(|row| !row[0].starts_with("manager@")).collect::<Vec<_>>()
        };
        assert_eq!(but_managers(&there, "initech.example"), but_managers(&out, "acme.example"));
    }

    /// C-1, C-22: what spreadsheets of other countries write is read, and what cannot be read is named as they name it.
    async fn files_of_real_spreadsheets_are_taken(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let file = "\u{feff}sep=;\r\nEmail;FIRST_NAME;last_name;;Permission;Duties;Locale;phone\r\n\
            ana@acme.example;Ana;Núñez;;designated_support;\"it;security\";es-ES;+1.650.555.0100\r\n\
            \u{feff}ben@acme.example;Ben;Silva;;knowledge_base;;pt-br;\r\n;;;;;;;\r\n;;;\r\n";
        let taken = import(&acme, CSV, "", file).await.expect(200);
        assert_eq!(counts(&taken), [2, 2, 0, 0]);
        let tabs = "email\tfirst_name\tlast_name\tpermission\tlocale\nkai@acme.example\tKai\tLi\tknowledge_base\ten-US\n";
        assert_eq!(counts(&import(&acme, CSV, "", tabs).await.expect(200)), [1, 1, 0, 0]);
        let list = acme.get(format!("{}?sort=email", acme.own("contacts"))).await.expect(200);
        assert_eq!(list.column("locale"), [json!("es"), json!("pt-BR"), json!("en"), json!("en")]);
        assert_eq!(list.rows()[0]["duties"], json!(["it", "security"]));
        let lines = "\u{feff}{\"email\":\"lea@acme.example\",\"first_name\":\"Lea\",\"last_name\":\"Li\",\"permission\":\"knowledge_base\"}\n";
        assert_eq!(counts(&import(&acme, NDJSON, "", lines).await.expect(200)), [1, 1, 0, 0]);
        let wrong = "email;first_name;last_name;permission;;phone\r\n\r\n\
            zoe@acme.example;Zoe;Zed;knowledge_base;;650-555-0100\r\nMia@acme.example;Mia;Li;knowledge_base;x;\r\n\
            noa@acme.example;Noa;Li;manage_contacts;;\r\nnoa@acme.example;Noa;Li;knowledge_base\r\n";
        snapshot!(import(&acme, CSV, "?dry_run=true", wrong).await.expect(200));
        snapshot!(import(&acme, CSV, "", wrong).await.expect_problem(422, "import_refused"));
        let latin = b"email,first_name,last_name,permission\nzoe@acme.example,Zo\xeb,Zed,knowledge_base\n";
        snapshot!(import(&acme, CSV, "", latin).await.expect_problem(400, "malformed_request"));
        let open = "email,first_name,last_name,permission\nzoe@acme.example,\"Zoe,Zed,knowledge_base\n";
        snapshot!(import(&acme, CSV, "", open).await.expect_problem(400, "malformed_request"));
    }

    /// C-22: for scripts the list begins with its header, for spreadsheets with a mark; an import takes both.
    async fn the_list_leaves_for_spreadsheets_with_a_byte_order_mark(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        import(&acme, CSV, "", GOOD).await.expect(200);
        let plain = export(&acme, "").await.expect(200).text();
        let marked = acme.send("GET", &acme.own("contacts"), &[("accept", "text/csv; header=bom")], ()).await.expect(200);
        assert_eq!(marked.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(String::from_utf8_lossy(&marked.bytes), format!("\u{feff}{plain}"));
        assert!(plain.starts_with("email,") && plain.contains(",+1.650.555.0100,"), "{plain}");
        assert_eq!(counts(&import(&acme, CSV, "", &marked.bytes).await.expect(200)), [4, 0, 4, 0]);
        // A spreadsheet of another country saves it with its own separator.
        let mut saved = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
        records(&plain).iter().for_each(|row| saved.write_record(row).expect("memory"));
        let saved = saved.into_inner().expect("memory");
        assert_eq!(counts(&import(&acme, CSV, "", saved).await.expect(200)), [4, 0, 4, 0]);
    }
}
