// The second factor: codes of an authenticator app (RFC 6238), and recovery codes for whoever has lost it.

import { randomBytes } from "node:crypto";
import { TOTP, Secret } from "otpauth";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { Vault } from "../vault/vault.ts";
import type { Proofs } from "./proofs.ts";
import { makeReadable, normaliseReadable } from "./random-text.ts";
import type { RunningTime } from "./running-time.ts";

/** What authenticator apps take without asking. */
const PERIOD_SECONDS = 30;
const DIGITS = 6;
/** 160 bits, as RFC 4226 §4 recommends. */
const SECRET_BYTES = 20;
/** Steps before and after that are taken, for a clock that is a little off. */
const WINDOW = 1;
const RECOVERY_CODES = 10;
/** Four groups of four: 79 random bits. */
const RECOVERY_GROUPS = 4;
const PENDING_MS = 10 * 60_000;

interface Pending {
  readonly secret: string;
  readonly untilMs: number;
}

export class SecondFactor {
  readonly #vault: Vault | Fault;
  readonly #proofs: Proofs;
  readonly #clock: Clock;
  readonly #time: RunningTime;
  /** By the id of the session that began it; not in force yet. */
  readonly #pending = new Map<string, Pending>();

  constructor(vault: Vault | Fault, proofs: Proofs, clock: Clock, time: RunningTime) {
    this.#vault = vault;
    this.#proofs = proofs;
    this.#clock = clock;
    this.#time = time;
  }

  /** A new secret for ten minutes, in force once it is confirmed. Throws where the vault cannot be used. */
  begin(session: string, account: string, gateway: string): { readonly secret: string; readonly uri: string } {
    this.#open();
    const nowMs = this.#time.nowMs();
    for (const [id, { untilMs }] of this.#pending) if (untilMs <= nowMs) this.#pending.delete(id);
    const secret = new Secret({ buffer: toArrayBuffer(randomBytes(SECRET_BYTES)) }).base32;
    this.#pending.set(session, { secret, untilMs: nowMs + PENDING_MS });
    return { secret, uri: makeTotp(secret, account, gateway).toString() };
  }

  /** True where the code is the app's: the secret is in force then, the former one no more. INPUT_INVALID where nothing was begun. */
  confirm(session: string, account: number, code: string): boolean {
    const pending = this.#pending.get(session);
    if (pending === undefined || pending.untilMs <= this.#time.nowMs()) throw new Fault("INPUT_INVALID", "no second factor is being set up, or it took longer than ten minutes", { remedy: "Begin again." });
    const step = this.#findStep(pending.secret, code);
    if (step === undefined) return false;
    this.#open().setOwn(`_totp-${account}`, pending.secret);
    this.#pending.delete(session);
    this.#proofs.spendStep(account, step);
    return true;
  }

  /** Ten new ones in place of the former, to be shown once. */
  renewRecoveryCodes(account: number): string[] {
    const codes = Array.from({ length: RECOVERY_CODES }, () => makeReadable(RECOVERY_GROUPS));
    this.#proofs.setRecoveryCodes(account, codes.map(normaliseReadable));
    return codes;
  }

  /** What it is, each accepted once; undefined where it is neither. Where the vault fails, recovery codes still open. */
  spend(account: number, code: string): "app" | "recovery code" | undefined {
    const text = normaliseReadable(code);
    if (!/^\d+$/.test(text)) return this.#proofs.spendRecoveryCode(account, text) ? "recovery code" : undefined;
    const secret = this.#read(account);
    const step = secret === undefined ? undefined : this.#findStep(secret, text);
    return step !== undefined && this.#proofs.spendStep(account, step) ? "app" : undefined;
  }

  #findStep(secret: string, code: string): number | undefined {
    const text = normaliseReadable(code);
    if (text.length !== DIGITS) return undefined;
    const timestamp = this.#clock.now();
    const delta = makeTotp(secret).validate({ token: text, timestamp, window: WINDOW });
    return delta === null ? undefined : Math.floor(timestamp / 1000 / PERIOD_SECONDS) + delta;
  }

  #read(account: number): string | undefined {
    try {
      return this.#open().readOwn(`_totp-${account}`);
    } catch (error) {
      if (isFault(error)) return undefined;
      throw error;
    }
  }

  #open(): Vault {
    if (isFault(this.#vault)) throw this.#vault;
    return this.#vault;
  }
}

function makeTotp(secret: string, label = "", gateway = ""): TOTP {
  return new TOTP({ issuer: gateway === "" ? "Weir" : `Weir ${gateway}`, label, algorithm: "SHA1", digits: DIGITS, period: PERIOD_SECONDS, secret: Secret.fromBase32(secret) });
}

function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
