// Asks a real core for every operation in every role, by session and by token, and compares what it answers with the table that is checked in.
// limit: 600s

import { readFileSync, writeFileSync } from "node:fs";
import { ROLES, type Role } from "../../../../firmware/config/roles.ts";
import { PERMISSIONS } from "../../../../firmware/core/accounts/permissions.ts";
import type { FaultCode } from "../../../../drivers/contract/fault.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startPeople, type AdminName, type PeopleCore } from "./people-core.ts";
import { PROBES, STRICTER_PROBES } from "./probes.ts";

const FILE = new URL("matrix.txt", import.meta.url);
const HEAD = `# What a real core answers on the admin conduit: "yes"; "proof": yes, within five minutes of a proof; ".": no. Tokens: what is "proof" here is no.
# The role service has a service window open. WEIR_WRITE_CASES=1 writes it anew; who changes it changes docs/permissions.md as well.`;
const STALE_MS = 5 * 60_000;

type Verdict = "yes" | "proof" | ".";
type Matrix = ReadonlyMap<string, Readonly<Record<Role, Verdict>>>;

interface Probe {
  readonly row: string;
  readonly name: AdminName;
  readonly input: never;
}

const PROBE_LIST: readonly Probe[] = [...Object.entries(PROBES).map(([name, input]) => ({ row: name, name, input })), ...STRICTER_PROBES] as unknown as readonly Probe[];
/** What the guard says; every other end was reached behind it. */
const GUARDED: readonly (FaultCode | undefined)[] = ["SESSION_REQUIRED", "ACCESS_DENIED", "REAUTHENTICATION_REQUIRED"];

/** By the row: what this session or token gets. */
async function probe({ refusal }: PeopleCore, bearer: string): Promise<ReadonlyMap<string, FaultCode | "passed">> {
  const found = new Map<string, FaultCode | "passed">();
  for (const { row, name, input } of PROBE_LIST) {
    const code = await refusal(name, input, bearer);
    found.set(row, code !== undefined && GUARDED.includes(code) ? code : "passed");
  }
  return found;
}

function judge(fresh: FaultCode | "passed" | undefined, stale: FaultCode | "passed" | undefined): Verdict {
  if (fresh === "passed" && stale === "passed") return "yes";
  if (fresh === "passed" && stale === "REAUTHENTICATION_REQUIRED") return "proof";
  assert.equal([fresh, stale], ["ACCESS_DENIED", "ACCESS_DENIED"]);
  return ".";
}

async function askAll(people: PeopleCore): Promise<Matrix> {
  const verdicts = new Map(PROBE_LIST.map(({ row }) => [row, {} as Record<Role, Verdict>]));
  const sessions = new Map<Role, string>();
  for (const role of ROLES) sessions.set(role, await people.enter(`one-${role}`, role));
  const fresh = new Map<Role, ReadonlyMap<string, FaultCode | "passed">>();
  for (const [role, bearer] of sessions) fresh.set(role, await probe(people, bearer));
  people.age(STALE_MS);
  for (const [role, bearer] of sessions) {
    const stale = await probe(people, bearer);
    for (const [row, cells] of verdicts) cells[role] = judge(fresh.get(role)?.get(row), stale.get(row));
  }
  return verdicts;
}

function write(matrix: Matrix): string {
  const rows = [...matrix].map(([row, cells]) => [row.padEnd(30), ...ROLES.map((role) => cells[role].padEnd(role.length))].join("  ").trimEnd());
  return `${[HEAD, ["operation".padEnd(30), ...ROLES].join("  "), ...rows].join("\n")}\n`;
}

/** What the checked-in table says of a token of this role. */
function expectToken(row: string, role: Role): "passed" | "ACCESS_DENIED" {
  const line = readFileSync(FILE, "utf8").split("\n").find((one) => one.startsWith(`${row.padEnd(30)} `));
  const cell = line?.slice(30).trim().split(/\s+/)[ROLES.indexOf(role)];
  assert.ok(cell !== undefined, `matrix.txt has no ${row}`);
  return cell === "yes" ? "passed" : "ACCESS_DENIED";
}

suite("role × operation", (test) => {
  test("CR 2.1 on the admin conduit every role may exactly what the table says, with and without a fresh proof", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    await people.core.local.call("openServiceWindow", { account: null, purpose: "the matrix", scope: [], minutes: 60 }, signal);
    const text = write(await askAll(people));
    if (process.env["WEIR_WRITE_CASES"] === "1") writeFileSync(FILE, text);
    assert.is(text, readFileSync(FILE, "utf8"));
  }, { limitMs: 400_000 });

  test("U4.1.2a each role may what those below it may", () => {
    for (const line of readFileSync(FILE, "utf8").split("\n").slice(3).filter((one) => one !== "")) {
      const cells = line.slice(30).trim().split(/\s+/);
      const first = cells.findIndex((cell) => cell !== ".");
      assert.equal(cells.slice(first), cells.slice(first).map(() => cells[first]), line);
    }
  });

  test("CR 2.1 a token may what its role may without a proof, and with a scope nothing beside it", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const { local } = people.core;
    await local.call("openServiceWindow", { account: null, purpose: "the matrix", scope: [], minutes: 60 }, signal);
    for (const role of ROLES) {
      const { text } = await local.call("createToken", { name: `all-${role}`, role, scope: [], days: 1 }, signal);
      const found = await probe(people, text);
      for (const { row } of PROBE_LIST) assert.is(found.get(row), expectToken(row, role), `${row} as ${role}`);
    }
    const { text } = await local.call("createToken", { name: "scoped", role: "systemadministrator", scope: ["values", "audit"], days: 1 }, signal);
    const found = await probe(people, text);
    assert.equal([...found].filter(([, code]) => code === "passed").map(([row]) => row), ["values", "audit"]);
  }, { limitMs: 400_000 });

  test("every operation of people stands in the table once", () => {
    assert.equal(Object.keys(PROBES).toSorted(), Object.keys(PERMISSIONS).toSorted());
  });
});
