// A support desk for contacts of customers and partners: who may ask for what, and on whose behalf.
// The page offers what the server says that one may do; whether it is done is for the server alone to decide.

import {
  type CreateContactBody, type CreatePartnerGrantBody, type CreateServiceRequestBody, type MeView, type PartnerGrantView,
  createContact, createPartnerGrant, createServiceRequest, getMe, getOrganization, listContacts, listPartnerGrants,
  listServiceRequests, revokePartnerGrant,
} from '../generated/mandate';
import { attempt, find, onSubmit } from './form';
import { alertOf, list } from './list';
import { onEnded, signIn, signOut } from './session';

/** The levels by which a partner may create service requests for a customer. */
const CREATING = ['create', 'service_admin', 'full_admin'];
const ROWS = 10;

const main = find(document, 'main', HTMLElement);
const signInForm = find(main, '#sign-in', HTMLFormElement);

onSubmit(signInForm, async (values) => {
  await signIn(text(values, 'email'), text(values, 'password'));
  await open();
  return '';
});
onEnded(() => close('Your session has ended. Sign in again.'));

/** Shows the desk of whoever has just signed in. */
async function open(): Promise<void> {
  const { data: me } = await getMe();
  const { data: organization } = await getOrganization({ path: { organization_id: me.organization_id } });
  const desk = document.createElement('div');
  desk.append(find(document, '#desk', HTMLTemplateElement).content.cloneNode(true));
  for (const element of desk.querySelectorAll<HTMLElement>('[data-permission]')) {
    if (!element.dataset.permission?.split(' ').includes(me.permission ?? '')) element.remove();
  }
  find(desk, '#me', HTMLElement).textContent = `${me.name}, ${organization.name}`;
  const alert = find(desk, '#desk-problem', HTMLElement);
  find(desk, '#sign-out', HTMLButtonElement).addEventListener('click', () => attempt(alert, async () => {
    await signOut();
    close('');
  }));

  showCustomers(desk, me);
  showRequests(desk, me, organization.name);
  if (desk.querySelector('#contacts') !== null) showContacts(desk, me);
  if (desk.querySelector('#grants') !== null) showGrants(desk, me);
  main.replaceChildren(desk);
}

/** Back to the form; with the desk goes all that was shown on it. */
function close(words: string): void {
  main.replaceChildren(signInForm);
  find(signInForm, '[role=alert]', HTMLElement).textContent = words;
}

function showCustomers(desk: HTMLElement, me: MeView): void {
  const section = find(desk, '#customers', HTMLElement);
  if (me.acts_for.length === 0) section.remove();
  for (const { name, level } of me.acts_for) {
    const item = document.createElement('li');
    item.append(name, ' ', badge(level));
    find(section, 'ul', HTMLUListElement).append(item);
  }
}

function showRequests(desk: HTMLElement, me: MeView, ownName: string): void {
  const section = find(desk, '#requests', HTMLElement);
  const load = list(section, (cursor) => listServiceRequests({ query: { limit: ROWS, cursor } }), (request) => [
    request.number, request.subject, request.organization.name, String(request.severity), badge(request.status),
    request.submitted_by.name, moment(request.last_activity_at),
  ]);
  void load();

  const form = find(section, '#create-request', HTMLFormElement);
  const customers = find(form, '[name=organization_id]', HTMLSelectElement);
  if (['designated_support', 'manage_contacts'].includes(me.permission ?? '')) customers.add(new Option(ownName, me.organization_id));
  for (const { organization_id, name, level } of me.acts_for) {
    if (CREATING.includes(level)) customers.add(new Option(name, organization_id));
  }
  if (customers.length === 0) form.remove();
  onSubmit(form, async (values, key) => {
    const body: CreateServiceRequestBody = {
      organization_id: text(values, 'organization_id'),
      category: text(values, 'category') as CreateServiceRequestBody['category'],
      severity: Number(text(values, 'severity')),
      subject: text(values, 'subject'),
      message: text(values, 'message'),
    };
    const { data: request } = await createServiceRequest({ body, headers: { 'Idempotency-Key': key } });
    await load();
    return `${request.number} is created for ${request.organization.name}.`;
  });
}

function showContacts(desk: HTMLElement, me: MeView): void {
  const section = find(desk, '#contacts', HTMLElement);
  const path = { organization_id: me.organization_id };
  const load = list(section, (cursor) => listContacts({ path, query: { limit: ROWS, cursor } }), (contact) => [
    contact.name, contact.email, contact.phone ?? '', badge(contact.permission), badge(contact.status),
  ]);
  void load();

  const form = section.querySelector<HTMLFormElement>('#create-contact');
  if (form === null) return;
  onSubmit(form, async (values, key) => {
    const body: CreateContactBody = {
      first_name: text(values, 'first_name'),
      last_name: text(values, 'last_name'),
      email: text(values, 'email'),
      phone: text(values, 'phone') || null,
      permission: text(values, 'permission') as CreateContactBody['permission'],
    };
    const { data: contact } = await createContact({ path, body, headers: { 'Idempotency-Key': key } });
    await load();
    return `${contact.name} is created and gets a welcome email.`;
  });
}

function showGrants(desk: HTMLElement, me: MeView): void {
  const section = find(desk, '#grants', HTMLElement);
  const form = section.querySelector<HTMLFormElement>('#create-grant');
  const path = { organization_id: me.organization_id };
  const load = list(section, (cursor) => listPartnerGrants({ path, query: { limit: ROWS, cursor } }), (grant) => [
    grant.grantee.name, badge(grant.level), grant.expires_at === null ? '' : moment(grant.expires_at), badge(grant.status),
    revokeButton(grant),
  ]);
  void load();

  if (form === null) return;
  onSubmit(form, async (values, key) => {
    const body: CreatePartnerGrantBody = {
      grantee: { type: 'contact', email: text(values, 'email') },
      level: text(values, 'level') as CreatePartnerGrantBody['level'],
    };
    const { data: grant } = await createPartnerGrant({ path, body, headers: { 'Idempotency-Key': key } });
    await load();
    return `${grant.grantee.name} may now act by this level.`;
  });

  function revokeButton(grant: PartnerGrantView): Node | string {
    if (form === null || grant.status !== 'live') return '';
    const key = crypto.randomUUID();
    const button = document.createElement('button');
    button.className = 'quiet';
    button.textContent = 'Revoke';
    button.setAttribute('aria-label', `Revoke the grant to ${grant.grantee.name}`);
    button.addEventListener('click', () => attempt(alertOf(section), async () => {
      await revokePartnerGrant({ path: { grant_id: grant.id }, body: {}, headers: { 'Idempotency-Key': key } });
      await load();
    }));
    return button;
  }
}

function text(values: FormData, name: string): string {
  return String(values.get(name) ?? '');
}

/** A word of the API, as people write it; also one that this page does not know. */
function badge(word: string): Node {
  const badge = document.createElement('span');
  badge.className = 'badge';
  badge.textContent = word.replaceAll('_', ' ');
  return badge;
}

function moment(when: string): Node {
  const time = document.createElement('time');
  time.dateTime = when;
  time.textContent = new Date(when).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return time;
}
