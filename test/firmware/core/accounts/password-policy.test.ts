// Shows which passwords may be chosen, by a table.

import { findBrokenRule, demandGoodPassword } from "../../../../firmware/core/accounts/password-policy.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";

const ANNA = { name: "ops7", email: "Anna.Kraus@plant.example" };

const REFUSED: readonly (readonly [password: string, why: RegExp])[] = [
  ["", /fewer than 8/],
  ["qz7!mwX", /fewer than 8/],
  ["🔑🔑🔑🔑🔑🔑🔑", /fewer than 8/],
  ["qz7!mwXr".repeat(8) + "x", /more than 64/],
  ["my ops7 password", /name of the account/],
  ["MY OPS7 PASSWORD", /name of the account/],
  ["xxanna.kraus@plant.examplexx", /e-mail address/],
  ["ANNA.KRAUS and more", /before the @/],
  ["I love Kyocera printers", /product word "kyocera"/],
  ["Ecosys-2026-x", /product word "ecosys"/],
  ["xxTASKalfaxx", /product word "taskalfa"/],
  ["brave kfs horse", /product word "kfs"/],
  ["the FLEET sails on", /product word "fleet"/],
  ["secret services", /product word "services"/],
  ["automobile horse", /product word "mobile"/],
  ["my NetGateway pw", /product word "(gateway|netgateway)"/],
  ["my device is mine", /product word "device"/],
  ["registration-77", /product word "registration"/],
  ["diagnostics 99 !", /product word "diagnostic"/],
  ["toolbox of horses", /product word "tool"/],
  ["xx drd 12345 yy", /product word "drd"/],
  ["data is the oil 7", /product word "data"/],
  ["stamp collection 9", /product word "collection"/],
  ["a dct and a kdc", /product word "dct"/],
  ["kdc-kdc-kdc-7x", /product word "kdc"/],
  ["Weir-2026!secret", /product word "weir"/],
  ["my MIKO machine", /product word "miko"/],
  ["aaaaaaaaaa", /one piece again and again/],
  ["abcabcabcab", /one piece again and again/],
  ["12341234", /one piece again and again/],
  ["qwerty12345", /follows/],
  ["abcdefghijk", /follows/],
  ["0987654321", /follows/],
  ["lkjhgfdsa", /follows/],
  ["qwertzuiop", /follows/],
];

const TAKEN: readonly string[] = ["qz7!mwXr", "correct horse battery", "qz7!mwXr".repeat(8), "Füße über Öl & Eis", "🔑🔑🔒🔑🔒🔒🔑🔑🔒", "abcdefgh but not only", "    spaces are signs too    "];

/** Of 8 characters and more, from the beginning, the middle and the end of the 10,000; some with capitals. */
const COMMON = ["password", "Password", "12345678", "baseball", "football", "trustno1", "superman", "STARWARS", "iloveyou", "sunshine", "passw0rd", "password1", "liverpoo", "butthead", "princess", "qwertyui", "1qaz2wsx", "asdfghjk", "drowssap", "elizabet", "metallica", "chocolat", "nintendo", "babylon5", "mercedes", "corvette", "access14", "rush2112", "semperfi", "changeme"];

suite("password policy", (test) => {
  for (const [password, why] of REFUSED) {
    test(`CR 1.7 U4.7.3 refuses ${JSON.stringify(password)}`, async () => {
      assert.match(findBrokenRule(password, ANNA) ?? "nothing", why);
    });
  }

  test("CR 1.7 U4.7.3a takes 8 to 64 characters of whatever kind", async ({ signal }) => {
    const clock = makeFakeClock();
    for (const password of TAKEN) {
      assert.is(findBrokenRule(password, ANNA), undefined, password);
      await demandGoodPassword(password, ANNA, clock, signal);
    }
  });

  test("CR 1.7 U4.7.3d refuses the common ones, in capitals or not", async ({ signal }) => {
    const clock = makeFakeClock();
    for (const password of COMMON) {
      const fault = await assert.rejects(demandGoodPassword(password, ANNA, clock, signal), "INPUT_INVALID");
      assert.match(String(fault), /the new password (is one of those that are used most often|follows)/);
      if (password !== "password") assert.not.match(String(fault), new RegExp(password));
    }
  }, { limitMs: 120_000 });

  test("an account without an e-mail address, or with half of one, takes what contains an @", async () => {
    for (const email of ["", "@", "@plant.example"]) assert.is(findBrokenRule("correct h@rse battery", { name: "anna", email }) ?? "", email === "@" ? "contains the e-mail address" : "");
  });
});
