// The main job with the client of @hey-api/openapi-ts.

import { randomUUID } from 'node:crypto';
import { ANA, BYTES, MEI, bad, expect, good, password, same, step, url } from './expect.js';
import { createClient, createConfig } from './generated/hey-api/client/index.js';
import * as mandate from './generated/hey-api/index.js';

async function signIn(email: string) {
  const client = createClient(createConfig({ baseUrl: url }));
  const tokens = good(await mandate.createSession({ client, body: { email, password } }), 201);
  client.setConfig({ auth: () => tokens.access_token });
  return { client, who: tokens.principal };
}

const anonymous = createClient(createConfig({ baseUrl: url }));
bad(await mandate.createSession({ client: anonymous, body: { email: ANA, password: 'not this one' } }), 401, 'invalid_credentials');
const ana = await signIn(ANA);
const mei = await signIn(MEI);
const acme = { organization_id: ana.who.organization_id };
step(`signed in as ${ana.who.name} and ${mei.who.name}; another password is refused`);

const email = `sdk-${randomUUID()}@acme.example`;
const body = { email, first_name: 'Zoe', last_name: 'Hill', permission: 'designated_support', phone: '+1.650.555.0100' } as const;
const problem = bad(
  await mandate.createContact({ client: ana.client, path: acme, body: { ...body, first_name: '4', phone: '650-555' } }), 422, 'validation_failed');
const pointers = problem.errors?.map((error) => error.pointer).sort();
expect(JSON.stringify(pointers) === '["#/first_name","#/phone"]', `errors at ${pointers}`);
step(`a contact with mistakes is refused: ${problem.errors?.map((error) => `${error.pointer} ${error.message}`).join('; ')}`);

const headers = { 'Idempotency-Key': randomUUID() };
const contact = good(await mandate.createContact({ client: ana.client, path: acme, body, headers }), 201);
const again = await mandate.createContact({ client: ana.client, path: acme, body, headers });
expect(good(again, 201).id === contact.id, 'the repeat made another contact');
expect(again.response?.headers.get('idempotent-replayed') === 'true', 'the repeat does not say so');
bad(await mandate.createContact({ client: ana.client, path: acme, body: { ...body, last_name: 'Hall' }, headers }), 422, 'idempotency_key_reused');
step(`created ${contact.id}; the repeat with the same key answers the same, with another body it is refused`);

const grant = good(await mandate.createPartnerGrant({
  client: ana.client, path: acme, body: { grantee: { type: 'contact', id: mei.who.id }, level: 'create' },
}), 201);
expect(grant.level === 'create' && grant.grantee.id === mei.who.id, JSON.stringify(grant));
step(`granted ${grant.level} to ${mei.who.name}`);

const request = good(await mandate.createServiceRequest({
  client: mei.client,
  body: { organization_id: acme.organization_id, subject: 'Label printer offline', category: 'incident', severity: 3, message: 'Since noon.' },
}), 201);
expect(request.submitted_for?.id === acme.organization_id, 'not submitted for the customer');
step(`created ${request.number} for ${request.organization.name}`);

const upload = { client: mei.client, path: { service_request_id: request.id } };
const attachment = good(await mandate.uploadAttachment({
  ...upload, body: new Blob([BYTES]), headers: { 'Content-Disposition': 'attachment; filename="printer.bin"' },
}), 201);
good(await mandate.createMessage({ ...upload, body: { body: 'Its memory.', attachment_ids: [attachment.id] } }), 201);
const content = good(await mandate.getAttachmentContent({ client: ana.client, path: { attachment_id: attachment.id }, parseAs: 'blob' }), 200);
expect(same(new Uint8Array(await (content as Blob).arrayBuffer()), BYTES), 'other bytes came back');
step(`uploaded ${attachment.size} bytes, and downloaded the same`);

const seen = new Set<string>();
let pages = 0;
for (let cursor: string | undefined; pages === 0 || cursor !== undefined; pages++) {
  const page: mandate.ServiceRequestPage = good(await mandate.listServiceRequests({
    client: ana.client, query: { organization_id: [acme.organization_id], status: ['open', 'solved', 'closed'], limit: 5, cursor },
  }), 200);
  for (const { id } of page.data) {
    expect(!seen.has(id), `${id} twice`);
    seen.add(id);
  }
  cursor = page.next_cursor ?? undefined;
}
expect(pages > 1 && seen.has(request.id), `${pages} pages`);
step(`paged through ${seen.size} requests on ${pages} pages`);

const path = { contact_id: contact.id };
const renamed = good(await mandate.updateContact({ client: ana.client, path, body: { last_name: 'Hall' } }), 200);
expect(renamed.last_name === 'Hall' && renamed.phone === '+1.650.555.0100', 'an absent member was changed');
const cleared = good(await mandate.updateContact({ client: ana.client, path, body: { phone: null } }), 200);
expect(cleared.last_name === 'Hall' && cleared.phone === null, 'null did not clear');
step('patched: absent leaves alone, null clears');

const stale = { 'If-Match': `"${contact.version}"` };
const conflict = bad(await mandate.updateContact({ client: ana.client, path, body: { last_name: 'Hull' }, headers: stale }), 412, 'version_mismatch');
expect(conflict.current_version === cleared.version, JSON.stringify(conflict));
const fresh = { 'If-Match': `"${conflict.current_version}"` };
good(await mandate.updateContact({ client: ana.client, path, body: { last_name: 'Hull' }, headers: fresh }), 200);
step(`an old version is refused with 412, version ${conflict.current_version} is not`);

good(await mandate.revokePartnerGrant({ client: ana.client, path: { grant_id: grant.id }, body: { reason: 'done' } }), 200);
step('revoked the grant');
