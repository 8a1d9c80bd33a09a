// Opens one MQTT connection: dials, secures, speaks CONNECT, and hands back a connection that is never reopened.

import { connect as connectMqtt, MqttClient } from "mqtt";
import type { IClientOptions, IConnackPacket } from "mqtt";
import type { Duplex } from "node:stream";
import { Fault } from "../../../drivers/contract/fault.ts";
import { errorCode } from "../../runtime/error-code.ts";
import { nameBrokerFault, versionRemedy } from "./broker-fault.ts";
import { nameTlsFault } from "./certificate-fault.ts";
import { makeConnection, MAX_INCOMING_BYTES } from "./connection.ts";
import type { Connection, ConnectPorts } from "./connection.ts";
import { destinationOf, dial } from "./dial.ts";
import { secure } from "./secure.ts";
import { nameSocketFault } from "./socket-fault.ts";
import { runStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Target } from "./target.ts";

/** What the broker publishes, retained, when the connection breaks. */
export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
}

/** A connection on which CONNACK has come. Throws a Fault that names what was wrong and the remedy; nothing is left open then. */
export async function openConnection(target: Target, will: Will, ports: ConnectPorts, signal: AbortSignal): Promise<Connection> {
  const addresses = await ports.names.find(destinationOf(target), signal);
  const stage: Stage = { clock: ports.clock, limitMs: ports.timing.stageMs, signal };
  const plain = await dial(target, { addresses, staggerMs: ports.timing.names.staggerMs }, stage);
  const stream = target.tls === undefined ? plain : await secure(plain, target.tls, target, stage);
  const { client, connack } = await greet(stream, target, will, stage);
  const refusal = demandQos1(connack, target);
  if (refusal !== undefined) {
    client.end(true);
    throw refusal;
  }
  return makeConnection(client, connack, target, ports);
}

interface Greeted {
  readonly client: MqttClient;
  readonly connack: IConnackPacket;
}

function greet(stream: Duplex, target: Target, will: Will, stage: Stage): Promise<Greeted> {
  const where = target.address;
  const late = (): Fault => new Fault("PEER_TIMEOUT", `${target.host} does not answer CONNECT within ${stage.limitMs / 1000} s`, { where, remedy: `Check that an MQTT broker listens on this port. ${versionRemedy(target)}` });
  return runStage<Greeted>(stage, late, (done, fail) => {
    const client = openClient(stream, target, will);
    const failed = (error: Error): void => fail(nameGreetingFault(error, target, stage));
    // The stream's end may come before the alert or the CONNACK that explains it has been read.
    client.once("close", () => setImmediate(() => fail(nameEarlyClose(target))));
    client.on("error", failed);
    for (const source of new Set([stream, client.stream])) source.on("error", failed);
    client.once("connect", (connack) => {
      client.removeAllListeners("error");
      client.on("error", () => undefined);
      done({ client, connack });
    });
    return () => {
      client.end(true);
      stream.destroy();
    };
  });
}

function openClient(stream: Duplex, target: Target, will: Will): MqttClient {
  const options: IClientOptions = {
    protocolVersion: target.protocolVersion,
    clientId: target.clientId,
    clean: true,
    keepalive: target.keepAliveSeconds,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    // The stage has its own limit.
    connectTimeout: 2_147_483_647,
    will: { ...will, qos: 1, retain: true },
    ...(target.user === undefined ? {} : { username: target.user }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.protocolVersion === 5 ? { properties: { maximumPacketSize: MAX_INCOMING_BYTES, receiveMaximum: 16 } } : {}),
  };
  if (target.webSocketPath === undefined) return new MqttClient(() => stream, options);
  // The stream is connected and secured already; the WebSocket library only sends its upgrade through it.
  const wsOptions = { createConnection: () => stream, perMessageDeflate: false, maxPayload: MAX_INCOMING_BYTES, followRedirects: false };
  return connectMqtt({ ...options, protocol: "wss", hostname: target.host, port: target.port, path: target.webSocketPath, wsOptions });
}

function nameGreetingFault(error: Error, target: Target, stage: Stage): Fault {
  const reason = "code" in error && typeof error.code === "number" ? error.code : undefined;
  if (reason !== undefined && error.message.startsWith("Connection refused")) return nameBrokerFault(reason, target);
  const upgrade = /Unexpected server response: (\d+)/.exec(error.message)?.[1];
  if (upgrade !== undefined) return nameUpgradeRefusal(upgrade, target);
  const code = errorCode(error) ?? "";
  if (code.startsWith("ERR_SSL") && target.tls !== undefined) return nameTlsFault(error, { target, material: target.tls, certificate: undefined, now: stage.clock.now() });
  if (code === "ECONNRESET" || code === "EPIPE") return nameEarlyClose(target, error);
  if (code !== "") return nameSocketFault(error, target.host, target.port, target.address);
  return new Fault("PEER_PROTOCOL", `${target.host} answers CONNECT with something that is not MQTT: ${error.message}`, { where: target.address, remedy: `Check the port. ${versionRemedy(target)}`, cause: error });
}

function nameUpgradeRefusal(status: string, target: Target): Fault {
  const detail = { where: target.address, remedy: "Check the path in cloud.url and the rights at the broker's front end." };
  if (status === "401" || status === "403") return new Fault("ACCESS_DENIED", `the WebSocket at ${target.webSocketPath} is refused with ${status}`, detail);
  if (status.startsWith("5")) return new Fault("PEER_UNREACHABLE", `the WebSocket at ${target.webSocketPath} is answered with ${status}`, { ...detail, remedy: "The broker behind the front end may be down; it is tried again." });
  return new Fault("PEER_PROTOCOL", `there is no WebSocket at ${target.webSocketPath} (${status})`, detail);
}

function nameEarlyClose(target: Target, cause?: Error): Fault {
  const own = target.tls === undefined || target.tls.certificate !== undefined ? "" : " The broker may ask for a client certificate.";
  return new Fault("PEER_CLOSED", `${target.host} closed the connection instead of answering CONNECT`, { where: target.address, remedy: `It may not speak MQTT ${target.protocolVersion === 5 ? "5" : "3.1.1"}: ${versionRemedy(target)}${own}`, cause });
}

function demandQos1(connack: IConnackPacket, target: Target): Fault | undefined {
  return connack.properties?.maximumQoS === 0 ? nameBrokerFault(0x9b, target) : undefined;
}
