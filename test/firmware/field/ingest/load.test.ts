// Shows the endpoint as a process: killed under load, with 500 machines, with 500 that do not read. What was acknowledged is in its file.
// limit: 420s

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "mqtt-packet";
import type { Defer } from "../../../support/attempt.ts";
import { startChild, type Child } from "../../../support/child.ts";
import { assert, suite } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { connectOf, openRaw, publishOf, type RawClient } from "./raw-client.ts";

const fixture = fileURLToPath(new URL("fixture-ingest.ts", import.meta.url));

interface Running {
  readonly child: Child;
  readonly port: number;
  /** What it says about itself now. */
  ask(signal: AbortSignal): Promise<{ readonly taken: number; readonly rssKb: number; readonly connections: number }>;
}

async function startFixture(defer: Defer, signal: AbortSignal, file: string): Promise<Running> {
  const child = startChild(defer, process.execPath, [fixture, file]);
  const [, port = ""] = await child.line(/"port":(\d+)/, signal);
  let asked = 0;
  return {
    child,
    port: Number(port),
    ask: async (until) => {
      asked += 1;
      child.write("?\n");
      const [text] = await child.line(new RegExp(`(?:\\{"taken[^\\n]*\\n[^]*?){${asked - 1}}\\{"taken[^\\n]*\\n`), until);
      return JSON.parse(text.trim().split("\n").at(-1) ?? "{}") as { taken: number; rssKb: number; connections: number };
    },
  };
}

async function letIn(client: RawClient, name: string, signal: AbortSignal): Promise<void> {
  client.send(connectOf(name, { keepalive: 0 }));
  const packet = await client.next(signal);
  assert.ok(packet.cmd === "connack" && packet.returnCode === 0, `${name}: ${JSON.stringify(packet)}`);
}

/** QoS 1 messages with one packet id after the other. */
function floodOf(name: string, count: number): Buffer {
  const packet = generate(publishOf(name, 1, "x".repeat(100)));
  const bytes = Buffer.alloc(packet.length * count, packet);
  for (let id = 1; id <= count; id += 1) bytes.writeUInt16BE(id, id * packet.length - 102);
  return bytes;
}

suite("ingest under load", (test) => {
  test("has in its file all that it acknowledged, however often it is killed", async ({ signal, defer }) => {
    const file = join(makeTempDir(defer), "taken");
    const acknowledged = new Set<string>();
    let next = 0;
    for (let round = 1; round <= 3; round += 1) {
      const { child, port } = await startFixture(defer, signal, file);
      const clients = Array.from({ length: 3 }, () => openRaw(defer, port));
      const enough = Promise.withResolvers<void>();
      let confirmed = 0;
      for (const [index, client] of clients.entries()) {
        await letIn(client, `m${index}`, signal);
        const inFlight = new Map<number, string>();
        const publish = (id: number): void => {
          const payload = `value ${(next += 1)}`;
          inFlight.set(id, `urn:test:m${index} ${payload}`);
          client.send(publishOf(`m${index}`, id, payload));
        };
        let seen = client.received.length;
        client.socket.on("data", () => {
          for (; seen < client.received.length; seen += 1) {
            const id = client.received[seen]?.messageId ?? 0;
            acknowledged.add(inFlight.get(id) ?? `an id ${id} that is not in flight`);
            confirmed += 1;
            publish(id);
          }
          if (confirmed > 2000) enough.resolve();
        });
        for (let id = 1; id <= 100; id += 1) publish(id);
      }
      await enough.promise;
      child.kill("SIGKILL");
      await Promise.all([child.exited, ...clients.map(({ closed }) => closed)]);
    }
    const kept = new Set(readFileSync(file, "utf8").split("\n"));
    const lost = [...acknowledged].filter((line) => !kept.has(line));
    assert.ok(acknowledged.size > 6000, `${acknowledged.size}`);
    assert.equal(lost, []);
  }, { limitMs: 120_000 });
  test("serves 500 machines at once, each its own messages in order", async ({ signal, defer }) => {
    const file = join(makeTempDir(defer), "taken");
    const running = await startFixture(defer, signal, file);
    const clients = Array.from({ length: 500 }, () => openRaw(defer, running.port));
    await Promise.all(clients.map((client, index) => letIn(client, `m${index}`, signal)));
    assert.is((await running.ask(signal)).connections, 500);
    const ids = Array.from({ length: 40 }, (_, index) => index + 1);
    await Promise.all(
      clients.map(async (client, index) => {
        client.send(...ids.map((id) => publishOf(`m${index}`, id, `${id}`)));
        for (const id of ids) assert.is((await client.next(signal)).messageId, id);
      }),
    );
    const byMachine = new Map<string, string[]>();
    for (const line of readFileSync(file, "utf8").trim().split("\n")) {
      const [machine = "", value = ""] = line.split(" ");
      byMachine.set(machine, [...(byMachine.get(machine) ?? []), value]);
    }
    assert.is(byMachine.size, 500);
    for (const values of byMachine.values()) assert.equal(values, ids.map(String));
    const { rssKb } = await running.ask(signal);
    assert.ok(rssKb < 300 * 1024, `${rssKb} KiB with 500 machines`);
  }, { limitMs: 120_000 });
  test("stays within its memory with 500 machines that publish and read nothing, and serves one that reads", async ({ signal, defer }) => {
    const running = await startFixture(defer, signal, "/dev/null");
    const deaf = Array.from({ length: 500 }, () => openRaw(defer, running.port));
    await Promise.all(deaf.map((client, index) => letIn(client, `m${index}`, signal)));
    for (const [index, client] of deaf.entries()) {
      client.socket.pause();
      client.send(floodOf(`m${index}`, 1500));
    }
    const good = openRaw(defer, running.port);
    await letIn(good, "good", signal);
    for (let id = 1; id <= 100; id += 1) {
      good.send(publishOf("good", id));
      assert.is((await good.next(signal)).messageId, id);
    }
    const { rssKb } = await running.ask(signal);
    assert.ok(rssKb < 512 * 1024, `${rssKb} KiB with 500 that do not read`);
  }, { limitMs: 120_000 });
});
