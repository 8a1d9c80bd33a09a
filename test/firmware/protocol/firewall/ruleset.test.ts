// Shows that the rules drop by default and replace themselves, and that no text of a configuration, however hostile, becomes nftables syntax.

import fc from "fast-check";
import { isFault } from "../../../../drivers/contract/fault.ts";
import { renderCloudRefresh } from "../../../../firmware/protocol/firewall/cloud-set.ts";
import { deriveWalls } from "../../../../firmware/protocol/firewall/derive-flows.ts";
import type { FirewallInput } from "../../../../firmware/protocol/firewall/input.ts";
import { renderRuleset } from "../../../../firmware/protocol/firewall/ruleset.ts";
import { assert, suite } from "../../../support/suite.ts";
import { example } from "./example.ts";

const render = (input: FirewallInput): string => renderRuleset(deriveWalls(input));

/** Texts that try to leave their place, beside arbitrary ones. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom('eth0" accept #', "eth0\naccept", "10.0.0.0/8 } accept #", "0.0.0.0/0", "::/0", "fe80::1%eth0", "10.0.0.0/8, 0.0.0.0/0", "@cloud4", "$var", "include \"/etc/passwd\"", "eth*", "../x", "a;b", "{", "}", "__proto__", "0x7f.1", "1.2.3", "::ffff:1.2.3.4/96", "１９２.168.0.1"),
);

/** The example with every text in turn replaced; `path` numbers the texts. */
function replaceText(value: unknown, path: number, by: string): unknown {
  let place = 0;
  const walk = (one: unknown): unknown => {
    if (typeof one === "string") return place++ === path ? by : one;
    if (Array.isArray(one)) return one.map(walk);
    return typeof one === "object" && one !== null ? Object.fromEntries(Object.entries(one).map(([key, child]) => [key, walk(child)])) : one;
  };
  return walk(value);
}

function countTexts(value: unknown): number {
  if (typeof value === "string") return 1;
  return typeof value === "object" && value !== null ? Object.values(value).reduce((sum: number, child) => sum + countTexts(child), 0) : 0;
}

const QUOTED = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,14}|weir(?:-[a-z]+)|_chrony|systemd-network|weir [a-z0-9_]+ |(?:sent|received)_[a-z0-9_]+)$/;

/** Every line is made of harmless characters, every quoted text is a name, and braces are paired. */
function demandPlain(text: string): void {
  for (const line of text.split("\n")) {
    assert.match(line, /^\t*[A-Za-z0-9_.,:;=!&|()<>@{}"/ +-]*$/);
    for (const [, quoted = ""] of line.matchAll(/"([^"]*)"/g)) assert.match(quoted, QUOTED);
    assert.is((line.match(/"/g) ?? []).length % 2, 0);
  }
  assert.is((text.match(/\{/g) ?? []).length, (text.match(/\}/g) ?? []).length);
}

/** What the rules of any configuration consist of, once names, addresses and numbers are taken out. */
function words(text: string): ReadonlySet<string> {
  return new Set(text.replace(/"[^"]*"|0x[0-9a-f]{8}/g, '""').replace(/\{[^{}]*\}/g, "{}").match(/[a-z]{3,}(?![a-z0-9_]*[_0-9])/g) ?? []);
}

suite("firewall, ruleset", (test) => {
  test("CR 5.1 input, output and forward drop by default, and the table replaces itself in one transaction", () => {
    for (const text of [render(example), render({ segments: [], assets: [] })]) {
      assert.match(text, /^add table inet weir\ndelete table inet weir\ntable inet weir \{\n/);
      for (const hook of ["input", "output", "forward"]) assert.match(text, new RegExp(`type filter hook ${hook} priority filter; policy drop;`));
    }
  });

  test("CR 5.1 without a configuration of the network no packet of a wire is accepted", () => {
    const accepts = render({ segments: [], assets: [] }).split("\n").filter((line) => line.includes("accept"));
    assert.equal(accepts.map((line) => line.trim()), ["type filter hook prerouting priority raw; policy accept;", 'iifname vmap { "lo" : accept }', 'iifname "lo" accept']);
  });

  test("interfaces are matched by name, never by index", () => {
    assert.not.match(render(example), /\b[io]if (?!type)/);
  });

  test("the same configuration gives the same text", () => {
    assert.is(render(example), render(structuredClone(example)));
  });

  test("CR 3.5 no text in a configuration becomes nftables syntax: it stands as a name or address, or is refused", () => {
    const known = words(render(example));
    const texts = countTexts(example);
    let rendered = 0;
    fc.assert(
      fc.property(fc.nat({ max: texts - 1 }), hostile, (path, text) => {
        let result: string;
        try {
          result = render(replaceText(example, path, text) as FirewallInput);
        } catch (error) {
          assert.ok(isFault(error, "INPUT_INVALID", "CONFIG_INVALID"), String(error));
          return;
        }
        rendered += 1;
        demandPlain(result);
        for (const word of words(result)) assert.ok(known.has(word), `the word ${word} came in by ${JSON.stringify(text)}`);
      }),
      { numRuns: 1500 },
    );
    assert.ok(rendered > 50, "hardly any configuration was rendered");
  });

  test("CR 3.5 no address that a resolver gives becomes nftables syntax, and none is a subnet", () => {
    assert.throws(() => renderCloudRefresh([{ address: "0.0.0.0/0", port: 443, lifeSeconds: 60 }]), "INPUT_INVALID");
    fc.assert(
      fc.property(fc.oneof(hostile, fc.ipV4(), fc.ipV6()), fc.oneof(fc.integer(), fc.double()), (address, port) => {
        try {
          demandPlain(renderCloudRefresh([{ address, port, lifeSeconds: 60 }]));
        } catch (error) {
          assert.ok(isFault(error, "INPUT_INVALID"), String(error));
        }
      }),
    );
  });

  test("an address of the cloud is renewed by one transaction", () => {
    assert.is(
      renderCloudRefresh([{ address: "9.9.9.9", port: 443, lifeSeconds: 60 }, { address: "9.9.9.9", port: 443, lifeSeconds: 90 }]),
      "add element inet weir cloud4 { 9.9.9.9 . 443 timeout 90s }\ndelete element inet weir cloud4 { 9.9.9.9 . 443 }\nadd element inet weir cloud4 { 9.9.9.9 . 443 timeout 90s }\n",
    );
    assert.is(renderCloudRefresh([]), "");
  });

  test("users stand by number where a system does not know their names, and a missing one is refused", () => {
    assert.throws(() => renderRuleset(deriveWalls(example), { userIds: { "weir-field": 1 } }), "NOT_FOUND");
  });
});
