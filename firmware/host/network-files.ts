// From ports to the files of systemd-networkd (systemd.network(5), systemd.netdev(5)). What has not passed a check here stands in no file.

import ipaddr from "ipaddr.js";
import { Fault } from "../../drivers/contract/fault.ts";
import type { NetworkPort, NetworkRequest } from "../conduit/host.ts";

/** What all our files begin with; others in the folder are not ours. */
export const FILE_PREFIX = "50-weir-";

const INTERFACE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/;

/** File name to text. The same request gives the same files. Throws INPUT_INVALID. */
export function renderNetworkFiles({ ports }: NetworkRequest): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const parents = new Set(ports.flatMap(({ vlan }) => (vlan === undefined ? [] : [vlan.parent])));
  for (const port of ports) {
    const name = interfaceName(port.interface);
    if (files.has(networkFile(name))) throw refuse(`the interface ${name} is named twice`);
    files.set(networkFile(name), renderPort(port, vlansOn(name, ports)));
    if (port.vlan !== undefined) files.set(`${FILE_PREFIX}${name}.netdev`, renderVlan(name, port.vlan.id));
  }
  for (const parent of parents) {
    const name = interfaceName(parent);
    if (!files.has(networkFile(name))) files.set(networkFile(name), renderBareParent(name, vlansOn(name, ports)));
  }
  return files;
}

function networkFile(name: string): string {
  return `${FILE_PREFIX}${name}.network`;
}

function vlansOn(parent: string, ports: readonly NetworkPort[]): readonly string[] {
  return ports.filter(({ vlan }) => vlan?.parent === parent).map((port) => `VLAN=${interfaceName(port.interface)}`);
}

/** No name resolution over the wire and no forwarding, whatever the defaults of the day are. */
const QUIET = ["LLMNR=no", "MulticastDNS=no", "LLDP=no", "EmitLLDP=no"];

function renderPort(port: NetworkPort, vlans: readonly string[]): string {
  const { automatic, addresses, gateways, dns } = port;
  if (!automatic && addresses.length === 0) throw refuse(`the interface ${port.interface} has neither an address nor gets one`);
  const network = [
    `DHCP=${automatic ? "yes" : "no"}`,
    `IPv6AcceptRA=${automatic ? "yes" : "no"}`,
    ...QUIET,
    ...addresses.map((address) => `Address=${addressWithLength(address)}`),
    ...gateways.map((gateway) => `Gateway=${plainAddress(gateway)}`),
    ...dns.map((server) => `DNS=${plainAddress(server)}`),
    ...vlans,
  ];
  return section("Match", [`Name=${interfaceName(port.interface)}`]) + section("Network", network) + section("Link", ["RequiredForOnline=no"]);
}

function renderBareParent(name: string, vlans: readonly string[]): string {
  return section("Match", [`Name=${name}`]) + section("Network", ["DHCP=no", "IPv6AcceptRA=no", "LinkLocalAddressing=no", ...QUIET, ...vlans]);
}

function renderVlan(name: string, id: number): string {
  if (!Number.isInteger(id) || id < 1 || id > 4094) throw refuse("a VLAN has a number from 1 to 4094");
  return section("NetDev", [`Name=${name}`, "Kind=vlan"]) + section("VLAN", [`Id=${id}`]);
}

function section(name: string, lines: readonly string[]): string {
  return `[${name}]\n${lines.join("\n")}\n`;
}

function interfaceName(text: string): string {
  if (!INTERFACE.test(text)) throw refuse(`${JSON.stringify(text.slice(0, 80))} is no interface name`);
  return text;
}

function plainAddress(text: string): string {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !(text.includes(":") && !text.includes("%") && ipaddr.IPv6.isValid(text))) throw refuse(`${JSON.stringify(text.slice(0, 80))} is no address`);
  return ipaddr.parse(text).toString();
}

function addressWithLength(text: string): string {
  const [address = "", length = "", ...rest] = text.split("/");
  const plain = plainAddress(address);
  const most = plain.includes(":") ? 128 : 32;
  if (rest.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) < 1 || Number(length) > most) throw refuse(`${JSON.stringify(text.slice(0, 80))} is no address with the length of its prefix`);
  return `${plain}/${Number(length)}`;
}

function refuse(message: string): Fault {
  return new Fault("INPUT_INVALID", message, { where: "network", remedy: "Correct it in the configuration; `weir check` tells where it stands." });
}
