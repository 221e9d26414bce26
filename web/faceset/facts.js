/** What is kept of a stored face. */
import { element } from "../element.js";
import { isClear } from "../quality.js";
import { moment, t } from "../texts.js";
import { crop } from "../tile.js";

/** Return its crop, and when it was added and how good it is: elements for a face of a /faces answer. */
export function facts(face) {
    const { face_token: token, created_at: added, confidence, size } = face;
    const told = [
        ["faceset.added", moment(added)],
        ["faceset.confidence", percent(confidence)],
        ["faceset.size", size === null ? "–" : t("faceset.pixels", { value: Math.round(size) })],
    ];
    const rows = told.flatMap(([key, value]) => [element("dt", { text: key }), element("dd", {}, value)]);
    const list = element("dl", { class: "facts" }, ...rows);
    const measured = confidence !== null && size !== null;
    const poor = measured && !isClear(confidence, size);
    const warning = poor ? [element("p", { class: "notice", text: "faceset.poor" })] : [];
    return [crop(token, { loading: "eager" }), list, ...warning];
}

function percent(share) {
    return share === null ? "–" : t("scale.percent", { value: Math.round(share * 1000) / 10 });
}
