// The thread that `inspectApart` starts: inspects one text and answers once.

import { parentPort, workerData } from "node:worker_threads";
import { inspectConfiguration } from "./load.ts";

parentPort?.postMessage(inspectConfiguration(workerData as string | Uint8Array), []);
