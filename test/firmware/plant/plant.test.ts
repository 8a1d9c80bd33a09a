// Shows the zone plant in a whole gateway: it runs while it is needed, the audit log reaches the plant's collector, and people of the plant's directory are let in.

import { until, findCondition, startGateway, writeConfiguration, weir, type GatewayUnderTest } from "../../support/gateway.ts";
import type { TestContext } from "../../support/attempt.ts";
import { startChild } from "../../support/child.ts";
import { makePki } from "../../support/pki.ts";
import { startRsyslog } from "../../support/rsyslog.ts";
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
}, { needs: ["rsyslogd", "openssl"], limitMs: 120_000 });
