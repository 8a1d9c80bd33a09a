// An ingest endpoint as a process of its own, which a test may kill: it keeps what it takes in a file and acknowledges after fdatasync.
//
//   node fixture-ingest.ts FILE     prints {"port":N}, and {"taken":N,"rssKb":N} whenever a line comes on standard input

import { fdatasync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { openIngest } from "../../../../firmware/field/ingest/endpoint.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { identify } from "./running-ingest.ts";

const file = openSync(process.argv[2] ?? "/dev/null", "a");
let taken = 0;
let waiting: (() => void)[] = [];
let isSyncing = false;

/** One fdatasync for all that came while the last one was on its way. */
function sync(): void {
  if (isSyncing || waiting.length === 0) return;
  isSyncing = true;
  const done = waiting;
  waiting = [];
  fdatasync(file, () => {
    isSyncing = false;
    for (const resolve of done) resolve();
    sync();
  });
}

const ingest = await openIngest({
  listeners: [{ host: "127.0.0.1", port: 0 }],
  clock: systemClock,
  limits: { maxConnectionsPerAddress: 1024 },
  ports: {
    authenticate: identify,
    accept: (source, messages) => {
      taken += messages.length;
      writeSync(file, messages.map(({ payload }) => `${source.machine} ${payload.toString()}\n`).join(""));
      return new Promise<void>((resolve) => {
        waiting.push(resolve);
        sync();
      });
    },
    setApart: async () => undefined,
    report: () => undefined,
  },
});
process.stdout.write(`${JSON.stringify({ port: ingest.portNumbers[0] })}\n`);
createInterface(process.stdin).on("line", () => process.stdout.write(`${JSON.stringify({ taken, rssKb: Math.round(process.memoryUsage.rss() / 1024), connections: ingest.connections().length })}\n`));
