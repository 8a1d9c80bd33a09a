// The UDP sockets of WS-Discovery on one interface and in one family: one in the group, one of our own address.

import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket } from "node:dgram";
import type { Clock } from "../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../drivers/contract/fault.ts";
import type { Outgoing, Source } from "../protocol/ws-discovery/outgoing.ts";
import { MULTICAST } from "../protocol/ws-discovery/vocabulary.ts";
import { errorCode } from "./error-code.ts";
import { isLinkLocal } from "./own-addresses.ts";
import type { OwnAddress } from "./own-addresses.ts";

export interface DiscoverySocketsOptions {
  readonly own: OwnAddress;
  /** What is sent leaves from it, and answers come to it; 0: any free one. A target takes the port of WS-Discovery itself, to be asked by who knows its address; several on one host share it. */
  readonly port: number;
  readonly clock: Clock;
  /** `isMulticast`: it was addressed to the group. A socket in the group hears every interface that somebody on this host joined: check the source. */
  readonly onDatagram: (bytes: Buffer, source: Source, isMulticast: boolean) => void;
  /** A datagram could not be sent, or a socket failed. */
  readonly onFault: (fault: Fault) => void;
}

export interface DiscoverySockets {
  /** Sends at each of the delays; nothing is sent after `close`. */
  send(outgoing: Outgoing): void;
  /** What was to be sent at once has been handed to the kernel. */
  close(): Promise<void>;
}

/** SOAP-over-UDP and WS-Discovery 1.1 §2.4: it stays on its link. */
const HOPS = 1;

/** Throws PEER_UNREACHABLE where the address or the port cannot be had; then nothing is open. */
export async function openDiscoverySockets(options: DiscoverySocketsOptions): Promise<DiscoverySockets> {
  const { own, port, onDatagram, onFault } = options;
  const zone = own.family === "ipv6" ? `%${own.interface}` : "";
  const group = `${MULTICAST[own.family]}${zone}`;
  const opened: Socket[] = [];
  const open = async (address: string, number: number, isGroup: boolean): Promise<Socket> => {
    const socket = createSocket({ type: own.family === "ipv4" ? "udp4" : "udp6", ipv6Only: own.family === "ipv6", reuseAddr: isGroup || port === MULTICAST.port });
    opened.push(socket);
    await bind(socket, address, number, own);
    socket.on("error", (error) => onFault(asFault(error, own.interface)));
    socket.on("message", (bytes: Buffer, { address: from, port: fromPort }: RemoteInfo) => onDatagram(bytes, { address: from, port: fromPort }, isGroup));
    return socket;
  };
  try {
    const unicast = await open(isLinkLocal(own) ? `${own.address}${zone}` : own.address, port, false);
    const joined = await open(group, MULTICAST.port, true);
    joined.addMembership(MULTICAST[own.family], own.family === "ipv4" ? own.address : `::${zone}`);
    unicast.setMulticastInterface(own.family === "ipv4" ? own.address : `::${zone}`);
    unicast.setMulticastTTL(HOPS);
    unicast.setMulticastLoopback(true);
    return new Sockets({ unicast, all: opened, group }, options);
  } catch (error) {
    await closeAll(opened);
    throw asSocketFault(error, own);
  }
}

class Sockets implements DiscoverySockets {
  readonly #unicast: Socket;
  readonly #all: readonly Socket[];
  readonly #group: string;
  readonly #options: DiscoverySocketsOptions;
  readonly #waiting = new Set<() => void>();
  #sending = Promise.resolve();
  #isClosed = false;

  constructor({ unicast, all, group }: { readonly unicast: Socket; readonly all: readonly Socket[]; readonly group: string }, options: DiscoverySocketsOptions) {
    this.#unicast = unicast;
    this.#all = all;
    this.#group = group;
    this.#options = options;
  }

  send({ bytes, to, delaysMs }: Outgoing): void {
    const [address, port] = to === "group" ? [this.#group, MULTICAST.port] : [to.address, to.port];
    for (const delayMs of delaysMs) {
      if (delayMs === 0) {
        this.#sendNow(bytes, address, port);
        continue;
      }
      const cancel = this.#options.clock.after(delayMs, () => {
        this.#waiting.delete(cancel);
        this.#sendNow(bytes, address, port);
      });
      this.#waiting.add(cancel);
    }
  }

  async close(): Promise<void> {
    for (const cancel of this.#waiting) cancel();
    await this.#sending;
    this.#isClosed = true;
    await closeAll(this.#all);
  }

  #sendNow(bytes: Buffer, address: string, port: number): void {
    if (this.#isClosed) return;
    const sent = new Promise<void>((resolve) => {
      this.#unicast.send(bytes, port, address, (error) => {
        if (error !== null) this.#options.onFault(asSocketFault(error, this.#options.own));
        resolve();
      });
    });
    this.#sending = Promise.all([this.#sending, sent]).then(() => undefined);
  }
}

function bind(socket: Socket, address: string, port: number, own: OwnAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: Error): void => reject(asSocketFault(error, own));
  socket.once("error", fail);
  socket.bind({ address, port }, () => {
    socket.off("error", fail);
    resolve();
  });
  return promise;
}

async function closeAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
}

function asSocketFault(error: unknown, own: OwnAddress): Fault {
  if (error instanceof Fault) return error;
  const code = errorCode(error);
  const what = code === "EADDRINUSE" ? "its port is taken by another program" : code === "EADDRNOTAVAIL" ? "the address is not there (any more)" : `the system says ${code ?? String(error)}`;
  return new Fault("PEER_UNREACHABLE", `WS-Discovery cannot use ${own.address}: ${what}`, { where: own.interface, cause: error });
}
