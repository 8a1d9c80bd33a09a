// How the cloud link stands and the destination behind it; kept over a restart of core, since the zone reports only changes.

import { Fault } from "../../drivers/contract/fault.ts";
import type { cloudConduit } from "../conduit/cloud.ts";
import type { InputOf } from "../conduit/route.ts";
import type { Configuration } from "../config/schema.ts";
import type { Kept } from "./inventory/state-schema.ts";
import type { Destination, Outbox } from "./outbox/outbox.ts";

export const CLOUD = "cloud";

type Report = InputOf<typeof cloudConduit.state>;

interface Standing {
  readonly report: Report;
  /** The process that reported it. */
  readonly epoch: string | undefined;
}

export class CloudState {
  readonly #outbox: Outbox;
  readonly #kept: Kept;
  #destination: Destination | undefined;
  #standing: Standing | undefined;
  /** What a cloud process of this epoch said to the core before this one. */
  #former: Standing | undefined;

  constructor(outbox: Outbox, kept: Kept) {
    this.#outbox = outbox;
    this.#kept = kept;
    const text = kept.read("cloud-link");
    this.#former = text === undefined ? undefined : (JSON.parse(text) as Standing);
  }

  /** Opens the destination where the configuration asks for a cloud, and gives it its order. One that is open stays open: what it holds is for the cloud. */
  async configure(configuration: Configuration): Promise<void> {
    if (configuration.cloud === undefined) return;
    this.#destination = await this.#outbox.openDestination(CLOUD, { order: configuration.cloud.order });
  }

  /** Throws NOT_FOUND where no cloud is configured. */
  destination(): Destination {
    if (this.#destination === undefined) throw new Fault("NOT_FOUND", "no cloud is configured", { remedy: "Add a section `cloud` to the configuration." });
    return this.#destination;
  }

  get report(): Report | undefined {
    return this.#standing?.report;
  }

  tell(report: Report, epoch: string | undefined): void {
    this.#former = undefined;
    this.#standing = { report, epoch };
    this.#kept.write("cloud-link", JSON.stringify(this.#standing));
    if (report.state === "connected") this.#destination?.openLive();
  }

  /** A zone that told the core before this one how its link stands goes on with it: only its restart makes that void. */
  recall(epoch: string | undefined): Report | undefined {
    const former = this.#former;
    if (former === undefined) return undefined;
    this.#former = undefined;
    if (epoch === undefined || former.epoch !== epoch) return undefined;
    this.tell(former.report, epoch);
    return former.report;
  }
}
