// The operations of people as core does them.

import type { PeopleRoutes } from "../../conduit/people.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { WrittenReply } from "../../runtime/conduit-server.ts";
import type { PersonCall } from "../accounts/actor.ts";

type Reply<T> = T | WrittenReply<T>;

/** Like the handlers of a conduit, called once it is known who asks and that they may. */
export type PeopleHandlers = { readonly [Name in keyof PeopleRoutes]: (input: InputOf<PeopleRoutes[Name]>, call: PersonCall) => Promise<Reply<ReplyOf<PeopleRoutes[Name]>>> | Reply<ReplyOf<PeopleRoutes[Name]>> };
