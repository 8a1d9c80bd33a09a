// Shows what every answer of the page carries, and what it makes of requests that are broken, meant for others, or built to be understood in two ways.

import { once } from "node:events";
import { connect } from "node:net";
import { DESCRIPTION_PATH } from "../../../../firmware/admin/routes/route-table.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { PageAnswer, PageRequest } from "../../../support/page.ts";
import { claim, WITHOUT_SECOND_FACTOR } from "../people.ts";
import { HEADERS, openTls, startRunningPage } from "../running-page.ts";

/** An answer as it came over the wire. */
function parse(raw: string): { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const [head = "", body = ""] = raw.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  return { status: Number(first.split(" ")[1]), headers: Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)])), body };
}

/** In the form that every refusal has, and nothing of the gateway's inside in it. */
function assertProblem({ headers, text }: { readonly headers: PageAnswer["headers"]; readonly text: string }, what: string): void {
  assert.is(headers["content-type"], "application/problem+json", what);
  const problem = JSON.parse(text) as Record<string, unknown>;
  for (const member of ["type", "title", "status", "detail", "code"]) assert.ok(member in problem, `${what}: ${member}`);
  for (const inside of [/\bat .*\d+:\d+/, /node_modules/, /\/(?:work|home|usr|tmp|var|etc)\//, /\.ts\b/, /stack/i, /FST_|HPE_|ERR_/]) assert.not.match(text, inside, what);
}

suite("headers of every answer", (test) => {
  test("CR 3.7 pages, answers, refusals, and what is not even HTTP carry the same set, and no refusal shows a stack or a path", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    const known = { cookie: anna.cookie, "weir-csrf": anna.csrf };
    const requests: readonly [path: string, request: PageRequest, status: number][] = [
      ["/", {}, 200],
      [DESCRIPTION_PATH, {}, 200],
      ["/api/v1/welcome", {}, 200],
      ["/api/v1/me", { headers: known }, 200],
      ["/api/v1/status", {}, 401],
      ["/api/v1/assets/none", { headers: known }, 404],
      ["/api/v1/assets?limit=0", { headers: known }, 400],
      ["/api/v1/secrets/x", { method: "PUT", headers: known, body: "{" }, 415],
      ["/api/v1/secrets/x", { method: "PUT", headers: { ...known, "content-type": "application/json" }, body: '{"text": ' }, 400],
      ["/api/v1/secrets/x", { method: "PUT", headers: { ...known, "content-type": "application/json" }, body: JSON.stringify({ text: "x".repeat(70_000) }) }, 413],
      ["/nothing", {}, 404],
      ["/api/v1/../../etc/passwd", {}, 404],
      ["/%00", {}, 404],
      ["/api/v1/%E0%A4%A", {}, 400],
      [`/api/v1/assets/${"a".repeat(7000)}`, { headers: known }, 414],
      ["/api/v1/me", { method: "POST", body: {} }, 405],
      ["/api/v1/me", { method: "TRACE" }, 405],
      ["/api/v1/me", { method: "OPTIONS" }, 405],
      ["/", { headers: { host: "evil.example" } }, 421],
    ];
    for (const [path, request, status] of requests) {
      const answer = await page.ask(path, request);
      const what = `${request.method ?? "GET"} ${path.slice(0, 60)}: ${answer.status}`;
      assert.is(answer.status, status, `${what} ${answer.text.slice(0, 200)}`);
      for (const name of HEADERS) assert.type(answer.headers[name], "string", `${what}: ${name}`);
      if (status >= 400) assertProblem(answer, what);
    }
    const host = `Host: localhost:${page.port}\r\n`;
    const broken: readonly [bytes: string, status: number][] = [
      ["NONSENSE\r\n\r\n", 400],
      ["GET / HTTP/1.1\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\n${host}${host}\r\n`, 400],
      [`GET http://evil.example/ HTTP/1.1\r\n${host}\r\n`, 400],
      [`OPTIONS * HTTP/1.1\r\n${host}\r\n`, 400],
      [`CONNECT evil.example:443 HTTP/1.1\r\n${host}\r\n`, 405],
      [`GET / HTTP/1.1\r\n${host}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`, 400],
      [`POST /api/v1/session HTTP/1.1\r\n${host}Expect: something\r\nContent-Length: 1\r\n\r\n`, 417],
      [`GET / HTTP/1.1\r\n${host}X: ${"a".repeat(20_000)}\r\n\r\n`, 431],
      [`GET / HTTP/1.1\r\n${host}Bad Header: x\r\n\r\n`, 400],
    ];
    for (const [bytes, status] of broken) {
      const answer = parse(await page.raw(bytes));
      const what = `${bytes.slice(0, 60)}: ${answer.status} ${answer.body}`;
      assert.is(answer.status, status, what);
      for (const name of HEADERS) assert.type(answer.headers[name], "string", `${what}: ${name}`);
      assertProblem({ headers: answer.headers, text: answer.body }, what);
    }
  });
  test("a browser may run nothing inline, frame nothing, guess nothing and keep nothing", async (context) => {
    const { headers, text } = await (await startRunningPage(context)).ask("/");
    assert.match(String(headers["content-security-policy"]), /^default-src 'none'; .*frame-ancestors 'none'$/);
    assert.not.match(String(headers["content-security-policy"]), /unsafe|https?:|\*/);
    assert.is(headers["x-content-type-options"], "nosniff");
    assert.is(headers["referrer-policy"], "no-referrer");
    assert.is(headers["cross-origin-opener-policy"], "same-origin");
    assert.is(headers["cross-origin-resource-policy"], "same-origin");
    assert.match(String(headers["permissions-policy"]), /camera=\(\).*usb=\(\)/);
    assert.is(headers["cache-control"], "no-store");
    assert.is(headers["server"], undefined);
    assert.is(headers["x-powered-by"], undefined);
    assert.not.match(text, /<script|<style|\son\w+=|\sstyle=/i);
  });
  test("CR 1.12 the plant's banner stands before the login, as text whatever is in it", async (context) => {
    const page = await startRunningPage(context, { banner: `Only for <b>staff</b> & "guests"\n<script>alert(1)</script>` });
    const { text } = await page.ask("/");
    assert.ok(text.includes("Only for &lt;b&gt;staff&lt;/b&gt; &amp; &quot;guests&quot;<br>&lt;script&gt;alert(1)&lt;/script&gt;"), text);
    assert.ok("banner" in ((await page.ask("/api/v1/welcome")).json() as object));
  });
  test("U4.7b the page shows the gateway's clock, which codes are checked by, and how sure it is", async (context) => {
    const page = await startRunningPage(context);
    const [, shown = "", quality] = /The gateway's clock: (\S+) \((\w+)\)/.exec((await page.ask("/")).text) ?? [];
    const { time, timeQuality } = (await page.ask("/api/v1/welcome")).json() as { readonly time: string; readonly timeQuality: string };
    assert.ok(Math.abs(Date.parse(shown) - Date.parse(time)) < 60_000, `${shown} beside ${time}`);
    assert.is(quality, timeQuality);
  });
  test("HSTS is said only where the plant's browsers trust the chain, and only for a name", async (context) => {
    const own = await startRunningPage(context);
    assert.is((await own.ask("/", { headers: { host: `gateway.test:${own.port}` } })).headers["strict-transport-security"], undefined);
    const trusted = await startRunningPage(context, { isTrusted: true });
    assert.is((await trusted.ask("/", { headers: { host: `gateway.test:${trusted.port}` } })).headers["strict-transport-security"], "max-age=63072000");
    for (const host of ["127.0.0.1", "localhost"]) assert.is((await trusted.ask("/", { headers: { host: `${host}:${trusted.port}` } })).headers["strict-transport-security"], undefined, host);
    assert.is((await trusted.ask("/", { headers: { host: "evil.example" } })).headers["strict-transport-security"], undefined);
  });
});

suite("requests that are not for us, or mean two things", (test) => {
  test("another host than the page's own is refused, so that no foreign name leads here (DNS rebinding)", async (context) => {
    const page = await startRunningPage(context);
    const statusFor = async (host: string): Promise<number> => (await page.ask("/", { headers: { host } })).status;
    for (const own of ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "gateway.test"]) assert.is(await statusFor(`${own}:${page.port}`), 200, own);
    for (const foreign of ["evil.example", `evil.example:${page.port}`, `localhost.evil.example:${page.port}`, `127.0.0.2:${page.port}`, `localhost:${page.port}@evil`, `[::1]:${page.port}`]) assert.is.not(await statusFor(foreign), 200, foreign);
    const forwarded = await page.ask("/", { headers: { "x-forwarded-host": "evil.example", forwarded: "host=evil.example" } });
    assert.is(forwarded.status, 200);
    assert.not.match(forwarded.text, /evil/);
  });
  test("the method is the request's own: no header and no parameter makes it another one", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    for (const header of ["x-http-method-override", "x-http-method", "x-method-override"]) {
      assert.is((await anna.ask("GET", "/api/v1/me", undefined, { [header]: "DELETE" })).status, 200, header);
    }
    assert.is((await anna.ask("GET", "/api/v1/session?_method=DELETE")).status, 405);
    assert.is((await anna.ask("GET", "/api/v1/me")).status, 200, "the session still stands");
  });
  test("CR 3.5 no request hides in another one (request smuggling)", async (context) => {
    const page = await startRunningPage(context);
    const host = `Host: localhost:${page.port}\r\n`;
    const hidden = `GET /hidden HTTP/1.1\r\n${host}\r\n`;
    const attempts: readonly string[] = [
      `POST /api/v1/session HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `POST /api/v1/session HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
      `POST /api/v1/session HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`,
      `POST /api/v1/session HTTP/1.1\r\n${host}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${hidden}`,
      `POST /api/v1/session HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\n${hidden}`,
      `POST /api/v1/session HTTP/1.1\r\n${host}Content-Length : 5\r\n\r\n${hidden}`,
      `GET / HTTP/1.1\r\n${host}Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `GET / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `GET / HTTP/1.1\n${host}\n${hidden}`,
      `GET / HTTP/1.1\r\n${host} folded: x\r\n\r\n${hidden}`,
    ];
    for (const attempt of attempts) {
      const answer = await page.raw(attempt);
      assert.is(answer.split("HTTP/1.1 ").length - 1, 1, `${attempt.slice(0, 120)} was answered:\n${answer}`);
      assert.match(answer, /^HTTP\/1\.1 4\d\d /);
    }
  });
  test("CR 3.5 a body that is a bomb, too deep, or leads to a prototype is refused, whoever sends it", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    const bodies: readonly string[] = [
      '{"text": "a", "__proto__": {"isAdmin": true}}',
      '{"text": "a", "constructor": {"prototype": {"isAdmin": true}}}',
      '{"text": "a", "\\u005f_proto__": {"isAdmin": true}}',
      `{"text": ${"[".repeat(1500)}${"]".repeat(1500)}}`,
      '{"text": {"toString": 1}}',
      '{"text": "a", "text": ["b"]}',
      '{"text": "a", "hasOwnProperty": 1}',
      "[]",
      "null",
      '"text"',
      "{",
      "",
    ];
    const headers = { "content-type": "application/json", cookie: anna.cookie, "weir-csrf": anna.csrf };
    for (const body of bodies) {
      const answer = await page.ask("/api/v1/secrets/a", { method: "PUT", body, headers });
      assert.is(answer.status, 400, `${body.slice(0, 80)}: ${answer.text}`);
    }
    const bombs = [`{"lines": [${"[],".repeat(40_000)}[]], "dryRun": true}`, `{"lines": [], "dryRun": true, ${Array.from({ length: 20_000 }, (_, index) => `"k${index}": 0`).join(",")}}`, `{"lines": ${"[".repeat(50_000)}${"]".repeat(50_000)}, "dryRun": true}`];
    for (const bomb of bombs) {
      const answer = await page.ask("/api/v1/assets", { method: "POST", body: bomb, headers });
      assert.is(answer.status, 400, `${bomb.slice(0, 40)}: ${answer.text}`);
    }
    assert.is(({} as { isAdmin?: boolean }).isAdmin, undefined);
    assert.is((await anna.ask("GET", "/api/v1/me")).status, 200);
  });
  test("CR 7.1 whoever sends nothing, or a header that never ends, is cut off after some seconds (slowloris)", async (context) => {
    const page = await startRunningPage(context);
    const silent = connect(page.port, "127.0.0.1");
    silent.on("error", () => undefined);
    const dripping = await openTls(page.port, page.ca, { servername: "localhost" });
    dripping.on("error", () => undefined);
    dripping.write(`GET / HTTP/1.1\r\nHost: localhost:${page.port}\r\nX: `);
    const drip = (): void => {
      if (dripping.destroyed) return;
      dripping.write("a");
      systemClock.after(500, drip);
    };
    drip();
    let answer = "";
    dripping.setEncoding("latin1").on("data", (text: string) => (answer += text));
    await Promise.all([once(silent, "close"), once(dripping, "close")]);
    assert.match(answer, /^HTTP\/1\.1 408 /);
  });
  test("while core is away whoever asks is told to come again, and the page stays", async (context) => {
    const clock = makeFakeClock();
    const page = await startRunningPage(context, {}, { clock });
    await page.core.stop();
    const before = clock.pending;
    const asked = page.ask("/api/v1/welcome");
    while (clock.pending === before) await systemClock.sleep(10, context.signal);
    await clock.advance(15_000);
    const answer = await asked;
    assert.is(answer.status, 503);
    assert.ok(Number(answer.headers["retry-after"]) > 0);
    assertProblem(answer, answer.text);
    assert.is((await page.ask("/")).status, 200);
  });
  test("CR 7.1 a stranger's gigabyte is not taken: the answer comes before it and the connection goes", async (context) => {
    const page = await startRunningPage(context);
    const announced = await page.raw(`POST /api/v1/assets HTTP/1.1\r\nHost: localhost:${page.port}\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n${"x".repeat(65_536)}`);
    assert.match(announced, /^HTTP\/1\.1 401 /);
    const chunked = await page.raw(`POST /api/v1/session HTTP/1.1\r\nHost: localhost:${page.port}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${`1000\r\n${"x".repeat(4096)}\r\n`.repeat(20)}`);
    assert.match(chunked, /^HTTP\/1\.1 413 /);
  });
});
