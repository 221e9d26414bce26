/** Which faces are good enough to be trusted: below these limits distances say little (docs/model-card.md). */

const CLEAR_CONFIDENCE = 0.95;
const CLEAR_SIDE = 60;

/** Return the shorter side, in pixels, of a face of a /detect answer. */
export function shorterSide({ top_left: [left, top], bottom_right: [right, bottom] }) {
    return Math.min(right - left, bottom - top);
}

/** Tell whether a face of that confidence and shorter side is sharp and large enough. */
export function isClear(confidence, side) {
    return confidence >= CLEAR_CONFIDENCE && side >= CLEAR_SIDE;
}
