// The ingest endpoint with nothing behind it against mosquitto with nothing behind it: what accepting a message costs by itself.
//
//   node test/bench/ingest.ts [--seconds 3] [--rounds 3]

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./measure.ts";
import { cpuMsOf, startProgram, type Program } from "./program.ts";
import { startMosquitto } from "./rig.ts";
import { makeFolder } from "./setups.ts";

type Side = "ingest" | "mosquitto";

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Messages per second that are acknowledged, and what each costs the receiver and the publisher in microseconds of CPU. */
async function once(side: Side, machines: number, inFlight: number, reportMs: number): Promise<{ readonly perSecond: number; readonly text: string }> {
  const { folder, remove } = makeFolder();
  const programs: Program[] = [];
  const start = (name: string, args: readonly string[]): Program => {
    const program = startProgram(process.execPath, [script(name), ...args], { logFile: join(folder, `${name}.log`) });
    programs.push(program);
    return program;
  };
  try {
    let receiver: Program;
    let port: number;
    if (side === "mosquitto") {
      const broker = await startMosquitto(folder, "broker");
      programs.push(broker.program);
      receiver = broker.program;
      port = Number(new URL(broker.url).port);
    } else {
      receiver = start("ingest-endpoint.ts", []);
      port = Number(await receiver.next("port", true));
    }
    const publisher = start("ingest-publisher.ts", [port, machines, inFlight, 300, reportMs].map(String));
    await publisher.next("acknowledged");
    const [before, from, cpu] = [Number(publisher.newest("acknowledged")), Number(publisher.newest("atMs")), [cpuMsOf(receiver.pid), cpuMsOf(publisher.pid)]];
    await publisher.next("acknowledged");
    const count = Number(publisher.newest("acknowledged")) - before;
    const costs = [cpuMsOf(receiver.pid), cpuMsOf(publisher.pid)].map((ms, index) => ((ms - (cpu[index] ?? 0)) * 1000) / count);
    return { perSecond: (count * 1000) / (Number(publisher.newest("atMs")) - from), text: `CPU µs per message: receiver ${costs[0]?.toFixed(2)}, publisher ${costs[1]?.toFixed(2)}` };
  } finally {
    for (const program of programs.toReversed()) await program.stop();
    remove();
  }
}

const { values } = parseArgs({ options: { seconds: { type: "string", default: "3" }, rounds: { type: "string", default: "3" } } });
for (const machines of [1, 5]) {
  const ratios: number[] = [];
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const rates: Record<Side, number> = { mosquitto: 0, ingest: 0 };
    for (const side of ["mosquitto", "ingest"] as const) {
      const { perSecond, text } = await once(side, machines, 100, Number(values.seconds) * 1000);
      rates[side] = perSecond;
      process.stdout.write(`${machines} machine(s), 100 in flight, ${side.padEnd(9)}: ${perSecond.toFixed(0)} messages/s; ${text}\n`);
    }
    ratios.push(rates.ingest / rates.mosquitto);
  }
  process.stdout.write(`${machines} machine(s): ingest/mosquitto ${median(ratios).toFixed(2)}\n`);
}
