// The section `network` of the configuration: which port leads to which side, and what is offered there. The firewall is made from it.

import Type from "typebox";
import type { Static } from "typebox";
import { MachineAddress } from "../../drivers/contract/settings.ts";
import { NAMESPACE_NAME, NAMESPACE_NAME_WORDS } from "./namespaces.ts";
import { PAGE_PORT } from "./page-section.ts";
import { SEGMENT_NAME, SEGMENT_NAME_WORDS } from "./segments-section.ts";

const closed = { additionalProperties: false } as const;

const Interface = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$", expects: "the name of a network interface: letters, digits, `.`, `_` and `-`, at most 15", description: "Network interface, e.g. eth0, or eth0.10 for a VLAN." });
const Automatic = (fallback: boolean) => Type.Boolean({ default: fallback, description: "The interface gets its addresses by DHCP and router advertisements." });
const Addresses = Type.Array(Type.String({ format: "interface-address", maxLength: 64, description: "Address with the length of its network." }), {
  maxItems: 16,
  description: "The gateway's own addresses at the interface, e.g. 192.168.10.1/24. An interface that has none and is not automatic is set up by hand, and Weir leaves it alone.",
});
const Gateways = Type.Array(MachineAddress("Address of a router."), { maxItems: 2, description: "The routers that lead on from the interface, one for IPv4 and one for IPv6." });
const port = (description: string, fallback?: number) => Type.Integer({ minimum: 1, maximum: 65_535, unit: "port", description, ...(fallback === undefined ? {} : { default: fallback }) });
const Subnet = Type.String({ format: "cidr", maxLength: 64, description: "Subnet in CIDR notation." });
const clients = (who: string) => Type.Array(Subnet, { minItems: 1, maxItems: 64, description: `Subnets of ${who}. Nobody else can connect, and no machine network may be among them.` });
const servers = (of: string) => Type.Array(MachineAddress(`Address of ${of}.`), { maxItems: 8, default: [], description: `Addresses of ${of}.` });

const FieldPortSchema = Type.Object(
  {
    segment: Type.String({ pattern: SEGMENT_NAME, expects: SEGMENT_NAME_WORDS, description: "Segment that the interface leads to, one of `segments`." }),
    interface: Interface,
    namespace: Type.Optional(Type.String({ pattern: NAMESPACE_NAME, expects: NAMESPACE_NAME_WORDS, description: "Linux network namespace that the interface lies in, made beforehand (docs/topologies/shared-subnets.md). Segments of different namespaces may have the same subnets; each namespace has a process of its own." })),
    automatic: Automatic(false),
    addresses: Type.Optional(Addresses),
    probePort: Type.Optional(Type.Integer({ minimum: 1024, maximum: 65_535, unit: "port", description: "Port that WS-Discovery probes leave from, another for each segment of a namespace; no discovery without it." })),
    ingestTls: Type.Optional(port("Port at which machines publish by MQTT over TLS, usually 8883; closed without it.")),
    ingestPlain: Type.Optional(port("Port at which machines publish by MQTT without TLS, usually 1883; closed without it.")),
    traps: Type.Boolean({ default: false, description: "Receive SNMP notifications (162/udp)." }),
    inspectPorts: Type.Array(port("A port."), { default: [80, 443, 5357, 8080, 8443], maxItems: 15, description: "Ports at which what discovery finds is asked, without credentials, who it is; only with `probePort`." }),
    brokerPorts: Type.Array(port("A port."), { default: [1883, 8883], maxItems: 15, description: "Ports of the machines' own MQTT brokers in this segment." }),
  },
  closed,
);

const PlantPortSchema = Type.Object(
  {
    interface: Interface,
    automatic: Automatic(true),
    addresses: Type.Optional(Addresses),
    gateways: Type.Optional(Gateways),
    clients: clients("the plant clients"),
    facade: Type.Optional(port("Port of the REST façade, HTTPS, usually 9443; closed without it.")),
    mqtt: Type.Optional(port("Port of MQTT over TLS, usually 8883; closed without it.")),
    opcua: Type.Optional(port("Port of OPC UA, usually 4840; closed without it.")),
    discoveryProxy: Type.Boolean({ default: false, description: "Answer WS-Discovery for the machines of all segments (3702/udp)." }),
    ldaps: servers("the plant's directory, LDAPS"),
    syslog: servers("the plant's log collector, syslog over TLS"),
  },
  { ...closed, description: "The port to MES, historians and other plant clients." },
);

const AdminPortSchema = Type.Object(
  { interface: Interface, automatic: Automatic(true), addresses: Type.Optional(Addresses), gateways: Type.Optional(Gateways), clients: clients("those who administer the gateway"), port: port("Port of the web page, HTTPS.", PAGE_PORT) },
  { ...closed, description: "The port to people with a browser." },
);

const Update = Type.String({ pattern: "^https://", expects: "a URL that begins with https://", format: "url", maxLength: 2048, description: "Server of updates." });
const CloudPortSchema = Type.Object(
  { interface: Interface, automatic: Automatic(true), addresses: Type.Optional(Addresses), gateways: Type.Optional(Gateways), updates: Type.Array(Update, { default: [], maxItems: 8, description: "Servers that updates are fetched from, https://host." }) },
  { ...closed, description: "The port to the Internet. Destinations are the broker under `cloud` and the servers of updates, and no others." },
);

const ServersSchema = (of: string) =>
  Type.Object(
    {
      via: Type.Union([Type.Literal("plant"), Type.Literal("admin"), Type.Literal("cloud")], { default: "cloud", description: "Port that they are reached through." }),
      servers: Type.Array(MachineAddress("Address of a server."), { minItems: 1, maxItems: 8, description: `Addresses of the ${of}.` }),
    },
    { ...closed, description: `The ${of}.` },
  );

export const NetworkSchema = Type.Object(
  {
    field: Type.Array(FieldPortSchema, { default: [], maxItems: 64, description: "The ports to the machines: one interface for each segment." }),
    plant: Type.Optional(PlantPortSchema),
    admin: Type.Optional(AdminPortSchema),
    cloud: Type.Optional(CloudPortSchema),
    ntp: Type.Optional(ServersSchema("time servers, NTP")),
    dns: Type.Optional(ServersSchema("name servers, DNS, which only the zone cloud asks")),
  },
  { ...closed, description: "The gateway's network ports and what is open at them. On the appliance the firewall is made from it; without it nothing passes." },
);
export type NetworkSettings = Static<typeof NetworkSchema>;
