// Shows what systemd-networkd gets to read, and that no text of a request becomes another line of it.

import fc from "fast-check";

import { isFault } from "../../../drivers/contract/fault.ts";
import type { NetworkPort } from "../../../firmware/conduit/host.ts";
import { renderNetworkFiles } from "../../../firmware/host/network-files.ts";
import { assert, suite } from "../../support/suite.ts";

const fixed: NetworkPort = { interface: "eth0", automatic: false, addresses: ["192.168.10.1/24", "fd00::1/64"], gateways: ["192.168.10.254"], dns: ["192.168.10.53"] };

const HOSTILE = ["", "eth0\n[Match]", "eth 0", "../eth0", "e*", "eth0\0", "a".repeat(16), "!eth0", "-eth0", "eth0 eth1", "éth0"];

suite("network files", (test) => {
  test("a port with addresses of its own", () => {
    assert.equal([...renderNetworkFiles({ ports: [fixed] })], [
      [
        "50-weir-eth0.network",
        "[Match]\nName=eth0\n[Network]\nDHCP=no\nIPv6AcceptRA=no\nLLMNR=no\nMulticastDNS=no\nLLDP=no\nEmitLLDP=no\nAddress=192.168.10.1/24\nAddress=fd00::1/64\nGateway=192.168.10.254\nDNS=192.168.10.53\n[Link]\nRequiredForOnline=no\n",
      ],
    ]);
  });

  test("a VLAN and the bare port below it", () => {
    const files = renderNetworkFiles({ ports: [{ ...fixed, interface: "eth0.10", vlan: { parent: "eth0", id: 10 } }] });
    assert.equal([...files.keys()], ["50-weir-eth0.10.network", "50-weir-eth0.10.netdev", "50-weir-eth0.network"]);
    assert.is(files.get("50-weir-eth0.10.netdev"), "[NetDev]\nName=eth0.10\nKind=vlan\n[VLAN]\nId=10\n");
    assert.match(files.get("50-weir-eth0.network") ?? "", /LinkLocalAddressing=no\n[^]*VLAN=eth0\.10\n/);
  });

  for (const name of HOSTILE) {
    test(`refuses ${JSON.stringify(name)} as an interface, an address, a gateway and a parent`, () => {
      for (const port of [{ ...fixed, interface: name }, { ...fixed, addresses: [name] }, { ...fixed, gateways: [name] }, { ...fixed, dns: [name] }, { ...fixed, vlan: { parent: name, id: 1 } }]) {
        assert.throws(() => renderNetworkFiles({ ports: [port] }), (error: unknown) => isFault(error, "INPUT_INVALID"));
      }
    });
  }

  for (const address of ["192.168.10.1", "192.168.10.1/33", "192.168.10.1/0", "192.168.10.1/24/1", "fe80::1%eth0/64", "fd00::1/129", "1.2.3/24", "0x7f.1/8", "10.0.0.1/ 8", "10.0.0.1/8\n"]) {
    test(`refuses ${JSON.stringify(address)} as an address with its length`, () => {
      assert.throws(() => renderNetworkFiles({ ports: [{ ...fixed, addresses: [address] }] }), (error: unknown) => isFault(error, "INPUT_INVALID"));
    });
  }

  test("refuses an interface without an address, and one that is named twice", () => {
    assert.throws(() => renderNetworkFiles({ ports: [{ ...fixed, addresses: [] }] }), /neither an address/);
    assert.throws(() => renderNetworkFiles({ ports: [fixed, fixed] }), /named twice/);
  });

  test("whatever a request says, each line is one of those that we write", () => {
    const line = /^(?:\[(?:Match|Network|Link|NetDev|VLAN)\]|Name=[\w.-]+|Kind=vlan|Id=\d+|VLAN=[\w.-]+|(?:DHCP|IPv6AcceptRA|LLMNR|MulticastDNS|LLDP|EmitLLDP|RequiredForOnline|LinkLocalAddressing)=(?:yes|no)|(?:Address|Gateway|DNS)=[0-9a-f:./]+)$/;
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom("eth0", "10.0.0.1/8", "10.0.0.1", "fd00::1/64", "::ffff:1.2.3.4/96", "eth0\nDNS=1.1.1.1"));
    const port = fc.record({ interface: text, automatic: fc.boolean(), addresses: fc.array(text, { maxLength: 3 }), gateways: fc.array(text, { maxLength: 2 }), dns: fc.array(text, { maxLength: 2 }) });
    fc.assert(
      fc.property(fc.array(port, { maxLength: 3 }), (ports) => {
        try {
          for (const [name, file] of renderNetworkFiles({ ports })) {
            if (!/^50-weir-[\w.-]+\.(?:network|netdev)$/.test(name)) return false;
            if (!file.endsWith("\n") || !file.slice(0, -1).split("\n").every((one) => line.test(one))) return false;
          }
          return true;
        } catch (error) {
          return isFault(error, "INPUT_INVALID");
        }
      }),
      { numRuns: 500 },
    );
  });
});
