// Shows what a profile may be, and how payloads map by it, over recorded cases and over any JSON.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { Compile } from "typebox/compile";
import { NameplateSchema } from "../../../drivers/contract/identity.ts";
import { ReadingSchema, type DataType } from "../../../drivers/contract/reading.ts";
import reference from "../../../drivers/miko/profiles/reference.json" with { type: "json" };
import { compilePointer } from "../../../firmware/protocol/json-pointer.ts";
import { compileProfile, isMismatch } from "../../../firmware/protocol/miko-mapping.ts";
import { checkProfile } from "../../../firmware/protocol/miko-profile.ts";
import { readTime } from "../../../firmware/protocol/wire-time.ts";
import { assert, suite } from "../../support/suite.ts";

interface Case {
  readonly name: string;
  readonly text: string;
  readonly dataType?: DataType;
  readonly expect?: object;
  readonly mismatch?: string;
}

const cases = JSON.parse(readFileSync(new URL("cases/miko-samples/cases.json", import.meta.url), "utf8")) as readonly Case[];
const arrival = { asset: "urn:a", gatewayTime: "2026-03-01T12:00:01.000Z", timeQuality: "synchronised" } as const;
const mapping = compileProfile(checkProfile(reference, "reference.json"));
const isReading = Compile(ReadingSchema);
const isNameplate = Compile(NameplateSchema);

suite("miko samples", (test) => {
  for (const { name, text, dataType, expect, mismatch } of cases) {
    test(name, () => {
      const point = dataType === undefined ? { id: "p" } : { id: "p", dataType };
      const sample = mapping.answered(JSON.parse(text), point, arrival, text);
      if (mismatch !== undefined) return assert.is(isMismatch(sample) ? sample.pointer : "mapped", mismatch);
      assert.equal(sample, { asset: "urn:a", point: "p", gatewayTime: arrival.gatewayTime, ...expect });
      assert.ok(isReading.Check(sample));
    });
  }
});

suite("miko profile", (test) => {
  const broken: readonly [string, (profile: Record<string, unknown> & typeof reference) => void, RegExp][] = [
    ["an unknown member", (profile) => void (profile["extra"] = 1), /\/extra/],
    ["a missing member", (profile) => Reflect.deleteProperty(profile.request, "point"), /point/],
    ["a path that leaves the base URL", (profile) => void (profile.request.identification.path = "a/../../b"), /\/request\/identification\/path/],
    ["a path to another host", (profile) => void (profile.request.identification.path = "//evil/x"), /\/request\/identification\/path/],
    ["an absolute URL", (profile) => void (profile.request.identification.path = "http://evil/x"), /\/request\/identification\/path/],
    ["a point path without {id}", (profile) => void (profile.request.point.path = "points"), /\{id\}/],
    ["a topic with a wildcard", (profile) => void (profile.publish.events.topic = "#"), /\/publish\/events\/topic/],
    ["a topic without a level {id}", (profile) => void (profile.publish.points.topic = "points/x{id}"), /\{id\}/],
    ["something that is no pointer", (profile) => void (profile.request.point.value = "value"), /\/request\/point\/value/],
  ];
  for (const [name, spoil, why] of broken) {
    test(`refuses ${name} and names the place`, () => {
      const profile = structuredClone(reference) as Record<string, unknown> & typeof reference;
      spoil(profile);
      assert.match(String(assert.throws(() => checkProfile(profile, "mine.yaml"), "PROFILE_INVALID")), why);
    });
  }
  test("maps another dialect: own words, numbers as ids, seconds, severity words", () => {
    const profile = structuredClone(reference) as Record<string, unknown> & typeof reference;
    Object.assign(profile, { time: "unixSeconds", words: { ...profile.words, quality: { OK: "good", "1": "bad" }, severity: { alarm: 900 } } });
    const own = compileProfile(checkProfile(profile, "own"));
    assert.equal(own.answered({ value: 1, quality: 1, time: 1_772_366_400.5 }, { id: "p" }, arrival), { asset: "urn:a", point: "p", value: 1, quality: "bad", reason: "the machine says so", sourceTime: "2026-03-01T12:00:00.500Z", gatewayTime: arrival.gatewayTime });
    assert.equal(own.listedEvent?.({ id: 7, type: "x", severity: "alarm", message: "m", time: 0 }, arrival), { asset: "urn:a", event: { id: "7", type: "x", severity: 900, message: "m", sourceTime: "1970-01-01T00:00:00.000Z", gatewayTime: arrival.gatewayTime } });
  });
  test("any JSON maps to what the contract takes or to a mismatch, and never throws", () => {
    const property = fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue(), (any, other) => {
      const document = fc.sample(fc.constantFrom(any, { value: any, quality: other, time: other }, { id: "x", type: "t", severity: any, message: other, time: any, active: other }, { manufacturer: "a", model: any, serialNumber: other }), 1)[0];
      for (const reading of [mapping.answered(document, { id: "p", dataType: "int64" }, arrival, JSON.stringify(document)), mapping.published?.(document, { id: "p" }, arrival), mapping.listedEvent?.(document, arrival)]) {
        assert.ok(reading !== undefined && (isMismatch(reading) || isReading.Check(reading)), JSON.stringify(reading));
      }
      const nameplate = mapping.nameplate(document);
      assert.ok(isMismatch(nameplate) || isNameplate.Check(nameplate));
      mapping.points({ points: [document, any] }, "");
      mapping.publishing({ url: any, root: other });
      mapping.status(document);
    });
    fc.assert(property, { numRuns: 2000, examples: [[{ toString: 0 }, [null]], [[null], { toString: 0 }]] });
  });
});

suite("json pointer and time", (test) => {
  const document = { a: [{ "b/c": 1 }], "~": 2, "": 3 };
  const pointers: readonly [string, unknown][] = [["", document], ["/a/0/b~1c", 1], ["/~0", 2], ["/", 3], ["/a/00", undefined], ["/a/-1", undefined], ["/constructor", undefined], ["/a/length", undefined], ["/x/y/z", undefined]];
  for (const [pointer, found] of pointers) test(`finds ${JSON.stringify(pointer)}`, () => assert.equal(compilePointer(pointer)(document), found));
  test("times beyond what a reading can carry are none", () => {
    for (const time of [1e300, -1e300, Number.NaN, 8.64e15]) assert.is(readTime(time, "unixMilliseconds"), null);
    for (const time of ["", "2026", "+12026-01-01T00:00:00Z", "2026-01-01T00:00:00", 5, null]) assert.is(readTime(time, "iso8601"), null);
  });
});
