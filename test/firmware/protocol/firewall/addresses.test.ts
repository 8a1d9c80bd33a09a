// Shows which addresses may stand behind a cloud name.

import fc from "fast-check";
import { lies, mayBeCloudAddress, overlap } from "../../../../firmware/protocol/firewall/addresses.ts";
import { sortCloudAddresses } from "../../../../firmware/protocol/firewall/cloud-set.ts";
import { assert, suite } from "../../../support/suite.ts";
import { example } from "./example.ts";

const REFUSED = [
  "0.0.0.0", "0.1.2.3", "10.1.1.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
  "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
  "::", "::1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:808:808::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:a::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
  "", "localhost", "8.8.8", "8.8.8.8/32", "0x8.8.8.8", "8.8.8.8 ", "010.8.8.8",
];

suite("firewall, addresses of the cloud", (test) => {
  test("K2.2.1b a global unicast address may stand for a cloud name", () => {
    for (const address of ["9.9.9.9", "52.1.2.3", "2a00:1450:4001::1", "2620:fe::9"]) assert.ok(mayBeCloudAddress(address, example), address);
  });
  test("K2.2.1b no private, local, shared, reserved, documentation or translated address may, and nothing that is no address", () => {
    assert.equal(REFUSED.filter((address) => mayBeCloudAddress(address, example)), []);
  });
  test("K2.2.2 an address of a segment, of the plant or of management may not, even where it is a public one", () => {
    const segments = [...example.segments, { name: "public", subnets: ["52.1.2.0/24"] }];
    assert.not.ok(mayBeCloudAddress("52.1.2.3", { ...example, segments }));
    const plant = { ...example.network.plant, interface: "eth1", automatic: true, clients: ["9.9.9.0/24"], discoveryProxy: false, ldaps: [], syslog: ["52.9.9.9"] };
    for (const address of ["9.9.9.9", "52.9.9.9"]) assert.not.ok(mayBeCloudAddress(address, { ...example, network: { ...example.network, plant } }));
  });
  test("addresses and ports that are refused are told apart, so that they can be reported", () => {
    const good = { address: "9.9.9.9", port: 443, lifeSeconds: 60 };
    const bad = [{ ...good, address: "192.168.10.21" }, { ...good, port: 22 }];
    assert.equal(sortCloudAddresses([good, ...bad], example), { accepted: [good], refused: bad });
    assert.equal(sortCloudAddresses([good], { segments: [], assets: [] }).accepted, []);
  });
  test("two subnets overlap exactly when one holds the other's first address", () => {
    assert.ok(overlap("10.0.0.0/8", "10.20.0.0/16") && overlap("10.20.0.0/16", "10.0.0.0/8") && overlap("10.0.0.1", "10.0.0.0/8"));
    assert.not.ok(overlap("10.0.0.0/16", "10.1.0.0/16") || overlap("10.0.0.0/8", "fd00::/8"));
    fc.assert(fc.property(fc.ipV4(), fc.nat({ max: 32 }), (address, bits) => lies(address, `${address}/${bits}`)));
  });
});
