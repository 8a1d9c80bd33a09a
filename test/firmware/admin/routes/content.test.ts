// Shows that what machines and strangers write stays data on its way to a browser, and that no input leads to a file or a host that it should not.

import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { dispositionOf } from "../../../../firmware/admin/routes/download.ts";
import { assert, suite } from "../../../support/suite.ts";
import { configure, sampleOf } from "../../core/running-core.ts";
import { claim, join, WITHOUT_SECOND_FACTOR } from "../people.ts";
import { startRunningPage } from "../running-page.ts";

const PAYLOADS = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'-alert(1)-'", "javascript:alert(1)", "{{constructor.constructor('alert(1)')()}}", "\u2028alert(1)//", "</script><svg/onload=alert(1)>", "\r\nSet-Cookie: a=b\r\n\r\n<html>"];
const SEGMENTS = "segments:\n  - { name: press-shop, subnets: [192.0.2.0/24] }\n";

suite("what others wrote", (test) => {
  test("CR 3.5 a nameplate, a value and a login name that are HTML, script or headers come back as JSON, to the letter", async (context) => {
    const { signal } = context;
    const page = await startRunningPage(context, {}, { configuration: `${WITHOUT_SECOND_FACTOR}${configure({ press: undefined })}` });
    const anna = await claim(page, signal);
    const nameplate = { manufacturer: PAYLOADS[0] ?? "", model: PAYLOADS[1] ?? "", serialNumber: PAYLOADS[2] ?? "", softwareRevision: PAYLOADS[7] ?? "" };
    const { accepted } = await page.core.source.call("identify", { assignment: "press", address: "https://192.0.2.7", assets: [{ nameplate, points: "0".repeat(64) }] }, signal);
    const [asset = ""] = accepted;
    await page.core.source.call("readings", { readings: PAYLOADS.map((value, index) => ({ ...sampleOf(asset, `p${index}`), value })) }, signal);
    await page.ask("/api/v1/session", { method: "POST", body: { user: PAYLOADS[0], password: "x" } });
    const answers = await Promise.all(["/api/v1/assets", `/api/v1/assets/${encodeURIComponent("press")}`, "/api/v1/status", "/api/v1/values", "/api/v1/audit"].map((path) => anna.ask("GET", path)));
    for (const { status, headers, text } of answers) {
      assert.is(status, 200, text);
      assert.is(headers["content-type"], "application/json; charset=utf-8");
      assert.is(headers["x-content-type-options"], "nosniff");
      assert.not.ok(String(headers["set-cookie"] ?? "").includes("a=b"));
    }
    const { assets } = (answers[0] as { json(): unknown }).json() as { assets: readonly { nameplate: typeof nameplate }[] };
    assert.equal(assets[0]?.nameplate, nameplate);
    const { values } = (answers[3] as { json(): unknown }).json() as { values: readonly { reading: { value: string } }[] };
    assert.equal(values.map(({ reading }) => reading.value).sort(), [...PAYLOADS].sort());
  });
  test("CR 3.5 no key, name or path leads out of the API to a file of the gateway (path traversal)", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    const leading = ["../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cwindows", "%2Fetc%2Fpasswd", "%00", ".%252e/%252e%252e/etc/passwd", "....//....//etc/passwd"];
    for (const path of leading) {
      for (const folder of ["/", "/api/v1/", "/api/v1/assets/", "/api/v1/tasks/", "/api/v1/openapi.json/"]) {
        const { status, text } = await anna.ask("GET", `${folder}${path}`);
        assert.ok(status === 404 || status === 400, `${folder}${path}: ${status} ${text}`);
        assert.not.match(text, /root:|vault|\.db/);
      }
    }
    assert.is((await anna.ask("PUT", "/api/v1/secrets/..%2F..%2Fweir.yaml", { text: "x" })).status, 400);
  });
  test("CR 3.5 a machine's address outside the segments is refused, by list and by configuration (SSRF)", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: `${WITHOUT_SECOND_FACTOR}${SEGMENTS}` });
    const anna = await claim(page, context.signal);
    const outside = ["https://127.0.0.1:9797/", "https://localhost/", "https://[::1]/", "http://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "https://intranet.example/", "https://0x7f000001/", "https://192.0.3.1/"];
    for (const url of outside) {
      const { status, text } = await anna.ask("POST", "/api/v1/assets", { lines: [{ name: "press", url, driver: "miko", ...(url.startsWith("https") ? { pin: "ab".repeat(32) } : {}) }], dryRun: false });
      assert.is(status, 200, text);
      const { added, problems } = JSON.parse(text) as { added: number; problems: readonly { field: string }[] };
      assert.is(added, 0, `${url} was taken`);
      assert.ok(problems.some(({ field }) => field === "url"), `${url}: ${text}`);
      if (url.includes("example")) continue;
      const checked = await anna.ask("POST", "/api/v1/configuration/check", { text: `page: { port: 9797 }\n${SEGMENTS}assets:\n  - name: press\n    miko:\n      url: ${url}\n      tls: { pin: ${"ab".repeat(32)} }\n` });
      assert.is(checked.status, 200, checked.text);
      assert.ok((checked.json() as { problems: readonly object[] }).problems.length > 0, `the configuration took ${url}: ${checked.text}`);
    }
    const inside = await anna.ask("POST", "/api/v1/assets", { lines: [{ name: "press", url: "https://192.0.2.7/", driver: "miko", pin: "ab".repeat(32) }], dryRun: true });
    assert.is((inside.json() as { added: number }).added, 1, inside.text);
  });
});

suite("files", (test) => {
  test("a file's name is given in both forms of RFC 6266, and is never a path or a header", () => {
    assert.is(dispositionOf("snapshot.json"), "attachment; filename=\"snapshot.json\"; filename*=UTF-8''snapshot.json");
    assert.is(dispositionOf("../../etc/passwd"), "attachment; filename=\"passwd\"; filename*=UTF-8''passwd");
    assert.is(dispositionOf("C:\\x\\..\\ä\"b.txt"), "attachment; filename=\"__b.txt\"; filename*=UTF-8''%C3%A4%22b.txt");
    assert.is(dispositionOf("a\r\nSet-Cookie: b"), "attachment; filename=\"a__Set-Cookie_ b\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b");
    assert.is(dispositionOf("\ud800'()*"), "attachment; filename=\"_____\"; filename*=UTF-8''%EF%BF%BD%27%28%29%2A");
    for (const nothing of ["", "..", "/", "a/"]) assert.match(dispositionOf(nothing), /filename="download"/);
  });
  test("what a task brought comes whole as a file that is saved and never shown, and only to those who may", async (context) => {
    const page = await startRunningPage(context, {}, { configuration: WITHOUT_SECOND_FACTOR });
    const anna = await claim(page, context.signal);
    const ordered = await anna.ask("POST", "/api/v1/tasks", { kind: "gateway-snapshot", reason: "a test" });
    assert.is(ordered.status, 201, ordered.text);
    const { task } = ordered.json() as { task: { id: string } };
    let result: { name: string; type: string; bytes: number } | null = null;
    while (result === null) {
      const now = await anna.ask("GET", `/api/v1/tasks/${task.id}`);
      const seen: { state: string; words: string; result: { name: string; type: string; bytes: number } | null } = (now.json() as { task: typeof seen }).task;
      assert.ok(!["failed", "expired", "cancelled"].includes(seen.state), seen.words);
      ({ result } = seen);
      await systemClock.sleep(100, context.signal);
    }
    const file = await anna.ask("GET", `/api/v1/tasks/${task.id}/result`);
    assert.is(file.status, 200);
    assert.match(String(file.headers["content-disposition"]), /^attachment; filename="[\w.-]+"; filename\*=UTF-8''[\w.%-]+$/);
    assert.is(Number(file.headers["content-length"]), result.bytes);
    const carl = await join(page, anna, "carl", "customer");
    assert.is((await carl.ask("GET", `/api/v1/tasks/${task.id}/result`)).status, 403);
    assert.is((await anna.ask("GET", "/api/v1/tasks/none/result")).status, 404);
  });
});
