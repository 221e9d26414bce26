/** What a distance means: the calibrated points of the model card, and one plain word. */

/** How many pairs of photos of two people were measured. */
export const PAIRS = 15003;

/**
 * Measured on 1,468 pairs of photos of one person and PAIRS of two (docs/model-card.md): the share of the first that is
 * found within a distance, and the share of the second that is taken for them.
 */
export const POINTS = [
    { distance: 0.65, found: 0.17, strangers: 0, key: "documented" },
    { distance: 0.9, found: 0.64, strangers: 0.0001, key: "strict" },
    { distance: 1.0, found: 0.79, strangers: 0.0008, key: "usual" },
    { distance: 1.1, found: 0.89, strangers: 0.005, key: "wide" },
    { distance: 1.2, found: 0.95, strangers: 0.022, key: "balanced" },
];
const Z = 1.96;

export const WIDEST = 1.4;
export const USUAL = 1.0;
export const UNSURE = 1.2;

/** Return the first calibrated point at or beyond a distance, or null beyond them all. */
export function pointAt(distance) {
    return POINTS.find((point) => distance <= point.distance) ?? null;
}

/**
 * Return the distance up to which a face is likely the same, among `total` faces: the widest point, not beyond the
 * usual one, at which less than one stranger is to be expected among so many by its bound; in larger sets the first
 * point, which no stranger reached.
 */
export function likelyWithin(total) {
    return (widest(total) ?? POINTS[0]).distance;
}

/** Tell whether so many faces are few enough to say that less than one stranger is to be expected. */
export function isExpectation(total) {
    return widest(total) !== null;
}

function widest(total) {
    return POINTS.findLast((point) => point.distance <= USUAL && bound(point.strangers) * total < 1) ?? null;
}

/** Return the upper 95 % bound (Wilson's) of a share of PAIRS. */
function bound(share) {
    const spread = Z * Math.sqrt((share * (1 - share)) / PAIRS + (Z / (2 * PAIRS)) ** 2);
    return (share + Z ** 2 / (2 * PAIRS) + spread) / (1 + Z ** 2 / PAIRS);
}

/** Return "likely", "unsure" or "nobody" for the distance of the nearest of `total` faces; null when there is none. */
export function verdict(distance, total) {
    if (distance === null || distance > UNSURE) return "nobody";
    return distance <= likelyWithin(total) ? "likely" : "unsure";
}
