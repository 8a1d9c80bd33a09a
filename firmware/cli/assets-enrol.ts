// `weir assets enrol` and `disenrol`: letting a machine publish to the gateway, and letting it no more.

import type { Command } from "commander";
import type { EnrolOptions } from "./enrol-machine.ts";

export function addEnrol(assets: Command): void {
  const add = (name: string, description: string): Command => assets.command(name).description(description).argument("<key>", "name of an accepted machine, or its id: what `weir assets list` shows").option("--data <dir>", "the gateway's data directory", "./.weir");
  add("enrol", "let an accepted machine publish to the gateway; what it proves itself by is given out once and not kept")
    .option("--password", "by user name and a new password, which replaces a former one")
    .option("--certificate", "by a client certificate of the machine CA")
    .option("--request <file>", "PKCS#10 request (PEM) made at the machine, whose key then never leaves it; `-` is standard input")
    .option("--out <folder>", "write certificate, key and password as new files into this folder, readable for you alone")
    .option("--json", "print all of it as JSON, key and password included")
    .action(async (key: string, options: EnrolOptions) => (await import("./enrol-machine.ts")).enrolMachine(key, options));
  add("disenrol", "take everything that a machine was enrolled with: it is let in no more").action(async (key: string, { data }: { readonly data: string }) => (await import("./enrol-machine.ts")).disenrolMachine(key, data));
}
