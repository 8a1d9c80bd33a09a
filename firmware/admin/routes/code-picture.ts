// Draws the QR code of a second factor's secret: part of one answer, never a picture with an address of its own.

import { renderSVG } from "uqr";

const PIXELS_EACH = 4;

/** An SVG of black and white squares; nothing of the text stands in it as text. */
export function drawCode(uri: string): string {
  return renderSVG(uri, { pixelSize: PIXELS_EACH, border: 4 });
}
