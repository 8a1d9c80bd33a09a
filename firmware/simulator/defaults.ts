// What simulated machines and the simulated cloud do where nothing else is said. Apart, so that the command line loads nothing more.

export const MACHINE_DEFAULTS = { seed: 1, rate: 5, eventsPerMinute: 2, payloadBytes: 0, keep: 10_000, window: 1000, host: "127.0.0.1", port: 0 } as const;

export const CLOUD_DEFAULTS = { host: "127.0.0.1", port: 0, clientId: "weir-collector", filters: ["weir/v1/+/telemetry/#"] } as const;
