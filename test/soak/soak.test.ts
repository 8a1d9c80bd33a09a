// limit: 900s
// Shows that no acknowledged reading is lost when zones are killed at random (REL-1): a short soak of what `make soak` does.

import { assert, suite } from "../support/suite.ts";
import { runSoak, SOAK_DEFAULTS, type SoakOptions, type SoakResult } from "./run-soak.ts";

/** Nothing lost, nothing doubled, all in order. Says what happened where it is not so. */
async function soakSoundly(options: Partial<SoakOptions>): Promise<SoakResult & { readonly said: string }> {
  const lines: string[] = [];
  const result = await runSoak({ ...SOAK_DEFAULTS, cloud: "mosquitto", rate: 100, ...options }, (line) => lines.push(line));
  const { comparison, hasFailed } = result;
  const said = `${JSON.stringify(comparison)}\n${lines.join("\n")}`;
  assert.is(comparison.lost, 0, said);
  assert.is(comparison.uplinkDuplicates.otherSeq, 0, said);
  assert.is(comparison.uplinkDuplicates.otherStream, 0, said);
  assert.is(comparison.uplinkDuplicates.reusedSeq, 0, said);
  assert.is(comparison.outOfOrder, 0, said);
  assert.not(hasFailed, said);
  return { ...result, said };
}

suite("soak", (test) => {
  test(
    "REL-1 thirty kills, a damaged outbox and a restored state lose no reading that a machine published to the gateway and saw acknowledged, double none and keep the order per lane",
    async () => {
      const { comparison, setAside, brokerTroubles, said } = await soakSoundly({ source: "ingest", kills: 30 });
      assert.ok(brokerTroubles.kill > 0 && brokerTroubles.pause > 0, said);
      assert.ok(comparison.acknowledged > 1000, said);
      assert.ok(setAside.length > 0, said);
    },
    { needs: ["mosquitto"], limitMs: 580_000 },
  );
  test(
    "REL-1 nor do they when the machines have brokers of their own",
    async () => {
      const { comparison, said } = await soakSoundly({ source: "brokers", kills: 10, hasDamage: false });
      assert.ok(comparison.acknowledged > 1000, said);
    },
    { needs: ["mosquitto"], limitMs: 280_000 },
  );
});
