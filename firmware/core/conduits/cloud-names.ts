// What the cloud zone may connect to by a name: core judges each address itself, and only then asks host to open the firewall.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, reportFault } from "../../../drivers/contract/fault.ts";
import type { cloudConduit } from "../../conduit/cloud.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import { mayBeCloudAddress } from "../../protocol/firewall/addresses.ts";
import { isCloudName } from "../../protocol/firewall/cloud-set.ts";
import type { FirewallInput } from "../../protocol/firewall/input.ts";
import type { AuditTrail } from "../audit/trail.ts";
import { CLOUD } from "../cloud-state.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Fading } from "../health/fading.ts";
import { wordsOf } from "../health/fault-conditions.ts";
import type { HostLink } from "../host/host-link.ts";

/** The parts of core that judge; CoreParts fits. */
export interface JudgeParts {
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly fading: Fading;
  readonly configuration: { readonly current: FirewallInput };
  readonly host: Pick<HostLink, "isPresent" | "admitCloud">;
  readonly trail: Pick<AuditTrail, "record" | "recordDenied">;
}

type Offer = InputOf<typeof cloudConduit.admitName>;
type Verdict = ReplyOf<typeof cloudConduit.admitName>;

/** nft takes milliseconds; the zone's call ends after 15 s. */
const HOST_MS = 10_000;
/** A little longer than the zone takes to ask again (16.5 min at most): so long a condition stands after its cause was seen last. */
const SHOWN_MS = 20 * 60_000;
/** Of what only a zone that was taken over asks for, so many entries are evidence enough. */
const FOREIGN_EVERY_MS = 60_000;

/** Only names of the configuration in force at their ports; inner addresses are refused where walls are to stand (docs/decisions/0010). */
export function makeNameJudge(core: JudgeParts): (offer: Offer, call: { readonly signal: AbortSignal }) => Promise<Verdict> {
  const { clock, conditions, configuration, fading, host, trail } = core;
  let foreignMs = Number.NEGATIVE_INFINITY;
  const refuseForeign = ({ name, port }: Offer): Fault => {
    const fault = new Fault("ADDRESS_REFUSED", `the configuration has no destination ${name} port ${port}`, { where: "cloud", remedy: "Nothing, where the configuration was changed a moment ago." });
    if (clock.uptimeMs() - foreignMs < FOREIGN_EVERY_MS) return fault;
    foreignMs = clock.uptimeMs();
    trail.recordDenied(CLOUD, `${name}:${port}`, reportFault(fault));
    return fault;
  };
  return async (offer, { signal }) => {
    const { name, port, addresses, fault } = offer;
    const { current } = configuration;
    if (!isCloudName(name, port, current)) throw refuseForeign(offer);
    if (fault === undefined) conditions.clear("CLOUD_NAME_UNRESOLVED", name);
    else fading.note("CLOUD_NAME_UNRESOLVED", name, wordsOf(fault, "connected"), SHOWN_MS);
    const isWalled = current.network !== undefined || host.isPresent();
    const inwards = isWalled ? addresses.filter(({ address }) => !mayBeCloudAddress(address, current)).map(({ address }) => address) : [];
    if (inwards.length > 0) tellInwards(core, name, inwards);
    const outside = addresses.filter(({ address }) => !inwards.includes(address));
    const walled = host.isPresent() && outside.length > 0 ? await askHost(core, outside.map((one) => ({ ...one, port })), signal) : [];
    return { refused: [...inwards.map((address) => ({ address, why: "inwards" as const })), ...walled.map((address) => ({ address, why: "walls" as const }))] };
  };
}

/** One audit entry for as long as the condition stands: a name that flips at each query fills no log. */
function tellInwards({ conditions, fading, trail }: JudgeParts, name: string, inwards: readonly string[]): void {
  const isNew = !conditions.has("CLOUD_NAME_LEADS_INWARDS", name);
  const some = inwards.slice(0, 4).join(", ");
  fading.note("CLOUD_NAME_LEADS_INWARDS", name, `The name ${name} leads to ${some}${inwards.length > 4 ? ` and ${inwards.length - 4} more` : ""}.`, SHOWN_MS);
  if (isNew) trail.record({ actor: CLOUD, action: "cloud-addresses.refused", target: name, result: "refused", detail: { refused: inwards } });
}

async function askHost({ clock, host }: JudgeParts, addresses: Parameters<HostLink["admitCloud"]>[0], signal: AbortSignal): Promise<readonly string[]> {
  const limit = new AbortController();
  const stopTimer = clock.after(HOST_MS, () => limit.abort());
  try {
    return await host.admitCloud(addresses, AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    if (!limit.signal.aborted || signal.aborted) throw error;
    throw new Fault("PEER_TIMEOUT", "the zone host does not answer, so that the firewall is not opened for new addresses", { where: "host", remedy: "It is tried again; if it stays so, look into the log of the zone host.", cause: error });
  } finally {
    stopTimer();
  }
}
