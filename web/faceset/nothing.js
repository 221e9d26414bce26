/** What is shown in the place of the wall when there is no face to show, which is an answer, too. */
import { element, icon } from "../element.js";

/** Return the key of the text that says why there is none, for what was asked: {name}. */
export function whyNothing({ name }) {
    return name ? "faceset.nohit" : "faceset.empty";
}

/** Say it, and where to go on. */
export function nothing(asked) {
    const key = whyNothing(asked);
    const add = element("a", { class: "button primary", href: "/add", text: "faceset.add" });
    const all = asked.name ? element("a", { class: "button", href: "/faceset", text: "faceset.all" }) : null;
    return element(
        "div",
        { class: "nothing" },
        icon(asked.name ? "find" : "faceset"),
        element("h2", { text: [key, asked] }),
        element("p", { class: "faint", text: `${key}.hint` }),
        element("div", { class: "row centred" }, add, all),
    );
}
