// Somebody with a browser at the page, and what a program sends with a token.

import type { PageAnswer } from "../../support/page.ts";
import type { RunningPage } from "./running-page.ts";

/** No role has to have a second factor. */
export const WITHOUT_SECOND_FACTOR = "accounts: { secondFactor: [] }\n";

export interface Browser {
  readonly name: string;
  readonly password: string;
  /** Sends its cookies and, with what changes something, its CSRF token, as the page's own script would. */
  ask(method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<PageAnswer>;
  /** As they are now. */
  readonly cookie: string;
  readonly csrf: string;
}

const PASSWORD = "correct-horse-7-battery";

/** The first administrator, logged in. */
export async function claim(page: RunningPage, signal: AbortSignal, name = "anna"): Promise<Browser> {
  const { oneTimePassword } = await page.core.local.call("firstPassword", {}, signal);
  const browser = makeBrowser(page, name, PASSWORD);
  const answer = await browser.ask("POST", "/api/v1/claim", { oneTimePassword, name, password: PASSWORD });
  if (answer.status !== 200) throw new Error(`claim: ${answer.status} ${answer.text}`);
  return browser;
}

/** A person of this role with a password of their own, logged in. */
export async function join(page: RunningPage, administrator: Browser, name: string, role: string): Promise<Browser> {
  const made = await administrator.ask("POST", "/api/v1/accounts", { name, role });
  if (made.status !== 201) throw new Error(`create: ${made.status} ${made.text}`);
  const { temporaryPassword } = made.json() as { temporaryPassword: string };
  const browser = makeBrowser(page, name, PASSWORD);
  const login = await browser.ask("POST", "/api/v1/session", { user: name, password: temporaryPassword });
  if (login.status !== 200) throw new Error(`login: ${login.status} ${login.text}`);
  const changed = await browser.ask("PUT", "/api/v1/me/password", { current: temporaryPassword, next: PASSWORD });
  if (changed.status !== 200) throw new Error(`password: ${changed.status} ${changed.text}`);
  return browser;
}

export function makeBrowser(page: Pick<RunningPage, "ask">, name: string, password: string): Browser {
  const cookies = new Map<string, string>();
  let csrf = "";
  const cookie = (): string => [...cookies].map(([key, value]) => `${key}=${value}`).join("; ");
  return {
    name,
    password,
    get cookie() {
      return cookie();
    },
    get csrf() {
      return csrf;
    },
    ask: async (method, path, body, headers = {}) => {
      const own = { ...(cookies.size === 0 ? {} : { cookie: cookie() }), "sec-fetch-site": "same-origin", ...(method === "GET" || csrf === "" ? {} : { "weir-csrf": csrf }) };
      const answer = await page.ask(path, { method, headers: { ...own, ...headers }, ...(body === undefined ? {} : { body }) });
      for (const line of [answer.headers["set-cookie"] ?? []].flat()) {
        const [, key = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (/max-age=0/i.test(line)) cookies.delete(key);
        else cookies.set(key, value);
      }
      if (answer.status === 200 && answer.text.includes('"csrf"')) csrf = (answer.json() as { csrf?: string }).csrf ?? csrf;
      return answer;
    },
  };
}
