// limit: 120s
// Shows on loopback what a search tells over time: again what is present, silent what is gone without a word, nothing of an ambiguous source; and who is too loud.

import { createSocket } from "node:dgram";
import type { Fault } from "../../../../drivers/contract/fault.ts";
import type { FoundReport, SegmentDuty } from "../../../../firmware/conduit/source.ts";
import { makeFoundQueue } from "../../../../firmware/field/discovery/found-queue.ts";
import { LoudSources } from "../../../../firmware/field/discovery/loud-sources.ts";
import { makeSegmentKeeper, type SegmentKeeper } from "../../../../firmware/field/discovery/segment-keeper.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { until } from "../../../drivers/miko/until.ts";
import { findFreePort } from "../../../support/free-port.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { TestContext } from "../../../support/suite.ts";
import { bye, GROUP, hello, newId } from "./fixture-field.ts";

interface Kept {
  readonly keeper: SegmentKeeper;
  readonly duty: SegmentDuty;
  readonly peers: readonly Fault[];
  /** What was told of an endpoint, in order. */
  of(endpoint: string): readonly string[];
}

async function keep({ defer }: TestContext, silentAfterMs = 1500, roundMs = 200): Promise<Kept> {
  const told: FoundReport[] = [];
  const peers: Fault[] = [];
  const ending = new AbortController();
  const queue = makeFoundQueue({ post: async (_, reports) => void told.push(...reports), clock: systemClock, log: silentLog, signal: ending.signal });
  const keeper = makeSegmentKeeper({ table: [], queue, clock: systemClock, log: silentLog, times: { roundMs, silentAfterMs, retellMs: 300 }, tellPeer: (fault) => void peers.push(fault) });
  defer(async () => {
    ending.abort();
    await keeper.stop();
  });
  const duty = { name: "loop", interface: "lo", subnets: ["127.0.0.0/8"], probePort: await findFreePort(), hosts: [] };
  return { keeper, duty, peers, of: (endpoint) => told.filter((report) => report.endpoint === endpoint).map(({ kind }) => kind) };
}

/** From an address of loopback to the group, there. */
async function say(texts: readonly string[], from: string): Promise<void> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, from, resolve));
  socket.setMulticastInterface("127.0.0.1");
  for (const text of texts) await new Promise<void>((resolve) => socket.send(Buffer.from(text, "base64"), 3702, GROUP, () => resolve()));
  socket.close();
}

const target = (endpoint: string): Parameters<typeof hello>[0] => ({ endpoint, types: [], scopes: [], xaddrs: ["http://127.0.0.1/"], metadataVersion: 1 });

/** Until the search hears: what was said before it was open is lost. */
async function sayUntilHeard({ signal }: TestContext, kept: Kept, endpoint: string, from: string): Promise<void> {
  while (kept.of(endpoint).length === 0) {
    await say([hello(target(endpoint))], from);
    await systemClock.sleep(50, signal);
  }
}

suite("segments, kept", (test) => {
  test("what is present is told again and again, what does not answer is told as silent, what says Bye as left", async (context) => {
    const kept = await keep(context);
    kept.keeper.apply([kept.duty]);
    const [stays, goes] = [newId(), newId()];
    await sayUntilHeard(context, kept, stays, "127.0.0.21");
    await sayUntilHeard(context, kept, goes, "127.0.0.22");
    await say([bye(goes)], "127.0.0.22");
    await until(() => kept.of(goes).at(-1) === "left", context.signal);
    await until(() => kept.of(stays).at(-1) === "silent", context.signal);
    assert.ok(kept.of(stays).filter((kind) => kind === "present").length >= 2, kept.of(stays).join(" "));
  });

  test("one that speaks on for a moment after its goodbye has left all the same, once it answers no more", async (context) => {
    const kept = await keep(context, 100_000);
    kept.keeper.apply([kept.duty]);
    const lingers = newId();
    await sayUntilHeard(context, kept, lingers, "127.0.0.23");
    await say([bye(lingers)], "127.0.0.23");
    await until(() => kept.of(lingers).at(-1) === "left", context.signal);
    await say([hello(target(lingers))], "127.0.0.23");
    await until(() => kept.of(lingers).at(-1) === "present", context.signal);
    await until(() => kept.of(lingers).at(-1) === "left", context.signal);
  });

  test("who announces itself without an address, and whose answer to that question gets lost, is not left until the next round in its turn", async (context) => {
    const ear = createSocket({ type: "udp4", reuseAddr: true });
    let probes = 0;
    ear.on("message", (bytes) => void (probes += bytes.includes("/Probe<") ? 1 : 0));
    await new Promise<void>((resolve) => ear.bind({ address: GROUP, port: 3702 }, resolve));
    ear.addMembership(GROUP, "127.0.0.1");
    context.defer(() => void ear.close());
    const kept = await keep(context, 100_000, 600_000);
    kept.keeper.apply([kept.duty]);
    // Two rounds of four probes, each sent twice; the third would come after ten minutes.
    await until(() => probes >= 16, context.signal);
    const mute = newId();
    await say([hello({ ...target(mute), xaddrs: [] })], "127.0.0.26");
    await until(() => probes > 16, context.signal);
    assert.not.ok(kept.of(mute).some((kind) => kind !== "present"));
  });

  test("a source that lies in several segments is told of in none, and one that is too loud is named", async (context) => {
    const kept = await keep(context);
    kept.keeper.apply([kept.duty, { name: "other", interface: "none0", subnets: ["127.0.0.32/27"], hosts: [] }]);
    const [ambiguous, clear] = [newId(), newId()];
    await sayUntilHeard(context, kept, newId(), "127.0.0.20");
    await say([hello(target(ambiguous))], "127.0.0.33");
    await sayUntilHeard(context, kept, clear, "127.0.0.23");
    assert.equal(kept.of(ambiguous), []);
    while (kept.peers.length === 0) {
      await say(Array.from({ length: 300 }, () => "AAAA"), "127.0.0.24");
      await systemClock.sleep(20, context.signal);
    }
    assert.is(kept.peers[0]?.code, "PEER_LIMIT");
    assert.match(String(kept.peers[0]), /segment loop, 127\.0\.0\.24/);
  });

  test("a duty that goes ends its search, and the same duty begins none anew", async (context) => {
    const kept = await keep(context);
    kept.keeper.apply([kept.duty]);
    kept.keeper.apply([kept.duty]);
    const endpoint = newId();
    await sayUntilHeard(context, kept, endpoint, "127.0.0.25");
    kept.keeper.apply([]);
    const later = newId();
    await kept.keeper.stop();
    await say([hello(target(later))], "127.0.0.25");
    kept.keeper.apply([kept.duty]);
    await sayUntilHeard(context, kept, newId(), "127.0.0.25");
    assert.equal(kept.of(later), []);
  });

  test("of many loud sources the loudest is named, and they are counted within a bound", () => {
    const loud = new LoudSources();
    assert.is(loud.take("cell-a"), undefined);
    for (let source = 0; source < 100_000; source += 1) loud.note(`10.${source >> 16}.${(source >> 8) & 255}.${source & 255}`);
    for (let count = 0; count < 5; count += 1) loud.note("10.0.0.7");
    const fault = loud.take("cell-a");
    assert.match(String(fault), /cell-a, 10\.0\.0\.7: .*6 datagrams .* 255 other addresses/);
    assert.is(loud.take("cell-a"), undefined);
  });
});
