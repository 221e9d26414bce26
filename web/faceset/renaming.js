/** Giving a stored face another name. */
import { addFace } from "../api.js";
import { announce, element } from "../element.js";
import { errorNotice } from "../errors.js";
import { tidyName } from "../naming.js";
import { nameField } from "./question.js";
import { UNNAMED } from "../tile.js";

/** Return the form for it; `renamed(name)` is called with the name that the server keeps. */
export function renaming(face, renamed) {
    const field = nameField([], "panel-rename", face.face_name === UNNAMED ? "" : face.face_name);
    const form = element("form", { class: "renaming" }, field, element("button", { text: "faceset.rename" }));
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        form.querySelector(".notice")?.remove();
        try {
            const given = tidyName(field.querySelector("input").value) || UNNAMED;
            const { face_name: name } = await addFace(face.face_token, given);
            renamed(name);
            announce(name === UNNAMED ? "faceset.renamed.unnamed" : "faceset.renamed", { name });
        } catch (error) {
            form.append(errorNotice(error));
        }
    });
    return form;
}
