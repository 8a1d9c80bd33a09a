// limit: 600s
// Shows that no acknowledged reading is lost when zones are killed at random (REL-1): a short soak of what `make soak` does.

import { assert, suite } from "../support/suite.ts";
import { runSoak, SOAK_DEFAULTS } from "./run-soak.ts";

suite("soak", (test) => {
  test(
    "REL-1 thirty kills, a damaged outbox and a restored state lose no acknowledged reading, double none and keep the order per lane",
    async () => {
      const lines: string[] = [];
      const { comparison, setAside, brokerTroubles, hasFailed } = await runSoak({ ...SOAK_DEFAULTS, cloud: "mosquitto", kills: 30, rate: 100 }, (line) => lines.push(line));
      const said = `${JSON.stringify(comparison)}\n${lines.join("\n")}`;
      assert.is(comparison.lost, 0, said);
      assert.is(comparison.uplinkDuplicates.otherSeq, 0, said);
      assert.is(comparison.uplinkDuplicates.otherStream, 0, said);
      assert.is(comparison.uplinkDuplicates.reusedSeq, 0, said);
      assert.is(comparison.outOfOrder, 0, said);
      assert.not(hasFailed, said);
      assert.ok(brokerTroubles.kill > 0 && brokerTroubles.pause > 0, said);
      assert.ok(comparison.acknowledged > 1000, said);
      assert.ok(setAside.length > 0, said);
    },
    { needs: ["mosquitto"], limitMs: 580_000 },
  );
});
