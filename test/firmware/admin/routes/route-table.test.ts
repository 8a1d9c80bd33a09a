// Shows that the API is the contract of people, whole, and that none of it is open to a stranger.

import { adminConduit } from "../../../../firmware/conduit/admin.ts";
import { loginRoutes, ownRoutes } from "../../../../firmware/conduit/accounts.ts";
import { peopleRoutes } from "../../../../firmware/conduit/people.ts";
import { API, inputSchemaOf, isForNobody, placesOf } from "../../../../firmware/admin/routes/api-route.ts";
import { makeReadInput } from "../../../../firmware/admin/routes/read-input.ts";
import { DESCRIPTION_PATH, EVENTS_PATH, methodsOf, ROUTE_TABLE } from "../../../../firmware/admin/routes/route-table.ts";
import { errorCode } from "../../../../firmware/runtime/error-code.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startRunningPage } from "../running-page.ts";

const pathOf = (path: string): string => `${API}${path.replace(/\{\w+\}/g, "urn%3Aweir%3Aa%2Fb")}`;

suite("table of routes", (test) => {
  test("each operation of people, of oneself and of the login is one route, and nothing else is", () => {
    const operations = ROUTE_TABLE.map(({ operation }) => operation).sort();
    assert.equal(operations, Object.keys({ ...loginRoutes, ...ownRoutes, ...peopleRoutes }).sort());
    assert.is(new Set(ROUTE_TABLE.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, "{}")}`)).size, ROUTE_TABLE.length);
  });
  test("every member of an operation's input has one place in the request, or the page fills it in", () => {
    for (const route of ROUTE_TABLE) {
      const { path, query, body } = placesOf(route);
      assert.equal([...path, ...query, ...body, ...(route.hidden ?? [])].sort(), Object.keys(inputSchemaOf(route).properties).sort(), route.operation);
    }
  });
  test("what only reads is a GET and what changes something is none", () => {
    for (const { operation, method } of ROUTE_TABLE) {
      const { kind, method: own } = adminConduit[operation];
      assert.is(method === "GET", own === "GET" || kind === "raw", operation);
    }
  });
  test("path, query and body meet in one input, checked by the contract's own schema", () => {
    const find = (operation: string) => makeReadInput(ROUTE_TABLE.find((route) => route.operation === operation) as never);
    assert.equal(find("asset")({ params: { key: "urn:a/b" }, query: { limit: "7" }, body: undefined }), { key: "urn:a/b", limit: 7 });
    assert.equal(find("assets")({ params: {}, query: {}, body: undefined }), { limit: 50 });
    assert.equal(find("setSecret")({ params: { name: "a" }, query: {}, body: { text: "t" } }), { name: "a", text: "t" });
    assert.equal(find("deleteSecret")({ params: { name: "a" }, query: {}, body: undefined }), { name: "a" });
  });
  test("CR 3.5 a member that stands twice, in the wrong place or is not known is refused by its name", () => {
    const set = makeReadInput(ROUTE_TABLE.find(({ operation }) => operation === "setSecret") as never);
    const list = makeReadInput(ROUTE_TABLE.find(({ operation }) => operation === "assets") as never);
    const invalid = [
      () => set({ params: { name: "a" }, query: {}, body: { name: "b", text: "t" } }),
      () => set({ params: { name: "a" }, query: { text: "t" }, body: { text: "t" } }),
      () => set({ params: { name: "a" }, query: {}, body: [] }),
      () => set({ params: { name: "a" }, query: {}, body: undefined }),
      () => set({ params: { name: "a" }, query: {}, body: { text: 7 } }),
      () => list({ params: {}, query: { limit: ["1", "2"] }, body: undefined }),
      () => list({ params: {}, query: { limit: "0" }, body: undefined }),
      () => list({ params: {}, query: JSON.parse('{"__proto__": "1"}') as object, body: undefined }),
      () => list({ params: {}, query: {}, body: { limit: 5 } }),
    ];
    for (const attempt of invalid) assert.throws(attempt, "INPUT_INVALID");
  });
  test("an address says by which methods it is offered", () => {
    assert.equal(methodsOf("/api/v1/secrets/a%2Fb?x=1"), ["PUT", "DELETE"]);
    assert.equal(methodsOf(EVENTS_PATH), ["GET"]);
    assert.equal(methodsOf("/api/v1/secrets/a/b"), []);
    assert.equal(methodsOf("/"), ["GET"]);
  });
});

suite("the whole API without a session", (test) => {
  test("CR 1.1 every route answers 401 to a stranger, to a session and to a token that were never given out, and core did nothing", async (context) => {
    const page = await startRunningPage(context);
    const routes = [...ROUTE_TABLE.filter((route) => !isForNobody(route)).map(({ method, path }) => ({ method, path: pathOf(path) })), { method: "GET", path: EVENTS_PATH }];
    const forged = "A".repeat(43);
    const strangers: readonly Record<string, string>[] = [{}, { authorization: `Bearer wt_${forged}` }, { cookie: `__Host-weir=ws_${forged}`, "weir-csrf": forged }];
    for (const headers of strangers) {
      for (const { method, path } of routes) {
        const answer = await withPatience(() => page.ask(path, { method, headers, ...(method === "GET" || method === "DELETE" ? {} : { body: {} }) }), context.signal);
        assert.is(answer.status, 401, `${method} ${path} ${answer.text}`);
        assert.is((answer.json() as { code: string }).code, "SESSION_REQUIRED");
      }
    }
    const { records } = await page.core.local.call("audit", { limit: 500 }, context.signal);
    assert.equal([...new Set(records.filter(({ zone }) => zone === "admin").map(({ result }) => result))].filter((result) => result !== "refused"), []);
  }, { limitMs: 180_000 });
  test("the description is open to everybody and is the one in the documentation", async (context) => {
    const page = await startRunningPage(context);
    const { status, text } = await page.ask(DESCRIPTION_PATH);
    assert.is(status, 200);
    const { openapi, paths } = JSON.parse(text) as { openapi: string; paths: Record<string, Record<string, { operationId: string; security: readonly object[] }>> };
    assert.is(openapi, "3.1.0");
    const described = Object.values(paths).flatMap((one) => Object.values(one));
    assert.equal(described.map(({ operationId }) => operationId).sort(), [...ROUTE_TABLE.map(({ operation }) => operation as string), "events"].sort());
    assert.equal(described.filter(({ security }) => security.length === 0).map(({ operationId }) => operationId).sort(), Object.keys(loginRoutes).sort());
  });
});

const PAUSE_MS = 200;

/** A stranger who asks too often is told to wait, or not let in; so this one waits. */
async function withPatience<T extends { readonly status: number }>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      if (errorCode(error) !== "ECONNRESET") throw error;
    });
    if (answer !== undefined && answer.status !== 429) return answer;
    await systemClock.sleep(PAUSE_MS, signal);
  }
}
