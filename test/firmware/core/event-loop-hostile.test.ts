// Shows that no single request holds core's event loop for longer than a commit: neither the largest that a contract allows, nor what a zone that was taken over makes up.
// limit: 900s

import { request } from "node:http";
import { cutParts } from "../../../firmware/cli/assets-parts.ts";
import type { AssetLine } from "../../../firmware/conduit/assets.ts";
import { cloudConduit } from "../../../firmware/conduit/cloud.ts";
import { localConduit } from "../../../firmware/conduit/local.ts";
import type { Contract } from "../../../firmware/conduit/route.ts";
import { READINGS_PER_REQUEST, sourceConduit } from "../../../firmware/conduit/source.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { assert, suite } from "../../support/suite.ts";
import { fill, findBound, holdDuring, identifyAll, MACHINES, startMeasured } from "./held-to-a-commit.ts";
import type { Measured } from "./held-to-a-commit.ts";
import { assetOf, nameplateOf, sampleOf } from "./running-core.ts";

/** Texts of so many bytes that cost a parser much, or are long. */
const COSTLY: Readonly<Record<string, (bytes: number) => string>> = {
  "empty arrays": (bytes) => `[${"[],".repeat(bytes / 3 - 1)}[]]`,
  "arrays in arrays": (bytes) => "[".repeat(bytes / 2) + "]".repeat(bytes / 2),
  "keys that were never seen": (bytes) => `{${Array.from({ length: bytes / 13 }, (_, index) => `"k${String(index).padStart(7, "0")}":1`).join(",")}}`,
  numbers: (bytes) => `[${"1,".repeat(bytes / 2 - 1)}1]`,
  "one text of escapes": (bytes) => `{"a":"${"\\n".repeat(bytes / 2 - 5)}"}`,
  "one long text": (bytes) => `{"a":"${"x".repeat(bytes - 10)}"}`,
  "what is no JSON": (bytes) => "x".repeat(bytes),
};
const CONDUITS: Readonly<Record<string, Contract>> = { "source-field": sourceConduit, cloud: cloudConduit, local: localConduit };
const READ = 1900;

/** Resolves with the status. */
function post(socketPath: string, path: string, body: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method: "POST", signal, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) } }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** Every kind of costly text to every route, as long as the route takes them. */
async function sendCostly({ dataDir }: Measured, make: (bytes: number) => string, signal: AbortSignal): Promise<void> {
  for (const [name, contract] of Object.entries(CONDUITS)) {
    for (const { method, path, bodyLimit } of Object.values(contract)) {
      if (method === "POST") assert.is(await post(conduitSocket(dataDir, name), path, make(bodyLimit - 16), signal), 400, `${name} ${path}`);
    }
  }
}

/** As large as they come, and meant well. The contract has room for 100 assets behind one machine. */
async function sendLarge({ source }: Measured, signal: AbortSignal): Promise<void> {
  const text = "x".repeat(800);
  const readings = Array.from({ length: READINGS_PER_REQUEST }, (_, index) => ({ ...sampleOf(assetOf(String(index)), "p0"), value: text }));
  for (let round = 0; round < 4; round += 1) await source.call("readings", { readings }, signal);
  const assets = Array.from({ length: 100 }, (_, index) => ({ nameplate: { ...nameplateOf(`large-${index}`), model: "x".repeat(256), productInstanceUri: `urn:${index}${"x".repeat(400)}` }, points: "ab".repeat(32) }));
  await source.call("identify", { assignment: "press-1", address: "https://192.0.2.7", assets }, signal);
  await source.call("quarantine", { asset: assetOf("1"), reason: "x", payload: "QUJD".repeat(65_536) }, signal);
  const listeners = Array.from({ length: 300 }, (_, index) => ({ segment: "cell", address: `10.0.${index >> 8}.${index % 256}`, port: 1883, isTls: false }));
  await source.call("ingest", { listeners, connections: 1, isFull: false }, signal);
}

/** All that waits is leased and refused, in the largest portions. */
async function leaseAndReject({ cloud }: Measured, signal: AbortSignal): Promise<number> {
  for (let count = 0; ; ) {
    const { head } = await cloud.call("lease", { lane: "live", maxCount: 10_000, maxBytes: 8_388_608, lingerMs: 0, waitMs: 0 }, signal);
    const old = head.count > 0 ? head : (await cloud.call("lease", { lane: "backlog", maxCount: 10_000, maxBytes: 8_388_608, lingerMs: 0, waitMs: 0 }, signal)).head;
    if (old.count === 0) return count;
    count += old.count;
    await cloud.call("settle", { lease: old.lease, stream: old.stream, accepted: [], rejected: old.ranges.map((range) => ({ range, reason: "x" })), kept: [] }, signal);
    if (count > 40_000) return count;
  }
}

suite("core, event loop, large and hostile requests", (test) => {
  test("no body holds it longer than a commit, whatever it is made of", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal);
    await identifyAll(core, signal);
    const bound = await findBound(core, signal);
    for (const [name, make] of Object.entries(COSTLY)) await holdDuring(name, core, bound, () => sendCostly(core, make, signal), signal);
    await holdDuring("the largest that is meant well", core, bound, () => sendLarge(core, signal), signal);
    await holdDuring("all is leased and refused", core, bound, async () => {
      await fill(core, signal);
      assert.ok((await leaseAndReject(core, signal)) > 2000);
    }, signal);
  });
  test("nor do 1,900 machines that were imported and are read, when they come and when the configuration changes around them", async ({ defer, signal }) => {
    const core = await startMeasured(defer, signal);
    await identifyAll(core, signal);
    const bound = await findBound(core, signal);
    core.configure({ area: "one", machines: MACHINES - READ });
    await core.local.call("reload", {}, signal);
    const lines = Array.from({ length: READ }, (_, index): AssetLine => ({ name: `read-${index}`, manufacturer: "M", model: "X", serialNumber: `read-${index}`, url: `http://10.9.${index >> 8}.${index % 256}` }));
    const take = async (attempt: number): Promise<void> => {
      for (const part of cutParts(lines.map((line) => ({ ...line, note: `${attempt}` })))) assert.equal((await core.local.call("importAssets", { ...part, dryRun: false }, signal)).problems, []);
    };
    await holdDuring("1,900 machines are imported to be read", core, bound, take, signal);
    const change = async (attempt: number): Promise<void> => {
      core.configure({ area: `two-${attempt}`, machines: MACHINES - READ });
      await core.local.call("reload", {}, signal);
    };
    await holdDuring("the configuration changes around them", core, bound, change, signal);
    await holdDuring("one of them is refused", core, bound, (attempt) => core.local.call("refuseAsset", { key: `read-${attempt}` }, signal), signal);
  });
}, { limitMs: 400_000 });
