// The machines of the demonstration: they announce themselves, and once the gateway has accepted them they are enrolled and publish to it.

import { createServer } from "node:net";
import { createSocket } from "node:dgram";
import type { AddressInfo } from "node:net";
import { asFault, Fault } from "../../drivers/contract/fault.ts";
import { openSegmentDiscovery } from "../field/discovery/segment-discovery.ts";
import { silentLog } from "../runtime/journal.ts";
import { listOwnAddresses } from "../runtime/own-addresses.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { MACHINE_DEFAULTS } from "../simulator/defaults.ts";
import { announceMachines, type DiscoveryTargets } from "../simulator/discovery-targets.ts";
import type { GatewayAccess } from "../simulator/machine-uplink.ts";
import { startMachines, type Machines } from "../simulator/machines.ts";

const COUNT = 5;
export const LOOPBACK = "127.0.0.1";
export const LOOPBACK_SUBNET = "127.0.0.0/8";
const TYPES = [{ namespace: "urn:weir:miko:1", name: "MachineServer" }];
/** Answers come after half a second at most (SOAP-over-UDP, APP_MAX_DELAY); the rest is for a busy computer. */
const SEEN_MS = 10_000;

export interface DemoMachines {
  readonly all: Machines["all"];
  readonly figures: Machines["figures"];
  /** Where the gateway is to listen for them, and to search from; both were free a moment ago. */
  readonly ports: DemoPorts;
  /** Why they cannot be found on this host; undefined where they can. */
  readonly notFound: Fault | undefined;
  /** From now on the machine has what it needs to be let in. */
  enrol(serial: string, access: GatewayAccess): void;
  /** Says goodbye and ends them. */
  close(): Promise<void>;
}

interface DemoPorts {
  readonly ingest: number;
  readonly probe: number;
}

/** Throws the system's error where they cannot run at all. `onState` is told how each machine's connection to the gateway stands. */
export async function startDemoMachines(manufacturer: string, onState: (serial: string, state: string) => void, signal: AbortSignal): Promise<DemoMachines> {
  const ports = { ingest: await freeTcpPort(), probe: await freeUdpPort() };
  const accesses = new Map<string, GatewayAccess>();
  const publish = { url: `mqtts://${LOOPBACK}:${ports.ingest}`, accessOf: (serial: string) => accesses.get(serial), onState };
  const machines = await startMachines({ ...MACHINE_DEFAULTS, count: COUNT, host: LOOPBACK, manufacturer, publish }, systemClock);
  let targets: DiscoveryTargets | undefined;
  let notFound: Fault | undefined;
  try {
    targets = await announceMachines(machines.all, LOOPBACK, systemClock);
    await demandSeen(machines, signal);
  } catch (error) {
    notFound = asFault(error);
  }
  return {
    all: machines.all,
    figures: machines.figures,
    ports,
    notFound,
    enrol: (serial, access) => void accesses.set(serial, access),
    close: async () => {
      await targets?.close();
      await machines.close();
    },
  };
}

/** Sockets may be had where what is sent goes nowhere: this looks as the gateway will. Throws PEER_UNREACHABLE where no machine answers. */
async function demandSeen({ all }: Machines, signal: AbortSignal): Promise<void> {
  const own = listOwnAddresses().filter(({ address }) => address === LOOPBACK);
  const seen = new AbortController();
  const search = await openSegmentDiscovery({
    own,
    subnets: [LOOPBACK_SUBNET],
    probePort: 0,
    hosts: [],
    types: TYPES,
    intervalMs: SEEN_MS,
    clock: systemClock,
    log: silentLog,
    onChange: ({ target }) => {
      if (all.some(({ url }) => target.xaddrs.includes(url))) seen.abort();
    },
  });
  try {
    await systemClock.sleep(SEEN_MS, AbortSignal.any([signal, seen.signal])).catch(() => undefined);
  } finally {
    await search.close();
  }
  if (!seen.signal.aborted) throw new Fault("PEER_UNREACHABLE", "what is sent to the group of WS-Discovery (239.255.255.250, port 3702/udp) does not arrive on the loopback interface", { where: LOOPBACK, remedy: "Allow it in this computer's firewall." });
}

/** On loopback, of the system's choice unless it is named. Throws the system's error where that one is taken. */
export async function freeTcpPort(wanted = 0): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve, reject) => server.once("error", reject).listen(wanted, LOOPBACK, () => resolve((server.address() as AddressInfo).port)));
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  const port = await new Promise<number>((resolve, reject) => socket.once("error", reject).bind(0, LOOPBACK, () => resolve(socket.address().port)));
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}
