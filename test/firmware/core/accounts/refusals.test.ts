// Shows what the audit log says of somebody who asks again and again for what they may not.

import { Fault } from "../../../../drivers/contract/fault.ts";
import { Refusals } from "../../../../firmware/core/accounts/refusals.ts";
import type { AuditEvent } from "../../../../firmware/core/audit/audit.ts";
import { actorOf } from "../../../../firmware/core/audit/audit.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";

const DENIED = new Fault("ACCESS_DENIED", "no");

function open(): { readonly refusals: Refusals; readonly clock: ReturnType<typeof makeFakeClock>; told(): unknown } {
  const clock = makeFakeClock();
  const events: AuditEvent[] = [];
  const refusals = new Refusals(clock, { record: (event) => void events.push(event) });
  return { refusals, clock, told: () => events.splice(0).map(({ actor, target, detail }) => [actorOf(actor).name, target, detail?.["times"]]) };
}

const who = (name: string): { readonly name: string; readonly zone: string; readonly source: string } => ({ name, zone: "admin", source: "192.0.2.1" });

suite("refusals", (test) => {
  test("CR 2.8 the first is told at once, those of the next minute in one entry", async () => {
    const { clock, refusals, told } = open();
    for (let times = 0; times < 1000; times += 1) refusals.note(who("carl"), "audit", DENIED);
    refusals.note(who("carl"), "sessions", DENIED);
    refusals.note(who("dora"), "audit", DENIED);
    assert.equal(told(), [["carl", "audit", 1], ["carl", "sessions", 1], ["dora", "audit", 1]]);
    await clock.advance(59_999);
    refusals.tick();
    assert.equal(told(), []);
    await clock.advance(1);
    refusals.tick();
    assert.equal(told(), [["carl", "audit", 999]]);
  });

  test("CR 2.8 what is counted is told before the end", () => {
    const { refusals, told } = open();
    refusals.note(who("carl"), "audit", DENIED);
    refusals.note(who("carl"), "audit", DENIED);
    told();
    refusals.flush();
    refusals.flush();
    assert.equal(told(), [["carl", "audit", 1]]);
  });

  test("CR 2.9 of more cases than there is room for, the others are one", () => {
    const { refusals, told } = open();
    for (let number = 0; number < 5000; number += 1) refusals.note(who(`carl-${number}`), "audit", DENIED);
    const entries = told() as readonly (readonly unknown[])[];
    assert.equal([entries.length, entries.at(-1)], [257, ["others", "several", 1]]);
    refusals.flush();
    assert.equal(told(), [["others", "several", 4743]]);
  });

  test("what is quiet for a minute is forgotten, and told at once when it comes again", async () => {
    const { clock, refusals, told } = open();
    refusals.note(who("carl"), "audit", DENIED);
    await clock.advance(60_000);
    refusals.tick();
    refusals.note(who("carl"), "audit", DENIED);
    assert.equal(told(), [["carl", "audit", 1], ["carl", "audit", 1]]);
  });
});
