// Makes simulated machines findable: target services of WS-Discovery, all on one pair of sockets.

import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../../drivers/contract/clock.ts";
import { Fault } from "../../drivers/contract/fault.ts";
import type { Source } from "../protocol/ws-discovery/outgoing.ts";
import { TargetService } from "../protocol/ws-discovery/target-service.ts";
import { MULTICAST } from "../protocol/ws-discovery/vocabulary.ts";
import { openDiscoverySockets } from "../runtime/discovery-sockets.ts";
import { listOwnAddresses } from "../runtime/own-addresses.ts";
import type { Machine } from "./machine.ts";

export interface DiscoveryTargets {
  /** Says goodbye and closes the sockets. */
  close(): Promise<void>;
}

/** What docs/miko-profile.md says a machine announces. */
const TYPE = { namespace: "urn:weir:miko:1", name: "MachineServer" };

/** `host` is the address that the machines listen at. Throws INPUT_INVALID where no interface has it, PEER_UNREACHABLE where the sockets cannot be had. */
export async function announceMachines(machines: readonly Machine[], host: string, clock: Clock): Promise<DiscoveryTargets> {
  const own = listOwnAddresses().find(({ address }) => address === host);
  if (own === undefined) throw new Fault("INPUT_INVALID", `no interface has the address ${host}`, { where: "--host", remedy: "Give one address that machines can be found at." });
  const instanceId = Math.floor(clock.now() / 1000) % 4_294_967_296;
  const services = machines.map((machine) => new TargetService({ target: targetOf(machine), instanceId, random: Math.random, newId: () => `urn:uuid:${randomUUID()}` }));
  const onDatagram = (bytes: Buffer, source: Source, isMulticast: boolean): void => {
    for (const service of services) for (const answer of service.take(bytes, source, isMulticast, clock.uptimeMs())) sockets.send(answer);
  };
  // What cannot be sent is repeated by who asks.
  const sockets = await openDiscoverySockets({ own, port: MULTICAST.port, clock, onDatagram, onFault: () => undefined });
  for (const service of services) for (const hello of service.hello()) sockets.send(hello);
  return {
    async close() {
      for (const service of services) for (const bye of service.bye()) sockets.send(bye);
      await sockets.close();
    },
  };
}

function targetOf({ asset, serial, url }: Machine): { endpoint: string; types: (typeof TYPE)[]; scopes: string[]; xaddrs: string[]; metadataVersion: number } {
  return { endpoint: `urn:uuid:${uuidOf(asset)}`, types: [TYPE], scopes: [`urn:weir:serial:${serial}`], xaddrs: [url], metadataVersion: 1 };
}

/** The same machine has the same endpoint in each life (RFC 9562 §5.8). */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
