// The found and imported machines that are read, in the shape of those of the configuration.

import type { AssetSettings } from "../../config/assets-section.ts";
import { lies, hostOf } from "../../protocol/firewall/addresses.ts";
import type { Configured } from "./configured.ts";
import type { Entries } from "./entries.ts";
import type { Entry } from "./entry.ts";
import { makeMachine, partsOf } from "./machine.ts";

export class Machines {
  readonly #entries: Entries;
  readonly #configured: () => Configured;
  readonly #made = new WeakMap<Entry, AssetSettings>();
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
      if (entry.state !== "accepted" || entry.judged?.url == null || this.hindrance(entry) !== undefined) continue;
      const machine = this.#make(entry);
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

  #make(entry: Entry): AssetSettings | undefined {
    const before = this.#made.get(entry);
    if (before !== undefined) return before;
    const { machine } = makeMachine(partsOf(entry));
    if (machine !== undefined) this.#made.set(entry, machine);
    return machine;
  }

  /** Why an accepted one is not read: the configuration has changed. */
  hindrance({ name, judged }: Entry): string | undefined {
    const configured = this.#configured();
    if (name !== null && configured.hasName(name)) return `The configuration has a machine of the name ${name}.`;
    const same = configured.nameOf(judged?.url ?? null, judged?.id ?? null);
    if (same !== undefined) return `The configuration has this machine as ${same}.`;
    if (judged?.url == null || judged.segment === null) return undefined;
    const subnets = configured.subnetsOf(judged.segment);
    if (subnets === undefined) return `The configuration has no segment ${judged.segment} any more.`;
    const host = hostOf(judged.url) ?? "";
    return subnets.some((subnet) => lies(host, subnet)) ? undefined : `Its address ${host} lies outside segment ${judged.segment}.`;
  }
}
