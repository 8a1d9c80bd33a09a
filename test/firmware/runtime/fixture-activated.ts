// Serves the local conduit on the socket that is handed over to it, until SIGTERM.

import { Fault } from "../../../drivers/contract/fault.ts";
import { localConduit } from "../../../firmware/conduit/local.ts";
import { answerAll, serveConduit } from "../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { catchStopSignals } from "../../../firmware/runtime/stop-signals.ts";

const [socket = ""] = process.argv.slice(2);
const refuse = (): never => {
  throw new Fault("NOT_SUPPORTED", "not in this fixture");
};
const handlers = { ...answerAll(localConduit, refuse), secretNames: () => ({ names: ["from-the-activated"] }) };
const { signal, release } = catchStopSignals();
signal.addEventListener("abort", release);
await serveConduit(localConduit, handlers, { socket, log: silentLog, signal });
