// Shows how core speaks to host: what is recorded, what host gets to know, and that a machine without host is none the worse.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { isFault } from "../../../../drivers/contract/fault.ts";
import type { AuditEvent } from "../../../../firmware/core/audit/audit.ts";
import { loadConfiguration } from "../../../../firmware/config/load.ts";
import { hostConduit } from "../../../../firmware/conduit/host.ts";
import { toFirewallRequest } from "../../../../firmware/core/host/firewall-request.ts";
import { toNetworkRequest } from "../../../../firmware/core/host/network-request.ts";
import { openHostLink, type HostLink } from "../../../../firmware/core/host/host-link.ts";
import { deriveWalls } from "../../../../firmware/protocol/firewall/derive-flows.ts";
import type { FirewallInput } from "../../../../firmware/protocol/firewall/input.ts";
import { serveConduit } from "../../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { makeFakeClock, type FakeClock } from "../../../support/fake-clock.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

const nothing = { trial: null, returned: null, installed: null, confirmed: null, leftMs: null };
const change = "00000000-0000-4000-8000-000000000001";

interface Bench {
  readonly link: HostLink;
  readonly clock: FakeClock;
  readonly audit: AuditEvent[];
  readonly socket: string;
}

function makeBench(defer: Defer): Bench {
  const socket = join(makeTempDir(defer), "host.sock");
  const audit: AuditEvent[] = [];
  const clock = makeFakeClock();
  const link = openHostLink({ socket, clock, epoch: "e-1", log: silentLog, trail: { record: (event) => void audit.push(event) } });
  defer(() => link.close());
  return { link, clock, audit, socket };
}

async function serve(defer: Defer, socket: string): Promise<void> {
  const never = new Promise<never>(() => undefined);
  const onTrial = { change, confirmWithinMs: 60_000 };
  const server = await serveConduit(
    hostConduit,
    {
      applyFirewall: () => onTrial,
      applyNetwork: () => onTrial,
      confirm: () => ({}),
      standing: () => ({ firewall: nothing, network: nothing, epoch: "h-1", alive: { pid: 1, uptimeSeconds: 0, memoryBytes: 0 }, refused: { count: 0, last: null }, limitsFault: null }),
      observe: () => ({ sides: [], segments: [], zones: [] }),
      admitCloud: () => ({ refused: [] }),
      authorizeUsb: () => ({}),
      setTime: () => never,
      reboot: () => ({}),
    },
    { socket, log: silentLog, closeMs: 50 },
  );
  defer(() => server.close());
}

const input: FirewallInput = {
  segments: [{ name: "cutting", subnets: ["10.1.0.0/24"] }],
  assets: [{ name: "Cutter 1", segment: "cutting", config: { url: "http://10.1.0.7:8080/miko/?token=geheim", password: { secret: "cutter" }, publish: { url: "mqtts://weir:geheim@10.1.0.7" }, words: "no://" } }],
  cloud: { url: "mqtts://broker.example:8884/path?key=geheim" },
  network: { field: [{ interface: "eth0", automatic: false, segment: "cutting", traps: false, brokerPorts: [] }], cloud: { interface: "eth1", automatic: false, updates: [] }, dns: { via: "cloud", servers: ["9.9.9.10"] } },
};

suite("host link", (test) => {
  test("without a zone host every verb says that this is no appliance", async ({ signal, defer }) => {
    const { link, audit } = makeBench(defer);
    assert.is(link.isPresent(), false);
    await assert.rejects(link.reboot("anna", signal), (error) => isFault(error, "NOT_SUPPORTED"));
    await assert.rejects(link.applyNetwork("anna", { ports: [] }, signal), /not an appliance/);
    assert.equal(audit.map(({ action, result }) => `${action} ${result}`), ["system.restarted refused", "network.changed refused"]);
  });

  test("a host that does not answer is given up after 30 s", async ({ signal, defer }) => {
    const { link, clock, audit, socket } = makeBench(defer);
    await serve(defer, socket);
    const givenUp = assert.rejects(link.setTime("anna", "2031-01-01T00:00:00Z", signal), (error) => isFault(error, "PEER_TIMEOUT"));
    await clock.advance(30_000);
    await givenUp;
    assert.is(audit[0]?.result, "failed");
  });

  test("host gets to know addresses and ports, and no path, credential or other setting", () => {
    const request = toFirewallRequest(input);
    assert.equal(request.assets, [{ name: "Cutter 1", segment: "cutting", config: ["http://10.1.0.7:8080", "mqtts://10.1.0.7"] }]);
    assert.is(request.cloud?.url, "mqtts://broker.example:8884");
    assert.not(JSON.stringify(request).includes("geheim"));
  });

  test("what host derives from it are the same walls", () => {
    assert.equal(deriveWalls(toFirewallRequest(input)), deriveWalls(input));
  });

  test("of a cell in another network namespace host knows the walls, and sets up no interface there", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../../docs/topologies/shared-subnets.yaml"));
    const { configuration } = loadConfiguration(text, "weir.yaml");
    const request = toFirewallRequest(configuration);
    for (const namespace of [undefined, "cell-a", "cell-b"]) assert.equal(deriveWalls(request, namespace), deriveWalls(configuration, namespace));
    assert.equal(toNetworkRequest(configuration).ports.map((port) => port.interface), ["office"]);
  });
});
