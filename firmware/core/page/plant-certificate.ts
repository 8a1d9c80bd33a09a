// The certificate that the plant's CA issues for the page: the request for it, what was uploaded, and its way back.

import Type from "typebox";
import type { Static } from "typebox";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { AuditTrail } from "../audit/trail.ts";
import { issue } from "../pki/issue.ts";
import { fingerprintOf } from "../pki/machine-ca.ts";
import { OwnRecord } from "../pki/own-record.ts";
import type { By } from "../pki/people-ca.ts";
import type { Vault } from "../vault/vault.ts";
import { checkChain } from "./check-chain.ts";

const KeptRequest = Type.Object({ request: Type.String(), key: Type.String(), names: Type.Array(Type.String()) });
const KeptChain = Type.Object({ chain: Type.String(), key: Type.String(), names: Type.Array(Type.String()) });
export type PlantChain = Static<typeof KeptChain>;

export class PlantCertificate {
  readonly #request: OwnRecord<typeof KeptRequest>;
  readonly #chain: OwnRecord<typeof KeptChain>;
  readonly #clock: Clock;
  readonly #trail: AuditTrail;

  constructor(vault: Vault | Fault, clock: Clock, trail: AuditTrail) {
    this.#request = new OwnRecord(vault, "_page-request", KeptRequest);
    this.#chain = new OwnRecord(vault, "_page-plant", KeptChain);
    this.#clock = clock;
    this.#trail = trail;
  }

  /** What is shown instead of the gateway's own; undefined where there is none. Throws where the vault does not give it back. */
  get current(): PlantChain | undefined {
    return this.#chain.read();
  }

  /** PEM of the request that waits for its certificate. */
  get request(): string | undefined {
    return this.#pending()?.request;
  }

  /** In place of a request before. Durable when it resolves. */
  async ask(gateway: string, names: readonly string[], actor: By, signal: AbortSignal): Promise<void> {
    const { certificate: request, key = "" } = await issue({ kind: "page-request", gateway, names }, this.#clock, signal);
    this.#request.write({ request, key, names: [...names] });
    this.#trail.record({ actor, action: "page-certificate.requested", target: "page", result: "done", detail: { names } });
  }

  /** For the key of the request, or for the one that is in use: CAs renew a certificate without a new request. Throws INPUT_INVALID, and leaves what was. */
  install(pem: string, actor: By): void {
    const [asked, present] = [this.#pending(), this.#chain.read()];
    const candidates = [asked, present].filter((one) => one !== undefined);
    if (candidates.length === 0) throw new Fault("INPUT_INVALID", "there is no key yet that a certificate could be for", { remedy: "Make a request first, and have it signed by the plant's CA." });
    const nowMs = this.#clock.timeQuality() === "synchronised" ? this.#clock.now() : undefined;
    try {
      const { key } = checkChain(pem, { keys: candidates.map((one) => one.key), names: [], nowMs: undefined });
      const names = candidates.find((one) => one.key === key)?.names ?? [];
      const { chain } = checkChain(pem, { keys: [key], names, nowMs });
      this.#chain.write({ chain, key, names: [...names] });
      if (key === asked?.key) this.#request.delete();
      this.#trail.record({ actor, action: "page-certificate.installed", target: "page", result: "done", detail: { fingerprint: fingerprintOf(chain), names } });
    } catch (error) {
      this.#trail.record({ actor, action: "page-certificate.installed", target: "page", result: "failed", detail: { words: asFault(error).message } });
      throw error;
    }
  }

  /** Also a request that is out. */
  remove(actor: By): void {
    this.#chain.delete();
    this.#request.delete();
    this.#trail.record({ actor, action: "page-certificate.removed", target: "page", result: "done" });
  }

  /** A request that cannot be read back is made anew. */
  #pending(): Static<typeof KeptRequest> | undefined {
    try {
      return this.#request.read();
    } catch (error) {
      if (isFault(error, "STORAGE_DAMAGED")) return undefined;
      throw error;
    }
  }
}
