// Keeps firewall and network as the configuration says, whatever restarts meanwhile: core looks every few seconds at what host has installed.

import { Fault, asFault } from "../../../drivers/contract/fault.ts";
import type { HostStanding } from "../../conduit/host.ts";
import type { NetworkReport } from "../../conduit/network.ts";
import type { Log } from "../../runtime/journal.ts";
import type { By } from "../accounts/actor.ts";
import type { Zones } from "../health/zones.ts";
import type { Kept } from "../inventory/state-schema.ts";
import { makeKinds } from "./change-kinds.ts";
import { ChangeKeeper } from "./change-keeper.ts";
import type { KeeperPorts } from "./change-keeper.ts";

export interface SystemKeeperOptions extends KeeperPorts {
  readonly kept: Kept;
  readonly log: Log;
  readonly zones: Zones;
}

const LOOK_MS = 5000;
/** While a change is on trial somebody waits for it. */
const LOOK_TRIAL_MS = 1000;
/** How long a person waits for host. */
const REPORT_MS = 4000;
const HOST = "host";

interface Keeper {
  readonly standing: NetworkReport["firewall"];
  settle(signal: AbortSignal): Promise<void>;
  confirm(actor: By, changes: readonly string[] | undefined, signal: AbortSignal): Promise<boolean>;
  tryAgain(): void;
}

export class SystemKeeper {
  readonly #options: SystemKeeperOptions;
  readonly #network: Keeper;
  readonly #firewall: Keeper;
  #wake = (): void => undefined;
  #last: Promise<unknown> = Promise.resolve();
  #seen: { readonly epoch: string; readonly refused: number; readonly own: number } | undefined;

  constructor(options: SystemKeeperOptions) {
    this.#options = options;
    const [network, firewall] = makeKinds(options.host, options.kept);
    this.#network = new ChangeKeeper(network, options);
    this.#firewall = new ChangeKeeper(firewall, options);
  }

  /** Until the signal aborts. On a machine without a zone host it does nothing. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await this.#inTurn(() => this.#look(signal)).catch((error: unknown) => signal.aborted || this.#options.log.warn({ fault: asFault(error) }, "the zone host cannot be asked"));
      if (signal.aborted) return;
      const pause = new AbortController();
      const isWaiting = [this.#network, this.#firewall].some(({ standing }) => standing.state === "on trial");
      const slept = this.#options.clock.sleep(isWaiting ? LOOK_TRIAL_MS : LOOK_MS, AbortSignal.any([signal, pause.signal])).catch(() => undefined);
      await Promise.race([woken, slept]);
      pause.abort();
    }
  }

  /** The configuration has changed: looks at once. */
  changed(): void {
    this.#wake();
  }

  /** How both stand, asked now; what was known last where host does not answer soon, which a condition tells. */
  async report(signal: AbortSignal): Promise<NetworkReport> {
    const { clock, host } = this.#options;
    if (!host.isPresent()) return this.#present();
    const enough = new AbortController();
    const asked = this.#inTurn(() => this.#look(signal)).catch(() => undefined);
    await Promise.race([asked, clock.sleep(REPORT_MS, AbortSignal.any([signal, enough.signal])).catch(() => undefined)]);
    enough.abort();
    return this.#present();
  }

  /** Keeps what is on trial: of `changes`, where these are named. Throws NOT_FOUND when nothing (of them) is. */
  async confirm(actor: By, changes: readonly string[] | undefined, signal: AbortSignal): Promise<NetworkReport> {
    return this.#inTurn(async () => {
      const firewall = await this.#firewall.confirm(actor, changes, signal);
      const network = await this.#network.confirm(actor, changes, signal);
      if (!firewall && !network) throw new Fault("NOT_FOUND", "no change of the network or the firewall is on trial", { where: "network", remedy: "It returned, or was replaced by another one; `weir network` shows it, `weir network try` tries it again." });
      await this.#look(signal);
      return this.#present();
    });
  }

  /** Puts on trial again what returned or was refused. */
  async tryAgain(signal: AbortSignal): Promise<NetworkReport> {
    return this.#inTurn(async () => {
      for (const keeper of [this.#network, this.#firewall]) if (keeper.standing.state === "returned" || keeper.standing.state === "refused") keeper.tryAgain();
      await this.#look(signal);
      return this.#present();
    });
  }

  #present(): NetworkReport {
    return { hasHost: this.#options.host.isPresent(), network: { ...this.#network.standing }, firewall: { ...this.#firewall.standing } };
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { conditions, host, zones } = this.#options;
    if (!host.isPresent()) return;
    try {
      const own = host.refusals;
      const found = await host.standing(signal);
      zones.alive(HOST, found.alive);
      this.#noteRefused(found, own);
      await this.#network.settle(signal);
      await this.#firewall.settle(signal);
      conditions.clear("FIREWALL_NOT_APPLIED", HOST);
      if (found.limitsFault === null) conditions.clear("FIREWALL_NOT_APPLIED", "units");
      else conditions.raise("FIREWALL_NOT_APPLIED", "units", found.limitsFault);
    } catch (error) {
      signal.throwIfAborted();
      conditions.raise("FIREWALL_NOT_APPLIED", HOST, asFault(error).message);
      throw error;
    }
  }

  /** Core's own calls are in the audit log already; what somebody else asked host for is known to host alone. */
  #noteRefused({ epoch, refused }: HostStanding, own: number): void {
    const before = this.#seen?.epoch === epoch ? this.#seen : { refused: 0, own };
    this.#seen = { epoch, refused: refused.count, own };
    const count = refused.count - before.refused - (own - before.own);
    if (count > 0) this.#options.trail.record({ actor: "unknown", action: "host-calls.refused", target: HOST, result: "refused", detail: { count, last: refused.last } });
  }

  #inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
