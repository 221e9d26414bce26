/** A distance on a scale, drawn and in words, with the documented threshold and the calibrated points. */
import { element } from "../element.js";
import { distanceText } from "../texts.js";
import { POINTS, WIDEST } from "../verdict.js";

/**
 * Return the scale from 0 to 1.4 with a distance on it: likely up to `likely`, unsure up to `unsure`. `marks` are
 * {distance, key} whose text is `scale.mark.<key>`; the calibrated points where none are given.
 */
export function scale(distance, { likely, unsure, marks = POINTS }) {
    const values = { distance: distanceText(distance), likely: distanceText(likely), unsure: distanceText(unsure) };
    const said = likely === unsure ? "scale.said.one" : "scale.said";
    const bar = element(
        "div",
        { class: "scale-bar", role: "img", label: [said, { ...values, widest: distanceText(WIDEST) }] },
        ...marks.map((mark) => placed(element("span", { class: "scale-tick" }), mark.distance)),
        placed(element("span", { class: "scale-pointer" }), distance),
        placed(element("span", { class: "scale-value distance" }, values.distance), distance),
    );
    bar.style.setProperty("--likely", share(likely));
    bar.style.setProperty("--unsure", share(unsure));
    const list = element("ul", { class: "scale-marks distance", label: "scale.marks" }, ...marks.map(marked));
    return element("figure", { class: "scale" }, bar, list, marks === POINTS ? meaning() : null);
}

/** Return a share, 0 to 1, in percent, with two digits that count. */
export function percent(share) {
    return Number((share * 100).toPrecision(2));
}

function marked({ distance, key }) {
    const name = element("span", { text: `scale.mark.${key}` });
    const value = element("span", {}, distanceText(distance));
    return placed(element("li", { class: `mark-${key}` }, value, " ", name), distance);
}

function meaning() {
    const heads = ["scale.distance", "scale.found", "scale.strangers"];
    const rows = POINTS.map(({ distance, key, found, strangers }) => {
        const name = element("span", { text: `scale.mark.${key}` });
        const at = element("th", { scope: "row" }, distanceText(distance), " ", name);
        const shares = [found, strangers].map((share) => ["scale.percent", { value: percent(share) }]);
        return element("tr", {}, at, ...shares.map((text) => element("td", { text })));
    });
    const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col", text })));
    const table = element("table", { class: "distance" }, element("thead", {}, head), element("tbody", {}, ...rows));
    const measured = element("p", { text: "scale.measured" });
    return element("details", {}, element("summary", { text: "scale.meaning" }), measured, table);
}

function placed(node, distance) {
    node.style.setProperty("--at", share(distance));
    return node;
}

/** Return where a distance stands on the scale, 0 to 1; what is beyond stands at its end. */
function share(distance) {
    return Math.min(distance, WIDEST) / WIDEST;
}
