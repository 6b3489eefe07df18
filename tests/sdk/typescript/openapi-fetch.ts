// The main job with the types of openapi-typescript and the client of openapi-fetch.

import { randomUUID } from 'node:crypto';
import createClient from 'openapi-fetch';
import { ANA, BYTES, MEI, bad, expect, good, password, same, step, url } from './expect.js';
import type { components, paths } from './generated/openapi-typescript.js';

async function signIn(email: string) {
  const tokens = good(await anonymous.POST('/v1/sessions', { body: { email, password } }), 201);
  const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${tokens.access_token}` } });
  return { client, who: tokens.principal };
}

const anonymous = createClient<paths>({ baseUrl: url });
bad(await anonymous.POST('/v1/sessions', { body: { email: ANA, password: 'not this one' } }), 401, 'invalid_credentials');
const ana = await signIn(ANA);
const mei = await signIn(MEI);
const acme = { organization_id: ana.who.organization_id };
step(`signed in as ${ana.who.name} and ${mei.who.name}; another password is refused`);

const email = `sdk-${randomUUID()}@acme.example`;
const body = { email, first_name: 'Zoe', last_name: 'Hill', permission: 'designated_support', phone: '+1.650.555.0100' } as const;
const contacts = '/v1/organizations/{organization_id}/contacts';
const problem = bad(
  await ana.client.POST(contacts, { params: { path: acme }, body: { ...body, first_name: '4', phone: '650-555' } }), 422, 'validation_failed');
const pointers = problem.errors?.map((error) => error.pointer).sort();
expect(JSON.stringify(pointers) === '["#/first_name","#/phone"]', `errors at ${pointers}`);
step(`a contact with mistakes is refused: ${problem.errors?.map((error) => `${error.pointer} ${error.message}`).join('; ')}`);

const params = { path: acme, header: { 'Idempotency-Key': randomUUID() } };
const contact = good(await ana.client.POST(contacts, { params, body }), 201);
const again = await ana.client.POST(contacts, { params, body });
expect(good(again, 201).id === contact.id, 'the repeat made another contact');
expect(again.response.headers.get('idempotent-replayed') === 'true', 'the repeat does not say so');
bad(await ana.client.POST(contacts, { params, body: { ...body, last_name: 'Hall' } }), 422, 'idempotency_key_reused');
step(`created ${contact.id}; the repeat with the same key answers the same, with another body it is refused`);

const grant = good(await ana.client.POST('/v1/organizations/{organization_id}/partner-grants', {
  params: { path: acme }, body: { grantee: { type: 'contact', id: mei.who.id }, level: 'create' },
}), 201);
expect(grant.level === 'create' && grant.grantee.id === mei.who.id, JSON.stringify(grant));
step(`granted ${grant.level} to ${mei.who.name}`);

const request = good(await mei.client.POST('/v1/service-requests', {
  body: { organization_id: acme.organization_id, subject: 'Label printer offline', category: 'incident', severity: 3, message: 'Since noon.' },
}), 201);
expect(request.submitted_for?.id === acme.organization_id, 'not submitted for the customer');
step(`created ${request.number} for ${request.organization.name}`);

// Bytes are typed as a string, so they need a cast, and a serializer that leaves them alone.
const of = { service_request_id: request.id };
const attachment = good(await mei.client.POST('/v1/service-requests/{service_request_id}/attachments', {
  params: { path: of, header: { 'Content-Disposition': 'attachment; filename="printer.bin"' } },
  headers: { 'Content-Type': 'application/octet-stream' },
  body: BYTES as unknown as string,
  bodySerializer: (bytes) => bytes,
}), 201);
good(await mei.client.POST('/v1/service-requests/{service_request_id}/messages', {
  params: { path: of }, body: { body: 'Its memory.', attachment_ids: [attachment.id] },
}), 201);
const content = good(await ana.client.GET('/v1/attachments/{attachment_id}/content', {
  params: { path: { attachment_id: attachment.id } }, parseAs: 'arrayBuffer',
}), 200);
expect(same(new Uint8Array(content), BYTES), 'other bytes came back');
step(`uploaded ${attachment.size} bytes, and downloaded the same`);

const seen = new Set<string>();
let pages = 0;
for (let cursor: string | undefined; pages === 0 || cursor !== undefined; pages++) {
  const page: components['schemas']['ServiceRequestPage'] = good(await ana.client.GET('/v1/service-requests', {
    params: { query: { organization_id: [acme.organization_id], status: ['open', 'solved', 'closed'], limit: 5, cursor } },
  }), 200);
  for (const { id } of page.data) {
    expect(!seen.has(id), `${id} twice`);
    seen.add(id);
  }
  cursor = page.next_cursor ?? undefined;
}
expect(pages > 1 && seen.has(request.id), `${pages} pages`);
step(`paged through ${seen.size} requests on ${pages} pages`);

// It goes out as `application/json`, which the server takes for a merge patch as well.
const path = { contact_id: contact.id };
const renamed = good(await ana.client.PATCH('/v1/contacts/{contact_id}', { params: { path }, body: { last_name: 'Hall' } }), 200);
expect(renamed.last_name === 'Hall' && renamed.phone === '+1.650.555.0100', 'an absent member was changed');
const cleared = good(await ana.client.PATCH('/v1/contacts/{contact_id}', { params: { path }, body: { phone: null } }), 200);
expect(cleared.last_name === 'Hall' && cleared.phone === null, 'null did not clear');
step('patched: absent leaves alone, null clears');

const stale = { 'If-Match': `"${contact.version}"` };
const conflict = bad(
  await ana.client.PATCH('/v1/contacts/{contact_id}', { params: { path, header: stale }, body: { last_name: 'Hull' } }), 412, 'version_mismatch');
expect(conflict.current_version === cleared.version, JSON.stringify(conflict));
const fresh = { 'If-Match': `"${conflict.current_version}"` };
good(await ana.client.PATCH('/v1/contacts/{contact_id}', { params: { path, header: fresh }, body: { last_name: 'Hull' } }), 200);
step(`an old version is refused with 412, version ${conflict.current_version} is not`);

good(await ana.client.POST('/v1/partner-grants/{grant_id}/revoke', {
  params: { path: { grant_id: grant.id } }, body: { reason: 'done' },
}), 200);
step('revoked the grant');
