// Opens the TCP connection to the broker, straight or through an HTTP CONNECT proxy (RFC 9110 §9.3.6).

import { request } from "node:http";
import { isIP } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { Destination } from "../names/name-fault.ts";
import { raceAddresses } from "./race-addresses.ts";
import type { Way } from "./race-addresses.ts";
import { nameSocketFault } from "./socket-fault.ts";
import { runStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Proxy, Target } from "./target.ts";

/** Where the gateway itself connects to: the proxy where there is one, which then resolves the broker's name. */
export function destinationOf({ host, port, proxy }: Target): Destination {
  return proxy === undefined ? { host, port, setting: "cloud.url" } : { host: proxy.host, port: proxy.port, setting: "cloud.proxy.url" };
}

/** A connected stream to the broker's port, over the way to `destinationOf(target)`. The caller closes it. Throws PEER_UNREACHABLE, PEER_TIMEOUT, CREDENTIALS_REFUSED, … */
export async function dial(target: Target, way: Way, stage: Stage): Promise<Duplex> {
  const { proxy } = target;
  if (proxy === undefined) return connectTo(target, way, stage);
  return askProxy(proxy, await connectTo(target, way, stage), target, stage);
}

function connectTo(target: Target, way: Way, stage: Stage): Promise<Socket> {
  const { host, port, setting } = destinationOf(target);
  const where = target.proxy === undefined ? target.address : nameProxy(target.proxy);
  const late = (): Fault => new Fault("PEER_TIMEOUT", `${host} does not answer on port ${port} within ${stage.limitMs / 1000} s`, { where, remedy: `Check ${setting} and that the firewall lets the gateway out.` });
  return runStage<Socket>(stage, late, (done, fail) => raceAddresses(way, port, stage.clock, { done, fail: (error) => fail(nameSocketFault(error, host, port, where)) }));
}

/** `way` is connected to the proxy; it is closed where this fails. */
function askProxy(proxy: Proxy, way: Socket, target: Target, stage: Stage): Promise<Duplex> {
  const authority = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`;
  const where = nameProxy(proxy);
  const headers = { host: authority, ...(proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization }) };
  const late = (): Fault => new Fault("PEER_TIMEOUT", `the proxy does not open a way to ${authority} within ${stage.limitMs / 1000} s`, { where, remedy: "Check cloud.proxy.url and that the proxy reaches the broker." });
  return runStage<Duplex>(stage, late, (done, fail) => {
    const asked = request({ createConnection: () => way, method: "CONNECT", path: authority, headers, maxHeaderSize: 16_384 });
    asked.once("connect", (response, socket: Socket, head) => {
      const status = response.statusCode ?? 0;
      if (status < 200 || status > 299) {
        socket.destroy();
        return fail(nameRefusal(status, response.statusMessage ?? "", authority, proxy, where));
      }
      socket.setNoDelay(true);
      if (head.length > 0) socket.unshift(head);
      done(socket);
    });
    asked.on("error", (error) => fail(nameSocketFault(error, proxy.host, proxy.port, where)));
    asked.end();
    return () => {
      asked.destroy();
      way.destroy();
    };
  });
}

function nameProxy({ host, port }: Proxy): string {
  return `proxy ${host}:${port}`;
}

function nameRefusal(status: number, reason: string, authority: string, proxy: Proxy, where: string): Fault {
  const said = `${status}${reason === "" ? "" : ` ${reason}`}`;
  if (status === 407) {
    const what = proxy.authorization === undefined ? "asks for credentials and none are configured" : "refuses the credentials";
    return new Fault("CREDENTIALS_REFUSED", `the proxy ${what} (${said})`, { where, remedy: "Set cloud.proxy.user and cloud.proxy.password; Basic authentication is spoken." });
  }
  if (status === 401 || status === 403) return new Fault("ACCESS_DENIED", `the proxy does not let the gateway through to ${authority} (${said})`, { where, remedy: "Have this destination and port allowed on the proxy." });
  if (status === 405) return new Fault("NOT_SUPPORTED", `the proxy does not take CONNECT (${said})`, { where, remedy: "Name a proxy that opens tunnels, or remove cloud.proxy." });
  if (status >= 500) return new Fault("PEER_UNREACHABLE", `the proxy cannot reach ${authority} (${said})`, { where, remedy: "Check cloud.url and the proxy's way to it." });
  return new Fault("PEER_PROTOCOL", `the proxy answers CONNECT to ${authority} with ${said}`, { where, remedy: "Check that cloud.proxy.url names an HTTP CONNECT proxy." });
}
