// What the configuration in force says about machines, found by what a machine shows.

import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { AssetSettings } from "../../config/assets-section.ts";
import { namespaceOf } from "../../config/namespaces.ts";
import type { Configuration } from "../../config/schema.ts";
import type { Register } from "../inventory/register.ts";
import type { Turns } from "../turns.ts";
import { sameText } from "./sighting.ts";

/** Of one configuration; made anew for the next one. */
export class Configured {
  readonly configuration: Configuration;
  readonly #register: Pick<Register, "get">;
  readonly #names = new Set<string>();
  readonly #byUrl = new Map<string, string>();
  readonly #segments: ReadonlyMap<string, readonly string[]>;
  readonly size: number;

  private constructor(configuration: Configuration, register: Pick<Register, "get">) {
    const { assets, segments } = configuration;
    this.#register = register;
    this.configuration = configuration;
    this.#segments = new Map(segments.map(({ name, subnets }) => [name, subnets]));
    this.size = assets.length;
  }

  static of(configuration: Configuration, register: Pick<Register, "get">): Configured {
    const made = new Configured(configuration, register);
    for (const settings of configuration.assets) made.#add(settings);
    return made;
  }

  /** In as many turns as it takes: 2,000 addresses are some ms. */
  static async inTurns(configuration: Configuration, register: Pick<Register, "get">, turns: Pick<Turns, "each">): Promise<Configured> {
    const made = new Configured(configuration, register);
    await turns.each(configuration.assets, (settings) => made.#add(settings));
    return made;
  }

  #add({ name, config, segment }: AssetSettings): void {
    this.#names.add(name);
    const url = urlOf(config);
    if (url !== null) this.#byUrl.set(this.placeOf(sameText(url), segment), name);
  }

  hasName(name: string): boolean {
    return this.#names.has(name);
  }

  /** The subnets of the segment; undefined where there is none of that name. */
  subnetsOf(segment: string): readonly string[] | undefined {
    return this.#segments.get(segment);
  }

  get segments(): readonly string[] {
    return [...this.#segments.keys()];
  }

  /** The name of the configured machine that has this URL in the segment's network namespace, or behind which this asset is read. */
  nameOf(url: string | null, id: AssetId | null, segment: string | null): string | undefined {
    const byUrl = url === null ? undefined : this.#byUrl.get(this.placeOf(url, segment));
    if (byUrl !== undefined || id === null) return byUrl;
    const asset = this.#register.get(id);
    return asset !== undefined && asset.zone !== null && this.#names.has(asset.name) ? asset.name : undefined;
  }

  /** Equal where an address means the same machine: in another network namespace it is another one. */
  placeOf(url: string, segment: string | null | undefined): string {
    return `${namespaceOf(this.configuration, segment ?? undefined) ?? ""} ${url}`;
  }
}

/** The address in a driver's settings. */
export function urlOf(config: unknown): string | null {
  return typeof config === "object" && config !== null && "url" in config && typeof config.url === "string" ? config.url : null;
}
