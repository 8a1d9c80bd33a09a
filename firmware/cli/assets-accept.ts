// `weir assets accept`: a person sees what was found, compares it, and takes it into service.

import { Fault, asFault, isFault } from "../../drivers/contract/fault.ts";
import type { AssetEntry } from "../conduit/assets.ts";
import { LONG_ANSWER_MS, askRunningCore } from "./ask-core.ts";
import { askYes, isAtTerminal } from "./ask-yes.ts";
import { isSameFingerprint, readFingerprint, writeFingerprint } from "./assets-fingerprint.ts";
import { explainMissing, readAll, readOne } from "./assets-read.ts";
import { acceptCommand, describeMachine, isReadable, writeAsset } from "./assets-text.ts";
import { printable, printableLines, readKey, writeJson, writeKey } from "./printable.ts";

export interface AcceptOptions {
  readonly data: string;
  readonly fingerprint?: string;
  readonly name?: string;
  readonly user?: string;
  readonly passwordSecret?: string;
  readonly allPending?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** Accepts one after the other. One that fails does not keep the others from it; the last fault is thrown, those before it are printed. */
export async function acceptAssets(texts: readonly string[], options: AcceptOptions): Promise<void> {
  demandSense(texts, options);
  const keys = options.allPending === true ? await findPending(options.data) : texts.map(readKey);
  if (keys.length === 0 && options.json !== true) process.stderr.write("None is waiting to be accepted.\n");
  const accepted: AssetEntry[] = [];
  const faults: Fault[] = [];
  for (const key of keys) {
    try {
      const asset = await acceptOne(key, options);
      accepted.push(asset);
      if (options.json !== true) process.stdout.write(`${writeAccepted(asset)}\n`);
    } catch (error) {
      faults.push(asFault(error));
    }
  }
  if (options.json === true) process.stdout.write(`${writeJson({ assets: accepted })}\n`);
  const last = faults.pop();
  for (const fault of faults) process.stderr.write(`weir: ${printableLines(fault.toString())}\n`);
  if (last !== undefined) throw last;
}

/** What waits and can be read. */
async function findPending(data: string): Promise<readonly string[]> {
  const all = await askRunningCore(data, readAll, LONG_ANSWER_MS);
  return all.filter((entry) => entry.state === "pending" && isReadable(entry)).map(({ key }) => key);
}

async function acceptOne(key: string, { data, fingerprint, name, user, passwordSecret, yes }: AcceptOptions): Promise<AssetEntry> {
  const { asset } = await readOne(data, key, 0);
  if (fingerprint !== undefined) demandFingerprint(asset, readFingerprint(fingerprint, "--fingerprint"));
  else if (yes !== true) await demandConsent(asset);
  const credentials = user === undefined || passwordSecret === undefined ? undefined : { user, secret: passwordSecret };
  const input = { key, seen: asset.seen, ...(name === undefined ? {} : { name }), ...(credentials === undefined ? {} : { credentials }) };
  const answer = await askRunningCore(data, (client, signal) => client.call("acceptAsset", input, signal)).catch((error: unknown) => explainRefusal(error, key));
  return answer.asset;
}

/** What stands on the terminal is what `seen` stands for. */
async function demandConsent(asset: AssetEntry): Promise<void> {
  process.stderr.write(writeAsset(asset));
  if (!(await askYes("accept?"))) throw new Fault("CANCELLED", "nothing was accepted", { where: writeKey(asset.key) });
}

function demandFingerprint({ key, certificate }: AssetEntry, wanted: string): void {
  if (certificate === null) throw new Fault("IDENTITY_CHANGED", "it showed no certificate, so there is nothing to compare; it was not accepted", { where: writeKey(key), remedy: `Look at it with \`${acceptCommand(key, "show")}\`.` });
  if (isSameFingerprint(certificate.fingerprint, wanted)) return;
  throw new Fault("IDENTITY_CHANGED", `its certificate is ${writeFingerprint(certificate.fingerprint)}, not ${writeFingerprint(wanted)}; it was not accepted`, {
    where: writeKey(key),
    remedy: "Find out why before you accept it: this may not be the machine you mean.",
  });
}

/** Faults of core in this command's words. */
function explainRefusal(error: unknown, key: string): never {
  if (!isFault(error, "IDENTITY_CHANGED")) return explainMissing(error, key);
  throw new Fault("IDENTITY_CHANGED", "it changed since you looked at it, so it was not accepted", {
    where: writeKey(key),
    remedy: `Look again with \`${acceptCommand(key, "show")}\`, and accept it if it is still what you expect.`,
    cause: error,
  });
}

function writeAccepted({ key, name, nameplate, address, certificate }: AssetEntry): string {
  const certified = certificate === null ? "no certificate" : `certificate ${writeFingerprint(certificate.fingerprint)}`;
  return printable(`accepted ${writeKey(name ?? key)}: ${describeMachine(nameplate)}, at ${address ?? "no address"}, ${certified}`);
}

/** Throws INPUT_INVALID for options that cannot be meant together. */
function demandSense(keys: readonly string[], options: AcceptOptions): void {
  const { allPending, fingerprint, name, user, passwordSecret, yes } = options;
  const refuse = (message: string, remedy: string): never => {
    throw new Fault("INPUT_INVALID", message, { where: "weir assets accept", remedy });
  };
  if ((keys.length === 0) !== (allPending === true)) refuse("it is not said what to accept", "Name one or more keys, or give --all-pending and no key.");
  if (allPending === true && yes !== true) refuse("--all-pending asks no question", "Look at them with `weir assets list --state pending` first, then give --yes too.");
  if ((keys.length !== 1) && [fingerprint, name, user].some((option) => option !== undefined)) refuse("--fingerprint, --name and --user belong to one machine", "Accept it with a call of its own.");
  if ((user === undefined) !== (passwordSecret === undefined)) refuse("--user and --password-secret go together", "Store the password with `weir secret set NAME`, and give both.");
  if (fingerprint !== undefined) readFingerprint(fingerprint, "--fingerprint");
  if (fingerprint === undefined && yes !== true && !isAtTerminal()) refuse("there is no terminal to ask at", "Give --fingerprint with what the machine shows, or --yes if you have looked.");
}
