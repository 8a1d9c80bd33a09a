// What is known of the names that the zone connects to: their addresses, admitted by core and host, and for how long.

import { isIP } from "node:net";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault, reportFault } from "../../../drivers/contract/fault.ts";
import type { cloudConduit } from "../../conduit/cloud.ts";
import { MAX_ADDRESSES } from "../../conduit/cloud.ts";
import type { ReplyOf } from "../../conduit/route.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";
import type { NameTiming } from "./name-timing.ts";
import type { Destination } from "./name-fault.ts";
import { resolveName } from "./resolve-name.ts";
import type { Resolution } from "./resolve-name.ts";

export interface Names {
  /**
   * Resolves, has the firewall opened, and returns the addresses that may be dialled, the best first; at least one. An address comes back as it
   * is. Throws a Fault of kind transient where there is none, and core's own faults.
   */
  find(destination: Destination, signal: AbortSignal): Promise<readonly string[]>;
  /** How long what `find` returned needs no renewal; undefined where it never does. */
  renewalMs(destination: Destination): number | undefined;
}

export interface NamesPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly timing: NameTiming;
  readonly core: ConduitClient<Pick<typeof cloudConduit, "admitName">>;
  /** As in `resolveName`. */
  readonly servers: readonly string[];
}

/** RFC 6761 §6.3; the firewall opens these two for `localhost`. */
const LOCALHOST: readonly string[] = ["127.0.0.1", "::1"];
/** Of a time to live, by chance: so that a fleet does not ask at the same moment. */
const JITTER = 0.1;

interface Known {
  readonly addresses: readonly string[];
  /** In uptime: when to ask again, when the admission ends, and how long DNS may be silent. */
  readonly renewMs: number;
  readonly endMs: number;
  readonly graceEndMs: number;
}

type Refused = ReplyOf<typeof cloudConduit.admitName>["refused"];
type Unresolved = Exclude<Resolution, { kind: "found" }>;

export function openNames(ports: NamesPorts): Names {
  return new KnownNames(ports);
}

class KnownNames implements Names {
  readonly #ports: NamesPorts;
  readonly #known = new Map<string, Known>();

  constructor(ports: NamesPorts) {
    this.#ports = ports;
  }

  async find(destination: Destination, signal: AbortSignal): Promise<readonly string[]> {
    const fixed = fixedAddresses(destination.host);
    if (fixed !== undefined) return fixed;
    const resolution = await resolveName(destination, this.#ports, signal);
    return resolution.kind === "found" ? this.#admit(destination, resolution, signal) : this.#makeDo(destination, resolution, signal);
  }

  renewalMs(destination: Destination): number | undefined {
    if (fixedAddresses(destination.host) !== undefined) return undefined;
    const { renewMs } = this.#known.get(keyOf(destination)) ?? {};
    return renewMs === undefined ? this.#ports.timing.refreshMinMs : Math.max(0, renewMs - this.#ports.clock.uptimeMs());
  }

  async #admit(destination: Destination, { addresses, ttlSeconds }: Extract<Resolution, { kind: "found" }>, signal: AbortSignal): Promise<readonly string[]> {
    const { clock, timing } = this.#ports;
    const ttlMs = Math.min(Math.max(ttlSeconds * 1000, timing.refreshMinMs), timing.refreshMaxMs);
    const lifeMs = ttlMs * (1 + JITTER) + timing.marginMs;
    const startMs = clock.uptimeMs();
    const offered = [...new Set(addresses)].slice(0, MAX_ADDRESSES);
    const refused = await this.#offer(destination, offered, lifeMs, undefined, signal);
    if (refused instanceof Fault) return this.#formerOr(destination, refused);
    const admitted = offered.filter((address) => !refused.some((one) => one.address === address));
    if (admitted.length === 0) return this.#formerOr(destination, nameRefusal(destination, refused));
    this.#known.set(keyOf(destination), { addresses: admitted, renewMs: startMs + ttlMs * (1 + JITTER * Math.random()), endMs: startMs + lifeMs, graceEndMs: startMs + lifeMs + timing.graceMs });
    return admitted;
  }

  /** Without an answer: silence is no reason to forget what was good, a denial is as soon as its time is over. */
  async #makeDo(destination: Destination, { kind, fault }: Unresolved, signal: AbortSignal): Promise<readonly string[]> {
    const { clock, timing } = this.#ports;
    const former = this.#known.get(keyOf(destination));
    const startMs = clock.uptimeMs();
    if (former === undefined || startMs >= (kind === "silent" ? former.graceEndMs : former.endMs)) throw fault;
    const isRenewed = kind === "silent";
    const lifeMs = timing.refreshMinMs * (1 + JITTER) + timing.marginMs;
    const refused = await this.#offer(destination, isRenewed ? former.addresses : [], lifeMs, fault, signal);
    if (refused instanceof Fault || !isRenewed) return this.#formerOr(destination, fault);
    const addresses = former.addresses.filter((address) => !refused.some((one) => one.address === address));
    this.#known.set(keyOf(destination), { ...former, addresses, renewMs: startMs + timing.refreshMinMs, endMs: Math.max(former.endMs, startMs + lifeMs) });
    return this.#formerOr(destination, fault);
  }

  /** The addresses admitted before, while that holds; else the fault is thrown. */
  #formerOr(destination: Destination, fault: Fault): readonly string[] {
    const { clock, log, timing } = this.#ports;
    const former = this.#known.get(keyOf(destination));
    if (former === undefined || former.addresses.length === 0 || clock.uptimeMs() >= former.endMs) throw fault;
    log.warn({ fault }, "the addresses that were known before are used");
    this.#known.set(keyOf(destination), { ...former, renewMs: Math.max(former.renewMs, clock.uptimeMs() + timing.refreshMinMs) });
    return former.addresses;
  }

  /** What core and host refused, or the passing fault because of which nothing is known of it. Throws core's other faults. */
  async #offer({ host, port }: Destination, addresses: readonly string[], lifeMs: number, trouble: Fault | undefined, signal: AbortSignal): Promise<Refused | Fault> {
    const lifeSeconds = Math.ceil(lifeMs / 1000);
    const offer = { name: host, port, addresses: addresses.map((address) => ({ address, lifeSeconds })), ...(trouble === undefined ? {} : { fault: reportFault(trouble) }) };
    try {
      return (await this.#ports.core.call("admitName", offer, signal)).refused;
    } catch (error) {
      const fault = asFault(error);
      if (signal.aborted || fault.kind !== "transient") throw fault;
      return fault;
    }
  }
}

function fixedAddresses(host: string): readonly string[] | undefined {
  if (host === "localhost") return LOCALHOST;
  return isIP(host) === 0 ? undefined : [host];
}

function keyOf({ host, port }: Destination): string {
  return `${host} ${port}`;
}

function nameRefusal({ host, port, setting }: Destination, refused: Refused): Fault {
  const list = (why: string): string => refused.filter((one) => one.why === why).slice(0, 4).map(({ address }) => address).join(", ");
  const inwards = list("inwards");
  if (inwards !== "") return new Fault("PEER_UNREACHABLE", `the name ${host} leads to ${inwards}, which is inside, and the gateway does not go there by a name`, { where: setting, remedy: "Check the DNS server. If the broker or the proxy is in the company's own network, write its address instead of a name." });
  return new Fault("PEER_UNREACHABLE", `the gateway's own firewall does not admit ${host} port ${port} (${list("walls")})`, { where: setting, remedy: "A changed configuration takes a moment to reach it; if it stays so, check the section `network` with `weir firewall show`." });
}
