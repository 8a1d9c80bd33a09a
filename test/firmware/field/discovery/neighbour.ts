// A host of a segment that does as it is told, line by line on its standard input: sends datagrams, listens, and serves HTTP badly. Prints what it sees as JSON lines.

import { createSocket } from "node:dgram";
import { createServer as createPlain, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { createServer as createTls } from "node:tls";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";

export type Manner = "identify" | "refuse" | "redirect" | "hang" | "endless" | "huge" | "garbage" | "mismatch" | "drop" | "metadata" | "matches";

export type NeighbourOrder =
  | { readonly hear: string; readonly port: number; readonly group?: string }
  | { readonly send: readonly string[]; readonly from: readonly string[]; readonly fromPort: number; readonly to: string; readonly port: number; readonly perSecond?: number; /** Each so often, with another number in place of {n}. */ readonly times?: number; /** The address whose interface multicast leaves by, where it is not the sender's. */ readonly via?: string }
  | { readonly serve: string; readonly port: number; readonly manner: Manner; readonly tls?: { readonly key: string; readonly cert: string }; readonly body?: string };

/** What it prints. */
export type NeighbourLine =
  | { readonly heard: number; readonly from: string; readonly port: number; readonly text: string }
  | { readonly sent: number; readonly bytes: number; /** When the first of it was handed to the kernel. */ readonly atMs: number }
  | { readonly connected: number; readonly from: string }
  | { readonly asked: string; readonly port: number }
  | { readonly closed: number; readonly bytesIn: number; readonly bytesOut: number }
  | { readonly ready: string };

const never = new AbortController().signal;
const print = (line: NeighbourLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const family = (address: string): "udp4" | "udp6" => (address.includes(":") ? "udp6" : "udp4");

async function hear({ hear: address, port, group }: Extract<NeighbourOrder, { hear: string }>): Promise<void> {
  const socket = createSocket({ type: family(address), reuseAddr: true });
  socket.on("message", (bytes, source) => print({ heard: bytes.length, from: `${source.address}:${source.port}`, port, text: bytes.toString("utf8").slice(0, 4096) }));
  await new Promise<void>((resolve) => socket.bind({ address: group ?? address, port }, resolve));
  if (group !== undefined) socket.addMembership(group, address);
  print({ ready: `hear ${address} ${port}` });
}

async function send({ send: texts, from, fromPort, to, port, perSecond = 1000, times = 1, via }: Extract<NeighbourOrder, { send: readonly string[] }>): Promise<void> {
  const sockets = await Promise.all(
    from.map(async (address) => {
      const socket = createSocket({ type: family(address), reuseAddr: true });
      await new Promise<void>((resolve) => socket.bind({ address, port: fromPort }, resolve));
      if (to.startsWith("239.")) socket.setMulticastInterface(via ?? address);
      return socket;
    }),
  );
  const decoded = texts.map((text) => Buffer.from(text, "base64"));
  let bytes = 0;
  const atMs = systemClock.now();
  for (let index = 0; index < texts.length * times; index += 1) {
    const plain = decoded[index % decoded.length] ?? Buffer.alloc(0);
    const datagram = times === 1 ? plain : Buffer.from(plain.toString("latin1").replaceAll("{n}", String(index)), "latin1");
    bytes += datagram.length;
    const socket = sockets[index % sockets.length];
    await new Promise<void>((resolve) => socket?.send(datagram, port, to, () => resolve()));
    if (index % 50 === 49) await systemClock.sleep(50_000 / perSecond, never);
  }
  for (const socket of sockets) socket.close();
  print({ sent: texts.length * times, bytes, atMs });
}

async function serve({ serve: address, port, manner, tls, body = "" }: Extract<NeighbourOrder, { serve: string }>): Promise<void> {
  const take = (socket: Socket): void => {
    socket.on("error", () => undefined).on("close", () => print({ closed: port, bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten }));
    print({ connected: port, from: socket.remoteAddress ?? "" });
    if (manner === "drop") return void socket.destroy();
    socket.once("data", (bytes) => {
      print({ asked: bytes.toString("latin1"), port });
      // A directed probe is answered with what is to be said, as the answer to that probe.
      answer(socket, manner, body.replace("{id}", /MessageID>([^<]*)</.exec(bytes.toString("latin1"))?.[1] ?? ""));
    });
  };
  const server: Server = tls === undefined ? createPlain(take) : createTls({ ...tls }, take);
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  print({ ready: `serve ${address} ${port}` });
}

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

function answer(socket: Socket, manner: Manner, body: string): void {
  const whole = (status: string, text: string, more = ""): void => void socket.write(`HTTP/1.1 ${status}\r\n${more}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  switch (manner) {
    case "identify":
    case "metadata":
    case "matches":
      return whole("200 OK", body);
    case "refuse":
      return whole("401 Unauthorized", "", 'WWW-Authenticate: Basic realm="machine"\r\n');
    case "redirect":
      return whole("302 Found", "", "Location: http://192.168.10.22:8080/elsewhere\r\n");
    case "garbage":
      return void socket.write("\u0000\u0001 this is no HTTP\r\n\r\n");
    case "mismatch":
      return whole("200 OK", '{"manufacturer":7}');
    case "huge":
      return whole("200 OK", `"${"x".repeat(10_000_000)}"`);
    case "endless": {
      socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
      const drip = (): void => void (socket.destroyed || (socket.write("1\r\n \r\n") && systemClock.after(50, drip)));
      return drip();
    }
    case "hang":
    case "drop":
      break;
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line) as NeighbourOrder;
  if ("hear" in order) void hear(order);
  else if ("send" in order) void send(order);
  else void serve(order);
});
print({ ready: "neighbour" });
