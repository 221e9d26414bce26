/** The answer of a comparison: one plain verdict, why, and the distance on the scale. */
import { banner } from "../answer.js";
import { percent, scale } from "./scale.js";
import { distanceText } from "../texts.js";
import { likelyWithin, POINTS, pointAt, verdict } from "../verdict.js";

/** Return {kind, said, parts} for the distance of two faces: a verdict, how it is announced, and what is shown. */
export function likeness(distance) {
    const kind = verdict(distance, 1);
    const point = pointAt(distance);
    const { found, strangers, distance: at } = point ?? POINTS.at(-1);
    const shares = { at: distanceText(at), found: percent(found), strangers: percent(strangers) };
    const reason = [point ? "verify.reason" : "verify.reason.beyond", { distance: distanceText(distance), ...shares }];
    const limits = { likely: likelyWithin(1), unsure: POINTS.at(-1).distance };
    return answered(`verify.verdict.${kind}`, kind, reason, scale(distance, limits));
}

/** Return the same for an answer of Finday, whose distances and threshold are cosine. */
export function match({ matched, distance, threshold }) {
    // Of vectors of length 1 the Euclidean distance is the root of twice the cosine distance.
    const [euclidean, limit] = [distance, threshold].map((cosine) => Math.sqrt(2 * cosine));
    const kind = matched ? "likely" : "nobody";
    const cosines = { cosine: distanceText(distance, 3), threshold: distanceText(threshold, 3) };
    const drawn = { distance: distanceText(euclidean), limit: distanceText(limit) };
    const reason = ["verify.finday.reason", { ...cosines, ...drawn }];
    const marks = [POINTS[0], { distance: limit, key: "finday" }];
    return answered(`verify.finday.${kind}`, kind, reason, scale(euclidean, { likely: limit, unsure: limit, marks }));
}

function answered(title, kind, reason, ...drawn) {
    return { kind, said: [`${title}.said`, reason[1]], parts: [banner(kind, title, null, reason), ...drawn] };
}
