// What the endpoint allows, per client and in all; the figures bound its memory.

export interface IngestLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxConnectionsPerMachine: number;
  /** From the connection to the answer to CONNECT, TLS included. */
  readonly handshakeMs: number;
  readonly maxConnectBytes: number;
  readonly maxPacketBytes: number;
  /** QoS 1 messages in flight per connection; above it an MQTT 3.1.1 client is not read from. */
  readonly receiveMaximum: number;
  /** Received and not durable: per connection, and of all together. Above it nothing is read. */
  readonly maxInFlightBytes: number;
  readonly maxTotalInFlightBytes: number;
  /** Incomplete packets of all together; beyond it the connection that holds most is ended. */
  readonly maxTotalHeldBytes: number;
  /** Written and not taken by a client: above it nothing is read from it and no command is sent. */
  readonly maxUnsentBytes: number;
  /** A client that takes nothing of what was written for so long is ended. */
  readonly maxStallMs: number;
  /** MQTT 5 clients are given no longer keep-alive. */
  readonly maxKeepAliveSeconds: number;
  readonly maxSessionExpirySeconds: number;
}

export const INGEST_LIMITS: IngestLimits = {
  maxConnections: 1024,
  maxConnectionsPerAddress: 64,
  maxConnectionsPerMachine: 8,
  handshakeMs: 10_000,
  maxConnectBytes: 4096,
  maxPacketBytes: 1_048_576,
  receiveMaximum: 1000,
  maxInFlightBytes: 262_144,
  maxTotalInFlightBytes: 16_777_216,
  maxTotalHeldBytes: 67_108_864,
  maxUnsentBytes: 16_384,
  maxStallMs: 30_000,
  maxKeepAliveSeconds: 600,
  maxSessionExpirySeconds: 86_400,
};
