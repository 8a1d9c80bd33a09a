// limit: 300s
// Shows on a booted appliance that its page is where people are and nowhere else, and that the one-time password is on its screen and not in its journal.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FirstPassword } from "../../firmware/cli/first-password.ts";
import type { PageCertificate } from "../../firmware/conduit/certificates.ts";
import { parse, stringify } from "yaml";
import { until } from "../support/gateway.ts";
import { assert, suite } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { buildTown } from "../walls/town.ts";
import { APPLIANCE_NEEDS, confirmWalls, startAppliance, type Appliance } from "./start-appliance.ts";

const PAGE = ["10.30.0.2", "fd00:30::2"] as const;
const DATA = ["--data", "/var/lib/weir"];
/** As an example has it, without machines and without a cloud. */
const configuration = stringify({ ...(parse(readFileSync(join(import.meta.dirname, "../../docs/topologies/own-ports.yaml"), "utf8")) as object), assets: [], cloud: undefined });
const PASSWORD = /password {5}(\S+)/g;

function onScreen(appliance: Appliance): string | undefined {
  return [...appliance.attempt("cat", ["/dev/tty1"]).text.matchAll(PASSWORD)].at(-1)?.[1];
}

function first(appliance: Appliance): FirstPassword {
  return JSON.parse(appliance.run("weir", ["user", "first", "--json", ...DATA])) as FirstPassword;
}

suite(
  "appliance, the page",
  (test) => {
    test("U9.2b, K2.1.9a it is open to the management side alone, and its first password stands on the screen until there is an account, never in the journal", async (context) => {
      const { signal } = context;
      const town = buildTown(context.defer);
      const appliance = await startAppliance(context, town, { configuration });
      await confirmWalls(appliance, signal);
      await appliance.until("the page is open", ({ zones, conditions }) => zones["admin"]?.state === "running" && conditions.every(({ code }) => code !== "PAGE_NOT_SERVED"));
      await until("it is where people are", signal, () => PAGE.every((address) => first(appliance).urls.some((url) => url.includes(address))), 60_000, 500);
      const show = (property: string): string => appliance.run("systemctl", ["show", `--property=${property}`, "--value", "weir-admin.service"]).trim();
      assert.equal([show("SocketBindAllow"), show("RestrictNetworkInterfaces")], ["tcp9797", "office"]);

      const { certificate } = JSON.parse(`{"certificate":${appliance.run("weir", ["page", "certificate", "--json", ...DATA])}}`) as { readonly certificate: PageCertificate };
      const ca = join(makeTempDir(context.defer), "ca.pem");
      writeFileSync(ca, certificate.ca);
      const ask = (house: string, address: string, ...more: readonly string[]): string => {
        const host = address.includes(":") ? `[${address}]` : address;
        return town.run(house, "curl", ["--silent", "--show-error", "--max-time", "5", "--cacert", ca, "--write-out", "\n%{http_code}", ...more, `https://${host}:9797${more.length === 0 ? "/" : "/api/v1/claim"}`]);
      };
      for (const address of PAGE) assert.match(ask("office", address), /\n200$/);
      for (const house of ["cell-a", "plant", "cloud", "stranger"]) assert.throws(() => ask(house, PAGE[0]), /curl/);

      const password = first(appliance).oneTimePassword ?? "";
      await until("it is on the screen", signal, () => onScreen(appliance) === password, 60_000, 500);
      const isKept = (secret: string): boolean => appliance.attempt("sh", ["-c", `journalctl --no-pager -o cat | grep -cF -- '${secret}'`]).text.trim() !== "0";
      assert.not.ok(isKept(password));

      const claim = { oneTimePassword: password, name: "anna", password: "grüne-Wehre-im-März-17" };
      assert.match(ask("office", PAGE[0], "--header", "content-type: application/json", "--header", `origin: https://${PAGE[0]}:9797`, "--data", JSON.stringify(claim)), /\n20\d$/);
      await until("nobody shows it any more", signal, () => appliance.attempt("systemctl", ["is-active", "weir-console.service"]).text.trim() === "inactive", 60_000, 500);
      assert.match(appliance.attempt("weir", ["user", "first", ...DATA]).text, /there is an account already/);

      appliance.run("weir", ["user", "reset", "--yes", ...DATA]);
      await until("another one is on the screen", signal, () => onScreen(appliance) === first(appliance).oneTimePassword && onScreen(appliance) !== password, 60_000, 500);
      assert.not.ok(isKept(onScreen(appliance) ?? ""));
    }, { limitMs: 280_000 });
  },
  { needs: [...APPLIANCE_NEEDS, "curl"] },
);
