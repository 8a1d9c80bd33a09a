// What `nft -j list` prints (libnftables-json(5)), reduced to counters and to the elements of one set.

import Type from "typebox";
import { Compile } from "typebox/compile";

/** An element's parts as text, in the order of the set's type, and the packets that it counted. */
export interface SetElement {
  readonly values: readonly string[];
  readonly packets: number;
}

const PacketsSchema = Type.Integer({ minimum: 0 });
const ScalarSchema = Type.Union([Type.String(), Type.Integer()]);
const ElementSchema = Type.Object({ elem: Type.Object({ val: Type.Union([ScalarSchema, Type.Object({ concat: Type.Array(ScalarSchema) })]), counter: Type.Object({ packets: PacketsSchema }) }) });
const SetReply = Compile(Type.Object({ nftables: Type.Array(Type.Object({ set: Type.Optional(Type.Object({ elem: Type.Optional(Type.Array(ElementSchema)) })) })) }));
const CountersReply = Compile(Type.Object({ nftables: Type.Array(Type.Object({ counter: Type.Optional(Type.Object({ name: Type.String(), packets: PacketsSchema })) })) }));

/** Throws where nft printed something else. */
export function readSet(text: string): readonly SetElement[] {
  const { nftables } = SetReply.Parse(JSON.parse(text));
  return nftables.flatMap(({ set }) => set?.elem ?? []).map(({ elem: { val, counter } }) => ({ values: typeof val === "object" ? val.concat.map(String) : [String(val)], packets: counter.packets }));
}

/** Packets by the counter's name. Throws where nft printed something else. */
export function readCounters(text: string): ReadonlyMap<string, number> {
  const { nftables } = CountersReply.Parse(JSON.parse(text));
  return new Map(nftables.flatMap(({ counter }) => (counter === undefined ? [] : [[counter.name, counter.packets] as const])));
}
