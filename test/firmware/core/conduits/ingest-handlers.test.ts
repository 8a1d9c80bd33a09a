// Shows what core makes of the ingest endpoint's standing and of faulty peers: conditions that are few, entries that are few.

import { Fault, reportFault, type FaultCode } from "../../../../drivers/contract/fault.ts";
import { addressIn } from "../../../../firmware/core/conduits/ingest-handlers.ts";
import { assert, suite } from "../../../support/suite.ts";
import { readStatus, startCore, type RunningCore } from "../running-core.ts";

const CONFIGURATION = "segments:\n  - {name: cell, subnets: [127.0.0.0/8]}\nnetwork:\n  field:\n    - {segment: cell, interface: lo, ingestPlain: 1883}\n";

async function standing(core: RunningCore, signal: AbortSignal): Promise<string[]> {
  return (await readStatus(core, signal)).conditions.filter(({ code }) => code.startsWith("INGEST") || code.startsWith("PEER")).map(({ code, subject }) => `${code} ${subject}`);
}

suite("ingest, as core sees it", (test) => {
  test("says which ports are plain or closed, and nothing more when that is over", async ({ signal, defer }) => {
    const core = await startCore(defer, CONFIGURATION);
    const listener = { segment: "cell", address: "127.0.0.1", port: 1883, isTls: false };
    const secure = { ...listener, port: 8883, isTls: true };
    const tell = async (listeners: readonly object[], isFull = false): Promise<string[]> => {
      await core.source.call("ingest", { listeners: listeners as never, connections: 3, isFull }, signal);
      return standing(core, signal);
    };
    assert.equal(await tell([listener, secure]), ["INGEST_PLAIN segment cell, port 1883"]);
    assert.equal((await tell([listener, { ...secure, fault: reportFault(new Fault("CONFIG_INVALID", "cannot listen")) }])).sort(), ["INGEST_CLOSED segment cell, port 8883 at 127.0.0.1", "INGEST_PLAIN segment cell, port 1883"]);
    assert.equal(await tell([secure], true), ["INGEST_FULL ingest"]);
    assert.equal(await tell([]), ["INGEST_FULL ingest"], "it fades");
  });

  test("names a refused client by its address, and stays bounded however many there are", async ({ signal, defer }) => {
    const core = await startCore(defer, CONFIGURATION);
    const tell = (code: FaultCode, where: string): Promise<unknown> => core.source.call("peer", { fault: reportFault(new Fault(code, "is refused", { where })) }, signal);
    await tell("CREDENTIALS_REFUSED", 'client "x" at 192.0.2.7:51000');
    await tell("CREDENTIALS_REFUSED", 'client "y" at 192.0.2.7:51001');
    await tell("PEER_PROTOCOL", "[fd00::7]:51000");
    assert.equal((await standing(core, signal)).sort(), ["INGEST_REFUSED 192.0.2.7", "PEER_FAULTY fd00::7"]);
    for (let host = 0; host < 200; host += 1) await tell("CERTIFICATE_REFUSED", `10.0.0.${host}`);
    const all = await standing(core, signal);
    assert.ok(all.length <= 34 && all.includes("INGEST_REFUSED others"), all.join("\n"));
  });

  test("finds the address at the end of a fault's place", () => {
    const places = ["192.0.2.7", "192.0.2.7:1234", "[fd00::7]:1234", "fd00::7", "fe80::1%eth0", 'machine urn:x, client "a b" at 192.0.2.7:1', undefined, "somewhere"];
    assert.equal(places.map(addressIn), ["192.0.2.7", "192.0.2.7", "fd00::7", "fd00::7", "fe80::1%eth0", "192.0.2.7", "unknown", "unknown"]);
  });
});
