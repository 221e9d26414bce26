/** The names seen so far, offered where one is written. */
import { element } from "../element.js";

const MOST = 500;

/** Keep names, and offer them to inputs whose `list` is this `id`. */
export class Names {
    #known = new Set();

    constructor(id) {
        this.root = element("datalist", { id });
    }

    add(name) {
        if (!name || this.#known.has(name) || this.#known.size >= MOST) return;
        this.#known.add(name);
        this.root.append(element("option", { value: name }));
    }
}
