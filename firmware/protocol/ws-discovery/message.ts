// The messages of WS-Discovery as values: what a peer said, without its XML.

import type { WsdVersion } from "./vocabulary.ts";
import type { QName } from "./xml.ts";

export const WSD_KINDS = ["hello", "bye", "probe", "probeMatches", "resolve", "resolveMatches"] as const;
export type WsdKind = (typeof WSD_KINDS)[number];

/** Orders the messages of one target service (WS-Discovery 1.1 §7): a larger instance id is a later life of it. */
export interface AppSequence {
  readonly instanceId: number;
  readonly sequenceId?: string;
  readonly messageNumber: number;
}

/** A target service, as it tells of itself. */
export interface Target {
  /** The endpoint reference's address, mostly `urn:uuid:…`: the identity that outlives addresses. */
  readonly endpoint: string;
  readonly types: readonly QName[];
  readonly scopes: readonly string[];
  /** Where it can be reached; empty where it must be resolved first. */
  readonly xaddrs: readonly string[];
  /** Grows when types, scopes, addresses or metadata change. */
  readonly metadataVersion: number;
}

export interface ScopeFilter {
  readonly scopes: readonly string[];
  /** One of the version's rules; undefined where the sender named none. */
  readonly matchBy: string | undefined;
}

interface Envelope {
  readonly version: WsdVersion;
  readonly messageId: string;
}

interface Request extends Envelope {
  /** Undefined: to whom sent it, which is all that is ever answered. */
  readonly replyTo: string | undefined;
}

interface Answer extends Envelope {
  readonly relatesTo: string;
  /** Missing from some real responders. */
  readonly sequence: AppSequence | undefined;
}

interface Announcement extends Envelope {
  readonly sequence: AppSequence | undefined;
}

export type Hello = Announcement & { readonly kind: "hello"; readonly target: Target; readonly relatesTo?: string };
export type Bye = Announcement & { readonly kind: "bye"; readonly endpoint: string };
export type Probe = Request & { readonly kind: "probe"; readonly types: readonly QName[]; readonly filter: ScopeFilter };
export type ProbeMatches = Answer & { readonly kind: "probeMatches"; readonly matches: readonly Target[] };
export type Resolve = Request & { readonly kind: "resolve"; readonly endpoint: string };
export type ResolveMatches = Answer & { readonly kind: "resolveMatches"; readonly match: Target | undefined };

export type WsdMessage = Hello | Bye | Probe | ProbeMatches | Resolve | ResolveMatches;
