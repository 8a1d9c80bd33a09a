// What code in a zone tries on the wires and on loopback: everything that is not declared for it must stay silent, what is declared must answer.

import { HOUSES } from "../walls/town.ts";
import type { Place } from "../walls/agent-orders.ts";
import type { Attempt, ZoneName } from "./attempt-kinds.ts";

/** Somebody listens at all of these, at every address, so that silence is the walls' doing. 1883 is left to the machines' own brokers. */
const PORTS = ["22/tcp", "443/tcp", "8883/tcp", "9797/tcp", "53/udp", "3702/udp"] as const;
const OWN = ["127.0.0.1", "::1", ...HOUSES.flatMap(({ gateway }) => gateway)];

/** What the declared flows let the zone's user reach of these. */
const DECLARED: Readonly<Record<ZoneName, (place: Place) => boolean>> = {
  field: ({ address, port, protocol }) => protocol === "tcp" && (port === 8883 || port === 443) && HOUSES.some(({ name, hosts }) => name.startsWith("cell-") && hosts.includes(address)),
  cloud: ({ address, port, protocol }) => (port === 8883 && protocol === "tcp" && ["9.9.9.9", "2a00:40::9"].includes(address)) || (port === 53 && address === "10.40.0.1"),
  // It is called and calls nobody.
  admin: () => false,
  core: () => false,
  host: () => false,
};

export function places(addresses: readonly string[]): readonly Place[] {
  return addresses.flatMap((address) => PORTS.map((text) => {
    const [port, protocol] = text.split("/") as [string, Place["protocol"]];
    return { address, port: Number(port), protocol };
  }));
}

export const OUTSIDE = HOUSES.flatMap(({ hosts }) => hosts);
export const INSIDE = OWN;

/** EPERM: the unit or the rules refuse the packet at once; EAFNOSUPPORT: the unit refuses the socket; unreachable: there is no network at all. */
const UNREACHED = ["silence", "EPERM", "EACCES", "EAFNOSUPPORT", "ENETUNREACH", "EADDRNOTAVAIL", "EHOSTUNREACH"];

export function reachEverything(zone: ZoneName): readonly Attempt[] {
  return places([...OUTSIDE, ...INSIDE]).map((place) => ({
    name: `reach ${place.address} ${place.port}/${place.protocol}`,
    act: { reach: place.protocol, address: place.address, port: place.port, isDeclared: DECLARED[zone](place) },
    outcome: DECLARED[zone](place) ? "reached" : UNREACHED,
  }));
}

/** The ports of MQTT ingest and of WS-Discovery are field's by the configuration, that of the page admin's, and their processes have them; no other zone has one. */
export function bindEverything(zone: ZoneName): readonly Attempt[] {
  const isDeclared = (protocol: string, port: number): boolean =>
    (zone === "admin" && protocol === "tcp" && port === 9797) || (zone === "field" && ((protocol === "tcp" && (port === 1883 || port === 8883)) || (protocol === "udp" && port === 3702)));
  return ["127.0.0.1", "0.0.0.0", "::"].flatMap((address) => [0, 1883, 3702, 8883, 9797, 40_000].flatMap((port) => (["tcp", "udp"] as const).map((protocol): Attempt => ({
    name: `bind ${address} ${port}/${protocol}`,
    act: { bind: protocol, address, port },
    outcome: isDeclared(protocol, port) ? ["bound", "EADDRINUSE"] : ["EPERM", "EACCES", "EAFNOSUPPORT", "EADDRNOTAVAIL"],
  }))));
}
