// What all connections of the endpoint share.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Fault } from "../../../drivers/contract/fault.ts";
import type { SessionTable } from "../../protocol/mqtt-server/session-table.ts";
import type { Budget } from "./budget.ts";
import type { IngestLimits } from "./limits.ts";
import type { Penalties } from "./penalties.ts";
import type { IngestPorts, PeerCertificate, Source } from "./ports.ts";
import type { PeerName } from "./reports.ts";

export interface Room {
  readonly ports: IngestPorts;
  readonly clock: Clock;
  readonly limits: IngestLimits;
  readonly sessions: SessionTable;
  readonly penalties: Penalties;
  /** Received and not durable. */
  readonly budget: Budget;
  /** Incomplete packets. */
  readonly held: Budget;
  readonly clients: Set<Client>;
  report(fault: Fault, peer: PeerName): void;
}

/** Who is at the other end of a connection, before it says who it is. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly certificate: PeerCertificate | undefined;
}

export interface Client {
  /** While it is let in. */
  readonly source: Source | undefined;
  /** Bytes of its incomplete packet. */
  readonly heldBytes: number;
  /** Resolves when its socket is closed. */
  readonly gone: Promise<void>;
  /** Reads on or stops, as its own load and the room's ask for. */
  adjust(): void;
  /** Sends commands that wait in its session. */
  pushCommands(): void;
  /** Looks at its deadlines. */
  sweep(nowMs: number): void;
  /** Ends the connection with a reason (MQTT 5 §2.4) and its words; the fault is reported where there is one. */
  end(reasonCode: number, text: string, fault?: Fault): void;
  /** Reads no more; resolves when everything that was received is settled and acknowledged. Never rejects. */
  drain(): Promise<void>;
}
