// Shows what `weir firewall` prints and how it ends.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const root = join(import.meta.dirname, "../../..");
const example = join(root, "docs/topologies/two-ports.yaml");

function firewall(...options: string[]): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, "firmware/cli/weir.ts"), "firewall", ...options], { maxBuffer: 4_000_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : error.code, stdout, stderr }));
  });
}

suite("weir firewall", (test) => {
  test("show prints the table, the rules of the kernel, or JSON", async () => {
    const [table, rules, json] = await Promise.all([firewall("show", "--config", example), firewall("show", "--config", example, "--format", "nft"), firewall("show", "--config", example, "--json")]);
    assert.match(table.stdout, /^Flow +Who +Direction/);
    assert.match(table.stdout, /\nadmin-page +weir-admin +in +management, eth1 +tcp to 9797 +10\.20\.5\.0\/28 /);
    assert.match(rules.stdout, /^add table inet weir\n/);
    const { flows } = JSON.parse(json.stdout) as { readonly flows: readonly { readonly name: string }[] };
    assert.ok(flows.some(({ name }) => name === "admin-page"));
  });
  test("explain answers in words, and as data", async () => {
    const [words, data] = await Promise.all([firewall("explain", "10.20.5.1", "admin", "9797", "--config", example), firewall("explain", "field", "cloud", "443", "--config", example, "--json")]);
    assert.match(words.stdout, /^Yes: 10\.20\.5\.1 to port 9797 \(tcp, udp\) of zone admin, by the flow admin-page into eth1\./);
    assert.match(data.stdout, /"passes": false/);
  });
  test("a network namespace has rules of its own, and one that nobody named is refused with those that are", async () => {
    const shared = ["--config", join(root, "docs/topologies/shared-subnets.yaml")];
    const cellB = [...shared, "--namespace", "cell-b"];
    const [rules, page, ingest, unknown] = await Promise.all([firewall("show", "--format", "nft", ...cellB), firewall("explain", "10.30.0.7", "admin", "9797", ...cellB), firewall("explain", "segment:cell-b", "field", "8883", ...cellB), firewall("show", ...shared, "--namespace", "b")]);
    assert.match(rules.stdout, /chain input \{\s+type filter hook input priority filter; policy drop;/);
    assert.match(rules.stdout, /"ot-b"/);
    assert.not.match(rules.stdout, /"ot-a"|"office"|9797/);
    assert.match(page.stdout, /^No: /);
    assert.match(ingest.stdout, /^Yes: .* by the flow secure-ingest-cell-b into ot-b/);
    assert.equal([unknown.code, /It names cell-a, cell-b\./.test(unknown.stderr)], [2, true]);
  });
  test("show reads what the zone host wrote down for a namespace, and refuses what is no description of walls", async ({ defer }) => {
    const folder = makeTempDir(defer);
    const [part, junk] = [join(folder, "part.json"), join(folder, "junk.json")];
    const field = [{ segment: "cell-b", namespace: "cell-b", interface: "ot-b", automatic: false, ingestTls: 8883, traps: false, brokerPorts: [] }];
    writeFileSync(part, JSON.stringify({ segments: [{ name: "cell-b", subnets: ["192.168.0.0/24"] }], assets: [{ name: "cutter", segment: "cell-b", config: ["http://192.168.0.21:8080"] }], network: { field } }));
    writeFileSync(junk, JSON.stringify({ segments: [], assets: [], network: { field: [{ ...field[0], interface: 'ot" accept; #' }] } }));
    const [rules, refused, missing] = await Promise.all([part, junk, join(folder, "none.json")].map((file) => firewall("show", "--walls", file, "--namespace", "cell-b", "--format", "nft")));
    assert.match(rules?.stdout ?? "", /192\.168\.0\.21 \. 8080/);
    for (const answer of [refused, missing]) assert.equal([answer?.code, answer?.stdout, /no description of walls/.test(answer?.stderr ?? "")], [2, "", true]);
  });
  test("a wrong format, port or party, and a configuration without a network end with 2 and a remedy", async ({ defer }) => {
    const empty = join(makeTempDir(defer), "weir.yaml");
    writeFileSync(empty, "");
    const results = await Promise.all([firewall("show", "--config", example, "--format", "xml"), firewall("explain", "field", "cloud", "x", "--config", example), firewall("explain", "nobody", "cloud", "1", "--config", example), firewall("show", "--config", empty)]);
    assert.equal(results.map(({ code }) => code), [2, 2, 2, 2]);
    assert.match(results[3].stderr, /no section `network`.*docs\/topologies/);
  });
});
