// limit: 400s
// Shows a whole gateway between two segments to which Debian's MQTT client publishes as its machines, by every way there is, up to a real broker in the cloud; and whom it refuses.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isTelemetryTopic, readTelemetry } from "../../../../firmware/simulator/telemetry.ts";
import type { Child } from "../../../support/child.ts";
import { connected, findCondition, until } from "../../../support/gateway.ts";
import { makePki } from "../../../support/pki.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { TestContext } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { buildCells, type Cells } from "../discovery/wire.ts";
import { CELL_A, CELL_B } from "../discovery/fixture-field.ts";
import { startBetween, startSimulated, type GatewayBetween } from "../two-segments.ts";

/** The cloud's broker, on the gateway's own loopback: no segment reaches it. */
const BROKER_PORT = 11_883;

interface Hall {
  readonly cell: "a" | "b";
  readonly machine: string;
  readonly serial: string;
  /** The machine's address and the gateway's. */
  readonly host: string;
  readonly gateway: string;
}

const HALLS: readonly [Hall, Hall] = [
  { cell: "a", machine: "cutter-a", serial: "A1000", host: "192.168.10.21", gateway: "192.168.10.1" },
  { cell: "b", machine: "cutter-b", serial: "A1001", host: "192.168.11.21", gateway: "192.168.11.1" },
];

const FIRST = 1_000_000;

/** The port without TLS is open in the first cell alone. */
const CONFIGURATION = {
  gateway: { id: "between" },
  segments: [
    { name: "cell-a", subnets: ["192.168.10.0/24"] },
    { name: "cell-b", subnets: ["192.168.11.0/24"] },
  ],
  network: {
    field: [
      { segment: "cell-a", interface: "ot-a", ingestTls: 8883, ingestPlain: 1883 },
      { segment: "cell-b", interface: "ot-b", ingestTls: 8883 },
    ],
  },
  assets: HALLS.map(({ cell, machine, host }) => ({ name: machine, segment: `cell-${cell}`, miko: { url: `http://${host}:8080/` } })),
  cloud: { url: `mqtt://127.0.0.1:${BROKER_PORT}` },
};

/** The broker of the cloud, and what a subscriber of its own has heard there. */
async function startCloud({ defer, signal }: TestContext, cells: Cells): Promise<{ readonly has: (serial: string, value: number) => boolean }> {
  const config = join(makeTempDir(defer), "mosquitto.conf");
  writeFileSync(config, ["user root", "allow_anonymous true", "log_dest stderr", `listener ${BROKER_PORT} 127.0.0.1`, ""].join("\n"));
  const broker = cells.start("searcher", "mosquitto", ["-c", config]);
  await broker.line(/running/, signal);
  const subscriber = cells.start("searcher", "stdbuf", ["-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", String(BROKER_PORT), "-t", "#", "-q", "1", "-d", "-F", "heard %t %x"]);
  await subscriber.line(/SUBACK/, signal);
  const readings = new Set<string>();
  let taken = 0;
  return {
    has: (serial, value) => {
      const output = subscriber.output();
      const end = output.lastIndexOf("\n") + 1;
      for (const [, topic = "", hex = ""] of output.slice(taken, end).matchAll(/^heard (\S+) ([0-9a-f]*)$/gm)) {
        const telemetry = isTelemetryTopic(topic) ? readTelemetry(topic, Buffer.from(hex, "hex")) : undefined;
        if (typeof telemetry === "object") for (const { asset, point, value: told } of telemetry.readings) readings.add(`${asset?.slice(-5) ?? ""} ${point ?? ""} ${String(told)}`);
      }
      taken = end;
      return readings.has(`${serial} pieces ${value}`);
    },
  };
}

interface Proof {
  readonly port: number;
  readonly args: readonly string[];
}

/** Publishes as the client of a machine, from the machine's own segment unless another is named. */
function publish(cells: Cells, version: string, hall: Hall, value: number, { port, args }: Proof, more: { readonly from?: string; readonly topic?: string } = {}): Child {
  const topic = more.topic ?? `miko/v1/${hall.serial}/points/pieces`;
  const payload = JSON.stringify({ value, time: new Date(1_790_000_000_000 + value).toISOString() });
  return cells.start(more.from ?? hall.cell, "mosquitto_pub", ["-V", version, "-h", hall.gateway, "-p", String(port), "-q", "1", "-i", `pub-${hall.serial}`, "-t", topic, "-m", payload, "-d", ...args]);
}

async function enrolByCommand(site: GatewayBetween, { machine }: Hall, by: string): Promise<string> {
  const folder = join(site.folder, `${machine}${by}`);
  const { code, output } = await site.weir("assets", "enrol", machine, by, "--out", folder);
  assert.is(code, 0, output);
  return folder;
}

suite(
  "publishing from two segments",
  (test) => {
    for (const version of ["mqttv311", "mqttv5"] as const) {
      test(`machines publish by ${version}, in the clear where that is switched on, by TLS with password and by TLS with certificate, and their readings are at the broker; strangers are refused and named`, async (context) => {
        const { signal } = context;
        const cells = buildCells(context.defer, [CELL_A, CELL_B]);
        const cloud = await startCloud(context, cells);
        // The machines themselves are never given what they could publish with: all that arrives is the client's.
        const unwritten = makeTempDir(context.defer);
        for (const [index, { cell, host, gateway }] of HALLS.entries()) await startSimulated(context, cells, cell, host, index, "--publish", "gateway", "--gateway", `mqtts://${gateway}:8883`, "--credentials", join(unwritten, "credentials.json"));
        const site = startBetween(context, cells, CONFIGURATION);
        await site.gateway.until("both are read", (now) => connected(now) === 2, 120_000);
        const ca = join(site.folder, "ca.crt");
        assert.is((await site.weir("ca", "export", "--out", ca)).code, 0);

        // Beyond what the machines count themselves and are asked for.
        let value = FIRST;
        const proofs = new Map<Hall, { readonly plain: Proof; readonly password: Proof; readonly certificate: Proof }>();
        for (const hall of HALLS) {
          // As its owner does it: `weir assets enrol`, and what it gave out.
          const [secret, keys] = [await enrolByCommand(site, hall, "--password"), await enrolByCommand(site, hall, "--certificate")];
          const user = ["-u", hall.machine, "-P", cells.run(hall.cell, "cat", [join(secret, "password.txt")])];
          const proof = { plain: { port: 1883, args: user }, password: { port: 8883, args: ["--cafile", ca, ...user] }, certificate: { port: 8883, args: ["--cafile", ca, "--cert", join(keys, "machine.crt"), "--key", join(keys, "machine.key")] } };
          proofs.set(hall, proof);
          for (const [way, one] of Object.entries(proof)) {
            value += 1;
            const isOpen = way !== "plain" || hall.cell === "a";
            if (!isOpen) {
              const closed = publish(cells, version, hall, value, one);
              await closed.exited;
              assert.match(closed.output(), /Connection refused/);
              continue;
            }
            const sent = value;
            await until(`${hall.machine} publishes: ${way}`, signal, async () => (await publish(cells, version, hall, sent, one).exited).code === 0);
            await until(`${hall.machine}'s reading by ${way} is at the broker`, signal, () => cloud.has(hall.serial, sent));
          }
        }
        await site.gateway.until("it is said where passwords go unencrypted", (now) => findCondition(now, "INGEST_PLAIN", "segment cell-a, port 1883") !== undefined && findCondition(now, "INGEST_PLAIN", "segment cell-b, port 1883") === undefined);

        // Who is none of them, and who does what it may not.
        const [a, b] = HALLS;
        const [ofA, ofB] = [proofs.get(a), proofs.get(b)];
        assert.ok(ofA !== undefined && ofB !== undefined);
        const { certificateFile, keyFile } = makePki(context.defer, "Machine CA").issue(b.machine);
        const strangers = [
          { hall: a, from: "a", proof: { ...ofA.password, args: ["--cafile", ca, "-u", a.machine, "-P", "wrong"] }, named: /the user "cutter-a", and a wrong password/ },
          { hall: b, from: "b", proof: { ...ofB.password, args: ["--cafile", ca, "--cert", certificateFile, "--key", keyFile] }, named: /shows a certificate for "cutter-b" that is refused/ },
          { hall: b, from: "b", proof: ofA.password, named: /proves to be cutter-a and comes from outside its segment/ },
        ];
        for (const { hall, from, proof, named } of strangers) {
          value += 1;
          const refused = publish(cells, version, hall, value, proof, { from });
          assert.is.not((await refused.exited).code, 0, refused.output());
          await site.gateway.until(`it is told: ${named.source}`, (now) => named.test(findCondition(now, "INGEST_REFUSED", hall.host)?.cause ?? ""));
        }
        // In 3.1.1 there is no other answer to it than the acknowledgement; what came is in the quarantine.
        value += 1;
        const beside = publish(cells, version, a, value, ofA.certificate, { topic: `miko/v1/${b.serial}/points/pieces` });
        await beside.exited;
        if (version === "mqttv5") assert.match(beside.output(), /PUBACK \(Mid: 1, RC:135\)/);
        await site.gateway.until("it is told who publishes beside its root", (now) => /beside its root "miko\/v1\/A1000"/.test(findCondition(now, "INGEST_REFUSED", a.host)?.cause ?? ""));
        if (version === "mqttv311") await site.gateway.until("it is set apart", (now) => findCondition(now, "PAYLOADS_QUARANTINED") !== undefined);

        // What came in order after all that is there, so what was refused never comes.
        value += 1;
        for (const hall of HALLS) {
          const sent = value;
          assert.is((await publish(cells, version, hall, sent, proofs.get(hall)?.certificate ?? ofA.certificate).exited).code, 0);
          await until("the last readings are at the broker", signal, () => cloud.has(hall.serial, sent));
        }
        const arrived = (hall: Hall): readonly number[] => Array.from({ length: value - FIRST }, (_, index) => index + 1).filter((one) => cloud.has(hall.serial, FIRST + one));
        assert.equal([arrived(a), arrived(b)], [[1, 2, 3, value - FIRST], [5, 6, value - FIRST]]);
      });
    }

    test("a client whose TLS is GnuTLS trusts the gateway by the exported authority, shows the machine's certificate, and notices another gateway", async (context) => {
      const cells = buildCells(context.defer, [CELL_A, CELL_B]);
      const [a] = HALLS;
      await startSimulated(context, cells, a.cell, a.host, 0, "--publish", "gateway", "--gateway", `mqtts://${a.gateway}:8883`, "--credentials", join(makeTempDir(context.defer), "credentials.json"));
      const site = startBetween(context, cells, { ...CONFIGURATION, cloud: undefined });
      await site.gateway.until("it is read", (now) => connected(now) === 1, 120_000);
      const ca = join(site.folder, "ca.crt");
      assert.is((await site.weir("ca", "export", "--out", ca)).code, 0);
      const keys = await enrolByCommand(site, a, "--certificate");
      const shakeHands = async (...more: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> => {
        const client = cells.start(a.cell, "gnutls-cli", ["--x509cafile", ca, "--x509certfile", join(keys, "machine.crt"), "--x509keyfile", join(keys, "machine.key"), "-p", "8883", ...more, a.gateway]);
        client.write("", { end: true });
        return { code: (await client.exited).code, output: client.output() };
      };
      await until("the port is open", context.signal, async () => (await shakeHands()).code === 0);
      const { output } = await shakeHands();
      assert.match(output, /Status: The certificate is trusted/);
      assert.match(output, /Handshake was completed/);
      assert.match(output, /Successfully sent 1 certificate\(s\) to server/);
      const misled = await shakeHands("--verify-hostname", "10.9.8.7");
      assert.match(misled.output, /name in the certificate does not match/i);
      assert.is.not(misled.code, 0);
    }, { needs: ["gnutls-cli"] });
  },
  { needs: ["root", "netns", "mosquitto", "mosquitto_pub", "mosquitto_sub", "openssl"], limitMs: 150_000 },
);
