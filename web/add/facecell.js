/** A face in the row of its photo: its crop with a box to tick and a place for its name, or who it was added as. */
import { NAME } from "../answer.js";
import { element } from "../element.js";
import { errorKey } from "../errors.js";
import { tidyName } from "../naming.js";
import { isBusy } from "./tally.js";
import { crop, faceUrl, nameOf } from "../tile.js";

/**
 * Return the cell of the face at a place of a job. `ticked(face, yes)` and `named(face, text)` are called as its reader
 * ticks and writes, `missing(face)` when its picture cannot be had.
 */
export function faceCell(face, place, job, { ticked, named, missing }) {
    if (face.state === "added") return doneCell(face, place);
    const picture = crop(face.token, {
        onerror: ({ target }) => {
            target.classList.add("absent");
            missing(face);
        },
    });
    const busy = isBusy(job.state);
    const values = { number: place + 1, count: job.faces.length, file: job.name };
    const tick = element("input", {
        type: "checkbox",
        checked: face.ticked,
        disabled: busy,
        label: ["add.face", values],
        data: { part: `tick${place}` },
        onchange: () => ticked(face, tick.checked),
    });
    const name = nameInput(face, busy, { label: ["add.face.name", values], data: { part: `name${place}` } }, named);
    const failed = face.state === "failed";
    const words = noteOf(face);
    const note = element("p", { class: failed ? "under bad" : "under", text: words, title: words });
    return element(
        "div",
        { class: failed ? "photo-face failed" : "photo-face" },
        element("label", { class: "pick" }, tick, picture),
        element("div", {}, name, note),
    );
}

function nameInput(face, readOnly, properties, named) {
    const input = element("input", {
        type: "text",
        value: face.name,
        readOnly,
        list: "add-names",
        placeholder: "add.face.placeholder",
        ...NAME,
        ...properties,
        oninput: () => named(face, input.value),
        onchange: () => { input.value = tidyName(input.value); },
    });
    return input;
}

function doneCell(face, place) {
    const link = element("a", { href: faceUrl(face.token), data: { part: `face${place}` } }, nameOf(face.name));
    const note = element("p", { class: "under", text: "add.face.added" });
    return element("div", { class: "photo-face done" }, crop(face.token), element("div", {}, link, note));
}

function noteOf(face) {
    if (face.state === "there") return "add.face.there";
    if (face.state === "failed") return errorKey(face.error);
    if (!face.clear) return "add.face.poor";
    return face.likely ? "add.face.likely" : "add.face.new";
}
