/** The answer about one face: who it likely is, or nobody, how sure one can be, and a way to add it. */
import { addFace } from "./api.js";
import { announce, element, icon } from "./element.js";
import { errorNotice } from "./errors.js";
import { LONGEST_NAME, tidyName } from "./naming.js";
import { isClear, shorterSide } from "./quality.js";
import { distanceText } from "./texts.js";
import { faceUrl, nameOf, UNNAMED } from "./tile.js";
import { isExpectation, likelyWithin, PAIRS, verdict } from "./verdict.js";

const VERDICT_ICONS = { likely: "check", unsure: "unsure", nobody: "nobody" };

/** What a field for a name has: the API's limit, no guesses of the browser's, and the direction of what is typed. */
export const NAME = { maxLength: LONGEST_NAME, autocomplete: "off", dir: "auto" };

/** Return the banner of a verdict: a word, what comes behind it, and the reason. */
export function banner(kind, title, behind, reason) {
    const heading = element("h2", {}, element("span", { text: title }), behind ? [" ", behind] : null);
    const words = element("div", {}, heading, element("p", { text: reason }));
    return element("div", { class: `verdict ${kind}` }, icon(VERDICT_ICONS[kind]), words);
}

/** Return a verdict as a small sign: "likely", "unsure" or "nobody". */
export function chip(kind) {
    const words = element("span", { text: `chip.${kind}` });
    return element("span", { class: `chip ${kind}` }, icon(VERDICT_ICONS[kind]), words);
}

/** Say who a face is by the nearest of `total` faces, a row of /search or null; to who listens, too. */
export function whoBanner(nearest, total) {
    const kind = verdict(nearest && nearest.distance, total);
    const distance = nearest ? distanceText(nearest.distance) : "";
    const name = kind === "nobody" || nearest.face_name === UNNAMED ? null : nearest.face_name;
    const which = kind !== "nobody" && name === null ? `${kind}.unnamed` : kind;
    const values = { distance, likely: distanceText(likelyWithin(total)), pairs: PAIRS, count: total };
    announce(`find.said.${which}`, { name, distance });
    return banner(kind, `find.verdict.${which}`, name && nameOf(name), [reasonOf(kind, nearest, total), values]);
}

function reasonOf(kind, nearest, total) {
    if (total === 0) return "find.reason.empty";
    if (!nearest) return "find.reason.far";
    // In a large set no expectation can be given: nobody has measured that many pairs.
    return kind === "likely" && !isExpectation(total) ? "find.reason.likely.large" : `find.reason.${kind}`;
}

/** Say of a poor face of /detect that no answer about it is worth much; null of a good one. */
export function poorNotice(face) {
    const side = shorterSide(face);
    if (isClear(face.confidence, side)) return null;
    const values = { side: Math.round(side), confidence: Math.round(face.confidence * 100) };
    return element("p", { class: "notice", text: ["find.poor", values] });
}

/** Say that a face is in the face set, and lead to it. */
export function storedNotice({ face_token: token, face_name: name }) {
    return leading(token, "find.stored", name, { class: "notice" });
}

/** Return a notice that says where a face is kept, by a text that has another one for faces without a name. */
function leading(token, key, name, properties) {
    const said = name === UNNAMED ? `${key}.unnamed` : [key, { name }];
    const link = element("a", { href: faceUrl(token), text: "find.open" });
    return element("p", properties, element("span", { text: said }), " ", link);
}

/**
 * Return the form that adds a face; `known` is the name that stands in it. `nobody` is the banner that says that it is
 * nobody's, or null: adding is the thing to do under it, and ends it.
 */
export function addForm(token, known, nobody) {
    const worded = { label: "find.name", placeholder: "find.name" };
    const name = element("input", { type: "text", value: known, ...worded, ...NAME });
    const add = element("button", { class: nobody ? "primary" : "", text: "find.add" });
    const form = element("form", { class: "row add-face" }, name, add);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        add.disabled = true;
        try {
            const { face_name: given } = await addFace(token, tidyName(name.value));
            const added = leading(token, "find.added", given, { class: "notice good", role: "status" });
            nobody?.remove();
            form.replaceWith(added);
            added.querySelector("a").focus();
        } catch (error) {
            add.disabled = false;
            if (form.nextElementSibling?.matches(".bad")) form.nextElementSibling.remove();
            form.after(errorNotice(error));
        }
    });
    return form;
}
