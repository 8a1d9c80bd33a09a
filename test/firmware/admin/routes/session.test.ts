// Shows how somebody with a browser, and a program with a token, become somebody at the page, and what another site or a thief gets.

import { Secret, TOTP } from "otpauth";
import { assert, suite } from "../../../support/suite.ts";
import { claim, join, makeBrowser, WITHOUT_SECOND_FACTOR } from "../people.ts";
import { startRunningPage } from "../running-page.ts";

const JSON_TYPE = { "content-type": "application/json" };

suite("sessions over HTTPS", (test) => {
  test("the first administrator claims the gateway, is known by a cookie that no script reads, and logs out", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const { oneTimePassword } = await page.core.local.call("firstPassword", {}, context.signal);
    const answer = await page.ask("/api/v1/claim", { method: "POST", body: { oneTimePassword, name: "anna", password: "correct-horse-7-battery" } });
    assert.is(answer.status, 200);
    assert.equal(Object.keys(answer.json() as object).sort(), ["csrf", "outcome"], "the session itself is in no answer that a script can read");
    const [session = "", browser = ""] = answer.headers["set-cookie"] as readonly string[];
    assert.match(session, /^__Host-weir=ws_[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
    assert.match(browser, /^__Host-weir-browser=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=31536000$/);
    const cookie = session.split(";")[0] ?? "";
    const { csrf } = answer.json() as { csrf: string };
    assert.is((await page.ask("/api/v1/me", { headers: { cookie } })).status, 200);
    const out = await page.ask("/api/v1/session", { method: "DELETE", headers: { cookie, "weir-csrf": csrf } });
    assert.is(out.status, 204);
    assert.match(String(out.headers["set-cookie"]), /^__Host-weir=; .*Max-Age=0$/);
    assert.is((await page.ask("/api/v1/me", { headers: { cookie } })).status, 401, "CR 3.8 it opens nothing after logout");
  });
  test("CR 3.8 a session that somebody planted before the login is not the one after it (session fixation), and the former one ends", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    const before = anna.cookie;
    const planted = `__Host-weir=ws_${"A".repeat(43)}`;
    const login = await page.ask("/api/v1/session", { method: "POST", body: { user: "anna", password: anna.password }, headers: { cookie: planted } });
    assert.is(login.status, 200);
    assert.not.match(String(login.headers["set-cookie"]), new RegExp(planted));
    assert.is((await page.ask("/api/v1/me", { headers: { cookie: planted } })).status, 401);
    assert.is((await anna.ask("POST", "/api/v1/session", { user: "anna", password: anna.password })).status, 200);
    assert.is.not(anna.cookie, before);
    assert.is((await page.ask("/api/v1/me", { headers: { cookie: before } })).status, 401, "what was there before the login ends with it");
    assert.is((await anna.ask("GET", "/api/v1/me")).status, 200);
  });
  test("CR 3.8 what changes something needs the session's CSRF token and is refused from another site", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    const body = { name: "eve", role: "customer" };
    const refused: readonly [string, Readonly<Record<string, string>>][] = [
      ["without the token", { "weir-csrf": "" }],
      ["with another one", { "weir-csrf": "A".repeat(43) }],
      ["with a part of it", { "weir-csrf": anna.csrf.slice(0, -1) }],
      ["from another site", { "sec-fetch-site": "cross-site" }],
      ["from the same site, another host", { "sec-fetch-site": "same-site" }],
      ["typed into the address bar", { "sec-fetch-site": "none" }],
      ["with a foreign origin", { origin: "https://evil.example" }],
      ["with an origin of nobody", { origin: "null" }],
      ["with the same host at another port", { origin: "https://localhost:1" }],
      ["with the same host over http", { origin: `http://localhost:${page.port}` }],
    ];
    for (const [why, headers] of refused) {
      const answer = await anna.ask("POST", "/api/v1/accounts", body, headers);
      assert.is(answer.status, 403, `${why}: ${answer.text}`);
    }
    assert.is((await anna.ask("POST", "/api/v1/accounts", body, { origin: `https://localhost:${page.port}` })).status, 201);
  });
  test("CR 3.8 another site can neither read nor log somebody in, and no form of it is understood", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    assert.is((await anna.ask("GET", "/api/v1/me", undefined, { "sec-fetch-site": "cross-site" })).status, 403);
    assert.is((await anna.ask("GET", "/api/v1/me", undefined, { "sec-fetch-site": "none" })).status, 200);
    const credentials = { user: "anna", password: anna.password };
    assert.is((await page.ask("/api/v1/session", { method: "POST", body: credentials, headers: { "sec-fetch-site": "cross-site" } })).status, 403);
    const types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"];
    for (const type of types) assert.is((await page.ask("/api/v1/session", { method: "POST", body: JSON.stringify(credentials), headers: { "content-type": type } })).status, 415, type);
    assert.is((await page.ask("/api/v1/session", { method: "OPTIONS", headers: { origin: "https://evil.example", "access-control-request-method": "POST" } })).status, 405);
    assert.is((await page.ask("/api/v1/session", { method: "POST", body: credentials, headers: JSON_TYPE })).status, 200);
  });
  test("CR 2.1 the cookie of a session counts in the cookie alone, a token in its header alone, and both together are the token", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    const made = await anna.ask("POST", "/api/v1/tokens", { name: "reader", role: "analyst", scope: [], days: 1 });
    assert.is(made.status, 201, made.text);
    const { text: token } = made.json() as { text: string };
    const me = async (headers: Readonly<Record<string, string>>) => page.ask("/api/v1/me", { headers });
    const byToken = await me({ authorization: `Bearer ${token}` });
    assert.is(byToken.status, 200, byToken.text);
    assert.is((byToken.json() as { csrf: string }).csrf, "");
    const [, session = ""] = /__Host-weir=(ws_[\w-]+)/.exec(anna.cookie) ?? [];
    assert.is((await me({ authorization: `Bearer ${session}` })).status, 401);
    assert.is((await me({ cookie: `__Host-weir=${token}` })).status, 401);
    assert.is((await me({ cookie: `__Host-weir=${session}; __Host-weir=${session}` })).status, 401, "of two cookies of one name neither counts");
    const both = (await me({ authorization: `Bearer ${token}`, cookie: `__Host-weir=${session}` })).json() as { origin: string };
    assert.is(both.origin, "token");
    assert.is((await me({ authorization: "Bearer nothing", cookie: `__Host-weir=${session}` })).status, 401);
    assert.is((await page.ask("/api/v1/accounts", { method: "POST", body: { name: "eve" }, headers: { authorization: `Bearer ${token}` } })).status, 403, "no CSRF token is asked for, the right is");
  });
  test("CR 1.5 whoever changes the password or proves themself goes on under another cookie; the former one is dead", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    const before = anna.cookie;
    const proof = await anna.ask("POST", "/api/v1/me/proof", { password: anna.password });
    assert.is(proof.status, 200, proof.text);
    assert.not.match(proof.text, /ws_/);
    assert.is.not(anna.cookie, before);
    assert.is((await page.ask("/api/v1/me", { headers: { cookie: before } })).status, 401);
    assert.is((await anna.ask("POST", "/api/v1/accounts", { name: "bert", role: "customer" })).status, 201, "the new CSRF token is the one that counts");
    const bert = await join(page, anna, "carl", "customer");
    assert.is((await bert.ask("GET", "/api/v1/me")).status, 200);
    assert.is((await bert.ask("GET", "/api/v1/accounts")).status, 403);
  });
  test("CR 1.1 RE1 a second factor is set up with a picture that holds the secret as squares, and asked for at the next login", async (context) => {
    const page = await startRunningPage(context);
    const anna = await claim(page, context.signal);
    assert.is((await anna.ask("GET", "/api/v1/status")).status, 403, "an administrator without one can do nothing but set it up");
    const begun = await anna.ask("POST", "/api/v1/me/second-factor");
    assert.is(begun.status, 201, begun.text);
    const { secret, picture } = begun.json() as { secret: string; picture: string };
    assert.match(picture, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="[\d ]+"><rect [^>]+\/><path fill="black" d="[Mhvz\d,-]+"\/><\/svg>$/);
    const codeAt = (ms: number): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: ms });
    const now = new Date().getTime();
    const confirmed = await anna.ask("PUT", "/api/v1/me/second-factor", { code: codeAt(now) });
    assert.is(confirmed.status, 200, confirmed.text);
    const { recoveryCodes } = confirmed.json() as { recoveryCodes: readonly string[] };
    assert.is(recoveryCodes.length, 10);
    assert.is((await anna.ask("GET", "/api/v1/status")).status, 200);
    const again = makeBrowser(page, "anna", anna.password);
    const half = await again.ask("POST", "/api/v1/session", { user: "anna", password: anna.password });
    assert.equal(half.json(), { outcome: "code-needed" });
    assert.is(half.headers["set-cookie"], undefined);
    assert.is((await again.ask("POST", "/api/v1/session", { user: "anna", password: anna.password, code: recoveryCodes[0] })).status, 200);
    assert.is((await again.ask("GET", "/api/v1/status")).status, 200);
  });
});
