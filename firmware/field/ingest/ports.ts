// What the ingest endpoint asks of the house around it, and what it may be told.

import type { Fault } from "../../../drivers/contract/fault.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { Message } from "../../protocol/mqtt-server/read-packets.ts";

export type { Message };

/** A certificate that the machine CA has issued; the connection is refused for any other. */
export interface PeerCertificate {
  readonly commonName: string;
  /** SHA-256 of the certificate, lower-case hexadecimal without colons. */
  readonly fingerprint: string;
  /** As Node writes them: `DNS:name, URI:urn:…`; empty where there are none. */
  readonly alternativeNames: string;
  /** False where the gateway does not know the time: then its validity was not checked. */
  readonly isDateChecked: boolean;
}

/** What a client says it is. */
export interface Claim {
  /** IP address, without port. */
  readonly address: string;
  readonly isTls: boolean;
  readonly isVersion5: boolean;
  /** Empty where the client leaves it to us. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: Buffer;
  readonly certificate?: PeerCertificate;
}

export interface Admitted {
  readonly machine: AssetId;
  /** The topic below which the machine publishes; `<root>/commands` and below is what it may subscribe to. */
  readonly root: string;
}

/** One connection of a machine; the same object for all its messages. */
export interface Source extends Admitted {
  readonly address: string;
  readonly clientId: string;
  readonly isTls: boolean;
}

export interface IngestPorts {
  /**
   * Who the client is. Rejects with a Fault to refuse it: CREDENTIALS_REFUSED or CERTIFICATE_REFUSED (the client is told bad user or
   * password, and the address is slowed down), any other `denied` (not authorised: a machine that nobody accepted), `transient` (come again).
   */
  authenticate(claim: Claim, signal: AbortSignal): Promise<Admitted>;
  /**
   * Takes messages of one connection in their order; called again before the last call was answered. Resolves when they are durable: then they
   * are acknowledged. A rejection ends the connection with nothing of them acknowledged, so that the machine sends them again.
   */
  accept(source: Source, messages: readonly Message[]): Promise<unknown>;
  /** Takes what an MQTT 3.1.1 client published where it may not. Resolves when it is durably set apart: then it is acknowledged. */
  setApart(source: Source, messages: readonly Message[], fault: Fault): Promise<unknown>;
  /** Something is wrong with a client; `where` names machine and address. Called at most once in 10 s per code and address, with the count. */
  report(fault: Fault): void;
  /** A connection of the machine was opened or is gone (with the reason, where it did not say goodbye). */
  presence?(source: Source, isConnected: boolean, fault?: Fault): void;
}
