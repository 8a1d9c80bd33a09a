// `weir detections`: what the gateway has seen of attackers and of strangers on its networks, and that somebody has looked at it.

import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import type { DetectionReport } from "../conduit/status.ts";
import { printable, writeJson } from "./printable.ts";

const MOST_SHOWN = 100;
const MOST = 10_000;

interface DetectionsOptions {
  readonly data: string;
  readonly json?: true;
  readonly all?: true;
}

export function addDetections(program: Command): void {
  const detections = program
    .command("detections")
    .description("what was seen on the networks: refused packets, scans, false addresses, new devices")
    .option("--data <dir>", "the gateway's data directory", "./.weir")
    .option("--all", `all that are kept, not the newest ${MOST_SHOWN}`)
    .option("--json", "print them as JSON")
    .action(async ({ data, json, all }: DetectionsOptions) => {
      const { askCore } = await import("./ask-core.ts");
      const found = (await askCore(data, (client, signal) => client.call("detections", { limit: all === true ? MOST : MOST_SHOWN }, signal))) ?? refuseStopped(data);
      process.stdout.write(json === true ? `${writeJson(found)}\n` : writeDetections(found.detections));
    });
  detections
    .command("accept")
    .description("they were seen: their conditions go, and what speaks on the machine networks now is known from here on")
    .action(async () => {
      const { data } = detections.opts<DetectionsOptions>();
      const { askCore } = await import("./ask-core.ts");
      const { accepted } = (await askCore(data, (client, signal) => client.call("acceptDetections", {}, signal))) ?? refuseStopped(data);
      process.stdout.write(`${accepted} accepted\n`);
    });
}

function refuseStopped(data: string): never {
  throw new Fault("CONDUIT_UNAVAILABLE", "no gateway runs on this data directory", { where: data, remedy: "Start it with `weir start`, or name its data directory with --data." });
}

/** Two lines each: when, how grave, what and who; then the case. A mark stands before what nobody has accepted. */
export function writeDetections(detections: readonly DetectionReport[]): string {
  if (detections.length === 0) return "Nothing was detected.\n";
  return detections
    .map(({ kind, side, source, severity, first, last, count, detail, accepted }) => {
      const times = first === last ? last : `${first} to ${last}`;
      const lines = [`${accepted ? " " : "!"} ${String(severity).padStart(3)}  ${kind}  ${side}  ${source}  ${count} times`, `       ${times}${detail === "" ? "" : `  ${detail}`}`];
      return lines.map((line) => `${printable(line)}\n`).join("");
    })
    .join("");
}
