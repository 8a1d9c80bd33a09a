// limit: 900s
// Shows that cells with the same subnet are read at the same time, each by a field process in its own network namespace, and that none disturbs another.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { localConduit } from "../../firmware/conduit/local.ts";
import type { ReplyOf } from "../../firmware/conduit/route.ts";
import { loadConfiguration } from "../../firmware/config/load.ts";
import { deriveWalls } from "../../firmware/protocol/firewall/derive-flows.ts";
import { USER_OF } from "../../firmware/protocol/firewall/flow.ts";
import { renderRuleset } from "../../firmware/protocol/firewall/ruleset.ts";
import { openConduit } from "../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../firmware/runtime/journal.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { startChild } from "../support/child.ts";
import { findCondition, startGateway, until, weir, writeConfiguration } from "../support/gateway.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { buildTwinCell, TWIN, twinNamespace } from "./cells.ts";

const NEEDS = { needs: ["root", "netns", "ip", "nft"] } as const;
/** Five processes start, on a machine that may have other things to do. */
const PATIENCE_MS = 150_000;

/** Two cells that differ in their names and namespaces alone. */
function configurationOf(namespaces: readonly string[]): object {
  const cells = ["cell-a", "cell-b"];
  return {
    gateway: { id: "twins" },
    segments: cells.map((name) => ({ name, subnets: [TWIN.subnet] })),
    assets: cells.map((name) => ({ name: `cutter-of-${name}`, segment: name, miko: { url: `http://${TWIN.machine}:${TWIN.port}/` } })),
    network: { field: cells.map((segment, index) => ({ segment, interface: TWIN.interface, namespace: namespaces[index], probePort: 37_020, brokerPorts: [TWIN.port + 1] })) },
  };
}

suite("cells with the same subnet", (test) => {
  test("two machines at the same address are read at the same time under their own assets, a cell whose namespace comes later follows, and the end of one process leaves the other untouched", async (context) => {
    const { defer, signal } = context;
    const folder = makeTempDir(defer);
    const [a, b] = [twinNamespace("wa"), twinNamespace("wb")];
    const cellA = buildTwinCell(defer, "wa");
    const assetA = await cellA.startMachine(0, signal);
    const file = writeConfiguration(folder, configurationOf([a, b]));
    // Whatever user the test has: under `weir start` the zone is no user of its own.
    const users = Object.fromEntries(Object.values(USER_OF).map((name) => [name, 0]));
    const strange = TWIN.port + 2;
    await cellA.openStrangePort(strange, signal);
    assert.ok(cellA.connects(strange, 60));
    cellA.run(["nft", "-f", "-"], renderRuleset(deriveWalls(loadConfiguration(readFileSync(file), file).configuration, a), { userIds: users }));
    assert.equal([cellA.connects(TWIN.port, 60), cellA.connects(strange, 1)], [true, false]);
    const gateway = startGateway(context, { folder });

    // Cell b is not there yet: its words say so, and cell a is read.
    const early = await gateway.until("cell a is read, and cell b is told as missing", (now) => now.assets[assetA]?.link === "connected" && findCondition(now, "ZONE_NOT_STARTED", `field-${b}`) !== undefined, PATIENCE_MS);
    assert.equal([early.zones[`field-${a}`]?.state, early.zones[`field-${b}`]?.state], ["running", "blocked"]);
    assert.match(findCondition(early, "ZONE_NOT_STARTED")?.cause ?? "", new RegExp(`there is no network namespace ${b}.*ip netns add`));

    const cellB = buildTwinCell(defer, "wb");
    const assetB = await cellB.startMachine(1, signal);
    const both = await gateway.until("both cells are read", (now) => [assetA, assetB].every((asset) => now.assets[asset]?.link === "connected") && findCondition(now, "ZONE_NOT_STARTED") === undefined, PATIENCE_MS);
    assert.is.not(assetA, assetB);
    assert.equal([both.assets[assetA]?.name, both.assets[assetB]?.name], ["cutter-of-cell-a", "cutter-of-cell-b"]);
    const newest = async (asset: string): Promise<string> => (await gateway.values()).filter((sample) => sample.asset === asset && sample.quality === "good").map(({ gatewayTime }) => gatewayTime).sort().at(-1) ?? "";
    const untilNewer = async (asset: string): Promise<void> => {
      const before = await newest(asset);
      await until(`readings of ${asset} go on`, signal, async () => (await newest(asset)) > before);
    };
    await Promise.all([untilNewer(assetA), untilNewer(assetB)]);

    // The end of one.
    const pidA = both.zones[`field-${a}`]?.pid ?? 0;
    assert.ok(pidA > 0);
    process.kill(pidA, "SIGKILL");
    await untilNewer(assetB);
    const after = await gateway.until("the process for cell a is back and reads", (now) => now.zones[`field-${a}`]?.restarts === 1 && now.zones[`field-${a}`]?.state === "running" && now.assets[assetA]?.link === "connected", PATIENCE_MS);
    for (const zone of ["core", "cloud", "field", `field-${b}`]) assert.equal(after.zones[zone]?.pid, both.zones[zone]?.pid, zone);
    assert.is(after.assets[assetB]?.link, "connected");
    await Promise.all([untilNewer(assetA), untilNewer(assetB)]);
    assert.is((await gateway.stop()).code, 0);
  }, { ...NEEDS, limitMs: 400_000 });

  test("two machines at the same address are found in their segments, wait side by side, and each is read where it was accepted", async (context) => {
    const { defer, signal } = context;
    const folder = makeTempDir(defer);
    const cells = [buildTwinCell(defer, "wd"), buildTwinCell(defer, "we")];
    const assets = await Promise.all(cells.map((cell, index) => cell.startMachine(index, signal)));
    writeConfiguration(folder, { ...configurationOf(cells.map(({ namespace }) => namespace)), assets: [] });
    const gateway = startGateway(context, { folder });
    const local = openConduit(localConduit, { socket: conduitSocket(gateway.dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
    defer(() => local.close());
    const list = async (): Promise<ReplyOf<typeof localConduit.assets>["assets"]> => (await local.call("assets", { limit: 100 }, signal)).assets;
    await until("both wait", signal, async () => (await list()).filter(({ id }) => id !== null && assets.includes(id)).length === 2, PATIENCE_MS);
    const found = await list();
    assert.equal(found.map(({ id, segment }) => `${id} ${segment}`).sort(), assets.map((asset, index) => `${asset} ${["cell-a", "cell-b"][index]}`).sort());
    assert.is(new Set(found.map(({ url }) => url)).size, 1);
    for (const { key, seen } of found) await local.call("acceptAsset", { key, seen }, signal);
    await gateway.until("both are read", (now) => assets.every((asset) => now.assets[asset]?.link === "connected"), PATIENCE_MS);
    await until("both have values", signal, async () => new Set((await gateway.values()).filter(({ quality }) => quality === "good").map(({ asset }) => asset)).size === 2);
  }, { ...NEEDS, limitMs: 400_000 });

  test("a field process that is not in its network namespace reads nothing: at the same addresses there are other machines", async ({ defer, signal }) => {
    const cell = buildTwinCell(defer, "wc");
    const dataDir = join(makeTempDir(defer), "data");
    const child = startChild(defer, process.execPath, [weir, "start", "--zone", "field", "--namespace", cell.namespace, "--data", dataDir]);
    await child.line(/ACCESS_DENIED.*is not in the network namespace/, signal);
    assert.is((await child.exited).code, 1);
  }, { ...NEEDS, limitMs: 200_000 });
});
