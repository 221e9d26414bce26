/** What is shown of the batch, by what became of its photos, with the count of each. */
import { element, word } from "../element.js";
import { FILTERS } from "./tally.js";

/** Make the choice of a filter; `chosen(filter)` is called when the reader makes it. */
export class Sieve {
    value = "all";
    #inputs = new Map();
    #words = new Map();

    constructor(chosen) {
        const labels = FILTERS.map((filter) => {
            const choose = () => {
                this.value = filter;
                chosen(filter);
            };
            const which = { name: "add-filter", value: filter, checked: filter === this.value };
            const input = element("input", { type: "radio", ...which, onchange: choose });
            const said = element("span");
            this.#inputs.set(filter, input);
            this.#words.set(filter, said);
            return element("label", { class: "segment" }, input, said);
        });
        const legend = element("legend", { class: "unseen", text: "add.filter" });
        this.root = element("fieldset", { class: "segments" }, legend, ...labels);
    }

    /** Write how many photos each filter shows. */
    setCounts(counted) {
        for (const [filter, said] of this.#words) {
            word(said, "text", [`add.filter.${filter}`, { count: counted[filter] }]);
        }
    }

    focus() {
        this.#inputs.get(this.value).focus();
    }
}
