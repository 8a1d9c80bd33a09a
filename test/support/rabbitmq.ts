// A real RabbitMQ with its MQTT plugin as the peer of a test, with folders and loopback ports of its own, gone when the test is.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Defer } from "./attempt.ts";
import { startChild } from "./child.ts";
import { findFreePort } from "./free-port.ts";
import { makeTempDir } from "./temp-dir.ts";

const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/** Declare `needs: ["rabbitmq-server", "epmd"]` and a generous limit: it takes 10 to 60 s. User and password are `guest`. */
export async function startRabbitmq(defer: Defer, signal: AbortSignal): Promise<{ readonly port: number; output(): string }> {
  const folder = makeTempDir(defer);
  const [port, amqp, distribution, mapper] = [await findFreePort(), await findFreePort(), await findFreePort(), await findFreePort()];
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  mkdirSync(join(folder, "mnesia"));
  // Started by ourselves, since Erlang would leave one running behind.
  startChild(defer, "epmd", ["-port", String(mapper), "-address", "127.0.0.1"]);
  const child = startChild(defer, SERVER, [], {
    cwd: folder,
    env: {
      HOME: folder,
      RABBITMQ_HOME: "/usr/lib/rabbitmq",
      // The script then replaces itself by the server, so that a signal reaches it.
      RUNNING_UNDER_SYSTEMD: "true",
      RABBITMQ_CONF_ENV_FILE: file("env.conf", ""),
      RABBITMQ_CONFIG_FILE: file("rabbitmq.conf", `listeners.tcp.1 = 127.0.0.1:${amqp}\nmqtt.listeners.tcp.1 = 127.0.0.1:${port}\nmqtt.allow_anonymous = false\nlog.console = true\nlog.file = false\n`),
      RABBITMQ_ENABLED_PLUGINS_FILE: file("enabled_plugins", "[rabbitmq_mqtt].\n"),
      RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
      RABBITMQ_LOG_BASE: folder,
      RABBITMQ_NODENAME: `weir${port}@localhost`,
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
      ERL_EPMD_PORT: String(mapper),
      ERL_EPMD_ADDRESS: "127.0.0.1",
    },
  });
  await child.line(/Server startup complete/, signal);
  return { port, output: child.output };
}
