// The rules in force, ready to judge, and which facts they have judged already.

import type { X509Certificate } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { AcceptanceRule } from "../../config/acceptance-section.ts";
import type { Secrets } from "../vault/secrets.ts";
import { readAuthorities } from "./certificates.ts";
import type { Entry, Facts } from "./entry.ts";
import { applyRules, readyRule } from "./rules.ts";
import type { ReadyRule, RuleVerdict } from "./rules.ts";

/** Certificates begin and end to be valid: judged again at least so often. */
const AGAIN_MS = 3_600_000;
/** Chains of pending ones kept for a change of the rules; of others they come with the next report. */
const MOST_CHAINS = 256;

export class Rulebook {
  readonly #clock: Clock;
  readonly #secrets: Pick<Secrets, "textsFor">;
  readonly #chains = new Map<number, readonly X509Certificate[]>();
  readonly #judged = new Map<number, string>();
  #rules: readonly ReadyRule[] = [];
  #version = 0;

  constructor(clock: Clock, secrets: Pick<Secrets, "textsFor">) {
    this.#clock = clock;
    this.#secrets = secrets;
  }

  /** The rules, or a secret that they name, are others now. */
  replace(rules: readonly AcceptanceRule[]): void {
    this.#rules = rules.map((rule) => readyRule(rule, (secret) => readAuthorities(this.#secrets.textsFor({ secret })[secret] ?? "")));
    this.#version += 1;
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** Where nothing has changed since the entry was judged last, the former verdict holds: undefined. */
  judge(entry: Entry, facts: Facts, chain: readonly X509Certificate[]): RuleVerdict | undefined {
    this.#keepChain(entry.number, chain);
    const stamp = `${this.#version} ${this.#clock.timeQuality()} ${Math.floor(this.#clock.uptimeMs() / AGAIN_MS)} ${JSON.stringify(facts)}`;
    if (this.#judged.get(entry.number) === stamp) return undefined;
    this.#judged.set(entry.number, stamp);
    return applyRules(this.#rules, facts, chain, this.#clock.timeQuality() === "unknown" ? undefined : this.#clock.now());
  }

  /** The chain that came with the entry's facts, where it is still known. */
  chainOf(entry: Entry): readonly X509Certificate[] | undefined {
    return entry.facts.certificate === null ? [] : this.#chains.get(entry.number);
  }

  forget(number: number): void {
    this.#chains.delete(number);
    this.#judged.delete(number);
  }

  #keepChain(number: number, chain: readonly X509Certificate[]): void {
    if (chain.length === 0 || (!this.#chains.has(number) && this.#chains.size >= MOST_CHAINS)) return;
    this.#chains.set(number, chain);
  }
}
