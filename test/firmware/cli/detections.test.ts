// Shows `weir detections` against a real core, and how findings are written for people.

import { fileURLToPath } from "node:url";
import { writeDetections } from "../../../firmware/cli/detections.ts";
import { startChild } from "../../support/child.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { configure, startCore } from "../core/running-core.ts";

const weir = fileURLToPath(new URL("../../../firmware/cli/weir.ts", import.meta.url));

async function run(defer: Defer, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = startChild(defer, process.execPath, [weir, "detections", ...args]);
  const { code } = await child.exited;
  return { code, output: child.output() };
}

const scan = { kind: "scan", side: "segment:cell-a", source: "192.168.10.22", severity: 700, first: "2026-01-01T00:00:00.000Z", last: "2026-01-01T00:01:00.000Z", count: 42, detail: "tcp 192.168.10.1 port 20", accepted: false };

suite("weir detections", (test) => {
  test("each is two lines, with a mark before what nobody has accepted", () => {
    assert.is(writeDetections([scan]), "! 700  scan  segment:cell-a  192.168.10.22  42 times\n       2026-01-01T00:00:00.000Z to 2026-01-01T00:01:00.000Z  tcp 192.168.10.1 port 20\n");
    assert.is(writeDetections([{ ...scan, last: scan.first, detail: "", accepted: true }]), "  700  scan  segment:cell-a  192.168.10.22  42 times\n       2026-01-01T00:00:00.000Z\n");
  });

  test("a gateway that has seen nothing says so, and accepts nothing", async ({ defer }) => {
    const { dataDir } = await startCore(defer, configure({}));
    assert.equal(await run(defer, "--data", dataDir), { code: 0, output: "Nothing was detected.\n" });
    assert.equal(await run(defer, "--data", dataDir, "--json"), { code: 0, output: '{\n  "detections": []\n}\n' });
    assert.equal(await run(defer, "--data", dataDir, "accept"), { code: 0, output: "0 accepted\n" });
  });

  test("without a gateway it ends with 1", async ({ defer }) => {
    const { code, output } = await run(defer, "--data", makeTempDir(defer));
    assert.is(code, 1);
    assert.match(output, /no gateway runs/);
  });
});
