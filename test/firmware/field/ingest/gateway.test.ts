// limit: 420s
// Shows a whole gateway to which machines publish: enrolled as their owner does it, killed in the middle of it, with ledgers on both sides.

import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { localConduit } from "../../../../firmware/conduit/local.ts";
import { openConduit, type ConduitClient } from "../../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import type { TestContext } from "../../../support/attempt.ts";
import { findFreePort } from "../../../support/free-port.ts";
import { findCondition, startGateway, writeConfiguration, type GatewayUnderTest } from "../../../support/gateway.ts";
import { settleAccounts, startCloudSide, startMachines, type Site, type SimulatedMachines } from "../../../support/site.ts";
import { assert, suite } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

interface IngestSite extends Site {
  readonly machines: readonly [SimulatedMachines];
  readonly gateway: GatewayUnderTest;
  readonly local: ConduitClient<typeof localConduit>;
  /** Gives the machines what they prove themselves by. */
  enrol(by: "password" | "certificate"): Promise<void>;
}

async function startSite(context: TestContext, scheme: "mqtt" | "mqtts", version: "3.1.1" | "5"): Promise<IngestSite> {
  const { defer, signal } = context;
  const folder = makeTempDir(defer);
  const port = await findFreePort();
  const credentials = join(folder, "credentials.json");
  const machines = await startMachines(context, folder, { count: 3, rate: 100, more: ["--publish", "gateway", "--gateway", `${scheme}://127.0.0.1:${port}`, "--credentials", credentials, "--mqtt", version] });
  const cloud = await startCloudSide(context, folder);
  writeConfiguration(folder, {
    cloud: cloud.section,
    segments: [{ name: "cell", subnets: ["127.0.0.0/8"] }],
    network: { field: [{ segment: "cell", interface: "lo", ...(scheme === "mqtts" ? { ingestTls: port } : { ingestPlain: port }) }] },
    assets: machines.assets.map((asset) => ({ ...asset, segment: "cell" })),
  });
  const gateway = startGateway(context, { folder });
  const local = openConduit(localConduit, { socket: conduitSocket(gateway.dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  defer(() => local.close());
  return {
    gateway,
    machines: [machines],
    cloud,
    local,
    enrol: async (by) => {
      const access: Record<string, unknown> = {};
      for (const { name } of machines.assets) access[name] = await local.call("enrolAsset", { key: name, by }, signal);
      writeFileSync(credentials, JSON.stringify(access));
    },
  };
}

suite("a gateway that machines publish to", (test) => {
  test("REL-1 loses nothing that it acknowledged when core, field and all are killed", async (context) => {
    const site = await startSite(context, "mqtts", "3.1.1");
    const { gateway, machines } = site;
    await gateway.untilReading(3);
    await gateway.until("each is told that it publishes here and is not enrolled", (status) => ["A1000", "A1001", "A1002"].every((name) => findCondition(status, "ASSET_ADVISORY", name)?.cause.includes("weir assets enrol") === true));
    await site.enrol("password");
    for (const zone of ["field", "core", "field"] as const) {
      await machines[0].untilAcknowledged(500);
      await gateway.killZone(zone);
    }
    await machines[0].untilAcknowledged(500);
    const { lost, acknowledged, unknown } = await settleAccounts(site);
    assert.is(lost, 0);
    assert.is(unknown, 0);
    assert.ok(acknowledged > 2000, String(acknowledged));
  });

  test("takes MQTT 5 with a client certificate, says where passwords go unencrypted, and lets in no more whom nobody wants", async (context) => {
    const secure = await startSite(context, "mqtts", "5");
    await secure.gateway.untilReading(3);
    await secure.enrol("certificate");
    await secure.machines[0].untilAcknowledged(300);
    await secure.gateway.until("no advice stands", (status) => findCondition(status, "ASSET_ADVISORY") === undefined && findCondition(status, "INGEST_PLAIN") === undefined);
    await secure.gateway.stop();
    const plain = await startSite(context, "mqtt", "5");
    await plain.gateway.untilReading(3);
    await plain.enrol("password");
    await plain.machines[0].untilAcknowledged(300);
    await plain.gateway.until("it is said", (status) => findCondition(status, "INGEST_PLAIN") !== undefined);
    await plain.local.call("disenrolAsset", { key: "A1000" }, context.signal);
    await plain.machines[0].child.line(/"A1000","gateway":"the gateway (refuses it \(code 134\)|ends the connection)/, context.signal);
    await plain.gateway.until("it is polled, and the attempts of its client are told", (status) => findCondition(status, "ASSET_ADVISORY", "A1000") !== undefined && findCondition(status, "INGEST_REFUSED", "127.0.0.1") !== undefined);
  });
}, { needs: ["mosquitto"], limitMs: 180_000 });
