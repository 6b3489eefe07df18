// What both scripts need: the browser, what it must not do, and a line for each step.

import { type Browser, type BrowserContext, chromium } from 'playwright-core';

export const url = variable('MANDATE_URL');

export function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; this is started by tests/sdk/run`);
  return value;
}

export function step(words: string): void {
  console.log(`  ${words}`);
}

export function expect(holds: boolean, words: string): asserts holds {
  if (!holds) throw new Error(`not as expected: ${words}`);
}

/** What went wrong so far in the pages of each context. */
const trouble = new Map<BrowserContext, string[]>();

/** Does something with Chromium, started with an empty profile. Where that fails, prints what the pages show. */
export async function drive(story: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    executablePath: variable('CHROMIUM'),
    // Chromium's sandbox does not work for root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    await story(browser);
  } catch (error) {
    for (const [context, seen] of trouble) {
      for (const page of context.pages()) console.error(`\n${page.url()} shows:\n${await page.locator('body').innerText()}\n`);
      console.error(seen.join('\n'));
    }
    throw error;
  } finally {
    await browser.close();
  }
}

/** What goes wrong in the pages of a context from now on: errors on the console, exceptions, and requests to others than these. */
export function watch(context: BrowserContext, origins: string[]): string[] {
  const seen: string[] = [];
  trouble.set(context, seen);
  context.on('console', (message) => {
    if (message.type() === 'error') seen.push(`on the console: ${message.text()}`);
  });
  context.on('weberror', (error) => seen.push(`exception: ${error.error()}`));
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && !origins.includes(origin)) seen.push(`request to ${request.url()}`);
  });
  return seen;
}

/** Exactly this went wrong, in this order, and nothing else. */
export function expectOnly(seen: string[], expected: RegExp[]): void {
  const same = seen.length === expected.length && expected.every((words, index) => words.test(seen[index] ?? ''));
  expect(same, `what went wrong should be\n${expected.join('\n')}\nand was\n${seen.join('\n')}`);
}
