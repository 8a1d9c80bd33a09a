// Keeps the page where and as core wants it: starts it, changes it, tries again what fails, and tells core how it stands.

import { asFault, Fault, reportFault } from "../../drivers/contract/fault.ts";
import type { adminConduit, PageSettings } from "../conduit/admin.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { errorCode } from "../runtime/error-code.ts";
import type { Log } from "../runtime/journal.ts";
import type { OwnAddress } from "../runtime/own-addresses.ts";
import { addressesFor } from "./page-addresses.ts";
import { holderOf } from "./port-holder.ts";
import type { Page } from "./server/page-server.ts";

export interface KeeperParts {
  readonly core: Pick<ConduitClient<typeof adminConduit>, "call">;
  readonly log: Log;
  /** Listens when it resolves. */
  readonly start: (settings: PageSettings, signal: AbortSignal) => Promise<Page>;
  readonly listOwn: () => readonly OwnAddress[];
}

export class PageKeeper {
  readonly #parts: KeeperParts;
  #page: Page | undefined;
  /** What the page runs with, as text. */
  #applied = "";
  #told = "";
  #addresses = "";
  #fault: Fault | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /**
   * The page as the settings say, as far as that can be; null: none. To be called with each change and again and again, since addresses come and go and a port gets
   * free. True where core has been told of addresses that it did not know: there are new settings then. Rejects only when the signal aborts.
   */
  async bring(settings: PageSettings | null, signal: AbortSignal): Promise<boolean> {
    if (settings === null) {
      await this.close();
      this.#addresses = "";
      return false;
    }
    const { here, missing, mayChange } = addressesFor(settings, this.#parts.listOwn());
    const known = JSON.stringify(here);
    if (mayChange && known !== this.#addresses) {
      this.#addresses = known;
      await this.#parts.core.call("listening", { urls: [...(this.#page?.urls ?? [])], addresses: [...here] }, signal);
      this.#told = "";
      return true;
    }
    await this.#apply({ ...settings, addresses: [...here] }, signal);
    if (missing.length > 0) this.#fault ??= new Fault("CONFIG_INVALID", `this computer has no address ${missing.join(", ")}`, { where: "page.addresses", remedy: "Correct it, or give the address to an interface." });
    await this.#tell(here, signal);
    return false;
  }

  /** Nothing listens any more when it resolves. May be called twice. */
  async close(): Promise<void> {
    const page = this.#page;
    this.#page = undefined;
    this.#applied = "";
    this.#told = "";
    this.#fault = undefined;
    await page?.close();
  }

  async #apply(settings: PageSettings, signal: AbortSignal): Promise<void> {
    const wanted = JSON.stringify(settings);
    if (wanted === this.#applied && this.#page !== undefined) return void (this.#fault = undefined);
    try {
      if (settings.addresses.length === 0) throw new Fault("CONFIG_INVALID", settings.interface === undefined ? "this computer has none of the page's addresses" : `the interface ${settings.interface} has no address yet`, { where: "page" });
      if (this.#page === undefined) this.#page = await this.#parts.start(settings, signal);
      else await this.#page.replace(settings);
      this.#applied = wanted;
      this.#fault = undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      this.#fault = explain(asFault(error, "page"), settings.port);
    }
  }

  async #tell(here: readonly string[], signal: AbortSignal): Promise<void> {
    const urls = [...(this.#page?.urls ?? [])];
    const fault = this.#fault === undefined ? {} : { fault: reportFault(this.#fault) };
    const words = JSON.stringify({ urls, fault });
    if (words === this.#told) return;
    await this.#parts.core.call("listening", { urls, ...(this.#addresses === "" ? {} : { addresses: [...here] }), ...fault }, signal);
    this.#told = words;
    if (this.#fault !== undefined) this.#parts.log.warn({ fault: this.#fault }, "the page is not where it is to be");
    else this.#parts.log.info({ urls }, "the page is open");
  }

  /** Core does not know any more what it was told. */
  forget(): void {
    this.#told = "";
    this.#addresses = "";
  }
}

function explain(fault: Fault, port: number): Fault {
  const code = errorCode(fault.cause);
  if (code === "EADDRINUSE") {
    const holder = holderOf(port);
    return new Fault("CONFIG_INVALID", `port ${port} is taken${holder === undefined ? "" : ` by ${holder}`}`, { where: "page", remedy: "End that program, or give the page another port: `network.admin.port`, or `page.port` where there is no `network.admin`.", cause: fault });
  }
  if (code === "EACCES" || code === "EPERM") return new Fault("ACCESS_DENIED", `the page may not listen at port ${port}`, { where: "page", remedy: "On an appliance describe the port to people under `network.admin`; on another computer use a port from 1024.", cause: fault });
  return fault;
}
