// limit: 600s
// Shows that machines of cells with the same subnets are found by IPv6 and publish to their own field process's ingest endpoint by IPv4 and IPv6, each under its own asset.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { connected, findCondition, startGateway, until, writeConfiguration } from "../support/gateway.ts";
import type { Child } from "../support/child.ts";
import { readLedger, startCloudSide } from "../support/site.ts";
import { assert, suite } from "../support/suite.ts";
import { openLocal } from "../support/local.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { buildTwinCell, TWIN, TWIN_SIX, type TwinCell } from "./cells.ts";

/** Six processes start, on a machine that may have other things to do. */
const PATIENCE_MS = 150_000;
const SEGMENTS = ["cell-a", "cell-b"];
/** Beyond what the machines count themselves. */
const FIRST = 1_000_000;

interface Access {
  readonly user: string;
  readonly password: string;
  readonly serial: string;
}

/** Publishes as the machine's own client from its place; in the clear where no authority is given. */
function publish(cell: TwinCell, to: string, { user, password, serial }: Access, value: number, ca?: string): Child {
  const where = ca === undefined ? ["-p", "1883"] : ["-p", "8883", "--cafile", ca];
  const topic = `miko/v1/${serial}/points/pieces`;
  return cell.start("mosquitto_pub", ["-V", "mqttv5", "-h", to, ...where, "-q", "1", "-i", `pub-${serial}`, "-u", user, "-P", password, "-t", topic, "-m", JSON.stringify({ value, time: new Date(systemClock.now()).toISOString() })]);
}

suite("publishing from cells with the same subnet", (test) => {
  test("machines at the same IPv6 address are found and accepted, and publish to the gateway's same addresses in their cells by IPv4, IPv6 and its link-local address; neither cell's password counts in the other", async (context) => {
    const { defer, signal } = context;
    const folder = makeTempDir(defer);
    const cells = [buildTwinCell(defer, "wf"), buildTwinCell(defer, "wg")] as const;
    const url = `mqtts://[${TWIN_SIX.gateway.split("/")[0] ?? ""}]:8883`;
    // Never written: all that arrives is the client's.
    const publishing = ["--host", TWIN_SIX.machine, "--rate", "1", "--publish", "gateway", "--gateway", url, "--credentials", join(folder, "credentials.json")];
    const assets = await Promise.all(cells.map((cell, index) => cell.startMachine(index, signal, publishing)));
    const cloud = await startCloudSide(context, folder);
    writeConfiguration(folder, {
      gateway: { id: "twins" },
      cloud: cloud.section,
      segments: SEGMENTS.map((name) => ({ name, subnets: [TWIN.subnet, TWIN_SIX.subnet, "fe80::/64"] })),
      network: { field: SEGMENTS.map((segment, index) => ({ segment, interface: TWIN.interface, namespace: cells[index]?.namespace, probePort: 37_020, ingestTls: 8883, ingestPlain: 1883 })) },
    });
    const gateway = startGateway(context, { folder });
    const local = openLocal(context, gateway.dataDir);
    const list = async () => (await local.call("assets", { limit: 100 }, signal)).assets.filter(({ id }) => id !== null && assets.includes(id));
    await until("both are found", signal, async () => (await list()).length === 2, PATIENCE_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${JSON.stringify(await list())}\n${gateway.child.output().slice(-4000)}`);
    });
    const found = await list();
    assert.equal(found.map(({ id, segment, address, url: asked }) => `${id} ${segment} ${address} ${asked}`).sort(), assets.map((asset, index) => `${asset} ${SEGMENTS[index]} ${TWIN_SIX.machine} http://[${TWIN_SIX.machine}]:${TWIN.port}`).sort());
    for (const { key, seen } of found) await local.call("acceptAsset", { key, seen }, signal);
    await gateway.until("both are read", (now) => connected(now) === 2, PATIENCE_MS);

    const ca = join(folder, "ca.crt");
    writeFileSync(ca, (await local.call("machineCa", {}, signal)).certificate);
    const machines = await Promise.all(
      cells.map(async (cell, index) => {
        const serial = `A100${index}`;
        const { name } = (await list()).find(({ id }) => id === assets[index]) ?? {};
        const { user, password = "" } = await local.call("enrolAsset", { key: name ?? "", by: "password" }, signal);
        return { cell, asset: assets[index] ?? "", access: { user, password, serial }, other: cells[1 - index] ?? cell };
      }),
    );
    const isAtCloud = (asset: string | undefined, value: number): boolean => {
      cloud.flush();
      return readLedger(cloud.ledger).some((line) => (asset === undefined || line.asset === asset) && line.point === "pieces" && line.value === value);
    };
    const [four, six] = [TWIN.gateway.split("/")[0] ?? "", TWIN_SIX.gateway.split("/")[0] ?? ""];
    let value = FIRST;
    const strangers: number[] = [];
    for (const { cell, asset, access, other } of machines) {
      for (const [to, authority] of [[four, ca], [six, ca], [four, undefined], [six, undefined], [`${cell.linkLocal()}%eth0`, undefined]] as const) {
        const sent = (value += 1);
        await until(`${asset} publishes to ${to}`, signal, async () => (await publish(cell, to, access, sent, authority).exited).code === 0);
        await until(`what ${asset} published to ${to} is its own value`, signal, () => isAtCloud(asset, sent));
      }
      const strange = publish(other, six, access, (value += 1), ca);
      assert.is.not((await strange.exited).code, 0, strange.output());
      await gateway.until("who it was is told", (now) => findCondition(now, "INGEST_REFUSED")?.cause.includes("and no machine of this name is read") === true);
      strangers.push(value);
    }
    assert.equal(strangers.filter((one) => isAtCloud(undefined, one)), []);
    assert.is((await gateway.stop()).code, 0);
  }, { needs: ["root", "netns", "ip", "mosquitto", "mosquitto_pub"], limitMs: 500_000 });
});
