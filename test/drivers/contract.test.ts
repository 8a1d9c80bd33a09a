// The contract of drivers/contract/driver.ts, run over every driver there is, each with a fixture of its wire.

import type { Driver, Session } from "../../drivers/contract/driver.ts";
import { isFault } from "../../drivers/contract/fault.ts";
import { assetIdOf } from "../../drivers/contract/identity.ts";
import { ReadingSchema } from "../../drivers/contract/reading.ts";
import { drivers } from "../../drivers/index.ts";
import { driverSchemas } from "../../drivers/schemas.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { Compile } from "typebox/compile";
import { assert, suite, type Defer, type TestContext } from "../support/suite.ts";
import { makeContext, makeSink } from "./miko/fake-context.ts";
import { mikoFixture } from "./miko/fixture.ts";
import { until } from "./miko/until.ts";
import type { WireFixture } from "./wire-fixture.ts";

const fixtures: Readonly<Record<string, (defer: Defer) => Promise<WireFixture>>> = { miko: mikoFixture };
const isReading = Compile(ReadingSchema);

for (const driver of drivers) {
  suite(`contract of ${driver.id}`, (test) => {
    const fixtureOf = async (t: TestContext): Promise<WireFixture> => {
      const make = fixtures[driver.id];
      if (make === undefined) throw new Error(`driver ${driver.id} has no fixture in test/drivers/contract.test.ts`);
      return make(t.defer);
    };
    const open = async (t: TestContext, fixture: WireFixture): Promise<Session> => {
      const session = await driver.open(fixture.config, makeContext(), t.signal);
      t.defer(() => session.close());
      return session;
    };
    test("its configuration is listed in schemas.ts", () => assert.is(driverSchemas[driver.id], driver.config));

    test("identifies at least one asset, and browses its points", async (t) => {
      const fixture = await fixtureOf(t);
      const session = await open(t, fixture);
      const [nameplate] = session.assets;
      assert.ok(nameplate !== undefined);
      const points = await session.browse(assetIdOf(nameplate), t.signal);
      assert.ok(points.some(({ id }) => id === fixture.goodPoint));
    });

    test("reads one reading per point in order, a point that fails as a bad sample", async (t) => {
      const fixture = await fixtureOf(t);
      const session = await open(t, fixture);
      const asset = assetOf(session);
      const readings = await session.read(asset, [fixture.missingPoint, fixture.goodPoint, fixture.missingPoint], t.signal);
      assert.equal(readings.map((reading) => ("point" in reading ? [reading.point, reading.quality] : [])), [[fixture.missingPoint, "bad"], [fixture.goodPoint, "good"], [fixture.missingPoint, "bad"]]);
      for (const reading of readings) assert.ok(isReading.Check(reading), JSON.stringify(reading));
      assert.ok(readings.every((reading) => !("point" in reading) || reading.quality === "good" || reading.reason !== undefined));
    });

    test("subscribes: every point once, then what the device says, all of it as the contract's readings", async (t) => {
      const fixture = await fixtureOf(t);
      const session = await open(t, fixture);
      const { sink, stop, ended } = subscribe(session, t);
      await sink.find((reading) => "point" in reading && reading.point === fixture.goodPoint, t.signal);
      const before = sink.readings.length;
      await until(() => (fixture.emit(), sink.readings.length > before), t.signal);
      for (const reading of sink.readings) assert.ok(isReading.Check(reading), JSON.stringify(reading));
      stop.abort();
      await ended;
    });

    test("emits nothing after close, which may be called twice", async (t) => {
      const fixture = await fixtureOf(t);
      const session = await open(t, fixture);
      const { sink, ended } = subscribe(session, t);
      await sink.find(() => true, t.signal);
      await Promise.all([session.close(), session.close()]);
      await session.close();
      const count = sink.readings.length;
      fixture.emit();
      await ended.catch(() => undefined);
      fixture.emit();
      await systemClock.sleep(100, t.signal);
      assert.is(sink.readings.length, count);
      await until(() => fixture.countOpen() === 0, t.signal);
    });

    test("throws a Fault that is no defect when the device is lost, and leaves nothing open", async (t) => {
      const fixture = await fixtureOf(t);
      const session = await open(t, fixture);
      const { sink, ended } = subscribe(session, t);
      await sink.find(() => true, t.signal);
      await fixture.lose();
      await assert.rejects(ended, (error) => isFault(error) && error.kind === "transient");
      await assert.rejects(session.read(assetOf(session), [fixture.goodPoint], t.signal), (error) => isFault(error) && error.kind === "transient");
    });

    test("a rejected accept ends the subscription with its error", async (t) => {
      const fixture = await fixtureOf(t);
      const session = await open(t, fixture);
      await assert.rejects(session.subscribe?.(() => Promise.reject(new Error("no room")), t.signal) ?? Promise.resolve(), () => true);
    });

    test("an open that throws leaves nothing open", async (t) => {
      const fixture = await fixtureOf(t);
      await fixture.lose();
      await assert.rejects(driver.open(fixture.config, makeContext(), t.signal), (error) => isFault(error) && error.kind === "transient");
      assert.is(fixture.countOpen(), 0);
    });

    test("an abort at any moment ends open and subscribe at once and leaves nothing open", async (t) => {
      const fixture = await fixtureOf(t);
      for (let delayMs = 0; delayMs < 40; delayMs += 2) await abortAfter(driver, fixture, delayMs, t);
      await until(() => fixture.countOpen() === 0, t.signal);
    }, { limitMs: 90_000 });
  });
}

async function abortAfter(driver: Driver<unknown>, fixture: WireFixture, delayMs: number, { signal }: TestContext): Promise<void> {
  const abort = new AbortController();
  const cancel = systemClock.after(delayMs, () => abort.abort());
  const context = makeContext();
  try {
    const session = await driver.open(fixture.config, context, AbortSignal.any([signal, abort.signal]));
    try {
      await session.subscribe?.(makeSink(context).accept, AbortSignal.any([signal, abort.signal]));
    } finally {
      await session.close();
    }
    assert.ok(abort.signal.aborted);
  } catch (error) {
    assert.ok(abort.signal.aborted && isFault(error, "CANCELLED"), String(error));
  } finally {
    cancel();
  }
}

function assetOf(session: Session): string {
  const [nameplate] = session.assets;
  if (nameplate === undefined) throw new Error("the session has no asset");
  return assetIdOf(nameplate);
}

function subscribe(session: Session, { signal, defer }: TestContext) {
  const context = makeContext();
  const sink = makeSink(context);
  const stop = new AbortController();
  const ended = session.subscribe?.(sink.accept, AbortSignal.any([signal, stop.signal])) ?? Promise.resolve();
  ended.catch(() => undefined);
  defer(() => stop.abort());
  return { sink, stop, ended };
}
