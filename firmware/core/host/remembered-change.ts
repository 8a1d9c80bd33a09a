// What core remembers of one kind of change from one start to the next: what was confirmed last, and what was tried and not confirmed.

import { Compile } from "typebox/compile";
import type { TSchema } from "typebox";
import { digestOf } from "../../conduit/digest.ts";
import type { Kept, KeptName } from "../inventory/state-schema.ts";

export interface RememberedChange<Request> {
  readonly confirmed: Remembered<Request> | undefined;
  readonly tried: Remembered<Request> | undefined;
  /** True where what was tried is known to have returned. */
  readonly hasReturned: boolean;
  /** Before it is tried: who dies in between finds that it was. */
  setTried(request: Request): void;
  /** Nothing is tried any more. */
  setConfirmed(request: Request): void;
  forgetTried(): void;
  noteReturned(): void;
  /** What a newer version of host refuses is as good as none. */
  forgetConfirmed(): void;
}

export interface Remembered<Request> {
  readonly request: Request;
  readonly digest: string;
}

interface Text {
  readonly confirmed?: unknown;
  readonly tried?: unknown;
  readonly hasReturned?: unknown;
}

/** A text that does not fit the schema (of another version) counts as none. */
export function rememberChange<Request>(kept: Kept, name: KeptName, schema: TSchema): RememberedChange<Request> {
  const check = Compile(schema);
  const text = readText(kept.read(name));
  // Sound: the check is of the schema that Request is the type of.
  const read = (value: unknown): Remembered<Request> | undefined => (value !== undefined && check.Check(value) ? { request: value as Request, digest: digestOf(value) } : undefined);
  let confirmed = read(text.confirmed);
  let tried = read(text.tried);
  let hasReturned = text.hasReturned === true;
  const write = (): void => void kept.write(name, JSON.stringify({ confirmed: confirmed?.request, tried: tried?.request, hasReturned }));
  const become = (next: { readonly confirmed: typeof confirmed; readonly tried: typeof tried }): void => {
    ({ confirmed, tried } = next);
    hasReturned = false;
    write();
  };
  return {
    get confirmed() {
      return confirmed;
    },
    get tried() {
      return tried;
    },
    get hasReturned() {
      return hasReturned;
    },
    noteReturned: () => {
      hasReturned = true;
      write();
    },
    setTried: (request) => become({ confirmed, tried: { request, digest: digestOf(request) } }),
    setConfirmed: (request) => become({ confirmed: { request, digest: digestOf(request) }, tried: undefined }),
    forgetTried: () => become({ confirmed, tried: undefined }),
    forgetConfirmed: () => become({ confirmed: undefined, tried }),
  };
}

function readText(text: string | undefined): Text {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
