// Tables that are read page by page.

import { attempt, find } from './form';

interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

/**
 * Fills the table of a section with what `read` answers, and the button below it with the next page.
 * Answers how to read it again from the start.
 */
export function list<T>(
  section: HTMLElement,
  read: (cursor?: string) => Promise<{ data: Page<T> }>,
  row: (item: T) => (Node | string)[],
): () => Promise<void> {
  const body = find(section, 'tbody', HTMLTableSectionElement);
  const more = find(section, '.more', HTMLButtonElement);
  const alert = alertOf(section);
  let next: string | undefined;

  async function load(cursor?: string): Promise<void> {
    const { data: page } = await read(cursor);
    const rows = page.data.map((item) => tableRow(row(item)));
    if (cursor === undefined) body.replaceChildren(...rows);
    else body.append(...rows);
    next = page.next_cursor ?? undefined;
    more.hidden = next === undefined;
  }

  more.addEventListener('click', async () => {
    more.disabled = true;
    await attempt(alert, () => load(next)).finally(() => (more.disabled = false));
  });
  return () => attempt(alert, () => load());
}

/** Where a section says what went wrong with its list. */
export function alertOf(section: HTMLElement): HTMLElement {
  return find(section, ':scope > [role=alert]', HTMLElement);
}

/** Strings become text, whatever is in them. */
function tableRow(cells: (Node | string)[]): HTMLTableRowElement {
  const row = document.createElement('tr');
  for (const cell of cells) row.insertCell().append(cell);
  return row;
}
