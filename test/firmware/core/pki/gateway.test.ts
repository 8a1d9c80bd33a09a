// Shows the way that docs/ingest.md describes, on a whole gateway: authority exported, machine enrolled, mosquitto_pub as the machine.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startMachine } from "../../../drivers/miko/fake-machine.ts";
import type { TestContext } from "../../../support/attempt.ts";
import { startChild } from "../../../support/child.ts";
import { findFreePort } from "../../../support/free-port.ts";
import { findCondition, startGateway, until, weir, writeConfiguration, type GatewayUnderTest } from "../../../support/gateway.ts";
import { assert, suite } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

interface Site {
  readonly folder: string;
  readonly gateway: GatewayUnderTest;
  /** Runs the command and resolves with what it printed; throws where it ends with another code than 0. */
  command(...args: readonly string[]): Promise<string>;
  /** mosquitto_pub with a sample; resolves with its exit code. */
  publish(value: number, ...args: readonly string[]): Promise<number | null>;
}

async function openSite(context: TestContext): Promise<Site> {
  const { defer } = context;
  const folder = makeTempDir(defer);
  const port = await findFreePort();
  const machine = await startMachine(defer, { serial: "4711" });
  machine.publish = { url: `mqtts://127.0.0.1:${port}`, root: machine.root };
  machine.points.set("n", { value: 0, time: "2026-01-01T00:00:00Z" });
  writeConfiguration(folder, {
    segments: [{ name: "cell", subnets: ["127.0.0.0/8"] }],
    network: { field: [{ segment: "cell", interface: "lo", ingestTls: port }] },
    assets: [{ name: "press-1", segment: "cell", miko: { url: machine.url } }],
  });
  const gateway = startGateway(context, { folder });
  await gateway.until("the port for machines is open", ({ zones, assets }) => zones["field"]?.state === "running" && Object.values(assets).length === 1);
  const run = async (program: string, args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> => {
    const child = startChild(defer, program, args, { cwd: folder });
    const { code } = await child.exited;
    return { code, output: child.output() };
  };
  return {
    folder,
    gateway,
    command: async (...args) => {
      const { code, output } = await run(process.execPath, [weir, ...args, "--data", gateway.dataDir]);
      if (code !== 0) throw new Error(`weir ${args.join(" ")} ended with ${code}: ${output}`);
      return output;
    },
    publish: async (value, ...args) => {
      const topic = `${machine.root}/points/n`;
      const message = JSON.stringify({ value, time: new Date(Date.UTC(2026, 5, 1) + value).toISOString() });
      return (await run("mosquitto_pub", ["-h", "127.0.0.1", "-p", String(port), "-q", "1", "-i", "press-1", "-t", topic, "-m", message, ...args])).code;
    },
  };
}

/** 0 means that the reading is at core: only then is it acknowledged. What field does not know yet is refused, and tried again. */
async function untilTaken(site: Site, signal: AbortSignal, value: number, ...args: readonly string[]): Promise<void> {
  await until(`${value} is taken`, signal, async () => (await site.publish(value, ...args)) === 0, 60_000, 500);
}

suite("enrolling a machine, from the command to the reading", (test) => {
  test(
    "mosquitto_pub publishes with what was given out, and no more when it was taken back or the authority was renewed",
    async (context) => {
      const { signal } = context;
      const site = await openSite(context);
      const { command, folder, gateway, publish } = site;
      await command("ca", "export", "--out", join(folder, "ca.crt"));
      await command("assets", "enrol", "press-1", "--certificate", "--out", join(folder, "press-1"));
      const own = ["--cafile", "press-1/ca.crt", "--cert", "press-1/machine.crt", "--key", "press-1/machine.key"];
      await untilTaken(site, signal, 1, ...own);
      assert.is(readFileSync(join(folder, "ca.crt"), "utf8"), readFileSync(join(folder, "press-1", "ca.crt"), "utf8"));

      await command("assets", "enrol", "press-1", "--password", "--out", join(folder, "password"));
      const password = ["--cafile", "ca.crt", "-u", "press-1", "-P", readFileSync(join(folder, "password", "password.txt"), "utf8")];
      await untilTaken(site, signal, 2, ...password);
      assert.is.not(await publish(3, "--cafile", "ca.crt", "-u", "press-1", "-P", "guessed"), 0);

      await command("assets", "disenrol", "press-1");
      await until("field has learned it", signal, async () => (await publish(4, ...own)) !== 0, 60_000, 500);
      assert.is.not(await publish(5, ...password), 0);

      await command("assets", "enrol", "press-1", "--certificate", "--out", join(folder, "again"));
      await untilTaken(site, signal, 6, "--cafile", "ca.crt", "--cert", "again/machine.crt", "--key", "again/machine.key");
      await command("ca", "renew", "--yes", "--out", join(folder, "new-ca.crt"));
      await gateway.until("who must be enrolled anew is told", (status) => findCondition(status, "MACHINE_CA_REPLACED")?.cause.includes("press-1") === true);
      await command("assets", "enrol", "press-1", "--certificate", "--out", join(folder, "third"));
      await untilTaken(site, signal, 7, "--cafile", "new-ca.crt", "--cert", "third/machine.crt", "--key", "third/machine.key");
      // The former authority does not verify the gateway any more, and the former certificate is not taken.
      assert.is.not(await publish(8, "--cafile", "ca.crt", "--cert", "third/machine.crt", "--key", "third/machine.key"), 0);
      assert.is.not(await publish(9, "--cafile", "new-ca.crt", "--cert", "again/machine.crt", "--key", "again/machine.key"), 0);
      const status = await gateway.status();
      assert.equal([findCondition(status, "MACHINE_CA_REPLACED"), findCondition(status, "PAYLOADS_QUARANTINED")], [undefined, undefined]);
    },
    { limitMs: 300_000 },
  );
}, { needs: ["mosquitto_pub"] });
