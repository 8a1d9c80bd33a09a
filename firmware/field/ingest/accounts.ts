// Who may publish to the gateway: the machines that were enrolled, by the name of their assignment, and by what they prove themselves.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { Assignment, IngestAccess } from "../../conduit/source.ts";
import { hostOf, lies } from "../../protocol/firewall/addresses.ts";
import type { Claim, PeerCertificate } from "./ports.ts";

export interface Accounts {
  /** From now on these count. Returns the names whose connections must end: withdrawn, or what they proved themselves by counts no more. */
  apply(assignments: readonly Assignment[]): readonly string[];
  /** The name of the machine that the client has proved to be. Throws CREDENTIALS_REFUSED, CERTIFICATE_REFUSED or ACCESS_DENIED. */
  check(claim: Claim): string;
}

interface Account {
  /** Where its connections may come from. */
  readonly subnets: readonly string[];
  readonly access: IngestAccess | undefined;
}

/** What an unknown name is compared with, so that it takes as long as a known one. */
const NOBODY = randomBytes(32);

export function makeAccounts(): Accounts {
  let accounts: ReadonlyMap<string, Account> = new Map();
  return {
    apply: (assignments) => {
      const before = accounts;
      accounts = new Map(assignments.map((assignment) => [assignment.name, { subnets: subnetsOf(assignment), access: assignment.ingest }]));
      return [...before].filter(([name, { access }]) => access !== undefined && hasLost(access, accounts.get(name)?.access)).map(([name]) => name);
    },
    check: (claim) => {
      const name = claim.certificate === undefined ? checkPassword(accounts, claim) : checkCertificate(accounts, claim, claim.certificate);
      const { subnets = [] } = accounts.get(name) ?? {};
      // A link-local address names its interface too.
      const [address = ""] = claim.address.split("%");
      if (subnets.some((subnet) => lies(address, subnet))) return name;
      throw new Fault("ACCESS_DENIED", `proves to be ${name} and comes from outside its segment`, { remedy: "Find out who uses the machine's password or key; enrol it anew with `weir assets enrol`." });
    },
  };
}

/** Without a segment only the host that the machine is asked at. */
export function subnetsOf({ segment, config }: Pick<Assignment, "segment" | "config">): readonly string[] {
  if (segment.length > 0) return segment;
  const url = typeof config === "object" && config !== null && "url" in config ? config.url : undefined;
  const host = typeof url === "string" ? hostOf(url) : undefined;
  return host === undefined ? [] : [host];
}

function checkPassword(accounts: ReadonlyMap<string, Account>, { username, password }: Claim): string {
  if (username === undefined || password === undefined) throw new Fault("CREDENTIALS_REFUSED", "gives no user and password and shows no certificate", { remedy: "Enrol the machine with `weir assets enrol` and set at it what that gives out." });
  const expected = accounts.get(username)?.access?.passwordSha256;
  const isRight = timingSafeEqual(createHash("sha256").update(password).digest(), expected === undefined ? NOBODY : Buffer.from(expected, "hex"));
  if (isRight && expected !== undefined) return username;
  throw new Fault("CREDENTIALS_REFUSED", `gives the user ${shorten(username)}, ${whyNot(accounts.get(username), expected)}`, { remedy: "Enrol the machine with `weir assets enrol` and set at it what that gives out." });
}

/** For our operator only: the client is told the same in each case. */
function whyNot(account: Account | undefined, expected: string | undefined): string {
  if (account === undefined) return "and no machine of this name is read";
  return expected === undefined ? "and this machine has no password" : "and a wrong password";
}

function checkCertificate(accounts: ReadonlyMap<string, Account>, { username }: Claim, { commonName, fingerprint }: PeerCertificate): string {
  const refuse = (why: string): Fault => new Fault("CERTIFICATE_REFUSED", `shows a certificate for ${shorten(commonName)}, ${why}`, { remedy: "Enrol the machine with `weir assets enrol` and set at it what that gives out." });
  if (accounts.get(commonName)?.access?.certificates.includes(fingerprint) !== true) throw refuse("which does not count or no more");
  if (username !== undefined && username !== commonName) throw refuse(`and gives the user ${shorten(username)}`);
  return commonName;
}

function hasLost(before: IngestAccess, now: IngestAccess | undefined): boolean {
  if (now === undefined) return true;
  if (before.passwordSha256 !== undefined && before.passwordSha256 !== now.passwordSha256) return true;
  return before.certificates.some((fingerprint) => !now.certificates.includes(fingerprint));
}

function shorten(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
