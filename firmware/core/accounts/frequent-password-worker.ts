// The thread that `isFrequentPassword` starts: looks up one password and ends.

import { parentPort, workerData } from "node:worker_threads";
import { dictionary } from "@zxcvbn-ts/language-common";

parentPort?.postMessage(dictionary["passwords-common"].some((common) => common.toLowerCase() === workerData));
