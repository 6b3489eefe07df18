// Reads the reference page and the page of a problem as people do, with the policies that the server sends along.

import type { Browser, Page } from 'playwright-core';
import { drive, expect, expectOnly, step, url, watch } from './browser.js';

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters?: { name: string }[];
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

await drive(async (browser) => {
  await reference(browser);
  await problem(browser);
});

async function reference(browser: Browser): Promise<void> {
  const contract = await (await fetch(`${url}/openapi.json`)).json();
  const tags: { name: string }[] = contract.tags;
  const operations: Operation[] = Object.values<object>(contract.paths).flatMap((path) =>
    Object.entries(path).filter(([method]) => METHODS.includes(method)).map(([, operation]) => operation));

  const context = await browser.newContext();
  const trouble = watch(context, [url]);
  const page = await context.newPage();
  const answer = await page.goto(`${url}/docs/`);
  const policy = answer?.headers()['content-security-policy'];
  expect(policy?.startsWith("default-src 'self';") === true, `the policy is ${policy}`);
  for (const { name } of tags) await page.locator(`#operations-tag-${name}`).waitFor();
  const shown = new Map(await page.locator('.opblock').evaluateAll((blocks) => blocks.map((block) => [block.id, block.textContent ?? ''])));
  for (const { operationId, summary, tags } of operations) {
    expect(shown.get(`operations-${tags[0]}-${operationId}`)?.includes(summary) === true, `${operationId} is not shown`);
  }
  step(`the reference shows ${tags.length} tags and ${operations.length} operations`);

  const listed = operations.find(({ operationId }) => operationId === 'listServiceRequests');
  expect(listed !== undefined, 'there is no listServiceRequests');
  const opened = await open(page, listed);
  await opened.getByText(listed.description.split('\n')[0] ?? '').waitFor();
  for (const { name } of listed.parameters ?? []) await opened.locator(`tr[data-param-name="${name}"]`).waitFor();
  step(`${listed.operationId} shows its description and its ${listed.parameters?.length} parameters`);

  const liveness = operations.find(({ operationId }) => operationId === 'getLiveness');
  expect(liveness !== undefined, 'there is no getLiveness');
  const tried = await open(page, liveness);
  await tried.getByRole('button', { name: 'Try it out' }).click();
  await tried.getByRole('button', { name: 'Execute' }).click();
  await tried.locator('.live-responses-table').getByText('"status": "ok"').waitFor();
  step('an operation can be tried');

  expectOnly(trouble, []);
  await context.close();
}

async function open(page: Page, { operationId, tags }: Operation) {
  const operation = page.locator(`#operations-${tags[0]}-${operationId}`);
  await operation.locator('.opblock-summary-control').click();
  return operation;
}

async function problem(browser: Browser): Promise<void> {
  const context = await browser.newContext();
  const trouble = watch(context, [url]);
  const page = await context.newPage();
  const answer = await page.goto(`${url}/problems/validation_failed`);
  expect(answer?.headers()['content-type'] === 'text/html; charset=utf-8', 'the problem is no page');
  await page.getByRole('heading', { name: 'values are not allowed' }).waitFor();
  await page.getByText('Code validation_failed, status 422').waitFor();
  await page.getByRole('link', { name: 'Reference' }).click();
  await page.waitForURL(`${url}/docs/`);
  await page.locator('.opblock').first().waitFor();
  expectOnly(trouble, []);
  step('a problem has a page for people, which leads to the reference');
}
