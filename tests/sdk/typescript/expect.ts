// What both scripts need: the sample data's people, a line for each step, and a failure that says what was wrong.

export const url = process.env.MANDATE_URL ?? 'http://127.0.0.1:8080';
export const password = process.env.MANDATE_PASSWORD ?? 'correct horse battery';
/** Acme's primary support contact. */
export const ANA = 'ana.brooks@acme.example';
/** Of Globex, a partner of Acme's. */
export const MEI = 'mei.wong@globex.example';

export function step(words: string): void {
  console.log(`  ${words}`);
}

export function expect(holds: boolean, words: string): asserts holds {
  if (!holds) throw new Error(`not as expected: ${words}`);
}

/** What every generated call answers: one of the two, and the response. */
interface Answer<T, P> {
  data?: T | undefined;
  error?: P | undefined;
  response?: Response | undefined;
}

/** The answer's data; an error is a failure. */
export function good<T, P>(answer: Answer<T, P>, status: number): NonNullable<T> {
  expect(answer.response?.status === status, `${answer.response?.status} ${JSON.stringify(answer.error)}, not ${status}`);
  expect(answer.data !== undefined && answer.data !== null, 'an answer without data');
  return answer.data;
}

/** The answer's problem, of this status and code. */
export function bad<T, P extends { code: string; request_id: string }>(answer: Answer<T, P>, status: number, code: string): P {
  const { error, response } = answer;
  expect(error !== undefined && response?.status === status && error.code === code,
    `${response?.status} ${JSON.stringify(error ?? answer.data)}, not ${status} ${code}`);
  expect(response.headers.get('content-type') === 'application/problem+json', 'an error that is no problem');
  expect(error.request_id === response.headers.get('x-request-id'), 'another request id in the problem than in the header');
  return error;
}

/** Every byte there is, twice. */
export const BYTES = Uint8Array.from({ length: 512 }, (_, index) => index % 256);

export function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
