// Who is signed in, and what is done with every call and every answer.
// Tokens are kept in memory alone: when the page is closed or loaded again, nothing of them is left in the browser.

import { type SessionTokensView, createSession, deleteSession, refreshSession } from '../generated/mandate';
import { client } from '../generated/mandate/client.gen';

/** How long before its end an access token is no longer used. */
const MARGIN_MS = 30_000;

/** What is thrown where the server did not answer; what it refuses is thrown as the `Problem` that it sent. */
export class Unreachable extends Error {}

interface Session extends SessionTokensView {
  /** Until when, by this machine's clock, the access token is used. */
  usable_until: number;
}

let session: Session | undefined;
let refreshing: Promise<void> | undefined;
let sayEnded: () => void = () => {};

/** What to do when the server no longer knows the session: it was ended elsewhere, or its person may no longer sign in. */
export function onEnded(listener: () => void): void {
  sayEnded = listener;
}

export async function signIn(email: string, password: string): Promise<void> {
  keep((await createSession({ body: { email, password } })).data);
}

export async function signOut(): Promise<void> {
  const ending = session;
  if (ending !== undefined) await deleteSession({ path: { session_id: ending.session_id } });
  session = undefined;
}

function keep(tokens: SessionTokensView): void {
  session = { ...tokens, usable_until: Date.now() + tokens.expires_in * 1000 - MARGIN_MS };
}

/** The access token, a new one where the old one has run out. */
async function accessToken(): Promise<string | undefined> {
  if (session !== undefined && Date.now() >= session.usable_until) {
    // A refresh token is good once, so calls that come together wait for the same answer.
    refreshing ??= refresh(session).finally(() => (refreshing = undefined));
    await refreshing;
  }
  return session?.access_token;
}

async function refresh({ refresh_token }: Session): Promise<void> {
  keep((await refreshSession({ body: { refresh_token } })).data);
}

client.setConfig({ baseUrl: import.meta.env.VITE_MANDATE_URL, auth: accessToken });

client.interceptors.error.use((error, response: Response | undefined) => {
  if (response?.headers.get('content-type') !== 'application/problem+json') return new Unreachable();
  if (response.status === 401 && session !== undefined) {
    session = undefined;
    sayEnded();
  }
  return error;
});
