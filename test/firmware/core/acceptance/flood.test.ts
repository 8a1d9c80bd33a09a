// limit: 300s
// Shows that whoever invents machines by the hundred thousand costs bounded memory, disk and time, and pushes nobody out.

import { statSync } from "node:fs";
import { join } from "node:path";
import type { FoundReport } from "../../../../firmware/conduit/source.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { assetOf, readStatus, standing, startCore } from "../running-core.ts";
import { accept, assigned, list, machine, report, until } from "./found.ts";

const SEGMENT = "segments:\n  - { name: cell, subnets: [10.0.0.0/8] }\n";
const INVENTED = 100_000;
const WIDE = "x".repeat(200);

/** Each from an address of its own, with as much text as an announcement may have. */
function invented(index: number): FoundReport {
  const host = `10.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  return { ...machine(`${WIDE}${index}`, 1), address: host, url: `http://${host}/${WIDE}`, scopes: [WIDE] };
}

suite("flood of found machines", (test) => {
  test("100,000 invented machines are at most 2,000 that wait; accepted, refused and earlier ones stay", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENT);
    const own = (serial: string, host: number): FoundReport => ({ ...machine(serial, 1), address: `10.0.0.${host}`, url: `http://10.0.0.${host}` });
    await report(core, signal, [own("accepted", 1), own("refused", 2), own("waiting", 3)]);
    await accept(core, assetOf("accepted"), signal);
    await core.local.call("refuseAsset", { key: assetOf("refused") }, signal);
    const startedMs = systemClock.uptimeMs();
    for (let from = 0; from < INVENTED; from += 32) await core.source.call("found", { segment: "cell", reports: Array.from({ length: 32 }, (_, index) => invented(from + index)) }, signal);
    const tookMs = systemClock.uptimeMs() - startedMs;
    assert.ok((await standing(core, signal)).includes("FOUND_TOO_MANY cell"));
    const all = await list(core, signal);
    assert.equal([all.length, all.filter(({ state }) => state === "pending").length], [2002, 2000]);
    assert.equal(all.filter(({ address }) => /^10\.0\.0\.[123]$/.test(address ?? "")).map(({ address, state }) => `${address} ${state}`), ["10.0.0.1 accepted", "10.0.0.2 refused", "10.0.0.3 pending"]);
    assert.equal((await assigned(core, signal)).map(({ name }) => name), ["accepted"]);
    await until(async () => (await readStatus(core, signal)).conditions.some(({ code, detail }) => code === "ASSETS_PENDING" && detail === "2000"), signal);
    await core.stop();
    const bytes = statSync(join(core.dataDir, "state.db")).size;
    assert.ok(bytes < 16 * 1_048_576, `state.db has ${bytes} bytes`);
    const again = await startCore(defer, undefined, { dataDir: core.dataDir });
    assert.is((await list(again, signal)).length, 2002);
    // For people who read the log of a run.
    process.stdout.write(` ${INVENTED} in ${Math.round(tookMs)} ms, state.db ${Math.round(bytes / 1024)} KiB `);
  }, { limitMs: 240_000 });
  test("one address is 32 of them at most, and others are found beside it", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENT);
    await report(core, signal, Array.from({ length: 200 }, (_, index) => ({ ...invented(index), address: "10.9.9.9" })));
    await report(core, signal, [{ ...machine("real", 1), address: "10.0.0.7", url: "http://10.0.0.7" }]);
    const all = await list(core, signal);
    assert.equal([all.length, all.filter(({ address }) => address === "10.9.9.9").length], [33, 32]);
  });
  test("100,000 endpoints that point to one machine are one candidate", async ({ defer, signal }) => {
    const core = await startCore(defer, SEGMENT);
    const one: FoundReport = { ...machine("1", 1), address: "10.0.0.7", url: "http://10.0.0.7" };
    await report(core, signal, [one, ...Array.from({ length: 3000 }, (_, index) => ({ ...one, endpoint: `urn:uuid:${index}` }))]);
    assert.equal((await list(core, signal)).map(({ endpoint }) => endpoint), ["urn:uuid:1"]);
  });
});
