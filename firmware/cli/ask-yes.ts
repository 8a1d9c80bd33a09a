// A question that a person at a terminal answers with yes or no.

import { createInterface } from "node:readline";
import { Fault } from "../../drivers/contract/fault.ts";

/** Somebody is there who sees the question and can answer it. */
export function isAtTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks on standard error, so that standard output stays for results. Everything but yes is no, the end of input too. Throws CANCELLED on Ctrl-C. */
export async function askYes(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  lines.once("SIGINT", () => reject(new Fault("CANCELLED", "nothing was changed")));
  lines.once("close", () => resolve(false));
  lines.question(`${question} [y/N] `, (answer) => resolve(/^(?:y|yes|j|ja)$/i.test(answer.trim())));
  try {
    return await promise;
  } finally {
    lines.close();
  }
}
