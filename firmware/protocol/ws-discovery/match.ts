// Whether a target service is what a Probe asks for (WS-Discovery 1.1 §5.1).

import type { Probe, Target } from "./message.ts";
import { VOCABULARIES } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";
import type { QName } from "./xml.ts";

/** Every type asked for is one of the target's, and every scope asked for matches one of its. A rule that is not known, or is LDAP's, matches nothing. */
export function matchesProbe(target: Pick<Target, "types" | "scopes">, { version, types, filter }: Pick<Probe, "version" | "types" | "filter">): boolean {
  const { matchBy } = VOCABULARIES[version];
  const rule = filter.matchBy ?? matchBy.path;
  if (rule === matchBy.none) return target.scopes.length === 0 && hasTypes(target, types);
  const compare = compareBy(rule, matchBy);
  if (compare === undefined) return false;
  return hasTypes(target, types) && filter.scopes.every((wanted) => target.scopes.some((own) => compare(wanted, own)));
}

export function hasTypes({ types }: Pick<Target, "types">, wanted: readonly QName[]): boolean {
  return wanted.every(({ namespace, name }) => types.some((own) => own.namespace === namespace && own.name === name));
}

function compareBy(rule: string, { path, uuid, text }: Vocabulary["matchBy"]): ((wanted: string, own: string) => boolean) | undefined {
  if (rule === path) return isPathPrefix;
  if (rule === uuid) return (wanted, own) => plainUuid(wanted) !== undefined && plainUuid(wanted) === plainUuid(own);
  if (rule === text) return (wanted, own) => wanted === own;
  return undefined;
}

const URI = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)/;

/** Scheme and authority without regard to case, then segment by segment; no dot segments, no query, no fragment. */
function isPathPrefix(wanted: string, own: string): boolean {
  const [first, second] = [wanted, own].map((text) => URI.exec(text));
  if (first === undefined || first === null || second === undefined || second === null) return false;
  const [, scheme = "", authority = "", path = ""] = first;
  const [, ownScheme = "", ownAuthority = "", ownPath = ""] = second;
  if (scheme.toLowerCase() !== ownScheme.toLowerCase() || authority.toLowerCase() !== ownAuthority.toLowerCase()) return false;
  const [segments, ownSegments] = [path.replace(/\/$/, "").split("/"), ownPath.split("/")];
  if ([...segments, ...ownSegments].some((segment) => segment === "." || segment === "..")) return false;
  return segments.every((segment, index) => segment === ownSegments[index]);
}

function plainUuid(text: string): string | undefined {
  return /^(?:urn:)?(?:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(text)?.[1]?.toLowerCase();
}
