// The section `cloud` of the configuration: where the uplink goes, how it proves who it is, how it batches.

import Type from "typebox";
import type { Static } from "typebox";
import { SecretReference } from "../../drivers/contract/settings.ts";

export const SecretRefSchema = SecretReference("Name of a secret in the vault.");
export type SecretRef = Static<typeof SecretRefSchema>;

export const CloudSchema = Type.Object(
  {
    url: Type.String({
      pattern: "^(mqtts|wss|mqtt)://",
      expects: "a URL that begins with mqtts://, wss:// or mqtt://",
      format: "service-url",
      maxLength: 2048,
      description: "Broker: mqtts://host:8883, mqtts://host:443 (with ALPN) or wss://host:443/path. mqtt:// without TLS only to loopback, for trying.",
    }),
    mqttVersion: Type.Union([Type.Literal("5"), Type.Literal("3.1.1")], { default: "5", description: "MQTT version the uplink speaks." }),
    clientId: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: "MQTT client id; the gateway id where not given." })),
    alpn: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: "ALPN protocol name to offer, for brokers that share port 443 (AWS: x-amzn-mqtt-ca, others: mqtt)." })),
    serverName: Type.Optional(Type.String({ minLength: 1, maxLength: 253, description: "Host name that the broker's certificate must carry, where it differs from the url's." })),
    ca: Type.Optional(SecretReference("Certificates (PEM) of the authorities that may sign the broker's certificate; the system's where not given.")),
    certificate: Type.Optional(SecretReference("Client certificate with its chain (PEM).")),
    key: Type.Optional(SecretReference("Private key (PEM) of the client certificate.")),
    user: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: "MQTT user name." })),
    password: Type.Optional(SecretReference("MQTT password.")),
    proxy: Type.Optional(
      Type.Object(
        {
          url: Type.String({ pattern: "^http://", expects: "a URL that begins with http://", format: "service-url", maxLength: 2048, description: "HTTP CONNECT proxy, http://host:port." }),
          user: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: "User name for the proxy." })),
          password: Type.Optional(SecretReference("Password for the proxy. It crosses the network up to the proxy unencrypted.")),
        },
        // U3.2-G5
        { additionalProperties: false, description: "Proxy through which the broker is reached." },
      ),
    ),
    // U3.1g
    keepAliveSeconds: Type.Integer({ minimum: 10, maximum: 3600, default: 240, unit: "seconds", description: "Silence after which the uplink pings the broker (MQTT keep-alive)." }),
    compression: Type.Union([Type.Literal("none"), Type.Literal("deflate"), Type.Literal("zstd")], { default: "none", description: "Compression of telemetry payloads; the topic then ends in its name." }),
    order: Type.Union([Type.Literal("lanes"), Type.Literal("strict")], { default: "lanes", description: "lanes: events and live readings pass a backlog. strict: everything in the order of acceptance." }),
    batch: Type.Object(
      {
        maxCount: Type.Integer({ minimum: 1, maximum: 1000, default: 1000, unit: "readings", description: "Readings per message at most." }),
        maxBytes: Type.Integer({ minimum: 1024, maximum: 1_048_576, default: 131_072, unit: "bytes", description: "Bytes per message at most, before compression." }),
        lingerMs: Type.Integer({ minimum: 0, maximum: 60_000, default: 3, unit: "milliseconds", description: "Time from one message to the next in which readings gather; one that comes alone goes at once." }),
        inFlight: Type.Integer({ minimum: 1, maximum: 64, default: 8, unit: "messages", description: "Messages sent and not yet confirmed, per lane." }),
      },
      { additionalProperties: false, default: {}, description: "How readings are gathered into messages." },
    ),
    backlogPerSecond: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 50_000, unit: "readings/s", description: "Readings per second at most that the backlog drains at beside live readings." }),
  },
  { additionalProperties: false, description: "Where the readings go. Without this section nothing is sent; readings are kept in the outbox all the same." },
);
export type CloudLink = Static<typeof CloudSchema>;
