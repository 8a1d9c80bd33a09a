// Whoever has no account here is asked of the plant's directory, which keeps their password and, by their groups, says their role.

import { isFault } from "../../../drivers/contract/fault.ts";
import { ACCOUNT_NAME } from "../../conduit/accounts.ts";
import type { AccountRow } from "./account-rows.ts";
import type { DirectoryPerson, DirectoryVerdict } from "./directory.ts";
import type { Keeping } from "./keeping.ts";
import { isReserved } from "./over-others.ts";

const NAME = new RegExp(ACCOUNT_NAME);

export type DirectoryAnswer = "known" | "wrong password" | "no role in the directory" | "directory";

/** Where it is `known` the account is there, with the role that its groups give now. Throws CANCELLED. */
export async function askDirectory({ directory, ...keeping }: Keeping, name: string, password: string, signal: AbortSignal): Promise<DirectoryAnswer> {
  if (!NAME.test(name) || isReserved(name)) return "wrong password";
  try {
    const verdict: DirectoryVerdict = await directory.ask(name, password, signal);
    if (verdict.outcome === "refused") return verdict.why === "no group" ? "no role in the directory" : "wrong password";
    return keep(keeping, name, verdict);
  } catch (error) {
    if (!isFault(error) || error.code === "CANCELLED" || error.code.startsWith("STORAGE")) throw error;
    // Whether it is down or refused is told by its condition; a stranger learns nothing of it.
    return "directory";
  }
}

function keep({ roster, rows, sessions, trail }: Omit<Keeping, "directory">, name: string, { role, displayName, email }: DirectoryPerson): DirectoryAnswer {
  const row: AccountRow | undefined = rows.find(name);
  // Somebody made a local account of that name while the directory was asked.
  if (row?.origin === "local") return "wrong password";
  if (row === undefined) {
    roster.createFromDirectory(name, role, { displayName, email });
    trail.record({ actor: "core", action: "account.created", target: name, result: "done", detail: { role, origin: "directory" } });
    return "known";
  }
  rows.change(row.id, { role, displayName, email });
  if (row.role !== role) {
    sessions.endAll(row.id, "role changed");
    trail.record({ actor: "core", action: "account.changed", target: name, result: "done", detail: { role, former: row.role, origin: "directory" } });
  }
  return "known";
}
