// Shows that nft takes the rules of whatever configuration there may be, not only of the examples.

import fc from "fast-check";
import { isFault } from "../../drivers/contract/fault.ts";
import { deriveWalls } from "../../firmware/protocol/firewall/derive-flows.ts";
import type { FirewallInput } from "../../firmware/protocol/firewall/input.ts";
import { renderRuleset } from "../../firmware/protocol/firewall/ruleset.ts";
import { assert, suite } from "../support/suite.ts";
import { buildTown, USER_IDS } from "./town.ts";

const port = fc.integer({ min: 1, max: 65_535 });
const optional = <Value>(one: fc.Arbitrary<Value>) => fc.option(one, { nil: undefined });
const subnets = (prefix: string, six: string) => fc.subarray([`${prefix}.0.0/16`, `${prefix}.1.0/24`, `${prefix}.1.7/32`, `${six}::/64`, `${six}::/80`], { minLength: 1 });
const url = fc.tuple(fc.constantFrom("http", "https", "mqtt", "snmp", "unknown"), fc.constantFrom("10.1.1.7", "10.1.1.8", "[fd01::1]", "name.example"), port).map(([scheme, host, number]) => `${scheme}://${host}:${number}/`);
const cloudUrl = fc.constantFrom("mqtts://broker.example.com:8883", "mqtts://[2a00::1]:8883", "wss://9.9.9.9/mqtt", "mqtt://localhost:1883", "mqtt://[::1]:1883");

const network = fc.record({
  field: fc.tuple(fc.record({ segment: fc.constant("a"), interface: fc.constant("eth0.1"), automatic: fc.boolean(), probePort: optional(port), ingestTls: optional(port), ingestPlain: optional(port), traps: fc.boolean(), inspectPorts: fc.array(port, { maxLength: 4 }), brokerPorts: fc.array(port, { maxLength: 4 }) })),
  plant: optional(fc.record({ interface: fc.constantFrom("eth1", "eth2"), automatic: fc.boolean(), clients: subnets("10.2", "fd02"), facade: optional(port), mqtt: optional(port), opcua: optional(port), discoveryProxy: fc.boolean(), ldaps: fc.subarray(["10.2.0.1", "fd02::9"]), syslog: fc.subarray(["10.9.0.1"]) })),
  admin: optional(fc.record({ interface: fc.constantFrom("eth1", "eth3"), automatic: fc.boolean(), clients: subnets("10.3", "fd03"), port })),
  cloud: optional(fc.record({ interface: fc.constantFrom("eth1", "eth4"), automatic: fc.boolean(), updates: fc.subarray(["https://updates.example.com", "https://9.9.9.10:8443"]) })),
  ntp: optional(fc.record({ via: fc.constantFrom("plant", "admin", "cloud"), servers: fc.subarray(["10.2.0.1", "2a00::7"], { minLength: 1 }) })),
  dns: optional(fc.record({ via: fc.constantFrom("plant", "admin", "cloud"), servers: fc.constant(["10.2.0.1"]) })),
});
const configuration = fc.record({
  segments: subnets("10.1", "fd01").map((own) => [{ name: "a", subnets: own }]),
  assets: fc.array(url.map((text) => ({ name: "m", config: { url: text } })), { maxLength: 5 }),
  cloud: optional(cloudUrl.map((text) => ({ url: text }))),
  network,
});

suite(
  "walls, any configuration",
  (test) => {
    test("CR 5.1 nft accepts the rules of every configuration that is not refused", ({ defer }) => {
      const town = buildTown(defer, []);
      let accepted = 0;
      fc.assert(
        fc.property(configuration, (input) => {
          try {
            town.run("gateway", "nft", ["-c", "-f", "-"], renderRuleset(deriveWalls(withoutUndefined(input)), { userIds: USER_IDS }));
            accepted += 1;
          } catch (error) {
            if (!isFault(error, "CONFIG_INVALID")) throw error;
          }
        }),
        { numRuns: 60 },
      );
      assert.ok(accepted > 15, `only ${accepted} configurations had rules`);
    });

    test("2,000 machines fit into the rules", ({ defer }) => {
      const town = buildTown(defer, []);
      const assets = Array.from({ length: 2000 }, (_, place) => ({ name: `m${place}`, segment: "a", config: { url: `http://10.1.${Math.floor(place / 250)}.${(place % 250) + 1}:8080/` } }));
      const input: FirewallInput = { segments: [{ name: "a", subnets: ["10.1.0.0/16"] }], assets, network: { field: [{ segment: "a", interface: "eth0", automatic: false, traps: true, brokerPorts: [1883] }] } };
      const text = renderRuleset(deriveWalls(input), { userIds: USER_IDS });
      town.run("gateway", "nft", ["-f", "-"], text);
      assert.match(text, /10\.1\.7\.250 \. 8080/);
    });
  },
  { needs: ["root", "netns", "nft", "sysctl"], limitMs: 30_000 },
);

/** As a loaded configuration is: what was not given is absent. */
function withoutUndefined(input: unknown): FirewallInput {
  return JSON.parse(JSON.stringify(input)) as FirewallInput;
}
