// Forms that send one call, and say what the server finds wrong where it is wrong.

import type { Problem } from '../generated/mandate';
import { Unreachable } from './session';

/**
 * Sends a form with `send`, which answers what to say when it is done.
 *
 * The key is for `Idempotency-Key`. It stays the same until something is changed or done, so that to press the button again after
 * a broken connection never does a thing twice.
 */
export function onSubmit(form: HTMLFormElement, send: (values: FormData, key: string) => Promise<string>): void {
  const button = find(form, 'button', HTMLButtonElement);
  const done = find(form, 'output', HTMLOutputElement);
  const alert = find(form, '[role=alert]', HTMLElement);
  let key = crypto.randomUUID();
  form.addEventListener('input', () => (key = crypto.randomUUID()));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    clear(form);
    done.textContent = '';
    button.disabled = true;
    const sendOnce = async () => {
      done.textContent = await send(new FormData(form), key);
      key = crypto.randomUUID();
      form.reset();
    };
    await attempt(alert, sendOnce, form).finally(() => (button.disabled = false));
    form.querySelector<HTMLElement>('[aria-invalid]')?.focus();
  });
}

/** Does something that may be refused, and says so in `alert`. */
export async function attempt(alert: HTMLElement, action: () => Promise<void>, form?: HTMLFormElement): Promise<void> {
  alert.textContent = '';
  try {
    await action();
  } catch (error) {
    alert.textContent = explain(error, form);
  }
}

/** What is wrong in words for people. What concerns a field of the form is said at that field instead. */
function explain(error: unknown, form?: HTMLFormElement): string {
  if (error instanceof Unreachable) return 'The server cannot be reached. Try again in a moment.';
  if (!isProblem(error)) throw error;
  const elsewhere = (error.errors ?? []).filter(({ pointer, message }) => form === undefined || !mark(form, pointer, message));
  return [error.detail, ...elsewhere.map(({ pointer, parameter, message }) => `${pointer ?? parameter}: ${message}`)].join('\n');
}

function isProblem(error: unknown): error is Problem {
  return typeof error === 'object' && error !== null && 'code' in error && 'detail' in error;
}

/** Says at the field what is wrong with it: the field `phone` is what the pointer `#/phone` means, or one in `#/grantee/phone`. */
function mark(form: HTMLFormElement, pointer: string | undefined, message: string): boolean {
  const field = form.elements.namedItem(pointer?.split('/').at(-1) ?? '');
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement)) return false;
  const words = document.createElement('small');
  words.id = `${form.id}-${field.name}-problem`;
  words.textContent = message;
  field.closest('p')?.append(words);
  field.setAttribute('aria-invalid', 'true');
  field.setAttribute('aria-describedby', words.id);
  return true;
}

function clear(form: HTMLFormElement): void {
  for (const field of form.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
  for (const words of form.querySelectorAll('small')) words.remove();
}

/** The one element of a kind; its absence is a mistake in index.html. */
export function find<T extends HTMLElement>(within: ParentNode, selector: string, kind: new () => T): T {
  const found = within.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`there is no ${selector}`);
  return found;
}
