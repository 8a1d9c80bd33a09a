// The page of the gateway: HTTPS at the addresses that core names, everything that hardens it, and the API behind.

import { isIPv6 } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault } from "../../../drivers/contract/fault.ts";
import type { adminConduit, PageSettings } from "../../conduit/admin.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";
import { serveApi } from "../routes/serve-api.ts";
import { methodsOf } from "../routes/route-table.ts";
import { makeApp } from "./app.ts";
import { CoreCalls } from "./core-calls.ts";
import { makeFront } from "./front.ts";
import { Gate } from "./gate.ts";
import { KnownPeople } from "./known-people.ts";
import { openListener, type Listener, type ListenerParts } from "./listener.ts";
import { securityHeaders } from "./security-headers.ts";
import { tlsOptionsOf } from "./tls-settings.ts";

export interface PageParts {
  /** For people whom core has known a moment ago. */
  readonly core: ConduitClient<typeof adminConduit>;
  /** For everybody else: the same conduit by another client (with another epoch), so that a known person's call never waits for a stranger's. */
  readonly strangers: ConduitClient<typeof adminConduit>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Page {
  /** Where it answers now: `https://ADDRESS:PORT`. */
  readonly urls: readonly string[];
  /** A new certificate is shown to whoever connects from now on and names are new at once; connections stay, but those at an address or a port that is no more. Throws as `startPage` does, and leaves what was. */
  replace(settings: PageSettings): Promise<void>;
  /** Ends streams, waits for what runs (2 s), closes. May be called twice. */
  close(): Promise<void>;
}

const CLOSE_MS = 2000;

/** Listens when it resolves. CONFIG_INVALID: an address that is not there, a port that is taken, a key that is not the certificate's. Closes when the signal aborts. */
export async function startPage(settings: PageSettings, parts: PageParts, signal: AbortSignal): Promise<Page> {
  const page = await openPage(settings, parts);
  const stop = (): void => void page.close().catch((error: unknown) => parts.log.error({ fault: asFault(error) }, "the page did not close cleanly"));
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return page;
}

async function openPage(first: PageSettings, { core, strangers, clock, log }: PageParts): Promise<Page> {
  let settings = first;
  const ending = new AbortController();
  const people = new KnownPeople(clock);
  const gate = new Gate(clock, (source) => people.hasSource(source));
  const calls = new CoreCalls({ core, strangers, clock, people, mark: (socket, isKnown) => gate.mark(socket, isKnown) });
  const app = makeApp(log, methodsOf);
  serveApi(app, { calls, people, clock, settings: () => settings, ending: ending.signal });
  await app.ready();
  const answer = makeFront({ clock, settings: () => settings, route: (request, response) => app.routing(request, response) });
  const addresses = new Addresses((tls) => ({ tls, gate, answer, headers: () => securityHeaders(settings.isTrusted, undefined) }));
  try {
    await addresses.become(settings);
  } catch (error) {
    await app.close();
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    get urls() {
      return addresses.urls;
    },
    replace: async (next) => {
      await addresses.become(next);
      settings = next;
    },
    close: () => (closed ??= closePage(app, addresses, ending, clock)),
  };
}

async function closePage(app: FastifyInstance, addresses: Addresses, ending: AbortController, clock: Clock): Promise<void> {
  ending.abort();
  const cancel = clock.after(CLOSE_MS, () => addresses.cut());
  await addresses.close();
  cancel();
  await app.close();
}

/** One listener for each address and port. */
class Addresses {
  readonly #partsFor: (tls: ListenerParts["tls"]) => ListenerParts;
  #listeners: ReadonlyMap<string, Listener> = new Map();

  constructor(partsFor: (tls: ListenerParts["tls"]) => ListenerParts) {
    this.#partsFor = partsFor;
  }

  get urls(): readonly string[] {
    return [...this.#listeners.values()].flatMap(({ server }) => {
      const at = server.address();
      return typeof at === "object" && at !== null ? [`https://${isIPv6(at.address) ? `[${at.address}]` : at.address}:${at.port}`] : [];
    });
  }

  /** What is new is open before what is old goes; where that fails nothing has changed. */
  async become(settings: PageSettings): Promise<void> {
    const tls = tlsOptionsOf(settings);
    const wanted = new Map<string, Listener>();
    try {
      for (const address of new Set(settings.addresses)) {
        const key = `${address} ${settings.port}`;
        wanted.set(key, this.#listeners.get(key) ?? (await openListener(address, settings.port, this.#partsFor(tls))));
      }
    } catch (error) {
      for (const [key, listener] of wanted) if (!this.#listeners.has(key)) await shut(listener);
      throw error;
    }
    const before = this.#listeners;
    this.#listeners = wanted;
    for (const { server } of wanted.values()) server.setSecureContext(tls);
    for (const [key, listener] of before) if (!wanted.has(key)) await shut(listener);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
  }

  /** Ends what still runs. */
  cut(): void {
    for (const { server } of this.#listeners.values()) server.closeAllConnections();
  }
}

async function shut(listener: Listener): Promise<void> {
  const closing = listener.close();
  listener.server.closeAllConnections();
  await closing;
}
