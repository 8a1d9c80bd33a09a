// What an agent of the walls tests can be told to do.

export interface Place {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
  /** Who listens there answers a stranger no byte: a connection is all that can be had. */
  readonly isSilent?: boolean;
  /** Own port of a datagram that is sent. */
  readonly from?: number;
  /** Multicast group to join, on the interface with this address or name. */
  readonly group?: string;
  readonly wire?: string;
}

/** Bytes are taken and not answered; the result is their number when the first connection ends. */
export type DrainOrder = Place;

export interface ProbeOrder {
  readonly group: string;
  readonly wire: string;
  readonly port: number;
  readonly waitMs: number;
}

export interface Command {
  readonly id: string;
  readonly listen?: readonly Place[];
  readonly reach?: readonly Place[];
  readonly probe?: Omit<ProbeOrder, "waitMs">;
  readonly keep?: Place;
  readonly drain?: DrainOrder;
  readonly flood?: Place;
  readonly count?: number;
  readonly waitMs?: number;
}
