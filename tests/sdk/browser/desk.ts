// Drives a manager and a partner through the page, which comes from another origin than the API.

import type { Browser, Page, Response } from 'playwright-core';
import { preview } from 'vite';
import { drive, expect, expectOnly, step, url, variable, watch } from './browser.js';

const PAGE = variable('MANDATE_PAGE');
const PASSWORD = variable('MANDATE_PASSWORD');
/** Acme's primary support contact. */
const ANA = 'ana.brooks@acme.example';
/** Of Globex, a partner of Acme's that may read everything. */
const MEI = 'mei.wong@globex.example';
const EMAIL = `browser-${crypto.randomUUID()}@acme.example`;
/** What Chromium says of its own accord when a call is refused. */
const refused = (status: number) => new RegExp(`status of ${status} `);

const server = await preview({
  root: 'page',
  build: { outDir: '../built/page' },
  preview: {
    host: '127.0.0.1',
    port: Number(new URL(PAGE).port),
    strictPort: true,
    headers: { 'Content-Security-Policy': `default-src 'self'; connect-src ${url}` },
  },
});
await drive(async (browser) => {
  await story(browser);
  await fromElsewhere(browser);
}).finally(() => server.close());

async function story(browser: Browser): Promise<void> {
  const [ana, anaTrouble] = await visit(browser, PAGE);
  await signIn(ana, ANA, 'not this one');
  await shows(ana, 'alert', 'do not match');
  await signIn(ana, ANA, PASSWORD);
  await ana.getByText('Ana Brooks, Acme Logistics').waitFor();
  step('the manager signed in; with another password the page says why not');

  await createContact(ana);
  const scanner = await createGrantAndRequest(ana);
  const [mei, meiTrouble] = await visit(browser, PAGE);
  const printer = await actAsPartner(mei, scanner);
  await runOut(ana, printer);
  await revoke(ana, mei);
  await endElsewhere(mei);

  await ana.getByRole('button', { name: 'Sign out' }).click();
  await ana.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(!(await ana.content()).includes('SR-0'), 'something is left on the page');
  step('the manager signed out, and nothing is left on the page');

  expectOnly(anaTrouble, [refused(401), refused(422), /net::ERR_FAILED/]);
  expectOnly(meiTrouble, [refused(403), refused(401)]);
}

async function createContact(ana: Page): Promise<void> {
  const form = ana.getByRole('form', { name: 'New contact' });
  await form.getByLabel('First name').fill('4');
  await form.getByLabel('Last name').fill('Hill');
  await form.getByLabel('Email').fill(EMAIL);
  await form.getByLabel('Phone').fill('650-555');
  await form.getByRole('button').click();
  await form.locator('small').nth(1).waitFor();
  for (const label of ['First name', 'Phone']) {
    const field = form.getByLabel(label);
    const words = await form.locator(`#${await field.getAttribute('aria-describedby')}`).textContent();
    expect(await field.getAttribute('aria-invalid') === 'true' && !!words, `nothing at ${label}`);
    step(`a mistake is said at its field: ${label}: ${words}`);
  }
  expect(await form.getByLabel('First name').evaluate((field) => field === document.activeElement), 'the first mistake has not the focus');

  // The server does it, and its answer is lost on the way.
  await ana.route('**/contacts', async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await form.getByLabel('First name').fill('Zoe');
  await form.getByLabel('Phone').fill('+1.650.555.0100');
  await form.getByRole('button').click();
  await shows(form, 'alert', 'The server cannot be reached');
  const isAnswer = (response: Response) => response.request().method() === 'POST';
  const [answer] = await Promise.all([ana.waitForResponse(isAnswer), form.getByRole('button').click()]);
  expect(answer.headers()['idempotent-replayed'] === 'true', 'the second attempt was no repeat of the first');
  await shows(form, 'status', 'Zoe Hill is created');
  const list = ana.getByRole('region', { name: 'Contacts' });
  while (await list.getByText(EMAIL).count() === 0) {
    const rows = await list.getByRole('row').count();
    await list.getByRole('button', { name: 'More' }).click();
    await list.getByRole('row').nth(rows).waitFor();
  }
  step('created a contact, once, although the first answer was lost, and found it in the list');
}

/** Answers the number of the request. */
async function createGrantAndRequest(ana: Page): Promise<string> {
  const grant = ana.getByRole('form', { name: 'New grant' });
  await grant.getByLabel('person').fill(MEI);
  await grant.getByLabel('Level').selectOption('Create');
  await grant.getByRole('button').click();
  await shows(grant, 'status', 'Mei Wong');
  await ana.getByRole('row', { name: 'Mei Wong create' }).waitFor();
  const number = await createRequest(ana, 'Acme Logistics', 'Scanner <img src=x> offline');
  step(`made a grant and the service request ${number}`);
  return number;
}

/** The partner sees what the manager made, and acts by the level that was granted. Answers the number of what she creates. */
async function actAsPartner(mei: Page, scanner: string): Promise<string> {
  await signIn(mei, MEI, PASSWORD);
  await mei.getByRole('region', { name: 'Customers' }).getByText('Acme Logistics create').waitFor();
  await mei.getByRole('row', { name: `${scanner} Scanner <img src=x> offline Acme Logistics` }).waitFor();
  expect(await mei.locator('img').count() === 0, 'a subject became HTML');
  const number = await createRequest(mei, 'Acme Logistics', 'Label printer offline');
  step(`the partner sees it, and creates ${number} on behalf of the customer`);
  return number;
}

/** The manager comes back after a while, twice. */
async function runOut(ana: Page, printer: string): Promise<void> {
  const refreshes: string[] = [];
  ana.on('request', (request) => {
    if (request.url().endsWith('/v1/sessions/refresh')) refreshes.push(request.url());
  });
  for (const round of [1, 2]) {
    await ana.clock.fastForward('20:00');
    await createRequest(ana, 'Acme Logistics', `Still offline, ${round}`);
    expect(refreshes.length === round, `${refreshes.length} new tokens after ${round} times 20 minutes`);
  }
  await ana.getByRole('row', { name: `${printer} Label printer offline Acme Logistics` }).waitFor();
  step(`the access token ran out twice, and the page got a new one each time; ${printer} is in the list`);
}

/** What the manager takes away is gone at once, whatever the partner's page still offers. */
async function revoke(ana: Page, mei: Page): Promise<void> {
  await ana.getByRole('button', { name: 'Revoke the grant to Mei Wong' }).click();
  await ana.getByRole('row', { name: 'Mei Wong create' }).waitFor({ state: 'detached' });
  const form = mei.getByRole('form', { name: 'New service request' });
  await fillRequest(mei, 'Acme Logistics', 'One more');
  await form.getByRole('button').click();
  await shows(form, 'alert', 'create');
  step(`the manager revoked the grant, and the partner is refused: ${await form.getByRole('alert').textContent()}`);
}

async function endElsewhere(mei: Page): Promise<void> {
  await mei.getByRole('button', { name: 'Sign out' }).click();
  const [signedIn] = await Promise.all([mei.waitForResponse(`${url}/v1/sessions`), signIn(mei, MEI, PASSWORD)]);
  const { access_token, session_id } = await signedIn.json();
  await mei.getByText('Mei Wong, Globex Consulting').waitFor();
  const ended = await fetch(`${url}/v1/sessions/${session_id}`, { method: 'DELETE', headers: { authorization: `Bearer ${access_token}` } });
  expect(ended.status === 204, `${ended.status} for the end of a session`);
  await fillRequest(mei, 'Globex Consulting', 'One more');
  await mei.getByRole('button', { name: 'Create service request' }).click();
  await shows(mei, 'alert', 'Your session has ended');
  step('the session was ended elsewhere, and the page asks to sign in again');
}

/** The same page from an origin that is not allowed: its address says `localhost`. */
async function fromElsewhere(browser: Browser): Promise<void> {
  const [page, trouble] = await visit(browser, PAGE.replace('127.0.0.1', 'localhost'));
  await signIn(page, ANA, PASSWORD);
  await shows(page, 'alert', 'The server cannot be reached');
  expectOnly(trouble, [/blocked by CORS policy/, /net::ERR_FAILED/]);
  step('from an origin that is not allowed the page reads nothing');
}

async function visit(browser: Browser, page: string): Promise<[Page, string[]]> {
  const context = await browser.newContext({ locale: 'en' });
  const trouble = watch(context, [new URL(page).origin, url]);
  context.on('request', (request) => {
    const wanted = request.method() === 'POST' && !request.url().includes('/v1/sessions');
    if (wanted && request.headers()['idempotency-key'] === undefined) trouble.push(`no key with ${request.url()}`);
  });
  await context.clock.install();
  const opened = await context.newPage();
  await opened.goto(page);
  return [opened, trouble];
}

async function signIn(page: Page, email: string, password: string): Promise<void> {
  const form = page.getByRole('form', { name: 'Support desk' });
  await form.getByLabel('Email').fill(email);
  await form.getByLabel('Password').fill(password);
  await form.getByRole('button').click();
}

async function fillRequest(page: Page, organization: string, subject: string): Promise<void> {
  const form = page.getByRole('form', { name: 'New service request' });
  await form.getByLabel('For').selectOption(organization);
  await form.getByLabel('Subject').fill(subject);
  await form.getByLabel('What happened?').fill('Since noon.');
}

/** Answers its number. */
async function createRequest(page: Page, organization: string, subject: string): Promise<string> {
  await fillRequest(page, organization, subject);
  const form = page.getByRole('form', { name: 'New service request' });
  await form.getByRole('button').click();
  await shows(form, 'status', `is created for ${organization}`);
  const number = (await form.getByRole('status').textContent())?.split(' ')[0] ?? '';
  await page.getByRole('row', { name: `${number} ${subject} ${organization}` }).waitFor();
  return number;
}

async function shows(within: Pick<Page, 'getByRole'>, role: 'alert' | 'status', words: string): Promise<void> {
  await within.getByRole(role).filter({ hasText: words }).waitFor();
}
