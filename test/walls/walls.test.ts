// limit: 300s
// Shows in network namespaces what the walls do beyond single flows: discovery, false owners and sources, floods, and changes while they stand.

import type { Configuration } from "../../firmware/config/schema.ts";
import { renderCloudRefresh } from "../../firmware/protocol/firewall/cloud-set.ts";
import { deriveWalls } from "../../firmware/protocol/firewall/derive-flows.ts";
import { renderRuleset } from "../../firmware/protocol/firewall/ruleset.ts";
import { USER_OF } from "../../firmware/protocol/firewall/flow.ts";
import { assert, suite } from "../support/suite.ts";
import { buildTown, readTopology, USER_IDS, type Town } from "./town.ts";

const example = readTopology("own-ports");
const ruleset = (configuration: Configuration): string => renderRuleset(deriveWalls(configuration), { userIds: USER_IDS });
const raiseWalls = (town: Town, configuration = example): string => town.run("gateway", "nft", ["-f", "-"], ruleset(configuration));
const idOf = (zone: "field" | "admin" | "cloud" | "plant"): number => USER_IDS[USER_OF[zone]] ?? Number.NaN;

suite(
  "walls",
  (test) => {
    test("CR 5.1 the rules of every example are accepted by nft", ({ defer }) => {
      const town = buildTown(defer, []);
      for (const name of ["two-ports", "own-ports", "one-port"]) town.run("gateway", "nft", ["-c", "-f", "-"], ruleset(readTopology(name)));
    });

    test("K2.2.3b answers to a multicast probe come in by the segment's own port, and by no other", async ({ signal, defer }) => {
      const town = buildTown(defer, ["cell-a"]);
      raiseWalls(town);
      const field = town.start("gateway", idOf("field"));
      const machine = town.start("cell-a", 0);
      await machine.listen([{ protocol: "udp", address: "0.0.0.0", port: 3702, group: "239.255.255.250", wire: "192.168.10.21" }, { protocol: "udp", address: "::", port: 3702, group: "ff02::c", wire: "::%eth0" }], signal);
      // The port beside it is that of the other segment.
      assert.is(await field.order({ probe: { group: "239.255.255.250", wire: "192.168.10.1", port: 37_020 } }, signal), "1 0");
      assert.is(await field.order({ probe: { group: "ff02::c", wire: "::%ot-a", port: 37_020 } }, signal), "1 0");
      assert.ok((town.counters()["denied_from_segment_cell_a"] ?? 0) >= 2);
    });

    test("K2.2.5 the gateway's own multicast is not taken for a false source, and a host without an address yet is none", async ({ signal, defer }) => {
      const town = buildTown(defer, ["cell-a"]);
      raiseWalls(town);
      const field = town.start("gateway", idOf("field"));
      await field.listen([{ protocol: "udp", address: "0.0.0.0", port: 3702, group: "239.255.255.250", wire: "192.168.10.1" }, { protocol: "udp", address: "::", port: 3702, group: "ff02::c", wire: "::%ot-a" }], signal);
      town.run("cell-a", "sh", ["-ec", "sysctl -qw net.ipv6.conf.eth0.accept_dad=1; ip address add fd00:a::77/64 dev eth0"]);
      await field.order({ probe: { group: "239.255.255.250", wire: "192.168.10.1", port: 37_020 } }, signal);
      await field.order({ probe: { group: "ff02::c", wire: "::%ot-a", port: 37_020 } }, signal);
      const counters = town.counters();
      assert.ok((counters["own_multicast"] ?? 0) >= 2);
      assert.is(counters["spoofed_from_segment_cell_a"], 0);
    });

    test("K2.2.3b a probe from another port does not leave", async ({ signal, defer }) => {
      const town = buildTown(defer, ["cell-a"]);
      raiseWalls(town);
      await town.start("gateway", idOf("field")).order({ probe: { group: "239.255.255.250", wire: "192.168.10.1", port: 37_030 } }, signal);
      assert.ok((town.counters()["denied_of_field"] ?? 0) >= 1);
    });

    test("NDR 5.2 a port that another zone's user has taken answers nobody", async ({ signal, defer }) => {
      const town = buildTown(defer, ["office"]);
      raiseWalls(town);
      const page = { protocol: "tcp", address: "10.30.0.2", port: 9797 } as const;
      await town.start("gateway", idOf("cloud")).listen([page], signal);
      assert.equal(await town.start("office", 0).reach([page], signal), [false]);
      assert.ok((town.counters()["denied_of_cloud"] ?? 0) >= 1);
    });

    test("CR 5.1 a machine that takes an address of another side is dropped and counted as false", async ({ signal, defer }) => {
      const town = buildTown(defer, ["cell-a", "office"]);
      raiseWalls(town);
      const page = { protocol: "tcp", address: "10.30.0.2", port: 9797 } as const;
      await town.start("gateway", idOf("admin")).listen([page], signal);
      town.run("cell-a", "sh", ["-ec", "ip address flush dev eth0; ip address add 10.30.0.9/32 dev eth0; ip route add 192.168.10.1 dev eth0; ip route add default via 192.168.10.1"]);
      assert.equal(await town.start("cell-a", 0).reach([page], signal), [false]);
      assert.ok((town.counters()["spoofed_from_segment_cell_a"] ?? 0) >= 1);
    });

    test("CR 7.1 a flood from one machine is cut off while another machine of the segment still gets through", async ({ signal, defer }) => {
      const town = buildTown(defer, ["cell-a"]);
      raiseWalls(town);
      const ingest = { protocol: "tcp", address: "192.168.10.1", port: 8883 } as const;
      await town.start("gateway", idOf("field")).listen([ingest], signal);
      await town.start("cell-a", 0).order({ flood: { protocol: "udp", address: "192.168.10.1", port: 162 }, count: 20_000 }, signal);
      const flooded = town.counters()["flooded_from_segment_cell_a"] ?? 0;
      assert.ok(flooded > 5000, `only ${flooded} packets were cut off`);
      town.run("cell-a", "ip", ["route", "replace", "192.168.10.0/24", "dev", "eth0", "src", "192.168.10.22"]);
      assert.equal(await town.start("cell-a", 0).reach([ingest, ingest, ingest], signal), [true, true, true]);
    });

    test("CR 5.1 rules that are faulty leave the old ones standing", ({ defer }) => {
      const town = buildTown(defer, []);
      raiseWalls(town);
      const before = town.run("gateway", "nft", ["-s", "-t", "list", "table", "inet", "weir"]);
      assert.throws(() => town.run("gateway", "nft", ["-f", "-"], `${ruleset(example)}add rule inet weir input jump nowhere\n`), /nowhere/);
      assert.is(town.run("gateway", "nft", ["-s", "-t", "list", "table", "inet", "weir"]), before);
    });

    test("CR 5.1 a change of the rules keeps the connections that are still declared, and ends those that are not", async ({ signal, defer }) => {
      const town = buildTown(defer, ["cell-a"]);
      raiseWalls(town);
      const ingest = { protocol: "tcp", address: "192.168.10.1", port: 1883 } as const;
      await town.start("gateway", idOf("field")).listen([ingest], signal);
      const machine = town.start("cell-a", 0);
      assert.is(await machine.order({ keep: ingest }, signal), "true");
      raiseWalls(town, { ...example, log: { level: "debug" } });
      assert.is(await machine.order({ keep: ingest }, signal), "true");
      raiseWalls(town, closePlainIngest(example));
      assert.is(await machine.order({ keep: ingest }, signal), "false");
      assert.ok((town.counters()["denied_from_segment_cell_a"] ?? 0) >= 1);
    });

    test("K2.2.1b addresses of the cloud's name open a path when they are put into their set, and close it when their time is over", async ({ signal, defer }) => {
      const town = buildTown(defer, ["cloud"]);
      raiseWalls(town);
      const broker = { protocol: "tcp", address: "9.9.9.9", port: 8883 } as const;
      await town.start("cloud", 0).listen([broker, { ...broker, port: 443 }], signal);
      const cloud = town.start("gateway", idOf("cloud"));
      assert.equal(await cloud.reach([broker], signal), [false]);
      const renew = (lifeSeconds: number): string => town.run("gateway", "nft", ["-f", "-"], renderCloudRefresh([{ address: "9.9.9.9", port: 8883, lifeSeconds }]));
      renew(1);
      renew(600);
      assert.equal(await cloud.reach([broker, { ...broker, port: 443 }], signal), [true, false]);
      assert.equal(await cloud.reach([broker], signal), [true]);
      renew(1);
      assert.equal(await cloud.reach([{ ...broker, port: 443 }], signal), [false]);
      assert.equal(await cloud.reach([broker], signal), [false]);
    });

    test("NDR 5.2 the last bytes of a process that has ended still arrive, although no user sends them any more", async ({ signal, defer }) => {
      const town = buildTown(defer, ["cell-a"]);
      raiseWalls(town);
      const machine = town.start("cell-a", 0);
      const received = machine.order({ drain: { protocol: "tcp", address: "192.168.10.21", port: 1883 } }, signal);
      await machine.line(/^draining$/m, signal);
      const program = `const socket = require("node:net").connect(1883, "192.168.10.21", () => { socket.write(Buffer.alloc(60000)); setImmediate(() => process.exit()); });`;
      town.run("gateway", "setpriv", ["--reuid", String(idOf("field")), "--regid", String(idOf("field")), "--clear-groups", process.execPath, "-e", program]);
      assert.is(await received, "60000");
    });

    test("NDR 5.2 a destination on this host itself is open to the one user and port that are declared", async ({ signal, defer }) => {
      const town = buildTown(defer, []);
      assert.ok(example.cloud !== undefined);
      if (example.cloud !== undefined) raiseWalls(town, { ...example, cloud: { ...example.cloud, url: "mqtt://127.0.0.1:1883" } });
      const broker = { protocol: "tcp", address: "127.0.0.1", port: 1883 } as const;
      await town.start("gateway", 0).listen([broker, { ...broker, port: 8883 }], signal);
      assert.equal(await town.start("gateway", idOf("cloud")).reach([broker, { ...broker, port: 8883 }], signal), [true, false]);
      assert.equal(await town.start("gateway", idOf("plant")).reach([broker], signal), [false]);
    });
  },
  { needs: ["root", "netns", "nft", "setpriv", "sysctl"], limitMs: 30_000 },
);

function closePlainIngest(configuration: Configuration): Configuration {
  const { network } = configuration;
  if (network === undefined) return configuration;
  const field = network.field.map(({ ingestPlain: _, ...port }) => port);
  return { ...configuration, network: { ...network, field } };
}
