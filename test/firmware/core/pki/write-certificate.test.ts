// Shows, by openssl and by Node's TLS, what certificates of the machine CA are good for and what they are not.

import { X509Certificate } from "node:crypto";
import { connect, createServer } from "node:tls";
import type { AddressInfo } from "node:net";
import type { KeyPair } from "../../../../firmware/core/pki/orders.ts";
import { domainOf, machineDomain } from "../../../../firmware/core/pki/names.ts";
import { isWithin, permittedSubnets } from "../../../../firmware/core/pki/permitted-subnets.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import { DOMAIN, GATEWAY, machineOf, makeAuthority, serverOf } from "./authority.ts";

/** What a client on Node says that trusts the CA: `authorized`, or the code of its complaint. */
async function askOverTls(defer: Defer, server: KeyPair, ca: string, servername?: string): Promise<string> {
  const endpoint = createServer({ cert: server.certificate, key: server.key }, (socket) => socket.end());
  endpoint.on("tlsClientError", () => undefined);
  defer(() => new Promise((resolve) => void endpoint.close(resolve)));
  await new Promise<void>((resolve) => void endpoint.listen(0, "127.0.0.1", resolve));
  const { port } = endpoint.address() as AddressInfo;
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host: "127.0.0.1", port, ca, ...(servername === undefined ? {} : { servername }) }, () => resolve(socket.authorized ? "authorized" : "not authorized"));
  socket.on("error", (error: NodeJS.ErrnoException) => resolve(`${error.code}: ${error.message}`));
  const said = await promise;
  socket.destroy();
  return said;
}

suite("certificates of the machine CA", (test) => {
  test("CR 1.8 the CA may sign certificates and nothing else, has no CA below it, and its constraints are critical", ({ defer }) => {
    const { openssl } = makeAuthority(defer, ["203.0.113.0/24"]);
    const text = openssl("x509", "-in", "ca.pem", "-noout", "-text");
    assert.match(text, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    assert.match(text, /Key Usage: critical\s+Certificate Sign\n/);
    assert.match(text, /Name Constraints: critical\s+Permitted:/);
    assert.match(text, `DNS:${DOMAIN}`);
    assert.match(text, "IP:203.0.113.0/255.255.255.0");
    assert.match(text, /Public-Key: \(256 bit\)/);
  });
  test("openssl takes a server's certificate as a server's and a machine's as a client's, and not the other way round", ({ defer }) => {
    const { authority, verify } = makeAuthority(defer);
    const server = serverOf(authority, ["127.0.0.1", "192.168.10.1", "fd00::1", "fe80::1"]).certificate;
    const machine = machineOf(authority).certificate;
    assert.is(verify(server, "-purpose", "sslserver", "-verify_hostname", DOMAIN), "OK");
    for (const address of ["127.0.0.1", "192.168.10.1", "fd00::1", "fe80::1"]) assert.is(verify(server, "-purpose", "sslserver", "-verify_ip", address), "OK");
    assert.is(verify(machine, "-purpose", "sslclient", "-verify_hostname", `press-1.${DOMAIN}`), "OK");
    assert.match(verify(machine, "-purpose", "sslserver"), /unsuitable certificate purpose/);
    assert.match(verify(server, "-purpose", "sslclient"), /unsuitable certificate purpose/);
    assert.match(verify(server, "-verify_ip", "192.168.10.2"), /IP address mismatch/);
  });
  test("the name of the assignment is the common name, under the gateway's organisation", ({ defer }) => {
    const { authority } = makeAuthority(defer);
    for (const name of ["press-1", "Press_1", "9.a-", "x--y", "a".repeat(64)]) {
      const { subject, subjectAltName, ca } = new X509Certificate(machineOf(authority, name).certificate);
      assert.equal([subject, subjectAltName, ca], [`O=${GATEWAY}\nCN=${name}`, `DNS:${machineDomain(name, DOMAIN)}`, false]);
    }
  });
  test("whoever has the CA's key can make no certificate that is taken for another name, address, organisation or CA", ({ defer }) => {
    const { forge, verify } = makeAuthority(defer, ["203.0.113.0/24"]);
    const inside = `/O=${GATEWAY}/CN=x`;
    assert.is(verify(forge(inside, `subjectAltName=DNS:x.${DOMAIN},IP:10.1.2.3,IP:203.0.113.9`).certificate), "OK");
    const outside: readonly (readonly [string, string])[] = [
      [inside, "subjectAltName=DNS:cloud.example"],
      [inside, `subjectAltName=DNS:x.${DOMAIN},DNS:${DOMAIN}.example`],
      [inside, "subjectAltName=DNS:machines.weir.internal"],
      [inside, `subjectAltName=DNS:x.${domainOf("gw-2")}`],
      [inside, "subjectAltName=IP:8.8.8.8"],
      [inside, "subjectAltName=IP:203.0.112.9"],
      [inside, "subjectAltName=IP:2001:db8::1"],
      [inside, "subjectAltName=email:root@example.com"],
      [inside, "subjectAltName=URI:https://example.com/"],
      ["/O=gw-2/CN=x", `subjectAltName=DNS:x.${DOMAIN}`],
      ["/CN=x", `subjectAltName=DNS:x.${DOMAIN}`],
      [`${inside}/emailAddress=root@example.com`, `subjectAltName=DNS:x.${DOMAIN}`],
    ];
    for (const [subject, extensions] of outside) assert.match(verify(forge(subject, extensions).certificate), /permitted subtree violation/, extensions);
  });
  test("no certificate authority below it is taken", ({ defer }) => {
    const { file, forge, openssl, verify } = makeAuthority(defer);
    const below = forge(`/O=${GATEWAY}/CN=below`, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign");
    file("below.pem", below.certificate);
    file("below.key", below.key);
    file("leaf.ext", `subjectAltName=DNS:x.${DOMAIN}\n`);
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", `/O=${GATEWAY}/CN=leaf`);
    const leaf = openssl("x509", "-req", "-in", "leaf.csr", "-CA", "below.pem", "-CAkey", "below.key", "-set_serial", "9", "-days", "3", "-extfile", "leaf.ext");
    assert.match(verify(leaf, "-untrusted", "below.pem"), /path length constraint exceeded/);
  });
  test("another gateway's CA verifies nothing of it", ({ defer }) => {
    const { authority } = makeAuthority(defer);
    const other = makeAuthority(defer);
    assert.match(other.verify(machineOf(authority).certificate), /error \d+ at/);
  });
  test("a Node client connects to an address that the certificate names, and refuses one outside the constraints", async ({ defer }) => {
    const { authority, forge } = makeAuthority(defer);
    assert.is(await askOverTls(defer, serverOf(authority), authority.certificate), "authorized");
    assert.is(await askOverTls(defer, serverOf(authority), authority.certificate, DOMAIN), "authorized");
    const machine = machineOf(authority);
    const outside = /permitted subtree violation/;
    assert.match(await askOverTls(defer, serverOf(authority, ["127.0.0.2"]), authority.certificate), /ERR_TLS_CERT_ALTNAME_INVALID/);
    assert.match(await askOverTls(defer, forge(`/O=${GATEWAY}/CN=x`, "subjectAltName=IP:127.0.0.1,DNS:cloud.example"), authority.certificate, "cloud.example"), outside);
    assert.match(await askOverTls(defer, forge(`/O=${GATEWAY}/CN=x`, "subjectAltName=IP:127.0.0.1,IP:8.8.8.8"), authority.certificate), outside);
    assert.match(await askOverTls(defer, { certificate: machine.certificate, key: machine.key ?? "" }, authority.certificate, `press-1.${DOMAIN}`), /INVALID_PURPOSE/);
  });
  test("REL a clock at 1970, 2100 or 9999 changes nothing: certificates have no end", ({ defer }) => {
    const { authority, verify } = makeAuthority(defer);
    const { certificate } = serverOf(authority);
    for (const year of [1970, 2026, 2038, 2050, 2100, 9999]) assert.is(verify(certificate, "-attime", String(Date.UTC(year, 0, 1, 0, 0, 1) / 1000)), "OK", String(year));
  });
}, { needs: ["openssl"] });

suite("names of the machine CA", (test) => {
  test("every name of a gateway or machine becomes one DNS label, and no two become the same", () => {
    const names = ["press-1", "Press-1", "press_1", "press.1", "-", "x--press-1", "a".repeat(63), "a".repeat(64), "A".repeat(64), "9", "a-", "x--press-1-0123456789abcdef"];
    const labels = names.map((name) => machineDomain(name, "d").replace(/\.d$/, ""));
    for (const label of labels) assert.match(label, /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
    assert.is(new Set(labels).size, names.length);
    assert.is(domainOf("hall-3"), "hall-3.machines.weir.internal");
  });
  test("private addresses and the segments of the day may be named, others not", () => {
    const subnets = permittedSubnets([{ subnets: ["192.168.10.0/24", "203.0.113.0/24"] }, { subnets: ["2001:db8:1::/64", "203.0.113.0/25"] }]);
    assert.equal(subnets.slice(8), ["203.0.113.0/24", "2001:db8:1::/64"]);
    for (const address of ["10.0.0.1", "172.31.0.1", "192.168.0.1", "169.254.1.1", "127.0.0.1", "fd12::1", "fe80::1", "::1", "203.0.113.77", "2001:db8:1::5"]) assert.ok(isWithin(address, subnets), address);
    for (const address of ["8.8.8.8", "172.32.0.1", "203.0.112.1", "2001:db8:2::1", "::2", "::ffff:8.8.8.8"]) assert.not.ok(isWithin(address, subnets), address);
  });
  test("a configuration with thousands of public subnets makes no certificate that is too large", () => {
    const many = Array.from({ length: 5000 }, (_, index) => `2001:db8:${index.toString(16)}::/64`);
    assert.is(permittedSubnets([{ subnets: many }]).length, 128);
  });
});
