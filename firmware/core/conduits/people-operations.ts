// The operations of people as core does them.

import type { ownRoutes } from "../../conduit/accounts.ts";
import type { PeopleRoutes } from "../../conduit/people.ts";
import type { Contract, InputOf, ReplyOf } from "../../conduit/route.ts";
import type { WrittenBytes, WrittenReply } from "../../runtime/conduit-server.ts";
import type { PersonCall } from "../accounts/actor.ts";

type Reply<T> = T | (T extends { readonly head: infer Head; readonly body: Uint8Array } ? WrittenBytes<Head> : never) | WrittenReply<T>;

/** Like the handlers of a conduit, called once it is known who asks and that they may. */
type PersonHandlers<C extends Contract> = { readonly [Name in keyof C]: (input: InputOf<C[Name]>, call: PersonCall) => Promise<Reply<ReplyOf<C[Name]>>> | Reply<ReplyOf<C[Name]>> };

export type PeopleHandlers = PersonHandlers<PeopleRoutes>;
/** About oneself. */
export type OwnHandlers = PersonHandlers<typeof ownRoutes>;
