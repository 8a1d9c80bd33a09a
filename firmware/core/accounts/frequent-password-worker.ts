// The thread that `isFrequentPassword` starts: looks up one password and ends.

import { parentPort, workerData } from "node:worker_threads";
import { dictionary } from "@zxcvbn-ts/language-common";

/** Of 8 characters or more, those of the 10,000 that [U4.7.3d] names and the dictionary lacks. */
const BESIDES = ["films+pic+galeries", "fingerig", "homepage-", "hotmail0", "hotmail1", "sentnece"];

parentPort?.postMessage([...BESIDES, ...dictionary["passwords-common"]].some((common) => common.toLowerCase() === workerData));
