// A machine's value as a reading carries it: which JSON values are taken, and what is said about those that fit badly.

import type { DataType, Quality, Scalar, Value } from "../../drivers/contract/reading.ts";

/** A value with what its form says about its quality. */
export interface FittedValue {
  readonly value: Value;
  readonly quality: Quality;
  readonly reason?: string;
}

const MAX_TEXT = 65_536;
const MAX_ITEMS = 4096;

/** Fits a JSON value to its data type; undefined when a reading cannot carry it at all (an object, too long). */
export function fitValue(value: unknown, dataType: DataType | undefined): FittedValue | undefined {
  if (!Array.isArray(value)) return fitScalar(value, dataType);
  if (value.length > MAX_ITEMS) return undefined;
  const items: Scalar[] = [];
  let worst: FittedValue | undefined;
  for (const item of value as readonly unknown[]) {
    const fitted = Array.isArray(item) ? undefined : fitScalar(item, dataType);
    if (fitted === undefined) return undefined;
    items.push(fitted.value as Scalar);
    if (fitted.quality !== "good" && worst?.quality !== "bad") worst = fitted;
  }
  return worst === undefined ? { value: items, quality: "good" } : { ...worst, value: items };
}

function fitScalar(value: unknown, dataType: DataType | undefined): FittedValue | undefined {
  if (value === null) return { value: null, quality: "bad", reason: "the machine gives no value" };
  if (typeof value === "number") return fitNumber(value, dataType);
  if (typeof value === "string") return value.length > MAX_TEXT ? undefined : fitText(value, dataType);
  if (typeof value === "boolean") return dataType === undefined || dataType === "boolean" ? { value, quality: "good" } : mismatch(value, dataType);
  return undefined;
}

function fitNumber(value: number, dataType: DataType | undefined): FittedValue {
  // 1e999 is valid JSON and parses to Infinity.
  if (!Number.isFinite(value)) return { value: null, quality: "bad", reason: "the number is beyond what can be represented" };
  if (dataType === undefined || dataType === "number") return { value, quality: "good" };
  if (dataType === "decimal") return { value: String(value), quality: "good" };
  if (dataType === "int64" || dataType === "uint64") return { value, quality: "good" };
  return mismatch(value, dataType);
}

function fitText(value: string, dataType: DataType | undefined): FittedValue {
  if (dataType === "number" && /^[+-]?(nan|inf(inity)?)$/i.test(value)) return { value: null, quality: "bad", reason: `the machine gives ${value}` };
  if (dataType === "int64" || dataType === "uint64") return fitInteger(value, dataType);
  if (dataType === "decimal") return /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? { value, quality: "good" } : mismatch(value, dataType);
  return dataType === "number" || dataType === "boolean" ? mismatch(value, dataType) : { value, quality: "good" };
}

function fitInteger(value: string, dataType: DataType): FittedValue {
  if (!/^[+-]?\d{1,20}$/.test(value)) return mismatch(value, dataType);
  const number = Number(value);
  return { value: Number.isSafeInteger(number) ? number : value, quality: "good" };
}

function mismatch(value: Scalar, dataType: DataType): FittedValue {
  return { value, quality: "uncertain", reason: `${typeof value} where the machine announced ${dataType}` };
}
