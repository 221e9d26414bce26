/** What is asked of the face set: a part of the name, and the order. */
import { NAME } from "../answer.js";
import { element, word } from "../element.js";

export const SORTS = ["newest", "oldest", "name"];
const TYPING_MS = 250;

/** Let its reader choose; `changed()` is called when `asked` is another one. */
export class Query {
    #name = element("input", {
        type: "search",
        label: "faceset.search",
        placeholder: "faceset.search",
        ...NAME,
    });
    #sort = element("select", { label: "faceset.sort" });
    #count = element("p", { class: "faint query-count" });
    #typing = null;
    root = element("form", { class: "row query", role: "search" }, this.#count, this.#name, this.#sort);

    constructor(changed) {
        this.#sort.append(...SORTS.map((value) => element("option", { value, text: `faceset.sort.${value}` })));
        this.#name.addEventListener("input", () => {
            clearTimeout(this.#typing);
            this.#typing = setTimeout(changed, TYPING_MS);
        });
        this.#sort.addEventListener("change", changed);
        this.root.addEventListener("submit", (event) => {
            event.preventDefault();
            clearTimeout(this.#typing);
            changed();
        });
    }

    /** What is asked for: {name, sort}. */
    get asked() {
        return { name: this.#name.value.trim(), sort: this.#sort.value };
    }

    /** Take it from the parameters of a URL, without calling `changed`. */
    set(parameters) {
        clearTimeout(this.#typing);
        const name = parameters.get("name") ?? "";
        // What is being typed keeps its blanks.
        if (name !== this.asked.name) this.#name.value = name;
        this.#sort.value = SORTS.includes(parameters.get("sort")) ? parameters.get("sort") : SORTS[0];
    }

    /** Return it as a URL of this page. */
    path(face = null) {
        const { name, sort } = this.asked;
        const parts = [["name", name], ["sort", sort === SORTS[0] ? "" : sort], ["face", face ?? ""]];
        const query = new URLSearchParams(parts.filter(([, value]) => value !== ""));
        return query.size ? `/faceset?${query}` : "/faceset";
    }

    /** Say how many faces there are. */
    tell(count) {
        word(this.#count, "text", ["faceset.count", { count }]);
    }
}
