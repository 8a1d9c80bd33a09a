// Shows what a body may be built of, wherever it is cut while it is looked through.

import { READINGS_PER_REQUEST } from "../../../firmware/conduit/source.ts";
import { Scan } from "../../../firmware/runtime/conduit-body.ts";
import { assert, suite } from "../../support/suite.ts";

/** In one slice, and in slices of a few bytes. */
function scan(text: string): string | undefined {
  const bytes = Buffer.from(text);
  const whole = new Scan().add(bytes);
  for (const size of [1, 2, 3, 7]) {
    const inSlices = new Scan();
    let excess: string | undefined;
    for (let from = 0; from < bytes.length && excess === undefined; from += size) excess = inSlices.add(bytes.subarray(from, from + size));
    assert.is(excess, whole);
  }
  return whole;
}

suite("a conduit's bodies", (test) => {
  test("what the contracts allow passes, whatever stands in its texts", () => {
    const reading = { asset: "urn:a", point: 'p"\\', value: "[{[{,:,:\\\\", quality: "good", reason: "x", unit: "mm", dataType: "string", sourceTime: null, gatewayTime: "2026-01-01T00:00:00.000Z", timeQuality: "free", historical: true };
    const cursors = Array.from({ length: 1000 }, (_, index) => ({ asset: "urn:a", cursor: String(index) }));
    assert.is(scan(JSON.stringify({ readings: Array.from({ length: READINGS_PER_REQUEST }, () => reading), cursors })), undefined);
    assert.is(scan(JSON.stringify({ value: Array.from({ length: 4096 }, (_, index) => index) })), undefined);
    assert.is(scan(`{"text":"${"[{:,".repeat(50_000)}"}`), undefined);
  });
  test("too many parts of any kind do not", () => {
    assert.match(scan(`[${"[],".repeat(10_000)}[]]`) ?? "", /objects and arrays/);
    assert.match(scan(`[${"1,".repeat(50_000)}1]`) ?? "", /items/);
    assert.match(scan(`{${Array.from({ length: 13_000 }, (_, index) => `"${index}":1`).join(",")}}`) ?? "", /keys/);
    assert.match(scan("[".repeat(100)) ?? "", /deeper than 32/);
    assert.match(scan(`"${"\\n".repeat(140_000)}"`) ?? "", /escapes/);
  });
  test("what is no JSON is left to the parser", () => {
    for (const text of ["", "x", "]]]]", '"', '"\\', "{".repeat(32)]) assert.is(scan(text), undefined);
  });
});
