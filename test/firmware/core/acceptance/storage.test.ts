// Shows that a lost state database accepts nobody by itself, and that a full disk is a fault and no crash.

import { execFileSync } from "node:child_process";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cutParts } from "../../../../firmware/cli/assets-parts.ts";
import type { AssetLine } from "../../../../firmware/conduit/assets.ts";
import { assert, suite } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { assetOf, identify, readStatus, startCore } from "../running-core.ts";
import { accept, assigned, list, machine, report, SEGMENTS, until } from "./found.ts";

suite("acceptance, storage", (test) => {
  test("after a lost state database everybody waits again; nobody is accepted silently", async ({ defer, signal }) => {
    const first = await startCore(defer, SEGMENTS);
    await report(first, signal, [machine("1", 7)]);
    await accept(first, assetOf("1"), signal);
    await first.stop();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(join(first.dataDir, `state.db${suffix}`), { force: true });
    const core = await startCore(defer, undefined, { dataDir: first.dataDir });
    assert.equal([await list(core, signal), await assigned(core, signal)], [[], []]);
    assert.equal(await identify(core, "1", "1", signal), []);
    await report(core, signal, [machine("1", 7)]);
    assert.equal((await list(core, signal)).map(({ key, state }) => [key, state]), [[assetOf("1"), "pending"]]);
  });
  test("with a full disk what is found waits in memory, nothing is accepted, a suspension is in force, and all of it goes on when there is room", async ({ defer, signal }) => {
    const folder = makeTempDir(defer);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", folder]);
    defer(() => execFileSync("umount", ["-l", folder]));
    const core = await startCore(defer, SEGMENTS, { dataDir: join(folder, "data") });
    await report(core, signal, [machine("1", 7)]);
    await accept(core, assetOf("1"), signal);
    const filler = join(folder, "filler");
    const fill = (): void => {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(filler, Buffer.alloc(bavail * bsize, 1), { flag: "a" });
    };
    // What lies between the log's end and the last page of its file is still free.
    let attempts = 0;
    const send = async (lines: readonly AssetLine[]): Promise<void> => {
      for (const part of cutParts(lines)) await core.local.call("importAssets", { ...part, dryRun: false }, signal);
    };
    const attempt = (): Promise<unknown> => send(Array.from({ length: 400 }, (_, index) => ({ name: `spare-${index}`, note: `${(attempts += 1)}${"x".repeat(1000)}` }))).catch((error: unknown) => error);
    fill();
    await until(async () => {
      fill();
      return String(await attempt()).includes("cannot grow");
    }, signal);
    const many = Array.from({ length: 200 }, (_, index) => machine(`m${index}`, 8 + (index % 240), { device: { manufacturer: "W", model: "x".repeat(256), serialNumber: "1" } }));
    await report(core, signal, many);
    assert.is((await list(core, signal)).filter(({ state }) => state === "pending").length, 200);
    await report(core, signal, [machine("1", 7, { nameplate: { manufacturer: "W", model: "other", serialNumber: "1" } })]);
    assert.equal(await assigned(core, signal), []);
    assert.ok((await readStatus(core, signal)).conditions.some(({ code }) => code === "ASSET_SUSPENDED"));
    rmSync(filler);
    await accept(core, assetOf("m0"), signal);
    assert.equal((await assigned(core, signal)).map(({ name }) => name), ["m0"]);
    await core.stop();
    const again = await startCore(defer, undefined, { dataDir: core.dataDir });
    assert.equal((await list(again, signal)).filter(({ key, state }) => state !== "pending" && !key.startsWith("spare-")).map(({ key, state }) => [key, state]), [["1", "suspended"], ["m0", "accepted"]]);
  }, { needs: ["root", "mount", "umount"] });
});
