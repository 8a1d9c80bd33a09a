// Shows which flows a configuration opens, and which configurations are refused.

import { deriveWalls } from "../../../../firmware/protocol/firewall/derive-flows.ts";
import { describeFlow } from "../../../../firmware/protocol/firewall/flow-table.ts";
import type { FirewallInput } from "../../../../firmware/protocol/firewall/input.ts";
import { markOf } from "../../../../firmware/protocol/firewall/rule.ts";
import { assert, suite } from "../../../support/suite.ts";
import { example, withNetwork } from "./example.ts";

/** Flows of zones as "name | direction | side, interface | ports | other end". */
function opened(input: FirewallInput): readonly string[] {
  const { flows } = deriveWalls(input);
  return flows.filter(({ speaker }) => speaker !== "kernel" && speaker !== "addresses").map((flow) => describeFlow(flow).filter((_, column) => column !== 6).join(" | "));
}

const [cellA, cellB] = example.network.field;

suite("firewall, flows", (test) => {
  test("K2.2.1a a configuration opens exactly what it needs", () => {
    assert.equal(opened(example), [
      "machines-tcp-cell-a | weir-field | out | segment:cell-a, eth0 | tcp to 8080 | 192.168.10.21 port 8080",
      "machines-udp-cell-a | weir-field | out | segment:cell-a, eth0 | udp to 161 | 192.168.10.22 port 161",
      "brokers-cell-a | weir-field | out | segment:cell-a, eth0 | tcp to 1883 | 192.168.10.0/24, fd00:a::/64",
      "probes-cell-a | weir-field | out | segment:cell-a, eth0 | udp from 37020 to 3702 | 239.255.255.250, ff02::c, 192.168.10.0/24, fd00:a::/64, fe80::/10",
      "probe-answers-cell-a | weir-field | in | segment:cell-a, eth0 | udp to 37020 | 192.168.10.0/24, fd00:a::/64, fe80::/10",
      "hellos-cell-a | weir-field | in | segment:cell-a, eth0 | udp to 3702 | 192.168.10.0/24, fd00:a::/64, fe80::/10 (to 239.255.255.250, ff02::c)",
      "searches-cell-a | weir-field | in | segment:cell-a, eth0 | udp to 3702 | 192.168.10.0/24, fd00:a::/64, fe80::/10",
      "gateway-found-cell-a | weir-field | out | segment:cell-a, eth0 | udp from 3702 | 239.255.255.250, ff02::c, 192.168.10.0/24, fd00:a::/64, fe80::/10",
      "inspections-cell-a | weir-field | out | segment:cell-a, eth0 | tcp to 80, 443 | 192.168.10.0/24, fd00:a::/64",
      "secure-ingest-cell-a | weir-field | in | segment:cell-a, eth0 | tcp to 8883 | 192.168.10.0/24, fd00:a::/64",
      "traps-cell-a | weir-field | in | segment:cell-a, eth0 | udp to 162 | 192.168.10.0/24, fd00:a::/64",
      "facade | weir-plant | in | plant, eth1 | tcp to 9443 | 10.20.0.0/24",
      "syslog | weir-plant | out | plant, eth1 | tcp to 6514 | 10.20.0.6 port 6514",
      "admin-page | weir-admin | in | management, eth1 | tcp to 9797 | 10.20.5.0/28",
      "cloud | weir-cloud | out | cloud, eth1 | tcp to 8883, 443 | broker.example.com, updates.example.com",
      "names-udp | weir-cloud | out | cloud, eth1 | udp to 53 | 10.20.0.1 port 53",
      "names-tcp | weir-cloud | out | cloud, eth1 | tcp to 53 | 10.20.0.1 port 53",
      "time | _chrony | out | plant, eth1 | udp to 123 | 10.20.0.1 port 123",
    ]);
  });

  test("K2.2.1a without a section network nothing passes", () => {
    assert.equal(deriveWalls({ segments: example.segments, assets: example.assets }), { sides: [], flows: [] });
  });

  test("K2.1.14 with a proxy the proxy is the only destination, and no name is resolved", () => {
    const lines = opened({ ...example, cloud: { url: "mqtts://broker.example.com:8883", proxy: { url: "http://10.20.0.8:3128" } } }).filter((line) => line.includes("weir-cloud"));
    assert.equal(lines, ["cloud-addresses | weir-cloud | out | cloud, eth1 | tcp to 3128 | 10.20.0.8 port 3128"]);
  });

  test("U4.10.2d an asset whose address lies outside its segment opens nothing", () => {
    assert.equal(opened(example).filter((line) => line.includes("192.168.99.1")), []);
  });

  test("NDR 5.1 each network namespace has the walls of its own segments and no other, so that wires, probe ports and subnets may recur", () => {
    assert.ok(cellA !== undefined && cellB !== undefined);
    if (cellA === undefined || cellB === undefined) return;
    const subnets = ["192.168.10.0/24"];
    const assets = [...example.assets, { name: "twin", segment: "cell-b", config: { url: "http://192.168.10.77:81/" } }, { name: "anywhere", config: { url: "http://192.168.10.78:82/" } }];
    const input: FirewallInput = { ...withNetwork({ field: [cellA, { ...cellB, interface: cellA.interface, probePort: 37_020, namespace: "b" }] }), segments: [{ name: "cell-a", subnets }, { name: "cell-b", subnets }], assets };
    const [main, other] = [deriveWalls(input), deriveWalls(input, "b")];
    assert.equal(other.sides, [{ name: "segment:cell-b", interface: cellA.interface, subnets }]);
    assert.ok(other.flows.length > 0 && other.flows.every(({ side, speaker }) => side === "segment:cell-b" && (speaker === "field" || speaker === "kernel")));
    assert.ok(main.flows.every(({ side }) => side !== "segment:cell-b"));
    const machines = (walls: typeof main): readonly string[] => walls.flows.flatMap(({ name, peers }) => (name.startsWith("machines-tcp") && peers.kind === "endpoints" ? peers.endpoints.map(({ address, port }) => `${address}:${port}`) : []));
    assert.equal([machines(main), machines(other)], [["192.168.10.21:8080", "192.168.10.78:82"], ["192.168.10.77:81"]], "a machine without a segment is read from the gateway's own namespace");
    assert.equal(deriveWalls(input, "nowhere"), { sides: [], flows: [] });
  });

  test("a flow that changes has another mark, and one that does not keeps its own", () => {
    const marks = (input: FirewallInput): ReadonlyMap<string, number> => new Map(deriveWalls(input).flows.map((flow) => [flow.name, markOf(flow)]));
    const [before, after] = [marks(example), marks(withNetwork({ admin: { interface: "eth1", automatic: true, clients: ["10.20.6.0/28"], port: 9797 } }))];
    assert.is.not(before.get("admin-page"), after.get("admin-page"));
    assert.is(before.get("facade"), after.get("facade"));
  });

  test("NDR 5.2 configurations that would join what must stay apart are refused", () => {
    assert.ok(cellA !== undefined && cellB !== undefined);
    if (cellA === undefined || cellB === undefined) return;
    const plant = example.network.plant;
    const refused: readonly (readonly [FirewallInput, RegExp])[] = [
      [withNetwork({ field: [cellA, { ...cellB, interface: "eth0" }] }), /share the interface eth0/],
      [withNetwork({ field: [{ ...cellA, interface: "eth1" }] }), /shares the interface eth1 with another side/],
      [withNetwork({ field: [cellA, { ...cellB, probePort: 37_020 }] }), /share the probe port 37020/],
      [withNetwork({ field: [{ ...cellA, namespace: "b" }, { ...cellB, namespace: "b", interface: "eth0" }] }), /share the interface eth0/],
      [withNetwork({ field: [cellA, { ...cellA, namespace: "b", interface: "eth5" }] }), /"cell-a" lies in two network namespaces/],
      [withNetwork({ field: [{ ...cellA, namespace: "b", segment: "nowhere" }] }), /names the segment "nowhere"/],
      [withNetwork({ field: [{ ...cellA, segment: "nowhere" }] }), /names the segment "nowhere"/],
      [withNetwork({ field: [cellA, { ...cellA, interface: "eth5", probePort: 1 }] }), /two flows are called/],
      [withNetwork({ admin: { interface: "eth1", automatic: true, clients: ["0.0.0.0/0"], port: 9797 } }), /half the world/],
      [withNetwork({ admin: { interface: "eth1", automatic: true, clients: ["192.168.0.0/16"], port: 9797 } }), /in or around the segment "cell-a"/],
      [withNetwork({ ntp: { via: "plant", servers: ["192.168.11.5"] } }), /in or around the segment "cell-b"/],
      [{ ...example, network: { field: [], ...(plant === undefined ? {} : { plant }), dns: { via: "cloud", servers: ["10.20.0.1"] } } }, /no network\.cloud/],
      [{ ...example, cloud: { url: "mqtts://192.168.10.21:8883" } }, /lies in the segment "cell-a"/],
    ];
    for (const [input, message] of refused) assert.throws(() => deriveWalls(input), message);
  });
});
