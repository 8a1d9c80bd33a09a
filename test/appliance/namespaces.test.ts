// limit: 400s
// Shows on a booted appliance that a cell in a network namespace of its own is read by a field process there, in the walls of its unit, and under its own rules.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { assert, suite } from "../support/suite.ts";
import { startChild } from "../support/child.ts";
import { connected, until, weir } from "../support/gateway.ts";
import { buildTown } from "../walls/town.ts";
import { MACHINES, NEIGHBOURHOOD_NEEDS, RESOLV_CONF, startNeighbourhood } from "./neighbourhood.ts";
import { APPLIANCE_NEEDS, startAppliance } from "./start-appliance.ts";

const CELL = "cell-b";
const LATER = "192.168.11.22";
const UNIT = `weir-field@${CELL}.service`;

/** What docs/topologies/shared-subnets.md tells the integrator to do. */
const FILES = {
  "etc/resolv.conf": RESOLV_CONF,
  "etc/systemd/system/weir-namespace@.service": readFileSync(join(import.meta.dirname, "../../docs/topologies/weir-namespace@.service")),
  [`etc/weir-namespaces/${CELL}`]: "INTERFACE=ot-b\nADDRESS=192.168.11.1/24 fd00:b::1/64\n",
  "etc/systemd/system/weir.target.d/cells.conf": `[Unit]\nWants=weir-namespace@${CELL}.service weir-rules@${CELL}.path ${UNIT}\n`,
  "etc/systemd/system/sockets.target.d/cells.conf": `[Unit]\nWants=weir-conduit-source-field@${CELL}.socket\n`,
};

suite(
  "appliance, a cell in a network namespace",
  (test) => {
    test("its machine is read from there and nowhere else, its process has its limits and goes on alone, and its rules let nothing else pass", async (context) => {
      const town = buildTown(context.defer);
      const neighbours = await startNeighbourhood(context, town, { rate: 1 });
      const settings = parse(neighbours.configuration) as { readonly assets: readonly { readonly name: string }[]; readonly network: { readonly field: readonly { readonly segment: string }[] } };
      const field = settings.network.field.map((port) => (port.segment === CELL ? { ...port, namespace: CELL } : port));
      const configurationWith = (...more: readonly object[]): string => stringify({ ...settings, assets: [...settings.assets, ...more], network: { ...settings.network, field } });
      const configuration = configurationWith();
      const appliance = await startAppliance(context, town, { configuration, files: FILES });
      neighbours.introduce(appliance);
      const status = await appliance.until("every machine is connected, by IPv4 and IPv6", (now) => connected(now) === MACHINES.length, 120_000);
      assert.equal(Object.values(status.assets).map(({ name }) => name).sort(), ["four-a", "four-b", "six-a", "six-b"]);

      const { zones } = await appliance.until("every process says that it is there", (now) => Object.values(now.zones).every(({ state }) => state === "running"));
      assert.equal(Object.keys(zones).filter((name) => name.startsWith("field")).sort(), ["field", `field-${CELL}`]);
      const namespaceOf = (unit: string): string => appliance.run("readlink", [`/proc/${appliance.mainPid(unit)}/ns/net`]).trim();
      assert.is.not(namespaceOf(UNIT), namespaceOf("weir-field.service"));
      assert.not.match(appliance.run("ip", ["-br", "link"]), /^ot-b/m);
      assert.match(appliance.run("ip", ["-n", CELL, "-br", "link"]), /^ot-b/m);

      const property = (name: string): readonly string[] => appliance.run("systemctl", ["show", `--property=${name}`, "--value", UNIT]).trim().split(/\s+/).filter((word) => word !== "").sort();
      assert.equal(property("SocketBindAllow"), ["udp3702", "udp37021"]);
      assert.ok(property("IPAddressAllow").includes("192.168.11.0/24") && !property("IPAddressAllow").includes("192.168.10.0/24"), property("IPAddressAllow").join(" "));

      const rules = (): string => appliance.run("ip", ["netns", "exec", CELL, "nft", "list", "ruleset"]);
      assert.match(rules(), /counter sent_machines_tcp_cell_b/);
      assert.not.match(rules(), /cell_a|"ot-a"|"wan"|9797/);

      const before = appliance.mainPid("weir-field.service");
      appliance.run("kill", ["-9", String(appliance.mainPid(UNIT))]);
      await appliance.until("it is back", (now) => now.zones[`field-${CELL}`]?.restarts === 1 && now.zones[`field-${CELL}`]?.state === "running" && connected(now) === MACHINES.length);
      assert.is(appliance.mainPid("weir-field.service"), before);

      // A machine that comes later, and goes again: nobody loads rules by hand.
      town.run("cell-b", "ip", ["address", "add", `${LATER}/24`, "dev", "eth0"]);
      const machine = startChild(context.defer, "ip", ["netns", "exec", town.namespace("cell-b"), process.execPath, weir, "simulate", "machine", "--first", "9", "--rate", "1", "--host", LATER, "--port", "1882"]);
      await machine.line(/"machine":/, context.signal);
      assert.not.ok(rules().includes(LATER));
      const write = (text: string): void => void appliance.run("sh", ["-c", "cat >/var/lib/weir/weir.yaml"], text);
      write(configurationWith({ name: "later-b", segment: CELL, miko: { url: `http://${LATER}:1882` } }));
      await appliance.until("the machine that came later is connected", ({ assets }) => Object.values(assets).some(({ name, link }) => name === "later-b" && link === "connected"));
      assert.match(rules(), new RegExp(`${LATER.replaceAll(".", "\\.")} \\. 1882`));
      assert.is(connected(appliance.status()), MACHINES.length + 1);
      write(configuration);
      await until("its way is closed again", context.signal, () => !rules().includes(LATER), 120_000, 500);
      assert.match(rules(), /counter sent_machines_tcp_cell_b/);
      assert.equal(appliance.run("systemctl", ["--failed", "--no-legend", "--plain"]).trim(), "");
    }, { limitMs: 380_000 });
  },
  { needs: [...APPLIANCE_NEEDS, ...NEIGHBOURHOOD_NEEDS] },
);
