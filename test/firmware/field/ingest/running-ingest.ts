// An ingest endpoint on loopback whose house is the test: it remembers what it was told and is asked when things are durable.

import { Fault } from "../../../../drivers/contract/fault.ts";
import { openIngest, type Ingest } from "../../../../firmware/field/ingest/endpoint.ts";
import type { IngestLimits } from "../../../../firmware/field/ingest/limits.ts";
import type { ListenerTls } from "../../../../firmware/field/ingest/listener.ts";
import type { Admitted, Claim, IngestPorts, Message, Source } from "../../../../firmware/field/ingest/ports.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import type { Clock } from "../../../../drivers/contract/clock.ts";
import type { Defer } from "../../../support/attempt.ts";

export interface Taken {
  readonly source: Source;
  readonly message: Message;
  readonly text: string;
}

export interface RunningIngest {
  readonly ingest: Ingest;
  readonly port: number;
  readonly url: string;
  readonly taken: Taken[];
  readonly apart: Taken[];
  readonly faults: Fault[];
  readonly presence: { readonly source: Source; readonly isConnected: boolean; readonly fault: Fault | undefined }[];
  readonly claims: Claim[];
  /** Resolves as soon as the answer is true; asked again whenever anything was recorded. Rejects when the signal aborts. */
  until(what: string, ask: () => boolean, signal: AbortSignal): Promise<void>;
}

export interface RunningOptions {
  readonly tls?: ListenerTls;
  readonly limits?: Partial<IngestLimits>;
  readonly clock?: Clock;
  readonly ports?: Partial<IngestPorts>;
}

/** A machine `m1` has the password `secret m1` and the root `miko/v1/m1`; a certificate's common name is its machine. */
export async function identify({ username, password, certificate }: Claim): Promise<Admitted> {
  const name = certificate?.commonName ?? username;
  if (name === undefined) throw new Fault("CREDENTIALS_REFUSED", "gives no user and shows no certificate");
  if (name === "pending") throw new Fault("ACCESS_DENIED", "is not accepted");
  if (name === "later") throw new Fault("CONDUIT_UNAVAILABLE", "core is away");
  if (certificate === undefined && password?.toString() !== `secret ${name}`) throw new Fault("CREDENTIALS_REFUSED", `gives a wrong password for ${name}`);
  return { machine: `urn:test:${name}`, root: `miko/v1/${name}` };
}

export async function startIngest(defer: Defer, { tls, limits, clock = systemClock, ports = {} }: RunningOptions = {}): Promise<RunningIngest> {
  const watchers = new Set<() => void>();
  const changed = (): void => watchers.forEach((watcher) => watcher());
  const [taken, apart, faults, presence, claims] = [[] as Taken[], [] as Taken[], [] as Fault[], [] as RunningIngest["presence"], [] as Claim[]];
  const note = (list: Taken[], source: Source, messages: readonly Message[]): void => {
    for (const message of messages) list.push({ source, message, text: message.payload.toString() });
    changed();
  };
  const own: IngestPorts = {
    authenticate: (claim, signal) => {
      claims.push(claim);
      return (ports.authenticate ?? identify)(claim, signal);
    },
    accept: async (source, messages) => {
      note(taken, source, messages);
      await ports.accept?.(source, messages);
    },
    setApart: async (source, messages, fault) => {
      note(apart, source, messages);
      await ports.setApart?.(source, messages, fault);
    },
    report: (fault) => {
      faults.push(fault);
      changed();
    },
    presence: (source, isConnected, fault) => {
      presence.push({ source, isConnected, fault });
      changed();
    },
  };
  const ingest = await openIngest({ listeners: [{ host: "127.0.0.1", port: 0, ...(tls === undefined ? {} : { tls }) }], ports: own, clock, ...(limits === undefined ? {} : { limits }) });
  defer(() => ingest.close());
  const port = ingest.portNumbers[0] ?? 0;
  return { ingest, port, url: `${tls === undefined ? "mqtt" : "mqtts"}://127.0.0.1:${port}`, taken, apart, faults, presence, claims, until: (what, ask, signal) => until(watchers, what, ask, signal) };
}

async function until(watchers: Set<() => void>, what: string, ask: () => boolean, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = (): void => void (ask() && resolve());
  const abort = (): void => reject(new Error(`not in time: ${what}`));
  watchers.add(look);
  signal.addEventListener("abort", abort, { once: true });
  look();
  try {
    await promise;
  } finally {
    watchers.delete(look);
    signal.removeEventListener("abort", abort);
  }
}
