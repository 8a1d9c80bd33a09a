// The one way telemetry leaves on a connection: counts what is under way, keeps to the broker's limits, and tells what was open at the end.

import type { Lane } from "../../conduit/cloud.ts";
import type { Blame, Open } from "./blame.ts";
import { nameBrokerFault } from "./broker-fault.ts";
import type { Answer, Connection } from "./connection.ts";
import type { Lease } from "./lease-desk.ts";
import { packetBytes, telemetryTopic, writeTelemetry } from "./payload.ts";
import type { Compression } from "./payload.ts";
import { makePermits } from "./permits.ts";
import type { Piece } from "./split-readings.ts";
import { joinPieces } from "./split-readings.ts";
import type { Suspects } from "./suspects.ts";
import type { Target } from "./target.ts";
import type { PieceAnswer } from "./bisect.ts";

/** A message ready to be sent, with its permit. */
export interface Ready {
  readonly open: Open;
  readonly payload: Buffer;
}

export interface Outlet {
  /** Waits for a permit. Undefined when the signal aborted first, or a sentence when the packet is larger than the broker takes. */
  prepare(open: Open, readings: Uint8Array, signal: AbortSignal): Promise<Ready | string | undefined>;
  /** Sends at once, so that the order of calls is the order on the wire. */
  send(ready: Ready): Promise<Answer>;
  sendPieces(lease: Lease, pieces: readonly Piece[], signal: AbortSignal): Promise<PieceAnswer>;
  /** The number of the last message sent. */
  lastNumber(): number;
  /** The link refused for a reason that no reading can have: ends the connection, and nothing is rejected. */
  refuse(code: number, reason: string): void;
  /** What was unconfirmed when the connection ended, in the order of sending. */
  readonly lost: readonly Open[];
}

export interface OutletPorts {
  readonly connection: Connection;
  readonly target: Target;
  readonly gateway: string;
  readonly compression: Compression;
  readonly blame: Blame;
  readonly suspects: Suspects;
}

/** Status and inventory share the broker's Receive Maximum with the telemetry. */
const RESERVED_PERMITS = 2;

export function makeOutlet(ports: OutletPorts): Outlet {
  const { connection, blame, suspects, gateway, compression } = ports;
  const topic = telemetryTopic(gateway, compression);
  const permits = makePermits(blame.isCareful ? 1 : Math.max(1, connection.receiveMaximum - RESERVED_PERMITS));
  const lost: Open[] = [];
  let lastNumber = 0;
  const prepare: Outlet["prepare"] = async (open, readings, signal) => {
    const payload = await writeTelemetry({ gateway, stream: open.stream, lane: open.lane }, readings, compression);
    const bytes = packetBytes(topic, payload.length);
    if (bytes > connection.maxPacketBytes) return `${bytes} bytes are more than the ${connection.maxPacketBytes} that the broker takes (Maximum Packet Size)`;
    return (await permits.acquire(signal)) ? { open, payload } : undefined;
  };
  const send: Outlet["send"] = async ({ open, payload }) => {
    lastNumber += 1;
    const number = lastNumber;
    const wasOpen = connection.isOpen();
    const answer = await connection.publish(topic, payload);
    permits.release();
    if (answer.kind === "lost" && wasOpen) lost.push(open);
    if (answer.kind === "confirmed") {
      blame.confirmed(open);
      await suspects.confirmed(number);
    }
    return answer;
  };
  return {
    prepare,
    send,
    sendPieces: async (lease, pieces, signal) => {
      const ready = await prepare(openOf(lease, pieces), joinPieces(pieces), signal);
      if (typeof ready === "string") return { kind: "tooLarge", reason: ready };
      return ready === undefined ? { kind: "lost" } : send(ready);
    },
    lastNumber: () => lastNumber,
    refuse: (code, reason) => connection.breakOff(nameBrokerFault(code, ports.target, { reason })),
    lost,
  };
}

/** What is under way with a whole lease, or with some pieces of it. */
export function openOf(lease: Lease, pieces?: readonly Piece[]): Open {
  const { lane, stream, count } = lease.head;
  const ranges = pieces === undefined ? lease.head.ranges : pieces.map((piece) => piece.range);
  return { lane: lane satisfies Lane, stream, first: ranges[0]?.[0] ?? 0, last: ranges.at(-1)?.[1] ?? 0, count: pieces?.length ?? count };
}
