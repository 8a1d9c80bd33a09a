// Whether a client is let in: slowed down where its address guessed before, asked for its identity, given its session.

import { randomUUID } from "node:crypto";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import type { Turn } from "../../protocol/mqtt-server/connection.ts";
import type { ConnectRequest, Will } from "../../protocol/mqtt-server/read-connect.ts";
import { REASON, reasonOf, violation } from "../../protocol/mqtt-server/reason.ts";
import { isBelow, isCommandFilter, isTopicName } from "../../protocol/mqtt-server/topics.ts";
import { finish, report, type Link } from "./link.ts";
import type { Admitted, Claim, Source } from "./ports.ts";

/** Resolves with what follows the admission; with undefined where the client was refused or has gone. Never rejects. */
export async function decide(link: Link, request: ConnectRequest): Promise<Turn | undefined> {
  const { room, peer, gone } = link;
  try {
    const delayMs = room.penalties.delayMs(peer.address);
    if (delayMs > 0) {
      link.deadlineMs += delayMs;
      await room.clock.sleep(delayMs, gone.signal);
    }
    const admitted = await room.ports.authenticate(claimOf(link, request), gone.signal);
    if (gone.signal.aborted) return undefined;
    return letIn(link, request, admitted);
  } catch (error) {
    if (gone.signal.aborted) return undefined;
    refuse(link, asFault(error));
    return undefined;
  }
}

function claimOf({ peer }: Link, { isVersion5, clientId, username, password }: ConnectRequest): Claim {
  return {
    address: peer.address,
    isTls: peer.isTls,
    isVersion5,
    clientId,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(peer.certificate === undefined ? {} : { certificate: peer.certificate }),
  };
}

function letIn(link: Link, request: ConnectRequest, { machine, root }: Admitted): Turn {
  const { room, peer, connection } = link;
  const { limits } = room;
  if (!isTopicName(root) || root.endsWith("/") || root.startsWith("$")) throw new Fault("DEFECT", `the root ${JSON.stringify(root)} of ${machine} is no topic`);
  if (request.will !== undefined && !isBelow(root, request.will.topic)) {
    throw violation(REASON.notAuthorised, `names a will topic beside its root ${JSON.stringify(root)}`, "Correct the will's topic at the machine.");
  }
  const clientId = request.clientId === "" ? `weir-${randomUUID()}` : request.clientId;
  const source: Source = { machine, root, address: peer.address, clientId, isTls: peer.isTls };
  const session = room.sessions.open({
    machine,
    clientId,
    isClean: request.isClean,
    // Nobody can come back to a session whose id was made up here, unless it was told the id.
    expirySeconds: request.clientId === "" && !request.isVersion5 ? 0 : request.sessionExpirySeconds,
    will: request.will,
    publishWill: (will) => publishWill(link, source, will),
    takenOver: () => finish(link, connection.end(REASON.takenOver, "another connection has taken the session over"), undefined),
  });
  const keepAliveSeconds = request.isVersion5 ? Math.min(request.keepAliveSeconds === 0 ? limits.maxKeepAliveSeconds : request.keepAliveSeconds, limits.maxKeepAliveSeconds) : request.keepAliveSeconds;
  link.source = source;
  link.session = session;
  link.keepAliveMs = keepAliveSeconds * 1000;
  room.ports.presence?.(source, true);
  return connection.admit({
    mayPublish: (topic) => isBelow(root, topic),
    maySubscribe: (filter) => isCommandFilter(root, filter),
    commands: session.commands,
    isSessionPresent: session.isPresent,
    clientId,
    sessionExpirySeconds: request.isVersion5 ? session.expirySeconds : request.sessionExpirySeconds,
    keepAliveSeconds,
  });
}

function publishWill({ room }: Link, source: Source, { topic, payload, isRetained }: Will): void {
  const message = { topic, payload, qos: 1, packetId: 0, isRetained, isDuplicate: false } as const;
  const lost = (error: unknown): void => room.report(asFault(error), source);
  try {
    room.ports.accept(source, [message]).catch(lost);
  } catch (error) {
    lost(error);
  }
}

function refuse(link: Link, fault: Fault): void {
  const { room, peer, connection } = link;
  if (isGuess(fault)) room.penalties.refused(peer.address);
  const { reasonCode, text } = answerTo(fault);
  report(link, fault);
  finish(link, connection.refuse(reasonCode, text), fault);
}

/** What the client is told: of its own mistakes all, of our decisions no more than it needs. */
function answerTo(fault: Fault): { readonly reasonCode: number; readonly text: string } {
  const reasonCode = reasonOf(fault);
  // The fault names the other machine that has the client id; that is not for this one.
  if (reasonCode === REASON.clientIdInvalid) return { reasonCode, text: "the client id is in use" };
  if (reasonCode !== REASON.unspecified) return { reasonCode, text: fault.message };
  if (isGuess(fault)) return { reasonCode: REASON.badCredentials, text: "user, password or certificate is not the machine's" };
  if (fault.kind === "denied" || fault.kind === "permanent" || fault.kind === "config") return { reasonCode: REASON.notAuthorised, text: "the gateway has not accepted this machine" };
  return { reasonCode: REASON.serverUnavailable, text: "the gateway cannot decide now; come again" };
}

function isGuess({ code }: Fault): boolean {
  return code === "CREDENTIALS_REFUSED" || code === "CERTIFICATE_REFUSED";
}
