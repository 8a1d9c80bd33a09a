// Which passwords may be chosen [U4.7.3, IEC 62443-4-2 CR 1.7]. A refusal says which rule was broken, and never repeats the password.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { isFrequentPassword } from "./frequent-password.ts";

const LEAST = 8;
const MOST = 64;

/** Our own, and those that the plant's makers are known by [U4.7.3e]. */
const PRODUCT_WORDS = [
  "weir", "miko", "gateway",
  "kyocera", "ecosys", "taskalfa", "kfs", "fleet", "services", "mobile", "netgateway", "device", "registration", "diagnostic", "tool", "drd", "data", "collection", "dct", "kdc",
];

/** Along the alphabet, the digits and the rows of keyboards, and back. */
const ROWS = ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm"];
const RUNS = [...ROWS, ...ROWS.map((row) => row.split("").toReversed().join(""))];
const SHORTEST_RUN = 3;
const LONGEST_PIECE = 4;

/** Whose password it is to be. */
export interface Chooser {
  readonly name: string;
  readonly email: string;
}

/** Throws INPUT_INVALID with the rule that it breaks; CANCELLED. Looking it up among the common ones takes some 0.1 s of a thread. */
export async function demandGoodPassword(password: string, chooser: Chooser, clock: Clock, signal: AbortSignal): Promise<void> {
  const broken = findBrokenRule(password, chooser);
  if (broken !== undefined) throw badPassword(broken);
  if (await isFrequentPassword(plain(password), clock, signal)) throw badPassword("is one of those that are used most often, which are tried first");
}

export function badPassword(words: string): Fault {
  return new Fault("INPUT_INVALID", `the new password ${words}`, { where: "next", remedy: `Choose another one, of ${LEAST} to ${MOST} characters; several words that do not belong together are good.` });
}

/** What is wrong with it, to be read after "the new password"; undefined where nothing is but what has to be looked up. */
export function findBrokenRule(password: string, { name, email }: Chooser): string | undefined {
  const text = plain(password);
  const { length } = [...text];
  if (length < LEAST) return `has fewer than ${LEAST} characters`;
  if (length > MOST) return `has more than ${MOST} characters`;
  const contains = (part: string | undefined): boolean => part !== undefined && part !== "" && text.includes(plain(part));
  if (contains(name)) return "contains the name of the account";
  if (contains(email)) return "contains the e-mail address";
  if (contains(email.split("@")[0])) return "contains the part of the e-mail address before the @";
  const word = PRODUCT_WORDS.find(contains);
  if (word !== undefined) return `contains the product word "${word}"`;
  if (isPieceAgainAndAgain(text)) return "is one piece again and again";
  if (isOfRuns(text)) return "follows the alphabet, the digits or a row of the keyboard";
  return undefined;
}

/** As it is compared: capitals do not matter, nor how a letter with its accent is put together. */
function plain(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

function isPieceAgainAndAgain(text: string): boolean {
  const isRepeated = (length: number): boolean => text === text.slice(0, length).repeat(Math.ceil(text.length / length)).slice(0, text.length);
  return Array.from({ length: LONGEST_PIECE }, (_, at) => at + 1).some(isRepeated);
}

function isOfRuns(text: string): boolean {
  if (text === "") return true;
  const length = longestRun(text);
  return length >= SHORTEST_RUN && isOfRuns(text.slice(length));
}

/** At its beginning. */
function longestRun(text: string): number {
  let length = 0;
  while (length < text.length && RUNS.some((run) => run.includes(text.slice(0, length + 1)))) length += 1;
  return length;
}
