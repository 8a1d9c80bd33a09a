// Machines that publish as fast as they are acknowledged: a fixed number of QoS 1 messages in flight each, nothing computed per message.
//
//   node ingest-publisher.ts PORT MACHINES IN_FLIGHT PAYLOAD_BYTES REPORT_MS     prints {"acknowledged":N,"atMs":N} again and again

import { connect } from "node:net";
import { generate } from "mqtt-packet";
import { systemClock } from "../../firmware/runtime/system-clock.ts";

const [port = 0, machines = 1, inFlight = 100, payloadBytes = 300, reportMs = 1000] = process.argv.slice(2).map(Number);
let acknowledged = 0;

function startMachine(name: string): void {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const packet = generate({ cmd: "publish", topic: `miko/v1/${name}/points/force`, payload: Buffer.alloc(payloadBytes, "x"), qos: 1, messageId: 1, dup: false, retain: false });
  const idAt = packet.length - payloadBytes - 2;
  let next = 1;
  const publish = (count: number): void => {
    const bytes = Buffer.allocUnsafe(packet.length * count);
    for (let index = 0; index < count; index += 1) {
      packet.copy(bytes, index * packet.length);
      bytes.writeUInt16BE(next, index * packet.length + idAt);
      next = (next % 65_535) + 1;
    }
    socket.write(bytes);
  };
  socket.write(generate({ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, clientId: name, keepalive: 0, username: name, password: Buffer.from("") }));
  let rest = 0;
  let isIn = false;
  socket.on("data", (chunk) => {
    let length = chunk.length;
    if (!isIn) {
      isIn = true;
      publish(inFlight);
      length -= 4;
    }
    // All that comes from now on are PUBACKs of four bytes.
    const count = Math.floor((rest + length) / 4);
    rest = (rest + length) % 4;
    acknowledged += count;
    if (count > 0) publish(count);
  });
}

for (let index = 0; index < machines; index += 1) startMachine(`m${index}`);

function report(): void {
  process.stdout.write(`${JSON.stringify({ acknowledged, atMs: systemClock.uptimeMs() })}\n`);
  systemClock.after(reportMs, report);
}
systemClock.after(reportMs, report);
