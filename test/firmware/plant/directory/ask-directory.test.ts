// Shows what the zone plant learns of a real OpenLDAP server, and what it does not let itself be told.

import { isFault, type Fault } from "../../../../drivers/contract/fault.ts";
import type { DirectorySettings } from "../../../../firmware/config/plant-section.ts";
import { askDirectory, type DirectoryVerdict } from "../../../../firmware/plant/directory/ask-directory.ts";
import type { Defer } from "../../../support/attempt.ts";
import { makePki } from "../../../support/pki.ts";
import { startSlapd, type Slapd, type SlapdOptions } from "../../../support/slapd.ts";
import { assert, suite } from "../../../support/suite.ts";

interface Plant {
  readonly slapd: Slapd;
  ask(user: string, password: string, settings?: Partial<DirectorySettings>, ca?: string): Promise<DirectoryVerdict>;
}

async function startPlant(defer: Defer, signal: AbortSignal, options: Partial<SlapdOptions> = {}): Promise<Plant> {
  const pki = options.pki ?? makePki(defer);
  const people = [
    { user: "anna", password: "Annas own words 7", name: "Anna Äpfel", email: "anna@plant.example" },
    { user: "bert", password: "Berts own words 7" },
    { user: "we)ird(*\\,name", password: "Weird own words 7" },
  ];
  const slapd = await startSlapd(defer, signal, { pki, people, groups: { operators: ["anna", "bert"], admins: ["anna"] }, ...options });
  const directory: DirectorySettings = {
    servers: ["127.0.0.1"],
    port: slapd.port,
    ca: { secret: "ca" },
    bindDn: slapd.bindDn,
    bindPassword: { secret: "bind" },
    searchBase: slapd.searchBase,
    userFilter: "(&(objectClass=inetOrgPerson)(uid={user}))",
    groupAttribute: "memberOf",
    groupFilter: "(member={dn})",
    groups: [],
    timeout: 5000,
  };
  return {
    slapd,
    ask: (user, password, settings = {}, ca = pki.ca) => askDirectory({ directory: { ...directory, ...settings }, secrets: { ca, bind: slapd.bindPassword }, server: "127.0.0.1", user, password }),
  };
}

async function faultOf(asking: Promise<DirectoryVerdict>): Promise<Fault> {
  const result = await asking.catch((error: unknown) => error);
  if (!isFault(result)) throw new Error(`no fault but ${JSON.stringify(result)}`);
  return result;
}

suite("plant, directory", (test) => {
  test("K2.1.11 a person who proves themself is known with name, address and groups, whichever way the directory keeps these", async ({ defer, signal }) => {
    const { ask, slapd } = await startPlant(defer, signal);
    const expected = { outcome: "known", displayName: "Anna Äpfel", email: "anna@plant.example" };
    const byAttribute = await ask("anna", "Annas own words 7");
    assert.equal({ ...byAttribute, groups: undefined }, { ...expected, groups: undefined });
    const groups = [slapd.groupDn("admins"), slapd.groupDn("operators")];
    assert.equal(byAttribute.outcome === "known" ? [...byAttribute.groups].sort() : [], groups);
    const bySearch = await ask("anna", "Annas own words 7", { groupAttribute: "description", groupBase: `ou=groups,${slapd.searchBase}` });
    assert.equal(bySearch.outcome === "known" ? [...bySearch.groups].sort() : [], groups);
  });
  test("CR 1.1 a wrong, an empty and a foreign password, and whoever is not there, are refused alike", async ({ defer, signal }) => {
    const { ask } = await startPlant(defer, signal);
    for (const [user, password] of [["anna", "wrong"], ["anna", ""], ["", "Annas own words 7"], ["", ""], ["anna", "Berts own words 7"], ["nobody", "Annas own words 7"]] as const) {
      assert.equal(await ask(user, password), { outcome: "refused" }, `${user} / ${password}`);
    }
  });
  test("CR 3.5 what is typed as a name means nothing in the filter", async ({ defer, signal }) => {
    const { ask } = await startPlant(defer, signal);
    assert.is((await ask("we)ird(*\\,name", "Weird own words 7")).outcome, "known");
    for (const user of ["*", "an*", "anna)(uid=*", "*)(&", "anna)(|(uid=*))", "\\2a", "anna\0", "(", ")", "ü".repeat(200)]) {
      assert.is((await ask(user, "Annas own words 7")).outcome, "refused", user);
    }
  });
  test("two people of one name are nobody", async ({ defer, signal }) => {
    const { ask } = await startPlant(defer, signal, {
      people: [
        { user: "twin", password: "One twin's words" },
        { user: "Twin", password: "One twin's words", below: "ou=guests,dc=plant,dc=example" },
      ],
      groups: {},
    });
    assert.equal(await ask("twin", "One twin's words"), { outcome: "refused" });
  });
  test("CR 1.9 a directory with a foreign, an expired or another's certificate learns no password, and the fault says which it is", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const other = makePki(defer, "Other CA");
    const cases = [
      { issued: other.issue("directory"), words: /not trusted/ },
      { issued: pki.issue("directory", { fromDays: -9, toDays: -2 }), words: /expired/ },
      { issued: pki.issue("directory", { names: "DNS:elsewhere.example" }), words: /not for 127\.0\.0\.1/ },
    ];
    for (const { issued, words } of cases) {
      const { ask, slapd } = await startPlant(defer, signal, { pki, issued });
      const fault = await faultOf(ask("anna", "Annas own words 7"));
      assert.is(fault.code, "CERTIFICATE_REFUSED");
      assert.match(fault.message, words);
      assert.not.match(slapd.output(), /BIND/);
    }
    const { ask } = await startPlant(defer, signal, { pki, issued: pki.issue("directory", { names: "DNS:ldap.plant.example" }) });
    assert.is((await ask("anna", "Annas own words 7", { serverName: "ldap.plant.example" })).outcome, "known");
  });
  test("a directory that hangs, is gone, refuses the searcher or the search is named, within the time that it has", async ({ defer, signal }) => {
    const { ask, slapd } = await startPlant(defer, signal);
    assert.is((await faultOf(ask("anna", "x", { bindDn: `cn=other,${slapd.searchBase}` }))).code, "CREDENTIALS_REFUSED");
    const search = await faultOf(ask("anna", "x", { searchBase: "dc=elsewhere" }));
    assert.is(search.code, "PEER_PROTOCOL");
    assert.match(search.remedy ?? "", /searchBase/);
    slapd.pause();
    assert.is((await faultOf(ask("anna", "Annas own words 7", { timeout: 300 }))).code, "PEER_TIMEOUT");
    slapd.resume();
    await slapd.kill();
    assert.is((await faultOf(ask("anna", "Annas own words 7"))).code, "PEER_UNREACHABLE");
    await slapd.restart(signal);
    assert.is((await ask("anna", "Annas own words 7")).outcome, "known");
  });
}, { needs: ["slapd", "openssl"] });
