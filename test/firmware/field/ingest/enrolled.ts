// A machine on the wire that publishes to the gateway, as core has enrolled it; its client is mosquitto_pub.

import { createHash, X509Certificate } from "node:crypto";
import type { Assignment, SegmentDuty } from "../../../../firmware/conduit/source.ts";
import { startChild, type Child } from "../../../support/child.ts";
import type { Issued } from "../../../support/pki.ts";
import type { Defer } from "../../../support/suite.ts";
import { startMachine, type FakeMachine } from "../../../drivers/miko/fake-machine.ts";
import { assignMiko } from "../fake-core.ts";
import { connectOf, openRaw, type RawClient } from "./raw-client.ts";

export const loopback = (ports: Pick<SegmentDuty, "ingestPlain" | "ingestTls">): SegmentDuty => ({ name: "cell", interface: "lo", subnets: ["127.0.0.0/8"], hosts: [], ...ports });

/** Server unavailable, in MQTT 3.1.1 and 5. */
const COME_AGAIN = [3, 136] as const;

export interface Enrolled {
  readonly machine: FakeMachine;
  readonly asset: string;
  readonly assignment: Assignment;
  /** Its own connection with its user and password; resolves when it is let in. */
  connect(port: number, signal: AbortSignal, clientId?: string): Promise<RawClient>;
  /** As `publish`, again and again while the gateway says that it shall come again; resolves with the exit code. */
  publishAgain(port: number, topic: string, message: string, ...args: string[]): Promise<number | null>;
  /** mosquitto_pub with its user and password; `args` may say otherwise, the last counts. */
  publish(port: number, topic: string, message: string, ...args: string[]): Child;
}

export interface EnrolOptions {
  readonly url: string;
  readonly serial?: string;
  readonly root?: string;
  readonly certificates?: readonly Issued[];
}

/** The assignment's name is the serial number, its password `secret of <serial>`. */
export async function enrol(defer: Defer, { url, serial = "4711", root, certificates = [] }: EnrolOptions): Promise<Enrolled> {
  const machine = await startMachine(defer, { serial });
  machine.publish = { url, root: root ?? machine.root };
  machine.points.set("n", { value: 0, time: "2026-01-01T00:00:00Z" });
  const assignment: Assignment = {
    ...assignMiko(serial, machine.url, { eventsInterval: "1s" }),
    segment: ["127.0.0.0/8"],
    ingest: { passwordSha256: createHash("sha256").update(`secret of ${serial}`).digest("hex"), certificates: certificates.map(({ certificate }) => new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase()) },
  };
  const publish: Enrolled["publish"] = (port, topic, message, ...args) =>
    startChild(defer, "mosquitto_pub", ["-h", "127.0.0.1", "-p", String(port), "-q", "1", "-i", `client-${serial}`, "-u", serial, "-P", `secret of ${serial}`, "-t", `${root ?? machine.root}/${topic}`, "-m", message, ...args]);
  return {
    machine,
    asset: `urn:weir:Test%20Works:Cutter%207:${serial}`,
    assignment,
    connect: async (port, signal, clientId = `client-${serial}`) => {
      for (;;) {
        const client = openRaw(defer, port);
        client.send(connectOf(serial, { clientId, password: Buffer.from(`secret of ${serial}`) }));
        const packet = await client.next(signal);
        if (packet.cmd === "connack" && packet.returnCode === 0) return client;
        if (packet.cmd !== "connack" || packet.returnCode !== COME_AGAIN[0]) throw new Error(`not let in: ${JSON.stringify(packet)}`);
      }
    },
    publishAgain: async (...args) => {
      for (;;) {
        const { code } = await publish(...args).exited;
        if (!COME_AGAIN.some((again) => again === code)) return code;
      }
    },
    publish,
  };
}
