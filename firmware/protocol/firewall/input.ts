// What the firewall needs to know of a configuration, as a shape: a leaf imports no schema, and a loaded configuration fits it.

export interface SegmentInput {
  readonly name: string;
  readonly subnets: readonly string[];
}

export interface AssetInput {
  readonly name: string;
  readonly segment?: string;
  readonly config: unknown;
}

/** A network port and whether it gets its addresses by DHCP and router advertisements. */
export interface PortInput {
  readonly interface: string;
  readonly automatic: boolean;
}

export interface FieldPortInput extends PortInput {
  readonly segment: string;
  /** The network namespace that the interface lies in; the gateway's own where not given. */
  readonly namespace?: string;
  readonly probePort?: number;
  readonly ingestTls?: number;
  readonly ingestPlain?: number;
  readonly traps: boolean;
  readonly inspectPorts?: readonly number[];
  readonly brokerPorts: readonly number[];
}

export interface PlantPortInput extends PortInput {
  readonly clients: readonly string[];
  readonly facade?: number;
  readonly mqtt?: number;
  readonly opcua?: number;
  readonly discoveryProxy: boolean;
  readonly ldaps: readonly string[];
  readonly syslog: readonly string[];
}

export interface AdminPortInput extends PortInput {
  readonly clients: readonly string[];
  readonly port: number;
}

export interface CloudPortInput extends PortInput {
  readonly updates: readonly string[];
}

export interface ServersInput {
  /** Whose port they are reached through. */
  readonly via: "plant" | "admin" | "cloud";
  readonly servers: readonly string[];
}

export interface NetworkInput {
  readonly field: readonly FieldPortInput[];
  readonly plant?: PlantPortInput;
  readonly admin?: AdminPortInput;
  readonly cloud?: CloudPortInput;
  readonly ntp?: ServersInput;
  readonly dns?: ServersInput;
}

/** The parts of a loaded configuration that open a path. Without `network` none is open. */
export interface FirewallInput {
  readonly segments: readonly SegmentInput[];
  readonly assets: readonly AssetInput[];
  readonly cloud?: { readonly url: string; readonly proxy?: { readonly url: string } };
  readonly network?: NetworkInput;
}
