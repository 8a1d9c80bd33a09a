// limit: 600s
// Shows that 500 machines can be connected to the gateway at once, over TLS, each with a password of its own, and are back after field was killed.

import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { localConduit } from "../../firmware/conduit/local.ts";
import { openConduit } from "../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../firmware/runtime/journal.ts";
import { readingKey, type LedgerLine } from "../../firmware/simulator/ledger-lines.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { findFreePort } from "../support/free-port.ts";
import { connected, startGateway, until, writeConfiguration } from "../support/gateway.ts";
import { readLedger, settleAccounts, startCloudSide, startMachines, type SimulatedMachines } from "../support/site.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";

const PROGRAMS = 10;
const OF_EACH = 50;
/** What its unit gives field. */
const FIELD_MEMORY_BYTES = 384 * 1_048_576;
const LIMIT_MS = 240_000;

/** What is at the cloud and neither in a machine's ledger nor the gateway's own word that it does not know a value of one of them any more. */
function unexplained(machines: readonly SimulatedMachines[], cloud: string): readonly LedgerLine[] {
  const ledgers = machines.map(({ ledger }) => readLedger(ledger));
  const told = new Set(ledgers.flat().map(readingKey));
  const assets = new Set(ledgers.flat().map(({ asset }) => asset));
  const isOwn = ({ asset, point, value, sourceTime, quality, reason }: LedgerLine): boolean =>
    assets.has(asset) && point !== undefined && value === null && sourceTime === null && quality === "bad" && typeof reason === "string" && reason !== "";
  return readLedger(cloud).filter((line) => line.gap !== undefined || (!told.has(readingKey(line)) && !isOwn(line)));
}

suite("many machines that publish to the gateway", (test) => {
  test("500 are connected at once and come back after a kill; nothing is lost, and field stays within its memory", async (context) => {
    const { defer, signal } = context;
    const folder = makeTempDir(defer);
    const port = await findFreePort();
    const credentials = join(folder, "credentials.json");
    const machines: SimulatedMachines[] = [];
    for (let index = 0; index < PROGRAMS; index += 1) {
      // From addresses of their own, as machines have: one address may not hold all places.
      const more = ["--first", String(index * OF_EACH), "--host", `127.0.1.${index + 1}`, "--publish", "gateway", "--gateway", `mqtts://127.0.0.1:${port}`, "--credentials", credentials, "--mqtt", index % 2 === 0 ? "3.1.1" : "5"];
      machines.push(await startMachines(context, folder, { count: OF_EACH, rate: 1, name: `machines-${index}`, more }));
    }
    const cloud = await startCloudSide(context, folder);
    const assets = machines.flatMap((some) => some.assets.map((asset) => ({ ...asset, segment: "hall" })));
    writeConfiguration(folder, { cloud: cloud.section, segments: [{ name: "hall", subnets: ["127.0.0.0/8"] }], network: { field: [{ segment: "hall", interface: "lo", ingestTls: port }] }, assets });
    const gateway = startGateway(context, { folder });
    const local = openConduit(localConduit, { socket: conduitSocket(gateway.dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
    defer(() => local.close());
    const access: Record<string, unknown> = {};
    for (const { name } of assets) access[name] = await local.call("enrolAsset", { key: name, by: "password" }, signal);
    writeFileSync(credentials, JSON.stringify(access));
    const all = PROGRAMS * OF_EACH;
    const arePublishing = async (): Promise<boolean> => {
      for (let after: string | undefined, hasMore = true; hasMore; ) {
        const page = await local.call("assets", { limit: 100, ...(after === undefined ? {} : { after }) }, signal);
        if (page.assets.some(({ link, via }) => link !== "connected" || via !== "gateway")) return false;
        ({ hasMore } = page);
        after = page.assets.at(-1)?.key;
      }
      return true;
    };
    await gateway.until("all are connected", (status) => connected(status) === all, LIMIT_MS);
    await until("all publish to the gateway", signal, arePublishing, LIMIT_MS, 500);
    await gateway.killZone("field");
    await until("all publish to the gateway again", signal, arePublishing, LIMIT_MS, 500);
    await Promise.all(machines.map((some) => some.untilAcknowledged(OF_EACH * 5, LIMIT_MS)));
    const { zones } = await gateway.status();
    const field = zones["field"]?.memoryBytes ?? Number.POSITIVE_INFINITY;
    assert.ok(field < FIELD_MEMORY_BYTES, `field holds ${Math.round(field / 1_048_576)} MiB`);
    const { lost, acknowledged } = await settleAccounts({ gateway, machines, cloud });
    assert.is(lost, 0);
    assert.equal(unexplained(machines, cloud.ledger).slice(0, 5), []);
    assert.ok(acknowledged > PROGRAMS * OF_EACH * 5, String(acknowledged));
    if (process.env["WEIR_SHOW_FIGURES"] !== undefined) process.stderr.write(`field ${Math.round(field / 1_048_576)} MiB, acknowledged ${acknowledged}\n`);
  });
}, { limitMs: 580_000 });
