// Shows when the ingest endpoint gets another certificate, and that nobody can make it do so without end.

import { X509Certificate } from "node:crypto";
import { isFault } from "../../../../drivers/contract/fault.ts";
import { ServerCertificate } from "../../../../firmware/core/pki/server-certificate.ts";
import { Audit } from "../../../../firmware/core/audit/audit.ts";
import { prepareAuditSchema } from "../../../../firmware/core/audit/audit-schema.ts";
import { AuditTrail } from "../../../../firmware/core/audit/trail.ts";
import { Conditions } from "../../../../firmware/core/health/conditions.ts";
import { openDatabase } from "../../../../firmware/core/storage/open-database.ts";
import { keyFile } from "../../../../firmware/core/vault/key-file.ts";
import { openVault } from "../../../../firmware/core/vault/open-vault.ts";
import { join } from "node:path";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import type { FakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";
import { DOMAIN, GATEWAY, makeAuthority } from "./authority.ts";

interface Setup {
  readonly clock: FakeClock;
  /** The addresses that the certificate names, and its serial number. */
  keep(addresses: readonly string[], isOurs?: (address: string) => boolean): Promise<{ readonly addresses: readonly string[]; readonly serial: string }>;
  /** As after a restart. */
  again(): void;
  changeAuthority(): void;
}

function setUp(defer: Defer, signal: AbortSignal): Setup {
  const folder = makeTempDir(defer);
  const clock = makeFakeClock();
  const opened = openVault(folder, keyFile(folder), clock);
  defer(() => opened.close());
  const { vault } = opened;
  if (isFault(vault)) throw vault;
  const audit = openDatabase(join(folder, "audit.db"), clock, prepareAuditSchema);
  defer(() => audit.log.closeDatabase());
  const trail = new AuditTrail(new Audit(audit.database, clock, opened.auditKey), new Conditions(clock, () => undefined), clock);
  const make = () => ({ ...makeAuthority(defer).authority, gateway: GATEWAY, domain: DOMAIN, subnets: [] });
  let authority = make();
  let server = new ServerCertificate(vault, clock, trail);
  return {
    clock,
    keep: async (addresses, isOurs = () => true) => {
      const pair = await server.keep(authority, addresses, isOurs, signal);
      return { addresses: pair.addresses, serial: new X509Certificate(pair.certificate).serialNumber };
    },
    again: () => void (server = new ServerCertificate(vault, clock, trail)),
    changeAuthority: () => void (authority = make()),
  };
}

suite("certificate of the ingest endpoint", (test) => {
  test("it stays while it names all addresses, over a restart too, and is another one for another CA", async ({ defer, signal }) => {
    const { again, changeAuthority, keep } = setUp(defer, signal);
    const first = await keep(["10.0.0.1", "10.0.0.2"]);
    assert.equal(await keep(["10.0.0.2", "10.0.0.1"]), first);
    assert.equal(await keep(["10.0.0.1"]), first);
    again();
    assert.equal(await keep(["10.0.0.1"]), first);
    changeAuthority();
    const other = await keep(["10.0.0.1"]);
    assert.equal(other.addresses, ["10.0.0.1"]);
    assert.is.not(other.serial, first.serial);
  });
  test("what was named before goes when its segment does", async ({ defer, signal }) => {
    const { keep } = setUp(defer, signal);
    await keep(["10.0.0.1", "10.1.0.1"]);
    assert.equal((await keep(["10.0.0.2"], (address) => address.startsWith("10.0."))).addresses, ["10.0.0.2", "10.0.0.1"]);
  });
  test("CR 7.1 it is issued at most eight times a minute and names at most 64 addresses, the newest", async ({ defer, signal }) => {
    const { clock, keep } = setUp(defer, signal);
    for (let host = 1; host <= 12; host += 1) await keep([`10.0.0.${host}`]);
    assert.is((await keep(["10.0.0.12"])).addresses[0], "10.0.0.8");
    await clock.advance(60_000);
    assert.is((await keep(["10.0.0.12"])).addresses[0], "10.0.0.12");
    const many = Array.from({ length: 64 }, (_, index) => `10.0.1.${index}`);
    assert.equal((await keep(many)).addresses, many);
  });
}, { needs: ["openssl"] });
