// The closed list of what host does, tied to the host conduit.

import { Fault } from "../../drivers/contract/fault.ts";
import type { hostConduit, NetworkRequest } from "../conduit/host.ts";
import type { Alive } from "../conduit/shared.ts";
import type { Call, Handlers } from "../runtime/conduit-server.ts";
import type { Log } from "../runtime/journal.ts";
import { rememberAnswers } from "../runtime/remembered-answers.ts";
import { authorizeUsb } from "./authorize-usb.ts";
import type { Firewall } from "./firewall.ts";
import type { HostSystem } from "./host-system.ts";
import { setTime } from "./set-time.ts";
import type { Trial } from "./trial.ts";
import type { UnitLimits } from "./unit-limits.ts";

export interface HostParts {
  readonly firewall: Firewall;
  readonly network: Trial<NetworkRequest>;
  readonly system: HostSystem;
  readonly log: Log;
  readonly epoch: string;
  readonly alive: () => Alive;
  readonly limits: UnitLimits;
  readonly refused: () => { readonly count: number; readonly last: string | null };
}

/** A repeat of a request is answered again and not done again. Each verb that was done stands in the journal. */
export function makeHostHandlers({ firewall, network, system, log, epoch, alive, limits, refused }: HostParts): Handlers<typeof hostConduit> {
  const answers = rememberAnswers<unknown>();
  const once = <Answer>(call: Call, verb: string, fields: object, work: () => Promise<Answer>): Promise<Answer> =>
    // Sound: an identity belongs to one call of one verb.
    answers.answer(call.identity, async () => {
      const answer = await work();
      log.info({ verb, ...fields }, "done for core");
      return answer;
    }) as Promise<Answer>;
  const onTrial = (change: string): { change: string; confirmWithinMs: number } => ({ change, confirmWithinMs: system.trialMs });
  const confirm = async (change: string): Promise<object> => {
    if ((await firewall.trial.confirm(change)) || (await network.confirm(change))) return {};
    throw new Fault("NOT_FOUND", "this change is not on trial", { where: change, remedy: "It was undone or replaced; apply it again." });
  };
  return {
    applyFirewall: (request, call) => once(call, "applyFirewall", {}, async () => onTrial(await firewall.trial.apply(request))),
    applyNetwork: (request, call) => once(call, "applyNetwork", {}, async () => onTrial(await network.apply(request))),
    confirm: ({ change }, call) => once(call, "confirm", { change }, () => confirm(change)),
    standing: async () => {
      await Promise.all([firewall.trial.settled(), network.settled()]);
      return { firewall: firewall.trial.standing(), network: network.standing(), epoch, alive: alive(), refused: { ...refused() }, limitsFault: limits.fault() ?? null };
    },
    observe: () => firewall.observe(),
    admitCloud: ({ addresses }, call) => once(call, "admitCloud", { count: addresses.length }, async () => ({ refused: [...(await firewall.admitCloud(addresses))] })),
    authorizeUsb: ({ device, authorized }, call) => once(call, "authorizeUsb", { device, authorized }, nothingAfter(() => authorizeUsb(system.sysfs, device, authorized))),
    setTime: ({ time }, call) => once(call, "setTime", { time }, nothingAfter(() => setTime(system.date, time))),
    reboot: (_input, call) => once(call, "reboot", {}, nothingAfter(() => system.reboot())),
  };
}

function nothingAfter(work: () => Promise<void> | void): () => Promise<object> {
  return async () => {
    await work();
    return {};
  };
}
