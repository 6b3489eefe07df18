-- {requests} service requests with three messages each over 20,000 organizations, of which 200 are partners, and 200,000 grants, of
-- which the first partner holds 500. Made by the database itself, the same rows at each run but for their times.
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '1GB';
SET statement_timeout = 0;

CREATE TEMPORARY TABLE later AS
    SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i WHERE NOT i.indisunique
        AND i.indrelid IN ('service_requests'::regclass, 'messages'::regclass, 'request_words'::regclass, 'partner_grants'::regclass);
DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM later LOOP EXECUTE 'DROP INDEX ' || one.name; END LOOP; END $$;

-- An id of the project's form, of an early time.
CREATE FUNCTION pg_temp.id(kind text, number bigint) RETURNS text IMMUTABLE LANGUAGE sql
    AS $$ SELECT kind || '_0' || lpad(to_hex(number), 9, '0') || 'e008000000000000' $$;
-- A number that has nothing to do with another one.
CREATE FUNCTION pg_temp.mixed(number bigint) RETURNS bigint IMMUTABLE LANGUAGE sql
    AS $$ SELECT hashint8(number)::bigint & 2147483647 $$;
-- A word that is the more frequent the lower its number is, of 4,096.
CREATE FUNCTION pg_temp.word(number bigint) RETURNS text IMMUTABLE LANGUAGE sql
    AS $$ SELECT 'w' || (((hashint8(number)::bigint & 65535) ^ 3)::bigint >> 36) $$;

INSERT INTO organizations (id, kind, name, name_folded, domains, status, version, created_at, updated_at)
    SELECT pg_temp.id('org', o), CASE WHEN o < 200 THEN 'partner' ELSE 'customer' END, 'Organization ' || o, 'organization ' || o,
        '["organization' || o || '.example"]', 'active', 1, {now}, {now}
    FROM generate_series(0, 19999) o;
INSERT INTO organization_domains SELECT 'organization' || o || '.example', pg_temp.id('org', o) FROM generate_series(0, 19999) o;
INSERT INTO journal_heads (organization_id, sequence, hash)
    SELECT o.id, 0, h.hash FROM organizations o, (SELECT previous_hash AS hash FROM journal WHERE sequence = 1 LIMIT 1) h
    WHERE o.kind <> 'vendor';
INSERT INTO people (id, organization_id, email, first_name, last_name, search, sort_name, time_zone, locale, contact_type,
        permission, duties, roles, status, created_at, updated_at, version)
    SELECT pg_temp.id('contact', o * 5 + k), pg_temp.id('org', o), 'contact' || k || '@organization' || o || '.example', 'Ana',
        'Silva ' || o, ' ana silva', 'silva ana', 'UTC', 'en', CASE k WHEN 0 THEN 'primary_support' ELSE 'technical' END,
        CASE k WHEN 0 THEN 'manage_contacts' ELSE 'designated_support' END, '[]', '[]', 'active', {now}, {now}, 1
    FROM generate_series(0, 19999) o, generate_series(0, 4) k;
INSERT INTO people (id, organization_id, email, first_name, last_name, search, sort_name, time_zone, locale, duties, roles, status,
        created_at, updated_at, version)
    SELECT pg_temp.id('staff', a), v.id, 'agent' || a || '@vendor.example', 'Ana', 'Agent ' || a, ' ana agent', 'agent ana', 'UTC',
        'en', '[]', '["agent"]', 'active', {now}, {now}, 1
    FROM generate_series(0, 49) a, (SELECT id FROM organizations WHERE kind = 'vendor') v;
INSERT INTO credentials SELECT p.id, c.password_hash, {now} FROM people p, (SELECT password_hash FROM credentials LIMIT 1) c
    WHERE p.email IN ({signed_in});

-- The first partner: 460 grants to all of it, some at `cc`; 40 to its first contact, of which 20 decide in place of one to all.
INSERT INTO partner_grants (id, grantor_id, grantee_type, grantee_id, grantee_organization_id, level, created_at, created_by,
        updated_at, version)
    SELECT pg_temp.id('grant', k), pg_temp.id('org', 1000 + k * 37), 'organization', pg_temp.id('org', 0), pg_temp.id('org', 0),
        CASE WHEN k % 20 = 0 THEN 'cc' ELSE (ARRAY['view', 'update', 'create'])[(k % 3 + 1)::int] END, {now} - 400 * {day},
        pg_temp.id('contact', (1000 + k * 37) * 5), {now}, 1
    FROM generate_series(0, 459) k
    UNION ALL
    SELECT pg_temp.id('grant', 1000 + k), pg_temp.id('org', 1000 + k * 37), 'contact', pg_temp.id('contact', 0), pg_temp.id('org', 0),
        CASE WHEN k >= 460 THEN 'view' WHEN k % 2 = 0 THEN 'none' ELSE 'full_admin' END, {now} - 400 * {day},
        pg_temp.id('contact', (1000 + k * 37) * 5), {now}, 1
    FROM generate_series(440, 479) k;
-- The others: about a thousand to each, every second one to a contact.
INSERT INTO partner_grants (id, grantor_id, grantee_type, grantee_id, grantee_organization_id, level, created_at, created_by,
        updated_at, version)
    SELECT pg_temp.id('grant', 10000 + i), pg_temp.id('org', g.grantor), CASE i / 19800 % 2 WHEN 0 THEN 'organization' ELSE 'contact' END,
        CASE i / 19800 % 2 WHEN 0 THEN pg_temp.id('org', g.partner) ELSE pg_temp.id('contact', g.partner * 5 + i % 5) END,
        pg_temp.id('org', g.partner), (ARRAY['view', 'update', 'create', 'cc'])[(i % 4 + 1)::int], {now} - 400 * {day},
        pg_temp.id('contact', g.grantor * 5), {now}, 1
    FROM generate_series(0, 199499) i,
        LATERAL (SELECT 200 + i % 19800 AS grantor, 1 + (i / 19800 * 17 + i % 19800) % 199 AS partner) g;

INSERT INTO service_requests (id, number, organization_id, subject, category, severity, status, submitted_by,
        submitter_organization_id, point_of_contact_id, point_of_contact_organization_id, assigned_to, created_at, updated_at,
        activity_at, solved_at, closed_at, version)
    SELECT pg_temp.id('sr', g), g + 1, pg_temp.id('org', r.o),
        pg_temp.word(g * 32) || ' ' || pg_temp.word(g * 32 + 1) || ' ' || pg_temp.word(g * 32 + 2) || ' ' || pg_temp.word(g * 32 + 3)
            || CASE WHEN r.h % 20000 = 5 THEN ' rarissimum' ELSE '' END,
        (ARRAY['question', 'incident', 'feature_request'])[(r.h / 100 % 3 + 1)::int],
        (ARRAY[1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4])[(r.h / 300 % 20 + 1)::int],
        (ARRAY['open', 'waiting_on_support', 'waiting_on_customer', 'solved', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed'])
            [(r.h / 6000 % 10 + 1)::int],
        pg_temp.id('contact', r.o * 5 + r.h % 5), pg_temp.id('org', r.o),
        pg_temp.id('contact', r.o * 5 + r.h % 5), pg_temp.id('org', r.o),
        CASE WHEN r.h / 60000 % 5 = 0 THEN NULL ELSE pg_temp.id('staff', r.h / 300000 % 50) END,
        r.at - {day}, r.at, r.at, NULL, CASE WHEN r.h / 6000 % 10 >= 4 THEN r.at END, 4
    FROM generate_series(0::bigint, {requests} - 1) g,
        LATERAL (SELECT g * 7919 % 20000 AS o, pg_temp.mixed(g) AS h,
            {now} - {day} - (g * 104729 % {requests}) * (365 * {day} / {requests}) AS at) r;
-- In every tenth request its submitter takes part as well; in some of its customers the partner's first contact.
INSERT INTO participants (service_request_id, person_id, role, added_at, added_by)
    SELECT id, submitted_by, 'secondary', {now}, submitted_by FROM service_requests WHERE number % 10 = 0;
INSERT INTO participants (service_request_id, person_id, role, added_at, added_by)
    SELECT r.id, pg_temp.id('contact', 0), 'secondary', {now}, r.submitted_by FROM service_requests r
    WHERE r.number % 100 = 1 AND r.organization_id IN (SELECT grantor_id FROM partner_grants WHERE grantee_organization_id = pg_temp.id('org', 0));

-- The second message is the desk's, and in every tenth request a note; every second one has a word of its own, the third every twentieth.
CREATE TEMPORARY TABLE said AS
    SELECT g, m,
        pg_temp.word(g * 32 + m * 8) || ' ' || pg_temp.word(g * 32 + m * 8 + 1) || ' ' || pg_temp.word(g * 32 + m * 8 + 2) || ' '
            || pg_temp.word(g * 32 + m * 8 + 3) || ' ' || pg_temp.word(g * 32 + m * 8 + 4) || ' ' || pg_temp.word(g * 32 + m * 8 + 5) || ' '
            || pg_temp.word(g * 32 + m * 8 + 6) || ' ' || pg_temp.word(g * 32 + m * 8 + 7)
            || CASE WHEN m = 1 AND pg_temp.mixed(g + 1) % 2 = 0 THEN ' common' WHEN m = 3 AND pg_temp.mixed(g + 2) % 20 = 0 THEN ' twentieth'
                ELSE '' END AS body
    FROM generate_series(0::bigint, {requests} - 1) g, generate_series(1, 3) m;
INSERT INTO messages (id, service_request_id, author_id, internal, body, created_at)
    SELECT pg_temp.id('msg', s.g * 3 + s.m), r.id, CASE s.m WHEN 2 THEN r.assigned_to ELSE r.submitted_by END,
        s.m = 2 AND s.g % 10 = 0, s.body, r.created_at + (s.m - 1) * {day} / 2
    FROM said s JOIN service_requests r ON r.number = s.g + 1;
INSERT INTO request_words (number, part, internal, words)
    SELECT number, 0, FALSE, array_to_tsvector(string_to_array(subject, ' ')) FROM service_requests
    UNION ALL
    SELECT g + 1, m, m = 2 AND g % 10 = 0, array_to_tsvector(string_to_array(body, ' ')) FROM said;

DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM later LOOP EXECUTE one.definition; END LOOP; END $$;
UPDATE number_blocks SET next = {requests} + 100001 WHERE name = 'service_request';
DROP TABLE said;
