// Shows the parts of the uplink that need no wire: cutting, pacing, watching, blaming, and addresses.

import { assert, suite } from "../../../support/suite.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { makeBlame, type Open } from "../../../../firmware/cloud/uplink/blame.ts";
import { makeDrainPace } from "../../../../firmware/cloud/uplink/drain-pace.ts";
import { envelopeBytes, writeTelemetry } from "../../../../firmware/cloud/uplink/payload.ts";
import { joinPieces, joinRanges, splitReadings } from "../../../../firmware/cloud/uplink/split-readings.ts";
import { readTarget } from "../../../../firmware/cloud/uplink/target.ts";
import { watchPeer } from "../../../../firmware/cloud/uplink/watch-peer.ts";
import { LANES } from "../../../../firmware/conduit/cloud.ts";
import { makeLink } from "../core.ts";

suite("uplink, cutting a batch", (test) => {
  test("keeps every byte, also of texts that look like structure, and knows gaps", () => {
    const text = `[{"seq":1,"value":"],{\\"[\\\\"},{"gap":{"first":2,"last":9,"reason":"age"}},{"seq":10,"value":[1.50,[{}]]}]`;
    const pieces = splitReadings(Buffer.from(text));
    assert.equal(pieces.map(({ range }) => range), [[1, 1], [2, 9], [10, 10]]);
    assert.is(joinPieces(pieces).toString(), text);
    assert.equal(joinRanges(pieces.map(({ range }) => range)), [[1, 10]]);
    assert.equal(splitReadings(Buffer.from("[]")), []);
  });
  test("refuses what is no reading", () => {
    assert.throws(() => splitReadings(Buffer.from(`[{"value":1}]`)), "DEFECT");
  });
});

suite("uplink, payload", (test) => {
  test("names gateway, stream and lane before the readings, whose bytes it leaves alone, and knows its own size at most", async () => {
    const stream = "0b0f2c5e-6a53-4c4e-9a58-5f0f3b8f8a11";
    for (const lane of LANES) {
      const payload = await writeTelemetry({ gateway: 'hall "3"', stream, lane }, Buffer.from('[{"seq":1,"value":1.50}]'), "none");
      assert.is(payload.toString(), `{"gateway":"hall \\"3\\"","stream":"${stream}","lane":"${lane}","readings":[{"seq":1,"value":1.50}]}`);
      assert.ok(payload.length - 24 <= envelopeBytes('hall "3"'));
    }
  });
});

suite("uplink, watching the peer", (test) => {
  const watched = () => {
    const clock = makeFakeClock();
    const said: string[] = [];
    let unsent = 0;
    const watch = watchPeer({ clock, timing: { silenceMs: 30_000, unconfirmedMs: 90_000 }, unsentBytes: () => unsent, ping: () => said.push("ping"), fail: (message) => said.push(message) });
    return { clock, said, watch, setUnsent: (bytes: number) => (unsent = bytes) };
  };
  test("pings at half and gives up at the whole of the silence, however the wall clock jumps", async () => {
    const { clock, said, watch } = watched();
    watch.sent();
    clock.jumpWall(365 * 86_400_000);
    await clock.advance(29_000);
    assert.equal(said, ["ping"]);
    clock.jumpWall(-730 * 86_400_000);
    await clock.advance(8000);
    assert.equal(said, ["ping", "has not answered for 30 s"]);
  });
  test("is silent while nothing is owed", async () => {
    const { clock, said, watch } = watched();
    watch.sent();
    watch.settled(0, true);
    await clock.advance(600_000);
    assert.equal(said, []);
  });
  test("takes bytes that still leave a slow line for a sign of life", async () => {
    const { clock, said, watch, setUnsent } = watched();
    setUnsent(1_000_000);
    watch.sent();
    for (let left = 900_000; left > 0; left -= 50_000) {
      await clock.advance(8000);
      setUnsent(left);
    }
    assert.ok(!said.some((text) => text.startsWith("has not")));
  });
  test("gives up on a peer that answers pings and confirms nothing", async () => {
    const { clock, said, watch } = watched();
    watch.sent();
    for (let count = 0; count < 10; count += 1) {
      await clock.advance(10_000);
      watch.sign();
    }
    assert.match(said.at(-1) ?? "", /confirmed nothing for 90 s/);
  });
});

suite("uplink, draining", (test) => {
  test("keeps to the configured rate", async () => {
    const clock = makeFakeClock();
    const pace = makeDrainPace({ clock, perSecond: 1000, maxBytes: 10_000, inFlight: 8 });
    let sent = 0;
    while (clock.uptimeMs() < 10_000) {
      if (pace.waitMs() > 0) await clock.advance(pace.waitMs());
      pace.sent(50, 100);
      pace.confirmed(100, 1);
      sent += 50;
    }
    assert.ok(sent >= 10_000 && sent <= 10_300, String(sent));
  });
  test("keeps little on the way where confirmations become slow, and more where they are quick", async () => {
    const clock = makeFakeClock();
    const pace = makeDrainPace({ clock, perSecond: 1_000_000, maxBytes: 131_072, inFlight: 8 });
    pace.sent(10, 1000);
    pace.confirmed(1000, 10);
    for (let round = 0; round < 20; round += 1) {
      pace.sent(400, 100_000);
      await clock.advance(1000);
      pace.confirmed(100_000, 1000);
    }
    assert.is(pace.budget(), 4096);
    for (let round = 0; round < 60; round += 1) {
      const bytes = pace.budget();
      pace.sent(10, bytes);
      await clock.advance(20);
      pace.confirmed(bytes, 20);
    }
    assert.is(pace.budget(), 131_072);
  });
});

suite("uplink, blaming", (test) => {
  const open = (first: number, count: number): Open => ({ lane: "live", stream: "s", first, last: first + count - 1, count });
  test("a flaky line alone never makes it careful: a confirmation between starts anew", () => {
    const blame = makeBlame();
    for (let round = 0; round < 10; round += 1) {
      blame.closed([open(1, 100)]);
      blame.closed([open(1, 100)]);
      blame.confirmed(open(1, 100));
    }
    assert.not.ok(blame.isCareful);
  });
  test("halves from the third close on and convicts only after the second finding", () => {
    const blame = makeBlame();
    const find = (): void => {
      for (let close = 0; close < 3; close += 1) blame.closed([open(5, 4)]);
      assert.is(blame.maxCount, 2);
      blame.closed([open(5, 2)]);
      for (let close = 0; close < 3; close += 1) blame.closed([open(5, 1)]);
      assert.ok(blame.known("s", 5) !== undefined);
    };
    find();
    assert.not.ok(blame.convicts("s", 5));
    assert.is(blame.known("s", 5), undefined);
    find();
    assert.ok(blame.convicts("s", 5));
  });
});

suite("uplink, addresses", (test) => {
  test("reads ports, paths, ALPN and names from the link", () => {
    const read = (url: string, fields = {}) => readTarget(makeLink(url, fields), {}, "g/1");
    assert.is(read("mqtts://broker.example").port, 8883);
    assert.is(read("mqtts://broker.example:443", { alpn: "mqtt" }).tls?.alpn[0], "mqtt");
    assert.is(read("wss://broker.example/mqtt?x=1").webSocketPath, "/mqtt?x=1");
    assert.is(read("wss://broker.example").port, 443);
    assert.is(read("mqtts://[::1]:1").host, "::1");
    assert.is(read("mqtts://10.0.0.1", { serverName: "broker" }).tls?.serverName, "broker");
    assert.is(read("mqtts://broker.example").clientId, "g/1");
    assert.throws(() => read("mqtts://user:pass@broker.example"), "CONFIG_INVALID");
    assert.throws(() => read("mqtt://10.0.0.1"), "ADDRESS_REFUSED");
  });
});
