// The driver for MIKO-style machines: connects, identifies, and gives a session.

import { compileProfile } from "../../firmware/protocol/miko-mapping.ts";
import type { Driver, DriverContext } from "../contract/driver.ts";
import { Fault } from "../contract/fault.ts";
import { mikoAnnouncement } from "./announcement.ts";
import { checkMikoConfig, hostOf, MikoConfigSchema, type MikoConfig } from "./config.ts";
import { meetMachine } from "./machine.ts";
import type { Trust } from "./peer-socket.ts";
import { loadProfile } from "./profile-file.ts";
import { isWithin } from "./publish-address.ts";
import { makeSession } from "./session.ts";
import { openRequests } from "./transport-request.ts";

export const miko: Driver<MikoConfig> = {
  id: "miko",
  title: "MIKO-style machine (Request and Publish)",
  config: MikoConfigSchema,
  announcement: mikoAnnouncement,
  open: async (config, context, signal) => {
    checkMikoConfig(config, config.url);
    const url = writeRootUrl(config.url);
    const host = hostOf(new URL(url));
    if (!isWithin(host, context.segment, host)) {
      throw new Fault("ADDRESS_REFUSED", "the machine's address lies outside its segment", { where: url, remedy: "Correct `url`, or the subnets of the segment." });
    }
    const profile = await loadProfile(config.profile, signal);
    const access = readAccess(config, context);
    const requests = openRequests({ url, ...access, connectTimeoutMs: config.connectTimeout, answerTimeoutMs: config.answerTimeout }, context.clock);
    try {
      const machine = await meetMachine({ url, profile, mapping: compileProfile(profile), requests }, context, signal);
      return makeSession({ machine, config, context, ...access });
    } catch (error) {
      await requests.close();
      throw error;
    }
  },
};

/** The base URL with a final slash, so that paths append to it. */
export function writeRootUrl(url: string): string {
  const base = new URL(url);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return base.href;
}

function readAccess({ tls, credentials }: MikoConfig, context: DriverContext): { readonly trust: Trust | undefined; readonly credentials: { readonly user: string; readonly password: string } | undefined } {
  const ca = tls?.ca === undefined ? undefined : { ca: context.secret(tls.ca.secret) };
  const trust = tls?.pin === undefined ? ca : { pin: tls.pin };
  return { trust, credentials: credentials === undefined ? undefined : { user: credentials.user, password: context.secret(credentials.password.secret) } };
}
