/** What a distance means: the calibrated points of the model card, and one plain word. */

/**
 * Measured on 1,468 pairs of photos of one person and 15,003 of two (docs/model-card.md): the share of the first that
 * is found within a distance, and the share of the second that is taken for them.
 */
export const POINTS = [
    { distance: 0.65, found: 0.17, strangers: 0, key: "documented" },
    { distance: 0.9, found: 0.64, strangers: 0.0001, key: "strict" },
    { distance: 1.0, found: 0.79, strangers: 0.0008, key: "usual" },
    { distance: 1.1, found: 0.89, strangers: 0.005, key: "wide" },
    { distance: 1.2, found: 0.95, strangers: 0.022, key: "balanced" },
];

export const WIDEST = 1.4;
export const USUAL = 1.0;
const UNSURE = 1.2;

/** Return the first calibrated point at or beyond a distance, or null beyond them all. */
export function pointAt(distance) {
    return POINTS.find((point) => distance <= point.distance) ?? null;
}

/**
 * Return the distance up to which a face is likely the same, among `total` faces: the widest point, not beyond the
 * usual one, at which less than one stranger is to be expected among so many.
 */
export function likelyWithin(total) {
    const sound = POINTS.filter((point) => point.distance <= USUAL && point.strangers * total < 1);
    return sound.at(-1).distance;
}

/** Return "likely", "unsure" or "nobody" for the distance of the nearest of `total` faces; null when there is none. */
export function verdict(distance, total) {
    if (distance === null || distance > UNSURE) return "nobody";
    return distance <= likelyWithin(total) ? "likely" : "unsure";
}
