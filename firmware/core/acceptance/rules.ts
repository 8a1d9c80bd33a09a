// Which rule of the configuration accepts a machine without a person.

import type { X509Certificate } from "node:crypto";
import type { AcceptanceRule } from "../../config/acceptance-section.ts";
import { isLoopbackHost, hostOf } from "../../protocol/firewall/addresses.ts";
import { chainProblem, plainFingerprint } from "./certificates.ts";
import type { Facts } from "./entry.ts";

/** A rule with what it needs to judge. */
export interface ReadyRule {
  readonly segment: string;
  readonly manufacturer: string | undefined;
  readonly model: string | undefined;
  /** Undefined where the rule does not go by it. */
  readonly authorities: readonly X509Certificate[] | undefined;
  readonly pins: ReadonlySet<string> | undefined;
  readonly withoutCertificate: boolean;
}

export interface RuleVerdict {
  /** By what it is accepted; undefined where no rule does. */
  readonly accepts: string | undefined;
  /** Why not, where a rule is meant for it. */
  readonly reason: string | undefined;
}

/** `authoritiesOf` reads the secret of that name; an empty list where there is none. */
export function readyRule(rule: AcceptanceRule, authoritiesOf: (secret: string) => readonly X509Certificate[]): ReadyRule {
  const { segment, manufacturer, model, ca, pins, withoutCertificate } = rule;
  return { segment, manufacturer, model, authorities: ca === undefined ? undefined : authoritiesOf(ca.secret), pins: pins === undefined ? undefined : new Set(pins.map(plainFingerprint)), withoutCertificate };
}

/** `chain`: the certificates as they were reported with these facts. `nowMs` undefined: the time is unknown. */
export function applyRules(rules: readonly ReadyRule[], facts: Facts, chain: readonly X509Certificate[], nowMs: number | undefined): RuleVerdict {
  let reason: string | undefined;
  if (facts.driver === null || facts.url === null || facts.id === null || facts.reason !== null) return { accepts: undefined, reason };
  for (const rule of rules) {
    if (!isMeant(rule, facts)) continue;
    const problem = problemOf(rule, facts, chain, nowMs);
    if (problem === undefined) return { accepts: wordsOf(rule), reason: undefined };
    reason ??= problem;
  }
  return { accepts: undefined, reason: reason === undefined ? undefined : `No rule accepts it: ${reason}.` };
}

function isMeant({ segment, manufacturer, model }: ReadyRule, facts: Facts): boolean {
  return segment === facts.segment && (manufacturer === undefined || manufacturer === facts.nameplate?.manufacturer) && (model === undefined || model === facts.nameplate?.model);
}

function problemOf({ authorities, pins, withoutCertificate }: ReadyRule, facts: Facts, chain: readonly X509Certificate[], nowMs: number | undefined): string | undefined {
  if (authorities !== undefined) {
    if (facts.certificate === null) return "it shows no certificate";
    return authorities.length === 0 ? "the authorities' certificates are missing in the vault" : chainProblem(chain, authorities, nowMs);
  }
  if (pins !== undefined) return facts.certificate !== null && pins.has(facts.certificate.fingerprint) ? undefined : "its certificate is none of those that are accepted";
  // The configuration allows it on loopback segments alone; the address itself must be one too.
  return withoutCertificate && isLoopbackHost(hostOf(facts.url ?? "") ?? "") ? undefined : "it does not stand on this host";
}

function wordsOf({ segment, authorities, pins }: ReadyRule): string {
  return `the rule of segment ${segment} ${authorities !== undefined ? "by its authority" : pins !== undefined ? "by its certificate" : "without a certificate"}`;
}
