// Accounts for people to read, and as the list of who may administer the gateway [K2.1.4].

import { stringify } from "csv-stringify/sync";
import type { Account, ServiceWindow, TokenReport, accountRoutes } from "../conduit/accounts.ts";
import type { ReplyOf } from "../conduit/route.ts";
import { escapeFormula } from "./assets-formula.ts";
import { printable } from "./printable.ts";

type Contacts = ReplyOf<typeof accountRoutes.contacts>;

const BYTE_ORDER_MARK = "\ufeff";
const COLUMNS = ["name", "displayName", "role", "group", "responsibility", "machines", "email", "phone", "origin", "isDisabled", "hasSecondFactor", "created", "lastLogin"] as const satisfies readonly (keyof Account)[];

/** RFC 4180, UTF-8, with a header; no cell runs as a formula. `forExcel`: as it opens it by a double click where the comma separates decimals. */
export function writeAccountList(accounts: readonly Account[], forExcel = false): string {
  const rows = accounts.map((account) => COLUMNS.map((column) => toCell(account[column])));
  const text = stringify([[...COLUMNS], ...rows], { record_delimiter: "windows", delimiter: forExcel ? ";" : ",", quoted_match: /[;,\t\r\n"]|^\s|\s$/ });
  return forExcel ? BYTE_ORDER_MARK + text : text;
}

function toCell(value: string | number | boolean | null): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return escapeFormula(String(value ?? ""));
}

/** One line each, and one more for what is out of the ordinary. */
export function writeAccounts(accounts: readonly Account[]): string {
  if (accounts.length === 0) return "Nobody has an account.\n";
  return accounts.map((account) => [writeAccount(account), ...notesOf(account).map((note) => `    ${note}`)].map((line) => `${printable(line)}\n`).join("")).join("");
}

function writeAccount({ name, displayName, role, group, lastLogin, sessions }: Account): string {
  const login = lastLogin === null ? "never logged in" : `last login ${lastLogin}`;
  return [name, role, group ?? "", displayName, login, sessions === 0 ? "" : sessions === 1 ? "1 session" : `${sessions} sessions`].filter((part) => part !== "").join("  ");
}

function notesOf({ isDisabled, isTemporary, lockedSeconds, origin, passwordSecondsLeft }: Account): string[] {
  return [
    ...(isDisabled ? ["disabled"] : []),
    ...(origin === "directory" ? ["of the plant's directory"] : []),
    ...(lockedSeconds === null ? [] : [`locked for ${Math.ceil(lockedSeconds / 60)} more minutes`]),
    ...(isTemporary ? ["has the password for the first login"] : []),
    ...(passwordSecondsLeft === 0 ? ["its password is over"] : []),
  ];
}

/** One line each, for those that are named. */
export function writeContacts({ itSecurity, otAdministration, vendor }: Contacts): string {
  const rows = Object.entries({ "IT security": itSecurity, "OT administration": otAdministration, vendor }).flatMap(([what, who]) => (who === null ? [] : [[what, who.name, who.phone ?? "", who.email ?? ""]]));
  if (rows.length === 0) return "The configuration names nobody (section contacts).\n";
  return rows.map((cells) => `${printable(cells.filter((cell) => cell !== "").join("  "))}\n`).join("");
}

export function writeTokens(tokens: readonly TokenReport[]): string {
  if (tokens.length === 0) return "There are no tokens.\n";
  return tokens.map(({ name, owner, role, scope, secondsLeft, lastUsed }) => `${printable([name, `of ${owner}`, role, scope.length === 0 ? "everything of its role" : scope.join(" "), `${writeTime(secondsLeft)} left`, lastUsed === null ? "never used" : `last used ${lastUsed}`].join("  "))}\n`).join("");
}

export function writeWindows(windows: readonly ServiceWindow[]): string {
  if (windows.length === 0) return "No service window is open.\n";
  return windows.map(({ id, account, purpose, scope, openedBy, secondsLeft }) => `${printable([id, account ?? "all service accounts", `${writeTime(secondsLeft)} left`, `opened by ${openedBy}`, scope.length === 0 ? "everything of the role service" : scope.join(" "), purpose].join("  "))}\n`).join("");
}

function writeTime(seconds: number): string {
  if (seconds >= 2 * 86_400) return `${Math.round(seconds / 86_400)} days`;
  return seconds >= 7200 ? `${Math.round(seconds / 3600)} hours` : `${Math.ceil(seconds / 60)} minutes`;
}
