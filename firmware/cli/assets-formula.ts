// Text in a cell that a spreadsheet would run as a formula: made text on the way out, and itself again on the way in.
//
// An apostrophe goes before it. Not only at the beginning of a cell: a list with commas that is opened where the semicolon separates
// (or the other way round) is cut at other places than it was written for, and a machine's maker could have counted on that.

/** Where a cell begins for some spreadsheet. */
const BEGINNING = String.raw`(^|[;,\t\r\n])`;
/** What a spreadsheet may skip before a formula: spaces, quotes, apostrophes that stood there before. */
const SKIPPED = String.raw`((?:[^\S\t\r\n]|["'])*)`;
const STARTS_FORMULA = "(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])";

const RUNNABLE = new RegExp(`${BEGINNING}${SKIPPED}${STARTS_FORMULA}`, "g");
const ESCAPED = new RegExp(`${BEGINNING}'${SKIPPED}${STARTS_FORMULA}`, "g");

/** Text that no spreadsheet runs. `unescapeFormula` gives the original back, whatever it was. */
export function escapeFormula(text: string): string {
  return text.replace(RUNNABLE, "$1'$2");
}

/** The text that `escapeFormula` was given; text with nothing escaped in it stays as it is. */
export function unescapeFormula(text: string): string {
  return text.replace(ESCAPED, "$1$2");
}
