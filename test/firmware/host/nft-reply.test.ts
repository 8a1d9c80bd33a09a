// Shows that what nft prints is read as it prints it (1.0.6 and later), and that anything else is refused.

import { MOST_OBSERVED, VERDICTS as OBSERVED_VERDICTS } from "../../../firmware/conduit/observation.ts";
import { readCounters, readSet } from "../../../firmware/host/nft-reply.ts";
import { VERDICTS, WATCH_SIZES } from "../../../firmware/protocol/firewall/ruleset-watch.ts";
import { assert, suite } from "../../support/suite.ts";

const HEAD = { metainfo: { version: "1.0.6", release_name: "Lester Gooch #5", json_schema_version: 1 } };
const set = (...elem: readonly unknown[]): string => JSON.stringify({ nftables: [HEAD, { set: { family: "inet", name: "sources", table: "weir", size: 1024, flags: ["timeout"], timeout: 600, ...(elem.length === 0 ? {} : { elem }), stmt: [{ counter: null }] } }] });

suite("nft reply", (test) => {
  test("elements of one part and of several are read with their packets", () => {
    const plain = { elem: { val: "10.9.0.2", expires: 599, counter: { packets: 6, bytes: 267 } } };
    const several = { elem: { val: { concat: ["10.9.0.2", "10.9.0.1", "tcp", 22] }, expires: 599, counter: { packets: 1, bytes: 60 } } };
    assert.equal(readSet(set(plain, several)), [{ values: ["10.9.0.2"], packets: 6 }, { values: ["10.9.0.2", "10.9.0.1", "tcp", "22"], packets: 1 }]);
    assert.equal(readSet(set()), []);
  });

  test("counters are read by name", () => {
    const text = JSON.stringify({ nftables: [HEAD, { counter: { family: "inet", name: "denied_from_other", table: "weir", handle: 3, packets: 7, bytes: 420 } }] });
    assert.equal([...readCounters(text)], [["denied_from_other", 7]]);
  });

  test("what is no such answer is refused", () => {
    for (const text of ["", "[]", `{"nftables":[{"counter":{"name":1}}]}`]) assert.throws(() => readCounters(text), /./);
    assert.throws(() => readSet(set({ elem: { val: "10.9.0.2" } })), /./);
  });

  test("the conduit has room for all that the sets hold", () => {
    assert.equal(OBSERVED_VERDICTS, VERDICTS);
    const { sources, targets, zoneTargets, neighbours, claims, discovery } = WATCH_SIZES;
    assert.equal(MOST_OBSERVED, { sources: 2 * sources, targets: 2 * targets, zoneTargets: 2 * zoneTargets, pairs: 2 * neighbours + claims + 2 * discovery });
  });
});
