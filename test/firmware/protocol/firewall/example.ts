// A small configuration for the tests of the firewall, as a shape, and what is changed in it.

import type { FirewallInput, NetworkInput } from "../../../../firmware/protocol/firewall/input.ts";

const network: NetworkInput = {
  field: [
    { segment: "cell-a", interface: "eth0", automatic: false, probePort: 37_020, ingestTls: 8883, traps: true, inspectPorts: [80, 443], brokerPorts: [1883] },
    { segment: "cell-b", interface: "eth0.11", automatic: false, traps: false, brokerPorts: [] },
  ],
  plant: { interface: "eth1", automatic: true, clients: ["10.20.0.0/24"], facade: 9443, discoveryProxy: false, ldaps: [], syslog: ["10.20.0.6"] },
  admin: { interface: "eth1", automatic: true, clients: ["10.20.5.0/28"], port: 9797 },
  cloud: { interface: "eth1", automatic: true, updates: ["https://updates.example.com"] },
  ntp: { via: "plant", servers: ["10.20.0.1"] },
  dns: { via: "cloud", servers: ["10.20.0.1"] },
};

export const example: FirewallInput & { readonly network: NetworkInput } = {
  segments: [
    { name: "cell-a", subnets: ["192.168.10.0/24", "fd00:a::/64"] },
    { name: "cell-b", subnets: ["192.168.11.0/24"] },
  ],
  assets: [
    { name: "cutter", segment: "cell-a", config: { url: "http://192.168.10.21:8080/miko/", nested: [{ trap: "snmp://192.168.10.22" }] } },
    { name: "elsewhere", segment: "cell-b", config: { url: "http://192.168.99.1/" } },
  ],
  cloud: { url: "mqtts://broker.example.com:8883" },
  network,
};

/** The example with another `network`. */
export function withNetwork(change: Partial<NetworkInput>): FirewallInput {
  return { ...example, network: { ...network, ...change } };
}
