// What a request shows of who asks: the cookie of a session or a token, never both.

import type { IncomingHttpHeaders } from "node:http";

/** `__Host-` (RFC 6265bis §4.1.3.2): only over TLS, from this host, for all of it. */
export const SESSION_COOKIE = "__Host-weir";
export const BROWSER_COOKIE = "__Host-weir-browser";
/** What core knows sessions and tokens by. */
const SESSION = /^ws_[A-Za-z0-9_-]{16,120}$/;
const TOKEN = /^wt_[A-Za-z0-9_-]{16,120}$/;
const BROWSER = /^[A-Za-z0-9_-]{16,128}$/;
const BROWSER_SECONDS = 365 * 86_400;

export type Credentials = { readonly kind: "nobody" } | { readonly kind: "session" | "token"; readonly bearer: string };

/**
 * A token goes by `Authorization: Bearer`, a session by its cookie. Where there is an Authorization header no cookie counts, so that nobody is taken for
 * somebody else; a session's text in that header, or a token's in a cookie, is nothing.
 */
export function readCredentials(headers: IncomingHttpHeaders): Credentials {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const [, bearer] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    return bearer !== undefined && TOKEN.test(bearer) ? { kind: "token", bearer } : { kind: "nobody" };
  }
  const session = readCookie(headers, SESSION_COOKIE);
  return session !== undefined && SESSION.test(session) ? { kind: "session", bearer: session } : { kind: "nobody" };
}

/** What an earlier login left in this browser. */
export function readBrowser(headers: IncomingHttpHeaders): string | undefined {
  const browser = readCookie(headers, BROWSER_COOKIE);
  return browser !== undefined && BROWSER.test(browser) ? browser : undefined;
}

/** Of two cookies of one name neither counts: one of them is not ours. */
function readCookie({ cookie }: IncomingHttpHeaders, name: string): string | undefined {
  const found = (cookie ?? "").split(";").map((pair) => pair.trim()).filter((pair) => pair.startsWith(`${name}=`));
  return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
}

const SCOPE = "Path=/; Secure; HttpOnly; SameSite=Strict";

/** Until the browser is closed, or core ends the session. */
export function writeSessionCookie(session: string): string {
  return `${SESSION_COOKIE}=${session}; ${SCOPE}`;
}

export function writeBrowserCookie(browser: string): string {
  return `${BROWSER_COOKIE}=${browser}; ${SCOPE}; Max-Age=${BROWSER_SECONDS}`;
}

export const NO_SESSION_COOKIE = `${SESSION_COOKIE}=; ${SCOPE}; Max-Age=0`;
