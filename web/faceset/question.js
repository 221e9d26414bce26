/** A question in a dialog, answered by yes, by a name, or not. */
import { NAME } from "../answer.js";
import { button, element } from "../element.js";

let asking = null;

/**
 * Ask; `title` and `text` are texts, `yes` what the button says. With `names` a name is asked for, and those are
 * suggested. Return true or the name, trimmed; false or null when it was not answered.
 */
export function ask({ title, text, yes, danger = false, names = null }) {
    const field = names && nameField(names);
    const no = button("faceset.cancel", { value: "", onclick: () => dialog.close("") });
    const sure = element("button", { class: danger ? "primary dangerous" : "primary", value: "yes", text: yes });
    const form = element(
        "form",
        { method: "dialog", class: "question" },
        element("h2", { id: "question", text: title }),
        element("p", { text }),
        field,
        element("div", { class: "row" }, sure, no),
    );
    const dialog = element("dialog", { class: "small", "aria-labelledby": "question" }, form);
    document.body.append(dialog);
    dialog.showModal();
    asking = dialog;
    // The back button leads elsewhere, over which this would stay.
    addEventListener("popstate", dismiss);
    // What cannot be undone for ever is not one key too many away.
    (danger ? no : field?.querySelector("input") ?? sure).focus();
    return new Promise((done) => {
        dialog.addEventListener("close", () => {
            removeEventListener("popstate", dismiss);
            asking = null;
            dialog.remove();
            const answered = dialog.returnValue === "yes";
            if (names) done(answered ? field.querySelector("input").value.trim() : null);
            else done(answered);
        });
    });
}

/** Take the question away that is being asked, if any, as not answered. */
export function dismiss() {
    asking?.close("");
}

/** Make a field for a name, with names that are suggested. */
export function nameField(names, id = "question-name", value = "") {
    const input = element("input", { type: "text", id, value, list: `${id}s`, ...NAME });
    const known = element("datalist", { id: `${id}s` }, ...names.map((name) => element("option", { value: name })));
    return element("div", { class: "field" }, element("label", { htmlFor: id, text: "faceset.name" }), input, known);
}
