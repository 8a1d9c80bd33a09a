// A real rsyslog as the plant's log collector, TLS on a free loopback port, which can be paused, killed and started again.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Defer } from "./attempt.ts";
import { startChild, type Child } from "./child.ts";
import { findFreePort } from "./free-port.ts";
import { untilListening } from "./mosquitto.ts";
import type { Issued, Pki } from "./pki.ts";
import { makeTempDir } from "./temp-dir.ts";

/** One message as rsyslog understood it. */
export interface Collected {
  readonly raw: string;
  readonly host: string;
  readonly application: string;
  readonly messageId: string;
  readonly severity: string;
  readonly facility: string;
  readonly structuredData: string;
  readonly message: string;
}

export interface Rsyslog {
  readonly port: number;
  collected(): readonly Collected[];
  /** Resolves when this many messages or more are there. */
  until(count: number, signal: AbortSignal): Promise<readonly Collected[]>;
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  restart(signal: AbortSignal): Promise<void>;
}

export interface RsyslogOptions {
  readonly pki: Pki;
  /** The server's certificate; one for 127.0.0.1 unless said. */
  readonly issued?: Issued;
  /** Asks for a client certificate of the CA. */
  readonly demandsCertificate?: boolean;
}

/** Declare `needs: ["rsyslogd", "openssl"]`. It listens when this resolves, and is gone at the test's end. */
export async function startRsyslog(defer: Defer, signal: AbortSignal, { pki, issued = pki.issue("collector"), demandsCertificate = false }: RsyslogOptions): Promise<Rsyslog> {
  const folder = makeTempDir(defer);
  const port = await findFreePort();
  const config = join(folder, "rsyslog.conf");
  const file = join(folder, "messages");
  writeFileSync(config, writeConfig({ folder, file, port, caFile: pki.caFile, issued, demandsCertificate }));
  writeFileSync(file, "");
  let child: Child;
  const start = async (until: AbortSignal): Promise<void> => {
    child = startChild(defer, "rsyslogd", ["-n", "-f", config, "-i", join(folder, "pid")]);
    await Promise.race([untilListening(port, until), child.exited.then(() => Promise.reject(new Error(`rsyslogd does not start:\n${child.output()}`)))]);
  };
  await start(signal);
  // It takes seconds to end by itself, and has nothing to keep.
  defer(() => child.kill("SIGKILL"));
  const collected = (): readonly Collected[] => readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Collected);
  return {
    port,
    collected,
    until: async (count, stop) => {
      for (;;) {
        const messages = collected();
        if (messages.length >= count) return messages;
        await sleep(20, undefined, { signal: stop });
      }
    },
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
    restart: start,
  };
}

interface ConfigParts {
  readonly folder: string;
  readonly file: string;
  readonly port: number;
  readonly caFile: string;
  readonly issued: Issued;
  readonly demandsCertificate: boolean;
}

function writeConfig({ folder, file, port, caFile, issued, demandsCertificate }: ConfigParts): string {
  const fields = { raw: "rawmsg", host: "hostname", application: "app-name", messageId: "msgid", severity: "syslogseverity-text", facility: "syslogfacility-text", structuredData: "structured-data", message: "msg" };
  const properties = Object.entries(fields).map(([name, property]) => `property(outname="${name}" name="${property}" format="jsonf")`);
  return `global(workDirectory="${folder}" defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="${caFile}" defaultNetstreamDriverCertFile="${issued.certificateFile}" defaultNetstreamDriverKeyFile="${issued.keyFile}" maxMessageSize="64k")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="${demandsCertificate ? "x509/certvalid" : "anon"}")
input(type="imtcp" port="${port}" address="127.0.0.1")
template(name="line" type="list") {
  constant(value="{")
  ${properties.join('\n  constant(value=",")\n  ')}
  constant(value="}\\n")
}
action(type="omfile" file="${file}" template="line" asyncWriting="off" flushOnTXEnd="on")
`;
}
