// Shows what core does next with firewall or network, for everything that it may find.

import type { Standing } from "../../../../firmware/conduit/host.ts";
import { nextStep } from "../../../../firmware/core/host/next-step.ts";
import type { Known, Step } from "../../../../firmware/core/host/next-step.ts";
import { assert, suite } from "../../../support/suite.ts";

const quiet: Standing = { trial: null, returned: null, installed: null, confirmed: null, leftMs: null };
const holds = (installed: string): Standing => ({ ...quiet, installed, confirmed: installed });
const tries = (installed: string, confirmed: string | null = "a"): Standing => ({ trial: "t-1", returned: null, installed, confirmed, leftMs: 5000 });
const know = (wanted: string, confirmed?: string, tried?: string, isHarmless = false): Known => ({ wanted, confirmed, tried, isHarmless });

const cases: readonly (readonly [string, Known, Standing, Step])[] = [
  ["a new appliance takes its first configuration without a witness", know("a"), quiet, { name: "apply", which: "wanted", keep: true }],
  ["core died between the first configuration and its confirmation", know("a"), tries("a", null), { name: "confirm", change: "t-1" }],
  ["what is installed is what is wanted", know("a", "a"), holds("a"), { name: "settled" }],
  ["after the power was off, what was confirmed holds at once", know("a", "a"), quiet, { name: "apply", which: "confirmed", keep: true }],
  ["after the power was off, what was confirmed comes before a change", know("b", "a"), quiet, { name: "apply", which: "confirmed", keep: true }],
  ["a change goes on trial", know("b", "a"), holds("a"), { name: "apply", which: "wanted", keep: false }],
  ["a change that cuts nobody off needs no witness", know("b", "a", undefined, true), holds("a"), { name: "apply", which: "wanted", keep: true }],
  ["a change on trial waits for a person", know("b", "a", "b"), tries("b"), { name: "on trial" }],
  ["core died during a trial: it goes on", know("b", "a", "b"), tries("b"), { name: "on trial" }],
  ["a change that returned is not tried again by itself", know("b", "a", "b"), holds("a"), { name: "returned" }],
  ["another change after one that returned goes on trial", know("c", "a", "b"), holds("a"), { name: "apply", which: "wanted", keep: false }],
  ["a second change during a trial replaces it", know("c", "a", "b"), tries("b"), { name: "apply", which: "wanted", keep: false }],
  ["a change taken back during its trial is gone at once", know("a", "a", "b"), tries("b"), { name: "apply", which: "wanted", keep: true }],
  ["core died while it brought back what was confirmed", know("b", "a", "b"), tries("a"), { name: "confirm", change: "t-1" }],
  ["a change taken back after it returned is over", know("a", "a", "b"), holds("a"), { name: "remember", which: "wanted" }],
  ["core died before it wrote down a confirmation", know("b", "a", "b"), holds("b"), { name: "remember", which: "wanted" }],
  ["core died before it wrote down a confirmation, and the configuration changed since", know("c", "a", "b"), holds("b"), { name: "remember", which: "tried" }],
  ["core lost its memory: what was confirmed at host is not given up without a witness", know("b"), holds("a"), { name: "apply", which: "wanted", keep: false }],
  ["core lost its memory during a trial: nobody has confirmed it", know("b"), tries("b"), { name: "on trial" }],
];

suite("next step", (test) => {
  for (const [name, known, standing, step] of cases) test(name, () => assert.equal(nextStep(known, standing), step));
});
