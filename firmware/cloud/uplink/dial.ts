// Opens the TCP connection to the broker, straight or through an HTTP CONNECT proxy (RFC 9110 §9.3.6).

import { request } from "node:http";
import { connect, isIP } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Fault } from "../../../drivers/contract/fault.ts";
import { nameSocketFault } from "./socket-fault.ts";
import { runStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Proxy, Target } from "./target.ts";

/** A connected stream to the broker's port. The caller closes it. Throws PEER_UNREACHABLE, PEER_TIMEOUT, CREDENTIALS_REFUSED, … */
export function dial(target: Target, stage: Stage): Promise<Duplex> {
  return target.proxy === undefined ? dialStraight(target, stage) : dialThrough(target.proxy, target, stage);
}

function dialStraight(target: Target, stage: Stage): Promise<Duplex> {
  const where = target.address;
  const late = (): Fault => new Fault("PEER_TIMEOUT", `${target.host} does not answer on port ${target.port} within ${stage.limitMs / 1000} s`, { where, remedy: "Check the address and that the firewall lets the gateway out." });
  return runStage<Socket>(stage, late, (done, fail) => {
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      done(socket);
    });
    socket.once("error", (error) => fail(nameSocketFault(error, target.host, target.port, where)));
    return () => {
      socket.on("error", () => undefined);
      socket.destroy();
    };
  });
}

function dialThrough(proxy: Proxy, target: Target, stage: Stage): Promise<Duplex> {
  const authority = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`;
  const where = `proxy ${proxy.host}:${proxy.port}`;
  const headers = { host: authority, ...(proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization }) };
  const late = (): Fault => new Fault("PEER_TIMEOUT", `the proxy does not open a way to ${authority} within ${stage.limitMs / 1000} s`, { where, remedy: "Check cloud.proxy.url and that the proxy reaches the broker." });
  return runStage<Duplex>(stage, late, (done, fail) => {
    const asked = request({ host: proxy.host, port: proxy.port, method: "CONNECT", path: authority, headers, agent: false, maxHeaderSize: 16_384 });
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
    return () => asked.destroy();
  });
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
