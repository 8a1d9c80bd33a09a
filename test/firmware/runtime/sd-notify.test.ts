// Shows that a zone tells systemd, over the socket handed to it, that it is ready and that its event loop turns.

import { fileURLToPath } from "node:url";

import { silentLog } from "../../../firmware/runtime/journal.ts";
import { openServiceNotice } from "../../../firmware/runtime/sd-notify.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startChild, type Child } from "../../support/child.ts";
import { makeFakeClock } from "../../support/fake-clock.ts";
import { assert, suite, type TestContext } from "../../support/suite.ts";

const zone = fileURLToPath(new URL("fixture-zone.ts", import.meta.url));
const fakeSystemd = fileURLToPath(new URL("fake-systemd.py", import.meta.url));

function start({ defer }: TestContext, watchdogUs: number): Child {
  return startChild(defer, "python3", [fakeSystemd, String(watchdogUs), process.execPath, zone, "field", "well"]);
}

suite("service notice", (test) => {
  test("a zone says once that it is ready, and lives on, three times as often as systemd demands", async (context) => {
    const child = start(context, 300_000);
    await child.line(/(?:told by the zone: WATCHDOG=1\n){3}/, context.signal);
    const told = child.output().split("\n").filter((line) => line.startsWith("told"));
    assert.is(told[0], "told by the zone: READY=1 WATCHDOG=1");
    assert.is(told.filter((line) => line.includes("READY")).length, 1);
    stopZone(child);
    await child.line(/ended with 0/, context.signal);
  }, { needs: ["python3"] });

  test("a zone whose event loop stands still says nothing more", async (context) => {
    const child = start(context, 150_000);
    await child.line(/told by the zone: WATCHDOG=1\n/, context.signal);
    const pid = zonePid(child);
    process.kill(pid, "SIGSTOP");
    // What was said before arrives yet; a zone that is alive says something every 50 ms and is never quiet for a second.
    for (let heard = ""; heard !== child.output(); ) {
      heard = child.output();
      await systemClock.sleep(1000, context.signal);
    }
    process.kill(pid, "SIGKILL");
    await child.line(/ended with -9/, context.signal);
  }, { needs: ["python3"] });

  test("without a watchdog only the readiness is told", async (context) => {
    const child = start(context, 0);
    await child.line(/told by the zone: READY=1/, context.signal);
    stopZone(child);
    await child.line(/ended with 0/, context.signal);
    assert.is(child.output().match(/told/g)?.length, 1);
  }, { needs: ["python3"] });

  test("nothing is told and no timer runs where systemd handed over no socket", () => {
    const clock = makeFakeClock();
    for (const environment of [{}, { LISTEN_PID: "7", LISTEN_FDS: "1", LISTEN_FDNAMES: "cloud" }, { LISTEN_PID: "8", LISTEN_FDS: "1", LISTEN_FDNAMES: "notify" }]) {
      const notice = openServiceNotice({ environment: { ...environment, WATCHDOG_USEC: "1000" }, pid: 7, clock, log: silentLog });
      notice.ready();
      notice.close();
    }
    assert.is(clock.pending, 0);
  });
});

function zonePid(child: Child): number {
  return Number(/zone (\d+)/.exec(child.output())?.[1]);
}

function stopZone(child: Child): void {
  process.kill(zonePid(child), "SIGTERM");
}
