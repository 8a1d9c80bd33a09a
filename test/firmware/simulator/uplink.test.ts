// Shows simulated machines that publish to the gateway: against the ingest endpoint itself, which the test lets fail.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { MACHINE_DEFAULTS } from "../../../firmware/simulator/defaults.ts";
import type { GatewayAccess } from "../../../firmware/simulator/machine-uplink.ts";
import { startMachines, type Machines, type MachinesOptions } from "../../../firmware/simulator/machines.ts";
import { makePki } from "../../support/pki.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { until } from "../../drivers/miko/until.ts";
import { startIngest } from "../field/ingest/running-ingest.ts";

const access = (serial: string): GatewayAccess => ({ user: serial, password: `secret ${serial}` });

async function start(defer: Defer, publish: NonNullable<MachinesOptions["publish"]>, ledger?: string): Promise<Machines> {
  const machines = await startMachines({ ...MACHINE_DEFAULTS, count: 2, rate: 200, publish, ...(ledger === undefined ? {} : { ledger }) }, systemClock);
  defer(() => machines.close());
  return machines;
}

suite("a simulated machine that publishes to the gateway", (test) => {
  for (const version of [4, 5] as const) {
    test(`sends again after a lost connection what was not acknowledged, by MQTT ${version}`, async ({ signal, defer }) => {
      let refused = 0;
      const running = await startIngest(defer, {
        ports: {
          accept: async () => {
            refused += 1;
            if (refused % 7 === 0) throw new Error("not durable");
          },
        },
      });
      const ledger = join(makeTempDir(defer), "ledger");
      const machines = await start(defer, { url: running.url, version, accessOf: access }, ledger);
      await until(() => machines.figures().acknowledged >= 300, signal);
      machines.pause();
      await until(() => machines.figures().pending === 0, signal);
      await machines.close();
      const lines = readFileSync(ledger, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as { value: unknown; sourceTime: string; acknowledged?: boolean; sent?: number; event?: string });
      const taken = new Set(running.taken.map(({ text }) => text));
      for (const { acknowledged, value, sourceTime, event } of lines) {
        if (acknowledged === true && event === undefined) assert.ok(taken.has(`{"value":${JSON.stringify(value)},"quality":"good","time":"${sourceTime}"}`));
      }
      assert.ok(lines.some(({ sent = 1 }) => sent > 1), "nothing was sent twice");
      assert.ok(running.taken.some(({ message }) => message.isDuplicate), "nothing was marked as a repeat");
    });
  }

  test("waits until it is enrolled, and names the gateway as where it publishes", async ({ signal, defer }) => {
    const running = await startIngest(defer);
    const known = new Map<string, GatewayAccess>();
    const states: string[] = [];
    const machines = await start(defer, { url: running.url, accessOf: (serial) => known.get(serial), onState: (_, state) => void states.push(state) });
    const [first] = machines.all;
    const answer = await fetch(`${first?.url}/publish`);
    assert.equal(await answer.json(), { url: running.url, root: `miko/v1/${first?.serial}` });
    await until(() => states.length === 2, signal);
    assert.equal(states, ["not enrolled", "not enrolled"]);
    assert.is(running.claims.length, 0);
    for (const { serial } of machines.all) known.set(serial, access(serial));
    await until(() => machines.all.every(({ figures }) => figures.acknowledged > 0), signal);
  });

  test("checks the gateway's certificate and shows its own", async ({ signal, defer }) => {
    const pki = makePki(defer);
    const server = pki.issue("gateway");
    const running = await startIngest(defer, { tls: { certificate: server.certificate, key: server.key, clientCa: pki.ca } });
    const certificates = new Map(["A1000", "A1001"].map((serial) => [serial, pki.issue(serial)]));
    const states: string[] = [];
    const withCertificate = (serial: string): GatewayAccess => ({ user: serial, certificate: certificates.get(serial)?.certificate ?? "", key: certificates.get(serial)?.key ?? "" });
    await start(defer, { url: running.url, accessOf: access, onState: (_, state) => void states.push(state) });
    await until(() => states.length >= 2, signal);
    assert.ok(states.every((state) => /self-signed|verify/.test(state)), states.join());
    assert.is(running.claims.length, 0);
    const machines = await start(defer, { url: running.url, ca: pki.ca, accessOf: withCertificate });
    await until(() => machines.all.every(({ figures }) => figures.acknowledged > 0), signal);
    assert.ok(running.claims.every(({ certificate, password }) => certificate !== undefined && password === undefined));
  });
}, { needs: ["openssl"], limitMs: 60_000 });
