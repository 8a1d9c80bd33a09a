// limit: 900s
// Shows the page as somebody meets who starts a gateway on their computer: the password on the terminal, the first login, a restart, a taken port, a certificate of the plant.

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startChild } from "../../support/child.ts";
import { findFreePort } from "../../support/free-port.ts";
import { findCondition, startGateway, until, weir, writeConfiguration } from "../../support/gateway.ts";
import { openPage, startGatewayWithPage, type PageAnswer, type PageUnderTest } from "../../support/page.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const PASSWORD = "grüne-Wehre-im-März-17";

/** As a browser that has been there keeps what it was given, and sends it back. */
function makeBrowser(page: PageUnderTest): { ask(method: string, path: string, body?: object): Promise<PageAnswer> } {
  const cookies = new Map<string, string>();
  let csrf = "";
  return {
    async ask(method, path, body) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = { origin: page.origin, ...(cookie === "" ? {} : { cookie }), ...(csrf === "" ? {} : { "weir-csrf": csrf }) };
      const answer = await page.ask(`/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
      for (const text of [answer.headers["set-cookie"] ?? []].flat()) {
        const [pair = ""] = text.split(";");
        cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
      }
      const given: unknown = answer.text === "" ? {} : answer.json();
      if (typeof given === "object" && given !== null && "csrf" in given && typeof given.csrf === "string") csrf = given.csrf;
      return answer;
    },
  };
}

/** RFC 6238 with SHA-1, six digits and 30 s. */
function totp(secret: string, step: number): string {
  const bits = [...secret.replaceAll("=", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", key).update(counter).digest();
  return String((mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}

const stepNow = (): number => Math.floor(systemClock.now() / 30_000);

suite("a gateway with its page", (test) => {
  test("K2.1.9a whoever started it reads address, one-time password and fingerprint on the terminal, becomes administrator with them, and logs in with a second factor", async (context) => {
    const { defer, signal } = context;
    const [folder, port] = [makeTempDir(defer), await findFreePort()];
    writeConfiguration(folder, { page: { port, addresses: ["127.0.0.1"] } });
    const terminal = startChild(defer, "script", ["--quiet", "--return", "--flush", "--command", `${process.execPath} ${weir} start --data ${join(folder, "data")} --config ${join(folder, "weir.yaml")}`, "/dev/null"], { cwd: folder });
    const [, url = ""] = await terminal.line(/page {9}(\S+)\r?\n/, signal);
    const [, oneTimePassword = ""] = await terminal.line(/password {5}(\S+)/, signal);
    const [, fingerprint = ""] = await terminal.line(/SHA-256 ([0-9A-F:]{95})/, signal);
    assert.is(url, `https://127.0.0.1:${port}`);
    const shown = execFileSync("sh", ["-c", `openssl s_client -connect 127.0.0.1:${port} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256`], { encoding: "utf8" });
    assert.ok(shown.includes(fingerprint), shown);

    const ca = join(folder, "ca.pem");
    execFileSync(process.execPath, [weir, "ca", "export", "--people", "--data", join(folder, "data"), "--out", ca], { stdio: "pipe" });
    const checked = execFileSync("sh", ["-c", `openssl s_client -connect 127.0.0.1:${port} -CAfile ${ca} -verify_ip 127.0.0.1 -verify_return_error </dev/null 2>&1`], { encoding: "utf8" });
    assert.match(checked, /Verify return code: 0 \(ok\)/);

    const page = await openPage(context, join(folder, "data"), port);
    const browser = makeBrowser(page);
    assert.is((await browser.ask("POST", "/claim", { oneTimePassword, name: "anna", password: PASSWORD })).status, 200);
    const { secret } = (await browser.ask("POST", "/me/second-factor")).json() as { readonly secret: string };
    const step = stepNow();
    const confirmed = await browser.ask("PUT", "/me/second-factor", { code: totp(secret, step) });
    assert.is(confirmed.status, 200, confirmed.text);

    const again = makeBrowser(page);
    assert.match((await again.ask("POST", "/session", { user: "anna", password: PASSWORD })).text, /code-needed/);
    // The code that was used once is good for nothing.
    await until("the next code", signal, () => stepNow() > step, 60_000, 200);
    const entered = await again.ask("POST", "/session", { user: "anna", password: PASSWORD, code: totp(secret, stepNow()) });
    assert.is(entered.status, 200, entered.text);
    assert.match((await again.ask("GET", "/me")).text, /"systemadministrator"/);
  }, { limitMs: 150_000, needs: ["script", "openssl"] });

  test("K2.1.9a the password is nowhere but on a terminal, another one after each start, and gone once there is an account", async (context) => {
    const { signal } = context;
    const { gateway, page } = await startGatewayWithPage(context);
    const first = (await page.local.call("firstPassword", {}, signal)).oneTimePassword ?? "";
    await gateway.killZone("core");
    await until("the page is told anew", signal, async (limit) => (await page.local.call("firstPassword", {}, limit)).urls.length > 0);
    const second = await page.local.call("firstPassword", {}, signal);
    assert.not(second.oneTimePassword === first);
    assert.is(second.fingerprint, page.fingerprint);
    await page.claim();
    assert.is((await page.local.call("firstPassword", {}, signal)).oneTimePassword, null);
    for (const secret of [first, second.oneTimePassword ?? ""]) {
      assert.not.ok(gateway.child.output().includes(secret));
      for (const name of ["state.db", "state.db-wal", "audit.db", "audit.db-wal"]) assert.not.ok(existsSync(join(gateway.dataDir, name)) && readFileSync(join(gateway.dataDir, name)).includes(secret), name);
    }
  }, { limitMs: 150_000 });

  test("U9.2b a port that is taken is told with who has it, and the page opens by itself when it is free", async (context) => {
    const { defer } = context;
    const folder = makeTempDir(defer);
    const other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    defer(() => void other.close());
    const { port } = other.address() as { readonly port: number };
    writeConfiguration(folder, { page: { port, addresses: ["127.0.0.1"] } });
    const gateway = startGateway(context, { folder });
    const status = await gateway.until("it is told", (now) => findCondition(now, "PAGE_NOT_SERVED") !== undefined);
    assert.match(findCondition(status, "PAGE_NOT_SERVED")?.cause ?? "", new RegExp(`port ${port} is taken by \\S+ \\(process ${process.pid}\\)`));
    other.close();
    await gateway.until("it is over", (now) => now.zones["admin"]?.state === "running" && findCondition(now, "PAGE_NOT_SERVED") === undefined);
    assert.is((await (await openPage(context, gateway.dataDir, port)).ask("/")).status, 200);
  }, { limitMs: 150_000 });

  test("without a page in the configuration no process serves one, and it comes and goes with the configuration", async (context) => {
    const { defer } = context;
    const [folder, port] = [makeTempDir(defer), await findFreePort()];
    writeConfiguration(folder, {});
    const gateway = startGateway(context, { folder });
    await gateway.until("admin is idle", ({ zones }) => zones["admin"]?.state === "idle" && zones["field"]?.state === "running");
    writeConfiguration(folder, { page: { port, addresses: ["127.0.0.1"] } });
    const page = await openPage(context, gateway.dataDir, port);
    assert.is((await page.ask("/")).status, 200);
    writeConfiguration(folder, {});
    await gateway.until("admin is idle again", ({ zones }) => zones["admin"]?.state === "idle");
    await assert.rejects(page.ask("/"), /ECONNREFUSED/);
  }, { limitMs: 150_000 });

  test("a certificate of the plant's CA is shown at once, to whoever connects anew, and the way back is open", async (context) => {
    const { defer, signal } = context;
    const { gateway, page } = await startGatewayWithPage(context);
    const folder = makeTempDir(defer);
    const data = ["--data", gateway.dataDir];
    const command = (...args: readonly string[]): string => execFileSync(process.execPath, [weir, "page", ...args, ...data], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    const openssl = (...args: readonly string[]): string => execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
    command("request", "gw.plant.example", "127.0.0.1", "--out", join(folder, "page.csr"));
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Plant CA", "-days", "400");
    writeFileSync(join(folder, "ext"), "subjectAltName=DNS:gw.plant.example,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n");
    openssl("x509", "-req", "-in", "page.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "300", "-extfile", "ext", "-out", "page.pem");
    writeFileSync(join(folder, "chain.pem"), readFileSync(join(folder, "page.pem"), "utf8") + readFileSync(join(folder, "ca.pem"), "utf8"));
    assert.match(command("install", join(folder, "chain.pem")), /issued by {2}the plant's CA/);
    const shown = (): string => execFileSync("sh", ["-c", `openssl s_client -connect 127.0.0.1:${page.port} -servername gw.plant.example -CAfile ${join(folder, "ca.pem")} -verify_hostname gw.plant.example </dev/null 2>&1`], { encoding: "utf8" });
    await until("the plant's is shown", signal, () => /Verify return code: 0 \(ok\)/.test(shown()), 30_000, 200);
    await gateway.killZone("admin");
    await until("it is shown after a restart", signal, () => /Verify return code: 0 \(ok\)/.test(shown()), 30_000, 200);
    assert.match(command("remove"), /issued by {2}the gateway's own CA/);
    await until("the gateway's own is shown", signal, () => page.ask("/").then(() => true, () => false), 30_000, 200);
  }, { limitMs: 150_000, needs: ["openssl"] });
});
