// Asks over HTTPS for every operation in every role, and compares with the table that core's own matrix is checked in as.
// limit: 300s

import { readFileSync } from "node:fs";
import { API, placesOf } from "../../../../firmware/admin/routes/api-route.ts";
import { ROUTE_TABLE } from "../../../../firmware/admin/routes/route-table.ts";
import { ROLES } from "../../../../firmware/config/roles.ts";
import { assert, suite } from "../../../support/suite.ts";
import { PROBES } from "../../core/accounts/probes.ts";
import { claim, WITHOUT_SECOND_FACTOR } from "../people.ts";
import { startRunningPage } from "../running-page.ts";

const MATRIX = new URL("../../core/accounts/matrix.txt", import.meta.url);

/** By operation: what each role may, in the order of the roles. */
function readMatrix(): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(MATRIX, "utf8").split("\n").filter((line) => /^\w+ {2,}/.test(line));
  return new Map(lines.map((line) => line.split(/\s+/)).map(([operation = "", ...cells]) => [operation, cells]));
}

suite("role × route", (test) => {
  test("CR 2.1 over HTTPS a token of each role may exactly what the table says", async (context) => {
    const { signal } = context;
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    await claim(page, signal);
    await page.core.local.call("openServiceWindow", { account: null, purpose: "the matrix", scope: [], minutes: 60 }, signal);
    const matrix = readMatrix();
    for (const [index, role] of ROLES.entries()) {
      const { text } = await page.core.local.call("createToken", { name: `all-${role}`, role, scope: [], days: 1 }, signal);
      for (const [operation, input] of Object.entries(PROBES)) {
        const route = ROUTE_TABLE.find((one) => one.operation === operation);
        assert.ok(route !== undefined, `no route is ${operation}`);
        const { query, body } = placesOf(route);
        const members = Object.entries(input as Record<string, unknown>);
        const among = (names: readonly string[]) => members.filter(([name]) => names.includes(name));
        const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String((input as Record<string, unknown>)[name])));
        const search = new URLSearchParams(among(query).map(([name, value]): [string, string] => [name, String(value)])).toString();
        const answer = await page.ask(`${API}${path}${search === "" ? "" : `?${search}`}`, { method: route.method, headers: { authorization: `Bearer ${text}` }, ...(body.length === 0 ? {} : { body: Object.fromEntries(among(body)) }) });
        const may = matrix.get(operation)?.[index] === "yes";
        const isDenied = answer.status === 403 && (answer.json() as { code: string }).code === "ACCESS_DENIED";
        assert.is(isDenied, !may, `${operation} as ${role}: ${answer.status} ${answer.text.slice(0, 200)}`);
        assert.is.not(answer.status, 401, operation);
      }
    }
  }, { limitMs: 240_000 });
});
