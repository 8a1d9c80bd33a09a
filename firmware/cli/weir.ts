#!/usr/bin/env node
// The `weir` command. Its subcommands stand in one array; each loads what it needs only when it is called.

import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { asFault, isFault } from "../../drivers/contract/fault.ts";
import { errorCode } from "../runtime/error-code.ts";
import { addAssets } from "./assets.ts";
import { addAudit } from "./audit.ts";
import { addCa } from "./ca.ts";
import { addCheck } from "./check.ts";
import { addDetections } from "./detections.ts";
import { addDiscover } from "./discover.ts";
import { addFirewall } from "./firewall.ts";
import { addLedger } from "./ledger.ts";
import { addNetwork } from "./network.ts";
import { printableLines } from "./printable.ts";
import { addPage } from "./page.ts";
import { addSecret } from "./secret.ts";
import { addSimulate } from "./simulate.ts";
import { addSnapshot } from "./snapshot.ts";
import { addStart } from "./start.ts";
import { addStatus } from "./status.ts";
import { addToken } from "./token.ts";
import { addTask } from "./task.ts";
import { addTry } from "./try.ts";
import { addUser } from "./user.ts";
import { addWindow } from "./window.ts";

const COMMANDS: readonly ((program: Command) => void)[] = [addStart, addStatus, addAssets, addCa, addPage, addSecret, addUser, addToken, addWindow, addCheck, addDiscover, addFirewall, addDetections, addAudit, addNetwork, addTask, addSnapshot, addSimulate, addLedger, addTry];

/** What every command ends with. */
const EXIT = { done: 0, failed: 1, wrongInput: 2 } as const;

/** Runs one command line; resolves with the exit code and never rejects. */
async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("weir").description("The software of an industrial edge gateway.").version(packageJson.version);
  program.exitOverride().showHelpAfterError("(weir --help says what there is)");
  for (const add of COMMANDS) add(program);
  try {
    await program.parseAsync([...argv]);
    // A command whose outcome is a failure without being a fault has said so itself.
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongInput;
    return reportFailure(error);
  }
}

/** A fault is for people: place, message, remedy, no stack. What is none is a defect, and its stack helps to mend it. */
function reportFailure(error: unknown): number {
  const fault = asFault(error);
  const stack = isFault(error) ? "" : `\n${error instanceof Error ? (error.stack ?? "") : ""}`;
  process.stderr.write(`weir: ${printableLines(fault.toString())}${stack}\n`);
  return fault.kind === "config" ? EXIT.wrongInput : EXIT.failed;
}

// Who reads no more (`weir assets | head`) has seen enough.
process.stdout.on("error", (error) => process.exit(errorCode(error) === "EPIPE" ? EXIT.done : EXIT.failed));
process.exitCode = await main(process.argv);
