// Shows that a machine's certificate in another's hands is no evidence: who plays a recorded handshake back shows no certificate, and no identity.

import { connect, createServer as createPlainServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer } from "node:tls";
import { mikoAnnouncement } from "../../../../drivers/miko/announcement.ts";
import { inspectMachine } from "../../../../firmware/field/discovery/inspect-target.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { makeCertificate } from "../../../drivers/miko/make-certificate.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import { IDENTIFICATION } from "./fixture-field.ts";

/** Resolves with its port. */
async function listen(server: Server, defer: Defer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => void sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

suite("a replayed certificate", (test) => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`a recorded handshake of the machine in ${version}, played back by somebody else, shows nothing`, async ({ defer, signal }) => {
      const { key, cert } = makeCertificate(defer);
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(IDENTIFICATION)}\r\n\r\n${IDENTIFICATION}`;
      const machine = await listen(createServer({ key, cert, minVersion: version, maxVersion: version }, (socket) => void socket.on("error", () => undefined).once("data", () => socket.write(answer))), defer);
      const recorded: Buffer[] = [];
      const recorder = await listen(
        createPlainServer((client) => {
          const onward = connect(machine, "127.0.0.1").on("error", () => undefined);
          client.pipe(onward);
          onward.on("data", (bytes: Buffer) => void recorded.push(bytes)).pipe(client);
        }),
        defer,
      );
      const through = await inspectMachine(new URL(`https://127.0.0.1:${recorder}/`), mikoAnnouncement, systemClock, signal);
      assert.is(through.certificates?.length, 1, "the machine itself shows its certificate");
      assert.ok(recorded.length > 0);
      const thief = await listen(createPlainServer((client) => void client.once("data", () => client.write(Buffer.concat(recorded)))), defer);
      const { certificates, nameplate, fault } = await inspectMachine(new URL(`https://127.0.0.1:${thief}/`), mikoAnnouncement, systemClock, signal);
      assert.is(certificates, undefined);
      assert.is(nameplate, undefined);
      assert.ok(fault !== undefined);
      assert.match(fault.where ?? "", /127\.0\.0\.1/);
    });
  }
}, { needs: ["openssl"] });
