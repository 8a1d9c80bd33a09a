// Shows what the snapshot of a MIKO-style machine holds, and what it says of what the machine does not give.

import { completeMikoConfig } from "../../../drivers/miko/config.ts";
import { miko } from "../../../drivers/miko/driver.ts";
import type { Session } from "../../../drivers/contract/driver.ts";
import { isFault } from "../../../drivers/contract/fault.ts";
import type { Snapshot, SnapshotPart } from "../../../drivers/contract/snapshot.ts";
import { assert, suite, type TestContext } from "../../support/suite.ts";
import { makeContext, makeSink } from "./fake-context.ts";
import { startMachine, type FakeMachine } from "./fake-machine.ts";
import { until } from "./until.ts";

const ASSET = "urn:weir:Test%20Works:Cutter%207:4711";

async function open(machine: FakeMachine, { signal, defer }: TestContext): Promise<Session> {
  const context = makeContext();
  const session = await miko.open(completeMikoConfig({ url: machine.url }, "test"), context, signal);
  defer(() => session.close());
  session.subscribe?.(makeSink(context).accept, signal).catch(() => undefined);
  return session;
}

async function take(session: Session, signal: AbortSignal, progress: number[] = []): Promise<Snapshot> {
  if (session.snapshot === undefined) throw new Error("the session takes no snapshot");
  return session.snapshot(ASSET, (fraction) => void progress.push(fraction), signal);
}

function documentOf(part: SnapshotPart): unknown {
  return "document" in part ? part.document : `missing: ${part.missing}`;
}

suite("miko snapshot", (test) => {
  test("U3.1-snap it has identification, published status, points read anew and all events; and words for the rest", async (t) => {
    const machine = await startMachine(t.defer, { pageSize: 3 });
    machine.points.set("speed", { value: 1, unit: "m/s" });
    machine.events.push(...Array.from({ length: 10 }, (_, index) => ({ id: `e${index}`, type: "note" })));
    const session = await open(machine, t);
    await machine.broker.subscribed(t.signal);
    await until(() => machine.asked.includes("/events"), t.signal);
    machine.broker.publish("miko/v1/4711/status", JSON.stringify({ state: "producing" }));
    await until(() => machine.broker.acknowledged.length > 0, t.signal);
    machine.points.set("speed", { value: 2, unit: "m/s" });
    const progress: number[] = [];
    const snapshot = await take(session, t.signal, progress);
    assert.is((documentOf(snapshot.identification) as { manufacturer: string }).manufacturer, "Test Works");
    assert.is((documentOf(snapshot.status) as { state: string }).state, "producing");
    assert.equal((documentOf(snapshot.points) as { point: string; value: unknown }[]).map(({ point, value }) => [point, value]), [["speed", 2]]);
    assert.equal((documentOf(snapshot.events) as { id: string }[]).map(({ id }) => id), machine.events.map(({ id }) => id));
    for (const part of [snapshot.maintenanceStatus, snapshot.maintenanceReport, snapshot.usbLog, snapshot.faxReport, snapshot.applicationStatus]) assert.match(String(documentOf(part)), /missing: .*no such resource/);
    assert.equal(progress, [...progress].sort((one, other) => one - other));
  });
  test("a part that the machine refuses says why, and the others are there", async (t) => {
    const machine = await startMachine(t.defer);
    machine.points.set("speed", { value: 1 });
    const session = await open(machine, t);
    machine.answers.set("/events", (_, response) => void response.writeHead(403).end());
    const snapshot = await take(session, t.signal);
    assert.match(String(documentOf(snapshot.events)), /missing: .*refuses access \(403\)/);
    assert.match(String(documentOf(snapshot.status)), /missing: .*no status/);
    assert.ok(Array.isArray(documentOf(snapshot.points)));
  });
  test("a machine that repeats its events without end, or that is lost, does not hold it", async (t) => {
    const machine = await startMachine(t.defer);
    machine.answers.set("/events", (_, response) => void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ events: [{ id: "same", type: "note" }] })));
    const session = await open(machine, t);
    assert.equal((documentOf((await take(session, t.signal)).events) as { id: string }[]).map(({ id }) => id), ["same"]);
    await machine.lose();
    const lost: unknown = await take(session, t.signal).catch((error: unknown) => error);
    assert.ok(isFault(lost, "PEER_UNREACHABLE", "PEER_CLOSED"), String(lost));
  });
  test("of another asset it takes none", async (t) => {
    const session = await open(await startMachine(t.defer), t);
    await assert.rejects(Promise.resolve(session.snapshot?.("urn:weir:a:b:c", () => undefined, t.signal)), "NOT_FOUND");
  });
});
