// The local cloud's broker (aedes, MQTT 3.1.1): hands every message to the collector before it is acknowledged.

import { createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Aedes } from "aedes";

export interface CloudTls {
  /** PEM texts. */
  readonly key: string;
  readonly certificate: string;
  /** Where given, a client certificate of this CA is demanded. */
  readonly clientCa?: string;
}

export interface CloudBrokerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls?: CloudTls;
  readonly received: (topic: string, payload: Buffer) => void;
}

export interface CloudBroker {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens. Throws the system's error when the port is taken. */
export async function startCloudBroker(options: CloudBrokerOptions): Promise<CloudBroker> {
  const broker = await Aedes.createBroker();
  broker.authorizePublish = (_client, packet, done) => {
    options.received(packet.topic, Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload));
    done(null);
  };
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.setNoDelay(true);
    broker.handle(socket);
  };
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer(serve)
      : createTlsServer({ key: tls.key, cert: tls.certificate, minVersion: "TLSv1.2", ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }) }, serve);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve());
  });
  return {
    url: `${tls === undefined ? "mqtt" : "mqtts"}://${options.host}:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => broker.close(resolve));
      await closed;
    },
  };
}
