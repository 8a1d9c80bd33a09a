// Shows what two observations of refused packets are taken for: tables of what stood in the kernel's sets, and what is found.

import type { ObservedSide, Observation } from "../../../../firmware/conduit/observation.ts";
import { findRefusals, NOTHING_YET, SCAN_TARGETS } from "../../../../firmware/core/detection/refusals.ts";
import type { Finding } from "../../../../firmware/core/detection/finding.ts";
import { assert, suite } from "../../../support/suite.ts";

type Refused = ObservedSide["refused"][number];
type Verdict = Refused["verdict"];

const SIDE = "segment:cell";
const WHO = "10.1.0.9";
const DISCOVERY_PORTS = [3702, 37_020];

interface Case {
  readonly verdict: Verdict;
  readonly packets: number;
  readonly ports?: readonly number[];
  readonly protocol?: string;
  readonly isCrowded?: boolean;
}

/** One source on one side; no case means that its set is empty. */
function observe(side: string, ...cases: readonly Case[]): Observation {
  const refused = cases.map(({ verdict, packets, ports = [22], protocol = "tcp", isCrowded = false }): Refused => {
    const targets = ports.map((port) => ({ source: WHO, destination: "10.1.0.1", protocol, port, packets: 1 }));
    return { verdict, packets, sources: packets === 0 ? [] : [{ address: WHO, packets }], targets: packets === 0 ? [] : targets, isCrowded };
  });
  return { sides: [{ side, discoveryPorts: DISCOVERY_PORTS, refused }], segments: [], zones: [] };
}

/** What each of these observations in turn finds, briefly. */
function follow(...observations: readonly Observation[]): readonly (readonly string[])[] {
  let memory = NOTHING_YET;
  return observations.map((observation) => {
    const step = findRefusals(memory, observation);
    memory = step.memory;
    return step.findings.map(({ kind, source, count }: Finding) => `${kind} ${source} ${count}`);
  });
}

const many = Array.from({ length: SCAN_TARGETS }, (_, index) => index + 1);

suite("detection, refusals", (test) => {
  for (const [says, side, one, found] of [
    ["a packet that no flow allows is an attempt", SIDE, { verdict: "denied", packets: 3 }, "denied"],
    ["many ports are a scan", SIDE, { verdict: "denied", packets: 30, ports: many }, "scan"],
    ["one port less is none", SIDE, { verdict: "denied", packets: 30, ports: many.slice(1) }, "denied"],
    ["a machine that sends through the gateway calls outwards", SIDE, { verdict: "forwarded", packets: 3 }, "calls-outwards"],
    ["a machine that tries many addresses through the gateway scans", SIDE, { verdict: "forwarded", packets: 30, ports: many }, "scan"],
    ["an office computer that takes the gateway for a router calls nobody", "plant", { verdict: "forwarded", packets: 3 }, "denied"],
    ["a false address is one", SIDE, { verdict: "spoofed", packets: 3 }, "false-source"],
    ["a false address that answers probes forges discovery", SIDE, { verdict: "spoofed", packets: 3, ports: [37_020], protocol: "udp" }, "discovery-forged"],
    ["the same port by TCP is no discovery", SIDE, { verdict: "spoofed", packets: 3, ports: [37_020] }, "false-source"],
    ["too much is a flood", SIDE, { verdict: "flooded", packets: 3000 }, "flood"],
  ] as const satisfies readonly (readonly [string, string, Case, string])[]) {
    test(`K2.2.5 ${says}`, () => {
      const observation = observe(side, one);
      assert.equal(follow(observation, observation), [[], [`${found} ${WHO} ${one.packets}`]]);
    });
  }

  test("what begins is told in the next observation, so that the beginning of a scan is not told apart from it", () => {
    const begins = observe(SIDE, { verdict: "denied", packets: 2, ports: [1, 2] });
    const goesOn = observe(SIDE, { verdict: "denied", packets: 40, ports: many });
    assert.equal(follow(begins, goesOn, goesOn), [[], [`scan ${WHO} 40`], []]);
  });

  test("what goes on is counted by what came since, and counts that fell began again with new rules", () => {
    const at = (packets: number): Observation => observe(SIDE, { verdict: "denied", packets });
    assert.equal(follow(at(5), at(5), at(12), at(12), at(2)), [[], [`denied ${WHO} 5`], [`denied ${WHO} 7`], [], [`denied ${WHO} 2`]]);
  });

  test("who scans faster than the rate of connections is told once, as a scan", () => {
    const observation = observe(SIDE, { verdict: "denied", packets: 40, ports: many }, { verdict: "flooded", packets: 500 });
    assert.equal(follow(observation, observation), [[], [`scan ${WHO} 40`]]);
  });

  test("a full set is told as that, at once and while it grows, and its single sources are not", () => {
    const at = (packets: number): Observation => observe(SIDE, { verdict: "spoofed", packets, isCrowded: true });
    assert.equal(follow(at(5000), at(9000), at(9000)), [["too-many-sources spoofed 5000"], ["too-many-sources spoofed 4000"], []]);
  });

  test("a zone that wanted out is told at once, with where to; what stands outside the zones is not", () => {
    const zone = (name: string): Observation["zones"][number] => ({ zone: name, packets: 2, targets: [{ destination: "10.1.0.21", protocol: "tcp", port: 502, packets: 2 }, { destination: "9.9.9.9", protocol: "icmp", port: 2048, packets: 1 }] });
    const { findings } = findRefusals(NOTHING_YET, { sides: [], segments: [], zones: [zone("cloud"), zone("other")] });
    assert.equal(findings, [{ kind: "zone-outwards", side: "gateway", source: "cloud", count: 2, detail: "tcp 10.1.0.21 port 502, icmp 9.9.9.9" }]);
  });

  test("a source that is over and comes back begins anew", () => {
    const there = observe(SIDE, { verdict: "denied", packets: 4 });
    const gone = observe(SIDE, { verdict: "denied", packets: 0 });
    assert.equal(follow(there, there, gone, there, there), [[], [`denied ${WHO} 4`], [], [], [`denied ${WHO} 4`]]);
  });
});
