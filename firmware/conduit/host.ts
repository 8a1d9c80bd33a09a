// The host conduit, from core to the one privileged zone: a closed list of verbs, each with a schema that leaves no room for text of another language.

import Type from "typebox";
import type { Static } from "typebox";
import { NAMESPACE_NAME } from "../config/namespaces.ts";
import { SEGMENT_NAME } from "../config/segments-section.ts";
import { ObservationSchema } from "./observation.ts";
import { get, post } from "./route.ts";
import { AliveSchema, NothingSchema } from "./shared.ts";

const closed = { additionalProperties: false } as const;

/** Linux allows an interface's name 15 bytes. */
const InterfaceSchema = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$" });
const AddressSchema = Type.String({ pattern: "^[0-9A-Fa-f:.]{2,45}$" });
const SubnetSchema = Type.String({ pattern: "^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$" });
const PortSchema = Type.Integer({ minimum: 1, maximum: 65_535 });
/** Printable ASCII without space, quotes, backslash and braces. */
const UrlSchema = Type.String({ pattern: "^[a-z][a-z0-9+.-]{0,15}://[!#-&(-Z^-z~\\[\\]]{1,2000}$" });
const SegmentNameSchema = Type.String({ pattern: SEGMENT_NAME });
const SubnetsSchema = Type.Array(SubnetSchema, { maxItems: 64 });

const wire = { interface: InterfaceSchema, automatic: Type.Boolean() };
const ServersSchema = Type.Object({ via: Type.Enum(["plant", "admin", "cloud"]), servers: SubnetsSchema }, closed);

const FieldPortSchema = Type.Object(
  {
    ...wire,
    segment: SegmentNameSchema,
    namespace: Type.Optional(Type.String({ pattern: NAMESPACE_NAME })),
    probePort: Type.Optional(PortSchema),
    ingestTls: Type.Optional(PortSchema),
    ingestPlain: Type.Optional(PortSchema),
    traps: Type.Boolean(),
    inspectPorts: Type.Optional(Type.Array(PortSchema, { maxItems: 64 })),
    brokerPorts: Type.Array(PortSchema, { maxItems: 64 }),
  },
  closed,
);

const PlantPortSchema = Type.Object(
  {
    ...wire,
    clients: SubnetsSchema,
    facade: Type.Optional(PortSchema),
    mqtt: Type.Optional(PortSchema),
    opcua: Type.Optional(PortSchema),
    discoveryProxy: Type.Boolean(),
    ldaps: SubnetsSchema,
    syslog: SubnetsSchema,
  },
  closed,
);

const FirewallNetworkSchema = Type.Object(
  {
    field: Type.Array(FieldPortSchema, { maxItems: 64 }),
    plant: Type.Optional(PlantPortSchema),
    admin: Type.Optional(Type.Object({ ...wire, clients: SubnetsSchema, port: PortSchema }, closed)),
    cloud: Type.Optional(Type.Object({ ...wire, updates: Type.Array(UrlSchema, { maxItems: 16 }) }, closed)),
    ntp: Type.Optional(ServersSchema),
    dns: Type.Optional(ServersSchema),
  },
  closed,
);

/** What firmware/protocol/firewall derives the rules from; host derives them itself. Of an asset's settings it gets the URLs and nothing else. */
export const FirewallRequestSchema = Type.Object(
  {
    segments: Type.Array(Type.Object({ name: SegmentNameSchema, subnets: SubnetsSchema }, closed), { maxItems: 256 }),
    assets: Type.Array(
      Type.Object({ name: Type.String({ pattern: "^[^\\x00-\\x1f\\x7f\"]{1,128}$" }), segment: Type.Optional(SegmentNameSchema), config: Type.Array(UrlSchema, { maxItems: 16 }) }, closed),
      { maxItems: 10_000 },
    ),
    cloud: Type.Optional(Type.Object({ url: UrlSchema, proxy: Type.Optional(Type.Object({ url: UrlSchema }, closed)) }, closed)),
    network: Type.Optional(FirewallNetworkSchema),
  },
  closed,
);
export type FirewallRequest = Static<typeof FirewallRequestSchema>;

export const NetworkPortSchema = Type.Object(
  {
    interface: InterfaceSchema,
    /** Where the interface is a VLAN on another one. */
    vlan: Type.Optional(Type.Object({ parent: InterfaceSchema, id: Type.Integer({ minimum: 1, maximum: 4094 }) }, closed)),
    /** DHCP and router advertisements. */
    automatic: Type.Boolean(),
    addresses: Type.Array(SubnetSchema, { maxItems: 16 }),
    gateways: Type.Array(AddressSchema, { maxItems: 2 }),
    dns: Type.Array(AddressSchema, { maxItems: 4 }),
  },
  closed,
);
export type NetworkPort = Static<typeof NetworkPortSchema>;

export const NetworkRequestSchema = Type.Object({ ports: Type.Array(NetworkPortSchema, { maxItems: 32 }) }, closed);
export type NetworkRequest = Static<typeof NetworkRequestSchema>;

/** One address that a cloud name resolved to. */
export const CloudAddressSchema = Type.Object({ address: AddressSchema, port: PortSchema, lifeSeconds: Type.Integer({ minimum: 1, maximum: 604_800 }) }, closed);

/** A USB device by its place (`1-1.4`), never a root hub. */
export const USB_PLACE = "^[1-9][0-9]{0,2}-[1-9][0-9]{0,2}(\\.[1-9][0-9]{0,2}){0,6}$";

const ChangeSchema = Type.Object({ change: Type.String({ pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" }) }, closed);
const TrialSchema = Type.Object({ change: Type.String(), confirmWithinMs: Type.Integer() }, closed);

/** A request by its digest (digest.ts). */
const DigestSchema = Type.Union([Type.String(), Type.Null()]);

const StandingSchema = Type.Object(
  {
    /** On trial now. */
    trial: Type.Union([Type.String(), Type.Null()]),
    /** The last change that was undone because nobody confirmed it. */
    returned: Type.Union([Type.String(), Type.Null()]),
    /** The request that the system has now; null before the first one since the power came, and while a return fails. */
    installed: DigestSchema,
    /** The request that is returned to; null where none was confirmed since the power came. */
    confirmed: DigestSchema,
    /** What is left of the trial. */
    leftMs: Type.Union([Type.Integer(), Type.Null()]),
  },
  closed,
);
export type Standing = Static<typeof StandingSchema>;

const HostStandingSchema = Type.Object(
  {
    firewall: StandingSchema,
    network: StandingSchema,
    /** This process of host. */
    epoch: Type.String(),
    alive: AliveSchema,
    /** Calls that were refused since this process started, and why the last one was. */
    refused: Type.Object({ count: Type.Integer(), last: Type.Union([Type.String(), Type.Null()]) }, closed),
    /** Why the limits of the zones' units are not those of the rules; null when they are. */
    limitsFault: Type.Union([Type.String(), Type.Null()]),
  },
  closed,
);
export type HostStanding = Static<typeof HostStandingSchema>;

export const hostConduit = {
  /** Loads the rules that follow from this, on trial: what held before returns by itself unless the change is confirmed in time. */
  applyFirewall: post("/v1/firewall", { input: FirewallRequestSchema, reply: TrialSchema, bodyLimit: 4_194_304 }),
  /** Replaces what systemd-networkd has from Weir, on trial like the firewall. */
  applyNetwork: post("/v1/network", { input: NetworkRequestSchema, reply: TrialSchema }),
  /** Keeps a change. NOT_FOUND when it is not on trial any more. */
  confirm: post("/v1/confirm", { input: ChangeSchema, reply: NothingSchema }),
  standing: get("/v1/standing", { input: NothingSchema, reply: HostStandingSchema }),
  /** What the kernel has counted and remembered of refused packets and of neighbours. Changes nothing. */
  observe: get("/v1/observation", { input: NothingSchema, reply: ObservationSchema }),
  /** Opens the way to addresses of the configured cloud names. Those that lead inwards are not admitted and come back. */
  admitCloud: post("/v1/cloud-addresses", {
    input: Type.Object({ addresses: Type.Array(CloudAddressSchema, { minItems: 1, maxItems: 256 }) }, closed),
    reply: Type.Object({ refused: Type.Array(Type.String()) }, closed),
  }),
  /** Whether the kernel may use an attached device. NOT_FOUND when none is at that place. */
  authorizeUsb: post("/v1/usb", { input: Type.Object({ device: Type.String({ pattern: USB_PLACE }), authorized: Type.Boolean() }, closed), reply: NothingSchema }),
  /** Sets the system's clock, between 2026 and 2100. */
  setTime: post("/v1/time", { input: Type.Object({ time: Type.String({ pattern: "^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,3})?Z$" }) }, closed), reply: NothingSchema }),
  /** Answers and then restarts the system in order. */
  reboot: post("/v1/reboot", { input: NothingSchema, reply: NothingSchema }),
} as const;
