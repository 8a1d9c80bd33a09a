// Shows what `weir network` says in each state, and where no gateway runs.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { NetworkReport, NetworkStanding } from "../../../firmware/conduit/network.ts";
import { writeReport } from "../../../firmware/cli/network-text.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const weir = fileURLToPath(new URL("../../../firmware/cli/weir.ts", import.meta.url));
const inForce: NetworkStanding = { state: "in force", change: null, secondsLeft: null, lines: [], words: null };
const report = (network: Partial<NetworkStanding>, firewall: Partial<NetworkStanding> = {}): NetworkReport => ({ hasHost: true, network: { ...inForce, ...network }, firewall: { ...inForce, ...firewall } });

suite("weir network", (test) => {
  test("what is on trial is shown with the seconds left and how to keep it", () => {
    const text = writeReport(report({}, { state: "on trial", change: "c", secondsLeft: 42, lines: ["+ admin-page | weir-admin"] }));
    assert.is(text, "Network: as configured.\nFirewall: on trial; returns by itself in 42 s unless it is confirmed.\n  + admin-page | weir-admin\nKeep it with `weir network confirm`.\n");
  });

  test("what returned or was refused is shown with its words, and no name in it drives the terminal", () => {
    const text = writeReport(report({ state: "refused", words: "eth1\u001b[2J is no interface" }, { state: "returned", lines: ["- a"] }));
    assert.match(text, /Network: not as configured: the change was refused\.\n {2}eth1\ufffd\[2J is no interface\n/);
    assert.match(text, /the change was not confirmed and is undone\.\n {2}- a\n/);
    assert.match(text, /`weir network try`/);
  });

  test("on a developer's machine it says that nothing is changed there", () => {
    assert.match(writeReport({ ...report({}), hasHost: false }), /not an appliance/);
  });

  test("where no gateway runs it fails with what to do", ({ defer }) => {
    const { status, stderr } = spawnSync(process.execPath, [weir, "network", "confirm", "--data", makeTempDir(defer)], { encoding: "utf8" });
    assert.is(status, 1);
    assert.match(stderr, /no gateway runs on this data directory/);
  }, { limitMs: 30_000 });
});
