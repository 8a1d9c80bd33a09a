// How machines of a soak or a bench publish to the gateway: its port, what the configuration says of it, and what they prove themselves by.

import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort } from "../support/free-port.ts";

/** Where machines publish to: the gateway's ingest endpoint, or brokers of their own that the gateway connects to. */
export const SOURCES = ["ingest", "brokers"] as const;
export type SourceKind = (typeof SOURCES)[number];

export interface IngestDoor {
  /** For `weir simulate machine`. */
  readonly machineArgs: readonly string[];
  /** Of the configuration; all of loopback is the segment. */
  readonly sections: { readonly segments: readonly object[]; readonly network: object };
  readonly segment: string;
  /** Gives every machine its password; they connect when they have it. */
  enrol(gateway: Enroller, names: readonly string[]): Promise<void>;
}

interface Enroller {
  enrol(name: string, signal: AbortSignal): Promise<object>;
}

const SEGMENT = "rig";
const ENROL_LIMIT_MS = 60_000;

/** `mqtt` is for comparisons with what does not encrypt either. */
export async function makeDoor(folder: string, scheme: "mqtts" | "mqtt"): Promise<IngestDoor> {
  const port = await findFreePort();
  const credentials = join(folder, "credentials.json");
  return {
    machineArgs: publishArgs(`${scheme}://127.0.0.1:${port}`, credentials),
    sections: { segments: [{ name: SEGMENT, subnets: ["127.0.0.0/8"] }], network: { field: [{ segment: SEGMENT, interface: "lo", [scheme === "mqtts" ? "ingestTls" : "ingestPlain"]: port }] } },
    segment: SEGMENT,
    async enrol(gateway, names) {
      const limit = AbortSignal.timeout(ENROL_LIMIT_MS);
      const accesses: Record<string, object> = {};
      for (const name of names) accesses[name] = await gateway.enrol(name, limit);
      writeFileSync(`${credentials}.new`, JSON.stringify(accesses));
      renameSync(`${credentials}.new`, credentials);
    },
  };
}

/** For machines that publish to whatever listens at `url`. */
export function publishArgs(url: string, credentials: string): readonly string[] {
  return ["--publish", "gateway", "--gateway", url, "--credentials", credentials];
}
