// A small process that runs under one user in one namespace: listens and answers, or tries to reach others. Driven by lines of JSON on its
// standard input: `{"id", "listen": [...]}` or `{"id", "reach": [...], "waitMs"}`; it prints `<id> <result>` for each.

import { createSocket } from "node:dgram";
import { createConnection, createServer } from "node:net";
import { createInterface } from "node:readline";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import type { Command, DrainOrder, Place, ProbeOrder } from "./agent-orders.ts";

function listenTcp({ address, port }: Place): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen({ host: address, port, ipv6Only: address.includes(":") }, resolve);
  });
}

/** Answers each datagram; for a group, from another port than it was asked at, as machines do. */
function listenUdp({ address, port, group, wire }: Place): Promise<void> {
  const type = address.includes(":") ? "udp6" : "udp4";
  const socket = createSocket({ type, reuseAddr: true, ipv6Only: type === "udp6" });
  const answers = group === undefined ? socket : createSocket({ type, ipv6Only: type === "udp6" });
  socket.on("message", (message, { address: from, port: to }) => {
    answers.send(message, to, from, () => undefined);
    if (group !== undefined) answers.send("to another port", to + 1, from, () => undefined);
  });
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.bind(port, address, () => {
      if (group !== undefined) socket.addMembership(group, wire);
      resolve();
    });
  });
}

function reachTcp({ address, port, isSilent = false }: Place, waitMs: number): Promise<boolean> {
  const socket = createConnection({ host: address, port });
  return new Promise((resolve) => {
    const end = (isReached: boolean): void => {
      socket.destroy();
      resolve(isReached);
    };
    socket.on("connect", () => (isSilent ? end(true) : socket.write("hello")));
    socket.on("data", () => end(true));
    socket.on("error", () => end(false));
    systemClock.after(waitMs, () => end(false));
  });
}

function reachUdp({ address, port, from }: Place, waitMs: number): Promise<boolean> {
  const type = address.includes(":") ? "udp6" : "udp4";
  // Where a port is chosen by the kernel it may be another socket's that shares too, which then gets the answer.
  const socket = createSocket({ type, reuseAddr: from !== undefined });
  return new Promise((resolve) => {
    let isOpen = true;
    const end = (isReached: boolean): void => {
      if (isOpen) socket.close();
      isOpen = false;
      resolve(isReached);
    };
    socket.on("message", () => end(true));
    socket.on("error", () => end(false));
    systemClock.after(waitMs, () => end(false));
    socket.bind(from ?? 0, () => socket.send("hello", port, address, (error) => error !== null && end(false)));
  });
}

/** Multicasts a probe from one port; says how many answers came to it, and to the port beside it. */
async function probe({ group, wire, port, waitMs }: ProbeOrder): Promise<string> {
  const type = group.includes(":") ? "udp6" : "udp4";
  const counts = [0, 0];
  const sockets = await Promise.all(
    [port, port + 1].map(async (own, place) => {
      const socket = createSocket({ type });
      socket.on("message", () => (counts[place] = (counts[place] ?? 0) + 1));
      await new Promise<void>((resolve) => socket.bind(own, resolve));
      return socket;
    }),
  );
  const [asking] = sockets;
  asking?.setMulticastInterface(wire);
  asking?.send("probe", 3702, group, () => undefined);
  await new Promise<void>((resolve) => systemClock.after(waitMs, resolve));
  for (const socket of sockets) socket.close();
  return counts.join(" ");
}

/** As many datagrams as asked, without waiting for anything. */
async function flood({ address, port }: Place, count: number): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  for (let sent = 0; sent < count; sent += 1) await new Promise<void>((resolve) => socket.send("flood", port, address, () => resolve()));
  socket.close();
}

/** A connection that stays open: says whether it still answers. */
const kept: { socket?: ReturnType<typeof createConnection> } = {};
function keep({ address, port }: Place, waitMs: number): Promise<boolean> {
  kept.socket ??= createConnection({ host: address, port }).on("error", () => undefined);
  const { socket } = kept;
  return new Promise((resolve) => {
    socket.once("data", () => resolve(true));
    systemClock.after(waitMs, () => resolve(false));
    socket.write("still there?");
  });
}

/** Prints `draining` when it listens. */
function drain({ address, port }: DrainOrder): Promise<number> {
  return new Promise((resolve) => {
    let count = 0;
    const server = createServer((socket) => {
      socket.on("data", (bytes) => (count += bytes.length));
      socket.on("close", () => resolve(count));
      socket.on("error", () => undefined);
      server.close();
    });
    server.listen(port, address, () => process.stdout.write("draining\n"));
  });
}

async function obey(command: Command): Promise<string> {
  if (command.listen !== undefined) {
    await Promise.all(command.listen.map((place) => (place.protocol === "tcp" ? listenTcp(place) : listenUdp(place))));
    return "listening";
  }
  const { waitMs = 1500 } = command;
  if (command.probe !== undefined) return await probe({ ...command.probe, waitMs });
  if (command.drain !== undefined) return String(await drain(command.drain));
  if (command.keep !== undefined) return String(await keep(command.keep, waitMs));
  if (command.flood !== undefined) {
    await flood(command.flood, command.count ?? 1000);
    return "sent";
  }
  const results = await Promise.all((command.reach ?? []).map((place) => (place.protocol === "tcp" ? reachTcp(place, waitMs) : reachUdp(place, waitMs))));
  return results.map((isReached) => (isReached ? "1" : "0")).join("");
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  const result = await obey(command).catch((error: unknown) => `failed: ${String(error)}`);
  process.stdout.write(`${command.id} ${result}\n`);
}
process.exit(0);
