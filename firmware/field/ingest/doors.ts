// At which addresses and ports the ingest endpoint listens: those of this gateway in the segments whose port is configured.

import type { SegmentDuty } from "../../conduit/source.ts";
import { lies } from "../../protocol/firewall/addresses.ts";
import { isLinkLocal, type OwnAddress } from "../../runtime/own-addresses.ts";

export interface Door {
  readonly segment: string;
  /** What to listen at; absent where the interface has no address in the segment. */
  readonly host?: string;
  /** The host without its interface, or the interface where there is no address. */
  readonly address: string;
  readonly port: number;
  readonly isTls: boolean;
}

/** In a fixed order. A segment without an address has one door that cannot be opened for each port, so that somebody is told. */
export function doorsOf(segments: readonly SegmentDuty[], own: readonly OwnAddress[]): readonly Door[] {
  return segments.flatMap((duty) => {
    const places = placesOf(duty, own);
    const ports = [
      { port: duty.ingestTls, isTls: true },
      { port: duty.ingestPlain, isTls: false },
    ];
    return ports.flatMap(({ port, isTls }) => (port === undefined ? [] : places.map((place) => ({ segment: duty.name, ...place, port, isTls }))));
  });
}

/** Whether a publish URL means one of the doors. `subnets` are those that the machine may be in; none: all. */
export function isDoor(url: URL, doors: readonly Door[], subnets: readonly string[]): boolean {
  const isTls = url.protocol === "mqtts:";
  if (!isTls && url.protocol !== "mqtt:") return false;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (isTls ? 8883 : 1883) : Number(url.port);
  if (subnets.length > 0 && !subnets.some((subnet) => lies(host, subnet))) return false;
  return doors.some((door) => door.host !== undefined && door.isTls === isTls && door.port === port && lies(host, door.address));
}

export function keyOf({ segment, host, address, port, isTls }: Door): string {
  return JSON.stringify([segment, host ?? null, address, port, isTls]);
}

function placesOf({ interface: name, subnets }: SegmentDuty, own: readonly OwnAddress[]): readonly Pick<Door, "host" | "address">[] {
  const places = own
    .filter((one) => one.interface === name && subnets.some((subnet) => lies(one.address, subnet)))
    .map((one) => ({ address: one.address, host: isLinkLocal(one) ? `${one.address}%${name}` : one.address }));
  return places.length === 0 ? [{ address: name }] : places;
}
