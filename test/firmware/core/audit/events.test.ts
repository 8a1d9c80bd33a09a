// Shows for each thing that people do that it is exactly one entry of the audit log, with who, from where and with what result, and that looking is none.

import { writeFileSync } from "node:fs";
import type { AuditRecord } from "../../../../firmware/conduit/audit.ts";
import { assert, suite } from "../../../support/suite.ts";
import { SOURCE, startPeople } from "../accounts/people-core.ts";
import type { PeopleCore } from "../accounts/people-core.ts";
import { configure } from "../running-core.ts";

const LONG = { limitMs: 240_000 };

/** What happened, and what the log says of it. */
type Expected = readonly (readonly [action: string, target: string, result: string, actor?: string])[];
type Row = readonly [words: string, work: (context: Context) => Promise<unknown>, expected: Expected];

interface Context {
  readonly people: PeopleCore;
  readonly root: string;
  readonly customer: string;
  readonly file: string;
  readonly signal: AbortSignal;
}

/** What the gateway makes for itself when it comes to it. */
const ITS_OWN: ReadonlySet<string> = new Set(["people-ca.made", "page-certificate.issued", "ingest-certificate.issued"]);

const UUID = /^[0-9a-f-]{36}$/;

/** What is refused, too, has happened. */
const refused = (work: Promise<unknown>): Promise<unknown> => work.then(() => assert.unreachable("it was not refused"), () => undefined);

const ROWS: readonly Row[] = [
  ["a secret is set", ({ people, root }) => people.ask("setSecret", { name: "s", text: "hidden" }, root), [["secret.set", "s", "done"]]],
  ["a secret is deleted", ({ people, root }) => people.ask("deleteSecret", { name: "s" }, root), [["secret.deleted", "s", "done"]]],
  ["an account is made", ({ people, root }) => people.ask("createAccount", { name: "otto", role: "analyst" }, root), [["account.created", "otto", "done"]]],
  ["an account is changed", ({ people, root }) => people.ask("changeAccount", { name: "otto", role: "service" }, root), [["account.changed", "otto", "done"]]],
  ["a password is reset", ({ people, root }) => people.ask("resetPassword", { name: "otto" }, root), [["account.password-reset", "otto", "done"]]],
  ["a second factor is reset", ({ people, root }) => people.ask("resetSecondFactor", { name: "otto" }, root), [["account.second-factor-reset", "otto", "done"]]],
  ["an account is unlocked", ({ people, root }) => people.ask("unlockAccount", { name: "otto" }, root), [["account.unlocked", "otto", "done"]]],
  ["a service window is opened", ({ people, root }) => people.ask("openServiceWindow", { account: "otto", purpose: "repair", scope: [], minutes: 5 }, root), [["service-window.opened", "otto", "done"]]],
  ["a service window is closed", async ({ people, root }) => people.ask("closeServiceWindow", { id: (await people.ask("serviceWindows", {}, root)).windows[0]?.id ?? "" }, root), [["service-window.ended", "otto", "done"]]],
  ["a token is made", ({ people, root }) => people.ask("createToken", { name: "mes", role: "customer", scope: [], days: 1 }, root), [["token.created", "mes", "done"]]],
  ["a token is deleted", ({ people, root }) => people.ask("deleteToken", { name: "mes" }, root), [["token.deleted", "mes", "done"]]],
  ["an account is deleted", ({ people, root }) => people.ask("deleteAccount", { name: "otto" }, root), [["account.deleted", "otto", "done"]]],
  ["somebody logs in", ({ people }) => people.login("carl"), [["session.started", "carl", "done", "carl"]]],
  ["a login fails", ({ people }) => refused(people.ask("login", { user: "carl", password: "wrong wrong wrong" })), [["login.refused", "carl", "refused", "stranger"]]],
  ["a stranger tries a name that nobody has", ({ people }) => refused(people.ask("login", { user: "mallory", password: "wrong wrong wrong" })), [["login.refused", "unknown user", "refused", "stranger"]]],
  ["a call comes without a session", ({ people }) => refused(people.ask("audit", { limit: 1 })), [["access.denied", "audit", "refused", "stranger"]]],
  ["somebody may not", ({ people, customer }) => refused(people.ask("audit", { limit: 1 }, customer)), [["access.denied", "audit", "refused", "carl"]]],
  ["an administrator ends a session", async ({ people, root }) => people.ask("endSession", { id: (await people.ask("sessions", {}, root)).sessions.find(({ account }) => account === "carl")?.id ?? "" }, root), [["session.ended", "carl", "done"]]],
  ["the log is exported", ({ people, root }) => people.ask("audit", { limit: 1, export: true }, root), [["audit.exported", "audit.db", "done"]]],
  ["detections are accepted", ({ people, root }) => people.ask("acceptDetections", {}, root), [["detections.accepted", "detections", "done"]]],
  ["machines are imported", ({ people, root }) => people.ask("importAssets", { lines: [{ name: "press-1", manufacturer: "Weir", model: "Press", serialNumber: "1" }], dryRun: false }, root), [["assets.imported", "register", "done"]]],
  ["an import is only tried", ({ people, root }) => people.ask("importAssets", { lines: [{ name: "press-2" }], dryRun: true }, root), []],
  ["a machine is refused", async ({ people, root }) => people.ask("refuseAsset", { key: await keyOf(people, root) }, root), [["asset.refused", "press-1", "done"]]],
  ["a machine is forgotten", async ({ people, root }) => people.ask("forgetAsset", { key: await keyOf(people, root) }, root), [["asset.forgotten", "press-1", "done"]]],
  ["the machine CA is made anew", ({ people, root }) => people.ask("renewMachineCa", {}, root), [["machine-ca.made", "machine CA", "done"]]],
  ["a certificate of the page is asked for", ({ people, root }) => people.ask("requestPageCertificate", { names: ["weir.example"] }, root), [["page-certificate.requested", "page", "done"]]],
  [
    "the configuration is replaced",
    async ({ people, root }) => people.ask("setConfiguration", { text: configure({}, "accounts:\n  secondFactor: []\nlog: { level: debug }\n"), basedOn: (await people.ask("configuration", {}, root)).digest }, root),
    [
      ["configuration.written", "file", "done"],
      ["configuration.applied", "file", "done"],
    ],
  ],
  ["the configuration is read again and is as before", ({ people, root }) => people.ask("reload", {}, root), []],
  [
    "a configuration that is broken is refused",
    async ({ people, root, file }) => {
      writeFileSync(file, "x: 1");
      await refused(people.ask("reload", {}, root));
    },
    [["configuration.refused", "file", "refused"]],
  ],
  ["a task is ordered and comes to its end", async ({ people, root, signal }) => {
    const { task } = await people.ask("orderTask", { kind: "gateway-snapshot", reason: "look" }, root);
    let { state } = task;
    while (state !== "done" && state !== "failed") ({ state } = (await people.core.local.call("task", { id: task.id }, signal)).task);
  }, [["task.ordered", "id", "done"], ["task.ended", "id", "done", "core"]]],
  ["whoever is logged in logs out", ({ people, root }) => people.ask("logout", {}, root), [["session.ended", "root", "done"]]],
];

suite("audit events", (test) => {
  test("CR 2.8 each thing that people do is one entry with who, from where, and with what result", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    const customer = await people.enter("carl", "customer");
    const context: Context = { people, root, customer, file: people.core.configFile, signal };
    for (const [words, work, expected] of ROWS) {
      const before = await newest(people, signal);
      await work(context);
      const records = await since(people, before, signal);
      const shown = (target: string): string => (target === people.core.configFile ? "file" : target.replace(UUID, "id"));
      assert.equal(records.map(({ action, target, result, actor }) => [action, shown(target), result, actor]), expected.map(([action, target, result, actor = "root"]) => [action, target, result, actor]), words);
      for (const { zone, source, actor } of records) if (actor !== "core") assert.equal([zone, source], ["admin", SOURCE], words);
      assert.not.match(JSON.stringify(records), /hidden|wrong wrong|violet harvest/, words);
    }
  }, LONG);
  test("who looks leaves no entry", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    const before = await newest(people, signal);
    for (const name of ["status", "me", "accounts", "sessions", "tokens", "serviceWindows", "configuration", "secretNames", "network", "pageCertificate", "verifyAudit"] as const) await people.ask(name, {}, root);
    await people.ask("audit", { limit: 10 }, root);
    await people.ask("tasks", { limit: 10 }, root);
    await people.ask("detections", { limit: 10 }, root);
    assert.equal(await since(people, before, signal), []);
  }, LONG);
});

async function keyOf(people: PeopleCore, bearer: string): Promise<string> {
  return (await people.ask("assets", { limit: 1 }, bearer)).assets[0]?.key ?? "";
}

async function newest({ core }: PeopleCore, signal: AbortSignal): Promise<number> {
  return (await core.local.call("audit", { limit: 1 }, signal)).records[0]?.number ?? 0;
}

async function since({ core }: PeopleCore, before: number, signal: AbortSignal): Promise<readonly AuditRecord[]> {
  const { records } = await core.local.call("audit", { limit: 500, after: before }, signal);
  return records.filter(({ actor, action }) => actor !== "core" || !ITS_OWN.has(action));
}
