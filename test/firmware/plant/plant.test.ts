// Shows the zone plant in a whole gateway: it runs while it is needed, the audit log reaches the plant's collector, and people of the plant's directory are let in.
// limit: 480s

import { until, findCondition, startGateway, writeConfiguration, weir, type GatewayUnderTest } from "../../support/gateway.ts";
import type { TestContext } from "../../support/attempt.ts";
import { startChild } from "../../support/child.ts";
import { makePki } from "../../support/pki.ts";
import { startGatewayWithPage, type PageAnswer } from "../../support/page.ts";
import { startRsyslog } from "../../support/rsyslog.ts";
import { startSlapd } from "../../support/slapd.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

async function setSecret({ defer }: TestContext, { dataDir }: GatewayUnderTest, name: string, text: string): Promise<void> {
  const child = startChild(defer, process.execPath, [weir, "secret", "set", name, "--data", dataDir]);
  child.write(text, { end: true });
  assert.is((await child.exited).code, 0, child.output());
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

suite("plant", (test) => {
  test("CR 6.2 the zone runs while the configuration needs it, and the collector has every entry of the audit log, whatever is killed", async (context) => {
    const { defer, signal } = context;
    const folder = makeTempDir(defer);
    const pki = makePki(defer);
    const rsyslog = await startRsyslog(defer, signal, { pki });
    writeConfiguration(folder, {});
    const gateway = startGateway(context, { folder });
    await gateway.until("plant is idle", ({ zones }) => zones["plant"]?.state === "idle" && zones["core"]?.state === "running");
    await setSecret(context, gateway, "syslog-ca", pki.ca);
    const withPlant = (area: string): string => writeConfiguration(folder, { equipment: { area }, plant: { syslog: { server: "127.0.0.1", port: rsyslog.port, ca: { secret: "syslog-ca" } } } });
    withPlant("one");
    const { zones } = await gateway.until("plant runs", (now) => now.zones["plant"]?.state === "running");
    const seen = (): readonly string[] => [...new Set(rsyslog.collected().map(({ messageId, structuredData }) => `${/ number="(\d+)"/.exec(structuredData)?.[1] ?? ""} ${messageId}`))];
    await until("the change of the configuration is collected", signal, () => seen().some((entry) => entry.endsWith("configuration.applied")));
    assert.ok(seen().some((entry) => entry === "1 core.started"), "from the first entry on");
    process.kill(zones["plant"]?.pid ?? 0, "SIGKILL");
    await rsyslog.kill();
    withPlant("two");
    await gateway.until("the collector is missed", (now) => findCondition(now, "SYSLOG_LOST") !== undefined);
    await rsyslog.restart(signal);
    await gateway.until("it is back", (now) => findCondition(now, "SYSLOG_LOST") === undefined && now.zones["plant"]?.state === "running");
    await until("the second change is collected", signal, () => seen().filter((entry) => entry.endsWith("configuration.applied")).length >= 2);
    const numbers = seen().map((entry) => Number(entry.split(" ")[0])).sort((one, other) => one - other);
    assert.equal(numbers, Array.from({ length: numbers.length }, (_, index) => index + 1), "none is missing");
    const running = (await gateway.status()).zones["plant"]?.pid ?? 0;
    writeConfiguration(folder, { equipment: { area: "two" } });
    await gateway.until("plant is idle again", (now) => now.zones["plant"]?.state === "idle");
    assert.ok(isGone(running));
    assert.is((await gateway.status()).zones["plant"]?.restarts, 1, "its own end is no restart");
    assert.not.match(rsyslog.collected().map(({ raw }) => raw).join("\n"), /BEGIN CERTIFICATE|PRIVATE KEY/);
    assert.is((await gateway.stop()).code, 0);
  });
  test("K2.1.11 CR 1.1 people of the plant's directory log in with the role of their groups, local accounts beside them and without it", async (context) => {
    const { defer, signal } = context;
    const pki = makePki(defer);
    const slapd = await startSlapd(defer, signal, {
      pki,
      people: [
        { user: "bert", password: "Berts own words 7", name: "Bert Birne" },
        { user: "carl", password: "Carls own words 7" },
        { user: "anna", password: "another Anna's words" },
      ],
      groups: { operators: ["bert"], maintenance: ["bert"], others: ["carl"], admins: ["anna"] },
    });
    const directory = {
      servers: ["127.0.0.1"],
      port: slapd.port,
      ca: { secret: "ca" },
      bindDn: slapd.bindDn,
      bindPassword: { secret: "bind" },
      searchBase: slapd.searchBase,
      userFilter: "(uid={user})",
      groups: [
        { group: slapd.groupDn("operators"), role: "customer" },
        { group: slapd.groupDn("Maintenance").toUpperCase(), role: "manager" },
        { group: slapd.groupDn("admins"), role: "systemadministrator" },
      ],
      timeout: "2s",
    };
    const folder = makeTempDir(defer);
    const accounts = { secondFactor: [] };
    const { gateway, page } = await startGatewayWithPage(context, { accounts }, { folder });
    await setSecret(context, gateway, "ca", pki.ca);
    await setSecret(context, gateway, "bind", slapd.bindPassword);
    writeConfiguration(folder, { page: { port: page.port, addresses: ["127.0.0.1"] }, accounts, plant: { directory } });
    const anna = await page.claim();
    const login = (user: string, password: string): Promise<PageAnswer> => page.ask("/api/v1/session", { method: "POST", body: { user, password }, headers: { "sec-fetch-site": "same-origin" } });
    await gateway.until("plant runs", ({ zones }) => zones["plant"]?.state === "running");
    const known = await login("bert", "Berts own words 7");
    assert.is(known.status, 200, known.text);
    const cookie = [known.headers["set-cookie"] ?? []].flat().map((line) => line.split(";")[0]).join("; ");
    const me = (await page.ask("/api/v1/me", { headers: { cookie } })).json() as { name: string; role: string; origin: string; displayName: string };
    assert.equal([me.name, me.role, me.origin, me.displayName], ["bert", "manager", "directory", "Bert Birne"]);
    const refusals = await Promise.all([login("bert", "wrong"), login("bert", ""), login("carl", "Carls own words 7"), login("nobody", "Berts own words 7"), login("*", "Berts own words 7"), login("anna", "another Anna's words")]);
    assert.equal(refusals.map(({ status }) => status), [401, 400, 401, 401, 401, 401]);
    assert.is(new Set(refusals.filter(({ status }) => status === 401).map(({ text }) => text)).size, 1, "nobody learns why");
    await slapd.kill();
    assert.is((await login("bert", "Berts own words 7")).status, 401);
    await gateway.until("it is said", (status) => findCondition(status, "DIRECTORY_LOST") !== undefined);
    assert.is((await login("anna", anna.password)).status, 200, "a local account needs no directory");
    await slapd.restart(signal);
    assert.is((await login("bert", "Berts own words 7")).status, 200);
    await gateway.until("it is over", (status) => findCondition(status, "DIRECTORY_LOST") === undefined);
    assert.not.match(gateway.child.output(), /own words/);
    assert.not.match(JSON.stringify(await page.local.call("audit", { limit: 500 }, signal)), /own words/);
  }, { needs: ["slapd"] });
}, { needs: ["rsyslogd", "openssl"], limitMs: 240_000 });
