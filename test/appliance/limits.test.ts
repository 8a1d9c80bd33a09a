// limit: 400s
// Shows on a booted appliance that firewall and units become what is configured without anybody's hand, and follow a change and its return.

import { assert, suite } from "../support/suite.ts";
import { until } from "../support/gateway.ts";
import { buildTown } from "../walls/town.ts";
import { NEIGHBOURHOOD_NEEDS, RESOLV_CONF, startNeighbourhood } from "./neighbourhood.ts";
import { APPLIANCE_NEEDS, startAppliance, type Appliance } from "./start-appliance.ts";

const FIELD = "weir-field.service";

/** As systemd prints it: `tcp8883`, `eth0`, `10.1.0.0/24`. */
function show(appliance: Appliance, property: string): readonly string[] {
  return appliance.run("systemctl", ["show", `--property=${property}`, "--value", FIELD]).trim().split(/\s+/).filter((word) => word !== "").sort();
}

function network(appliance: Appliance): string {
  return appliance.run("weir", ["network", "--data", "/var/lib/weir"]);
}

suite(
  "appliance, limits from the configuration",
  (test) => {
    test("a gateway that boots has the configured rules, ports and interfaces without a person, and a change and its return reach them too", async (context) => {
      const { signal } = context;
      const town = buildTown(context.defer);
      const neighbours = await startNeighbourhood(context, town, { rate: 1 });
      const appliance = await startAppliance(context, town, { configuration: neighbours.configuration, files: { "etc/resolv.conf": RESOLV_CONF } });
      neighbours.introduce(appliance);
      await appliance.until("every machine is connected", ({ assets }) => Object.values(assets).filter(({ link }) => link === "connected").length === 4, 120_000);
      assert.match(network(appliance), /Firewall: as configured/);
      assert.ok(show(appliance, "SocketBindAllow").includes("tcp8883"), show(appliance, "SocketBindAllow").join(" "));
      assert.equal(show(appliance, "RestrictNetworkInterfaces"), ["ot-a", "ot-b"]);
      assert.ok(show(appliance, "IPAddressAllow").includes("192.168.10.0/24"));
      const { zones } = await appliance.until("every zone says that it is there", (status) => Object.values(status.zones).length === 5 && Object.values(status.zones).every(({ state, memoryBytes }) => state === "running" && memoryBytes !== undefined));
      assert.equal(Object.keys(zones).sort(), ["admin", "cloud", "core", "field", "host"]);
      const before = appliance.mainPid(FIELD);
      const changed = neighbours.configuration.replace(/ingestTls: 8883/g, "ingestTls: 8884");
      assert.not(changed === neighbours.configuration);
      appliance.run("sh", ["-c", "cat >/var/lib/weir/weir.yaml"], changed);
      await until("the change is on trial", signal, () => network(appliance).includes("on trial"), 60_000, 500);
      await until("field runs anew with the new port", signal, () => show(appliance, "SocketBindAllow").includes("tcp8884") && ![0, before].includes(appliance.mainPid(FIELD)), 60_000, 500);
      await until("it has returned", signal, () => network(appliance).includes("not confirmed and is undone"), 120_000, 500);
      await until("the port is the former one", signal, () => show(appliance, "SocketBindAllow").includes("tcp8883"), 60_000, 500);
    }, { limitMs: 380_000 });
  },
  { needs: [...APPLIANCE_NEEDS, ...NEIGHBOURHOOD_NEEDS] },
);
