// limit: 300s
// Throws inputs that nobody meant at every route, as an administrator whom core lets through: none of it is a defect.

import fc from "fast-check";
import { API, placesOf, type ApiRoute } from "../../../../firmware/admin/routes/api-route.ts";
import { ROUTE_TABLE } from "../../../../firmware/admin/routes/route-table.ts";
import { assert, suite } from "../../../support/suite.ts";
import { claim, WITHOUT_SECOND_FACTOR } from "../people.ts";
import { HEADERS, startRunningPage } from "../running-page.ts";

/** These end the session that asks, or count as guesses. */
const LEFT_OUT: readonly string[] = ["logout", "login", "claim", "reauthenticate", "changePassword", "confirmSecondFactor", "beginSecondFactor", "removeSecondFactor", "renewRecoveryCodes"];
const SEED = 20261122;
const ROUNDS_EACH = 6;

const texts = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.string({ maxLength: 20 }), fc.constantFrom("", "0", "-1", "1e309", "NaN", "null", "__proto__", "constructor", "../..", "a".repeat(600), "urn:weir:a:b:c", "%00", "\u0000"));
const anything = fc.oneof(texts, fc.jsonValue({ maxDepth: 3 }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.array(texts, { maxLength: 3 }));

interface Thrown {
  readonly path: string;
  readonly body: string | undefined;
}

function throwAt(route: ApiRoute): fc.Arbitrary<Thrown> {
  const { path, query, body } = placesOf(route);
  const some = (names: readonly string[], value: fc.Arbitrary<unknown>) => fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
  return fc.tuple(fc.tuple(...path.map(() => texts)), some(query, texts), fc.oneof(some(body, anything), anything)).map(([members, search, content]) => {
    let index = 0;
    const at = route.path.replace(/\{\w+\}/g, () => encodeURIComponent((members[index++] ?? "x").toWellFormed() || "x"));
    const asked = new URLSearchParams(Object.entries(search).map(([name, value]): [string, string] => [name, String(value).toWellFormed()])).toString();
    return { path: `${API}${at}${asked === "" ? "" : `?${asked}`}`, body: body.length === 0 ? undefined : JSON.stringify(content) };
  });
}

suite("inputs that nobody meant", (test) => {
  test("CR 3.5 whatever stands in path, query and body, the answer is one of the API's own and never a defect", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    const seen = new Map<number, number>();
    for (const route of ROUTE_TABLE.filter(({ operation }) => !LEFT_OUT.includes(operation))) {
      for (const { path, body } of fc.sample(throwAt(route), { numRuns: ROUNDS_EACH, seed: SEED })) {
        const answer = await page.ask(path, { method: route.method, headers: { cookie: anna.cookie, "weir-csrf": anna.csrf, ...(body === undefined ? {} : { "content-type": "application/json" }) }, ...(body === undefined ? {} : { body }) });
        const what = `${route.method} ${path.slice(0, 200)} ${body?.slice(0, 200) ?? ""}: ${answer.status} ${answer.text.slice(0, 300)}`;
        assert.is.not(answer.status, 500, what);
        for (const name of HEADERS) assert.type(answer.headers[name], "string", what);
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      }
    }
    assert.ok((seen.get(400) ?? 0) > 50 && (seen.get(200) ?? 0) > 5, JSON.stringify([...seen]));
    assert.is((await anna.ask("GET", "/api/v1/me")).status, 200);
  }, { limitMs: 240_000 });
});
