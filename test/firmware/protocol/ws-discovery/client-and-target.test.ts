// Shows how client and target speak with each other, and what a hostile peer can make them do: nothing, and little.

import { DiscoveryClient } from "../../../../firmware/protocol/ws-discovery/discovery-client.ts";
import type { Target } from "../../../../firmware/protocol/ws-discovery/message.ts";
import { sendingDelays, SourceBudget } from "../../../../firmware/protocol/ws-discovery/outgoing.ts";
import type { Outgoing } from "../../../../firmware/protocol/ws-discovery/outgoing.ts";
import { readMessage } from "../../../../firmware/protocol/ws-discovery/read-message.ts";
import { TargetService } from "../../../../firmware/protocol/ws-discovery/target-service.ts";
import { TIMING } from "../../../../firmware/protocol/ws-discovery/vocabulary.ts";
import { writeMessage } from "../../../../firmware/protocol/ws-discovery/write-message.ts";
import { FoundTargets } from "../../../../firmware/field/discovery/found-targets.ts";
import { seededRandom } from "../../../../firmware/runtime/backoff.ts";
import { assert, suite } from "../../../support/suite.ts";

const MACHINE = { namespace: "urn:weir:miko:1", name: "MachineServer" };
const TARGET: Target = { endpoint: "urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917a", types: [MACHINE], scopes: ["urn:weir:serial:A1001"], xaddrs: ["http://192.0.2.7:8080"], metadataVersion: 1 };
const GATEWAY = { address: "192.0.2.1", port: 37_020 };
const FIELD = { address: "192.0.2.7", port: 3702 };
const STRANGER = { address: "192.0.2.66", port: 3702 };

function ids(): () => string {
  let number = 0;
  return () => `urn:uuid:00000000-0000-4000-8000-${String((number += 1)).padStart(12, "0")}`;
}

const makeClient = (): DiscoveryClient => new DiscoveryClient({ types: [MACHINE], random: seededRandom(1), newId: ids() });
const makeTarget = (instanceId = 100, target = TARGET): TargetService => new TargetService({ target, instanceId, random: seededRandom(2), newId: ids() });

/** Every answer of a target to what a client asks. */
function ask(client: DiscoveryClient, target: TargetService, nowMs = 0): readonly Outgoing[] {
  return client.probe(nowMs).flatMap(({ bytes }) => target.take(bytes, GATEWAY, true, nowMs));
}

suite("WS-Discovery client and target", (test) => {
  test("K1.7a a round of probes finds the target in both versions, with types and without", () => {
    const client = makeClient();
    const answers = ask(client, makeTarget());
    // One without types and one with the machine's own, in each version; the one for any DPWS device does not mean it.
    assert.is(answers.length, 4);
    const sightings = answers.flatMap(({ bytes }) => client.take(bytes, FIELD, 100));
    assert.equal(sightings.map((sighting) => sighting.kind === "present" && [sighting.version, sighting.target]), [["2005/04", TARGET], ["2005/04", TARGET], ["1.1", TARGET], ["1.1", TARGET]]);
  });
  test("SOAP-over-UDP every datagram is sent twice, after random delays within their bounds, and counts once", () => {
    const client = makeClient();
    for (let seed = 0; seed < 200; seed += 1) {
      const [first = -1, second = -1, ...more] = sendingDelays(seededRandom(seed), TIMING.appMaxDelayMs);
      assert.equal(more, []);
      assert.ok(first >= 0 && first <= TIMING.appMaxDelayMs);
      assert.ok(second - first >= TIMING.firstRepeatMinMs - 1 && second - first <= TIMING.firstRepeatMaxMs + 1);
    }
    const [answer] = ask(client, makeTarget());
    assert.is(client.take(answer?.bytes ?? Buffer.alloc(0), FIELD, 100).length, 1);
    assert.is(client.take(answer?.bytes ?? Buffer.alloc(0), FIELD, 150).length, 0);
    assert.is(client.dropped.repeated, 1);
  });
  test("an answer that nobody asked for, to another's question or too late is dropped", () => {
    const client = makeClient();
    const asked = client.probe(0);
    const [foreign] = ask(makeClient(), makeTarget()).slice(-1);
    const unasked = writeMessage({ version: "1.1", kind: "probeMatches", messageId: "urn:uuid:x", relatesTo: "urn:uuid:never", sequence: undefined, matches: [TARGET] });
    assert.equal(client.take(unasked, STRANGER, 1), []);
    const relatesTo = readMessage(asked[0]?.bytes ?? Buffer.alloc(0)).messageId;
    const wrongKind = writeMessage({ version: "1.1", kind: "resolveMatches", messageId: "urn:uuid:y", relatesTo, sequence: undefined, match: TARGET });
    assert.equal(client.take(wrongKind, STRANGER, 1), []);
    assert.equal(client.take(foreign?.bytes ?? Buffer.alloc(0), FIELD, TIMING.matchTimeoutMs + 1), []);
    assert.is(client.dropped.unasked, 3);
  });
  test("WS-Discovery 1.1 §7 a Hello that is overtaken by its Bye does not bring the target back, and a stranger cannot make a target's own messages late", () => {
    const client = makeClient();
    const target = makeTarget(100);
    const hellos = target.hello();
    const byes = target.bye();
    const forged = new TargetService({ target: TARGET, instanceId: 4_294_967_295, random: seededRandom(3), newId: () => "urn:uuid:forged" }).hello();
    assert.is(client.take(forged[0]?.bytes ?? Buffer.alloc(0), STRANGER, 0).length, 1);
    assert.equal(client.take(byes[1]?.bytes ?? Buffer.alloc(0), FIELD, 1), [{ kind: "gone", endpoint: TARGET.endpoint, source: FIELD }]);
    assert.equal(client.take(hellos[1]?.bytes ?? Buffer.alloc(0), FIELD, 2), []);
    assert.is(client.dropped.late, 1);
    const reborn = new TargetService({ target: TARGET, instanceId: 101, random: seededRandom(2), newId: () => "urn:uuid:reborn" });
    assert.is(client.take(reborn.hello()[0]?.bytes ?? Buffer.alloc(0), FIELD, 3).length, 1);
  });
  test("a Bye may bear the number of the message before it; an answer to what was asked before a Bye does not bring the target back, one to what was asked after it does", () => {
    const client = makeClient();
    const sequence = { instanceId: 7, messageNumber: 1 };
    const take = (message: Parameters<typeof writeMessage>[0]): readonly string[] => client.take(writeMessage(message), FIELD, 1).map(({ kind }) => kind);
    const answer = (asked: readonly { readonly bytes: Buffer }[], messageId: string): readonly string[] =>
      take({ version: "1.1", kind: "resolveMatches", messageId, relatesTo: readMessage(asked[0]?.bytes ?? Buffer.alloc(0)).messageId, sequence: undefined, match: TARGET });
    const before = client.resolve(TARGET.endpoint, "1.1", 0);
    assert.equal(take({ version: "1.1", kind: "hello", messageId: "urn:uuid:h", sequence, target: TARGET }), ["present"]);
    assert.equal(take({ version: "1.1", kind: "bye", messageId: "urn:uuid:b", sequence, endpoint: TARGET.endpoint }), ["gone"]);
    assert.equal(answer(before, "urn:uuid:late"), []);
    assert.is(client.dropped.late, 1);
    assert.equal(answer(client.resolve(TARGET.endpoint, "1.1", 1), "urn:uuid:still-here"), ["present"]);
    assert.equal(take({ version: "1.1", kind: "bye", messageId: "urn:uuid:older", sequence: { ...sequence, messageNumber: 0 }, endpoint: TARGET.endpoint }), []);
  });
  test("CR 3.5 a target answers nothing malformed, nothing that does not mean it, and nobody but the sender", () => {
    const target = makeTarget();
    for (const bytes of [Buffer.from("<:/>"), Buffer.alloc(0), Buffer.alloc(4097, "<"), target.hello()[0]?.bytes ?? Buffer.alloc(0)]) assert.equal(target.take(bytes, STRANGER, true, 0), []);
    const elsewhere = writeMessage({ version: "1.1", kind: "probe", messageId: "urn:uuid:p", replyTo: "soap.udp://198.51.100.9:53", types: [], filter: { scopes: [], matchBy: undefined } });
    assert.equal(target.take(elsewhere, STRANGER, true, 0).map(({ to }) => to), [STRANGER]);
    const others = writeMessage({ version: "1.1", kind: "resolve", messageId: "urn:uuid:r", replyTo: undefined, endpoint: "urn:uuid:other" });
    assert.equal(target.take(others, STRANGER, true, 0), []);
    const own = writeMessage({ version: "1.1", kind: "resolve", messageId: "urn:uuid:s", replyTo: undefined, endpoint: TARGET.endpoint });
    assert.is(target.take(own, GATEWAY, true, 0).length, 1);
  });
  test("CR 7.1 a flood from one source is answered at a small fixed rate, one from many sources not at all beyond a bound, and amplification is below five", () => {
    const target = makeTarget();
    const probe = (id: number): Buffer => writeMessage({ version: "2005/04", kind: "probe", messageId: `urn:uuid:${id}`, replyTo: undefined, types: [], filter: { scopes: [], matchBy: undefined } });
    let [inward, outward, answers] = [0, 0, 0];
    for (let number = 0; number < 10_000; number += 1) {
      const bytes = probe(number);
      inward += bytes.length;
      for (const answer of target.take(bytes, STRANGER, true, number)) {
        answers += 1;
        outward += answer.bytes.length * answer.delaysMs.length;
      }
    }
    // 10 s: the burst and four a second.
    assert.ok(answers <= 16 + 4 * 10, String(answers));
    assert.ok(outward < inward, `${outward} bytes out for ${inward} in`);
    const [single] = makeTarget().take(probe(0), GATEWAY, true, 0);
    const amplification = ((single?.bytes.length ?? 0) * (single?.delaysMs.length ?? 0)) / probe(0).length;
    assert.ok(amplification > 1 && amplification < 5, String(amplification));
    let answered = 0;
    for (let source = 0; source < 100_000; source += 1) answered += target.take(probe(100_000 + source), { address: `10.${source >> 16}.${(source >> 8) & 255}.${source & 255}`, port: 1 }, true, 10_000).length;
    assert.ok(answered <= 1024, String(answered));
  });
  test("a source's budget fills again with time, and the clock of others does not matter", () => {
    const budget = new SourceBudget(2, 4, 2);
    const taken = (address: string, nowMs: number): number => Array.from({ length: 10 }, () => budget.take(address, nowMs)).filter(Boolean).length;
    assert.equal([taken("a", 0), taken("a", 500), taken("a", 10_000), taken("b", 10_000), taken("c", 10_000), taken("c", 12_001)], [4, 1, 4, 4, 0, 4]);
  });
  test("CR 7.1 the table of what was found is bounded, by address and in all, and a Bye counts only from the target's own address", () => {
    const found = new FoundTargets({ perAddress: 2, total: 5, silentAfterMs: 1000 });
    const present = (endpoint: string, address: string, more: Partial<Target> = {}): Parameters<FoundTargets["note"]>[0] => ({ kind: "present", target: { ...TARGET, endpoint, ...more }, version: "1.1", source: { address, port: 1 } });
    assert.is(found.note(present("e0", "a"), 0)?.kind, "appeared");
    for (let number = 1; number < 100_000; number += 1) found.note(present(`e${number}`, number % 2 === 0 ? "b" : `c${number}`), 0);
    assert.is(found.size, 5);
    assert.is(found.refused, 100_000 - 5);
    assert.is(found.note({ kind: "gone", endpoint: "e0", source: { address: "b", port: 1 } }, 1), undefined);
    assert.is(found.note(present("e0", "a"), 500), undefined);
    assert.is(found.note(present("e0", "a", { xaddrs: [] }), 500), undefined);
    assert.equal(found.note(present("e0", "a", { xaddrs: [], metadataVersion: 2 }), 500)?.target.xaddrs, []);
    assert.equal(found.expire(1400).map(({ kind }) => kind), ["silent", "silent", "silent", "silent"]);
    assert.is(found.note({ kind: "gone", endpoint: "e0", source: { address: "a", port: 9 } }, 1400)?.kind, "left");
    assert.is(found.size, 0);
  });
});
