// Shows what a segment's addresses and MACs are taken for: who is new, who took whose place, and who claims what is another's.

import type { ObservedPair, ObservedSegment } from "../../../../firmware/conduit/observation.ts";
import { emptyMemory, findNeighbours, MOST_ADDRESSES_OF_ONE, MOST_NEIGHBOURS } from "../../../../firmware/core/detection/neighbours.ts";
import { assert, suite } from "../../../support/suite.ts";

const OWN = { addresses: ["10.1.0.1"], macs: ["02:00:00:00:00:01"] };
const PRESS = "02:00:00:00:00:07";
const OTHER = "02:00:00:00:00:66";

type Words = readonly [address: string, mac: string, packets?: number, origin?: ObservedPair["origin"]];

function observe(...words: readonly Words[]): ObservedSegment {
  return { side: "segment:cell", own: OWN, pairs: words.map(([address, mac, packets = 1, origin = "arp"]) => ({ address, mac, packets, origin })), isCrowded: false };
}

/** What each of these observations in turn finds on a segment that knows the press, briefly. */
function follow(observations: readonly ObservedSegment[], isLearning = false): readonly (readonly string[])[] {
  const memory = emptyMemory([{ address: "10.1.0.7", mac: PRESS }]);
  findNeighbours(memory, observe(), isLearning);
  return observations.map((observed) => findNeighbours(memory, observed, isLearning).findings.map(({ kind, source, detail }) => `${kind} ${source} ${detail}`));
}

suite("detection, neighbours", (test) => {
  test("K2.2.5 a device that is known is nothing", () => {
    assert.equal(follow([observe(["10.1.0.7", PRESS, 1]), observe(["10.1.0.7", PRESS, 9])]), [[], []]);
  });

  test("K2.2.5 a device that speaks by several addresses at once is one new device", () => {
    const both = observe(["10.1.0.8", OTHER], ["fe80::8", OTHER, 1, "ip"]);
    assert.equal(follow([both, both, observe(["fd00::8", OTHER, 1, "ip"])]), [[], [`new-device ${OTHER} 10.1.0.8`], []]);
  });

  test("K2.2.5 a device with another IPv4 address has moved; another IPv6 address is its right", () => {
    assert.equal(follow([observe(["10.1.0.9", PRESS], ["fe80::7", PRESS])]), [[`device-moved ${PRESS} 10.1.0.9, formerly 10.1.0.7`]]);
  });

  test("K2.2.5 another MAC on a silent address has taken its place, and is no new device besides", () => {
    const swapped = observe(["10.1.0.7", PRESS, 4], ["10.1.0.7", OTHER], ["fe80::66", OTHER, 1, "ip"]);
    assert.equal(follow([observe(["10.1.0.7", PRESS, 4]), swapped, swapped, swapped]), [[], [], [`address-changed ${OTHER} 10.1.0.7 was ${PRESS}`], []]);
  });

  test("K2.2.5 another MAC on an address whose owner goes on speaking contests it, and goes on doing so", () => {
    const at = (packets: number): ObservedSegment => observe(["10.1.0.7", PRESS, packets, "ip"], ["10.1.0.7", OTHER, packets]);
    const told = [`address-contested ${OTHER} 10.1.0.7, which is ${PRESS}`];
    assert.equal(follow([at(1), at(2), at(3), at(4)]), [[], told, [], told]);
  });

  test("who contests an address has not taken it when its owner pauses, but when the owner is gone", () => {
    const at = (owner: number, other: number): ObservedSegment => observe(["10.1.0.7", PRESS, owner], ["10.1.0.7", OTHER, other]);
    const gone = (other: number): ObservedSegment => observe(["10.1.0.7", OTHER, other]);
    const found = follow([at(1, 1), at(2, 2), at(2, 3), at(2, 4), gone(5), gone(6)]);
    assert.equal(found.map((one) => one.map((words) => words.split(" ")[0])), [[], ["address-contested"], [], [], [], ["address-changed"]]);
  });

  test("K2.2.5 a MAC that speaks for an address in WS-Discovery alone forges it; one that ARP knows too has taken its place", () => {
    const forged = observe(["10.1.0.7", OTHER, 1, "discovery"]);
    assert.equal(follow([forged, forged]), [[], [`discovery-forged ${OTHER} in the name of 10.1.0.7, which is ${PRESS}`]]);
    assert.equal(follow([forged, observe(["10.1.0.7", OTHER, 1, "discovery"], ["10.1.0.7", OTHER])]), [[], [`address-changed ${OTHER} 10.1.0.7 was ${PRESS}`]]);
  });

  test("K2.2.5 who claims the gateway's address is told at once; the gateway itself is not", () => {
    assert.equal(follow([observe(["10.1.0.1", OTHER]), observe(["10.1.0.1", OWN.macs[0] ?? ""])]), [[`gateway-address-claimed ${OTHER} 10.1.0.1`], []]);
  });

  test("hosts without an address are nobody", () => {
    assert.equal(follow([observe(["0.0.0.0", OTHER], ["::", OTHER, 1, "ip"]), observe()]), [[], []]);
  });

  test("while a segment is learned, new and changed devices are known silently, and contradictions are told", () => {
    const contested = [observe(["10.1.0.7", PRESS, 1], ["10.1.0.7", OTHER, 1]), observe(["10.1.0.7", PRESS, 2], ["10.1.0.7", OTHER, 2])];
    assert.equal(follow([observe(["10.1.0.8", OTHER]), observe()], true), [[], []]);
    assert.equal(follow([observe(["10.1.0.7", OTHER]), observe()], true), [[], []]);
    assert.is(follow(contested, true)[1]?.length, 1);
  });

  test("what core finds when it starts contradicts nobody: the former owner of an address may still stand there", () => {
    const memory = emptyMemory([{ address: "10.1.0.7", mac: PRESS }]);
    const both = observe(["10.1.0.7", PRESS, 5], ["10.1.0.7", OTHER, 5]);
    for (let look = 0; look < 3; look += 1) assert.equal(findNeighbours(memory, both, false).findings, []);
  });

  test("more devices than fit are told as that, and are not remembered", () => {
    const memory = emptyMemory();
    const name = (place: number): string => `02:00:00:00:${(place >> 8).toString(16).padStart(2, "0")}:${(place & 255).toString(16).padStart(2, "0")}`;
    const crowd = Array.from({ length: 6000 }, (_, place): Words => [`10.1.${place >> 8}.${place & 255}`, name(place)]).filter(([address]) => address !== "10.1.0.1");
    const first = findNeighbours(memory, { ...observe(...crowd), isCrowded: true }, false);
    assert.equal([first.findings.map(({ kind, source }) => `${kind} ${source}`), first.learned.length], [["too-many-sources neighbours"], MOST_NEIGHBOURS]);
    assert.is(memory.owners.size, MOST_NEIGHBOURS);
  });

  test("one device fills no more than its part of the memory", () => {
    const memory = emptyMemory();
    const addresses = Array.from({ length: 500 }, (_, place): Words => [`fd00::${place.toString(16)}`, OTHER, 1, "ip"]);
    assert.is(findNeighbours(memory, observe(...addresses), false).learned.length, MOST_ADDRESSES_OF_ONE);
  });
});
