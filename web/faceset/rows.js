/** The rows of the wall that are on the page, in their order. */
import { Row } from "./row.js";

/** Keep as few as are needed, and use those that are not any more for others. */
export class Rows {
    #shown = new Map();

    constructor(root) {
        this.root = root;
    }

    /** Return the row of an index that `show` was told of. */
    at(index) {
        return this.#shown.get(index);
    }

    /** Show the rows from `first` up to `last`, and the row `kept` unless it is -1; no row that stays is moved. */
    show(first, last, kept) {
        const spare = [];
        for (const [index, row] of this.#shown) {
            if (index === kept || (index >= first && index < last)) continue;
            this.#shown.delete(index);
            spare.push(row);
        }
        for (let index = first; index < last; index++) this.#need(index, spare);
        if (kept >= 0) this.#need(kept, spare);
        for (const row of spare) row.root.remove();
    }

    /** Ask for the crops of the rows between two indexes. */
    showCrops(first, last) {
        for (const [index, row] of this.#shown) if (index > first && index < last) row.showCrops();
    }

    [Symbol.iterator]() {
        return this.#shown.entries();
    }

    /** Put a row among the others without moving any of those: one of them may hold the focus. */
    #need(index, spare) {
        if (this.#shown.has(index)) return;
        const row = spare.pop() ?? new Row();
        const after = [...this.#shown.keys()].filter((other) => other > index);
        const next = after.length ? this.#shown.get(Math.min(...after)).root : null;
        this.#shown.set(index, row);
        this.root.insertBefore(row.root, next);
    }
}
