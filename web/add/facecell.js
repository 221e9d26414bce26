/** A face in the row of its photo: its crop with a box to tick and a place for its name, or who it was added as. */
import { element } from "../element.js";
import { errorKey } from "../errors.js";
import { tidyName } from "./naming.js";
import { isBusy } from "./tally.js";
import { crop, nameOf } from "../tile.js";

/**
 * Return the cell of the face at a place of a job. `ticked(face, yes)` and `named(face, text)` are called as its reader
 * ticks and writes, `missing()` when the server has no picture of it any more.
 */
export function faceCell(face, place, job, { ticked, named, missing }) {
    const picture = crop(face.token, {
        onerror: ({ target }) => {
            target.classList.add("absent");
            missing();
        },
    });
    if (face.state === "added") return doneCell(face, place, picture);
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
    const note = element("p", { class: "under", text: noteOf(face) });
    return element(
        "div",
        { class: "photo-face" },
        element("label", { class: "pick" }, tick, picture),
        element("div", {}, name, note),
    );
}

function nameInput(face, readOnly, properties, named) {
    const input = element("input", {
        type: "text",
        value: face.name,
        readOnly,
        maxLength: 255,
        dir: "auto",
        list: "add-names",
        autocomplete: "off",
        placeholder: "add.face.placeholder",
        ...properties,
        oninput: () => named(face, input.value),
        onchange: () => { input.value = tidyName(input.value); },
    });
    return input;
}

function doneCell(face, place, picture) {
    const href = `/faceset?face=${face.token}`;
    const link = element("a", { href, data: { part: `face${place}` } }, nameOf(face.name));
    const note = element("p", { class: "under", text: "add.face.added" });
    return element("div", { class: "photo-face done" }, picture, element("div", {}, link, note));
}

function noteOf(face) {
    if (face.state === "there") return "add.face.there";
    if (face.state === "failed") return errorKey(face.error);
    if (!face.clear) return "add.face.poor";
    return face.likely ? "add.face.likely" : "add.face.new";
}
