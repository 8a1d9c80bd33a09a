// Core's side of enrolling machines: who may publish to the gateway, and the CA that they and the gateway prove themselves by.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { localConduit } from "../../conduit/local.ts";
import { parseSubnet } from "../../config/formats.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import { FIELD_ZONE } from "../configuration/placements.ts";
import type { CoreParts } from "../parts.ts";
import type { IngestSegment } from "../pki/own-addresses.ts";

type EnrolRoutes = "enrolAsset" | "disenrolAsset" | "machineCa" | "renewMachineCa";

/** Actor of the audit entries: whoever may run the command as this user. */
const LOCAL = "local";

export function makeEnrolHandlers(core: CoreParts): Pick<Handlers<typeof localConduit>, EnrolRoutes> {
  const { pki, trail } = core;
  return {
    enrolAsset: async ({ key, by, request }) => {
      const name = assignmentOf(core, key);
      if (!core.register.isPlaced(name, FIELD_ZONE)) throw notAccepted(key);
      const enrolled = await pki.enrol({ name, by, actor: LOCAL, ...(request === undefined ? {} : { request }) });
      return { ...enrolled, urls: urlsFor(core, name) };
    },
    disenrolAsset: async ({ key }) => {
      await core.writeTurn();
      // Whoever was enrolled may be refused or gone from the configuration since.
      if (!pki.disenrol(assignmentOf(core, key), LOCAL)) throw new Fault("NOT_FOUND", `${key} is not enrolled`, { remedy: "`weir assets list` shows who is." });
      return {};
    },
    machineCa: async () => {
      const { certificate, fingerprint } = await pki.authority(LOCAL);
      trail.record({ actor: LOCAL, action: "machine-ca.exported", target: "machine CA", result: "done", detail: { fingerprint } });
      return { certificate, fingerprint };
    },
    renewMachineCa: async () => {
      const { certificate, fingerprint } = await pki.renew(LOCAL);
      return { certificate, fingerprint };
    },
  };
}

/** The name of the assignment that a key of the register means: its own name, or the name that the asset is read under. */
function assignmentOf({ register }: CoreParts, key: string): string {
  return register.isPlaced(key, FIELD_ZONE) ? key : (register.get(key)?.name ?? key);
}

function notAccepted(key: string): Fault {
  return new Fault("NOT_FOUND", `there is no accepted machine called ${key}`, { remedy: "`weir assets list` shows the machines; accept it first with `weir assets accept`." });
}

/** In the machine's segment where it is known, else in all. */
function urlsFor(core: CoreParts, name: string): string[] {
  const segments = core.pki.segments();
  const own = segments.filter((segment) => isIn(core, name, segment));
  return (own.length > 0 ? own : segments).flatMap(({ addresses, plainPort, tlsPort }) => {
    const hosts = addresses.map((address) => (address.includes(":") ? `[${address}]` : address));
    const at = (scheme: string, port: number | undefined): string[] => (port === undefined ? [] : hosts.map((host) => `${scheme}://${host}:${port}`));
    return [...at("mqtts", tlsPort), ...at("mqtt", plainPort)];
  });
}

function isIn({ configuration, register }: CoreParts, name: string, { name: segment, subnets }: IngestSegment): boolean {
  const configured = configuration.current.assets.find((asset) => asset.name === name)?.segment;
  if (configured !== undefined) return configured === segment;
  const hosts = register.behind(name).map((id) => hostOf(register.get(id)?.address ?? ""));
  return hosts.some((host) => subnets.some((subnet) => parseSubnet(subnet)?.includes(host) === true));
}

/** Of a URL, or the address itself. */
function hostOf(address: string): string {
  return (URL.parse(address)?.hostname ?? address).replace(/^\[|\]$/g, "");
}
