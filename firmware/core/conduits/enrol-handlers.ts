// Core's side of enrolling machines: who may publish to the gateway, and the CA that they and the gateway prove themselves by.

import { Fault } from "../../../drivers/contract/fault.ts";
import { findSubject } from "../acceptance/describe.ts";
import { machinesOf } from "../configuration/machines.ts";
import { isFieldZone } from "../configuration/placements.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";

type EnrolRoutes = "enrolAsset" | "disenrolAsset" | "machineCa" | "renewMachineCa";

export function makeEnrolHandlers(core: CoreParts): Pick<PeopleHandlers, EnrolRoutes> {
  const { pki, trail } = core;
  return {
    enrolAsset: async ({ key, by, request }, { actor }) => {
      const name = assignmentOf(core, key);
      const demandAccepted = (): void => {
        if (!isFieldZone(core.register.zoneOf(name))) throw notAccepted(key);
      };
      const enrolled = await pki.enrol({ name, by, actor, demandAccepted, ...(request === undefined ? {} : { request }) });
      return { ...enrolled, urls: urlsFor(core, name) };
    },
    disenrolAsset: async ({ key }, { actor }) => {
      await core.writeTurn();
      // Whoever was enrolled may be refused or gone from the configuration since.
      if (!pki.disenrol(assignmentOf(core, key), actor)) throw new Fault("NOT_FOUND", `${key} is not enrolled`, { remedy: "`weir assets list` shows who is." });
      return {};
    },
    machineCa: async (_, { actor }) => {
      const { certificate, fingerprint } = await pki.authority(actor);
      trail.record({ actor, action: "machine-ca.exported", target: "machine CA", result: "done", detail: { fingerprint } });
      return { certificate, fingerprint };
    },
    renewMachineCa: async (_, { actor }) => {
      const { certificate, fingerprint } = await pki.renew(actor);
      return { certificate, fingerprint };
    },
  };
}

/** The name of the assignment that a key of the register, or an asset's id, means; the key itself where it means none. */
function assignmentOf(core: CoreParts, key: string): string {
  const subject = findSubject(core, key);
  switch (subject?.kind) {
    case "configured":
      return subject.settings.name;
    case "entry":
      return subject.entry.name ?? key;
    case "former":
      return subject.asset.name;
    case undefined:
    default:
      return core.register.get(key)?.name ?? key;
  }
}

function notAccepted(key: string): Fault {
  return new Fault("NOT_FOUND", `there is no accepted machine called ${key}`, { remedy: "`weir assets list` shows the machines; accept it first with `weir assets accept`." });
}

/** In the machine's segment where it is known, else in all. */
function urlsFor(core: CoreParts, name: string): string[] {
  const segments = core.pki.segments();
  const segment = machinesOf(core).find((machine) => machine.name === name)?.segment;
  const own = segments.filter((one) => one.name === segment);
  return (own.length > 0 ? own : segments).flatMap(({ addresses, plainPort, tlsPort }) => {
    const hosts = addresses.map((address) => (address.includes(":") ? `[${address}]` : address));
    const at = (scheme: string, port: number | undefined): string[] => (port === undefined ? [] : hosts.map((host) => `${scheme}://${host}:${port}`));
    return [...at("mqtts", tlsPort), ...at("mqtt", plainPort)];
  });
}
