// Shows that every audit record reaches a real collector, whatever happens to it, and nobody else.

import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import type { FaultReport } from "../../../../drivers/contract/fault.ts";
import type { AuditRecord } from "../../../../firmware/conduit/audit.ts";
import { plantConduit } from "../../../../firmware/conduit/plant.ts";
import type { SyslogSettings } from "../../../../firmware/config/plant-section.ts";
import { sendAudit } from "../../../../firmware/plant/syslog/send-audit.ts";
import { openConduit } from "../../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../../firmware/runtime/conduit-path.ts";
import { answerAll, serveConduit } from "../../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import type { Defer } from "../../../support/attempt.ts";
import { listenOnLoopback } from "../../../support/listen.ts";
import { makePki } from "../../../support/pki.ts";
import { startRsyslog } from "../../../support/rsyslog.ts";
import { assert, suite } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

function recordOf(number: number, more: Partial<AuditRecord> = {}): AuditRecord {
  return { number, time: "2026-11-22T12:00:00.000Z", timeQuality: "synchronised", uptimeMs: number, zone: "admin", actor: "anna", source: "10.20.5.7", action: "asset.accepted", target: `press-${number}`, result: "done", detail: { number }, ...more };
}

interface Desk {
  /** The far end of the conduit: what core would have, and what it was told. */
  readonly records: AuditRecord[];
  sent(): number;
  faults(): readonly FaultReport[];
  untilSent(number: number, signal: AbortSignal): Promise<void>;
  send(syslog: SyslogSettings, secrets: Readonly<Record<string, string>>): void;
}

/** Answers the conduit in core's place, from a list. */
async function openDesk(defer: Defer): Promise<Desk> {
  const dataDir = makeTempDir(defer);
  const socket = conduitSocket(dataDir, "plant");
  const records: AuditRecord[] = [];
  const faults: FaultReport[] = [];
  const confirmed = { number: 0 };
  const never = (): never => {
    throw new Error("not asked for here");
  };
  const server = await serveConduit(
    plantConduit,
    {
      ...answerAll(plantConduit, never),
      auditRecords: async ({ limit }, { signal }) => {
        const unsent = records.filter(({ number }) => number > confirmed.number).slice(0, limit);
        if (unsent.length === 0) await systemClock.sleep(20, signal);
        return { records: unsent };
      },
      auditSent: ({ number }) => {
        confirmed.number = number;
        return {};
      },
      standing: ({ fault }) => {
        if (fault !== undefined) faults.push(fault);
        return {};
      },
    },
    { socket, log: silentLog },
  );
  const client = openConduit(plantConduit, { socket, clock: systemClock, epoch: randomUUID(), log: silentLog });
  defer(() => client.close());
  defer(() => server.close());
  return {
    records,
    sent: () => confirmed.number,
    faults: () => faults,
    untilSent: async (number, signal) => {
      while (confirmed.number < number) await systemClock.sleep(20, signal);
    },
    send: (syslog, secrets) => {
      const stop = new AbortController();
      const sending = sendAudit({ syslog, secrets, gateway: "gw1", core: client, clock: systemClock, log: silentLog }, stop.signal);
      defer(async () => {
        stop.abort();
        await sending;
      });
    },
  };
}

function settingsFor(port: number, more: Partial<SyslogSettings> = {}): SyslogSettings {
  return { server: "127.0.0.1", port, ca: { secret: "ca" }, ...more };
}

function numbersIn(messages: readonly { readonly structuredData: string }[]): readonly number[] {
  return messages.map(({ structuredData }) => Number(/ number="(\d+)"/.exec(structuredData)?.[1]));
}

suite("plant, syslog", (test) => {
  test("CR 6.2 the collector understands each record: host, action, severity, who did what, and hostile text stays text", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const rsyslog = await startRsyslog(defer, signal, { pki });
    const desk = await openDesk(defer);
    const hostile = 'x"] [fake@1 a="b"]\n<14>1 - evil - - - - äöü \u0000\\';
    desk.records.push(recordOf(1), recordOf(2, { result: "refused", target: hostile, detail: { words: hostile } }), recordOf(3, { source: null, timeQuality: "free" }));
    desk.send(settingsFor(rsyslog.port), { ca: pki.ca });
    const messages = await rsyslog.until(3, signal);
    assert.equal(messages.map(({ host, application, messageId, severity }) => [host, application, messageId, severity]), [
      ["gw1", "weir", "asset.accepted", "notice"],
      ["gw1", "weir", "asset.accepted", "warning"],
      ["gw1", "weir", "asset.accepted", "notice"],
    ]);
    const [first, second, third] = messages;
    assert.is(first?.structuredData, '[audit@32473 number="1" zone="admin" actor="anna" source="10.20.5.7" action="asset.accepted" target="press-1" result="done" uptimeMs="1" timeQuality="synchronised"][timeQuality tzKnown="1" isSynced="1"]');
    assert.equal(JSON.parse(first?.message.trim() ?? ""), { number: 1 });
    assert.match(second?.structuredData ?? "", /target="x\\"\\\] \[fake@1 a=\\"b\\"\\\] <14>1 - evil - - - - äöü {2}\\\\"/);
    assert.equal(JSON.parse(second?.message.trim() ?? ""), { words: hostile });
    assert.match(third?.structuredData ?? "", /isSynced="0"/);
    assert.is(messages.length, 3);
  });
  test("what was written when the collector was killed goes again: none is missing, and the number tells repeats", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const rsyslog = await startRsyslog(defer, signal, { pki });
    const desk = await openDesk(defer);
    desk.send(settingsFor(rsyslog.port), { ca: pki.ca });
    for (let number = 1; number <= 300; number += 1) desk.records.push(recordOf(number));
    await rsyslog.until(150, signal);
    await rsyslog.kill();
    for (let number = 301; number <= 500; number += 1) desk.records.push(recordOf(number));
    await rsyslog.restart(signal);
    await desk.untilSent(500, signal);
    await rsyslog.until(500, signal);
    assert.equal([...new Set(numbersIn(rsyslog.collected()))].sort((one, other) => one - other), Array.from({ length: 500 }, (_, index) => index + 1));
    assert.is(desk.faults()[0]?.code === "PEER_CLOSED" || desk.faults()[0]?.code === "PEER_UNREACHABLE", true, JSON.stringify(desk.faults()[0]));
  });
  test("a collector that stands still holds its records back, and gets them when it goes on", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const rsyslog = await startRsyslog(defer, signal, { pki });
    const desk = await openDesk(defer);
    rsyslog.pause();
    const long = "a".repeat(30_000);
    for (let number = 1; number <= 400; number += 1) desk.records.push(recordOf(number, { detail: { long } }));
    desk.send(settingsFor(rsyslog.port), { ca: pki.ca });
    await systemClock.sleep(500, signal);
    assert.is(desk.sent(), 0);
    rsyslog.resume();
    await desk.untilSent(400, signal);
    assert.is(new Set(numbersIn(await rsyslog.until(400, signal))).size, 400);
  });
  test("CR 1.9 a collector with a foreign, an expired or another's certificate, or without TLS, gets nothing, and the fault says which it is", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const other = makePki(defer, "Other CA");
    const cases = [
      { issued: other.issue("collector"), words: /not trusted/ },
      { issued: pki.issue("collector", { fromDays: -9, toDays: -2 }), words: /expired/ },
      { issued: pki.issue("collector", { names: "DNS:elsewhere.example" }), words: /not for 127\.0\.0\.1/ },
    ];
    for (const { issued, words } of cases) {
      const rsyslog = await startRsyslog(defer, signal, { pki, issued });
      const desk = await openDesk(defer);
      desk.records.push(recordOf(1));
      desk.send(settingsFor(rsyslog.port), { ca: pki.ca });
      while (desk.faults().length === 0) await systemClock.sleep(20, signal);
      assert.is(desk.faults()[0]?.code, "CERTIFICATE_REFUSED");
      assert.match(desk.faults()[0]?.message ?? "", words);
      assert.is(rsyslog.collected().length, 0);
    }
    const heard: Buffer[] = [];
    const plain = await listenOnLoopback(createServer((socket) => socket.on("data", (bytes: Buffer) => { heard.push(bytes); socket.write("220 hello\r\n"); })));
    defer(() => plain.close());
    const desk = await openDesk(defer);
    desk.records.push(recordOf(1));
    desk.send(settingsFor(plain.port), { ca: pki.ca });
    while (desk.faults().length === 0) await systemClock.sleep(20, signal);
    assert.is(desk.faults()[0]?.code, "PEER_PROTOCOL");
    assert.is(Buffer.concat(heard).includes("press-1"), false);
  });
  test("CR 1.2 a collector that asks for a client certificate gets it", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const rsyslog = await startRsyslog(defer, signal, { pki, demandsCertificate: true });
    const own = pki.issue("gw1");
    const without = await openDesk(defer);
    without.records.push(recordOf(1));
    without.send(settingsFor(rsyslog.port), { ca: pki.ca });
    while (without.faults().length === 0) await systemClock.sleep(20, signal);
    assert.is(rsyslog.collected().length, 0);
    const desk = await openDesk(defer);
    desk.records.push(recordOf(2));
    desk.send(settingsFor(rsyslog.port, { certificate: { secret: "certificate" }, key: { secret: "key" } }), { ca: pki.ca, certificate: own.certificate, key: own.key });
    assert.equal(numbersIn(await rsyslog.until(1, signal)), [2]);
  });
}, { needs: ["rsyslogd", "openssl"] });
