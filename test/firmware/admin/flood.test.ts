// limit: 300s
// Shows that a stranger's flood keeps nobody out who is known, and nobody who comes from elsewhere.

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startChild } from "../../support/child.ts";
import { startGatewayWithPage } from "../../support/page.ts";
import { processorWaitMs } from "../../support/processor-wait.ts";
import { assert, suite } from "../../support/suite.ts";

const FLOOD = fileURLToPath(new URL("fixture-flood.ts", import.meta.url));
const PASSWORD = "correct-horse-7-battery";
/** What is promised. */
const PROMISED_MS = 1000;

interface Asking {
  readonly port: number;
  readonly ca: string;
  /** The address that one comes from. */
  readonly from: string;
}

async function ask({ port, ca, from }: Asking, method: string, path: string, headers: Readonly<Record<string, string>>, body: object | undefined, signal: AbortSignal): Promise<{ readonly status: number; readonly cookies: readonly string[]; readonly text: string }> {
  const request = httpsRequest({ host: "127.0.0.1", localAddress: from, port, ca, agent: false, signal, method, path, headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers } });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  return { status: response.statusCode ?? 0, cookies: (response.headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0] ?? ""), text };
}

suite("a flood at the page", (test) => {
  test("CR 7.1 500 connections, a slow header each, 200 logins a second and gigabytes: others are answered within a second", async (context) => {
    const { defer, signal } = context;
    const { page } = await startGatewayWithPage(context, { accounts: { secondFactor: [] } });
    const { oneTimePassword } = await page.local.call("firstPassword", {}, signal);
    const anna: Asking = { port: page.port, ca: page.ca, from: "127.0.0.1" };
    const claimed = await ask(anna, "POST", "/api/v1/claim", {}, { oneTimePassword, name: "anna", password: PASSWORD }, signal);
    assert.is(claimed.status, 200, claimed.text);
    const cookie = claimed.cookies.join("; ");

    const flood = startChild(defer, process.execPath, [FLOOD, String(page.port)]);
    await flood.line(/under way/, signal);
    const told = async (): Promise<{ readonly silent: number; readonly slow: number; readonly logins: number; readonly answers: Readonly<Record<string, number>>; readonly uploadedBytes: number }> => {
      const before = flood.output().length;
      flood.write("\n");
      await flood.line(new RegExp(`[\\s\\S]{${before}}\\{.*\\}\\n`), signal);
      return JSON.parse(flood.output().trim().split("\n").at(-1) ?? "") as Awaited<ReturnType<typeof told>>;
    };
    for (let now = await told(); now.silent < 300 || now.slow < 20 || now.logins < 200 || now.uploadedBytes === 0; now = await told()) await systemClock.sleep(200, signal);

    const zones = (await page.local.call("status", {}, signal)).zones;
    const pids = ["admin", "core"].flatMap((zone) => zones[zone]?.pid ?? []);
    const waitedMs = (): number => Math.max(...pids.map(processorWaitMs)) + processorWaitMs(process.pid);
    const measure = async (work: () => Promise<void>): Promise<number> => {
      const [startMs, waitMs] = [systemClock.uptimeMs(), waitedMs()];
      await work();
      return Math.max(0, systemClock.uptimeMs() - startMs - (waitedMs() - waitMs));
    };
    const times: number[] = [];
    for (let count = 0; count < 20; count += 1) {
      times.push(await measure(async () => {
        const answer = await ask(anna, "GET", "/api/v1/status", { cookie }, undefined, signal);
        assert.is(answer.status, 200, answer.text);
      }));
    }
    const stranger: Asking = { ...anna, from: "127.0.0.3" };
    const first = await measure(async () => assert.is((await ask(stranger, "GET", "/api/v1/welcome", {}, undefined, signal)).status, 200));
    const login = await measure(async () => {
      const answer = await ask(stranger, "POST", "/api/v1/session", {}, { user: "anna", password: PASSWORD }, signal);
      assert.ok(answer.status === 200 || answer.status === 401, answer.text);
    });
    const { silent, slow, logins, answers, uploadedBytes } = await told();
    console.log(`status: slowest of ${times.length} ${Math.max(...times).toFixed(0)} ms; from a new address: welcome ${first.toFixed(0)} ms, login ${login.toFixed(0)} ms; the flood: ${silent} silent and ${slow} slow connections, ${logins} logins ${JSON.stringify(answers)}, ${(uploadedBytes / 1e6).toFixed(0)} MB`);
    assert.ok(Math.max(...times) < PROMISED_MS, `the slowest answer took ${Math.max(...times)} ms`);
    assert.ok(first < PROMISED_MS, `somebody from elsewhere waited ${first} ms`);
    assert.ok((answers["429"] ?? 0) > (answers["401"] ?? 0), "the page itself refuses most of the guesses; core is not asked");
  }, { limitMs: 240_000 });
});
