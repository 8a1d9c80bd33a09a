// Shows how the surroundings of a gateway are told as a text and as a picture, whatever names machines give themselves.

import { inspectConfiguration } from "../../../../firmware/config/load.ts";
import { drawTopology } from "../../../../firmware/core/snapshot/topology-svg.ts";
import { writeTopology } from "../../../../firmware/core/snapshot/topology-text.ts";
import { findTopology, type Topology } from "../../../../firmware/core/snapshot/topology.ts";
import { assert, suite } from "../../../support/suite.ts";

const CONFIGURATION = `
segments:
  - { name: cutting, subnets: [192.168.10.0/24] }
  - { name: empty, subnets: [10.0.0.0/24] }
network:
  field:
    - { segment: cutting, interface: eth1, probePort: 40010, ingestTls: 8883 }
    - { segment: empty, interface: eth2 }
  admin: { interface: eth0, clients: [10.1.0.0/16] }
  cloud: { interface: eth0 }
cloud: { url: "mqtts://192.0.2.1:8883", user: gw, password: { secret: cloud-password } }
contacts: { vendor: { name: Vera, email: vera@example.org } }
assets:
  - { name: press-1, segment: cutting, miko: { url: "http://192.168.10.7:8080/miko/" } }
  - { name: lonely, miko: { url: "http://192.168.10.9/" } }
`;

function topologyOf(models: Readonly<Record<string, string>>): Topology {
  const { configuration, problems } = inspectConfiguration(CONFIGURATION);
  assert.equal(problems, []);
  if (configuration === undefined) throw new Error("no configuration");
  const links = Object.fromEntries(Object.entries(models).map(([name, model]) => [name, { link: "connected", model }]));
  return findTopology({ gateway: "hall-3", version: "0.1.0", time: "2026-01-01T00:00:00.000Z", zones: { core: { state: "running" }, field: { state: "running" } }, configuration, machines: configuration.assets, links, cloud: { state: "connected", peer: "192.0.2.1" } });
}

suite("topology", (test) => {
  test("K2.1.16 the text names zones, segments, ports, machines and everybody else, with their addresses", () => {
    const text = writeTopology(topologyOf({ "press-1": "Komax Alpha 4711" }));
    for (const line of [/^ {2}service {2}Vera/m, /^ {2}core {3}running$/m, /cloud +mqtts:\/\/192\.0\.2\.1:8883 +connected, 192\.0\.2\.1, through eth0/, /management +10\.1\.0\.0\/16/, /^Segment cutting {2}192\.168\.10\.0\/24\n {2}port eth1: searches from 40010\/udp, MQTT\/TLS at 8883\n {2}press-1 {2}http:\/\/192\.168\.10\.7:8080 {2}connected {2}Komax Alpha 4711$/m, /^Segment empty.*\n.*eth2\n {2}no machine$/m, /^Segment \(no segment\)\n {2}lonely {2}http:\/\/192\.168\.10\.9 {2}not read$/m]) assert.match(text, line);
  });
  test("no name steers a terminal or becomes part of the picture's language", () => {
    const topology = { ...topologyOf({}), gateway: '</text><script>alert("1")</script>&\u0007\u202E' };
    const picture = drawTopology(topology);
    assert.ok(!picture.includes("<script"));
    assert.ok(!/[\u0000-\u0008\u000b-\u001f]/.test(picture));
    assert.match(picture, /&lt;script&gt;alert\(&quot;1&quot;\)/);
    assert.ok(!/[\u0007\u202E]/.test(writeTopology(topologyOf({ "press-1": "\u0007\u202Eevil" }))));
  });
  test("of many machines the picture shows some and says where the others are; the text has all", () => {
    const [segment, ...others] = topologyOf({}).segments;
    const machines = Array.from({ length: 100 }, (_, index) => ({ name: `m${index}`, address: "http://10.0.0.1", link: "connected", model: "" }));
    const topology = { ...topologyOf({}), segments: [{ name: "cutting", subnets: [], ports: [], ...segment, machines }, ...others] };
    assert.match(drawTopology(topology), /… and 60 more, see topology\.txt/);
    assert.ok(writeTopology(topology).includes("m99"));
  });
});
