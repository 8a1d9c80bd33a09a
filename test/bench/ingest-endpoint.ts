// The ingest endpoint alone, as a process: what it takes is durable at once. Prints {"port":N}.

import { openIngest } from "../../firmware/field/ingest/endpoint.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";

const durable = Promise.resolve();
const ingest = await openIngest({
  listeners: [{ host: "127.0.0.1", port: 0 }],
  clock: systemClock,
  ports: { authenticate: async ({ username = "" }) => ({ machine: username, root: `miko/v1/${username}` }), accept: () => durable, setApart: () => durable, report: (fault) => void process.stderr.write(`${String(fault)}\n`) },
});
process.stdout.write(`${JSON.stringify({ port: ingest.portNumbers[0] })}\n`);
process.once("SIGTERM", () => void ingest.close());
