// The found and imported machines that are read, in the shape of those of the configuration.

import type { AssetSettings } from "../../config/assets-section.ts";
import { lies, hostOf } from "../../protocol/firewall/addresses.ts";
import type { Configured } from "./configured.ts";
import type { Entries } from "./entries.ts";
import { readAt } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { makeMachine, partsOf } from "./machine.ts";
import type { MadeMachine } from "./machine.ts";

export class Machines {
  readonly #entries: Entries;
  readonly #configured: () => Configured;
  readonly #made = new WeakMap<Entry, MadeMachine>();
  readonly #outside = new WeakMap<Entry, { readonly configured: Configured; readonly words: string | undefined }>();
  #list: readonly AssetSettings[] | undefined;
  #names: ReadonlySet<string> = new Set();

  constructor(entries: Entries, configured: () => Configured) {
    this.#entries = entries;
    this.#configured = configured;
  }

  /** Accepted, with an address, and not hindered. The same list until `changed`. */
  get list(): readonly AssetSettings[] {
    if (this.#list !== undefined) return this.#list;
    const list: AssetSettings[] = [];
    for (const entry of this.#entries.all()) {
      if (entry.state !== "accepted" || readAt(entry) === null || this.hindrance(entry) !== undefined) continue;
      const { machine } = this.make(entry);
      if (machine !== undefined) list.push(machine);
    }
    this.#names = new Set(list.map(({ name }) => name));
    return (this.#list = list);
  }

  /** The entry of a machine that is read under this name; undefined for one of the configuration. */
  entryOf(name: string): Entry | undefined {
    return this.list.length > 0 && this.#names.has(name) ? this.#entries.named(name) : undefined;
  }

  /** An entry or the configuration has changed. */
  changed(): void {
    this.#list = undefined;
  }

  /** The machine that the entry is, or what is wrong with its settings. Made once: 2,000 of them take some 100 ms. */
  make(entry: Entry): MadeMachine {
    const before = this.#made.get(entry);
    if (before !== undefined) return before;
    const made = makeMachine(partsOf(entry));
    this.#made.set(entry, made);
    return made;
  }

  /** Makes what `list` needs of this entry under a configuration that is still to come. */
  prepare(entry: Entry, coming: Configured): void {
    if (entry.state === "accepted" && readAt(entry) !== null && this.#hindranceIn(entry, coming) === undefined) this.make(entry);
  }

  /** Why an accepted one is not read: the configuration has changed. */
  hindrance(entry: Entry): string | undefined {
    return this.#hindranceIn(entry, this.#configured());
  }

  #hindranceIn(entry: Entry, configured: Configured): string | undefined {
    const { name, judged } = entry;
    if (name !== null && configured.hasName(name)) return `The configuration has a machine of the name ${name}.`;
    const same = configured.nameOf(judged?.url ?? null, judged?.id ?? null, judged?.segment ?? null);
    if (same !== undefined) return `The configuration has this machine as ${same}.`;
    const before = this.#outside.get(entry);
    if (before?.configured === configured) return before.words;
    const words = outsideWords(entry, configured);
    this.#outside.set(entry, { configured, words });
    return words;
  }
}

/** Its address lies in its segment, as every address of the configuration does. */
function outsideWords({ judged }: Entry, configured: Configured): string | undefined {
  if (judged === null || judged.url === null || judged.segment === null) return undefined;
  const subnets = configured.subnetsOf(judged.segment);
  if (subnets === undefined) return `The configuration has no segment ${judged.segment} any more.`;
  const host = hostOf(judged.url) ?? "";
  return subnets.some((subnet) => lies(host, subnet)) ? undefined : `Its address ${host} lies outside segment ${judged.segment}.`;
}
